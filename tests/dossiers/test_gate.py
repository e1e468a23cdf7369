"""Who sees and does what: an agency its own dossiers and those of its desk, a province its agencies', nobody more."""

from __future__ import annotations

import pytest

from lienthong.access import Actor, policy
from lienthong.database import visible_to
from lienthong.dossiers import asking, dossier, gate
from lienthong.errors import NotAllowed, NotFound
from tests.dossiers.world import (
    ELSEWHERE,
    HEAD,
    PROCESSOR,
    RECEIVER,
    filed,
    person,
    publish,
)


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        publish(connection)
        yield connection
        connection.rollback()


def test_an_agency_sees_its_own_and_what_came_over_its_desk(conn):
    own, far = filed(conn), filed(conn, unit="H29.50", province="79")
    brought = filed(conn, received_by=ELSEWHERE)
    visible_to(conn, facility="H15.50")
    assert seen(conn) == {own, brought}
    visible_to(conn, facility=ELSEWHERE)
    assert seen(conn) == {brought}
    assert not dossier.events(conn, far), "nor what happened to others' dossiers"
    visible_to(conn, province="79")
    assert seen(conn) == {far}
    visible_to(conn)
    assert seen(conn) >= {own, far, brought}


def seen(conn) -> set[str]:
    return {code for (code,) in conn.execute("SELECT code FROM dossiers.dossier")}


def test_without_a_scope_nothing_is_seen(conn):
    filed(conn)
    conn.execute("SELECT set_config('lienthong.scope', '', true)")
    assert seen(conn) == set()


def test_another_agency_may_not_know_of_it(conn):
    code = filed(conn)
    stranger = person("xa", "receiver", "H29.50", "79")
    with pytest.raises(NotFound):
        gate.acts(conn, stranger, code)
    gate.reads(conn, stranger, code)
    with pytest.raises(NotFound):
        dossier.find(conn, code)


def test_the_roles_of_the_site_are_those_of_the_moves(conn):
    code = filed(conn)
    for actor, role in [(RECEIVER, "receiver"), (PROCESSOR, "processor"), (HEAD, "decider")]:
        assert gate.acts(conn, actor, code).roles == {role}
        visible_to(conn)
    operator = Actor(id="op", kind="system", roles=("operator",))
    assert gate.acts(conn, operator, code).roles == {"receiver", "processor", "decider"}


def test_the_desk_elsewhere_gives_back_and_takes_in_but_does_not_receive(conn):
    code = filed(conn, received_by=ELSEWHERE)
    desk, other = person("quay", "receiver", ELSEWHERE), person("khac", "processor", ELSEWHERE)
    assert gate.acts(conn, desk, code).roles == {"counter"}
    visible_to(conn)
    found = dossier.find(conn, code)
    assert {move.act for move in gate.possible(desk, found)} == {"withdraw"}
    assert {move.act for move in gate.possible(RECEIVER, found)} > {"receive"}
    assert not gate.acts(conn, other, code).roles


def test_only_the_competent_head_hands_work_over(conn):
    code = filed(conn, received_by=ELSEWHERE)
    assert gate.heads(conn, HEAD, code, gate.ASSIGN).code == code
    visible_to(conn)
    with pytest.raises(NotAllowed):
        gate.heads(conn, person("dau-kia", "decider", ELSEWHERE), code, gate.ASSIGN)
    with pytest.raises(NotAllowed):
        gate.heads(conn, PROCESSOR, code, gate.ASSIGN)


def test_reading_the_applicant_is_written_down(conn):
    code = filed(conn)
    gate.reads(conn, PROCESSOR, code)
    row = conn.execute("SELECT actor, action, purpose, resource FROM app.read_log").fetchall()
    assert row == [("chuyen-vien", "dossier.read", "procedure", {"dossier": code})]


def test_the_office_lists_and_reads_no_applicant(conn):
    office = Actor(id="vp", kind="person", roles=("office",))
    assert gate.lists(conn, office).facility is None
    with pytest.raises(NotAllowed):
        gate.reads(conn, office, filed(conn))
    assert not policy.may(office, "dossier.process")


@pytest.mark.parametrize(
    ("unit", "province"),
    [("", "79"), ("H29.50", "79"), ("H29.12", "79"), ("H15.50", "66"), ("H15", "66"), ("H77.50", "")],
)  # fmt: skip
def test_a_dossier_belongs_to_the_province_that_settles_it(unit, province):
    desk = person("quay", "receiver", "H29.50", "79")
    asked = asking.NewDossier(procedure="1.012278", unit=unit)
    made = asking.filing_of(desk, asked)
    assert (made.province, made.received_by) == (province, "H29.50")
