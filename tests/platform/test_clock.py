"""Legal time: Tet, swapped days, sessions, and laws that hold for any moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lienthong import clock
from lienthong.clock import VIETNAM, Calendar, Hours

DECLARED = clock.read_calendar(clock.DECLARED)
SHORT = Calendar(
    (Hours(date(2000, 1, 1), ((time(8), time(11)), (time(14), time(16, 30)))),),
    {date(2026, 3, 3): False, date(2026, 3, 7): True},
    (2026, 2026),
)
CALENDARS = st.sampled_from([DECLARED, SHORT])


def at(text: str) -> datetime:
    """A moment on Vietnam's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


MOMENTS = st.datetimes(datetime(2026, 1, 2), datetime(2026, 11, 30)).map(
    lambda moment: moment.replace(tzinfo=VIETNAM)
)
DAYS = st.dates(date(2026, 1, 10), date(2026, 11, 20))
MINUTES = st.integers(1, 60 * 60)


@pytest.mark.parametrize("day", [16, 17, 18, 19, 20])
def test_tet_2026_is_off(day):
    assert not DECLARED.is_working_day(date(2026, 2, day))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2026-02-13", True),
        ("2026-02-21", False),
        ("2026-02-23", True),
        ("2026-08-22", True),  # a Saturday worked for Monday 31 August
        ("2026-08-31", False),
        ("2026-08-29", False),
        ("2026-09-01", False),
        ("2026-09-02", False),
        ("2025-04-26", True),
        ("2025-05-02", False),
        ("2026-04-27", False),  # Hung Kings' day fell on a Sunday
        ("2026-11-24", False),
        ("2026-11-23", True),
    ],
)
def test_days(day, worked):
    assert DECLARED.is_working_day(date.fromisoformat(day)) is worked


def test_the_table_agrees_with_the_library():
    import holidays

    library = holidays.country_holidays("VN")
    first, last = DECLARED.complete
    day, wrong = date(first, 1, 1), []
    while day.year <= last:
        if DECLARED.is_working_day(day) != library.is_working_day(day):
            wrong.append(day)
        day += timedelta(days=1)
    assert wrong == []


def test_other_years_are_asked_of_the_library():
    assert not DECLARED.is_working_day(date(2019, 2, 5))
    assert DECLARED.is_working_day(date(2019, 1, 5))  # a swapped Saturday


def test_a_full_day_is_eight_hours():
    assert DECLARED.hours[0].length == timedelta(hours=8)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-20 09:00", 1, "2026-11-20 10:00"),
        ("2026-11-20 11:00", 1, "2026-11-20 14:00"),  # over the noon rest
        ("2026-11-20 16:30", 4, "2026-11-23 10:30"),  # over a week-end
        ("2026-11-20 18:00", 1, "2026-11-23 08:00"),  # after closing: the next day
        ("2026-11-20 16:00", 1, "2026-11-20 17:00"),  # at closing, not next morning
        ("2026-02-13 16:00", 4, "2026-02-23 10:00"),  # over Tet
        ("2026-08-21 16:00", 4, "2026-08-22 10:00"),  # into the worked Saturday
        ("2026-11-21 12:00", 8, "2026-11-23 17:00"),
        ("2026-11-20 09:00", 0, "2026-11-20 09:00"),
        ("2026-11-20 09:00", 0.5, "2026-11-20 09:30"),
    ],
)
def test_adding_working_hours(start, hours, end):
    assert clock.add_working_hours(at(start), hours, DECLARED) == at(end)


@pytest.mark.parametrize(
    ("received", "hours", "since"),
    [
        ("2026-11-23 08:00", 1, "2026-11-20 17:00"),
        ("2026-11-23 08:00", 4, "2026-11-20 14:00"),
        ("2026-11-20 12:00", 4.5, "2026-11-19 17:00"),
        ("2026-02-23 07:30", 4, "2026-02-13 11:30"),
    ],
)
def test_going_back_by_working_hours(received, hours, since):
    assert clock.ago(at(received), hours, "working_hours", DECLARED) == at(since)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-11-20", 2, "2026-11-25"),  # 24 November is off
        ("2026-11-21", 1, "2026-11-23"),
        ("2026-02-13", 1, "2026-02-23"),
        ("2026-08-21", 1, "2026-08-22"),
        ("2026-11-23", -1, "2026-11-20"),
        ("2026-11-20", 0, "2026-11-20"),
    ],
)
def test_adding_working_days(start, count, end):
    assert clock.add_working_days(date.fromisoformat(start), count, DECLARED) == date.fromisoformat(
        end
    )


def test_a_moment_keeps_its_time_of_day_over_days():
    assert clock.add_working_days(at("2026-11-20 15:30"), 1, DECLARED) == at("2026-11-23 15:30")
    assert clock.after(at("2026-11-20 15:30"), 1, "working_days", DECLARED) == at(
        "2026-11-23 15:30"
    )


@pytest.mark.parametrize(
    ("event", "count", "unit", "end"),
    [
        ("2026-01-31 10:00", 1, "months", "2026-02-28 10:00"),
        ("2026-11-30 10:00", 3, "months", "2027-02-28 10:00"),
        ("2026-03-31 10:00", -1, "months", "2026-02-28 10:00"),
        ("2026-01-15 10:00", -1, "months", "2025-12-15 10:00"),
        ("2026-11-20 10:00", 3, "days", "2026-11-23 10:00"),
        ("2026-11-20 23:00", 2, "hours", "2026-11-21 01:00"),
        ("2026-11-20 23:00", 90, "minutes", "2026-11-21 00:30"),
    ],
)
def test_plain_units(event, count, unit, end):
    assert clock.after(at(event), count, unit) == at(end)


