"""What the events of a dossier say: its state, its waits, when it is due and whether it was in time. Pure.

Everything that is kept beside the events (state, due moment) is computed here from them, so that it can be computed
again; reports and the quality index look at the same events through the same function.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from lienthong.clock import Calendar, local
from lienthong.dossiers import deadlines
from lienthong.dossiers.customs import Customs, customs_on
from lienthong.dossiers.deadlines import Limit, Pause
from lienthong.dossiers.moves import Moves

FILED, EXTEND, ASSIGN, STEP = "filed", "extend", "assign", "step"
"""Acts that are no moves between states: the filing itself, a letter of apology, handing the work to somebody, going to
another step of the internal process."""


class StepTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the internal process for a dossier, counted from 1; `limit` may be half a day or not be known."""

    number: int
    name: dict[str, str]
    role: str = ""
    limit: Limit | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a procedure version sets for one dossier.

    `limits` run one after the other from reception. `ask` is the time from reception within which a supplement must be
    asked (5 working days of insurance), `answer` is the applicant's time for a supplement, after which
    the dossier lapses; `after` the limit that counts anew from the supplement (60 days of devices, 10 of insurance);
    `rounds` how often a supplement may be asked at all. What no source says is empty or None.
    """

    limits: tuple[Limit, ...] = ()
    steps: tuple[StepTerm, ...] = ()
    ask: Limit | None = None
    answer: Limit | None = None
    after: Limit | None = None
    rounds: int | None = None


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


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A result taken back and decided again, with moments of its own; None: not yet."""

    begun: datetime
    settled: datetime | None = None
    returned: datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a dossier stands. `due_at` is None before reception, without a limit, and while an open wait runs.

    `ask_by`: by when a supplement must be asked, while none was and work goes on. `anew_since`: when the supplement
    came from which the limit counts anew, where it does. `looked_at`: when it was received, refused or sent back for
    a supplement, whichever came first. `ended_at`, `settled_at` and `returned_at` are those of the account (see
    `account`), also while a result is corrected; `corrections` are told beside it.
    """

    state: str
    filed_at: datetime
    received_at: datetime | None = None
    reception_due: datetime | None = None
    looked_at: datetime | None = None
    due_at: datetime | None = None
    settled_at: datetime | None = None
    returned_at: datetime | None = None
    ended_at: datetime | None = None
    waiting_since: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    supplements: int = 0
    extensions: int = 0
    holder: str = ""
    answer_due: datetime | None = None
    ask_by: datetime | None = None
    anew_since: datetime | None = None
    step: int = 0
    step_since: datetime | None = None
    step_due: datetime | None = None
    corrections: tuple[Correction, ...] = ()

    def late(self, now: datetime) -> bool | None:
        """Whether it is or was overdue at `now`; None when it has no deadline (yet)."""
        if self.due_at is None:
            return None
        return (self.ended_at or now) > self.due_at

    def reception_late(self, now: datetime) -> bool:
        """Whether nobody had received, refused or sent it back for a supplement in time."""
        return self.reception_due is not None and (self.looked_at or now) > self.reception_due


def account(
    events: Sequence[Event], table: Moves, customs: Customs | None = None
) -> Sequence[Event]:
    """The events whose end is compared with the deadline: all of them, or those before a correction that counts apart.

    The one place where it is said what a correction does to the clock. Page, worklist, Portal, comparison, forms and
    index ask here. A correction is judged by the custom of the day on which it began (customs.yaml, corrected_end).
    """
    for at in range(1, len(events)):
        if _reopens(events[at - 1], events[at], table):
            rules = customs or customs_on(local(events[at].at).date())
            if rules.corrected_end == "first":
                return events[:at]
    return events


def corrections(events: Sequence[Event], table: Moves) -> tuple[Correction, ...]:
    """Every time that what had ended was taken up again."""
    found: list[Correction] = []
    for before, event in itertools.pairwise(events):
        if _reopens(before, event, table):
            found.append(Correction(begun=event.at))
        elif (
            found
            and event.to_state in ("settled", "returned")
            and before.to_state != event.to_state
        ):
            found[-1] = msgspec.structs.replace(found[-1], **{event.to_state: event.at})
    return tuple(found)


def _reopens(before: Event, event: Event, table: Moves) -> bool:
    ended = table.states[before.to_state].clock == "ended"
    return ended and table.states[event.to_state].clock != "ended"


def replay(
    events: Sequence[Event],
    limits: Iterable[Limit] | Terms,
    table: Moves,
    *,
    online: bool = False,
    customs: Customs | None = None,
    using: Calendar | None = None,
) -> Standing:
    """The standing after these events, in their order, under a procedure's terms (or nothing but its limits).

    The clock starts when the dossier is received full and correct; waits for the applicant stop it. What happens in a
    correction that counts apart moves the state, and neither deadline nor end.
    """
    if not events or events[0].act != FILED:
        raise ValueError("the first event of a dossier is its filing")
    terms = limits if isinstance(limits, Terms) else Terms(limits=tuple(limits))
    seen = _Seen(state=events[0].to_state, promised_at=events[0].at)
    told = account(events, table, customs)
    for event in told[1:]:
        _see(seen, event, table)
    now = msgspec.structs.replace(seen, waits=list(seen.waits))
    for event in events[len(told) :]:
        _see(now, event, table)
    apart = len(told) < len(events)
    counted = [
        wait for wait in seen.waits if seen.received is not None and wait.begun >= seen.received
    ]
    asked = now.waits[-1].begun if now.waits and now.waits[-1].ended is None else None
    number, since = _step(now, terms)
    return Standing(
        state=now.state,
        filed_at=events[0].at,
        received_at=seen.received,
        reception_due=(deadlines.reception_due if online else deadlines.transfer_due)(
            events[0].at, using, customs
        ),
        looked_at=seen.looked,
        due_at=_due(seen, terms, counted, using),
        settled_at=seen.settled,
        returned_at=seen.returned,
        ended_at=seen.ended,
        waiting_since=asked,
        pauses=tuple(counted),
        supplements=now.supplements,
        extensions=seen.extensions,
        holder=now.holder,
        # What was granted does not lapse, and the times of the internal process are of the dossier, not of a mending.
        answer_due=deadlines.lapses(asked, terms.answer, using)
        if asked and terms.answer and now.state == "supplement" and not apart
        else None,
        anew_since=_anew(seen, terms),
        ask_by=None if apart else _ask_by(seen, terms, table, using),
        step=number,
        step_since=since,
        step_due=None if apart else _step_due(number, since, terms, counted, using),
        corrections=corrections(events, table),
    )


class _Seen(msgspec.Struct, kw_only=True):
    """What was read of the events so far."""

    state: str
    promised_at: datetime
    promised: datetime | None = None
    received: datetime | None = None
    looked: datetime | None = None
    settled: datetime | None = None
    returned: datetime | None = None
    ended: datetime | None = None
    waits: list[Pause] = msgspec.field(default_factory=list)
    answered: datetime | None = None
    supplements: int = 0
    extensions: int = 0
    holder: str = ""
    step: int = 0
    step_since: datetime | None = None


def _see(seen: _Seen, event: Event, table: Moves) -> None:
    """Take one event in."""
    if event.act == ASSIGN:
        seen.holder = str(event.about.get("to", ""))
    elif event.act == EXTEND:
        seen.extensions += 1
        seen.promised = datetime.fromisoformat(event.about["due"])
        seen.promised_at = event.at
    elif event.act == STEP:
        seen.step, seen.step_since = int(event.about["step"]), event.at
    else:
        _move(seen, event, table)


def _move(seen: _Seen, event: Event, table: Moves) -> None:
    """A move between states: what the clock does then."""
    before, after = table.states[seen.state].clock, table.states[event.to_state].clock
    seen.looked = seen.looked or event.at
    if seen.received is None and after == "runs":
        seen.received = event.at
    if before != "waits" and after == "waits":
        seen.waits.append(Pause(begun=event.at))
        seen.supplements += event.to_state == "supplement"
    if before == "waits" and after != "waits":
        seen.waits[-1] = Pause(begun=seen.waits[-1].begun, ended=event.at)
        if seen.state == "supplement" and after == "runs" and seen.received != event.at:
            seen.answered = event.at
    seen.state = event.to_state
    if after != "ended":
        seen.ended = seen.settled = seen.returned = None
        return
    seen.ended = seen.ended or event.at
    seen.settled = event.at if seen.state == "settled" else seen.settled
    seen.returned = event.at if seen.state == "returned" else seen.returned


def _due(seen: _Seen, terms: Terms, waits: list[Pause], using: Calendar | None) -> datetime | None:
    """When it must be settled: by promise, by the limit after a supplement, else by the whole, moved by the waits."""
    anew = _anew(seen, terms)
    if seen.promised is not None and anew is None:
        # A promised new date counts instead, moved by the waits that begin after the promise.
        after_it = [wait for wait in waits if wait.begun >= seen.promised_at]
        return deadlines.prolonged(seen.promised, "working_days", after_it, using)
    if terms.after and anew is not None:
        since = [wait for wait in waits if wait.begun >= anew]
        ends = deadlines.due(anew, terms.after, using)
        return deadlines.prolonged(ends, terms.after.unit, since, using)
    if seen.received is None or not terms.limits:
        return None
    ends = deadlines.due_in_stages(seen.received, terms.limits, using)[-1]
    return deadlines.prolonged(ends, terms.limits[-1].unit, waits, using)


def _anew(seen: _Seen, terms: Terms) -> datetime | None:
    """When the limit after a supplement began to count: a date promised later than that counts instead."""
    if terms.after is None or seen.answered is None:
        return None
    return seen.answered if seen.promised is None or seen.answered > seen.promised_at else None


def _ask_by(seen: _Seen, terms: Terms, table: Moves, using: Calendar | None) -> datetime | None:
    """By when what is missing must be named, counted from reception; None once it was, or where no source says."""
    if terms.ask is None or seen.received is None or seen.supplements:
        return None
    running = table.states[seen.state].clock == "runs"
    return deadlines.due(seen.received, terms.ask, using) if running else None


def _step(seen: _Seen, terms: Terms) -> tuple[int, datetime | None]:
    """The step the dossier is at; the first one begins with reception."""
    if not terms.steps or seen.received is None:
        return 0, None
    return seen.step or 1, seen.step_since or seen.received


def _step_due(
    number: int, since: datetime | None, terms: Terms, waits: list[Pause], using: Calendar | None
) -> datetime | None:
    """When the present step must be done, moved by the waits inside it; None where nobody set a time."""
    if not number or since is None or number > len(terms.steps):
        return None
    limit = terms.steps[number - 1].limit
    if limit is None:
        return None
    inside = [
        Pause(begun=max(wait.begun, since), ended=wait.ended)
        for wait in waits
        if wait.ended is None or wait.ended > since
    ]
    return deadlines.prolonged(deadlines.due(since, limit, using), limit.unit, inside, using)
