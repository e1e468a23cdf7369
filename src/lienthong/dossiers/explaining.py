"""How a deadline came to be: where the clock began, which limit, what paused it, when offices were closed. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from lienthong.clock import Calendar, calendar, local, working_hours_between
from lienthong.dossiers.customs import customs_on
from lienthong.dossiers.deadlines import Limit, due, due_in_stages
from lienthong.dossiers.history import Standing, Terms

MOST_DAYS = 400


class Waited(msgspec.Struct, frozen=True, kw_only=True):
    """One wait for the applicant: working hours that the deadline moved by (None while it is open)."""

    begun: datetime
    ended: datetime | None
    hours: float | None


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an official needs to check a due date by hand.

    `first` is the end without waits; `off` the weekdays on which offices were closed, `worked` weekends on which
    they were open, between beginning and end. `anew` is set when a limit after a supplement counts from there.
    `corrected`: which end counts (the custom of the day of the last correction), None when nothing was corrected.
    """

    begins: datetime | None
    limits: tuple[Limit, ...]
    first: datetime | None
    waits: tuple[Waited, ...]
    due: datetime | None
    promised: bool
    anew: Limit | None
    off: tuple[date, ...]
    worked: tuple[date, ...]
    corrected: str | None = None


def explain(standing: Standing, terms: Terms, using: Calendar | None = None) -> Explained:
    """Why the dossier is due when it is."""
    used = using or calendar()
    answered = standing.anew_since
    begins = answered or standing.received_at
    limits = (terms.after,) if answered and terms.after else terms.limits
    first = due_in_stages(begins, limits, used)[-1] if begins and limits else None
    waits = tuple(
        Waited(
            begun=one.begun,
            ended=one.ended,
            hours=working_hours_between(one.begun, one.ended, used) if one.ended else None,
        )
        for one in standing.pauses
        if begins and one.begun >= begins
    )
    end = standing.due_at or first
    off, worked = _odd_days(begins, end, used) if begins and end else ((), ())
    return Explained(
        begins=begins,
        limits=limits,
        first=first,
        waits=waits,
        due=standing.due_at,
        promised=standing.extensions > 0,
        anew=terms.after if answered else None,
        off=off,
        worked=worked,
        corrected=customs_on(local(standing.corrections[-1].begun).date()).corrected_end
        if standing.corrections
        else None,
    )


def would_end(start: datetime, terms: Terms, using: Calendar | None = None) -> datetime | None:
    """When a dossier would be due if it were received now."""
    found = start
    for limit in terms.limits:
        found = due(found, limit, using)
    return found if terms.limits else None


def _odd_days(
    begins: datetime, ends: datetime, used: Calendar
) -> tuple[tuple[date, ...], tuple[date, ...]]:
    first, last = local(begins).date(), local(ends).date()
    days = [first + timedelta(days=at) for at in range(min((last - first).days + 1, MOST_DAYS))]
    off = tuple(day for day in days if day.weekday() < 5 and not used.is_working_day(day))
    worked = tuple(day for day in days if day.weekday() >= 5 and used.is_working_day(day))
    return off, worked
