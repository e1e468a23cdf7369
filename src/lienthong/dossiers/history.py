"""What the events of a dossier say: its state, its waits, when it is due and whether it was in time. Pure.

Everything that is kept beside the events (state, due moment) is computed here from them, so that it can be computed
again; reports and the quality index look at the same events through the same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from lienthong.clock import Calendar
from lienthong.dossiers import deadlines
from lienthong.dossiers.deadlines import Customs, Limit, Pause
from lienthong.dossiers.moves import Moves

FILED, EXTEND, ASSIGN = "filed", "extend", "assign"
"""Acts that are no moves between states: the filing itself, a letter of apology, handing the work to somebody."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One act on a dossier, at a moment; `about` never says who the applicant is."""

    act: str
    to_state: str
    at: datetime
    from_state: str = ""
    actor: str = ""
    role: str = ""
    number: int = 0
    position: int = 0
    about: dict[str, Any] = {}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a dossier stands. `due_at` is None before reception, without a limit, and while an open wait runs."""

    state: str
    filed_at: datetime
    received_at: datetime | None = None
    reception_due: datetime | None = None
    due_at: datetime | None = None
    settled_at: datetime | None = None
    returned_at: datetime | None = None
    ended_at: datetime | None = None
    waiting_since: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    supplements: int = 0
    extensions: int = 0
    holder: str = ""

    def late(self, now: datetime) -> bool | None:
        """Whether it is or was overdue at `now`; None when it has no deadline (yet)."""
        if self.due_at is None:
            return None
        return (self.ended_at or now) > self.due_at

    def reception_late(self, now: datetime) -> bool:
        """Whether reception took or is taking longer than allowed."""
        return (
            self.reception_due is not None
            and (self.received_at or self.ended_at or now) > self.reception_due
        )


def replay(
    events: Sequence[Event],
    limits: Iterable[Limit],
    table: Moves,
    *,
    online: bool = False,
    customs: Customs | None = None,
    using: Calendar | None = None,
) -> Standing:
    """The standing after these events, in their order. `limits` run one after the other from reception.

    The clock starts when the dossier is received full and correct; waits for the applicant stop it; a corrected
    result opens it again without a new clock.
    """
    if not events or events[0].act != FILED:
        raise ValueError("the first event of a dossier is its filing")
    stages = list(limits)
    filed = events[0].at
    state, received, settled, returned, ended = events[0].to_state, None, None, None, None
    waits: list[Pause] = []
    supplements = extensions = 0
    holder, promised, promised_at = "", None, filed
    for event in events[1:]:
        if event.act == ASSIGN:
            holder = str(event.about.get("to", ""))
            continue
        if event.act == EXTEND:
            extensions += 1
            promised, promised_at = datetime.fromisoformat(event.about["due"]), event.at
            continue
        before, after = table.states[state].clock, table.states[event.to_state].clock
        if received is None and after == "runs":
            received = event.at
        if before != "waits" and after == "waits":
            waits.append(Pause(begun=event.at))
            supplements += event.to_state == "supplement"
        if before == "waits" and after != "waits":
            waits[-1] = Pause(begun=waits[-1].begun, ended=event.at)
        state = event.to_state
        settled = event.at if state == "settled" else settled
        returned = event.at if state == "returned" else returned
        ended = (ended or event.at) if after == "ended" else None
    counted = [wait for wait in waits if received is not None and wait.begun >= received]
    waiting = waits[-1].begun if waits and waits[-1].ended is None else None
    if promised is None:
        due = _due(received, stages, counted, using)
    else:
        # A promised new date counts instead, moved by the waits that begin after the promise.
        after_it = [wait for wait in counted if wait.begun >= promised_at]
        due = deadlines.prolonged(promised, "working_days", after_it, using)
    return Standing(
        state=state,
        filed_at=filed,
        received_at=received,
        reception_due=deadlines.reception_due(filed, using, customs) if online else None,
        due_at=due,
        settled_at=settled,
        returned_at=returned,
        ended_at=ended,
        waiting_since=waiting,
        pauses=tuple(counted),
        supplements=supplements,
        extensions=extensions,
        holder=holder,
    )


def _due(
    received: datetime | None, stages: list[Limit], waits: list[Pause], using: Calendar | None
) -> datetime | None:
    """The end of the last stage, moved by the waits."""
    if received is None or not stages:
        return None
    ends = deadlines.due_in_stages(received, stages, using)[-1]
    return deadlines.prolonged(ends, stages[-1].unit, waits, using)
