"""A result is corrected: no projection is in time or late otherwise than before, unless the custom says so."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.clock import VIETNAM
from lienthong.dossiers import history, worklist
from lienthong.dossiers.customs import Customs, customs_of, customs_on, read_customs
from lienthong.dossiers.deadlines import Limit
from lienthong.dossiers.history import EXTEND, Event, StepTerm, Terms, account, replay
from lienthong.dossiers.moves import moves
from lienthong.errors import Refused
from lienthong.procedures.procedure import Manner, Procedure, TimeLimit
from lienthong.reports import facts, forms, period

TABLE = moves()
LIMIT = Limit(value=5, unit="working_days")
TERMS = Terms(
    limits=(LIMIT,), after=LIMIT, answer=Limit(value=30, unit="days"), ask=Limit(value=2, unit="working_days"),
    steps=(StepTerm(number=1, name={"vi": "Thẩm định"}, limit=Limit(value=1, unit="working_days")),),
)  # fmt: skip
PROCEDURE = Procedure(
    code="1.003844", name={"vi": "x"}, levels=("ministry",),
    manners=(Manner(limits=(TimeLimit(value=5, unit="working_days"),)),),
)  # fmt: skip
FIRST, LAST = Customs(corrected_end="first"), Customs(corrected_end="last")


@st.composite
def lives(draw) -> list[Event]:
    """Any allowed way, the correction of a result liked, with promises of a new date thrown in."""
    moment = datetime(2026, 3, 2, 9, tzinfo=VIETNAM)
    events = [Event(act="filed", to_state="new", at=moment)]
    for _ in range(draw(st.integers(0, 22))):
        moment += timedelta(hours=draw(st.integers(0, 90)))
        state = events[-1].to_state
        ways = [one for one in TABLE.moves if one.from_ == state]
        onwards = (
            "receive",
            "start",
            "settle",
            "hand_over",
            "correct",
            "ask_supplement",
            "supplement",
        )
        liked = [one for one in ways if one.act in onwards]
        if not ways:
            break
        if TABLE.states[state].clock == "runs" and draw(st.integers(0, 6)) == 0:
            due = (moment + timedelta(days=9)).isoformat()
            events.append(
                Event(act=EXTEND, from_state=state, to_state=state, at=moment, about={"due": due})
            )
            continue
        way = draw(st.sampled_from(liked * 5 + ways))
        events.append(Event(act=way.act, from_state=state, to_state=way.to, at=moment))
    return events


def views(events: list[Event], now: datetime) -> dict[str, object]:
    """What each projection says of the deadline and whether it was kept."""
    said = replay(events, TERMS, TABLE)
    fact = facts.fact_of("x", events, TERMS, TABLE, PROCEDURE, unit="G18.12", channel="online")
    over = period.year(2026)
    return {
        "page": (said.due_at, said.ended_at, said.late(now), said.settled_at),
        "rounds of the account": len(
            [e for e in account(events, TABLE) if e.to_state == "supplement"]
        ),
        "fact": (fact.due_at, fact.ended_at, fact.outcome, fact.supplements, fact.asked_fee),
        "form II.06": forms.resolved_as(fact, over),
        "indicator 2.1": forms.judged(fact, over),
        "pauses": said.pauses,
        "extensions": said.extensions,
    }


@settings(max_examples=400, deadline=None)
@given(lives(), st.integers(0, 20000))
def test_a_correction_changes_no_projection(events, later):
    """Whatever happens after a result is taken back: the deadline, the end and the verdicts are those of before."""
    reopened = [at for at in range(1, len(events)) if events[at].act == "correct"]
    if not reopened:
        return
    now = events[-1].at + timedelta(minutes=later)
    before = views(events[: reopened[0]], now)
    for at in range(reopened[0] + 1, len(events) + 1):
        assert views(events[:at], now) == before
    told = replay(events, TERMS, TABLE)
    assert len(told.corrections) == len(reopened)
    assert all(
        one.begun == events[at].at for one, at in zip(told.corrections, reopened, strict=True)
    )
    assert told.state == events[-1].to_state
    assert told.answer_due is None and told.ask_by is None and told.step_due is None


@settings(max_examples=200, deadline=None)
@given(lives())
def test_a_life_without_a_correction_does_not_know_the_custom(events):
    if any(event.act == "correct" for event in events):
        return
    assert replay(events, TERMS, TABLE, customs=FIRST) == replay(events, TERMS, TABLE, customs=LAST)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


CORRECTED = [
    Event(act=act, from_state=before, to_state=to, at=at(f"2026-{moment}"))
    for act, before, to, moment in (
        ("filed", "", "new", "11-02 08:00"), ("receive", "new", "received", "11-02 09:00"),
        ("start", "received", "processing", "11-02 10:00"), ("settle", "processing", "settled", "11-03 09:00"),
        ("hand_over", "settled", "returned", "11-03 10:00"), ("correct", "returned", "processing", "11-25 09:00"),
        ("settle", "processing", "settled", "11-27 09:00"), ("hand_over", "settled", "returned", "11-28 09:00"),
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("custom", "until", "late", "ended", "settled"),
    [
        (FIRST, 6, False, "11-03 09:00", "11-03 09:00"), (FIRST, 8, False, "11-03 09:00", "11-03 09:00"),
        (LAST, 5, False, "11-03 09:00", "11-03 09:00"), (LAST, 6, True, None, None),
        (LAST, 8, True, "11-27 09:00", "11-27 09:00"),
    ],
)  # fmt: skip
def test_the_custom_says_which_end_counts(custom, until, late, ended, settled):
    said = replay(CORRECTED[:until], TERMS, TABLE, customs=custom)
    assert said.late(at("2026-11-29 09:00")) is late
    assert said.ended_at == (at(f"2026-{ended}") if ended else None)
    assert said.settled_at == (at(f"2026-{settled}") if settled else None)
    assert said.due_at == at("2026-11-09 09:00")


def test_a_correction_is_judged_by_the_custom_of_the_day_it_began(monkeypatch):
    own = "corrected_end:\n  - {from: '2000-01-01', value: first}\n  - {from: '2026-11-25', value: last}\n"
    dated = read_customs(own)
    monkeypatch.setattr(history, "customs_on", lambda day: customs_of(dated, day))
    assert replay(CORRECTED, TERMS, TABLE).ended_at == at("2026-11-27 09:00")
    own = own.replace("2026-11-25", "2026-11-26")
    dated = read_customs(own)
    assert replay(CORRECTED, TERMS, TABLE).ended_at == at("2026-11-03 09:00")
    with pytest.raises(Refused, match="middle"):
        read_customs("corrected_end:\n  - {from: '2000-01-01', value: middle}\n")
    assert customs_on(at("2026-11-25 09:00").date()).corrected_end == "first", "as declared"


def test_the_second_decision_stands_beside_the_first():
    (one,) = replay(CORRECTED, TERMS, TABLE).corrections
    assert one == history.Correction(
        begun=at("2026-11-25 09:00"),
        settled=at("2026-11-27 09:00"),
        returned=at("2026-11-28 09:00"),
    )
    (open_,) = replay(CORRECTED[:6], TERMS, TABLE).corrections
    assert (open_.settled, open_.returned) == (None, None)


def test_a_correction_is_work_and_never_overdue():
    row = type(
        "Row",
        (),
        {
            "state": "processing",
            "due_at": at("2026-11-09 09:00"),
            "next_due": None,
            "step_due": None,
        },
    )
    assert worklist.urgency_of(row, at("2026-11-26 09:00")) == "running"
