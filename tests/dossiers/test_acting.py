"""Acts on dossiers: one event each, the standing follows from the events, the law's clock runs and waits."""

from __future__ import annotations

from datetime import date, datetime

import psycopg
import pytest
from msgspec.structs import replace

from lienthong.clock import VIETNAM
from lienthong.dossiers import acting, dossier
from lienthong.dossiers.dossier import Filing
from lienthong.errors import Conflict, NotAllowed, NotFound, Refused
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Manner, Procedure, TimeLimit

PROCEDURE = Procedure(
    code="1.003844",
    name={"vi": "Cấp giấy phép nhập khẩu thiết bị y tế"},
    levels=("ministry",),
    manners=(
        Manner(
            channel="any",
            limits=(
                TimeLimit(value=15, unit="working_days"),
                TimeLimit(value=2, unit="working_days", clock="urgent"),
            ),
        ),
        Manner(channel="online", limits=(TimeLimit(value=10, unit="working_days"),)),
    ),
)
RECEIVER, PROCESSOR, DECIDER = (frozenset({role}) for role in ("receiver", "processor", "decider"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        catalogue.draft(connection, "editor", PROCEDURE, "test")
        catalogue.publish(connection, "head", PROCEDURE.code, date(2025, 7, 1))
        yield connection
        connection.rollback()


def filed(conn, **more):
    filing = Filing(
        procedure=PROCEDURE.code, unit="G18.12", channel="direct", filed_at=at("2026-11-02 09:00"), central=True,
        applicant={"name": "Nguyễn Văn Mẫu"},
    )  # fmt: skip
    return acting.file(conn, "desk", replace(filing, **more))


def moved(conn, code, *moves):
    for moment, roles, act, about in moves:
        found = acting.move(conn, "officer", roles, code, act, about, at=at(moment))
    return found


def test_the_whole_way_of_a_dossier(conn):
    code = filed(conn).code
    assert code == "G18.12-261102-180001"
    received = moved(conn, code, ("2026-11-02 10:00", RECEIVER, "receive", {}))
    assert received.due_at == at("2026-11-23 10:00")
    moved(conn, code, ("2026-11-03 08:00", PROCESSOR, "start", {}))
    waiting = moved(
        conn, code, ("2026-11-04 10:00", PROCESSOR, "ask_supplement", {"components": ["TP02"]})
    )
    assert (waiting.due_at, waiting.waiting_since) == (None, at("2026-11-04 10:00"))
    back = moved(conn, code, ("2026-11-06 10:00", RECEIVER, "supplement", {}))
    assert back.due_at == at("2026-11-26 10:00"), "two working days later, over Culture Day"
    done = moved(
        conn, code,
        ("2026-11-20 09:00", DECIDER, "settle", {"result": "GP-01"}),
        ("2026-11-20 15:00", RECEIVER, "hand_over", {}),
    )  # fmt: skip
    assert (done.state, done.settled_at) == ("returned", at("2026-11-20 09:00"))
    assert [event.number for event in dossier.events(conn, code)] == list(range(1, 8))


def test_what_is_kept_is_what_the_events_say(conn):
    code = filed(conn, channel="online").code
    moved(
        conn, code,
        ("2026-11-02 09:30", RECEIVER, "ask_supplement", {"components": ["TP01"]}),
        ("2026-11-04 08:00", RECEIVER, "supplement", {}),
        ("2026-11-04 09:00", PROCESSOR, "start", {}),
    )  # fmt: skip
    kept, said = dossier.find(conn, code), acting.standing(conn, code)
    assert {
        name: getattr(kept, name) for name in said.__struct_fields__ if hasattr(kept, name)
    } == {name: getattr(said, name) for name in said.__struct_fields__ if hasattr(kept, name)}
    assert kept.received_at == at("2026-11-04 08:00"), "the clock starts when the dossier is full"
    assert kept.due_at == at("2026-11-18 08:00"), "a wait before reception costs nothing"
    assert kept.reception_due == at("2026-11-03 09:00")


def test_an_urgent_dossier_runs_by_the_urgent_clock(conn):
    code = filed(conn, clock="urgent").code
    assert moved(conn, code, ("2026-11-06 10:00", RECEIVER, "receive", {})).due_at == at(
        "2026-11-10 10:00"
    )


def test_a_dossier_keeps_the_version_of_its_filing_date(conn):
    first = filed(conn)
    catalogue.draft(conn, "editor", replace(PROCEDURE, manners=()), "test")
    catalogue.publish(conn, "head", PROCEDURE.code, date(2026, 11, 3))
    second = filed(conn, filed_at=at("2026-11-03 07:30"))
    assert (first.procedure_version, second.procedure_version) == (1, 2)
    assert moved(conn, first.code, ("2026-11-03 08:00", RECEIVER, "receive", {})).due_at
    assert moved(conn, second.code, ("2026-11-03 08:00", RECEIVER, "receive", {})).due_at is None


def test_a_second_supplement_needs_approval(conn):
    code = filed(conn).code
    moved(
        conn, code,
        ("2026-11-02 10:00", RECEIVER, "receive", {}),
        ("2026-11-03 10:00", PROCESSOR, "ask_supplement", {"components": ["TP01"]}),
        ("2026-11-04 10:00", RECEIVER, "supplement", {}),
    )  # fmt: skip
    again = ("2026-11-05 10:00", PROCESSOR, "ask_supplement", {"components": ["TP02"]})
    with pytest.raises(Refused) as refused:
        moved(conn, code, again)
    assert refused.value.code == "DOSSIER-SUPPLEMENT"
    approved = (*again[:3], {"components": ["TP02"], "approved_by": "head"})
    assert moved(conn, code, approved).supplements == 2


def test_a_letter_of_apology_moves_the_date_once(conn):
    code = filed(conn).code
    moved(conn, code, ("2026-11-02 10:00", RECEIVER, "receive", {}))
    later = at("2026-11-30 10:00")
    assert (
        acting.extend(
            conn, "officer", code, later, "chờ giám định", at=at("2026-11-20 08:00")
        ).due_at
        == later
    )
    with pytest.raises(Refused):
        acting.extend(
            conn, "officer", code, at("2026-12-30 10:00"), "lần hai", at=at("2026-11-21 08:00")
        )


def test_work_is_handed_over(conn):
    code = filed(conn).code
    acting.assign(conn, "head", code, "chuyen-vien-1", at=at("2026-11-02 09:10"))
    assert (
        acting.assign(
            conn, "head", code, "chuyen-vien-2", at=at("2026-11-02 09:20"), why="nghỉ phép"
        ).holder
        == "chuyen-vien-2"
    )


@pytest.mark.parametrize(
    ("moment", "roles", "act", "about", "failure"),
    [
        ("2026-11-02 10:00", DECIDER, "settle", {"result": "x"}, Conflict),
        ("2026-11-02 10:00", DECIDER, "receive", {}, NotAllowed),
        ("2026-11-02 10:00", RECEIVER, "refuse_reception", {}, Refused),
        ("2026-11-02 08:00", RECEIVER, "receive", {}, Refused),
    ],
    ids=["no such move", "not their move", "no reason given", "before the filing"],
)
def test_what_is_refused_changes_nothing(conn, moment, roles, act, about, failure):
    code = filed(conn).code
    with pytest.raises(failure):
        moved(conn, code, (moment, roles, act, about))
    assert len(dossier.events(conn, code)) == 1
    assert dossier.find(conn, code).state == "new"


def test_a_code_of_the_portal_is_kept_and_taken_once(conn):
    code = "G18.12-261102-180777"
    assert filed(conn, code=code, origin="portal").code == code
    with pytest.raises(Conflict):
        filed(conn, code=code, origin="portal")


def test_an_unknown_procedure_takes_no_dossier_and_no_number(conn):
    with pytest.raises(NotFound):
        filed(conn, procedure="1.999999")
    assert filed(conn).code.endswith("180001")


def test_events_are_never_changed(conn):
    filed(conn)
    conn.execute("SET LOCAL ROLE lienthong_app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("UPDATE dossiers.event SET act = 'x'")
