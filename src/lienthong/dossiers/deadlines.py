"""When a dossier is due: limits in working time, calendar days, months or hours, with pauses, stages and extensions.

Sources: Decree 118/2025 as amended by Decree 309/2026 (Art. 17: the clock starts when the dossier is received full and
correct, at the competent agency; Art. 18.2: paper is transferred the same working day, after 15:00 at the start of the
next one), the patterns of published procedures, and the practice of dossier systems in service. What the texts leave
open stands in `customs.py`, as data that an official can change. Nothing here reads a clock: every moment is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal

import msgspec

from lienthong.clock import Calendar, add_working_hours, calendar, local, working_time_between
from lienthong.dossiers.customs import Customs, customs_on
from lienthong.errors import Refused

LimitUnit = Literal["working_days", "days", "months", "working_hours", "hours", "immediate"]


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A time limit as a procedure states it.

    `value` may be a half (0.5 working days). `immediate` has no value: the same working day. `stage` and `case` name
    the part of the work and the situation it is for; `basis` is the text that sets it.
    """

    value: float = 0
    unit: LimitUnit
    stage: str = ""
    case: str = ""
    basis: str = ""


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A wait for the applicant: asked at `begun`, answered at `ended` (None: still waiting)."""

    begun: datetime
    ended: datetime | None = None


def due(
    start: datetime, limit: Limit, using: Calendar | None = None, customs: Customs | None = None
) -> datetime:
    """The moment at which a limit that starts at `start` ends, on Vietnam's clocks.

    Working days are counted as working time (one day = the sessions of a full day), so five working days from Monday
    10:00 end on the next Monday 10:00. Calendar days and months do not count the first day and end when offices
    close; a last day off moves to the next working day (Civil Code Art. 147-148). Hours run day and night.
    """
    used = using or calendar()
    begun = local(start)
    if limit.unit == "working_hours":
        return add_working_hours(begun, limit.value, used)
    if limit.unit == "working_days":
        return _working_days(begun, limit.value, used)
    if limit.unit == "hours":
        return begun + timedelta(hours=limit.value)
    if limit.unit == "immediate":
        return closing(transferred(begun, used, customs).date(), used)
    if limit.value != int(limit.value):
        raise Refused(
            "DEADLINE-HALF",
            "A limit in calendar %(unit)s must be whole: %(value)s",
            unit=limit.unit,
            value=limit.value,
        )
    if limit.unit == "days":
        return closing(begun.date() + timedelta(days=int(limit.value)), used)
    return closing(_months(begun.date(), int(limit.value)), used)


def due_in_stages(
    start: datetime, stages: Sequence[Limit], using: Calendar | None = None
) -> list[datetime]:
    """When each stage ends if every stage starts where the one before it ends (inspection inside the limit)."""
    ends, begun = [], start
    for limit in stages:
        begun = due(begun, limit, using)
        ends.append(begun)
    return ends


def prolonged(
    ends: datetime,
    unit: LimitUnit,
    pauses: Iterable[Pause],
    using: Calendar | None = None,
    *,
    at: datetime | None = None,
) -> datetime | None:
    """The end of a limit after waiting: it moves by exactly the working time waited (by the hours for `hours`).

    Pauses may overlap; what they share is waited once. None when a pause is still open and no moment `at` is given:
    nobody can say then; with `at`, what the end would be if the answer came at that moment.
    """
    used = using or calendar()
    waits = _merged(pauses, at)
    if waits is None:
        return None
    if unit == "hours":
        return local(ends) + sum((end - begin for begin, end in waits), timedelta())
    waited = sum((working_time_between(begin, end, used) for begin, end in waits), timedelta())
    return (
        add_working_hours(local(ends), waited / timedelta(hours=1), used) if waited else local(ends)
    )


def transferred(
    received: datetime, using: Calendar | None = None, customs: Customs | None = None
) -> datetime:
    """When a dossier from a counter reaches the unit that works on it: at once, after 15:00 at the next opening."""
    used, begun = using or calendar(), local(received)
    rules = customs or customs_on(begun.date())
    sessions = used.sessions(begun.date())
    if not sessions or begun >= sessions[-1][1] or begun.time() > rules.transfer_until:
        return opening(begun.date() + timedelta(days=1), used)
    return max(begun, sessions[0][0])


def reception_due(
    filed: datetime, using: Calendar | None = None, customs: Customs | None = None
) -> datetime:
    """By when a dossier that was filed online must be received, refused or sent back for a supplement."""
    rules = customs or customs_on(local(filed).date())
    return add_working_hours(local(filed), rules.reception_hours, using)


def transfer_due(
    handed_in: datetime, using: Calendar | None = None, customs: Customs | None = None
) -> datetime:
    """By when paper that came to a counter or by post must be with the agency that settles it.

    The same working day; what came after 15:00, or outside working hours, at the start of the next working day, which
    is read as its first session (inferred: the text says "the start").
    """
    used, begun = using or calendar(), local(handed_in)
    goes_on = transferred(begun, used, customs)
    if goes_on.date() == begun.date():
        return closing(begun.date(), used)
    return used.sessions(goes_on.date())[0][1]


def lapses(asked: datetime, window: Limit, using: Calendar | None = None) -> datetime:
    """When a dossier becomes void because nothing came after a supplement was asked (30 days, 3 or 6 months)."""
    return due(asked, window, using)


def extended(
    ends: datetime,
    new_end: datetime,
    moment: datetime,
    *,
    before: int = 0,
    using: Calendar | None = None,
    customs: Customs | None = None,
) -> datetime:
    """The new end after a letter of apology at `moment`; `before` is how many extensions the dossier has had.

    Raises Refused when the deadline has passed (or is nearer than the letter must be), when it was extended often
    enough already, or when the new end is not later, or is more than a year later.
    """
    rules = customs or customs_on(local(moment).date())
    last = add_working_hours(
        ends, -rules.apology_before * _day_length(local(ends).date(), using), using
    )
    if before >= rules.extensions:
        raise Refused(
            "DEADLINE-TWICE",
            "The deadline was extended before; %(most)s time is allowed.",
            most=rules.extensions,
        )
    if moment >= last:
        raise Refused(
            "DEADLINE-PASSED",
            "An extension must be asked before the deadline of %(ends)s.",
            ends=f"{local(ends):%d/%m/%Y %H:%M}",
        )
    if new_end <= ends:
        raise Refused(
            "DEADLINE-EARLIER",
            "The new deadline must be later than %(ends)s.",
            ends=f"{local(ends):%d/%m/%Y %H:%M}",
        )
    if new_end > ends + LONGEST_EXTENSION:
        raise Refused(
            "DEADLINE-FAR",
            "The new deadline is at most %(days)s days later than %(ends)s.",
            days=LONGEST_EXTENSION.days,
            ends=f"{local(ends):%d/%m/%Y %H:%M}",
        )
    return local(new_end)


LONGEST_EXTENSION = timedelta(days=366)
"""No source bounds it. Without a bound one letter would make a dossier that is never late."""


def opening(day: date, using: Calendar | None = None) -> datetime:
    """When offices open on that day or the first working day after it."""
    used = using or calendar()
    while not (sessions := used.sessions(day)):
        day += timedelta(days=1)
    return sessions[0][0]


def closing(day: date, using: Calendar | None = None) -> datetime:
    """When offices close on that day or the first working day after it."""
    used = using or calendar()
    while not (sessions := used.sessions(day)):
        day += timedelta(days=1)
    return sessions[-1][1]


def _working_days(begun: datetime, count: float, used: Calendar) -> datetime:
    """Working time of `count` full days; each day is as long as its own sessions say."""
    moment, left = begun, count
    while left > 0:
        part = min(left, 1.0)
        moment = add_working_hours(moment, part * _length_from(moment, used), used)
        left -= part
    return moment


def _length_from(moment: datetime, used: Calendar) -> float:
    """Hours of the working day in which work goes on at that moment or next after it."""
    day = moment.date()
    while not (sessions := used.sessions(day)) or sessions[-1][1] <= moment:
        day += timedelta(days=1)
        moment = datetime.combine(day, time.min, moment.tzinfo)
    return sum((end - begin for begin, end in sessions), timedelta()) / timedelta(hours=1)


def _day_length(day: date, using: Calendar | None) -> float:
    used = using or calendar()
    return _length_from(opening(day, used), used)


def _months(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    for last in (31, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _merged(pauses: Iterable[Pause], at: datetime | None) -> list[tuple[datetime, datetime]] | None:
    spans: list[tuple[datetime, datetime]] = []
    for pause in sorted(pauses, key=lambda one: one.begun):
        ended = pause.ended or at
        if ended is None:
            return None
        begun = local(pause.begun)
        if spans and begun <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], local(ended)))
        elif ended > pause.begun:
            spans.append((begun, local(ended)))
    return spans
