"""Forms II.06a and II.06b: how procedures were settled, by unit and by field, with the identities that must hold.

Columns as public templates print them; what the columns include was read from a system in service: "resolved" holds
dossiers given back, "in process" those that wait for a supplement. The quality index treats both otherwise:
`bridge` shows where the two differ, dossier by dossier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from lienthong.clock import local
from lienthong.reports.facts import Fact, Period

Resolved = Literal["early", "on_time", "late"]
Open = Literal["within", "overdue"]


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
        return (
            self.received, self.received_online, self.received_other, self.carried_over, self.resolved, self.early,
            self.on_time, self.late, self.in_process, self.within, self.overdue,
        )  # fmt: skip


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


def open_as(fact: Fact, period: Period) -> Open:
    """Whether an open dossier is overdue at the end of the period; one that waits for the applicant is not."""
    late = fact.due_at is not None and fact.due_at < period.ends and fact.waiting_since is None
    return "overdue" if late else "within"


def form(facts: Iterable[Fact], period: Period, by: Callable[[Fact], str]) -> dict[str, Row]:
    """The lines of a form, one for each value of `by` (the unit for II.06a, the field for II.06b)."""
    counted: dict[str, Counter[str]] = {}
    for fact in facts:
        line = counted.setdefault(by(fact), Counter())
        line[_arrival(fact, period)] += 1
        line[resolved_as(fact, period) or open_as(fact, period)] += 1
    return {name: Row(**line) for name, line in sorted(counted.items())}


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


def on_time_by_index(fact: Fact, period: Period) -> bool:
    """Indicator 2.1: the moment of the end (or of the open request, or the end of the period) against the deadline.

    More than one request for a supplement counts as overdue, whatever the dates say.
    """
    if fact.supplements > 1:
        return False
    if fact.due_at is None:
        return (
            True if fact.waiting_since is not None or fact.ended_at is None else _without_due(fact)
        )
    moment = fact.ended_at or fact.waiting_since or period.ends
    return moment <= fact.due_at


def _without_due(fact: Fact) -> bool:
    """A dossier that never had a deadline cannot have missed it (the rule asks for the procedure's longest time)."""
    return fact.ended_at is not None


def bridge(facts: Iterable[Fact], period: Period) -> dict[tuple[str, str], list[str]]:
    """(class in II.06, class in indicator 2.1) to the codes of the dossiers: why two true numbers differ."""
    found: dict[tuple[str, str], list[str]] = {}
    for fact in facts:
        form_class = resolved_as(fact, period) or open_as(fact, period)
        index_class = "on_time" if on_time_by_index(fact, period) else "overdue"
        found.setdefault((form_class, index_class), []).append(fact.code)
    return found
