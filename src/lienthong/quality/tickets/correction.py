"""The clock of a correction: cause and plan, corrected and sent again, and longer only for a check in the field.

The days are declared in declared/correction.yaml with the first day on which they hold; nothing here knows a number.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import msgspec

from lienthong import clock
from lienthong.errors import Refused
from lienthong.findings import Text

Stage = Literal["plan", "mend", "field", "closed"]
"""What the sender owes next: cause and plan, corrected records, corrected records after a check in the field."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """Where the days come from, and how surely we know it."""

    text: str
    note: str = ""


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """Working days after the day of arrival, from a day on."""

    since: date = msgspec.field(name="from")
    plan: int
    mend: int
    field: int
    basis: Basis
    evidence: str = "inferred"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told when a due day has passed by more than so many working days."""

    level: int
    to: str
    after: int
    evidence: str = "inferred"


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """All of declared/correction.yaml."""

    clocks: tuple[Days, ...]
    escalation: tuple[Step, ...]
    levels: dict[int, Text]

    def days(self, on: date) -> Days:
        """The days in force on that day; before the first entry, the first."""
        held = [days for days in self.clocks if days.since <= on]
        return max(held, key=lambda days: days.since) if held else self.clocks[0]

    def level(self, late: int) -> int:
        """Who must know of a ticket that is so many working days late; 0 nobody (and for one that is not late)."""
        told = [step.level for step in self.escalation if late > step.after]
        return max(told, default=0)


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """The last days of one ticket, and the declared entry they come from."""

    plan: date
    mend: date
    field: date
    clock: str


@lru_cache
def correction() -> Correction:
    """The declared clocks, read once."""
    import yaml

    text = resources.files("lienthong").joinpath("declared", "correction.yaml").read_text("utf-8")
    return parse_correction(yaml.safe_load(text))


def parse_correction(document: Any) -> Correction:
    """The clocks of a parsed YAML document. Raises Refused with what is wrong."""
    try:
        found = msgspec.convert(document, Correction, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from error
    if not found.clocks:
        raise _wrong("clocks")
    for days in found.clocks:
        if not 0 < days.plan <= days.mend <= days.field:
            raise _wrong(f"{days.since}: plan ≤ mend ≤ field")
    return found


def _wrong(reason: str) -> Refused:
    return Refused("CORRECTION-SHAPE", "correction.yaml: %(reason)s", reason=reason)


def due(opened: date, rules: Correction | None = None) -> Due:
    """The last days of a ticket opened on that day."""
    days = (rules or correction()).days(opened)
    return Due(
        plan=clock.add_working_days(opened, days.plan),
        mend=clock.add_working_days(opened, days.mend),
        field=clock.add_working_days(opened, days.field),
        clock=days.since.isoformat(),
    )


def stage(state: str, field_check: str | None) -> Stage:
    """What is owed next."""
    if state == "closed":
        return "closed"
    if state == "open":
        return "plan"
    return "field" if field_check == "granted" else "mend"


def next_due(due: Due, stage: Stage) -> date | None:
    """The last day for what is owed next; None when nothing is."""
    return {"plan": due.plan, "mend": due.mend, "field": due.field}.get(stage)


def judged(today: date) -> date:
    """The working day by which lateness is judged: a last day that was a Friday is not late on Saturday."""
    return today if clock.is_working_day(today) else clock.add_working_days(today, -1)


def days_late(last: date | None, today: date) -> int:
    """Working days that have passed since the last day; 0 while it has not passed, negative is what is left."""
    return 0 if last is None else clock.working_days_between(last, today)