def test_an_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="fortnight"):
        clock.after(at("2026-11-20 10:00"), 1, "fortnight")


def test_a_moment_must_be_aware():
    with pytest.raises(ValueError, match="zone"):
        clock.add_working_hours(datetime(2026, 11, 20, 9), 1, DECLARED)


def test_utc_and_local_moments_are_the_same():
    here = at("2026-11-20 09:00")
    assert clock.add_working_hours(here.astimezone(UTC), 5, DECLARED) == clock.add_working_hours(
        here, 5, DECLARED
    )


# Laws


@given(MOMENTS, MINUTES, CALENDARS)
def test_what_is_added_lies_between(start, minutes, used):
    end = clock.add_working_hours(start, minutes / 60, used)
    assert abs(
        clock.working_time_between(start, end, used) - timedelta(minutes=minutes)
    ) < timedelta(milliseconds=1)


@given(MOMENTS, MINUTES, CALENDARS)
def test_the_due_moment_is_in_a_session_and_the_earliest(start, minutes, used):
    end = clock.add_working_hours(start, minutes / 60, used)
    assert any(opens < end <= closes for opens, closes in used.sessions(end.date()))
    before = end - timedelta(seconds=1)
    assert clock.working_time_between(start, before, used) < timedelta(minutes=minutes)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=12)), MINUTES, CALENDARS)
def test_later_starts_end_no_earlier(start, later, minutes, used):
    assert clock.add_working_hours(start, minutes / 60, used) <= clock.add_working_hours(
        start + later, minutes / 60, used
    )


@given(MOMENTS, MINUTES, MINUTES, CALENDARS)
def test_more_time_ends_later(start, some, more, used):
    assume(some < more)
    assert clock.add_working_hours(start, some / 60, used) < clock.add_working_hours(
        start, more / 60, used
    )


@given(MOMENTS, MOMENTS, MOMENTS, CALENDARS)
def test_working_time_adds_up(a, b, c, used):
    first, second, third = sorted((a, b, c))
    between = clock.working_time_between
    assert between(first, second, used) + between(second, third, used) == between(
        first, third, used
    )
    assert between(third, first, used) == -between(first, third, used)


@given(MOMENTS, MOMENTS, CALENDARS)
def test_working_time_is_never_more_than_time(a, b, used):
    first, second = sorted((a, b))
    assert timedelta() <= clock.working_time_between(first, second, used) <= second - first


@given(MOMENTS, MOMENTS, st.integers(1, 40 * 60), CALENDARS)
def test_late_looking_forward_is_late_looking_back(event, received, minutes, used):
    """An event before `ago` is one whose due moment has passed: rules and deadlines may not disagree."""
    since = clock.ago(received, minutes / 60, "working_hours", used)
    due = clock.after(event, minutes / 60, "working_hours", used)
    slack = timedelta(milliseconds=1)
    if event < since - slack:
        assert due < received
    elif event > since + slack:
        assert due >= received - slack


@given(DAYS, DAYS, st.integers(1, 30), CALENDARS)
def test_late_by_days_looking_forward_is_late_looking_back(event, received, count, used):
    since = clock.add_working_days(received, -count, used)
    assert (event < since) == (clock.add_working_days(event, count, used) < received)


@given(DAYS, st.integers(0, 60), CALENDARS)
def test_working_days_between_gives_back_what_was_added(start, count, used):
    end = clock.add_working_days(start, count, used)
    assert clock.working_days_between(start, end, used) == count
    assert clock.working_days_between(end, start, used) == -count
    assert count == 0 or used.is_working_day(end)


# Data that an official changes


def test_an_official_overrides_days_and_hours(tmp_path):
    (tmp_path / "2026.yaml").write_text(
        "days:\n- {date: '2026-11-24', kind: work}\n- {date: '2026-11-25', kind: 'off'}\n"
        "hours:\n- {since: '2026-11-25', sessions: [['07:30', '12:00'], ['13:00', '16:30']]}\n",
        encoding="utf-8",
    )
    own = clock.read_calendar(clock.DECLARED, tmp_path)
    assert own.is_working_day(date(2026, 11, 24))
    assert not own.is_working_day(date(2026, 11, 25))
    assert own.sessions(date(2026, 11, 24))[0][0].time() == time(7)
    assert own.sessions(date(2026, 11, 26))[0][0].time() == time(7, 30)


@pytest.mark.parametrize(
    "text",
    [
        "days: [{date: '2026-13-01', kind: work}]",
        "days: [{date: '2026-11-01', kind: maybe}]",
        "days: [{kind: work}]",
        "hours: [{since: '2026-01-01', sessions: []}]",
        "hours: [{since: '2026-01-01', sessions: [['13:00', '12:00']]}]",
        "hours: [{since: '2026-01-01', sessions: [['07:00', '12:00'], ['11:00', '13:00']]}]",
    ],
)
def test_a_wrong_calendar_names_its_file(tmp_path, text):
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"own\.yaml"):
        clock.read_calendar(tmp_path)


def test_hours_before_the_first_declaration_are_unknown():
    with pytest.raises(ValueError, match="1999"):
        DECLARED.sessions(date(1999, 12, 31))
