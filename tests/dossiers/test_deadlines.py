"""Deadlines: cases computed by hand, and laws that hold for every limit."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.clock import VIETNAM, calendar, working_time_between
from lienthong.dossiers import deadlines
from lienthong.dossiers.deadlines import Customs, Limit, Pause
from lienthong.errors import Refused

CASES = yaml.safe_load((Path(__file__).parent / "deadline_cases.yaml").read_text("utf-8"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def limit(text: str) -> Limit:
    value, unit = text.split()
    return Limit(value=float(value), unit=unit)


def pauses(spans) -> list[Pause]:
    return [Pause(begun=at(begun), ended=at(ended)) for begun, ended in spans]


def test_there_are_cases_enough():
    assert sum(len(CASES[part]) for part in ("limits", "pauses", "stages")) >= 60


@pytest.mark.parametrize(("start", "given", "ends", "why"), CASES["limits"])
def test_limits(start, given, ends, why):
    assert deadlines.due(at(start), limit(given)) == at(ends), why


@pytest.mark.parametrize(("start", "given", "spans", "ends", "why"), CASES["pauses"])
def test_pauses(start, given, spans, ends, why):
    whole = limit(given)
    found = deadlines.prolonged(deadlines.due(at(start), whole), whole.unit, pauses(spans))
    assert found == at(ends), why


@pytest.mark.parametrize(("start", "given", "ends", "why"), CASES["stages"])
def test_stages(start, given, ends, why):
    found = deadlines.due_in_stages(at(start), [limit(one) for one in given])
    assert found == [at(end) for end in ends], why


@pytest.mark.parametrize(("received", "reaches"), CASES["transfers"])
def test_paper_is_transferred_the_same_day_until_15_00(received, reaches):
    assert deadlines.transferred(at(received)) == at(reaches)


def test_an_online_dossier_is_received_within_eight_working_hours():
    assert deadlines.reception_due(at("2026-11-02 16:00")) == at("2026-11-03 16:00")
    two = Customs(reception_hours=2)
    assert deadlines.reception_due(at("2026-11-06 16:00"), customs=two) == at("2026-11-09 08:00")


def test_a_dossier_lapses_when_the_window_to_supplement_ends():
    assert deadlines.lapses(at("2026-11-02 10:00"), limit("30 days")) == at("2026-12-02 17:00")


def test_an_open_wait_has_no_end_yet():
    waiting = [Pause(begun=at("2026-11-03 10:00"))]
    ends = at("2026-11-09 10:00")
    assert deadlines.prolonged(ends, "working_days", waiting) is None
    known = deadlines.prolonged(ends, "working_days", waiting, at=at("2026-11-04 10:00"))
    assert known == at("2026-11-10 10:00")


class TestExtension:
    ends, later = at("2026-11-09 10:00"), at("2026-11-16 10:00")

    def test_once_before_the_deadline(self):
        assert deadlines.extended(self.ends, self.later, at("2026-11-09 09:59")) == self.later

    @pytest.mark.parametrize(
        ("moment", "new_end", "before", "code"),
        [
            ("2026-11-09 10:00", "2026-11-16 10:00", 0, "DEADLINE-PASSED"),
            ("2026-11-05 10:00", "2026-11-16 10:00", 1, "DEADLINE-TWICE"),
            ("2026-11-05 10:00", "2026-11-09 10:00", 0, "DEADLINE-EARLIER"),
        ],
    )
    def test_what_is_refused(self, moment, new_end, before, code):
        with pytest.raises(Refused) as refused:
            deadlines.extended(self.ends, at(new_end), at(moment), before=before)
        assert refused.value.code == code

    def test_where_the_letter_must_be_out_a_day_before(self):
        rules = Customs(apology_before=1)
        with pytest.raises(Refused):
            deadlines.extended(self.ends, self.later, at("2026-11-06 10:00"), customs=rules)
        early = at("2026-11-06 09:59")
        assert deadlines.extended(self.ends, self.later, early, customs=rules) == self.later


def test_half_a_calendar_day_is_refused():
    with pytest.raises(Refused, match="DEADLINE-HALF|whole"):
        deadlines.due(at("2026-11-02 10:00"), limit("0.5 days"))


moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 6, 1)).map(
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=VIETNAM)
)
limits = st.one_of(
    st.builds(
        Limit,
        value=st.sampled_from([0.5, 1, 1.5, 2, 5, 10, 15, 30]),
        unit=st.sampled_from(["working_days", "working_hours", "hours"]),
    ),
    st.builds(
        Limit,
        value=st.integers(1, 90).map(float),
        unit=st.sampled_from(["days"]),
    ),
    st.builds(Limit, value=st.integers(1, 6).map(float), unit=st.just("months")),
    st.just(Limit(unit="immediate")),
)


@settings(max_examples=150, deadline=None)
@given(moments, st.integers(0, 20_000), limits)
def test_later_starts_never_end_earlier(start, minutes, whole):
    later = start + timedelta(minutes=minutes)
    assert deadlines.due(start, whole) <= deadlines.due(later, whole)


@settings(max_examples=150, deadline=None)
@given(moments, limits)
def test_a_deadline_is_never_before_its_start_and_stands_in_working_time(start, whole):
    ends = deadlines.due(start, whole)
    assert ends >= start
    if whole.unit != "hours":
        sessions = calendar().sessions(ends.date())
        assert any(opens < ends <= closes for opens, closes in sessions)


@settings(max_examples=150, deadline=None)
@given(moments, limits, st.lists(st.tuples(moments, st.integers(0, 6_000)), max_size=3))
def test_pauses_add_exactly_the_working_time_waited(start, whole, spans):
    waits = [Pause(begun=b, ended=b + timedelta(minutes=m)) for b, m in spans]
    ends = deadlines.due(start, whole)
    found = deadlines.prolonged(ends, whole.unit, waits)
    minutes = {
        b + timedelta(minutes=n) for b, m in spans for n in range(m)
    }  # every minute waited, once
    used = calendar()
    if whole.unit == "hours":
        assert found - ends == timedelta(minutes=len(minutes))
        return
    open_minutes = sum(
        any(opens <= minute < closes for opens, closes in used.sessions(minute.date()))
        for minute in minutes
    )
    assert working_time_between(ends, found) == timedelta(minutes=open_minutes)
