"""Forms II.06a and II.06b: how procedures were settled, by unit and by field, with the identities that must hold.

Columns as public templates print them; what the columns include was read from a system in service: "resolved" holds
dossiers given back, "in process" those that wait for a supplement. The quality index treats both otherwise: `bridge`
shows where the two differ. The functions on facts are the yardstick of what SQL counts (`counted`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg

from lienthong.clock import local
from lienthong.reports import cells, counting
from lienthong.reports.cells import Among, Reading
from lienthong.reports.facts import Fact
from lienthong.reports.period import Period
from lienthong.reports.succession import Following

Resolved = Literal["early", "on_time", "late"]
Open = Literal["within", "overdue"]
Judged = Literal["on_time", "overdue", "undecided", "outside"]
DEFINITION = "II.06 Thông tư 02/2017/TT-VPCP, 01/2020/TT-VPCP; 1"
"""What a kept figure of the form was counted by; the last part rises when a condition changes."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a form; the numbers in brackets are those of its columns. Unit: dossiers."""

    received_online: int = 0
    received_other: int = 0
    carried_over: int = 0
    early: int = 0
    on_time: int = 0
    late: int = 0
    within: int = 0
    overdue: int = 0

    @property
    def received(self) -> int:
        """(3) = (4) + (5) + (6)."""
        return self.received_online + self.received_other + self.carried_over

    @property
    def resolved(self) -> int:
        """(7) = (8) + (9) + (10)."""
        return self.early + self.on_time + self.late

    @property
    def in_process(self) -> int:
        """(11) = (12) + (13)."""
        return self.within + self.overdue

    def balanced(self) -> bool:
        """The identity between the three parts: (3) = (7) + (11)."""
        return self.received == self.resolved + self.in_process

    def columns(self) -> tuple[int, ...]:
        """Columns (3) to (13) in the order of the form."""
        return tuple(getattr(self, name) for name in COLUMNS)


COLUMNS = (
    "received", "received_online", "received_other", "carried_over", "resolved", "early", "on_time", "late",
    "in_process", "within", "overdue",
)  # fmt: skip
"""Columns (3) to (13); each is a cell that can be opened."""


def counted(
    conn: psycopg.Connection[Any],
    period: Period,
    by: counting.By,
    *,
    among: Among | None = None,
    follows: Following | None = None,
    position: int | None = None,
    moment: datetime | None = None,
) -> dict[str, Row]:
    """The lines of a form counted in SQL, by unit, field, province or procedure; all under '' without `by`."""
    wanted = {name: cells.LAW[name] for name in Row.__struct_fields__}
    found = counting.count(
        conn, period, wanted, by=by, among=among, follows=follows, position=position, moment=moment
    )
    return {line: Row(**numbers) for line, numbers in found.items()}


def resolved_as(fact: Fact, period: Period) -> Resolved | None:
    """How a dossier was resolved in the period: early (a day or more before), on time, late; None: still open.

    A dossier without a deadline is on time: nobody promised a date.
    """
    if not period.holds(fact.ended_at):
        return None
    assert fact.ended_at
    if fact.due_at is None:
        return "on_time"
    if fact.ended_at > fact.due_at:
        return "late"
    return "early" if local(fact.ended_at).date() < local(fact.due_at).date() else "on_time"


def open_as(fact: Fact, period: Period, moment: datetime | None = None) -> Open:
    """Whether an open dossier is overdue at the end of the period (at `moment` while it still runs).

    One that waits for its applicant is not.
    """
    asked = min(period.ends, moment or period.ends)
    late = fact.due_at is not None and fact.due_at < asked and fact.waiting_since is None
    return "overdue" if late else "within"


def form(facts: Iterable[Fact], period: Period, by: Callable[[Fact], str]) -> dict[str, Row]:
    """The lines of a form, one for each value of `by` (the unit for II.06a, the field for II.06b)."""
    lines: dict[str, Counter[str]] = {}
    for fact in facts:
        line = lines.setdefault(by(fact), Counter())
        line[_arrival(fact, period)] += 1
        line[resolved_as(fact, period) or open_as(fact, period)] += 1
    return {name: Row(**line) for name, line in sorted(lines.items())}


def by_unit(fact: Fact) -> str:
    """Form II.06a."""
    return fact.unit


def by_field(fact: Fact) -> str:
    """Form II.06b."""
    return fact.field


def total(rows: Iterable[Row]) -> Row:
    """The sum of lines."""
    summed: Counter[str] = Counter()
    for row in rows:
        summed.update({name: getattr(row, name) for name in Row.__struct_fields__})
    return Row(**summed)


def _arrival(fact: Fact, period: Period) -> str:
    if not period.holds(fact.received_at):
        return "carried_over"
    return "received_online" if fact.channel == "online" else "received_other"


def judged(
    fact: Fact, period: Period, reading: Reading | None = None, moment: datetime | None = None
) -> Judged:
    """Indicator 2.1: the end (else the open request, else the end of the period) against the deadline.

    More than one request for a supplement counts as overdue, whatever the dates say. Without a deadline the longest
    limit of the procedure is asked; without that nobody can decide.
    """
    how = reading or Reading()
    if how.base == "received" and not period.holds(fact.received_at):
        return "outside"
    if fact.supplements > 1 and how.more_supplements == "overdue":
        return "overdue"
    due = fact.index_due
    if due is None:
        given: dict[str, Judged] = {"on_time": "on_time", "overdue": "overdue"}
        return given.get(how.without_limit, "undecided")
    asked = min(period.ends, moment or period.ends)
    return "on_time" if (fact.ended_at or fact.waiting_since or asked) <= due else "overdue"


def bridge(
    facts: Iterable[Fact], period: Period, reading: Reading | None = None
) -> dict[tuple[str, str], list[str]]:
    """(class in II.06, class in indicator 2.1) to the codes of the dossiers: why two true numbers differ."""
    found: dict[tuple[str, str], list[str]] = {}
    for fact in facts:
        key = (
            resolved_as(fact, period) or open_as(fact, period),
            judged(fact, period, reading),
        )
        found.setdefault(key, []).append(fact.code)
    return found
