"""What the Portal counts by itself, by day and agency, so that indicator 1.4 can be compared on both sides."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import msgspec

from lienthong.partners.stand_ins.portal.memory import Memory


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One agency on one day. `filed`: on the Portal; `synced`: held here with a reception of that day (indicator 1.4);
    `settled`: with an end of processing on that day; `late`: those of them past their due date."""

    day: str
    unit: str
    filed: int = 0
    synced: int = 0
    settled: int = 0
    late: int = 0


def daily(memory: Memory, first: date, last: date) -> list[Day]:
    """The counts of every day and agency from `first` to `last`, both inside."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    with memory.lock:
        held = list(memory.dossiers.values())
    days = {f"{first + timedelta(days=at):%Y%m%d}" for at in range((last - first).days + 1)}

    def add(text: Any, unit: str, what: str) -> None:
        day = str(text or "")[:8]
        if day in days:
            counted.setdefault((day, unit), Counter())[what] += 1

    for fields in held:
        unit = str(fields.get("DonViXuLy") or "")
        if str(fields.get("NoiNopHoSo")) == "1":
            add(fields.get("NgayNopHoSo"), unit, "filed")
        add(fields.get("NgayTiepNhan"), unit, "synced")
        ended, due = str(fields.get("NgayKetThucXuLy") or ""), str(fields.get("NgayHenTra") or "")
        add(ended, unit, "settled")
        if due and ended > due:
            add(ended, unit, "late")
    return [
        Day(day=f"{day[:4]}-{day[4:6]}-{day[6:]}", unit=unit, **found)
        for (day, unit), found in sorted(counted.items())
    ]


def held(memory: Memory) -> dict[str, Any]:
    """What the stand-in holds now, in numbers."""
    with memory.lock:
        states = Counter(str(one.get("TrangThaiHoSo")) for one in memory.dossiers.values())
        pushes = memory.pushes.values()
        return {
            "dossiers": len(memory.dossiers), "steps": sum(map(len, memory.steps.values())),
            "filed": len(memory.filings), "ratings": len(memory.ratings), "procedures": len(memory.procedures),
            "pushes": len(pushes), "waiting": sum(not one["accepted_at"] for one in pushes),
            "payments": len(memory.payments), "questions": len(memory.questions),
            "states": dict(sorted(states.items(), key=lambda one: int(one[0]) if one[0].isdigit() else 99)),
            "calls": dict(memory.counts),
        }  # fmt: skip
