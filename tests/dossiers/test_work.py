"""The work on dossiers: steps, the worklist, substitutes, handing over, lapsing, results, the explained deadline."""

from __future__ import annotations

from datetime import date

import pytest

from lienthong import audit
from lienthong.access import accounts, operator
from lienthong.dossiers import (
    acting,
    bulk,
    doing,
    dossier,
    explaining,
    handing_over,
    known,
    lapsing,
    results,
    substitution,
    worklist,
)
from lienthong.dossiers.worklist import Whose
from lienthong.errors import Conflict, NotAllowed, NotFound, Refused
from tests.dossiers.world import ELSEWHERE, HEAD, PROCEDURE, UNIT, at, did, filed, filing, publish

ALL = frozenset({"receiver", "processor", "decider"})
RECEIVE, START = did("receive", "2026-11-02 10:00"), did("start", "2026-11-03 08:00")


@pytest.fixture(scope="module")
def people(db):
    with db.connect() as conn:
        for id, role in [("minh", "processor"), ("tu", "processor"), ("lanh-dao", "decider")]:
            accounts.create(
                conn, operator(), id, name=id.title(), roles=[role], facility=UNIT, province="66"
            )


@pytest.fixture
def conn(db, people):
    with db.connect() as connection:
        publish(connection)
        yield connection
        connection.rollback()


def kept(conn, *way, **more) -> str:
    return bulk.keep_many(conn, "demo", [(filing(**more), list(way))])[0].code


def test_the_first_step_begins_with_reception_and_has_its_own_time(conn):
    code = filed(conn)
    assert dossier.find(conn, code).step == 0
    found = acting.move(conn, "tn", ALL, code, "receive", at=at("2026-11-02 10:00"))
    assert (found.step, found.step_since) == (1, at("2026-11-02 10:00"))
    assert found.step_due == at("2026-11-02 16:00"), "half a working day, over the noon break"


def test_steps_go_on_and_back_and_a_wait_inside_moves_their_time(conn):
    code = kept(conn, RECEIVE, START)
    on = acting.step(conn, "cv", ALL, code, at=at("2026-11-03 10:00"))
    assert (on.step, on.step_due) == (2, at("2026-11-19 10:00")), "twelve working days"
    about = {"components": ["TP02"]}
    acting.move(conn, "cv", ALL, code, "ask_supplement", about, at=at("2026-11-05 10:00"))
    assert dossier.find(conn, code).step_due is None
    waited = acting.move(conn, "cv", ALL, code, "supplement", at=at("2026-11-06 10:00"))
    assert waited.step_due == at("2026-11-20 10:00"), "one working day later"
    with pytest.raises(Refused):
        acting.step(conn, "cv", ALL, code, 1, at=at("2026-11-09 10:00"))
    back = acting.step(conn, "ld", ALL, code, 1, reason="thiếu ý kiến", at=at("2026-11-09 10:00"))
    assert back.step == 1
    assert [e.about["step"] for e in dossier.events(conn, code) if e.act == "step"] == [2, 1]
    assert back.state == "processing", "a step moves no state"


@pytest.mark.parametrize(
    ("to", "roles", "failure"),
    [(9, ALL, Conflict), (1, ALL, Conflict), (2, frozenset({"applicant"}), NotAllowed)],
    ids=["no such step", "already there", "not their work"],
)
def test_a_step_that_is_not_there_is_refused(conn, to, roles, failure):
    code = kept(conn, RECEIVE)
    with pytest.raises(failure):
        acting.step(conn, "cv", roles, code, to, at=at("2026-11-03 10:00"))


NOW = at("2026-11-30 10:00")
WAYS = {
    "overdue": ("2026-10-20 09:00", [did("receive", "2026-10-20 10:00")]),
    "today": ("2026-10-30 09:00", [did("receive", "2026-10-30 14:00")]),
    "soon": ("2026-11-01 09:00", [did("receive", "2026-11-03 16:00")]),
    "step_late": ("2026-11-20 09:00", [did("receive", "2026-11-20 10:00")]),
    "new": ("2026-11-30 09:00", []),
    "running": (
        "2026-11-20 09:00",
        [did("receive", "2026-11-20 10:00"), did("step", "2026-11-20 11:00", step=2)],
    ),
    "waiting": (
        "2026-11-20 09:00",
        [did("receive", "2026-11-20 10:00"), did("ask_supplement", "2026-11-20 11:00", components=["x"])],
    ),
    "hand_over": (
        "2026-11-20 09:00",
        [
            did("receive", "2026-11-20 10:00"), did("start", "2026-11-20 11:00"),
            did("settle", "2026-11-25 11:00", result="x"),
        ],
    ),
}  # fmt: skip


