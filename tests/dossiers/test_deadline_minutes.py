"""Deadlines against another arithmetic: every minute of work of 2026 and 2027 counted one by one from a list of days.

The list is written out here from the Government's notices (2026) and as it is expected (2027); nothing is taken from
the program's calendar.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, time, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lienthong.clock import VIETNAM
from lienthong.dossiers import deadlines
from lienthong.dossiers.deadlines import Limit, Pause

OFF = {
    *(date(2026, 2, day) for day in range(16, 21)), *(date(2027, 2, day) for day in range(4, 11)),
    *(date(2026, month, day) for month, day in
      ((1, 1), (4, 27), (4, 30), (5, 1), (8, 31), (9, 1), (9, 2), (11, 24))),
    *(date(2027, month, day) for month, day in ((1, 1), (4, 16), (4, 30), (5, 3), (9, 2), (9, 3), (11, 24))),
}  # fmt: skip
WORKED = {date(2026, 8, 22)}
SESSIONS = ((time(7), 270), (time(13, 30), 210))
MINUTE = timedelta(minutes=1)


def _minutes() -> list[datetime]:
    found, day = [], date(2026, 1, 1)
    while day < date(2028, 1, 1):
        if day in WORKED or (day.weekday() < 5 and day not in OFF):
            for begins, count in SESSIONS:
                first = datetime.combine(day, begins, VIETNAM)
                found += [first + MINUTE * at for at in range(count)]
        day += timedelta(days=1)
    return found


MINUTES = _minutes()
"""When each minute of work begins."""


def counted(start: datetime, minutes: int) -> datetime:
    """The end of the last of so many minutes of work from a moment on."""
    return MINUTES[bisect_left(MINUTES, start) + minutes - 1] + MINUTE


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 9, 1)).map(
    lambda one: one.replace(second=0, microsecond=0, tzinfo=VIETNAM)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@settings(max_examples=400)
@given(moments, st.integers(1, 120))
@example(at("2026-02-13 16:59"), 1)
@example(at("2026-08-21 17:00"), 2)
@example(at("2027-02-03 15:01"), 30)
@example(at("2026-11-23 11:30"), 1)
def test_half_days_and_days_of_work(start, halves):
    ends = deadlines.due(start, Limit(value=halves / 2, unit="working_days"))
    assert ends == counted(start, halves * 240)


@settings(max_examples=300)
@given(moments, st.integers(1, 400))
@example(at("2026-11-02 11:00"), 1)
@example(at("2026-12-31 16:59"), 4)
def test_hours_of_work(start, quarters):
    ends = deadlines.due(start, Limit(value=quarters / 4, unit="working_hours"))
    assert ends == counted(start, quarters * 15)


@settings(max_examples=300)
@given(
    moments,
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 90_000), st.integers(0, 40_000)), max_size=4),
)
def test_waits_are_given_back_minute_by_minute(start, days, spans):
    """However waits overlap, over holidays and nights: each minute of work that was waited is given back once."""
    limit = Limit(value=days, unit="working_days")
    waits = [
        Pause(begun=start + MINUTE * begun, ended=start + MINUTE * (begun + length))
        for begun, length in spans
    ]
    waited = {
        one for wait in waits for one in MINUTES[bisect_left(MINUTES, wait.begun) : bisect_left(MINUTES, wait.ended)]
    }  # fmt: skip
    ends = deadlines.due(start, limit)
    expected = counted(ends, len(waited)) if waited else ends
    assert deadlines.prolonged(ends, limit.unit, waits) == expected


@settings(max_examples=300)
@given(moments, st.integers(1, 100))
@example(at("2026-02-05 09:00"), 11)
@example(at("2027-01-28 18:00"), 7)
def test_days_of_the_calendar_end_when_offices_close(start, days):
    ends = deadlines.due(start, Limit(value=days, unit="days"))
    last = datetime.combine(start.date() + timedelta(days=days), time.min, VIETNAM)
    day = MINUTES[bisect_left(MINUTES, last)].date()
    assert ends == datetime.combine(day, time(17), VIETNAM)


@settings(max_examples=300)
@given(moments)
@example(at("2026-08-21 15:01"))
@example(at("2027-02-03 15:00"))
def test_paper_goes_on_the_same_day_until_15_00(handed_in):
    found = deadlines.transferred(handed_in)
    day = handed_in.date()
    opens = MINUTES[bisect_left(MINUTES, datetime.combine(day, time.min, VIETNAM))]
    if opens.date() == day and handed_in.time() <= time(15):
        assert found == max(handed_in, opens)
    else:
        after = datetime.combine(day + timedelta(days=1), time.min, VIETNAM)
        assert found == MINUTES[bisect_left(MINUTES, after)]
