"""Deadlines: cases computed by hand, and laws that hold for every limit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.clock import VIETNAM, calendar, working_time_between
from lienthong.dossiers import deadlines
from lienthong.dossiers.customs import Customs, customs_of, read_customs
from lienthong.dossiers.deadlines import Limit, Pause
from lienthong.dossiers.explaining import explain
from lienthong.dossiers.history import Event, Terms, replay
from lienthong.dossiers.moves import moves as table
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


@pytest.mark.parametrize(("handed_in", "ends", "why"), CASES["handed_in"])
def test_paper_reaches_its_agency_by_then(handed_in, ends, why):
    assert deadlines.transfer_due(at(handed_in)) == at(ends), why


OWN = """
transfer_until: [{from: '2026-12-01', value: '14:00'}]
reception_hours: [{from: '2026-12-01', value: 4}]
"""


def test_an_official_changes_customs_from_a_day_on():
    dated = read_customs("reception_hours: [{from: '2000-01-01', value: 8}]", OWN)
    before, after = (customs_of(dated, date(2026, *day)) for day in ((11, 30), (12, 1)))
    assert (before.reception_hours, after.reception_hours) == (8, 4)
    assert (before.transfer_until, after.transfer_until) == (time(15), time(14))
    late = at("2026-12-01 14:30")
    assert deadlines.transfer_due(late, customs=before) == at("2026-12-01 17:00")
    assert deadlines.transfer_due(late, customs=after) == at("2026-12-02 11:30")


@pytest.mark.parametrize(
    "wrong",
    [
        "transfer_until: [{from: '2026-12-01', value: late}]",
        "reception_hours: [{from: soon, value: 4}]",
        "recepton_hours: [{from: '2026-12-01', value: 4}]",
        "- 4",
        "a: [",
    ],
)
def test_wrong_customs_are_refused(wrong):
    with pytest.raises(Refused, match=r"DOSSIER-CUSTOMS|customs\.yaml"):
        read_customs(wrong)


def test_an_online_dossier_is_received_within_eight_working_hours():
    assert deadlines.reception_due(at("2026-11-02 16:00")) == at("2026-11-03 16:00")
    two = Customs(reception_hours=2)
    assert deadlines.reception_due(at("2026-11-06 16:00"), customs=two) == at("2026-11-09 08:00")


ONLINE = at("2026-11-02 09:00")  # to be looked at by Tuesday 09:00


@pytest.mark.parametrize(
    ("moves", "late"),
    [
        ([], True),
        ([("receive", "received", "2026-11-03 08:59")], False),
        ([("receive", "received", "2026-11-03 09:01")], True),
        ([("refuse_reception", "not_received", "2026-11-02 16:00")], False),
        (
            [
                ("ask_supplement", "supplement", "2026-11-02 15:00"),
                ("supplement", "received", "2026-11-20 10:00"),
            ],
            False,
        ),
        ([("ask_supplement", "supplement", "2026-11-04 15:00")], True),
        ([("withdraw", "withdrawn", "2026-11-02 10:00")], False),
    ],
)
def test_reception_is_late_when_nobody_looked_in_time(moves, late):
    """Who is asked for a supplement on the first day was looked at on that day, however long the answer takes."""
    happened = [Event(act="filed", to_state="new", at=ONLINE)]
    happened += [Event(act=act, to_state=to, at=at(moment)) for act, to, moment in moves]
    found = replay(happened, [limit("5 working_days")], table(), online=True)
    assert found.reception_late(at("2026-11-23 10:00")) is late


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


INSURANCE = Terms(
    limits=(limit("10 days"),),
    ask=limit("5 working_days"),
    answer=limit("30 days"),
    after=limit("10 days"),
)


def replayed(*moves, terms=INSURANCE):
    happened = [Event(act="filed", to_state="new", at=at("2026-11-02 09:00"))]
    happened += [Event(act=act, to_state=to, at=at(moment)) for act, to, moment in moves]
    return replay(happened, terms, table())


RECEIVED = ("receive", "received", "2026-11-02 10:00")
ASKED = ("ask_supplement", "supplement", "2026-11-05 10:00")
ANSWERED = ("supplement", "processing", "2026-11-12 10:00")


def test_what_is_missing_is_named_within_its_own_time():
    """First insurance contract: remarks within 5 working days, 30 days to answer, then 10 days."""
    assert replayed().ask_by is None, "nothing counts before reception"
    assert replayed(RECEIVED).ask_by == at("2026-11-09 10:00")
    asked = replayed(RECEIVED, ASKED)
    assert (asked.ask_by, asked.answer_due) == (None, at("2026-12-07 17:00"))
    assert replayed(RECEIVED, ASKED, ANSWERED).due_at == at("2026-11-23 17:00")


EARLY = (
    ("ask_payment", "payment", "2026-11-03 10:00"),
    ("paid", "processing", "2026-11-04 10:00"),
)


def test_the_explanation_counts_from_the_supplement_and_not_from_a_payment():
    paid = [
        ("ask_payment", "payment", "2026-11-16 10:00"),
        ("paid", "processing", "2026-11-18 10:00"),
    ]
    found = replayed(RECEIVED, ASKED, ANSWERED, *paid)
    told = explain(found, INSURANCE)
    assert found.due_at == told.due == at("2026-11-26 17:00")
    assert (told.begins, told.first) == (at("2026-11-12 10:00"), at("2026-11-23 17:00"))
    assert [one.hours for one in told.waits] == [16]
    before = replayed(
        RECEIVED,
        ("ask_payment", "payment", "2026-11-03 10:00"),
        ("paid", "processing", "2026-11-04 10:00"),
    )
    assert explain(before, INSURANCE).begins == at("2026-11-02 10:00")
    again = replayed(RECEIVED, *EARLY, ASKED)
    assert explain(again, INSURANCE).begins == at("2026-11-02 10:00"), "nothing has come yet"