def test_the_worklist_puts_the_most_urgent_first_and_counts_all(conn):
    made = {name: kept(conn, *way, filed_at=at(moment)) for name, (moment, way) in WAYS.items()}
    kept(
        conn, *WAYS["hand_over"][1], did("hand_over", "2026-11-26 10:00"),
        filed_at=at("2026-11-20 09:00"),
    )  # fmt: skip
    whose = Whose(unit=UNIT)
    assert worklist.counts(conn, whose, NOW) == dict.fromkeys(worklist.URGENCIES, 1)
    lines = worklist.lines(conn, whose, NOW)
    assert [(one.urgency, one.row.code) for one in lines] == [
        (name, made[name]) for name in worklist.URGENCIES
    ]
    for one in lines:
        assert worklist.urgency_of(dossier.find(conn, one.row.code), NOW) == one.urgency
        assert one.procedure_name["vi"] == PROCEDURE.name["vi"]
    assert [one.urgency for one in worklist.lines(conn, whose, NOW, urgency="today")] == ["today"]


def test_a_desk_elsewhere_sees_what_brings_the_applicant_back(conn):
    for _, way in WAYS.values():
        kept(conn, *way, received_by=ELSEWHERE, filed_at=at("2026-10-20 09:00"))
    desk = {one.urgency for one in worklist.lines(conn, Whose(unit=ELSEWHERE), NOW)}
    assert desk == {"new", "waiting", "hand_over"}
    assert len(worklist.lines(conn, Whose(unit=UNIT), NOW)) == len(WAYS)


def test_a_substitute_has_the_work_of_the_absent_and_acts_name_both(conn):
    code = kept(conn, RECEIVE, did("assign", "2026-11-02 10:30", to="tu"))
    number = substitution.name_substitute(
        conn, "lanh-dao", unit=UNIT, absent="tu", substitute="minh", begins=at("2026-11-03 00:00"),
        ends=at("2026-11-07 00:00"), reason="nghỉ phép",
    )  # fmt: skip
    during, after = at("2026-11-04 10:00"), at("2026-11-09 10:00")
    whose = worklist.of_person(conn, UNIT, "minh", during)
    assert whose.holders == ("minh", "tu")
    assert [one.row.code for one in worklist.lines(conn, whose, during)] == [code]
    assert worklist.of_person(conn, UNIT, "minh", after).holders == ("minh",)
    acting.move(conn, "minh", ALL, code, "start", at=during)
    acting.step(conn, "minh", ALL, code, at=after)
    said = [event.about.get("for") for event in dossier.events(conn, code)[-2:]]
    assert said == ["tu", None]
    [line] = audit.entries(conn, act="dossier.start", limit=1)
    assert (line.actor, line.about["for"]) == ("minh", "tu")
    with pytest.raises(Conflict):
        substitution.name_substitute(
            conn, "lanh-dao", unit=UNIT, absent="tu", substitute="lanh-dao", reason="x",
            begins=at("2026-11-05 00:00"), ends=at("2026-11-06 00:00"),
        )  # fmt: skip
    assert substitution.listed(conn, UNIT)[0].id == number


def test_a_substitution_ends_early(conn):
    from datetime import timedelta

    from lienthong import clock

    number = substitution.name_substitute(
        conn, "ld", unit=UNIT, absent="tu", substitute="minh", reason="x",
        begins=clock.now() - timedelta(days=1), ends=clock.now() + timedelta(days=1),
    )  # fmt: skip
    substitution.end(conn, "ld", number)
    assert substitution.absent_for(conn, "minh", clock.now()) == []
    with pytest.raises(NotFound):
        substitution.end(conn, "ld", number)


def test_everything_somebody_holds_changes_hands_with_a_reason(conn):
    mine = [kept(conn, RECEIVE, did("assign", "2026-11-02 10:30", to="tu")) for _ in range(3)]
    over = kept(
        conn,
        RECEIVE,
        did("assign", "2026-11-02 10:30", to="tu"),
        did("withdraw", "2026-11-03 08:00"),
    )
    with pytest.raises(Refused):
        handing_over.hand_over_all(conn, HEAD, unit=UNIT, from_="tu", to="minh", why=" ")
    with pytest.raises(Refused):
        handing_over.hand_over_all(conn, HEAD, unit=UNIT, from_="tu", to="nobody", why="x")
    done = handing_over.hand_over_all(
        conn, HEAD, unit=UNIT, from_="tu", to="minh", why="chuyển công tác"
    )
    assert done == sorted(mine)
    assert {dossier.find(conn, code).holder for code in mine} == {"minh"}
    assert dossier.find(conn, over).holder == "tu", "what is over is nobody's work"
    assert dossier.events(conn, mine[0])[-1].about == {"to": "minh", "reason": "chuyển công tác"}
    by_id = {one.id: one.open for one in handing_over.colleagues(conn, UNIT)}
    assert (by_id["minh"], by_id["tu"]) == (3, 0)


