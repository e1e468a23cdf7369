"""Row 4 of the goals: twenty thousand dossiers of XML 4750, read, checked against the care contract and kept."""

from __future__ import annotations

import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

from bench.measuring import PROGRAM, Line, Run, run
from bench.store import kept_store

HERE = Path(__file__).parent
UNTIL = datetime(2026, 11, 20, 8, 0)  # noqa: DTZ001 the local time of the invented country
PARTS = 4


def measure(folder: Path, dossiers: int) -> list[Line]:
    """Dossiers a second: lxml alone, checked, and kept in the store."""
    file = make(folder / f"dossiers-{dossiers}.xml", dossiers)
    size = file.stat().st_size / dossiers / 1000
    theirs = run([sys.executable, HERE / "lxml_reading.py", file, "2"])
    assert int(theirs.out.split()[0]) == dossiers, theirs.out
    checked = run([PROGRAM, "check", file, "-c", "care", "--json", "--at", "2026-11-20T08:30"])
    with kept_store(folder / "store-dossiers") as environment:
        load = [PROGRAM, "load", file, "-c", "care", "-s", facility(), "--json"]
        kept = run([str(part) for part in load], **environment)
    receipt = json.loads(kept.out)
    balance = receipt["received"] == receipt["kept"] + receipt["unchanged"] + receipt["quarantined"]
    note = (
        f"{size:.1f} kB each; {receipt['kept']:,} kept, {receipt['quarantined']:,} in quarantine;"
        f" {kept.mib:.0f} MiB, {kept.cpu:.1f} s of processor"
    )
    if not balance or receipt["received"] != dossiers:
        note += f"; WRONG: {receipt['received']:,} received of {dossiers:,}"
    return [
        _line(f"read and check {dossiers:,} dossiers", dossiers, checked, theirs, f"{checked.mib:.0f} MiB", True),
        _line(f"read, check and keep {dossiers:,} dossiers", dossiers, kept, theirs, note,
              balance and dossiers / kept.wall >= 2000),
    ]  # fmt: skip


def _line(work: str, dossiers: int, ours: Run, theirs: Run, note: str, met: bool) -> Line:
    goal = "≥ 2,000/s on 2 cores" if "keep" in work else "–"
    return Line(
        work, f"{dossiers / ours.wall:,.0f}/s", f"{dossiers / theirs.wall:,.0f}/s (lxml reading alone)",
        f"{ours.wall / theirs.wall:.2f}", goal, met, note,
        {"ours": ours._replace(out="")._asdict(), "yardstick": theirs._replace(out="")._asdict()},
    )  # fmt: skip


def facility() -> str:
    """The facility that all the visits are sent by."""
    from lienthong.synthetic.country import Country

    return Country(seed=7, visits=1, until=UNTIL).facilities[0].code


def make(file: Path, dossiers: int) -> Path:
    """One envelope of synthetic visits with planted faults, invented on all cores; made once for a folder."""
    if file.exists():
        return file
    size = -(-dossiers // PARTS)
    parts = [
        (file.with_suffix(f".{part}"), dossiers, part * size, min(size, dossiers - part * size))
        for part in range(PARTS)
    ]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(_make_part, parts))
    _join([part[0] for part in parts], file, dossiers)
    return file


def _make_part(job: tuple[Path, int, int, int]) -> None:
    from lienthong.contracts.reading import read_contract
    from lienthong.synthetic.country import Country, Sending
    from lienthong.synthetic.envelope import Writer
    from lienthong.synthetic.files import _with_faults

    path, dossiers, first, count = job
    country = Country(seed=7, visits=dossiers, until=UNTIL)
    sending = Sending(
        name="x", facility=country.facilities[0], sent=UNTIL, first=first, count=count
    )
    with path.open("wb") as out:
        visits = _with_faults(country, sending, Counter(), [])
        for _ in Writer(read_contract("care")).write(
            out, sending.facility.code, UNTIL, visits, count
        ):
            pass


def _join(parts: list[Path], file: Path, dossiers: int) -> None:
    """The dossiers of all parts in the envelope of the first."""
    made = file.with_suffix(".new")
    with made.open("wb") as out:
        for number, part in enumerate(parts):
            content = part.read_bytes()
            begin, end = content.index(b"<HOSO>"), content.rindex(b"</HOSO>") + len(b"</HOSO>")
            if number == 0:
                head, tail = content[:begin], content[end:]
                before, _, after = head.partition(b"<SOLUONGHOSO>")
                out.write(before + b"<SOLUONGHOSO>%d" % dossiers + after[after.index(b"<") :])
            out.write(content[begin:end])
            part.unlink()
        out.write(tail)
    made.replace(file)
