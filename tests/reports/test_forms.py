"""Forms II.06 and indicator 2.1: identities for every period, and the bridge between two true numbers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.clock import VIETNAM
from lienthong.dossiers import acting
from lienthong.dossiers.dossier import Filing
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Manner, Procedure, TimeLimit
from lienthong.reports import facts, forms
from lienthong.reports.facts import Fact

NOVEMBER = facts.month(2026, 11)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def fact(received, due, ended=None, **more):
    return Fact(
        code="x", unit=more.pop("unit", "G18.12"), procedure="1.003844", channel=more.pop("channel", "online"),
        state="settled" if ended else "processing", filed_at=at(received), received_at=at(received),
        due_at=due and at(due), ended_at=ended and at(ended), **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "arrival", "form_class", "index_class"),
    [
        (
            fact("2026-11-02 09:00", "2026-11-10 09:00", "2026-11-09 16:00"),
            "received_online",
            "early",
            "on_time",
        ),
        (
            fact("2026-11-02 09:00", "2026-11-10 09:00", "2026-11-10 09:00"),
            "received_online",
            "on_time",
            "on_time",
        ),
        (
            fact("2026-11-02 09:00", "2026-11-10 09:00", "2026-11-10 09:01", channel="post"),
            "received_other",
            "late",
            "overdue",
        ),
        (
            fact("2026-10-30 09:00", "2026-11-10 09:00", "2026-11-06 10:00"),
            "carried_over",
            "early",
            "on_time",
        ),
        (fact("2026-11-02 09:00", "2026-12-10 09:00"), "received_online", "within", "on_time"),
        (fact("2026-11-02 09:00", "2026-11-10 09:00"), "received_online", "overdue", "overdue"),
        (
            fact("2026-11-02 09:00", "2026-11-10 09:00", "2026-12-01 08:00"),
            "received_online",
            "overdue",
            "overdue",
        ),
        (
            fact("2026-11-02 09:00", None, waiting_since=at("2026-11-05 09:00"), supplements=1),
            "received_online",
            "within",
            "undecided",
        ),
        (
            fact("2026-11-02 09:00", "2026-11-20 09:00", "2026-11-12 09:00", supplements=2),
            "received_online",
            "early",
            "overdue",
        ),
        (
            fact("2026-11-02 09:00", None, "2026-11-12 09:00"),
            "received_online",
            "on_time",
            "undecided",
        ),
    ],
)
def test_each_class(one, arrival, form_class, index_class):
    (row,) = forms.form([one], NOVEMBER, forms.by_unit).values()
    assert getattr(row, arrival) == 1
    assert getattr(row, form_class) == 1
    assert row.balanced()
    assert forms.judged(one, NOVEMBER) == index_class


moments = st.datetimes(datetime(2026, 9, 1), datetime(2026, 12, 31)).map(
    lambda m: m.replace(tzinfo=VIETNAM)
)
facts_of_any_kind = st.builds(
    lambda received, due, gap, channel, unit, supplements, ended: Fact(
        code="x", unit=unit, procedure="1.003844", channel=channel, state="settled" if ended else "processing",
        filed_at=received, received_at=received, due_at=due, supplements=supplements,
        ended_at=received + timedelta(hours=gap) if ended else None,
    ),
    moments, st.none() | moments, st.integers(0, 2_000), st.sampled_from(["online", "direct", "post"]),
    st.sampled_from(["A", "B", "C"]), st.integers(0, 2), st.booleans(),
)  # fmt: skip


@given(st.lists(facts_of_any_kind, max_size=40), st.integers(9, 12))
def test_the_identities_hold_for_every_unit_and_period(many, number):
    period = facts.month(2026, number)
    inside = [one for one in many if facts.concerns(one, period)]
    rows = forms.form(inside, period, forms.by_unit)
    whole = forms.total(rows.values())
    for row in [*rows.values(), whole]:
        columns = row.columns()
        assert row.balanced()
        assert columns[0] == sum(columns[1:4])
        assert columns[4] == sum(columns[5:8])
        assert columns[8] == sum(columns[9:11])
    assert whole.received == len(inside)
    assert sum(map(len, forms.bridge(inside, period).values())) == len(inside)


@given(st.lists(facts_of_any_kind, max_size=40), st.integers(9, 11))
def test_what_is_in_process_is_carried_over(many, number):
    here, after = facts.month(2026, number), facts.month(2026, number + 1)
    now = forms.total(
        forms.form([f for f in many if facts.concerns(f, here)], here, forms.by_unit).values()
    )
    then = forms.total(
        forms.form([f for f in many if facts.concerns(f, after)], after, forms.by_unit).values()
    )
    assert then.carried_over == now.in_process


def test_periods_are_days_of_vietnam():
    assert facts.quarter(2026, 4) == facts.Period(date(2026, 10, 1), date(2026, 12, 31))
    assert facts.month(2026, 2).last == date(2026, 2, 28)
    assert facts.month(2026, 12).ends == at("2027-01-01 00:00")
    assert facts.year(2026).holds(at("2026-12-31 23:59"))


PROCEDURE = Procedure(
    code="1.003844", name={"vi": "Cấp giấy phép"}, field="Thiết bị y tế",
    manners=(Manner(limits=(TimeLimit(value=5, unit="working_days"),)),),
)  # fmt: skip
STEPS = {
    "receive": {"receiver"}, "start": {"processor"}, "ask_supplement": {"processor"}, "supplement": {"receiver"},
    "settle": {"decider"},
}  # fmt: skip


def test_the_past_is_computed_again_from_events_and_stays_what_it_was(db):
    with db.connect() as conn:
        catalogue.draft(conn, "editor", PROCEDURE, "test")
        catalogue.publish(conn, "head", PROCEDURE.code, date(2025, 7, 1))

        def dossier(unit, channel, *moves):
            filing = Filing(
                procedure="1.003844", unit=unit, channel=channel, filed_at=at(moves[0][0])
            )
            code = acting.file(conn, "desk", filing).code
            for moment, act in moves:
                said = {"components": ["TP01"], "result": "GP"}
                acting.move(conn, "canbo", frozenset(STEPS[act]), code, act, said, at=at(moment))

        dossier(
            "G18.12",
            "online",
            ("2026-10-28 09:00", "receive"),
            ("2026-10-28 10:00", "start"),
            ("2026-11-03 09:00", "settle"),
        )
        dossier(
            "G18.12",
            "direct",
            ("2026-11-02 09:00", "receive"),
            ("2026-11-02 10:00", "start"),
            ("2026-11-20 09:00", "settle"),
        )
        dossier(
            "G18.12",
            "online",
            ("2026-11-26 09:00", "receive"),
            ("2026-11-26 10:00", "start"),
            ("2026-12-01 09:00", "settle"),
        )
        dossier(
            "G18.13",
            "online",
            ("2026-11-02 09:00", "receive"),
            ("2026-11-02 10:00", "start"),
            ("2026-11-04 09:00", "ask_supplement"),
        )
        found = facts.facts(conn, NOVEMBER)
        rows = forms.form(found, NOVEMBER, forms.by_unit)
        assert rows["G18.12"].columns() == (3, 1, 1, 1, 2, 1, 0, 1, 1, 1, 0)
        assert rows["G18.13"].columns() == (1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0)
        assert forms.form(found, NOVEMBER, forms.by_field)["Thiết bị y tế"].received == 4
        october = forms.form(
            facts.facts(conn, facts.month(2026, 10)), facts.month(2026, 10), forms.by_unit
        )
        assert october["G18.12"].columns() == (1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0)
        assert [one.code for one in facts.facts(conn, NOVEMBER, unit="G18.13")] == [
            "G18.13-261102-0001"
        ]
        conn.rollback()