def asked(conn, moment="2026-11-04 10:00") -> str:
    return kept(conn, RECEIVE, START, did("ask_supplement", moment, components=["TP02"]))


def test_a_dossier_lapses_when_nobody_answers_and_only_once(conn):
    code = asked(conn)
    due = dossier.find(conn, code).answer_due
    assert due == at("2026-12-04 17:00"), "thirty days, to the end of the working day"
    assert lapsing.lapse(conn, now=at("2026-12-04 16:59")) == []
    assert lapsing.lapse(conn, now=at("2026-12-04 17:00")) == [code]
    assert lapsing.lapse(conn, now=at("2026-12-05 17:00")) == []
    found = dossier.find(conn, code)
    assert found.state == "stopped"
    assert dossier.events(conn, code)[-1].role == "clock"


def test_an_answer_in_time_keeps_it_alive_and_counts_anew(conn):
    code = asked(conn)
    back = acting.move(conn, "tn", ALL, code, "supplement", at=at("2026-11-30 09:00"))
    assert back.due_at == at("2026-12-14 09:00"), "ten working days from the supplement"
    assert lapsing.lapse(conn, now=at("2027-01-04 17:00")) == []


def test_rounds_of_supplements_come_to_an_end(conn):
    code = asked(conn)
    about = {"components": ["x"], "approved_by": "lanh-dao"}
    acting.move(conn, "tn", ALL, code, "supplement", at=at("2026-11-05 09:00"))
    acting.move(conn, "cv", ALL, code, "ask_supplement", about, at=at("2026-11-06 09:00"))
    acting.move(conn, "tn", ALL, code, "supplement", at=at("2026-11-09 09:00"))
    with pytest.raises(Refused) as refused:
        acting.move(conn, "cv", ALL, code, "ask_supplement", about, at=at("2026-11-10 09:00"))
    assert refused.value.code == "DOSSIER-ROUNDS"
    terms = known.Known().of(conn, dossier.find(conn, code))
    offered = {one.act for one in doing.next_acts(HEAD, dossier.find(conn, code), terms)}
    assert "ask_supplement" not in offered
    assert "settle" in offered


def test_a_result_is_kept_as_data_and_a_corrected_one_stays(conn):
    code = kept(conn, RECEIVE, START)
    said = {
        "result": "Giấy phép", "result_code": "KQ.01", "number": "66-GP", "valid_from": "2026-11-20",
        "data": {"holder": "Nguyễn Văn Mẫu"},
    }  # fmt: skip
    acting.move(conn, "ld", ALL, code, "settle", said, at=at("2026-11-20 09:00"))
    about = dossier.events(conn, code)[-1].about
    assert about == {"result": "Giấy phép", "result_code": "KQ.01"}, "no person in the events"
    acting.move(conn, "tn", ALL, code, "hand_over", at=at("2026-11-20 15:00"))
    acting.move(conn, "ld", ALL, code, "correct", {"reason": "sai tên"}, at=at("2026-11-23 09:00"))
    again = said | {"number": "66A-GP", "valid_to": "2030-01-01"}
    acting.move(conn, "ld", ALL, code, "settle", again, at=at("2026-11-24 09:00"))
    new, old = results.results(conn, code)
    assert (new.number, new.valid_to, new.corrected_at) == ("66A-GP", date(2030, 1, 1), None)
    assert (old.number, old.valid_from, old.corrected_at) == (
        "66-GP", date(2026, 11, 20), at("2026-11-23 09:00"),
    )  # fmt: skip
    with pytest.raises(Refused):
        wrong = kept(conn, RECEIVE, START)
        acting.move(conn, "ld", ALL, wrong, "settle", said | {"valid_to": "2020-01-01"})


def test_the_way_to_a_due_date_is_told(conn):
    code = kept(
        conn, did("receive", "2026-11-16 10:00"), did("ask_payment", "2026-11-18 10:00", fees=["x"]),
        did("paid", "2026-11-19 10:00"),
    )  # fmt: skip
    found = dossier.find(conn, code)
    told = explaining.explain(acting.standing(conn, code), known.Known().of(conn, found))
    assert told.begins == at("2026-11-16 10:00")
    assert [wait.hours for wait in told.waits] == [8.0]
    assert told.off == (date(2026, 11, 24),), "Culture Day"
    assert told.first == at("2026-12-15 10:00")
    assert told.due == found.due_at == at("2026-12-16 10:00")
