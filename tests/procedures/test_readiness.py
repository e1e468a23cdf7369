"""Readiness of a procedure: seven gates, a service with its reason, and a history that forgets nothing."""

from __future__ import annotations

from datetime import date

import pytest

from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures.known import catalogued
from lienthong.procedures.procedure import (
    Component,
    Decision,
    Manner,
    Procedure,
    Result,
    Step,
    TimeLimit,
)
from lienthong.procedures.readiness import board, standing
from lienthong.procedures.readiness.evidence import PARTS, evidence
from lienthong.procedures.readiness.gates import gates

CODE = "1.012279"


def test_the_gates_are_seven_and_the_reasons_four():
    assert gates().names == ("legal", "process", "form", "data", "technical", "test", "open")
    assert set(gates().reasons) == {"presence", "inspection", "incident", "technical"}


def test_every_part_of_the_law_belongs_to_a_gate():
    whole = Procedure(name={})
    assert set(whole.missing()) == set(PARTS)
    assert {gate for gate, _ in PARTS.values()} <= set(gates().names)


def test_the_catalogue_speaks_but_sets_nothing(connection):
    facts = evidence(catalogued()[CODE])
    assert {(one.gate, one.kind) for one in facts} >= {
        ("process", "lacks"),
        ("technical", "lacks"),
        ("legal", "lacks"),
    }
    assert all(one.sentence["vi"] and one.sentence["fr"] for one in facts)
    assert standing.standing(connection, CODE).ready == 0
    assert standing.changes(connection, CODE) == []


def test_a_complete_procedure_has_nothing_against_it():
    whole = Procedure(
        name={"vi": "A"}, uuid="019d", authority="Bộ", subjects=("a",), sets=1, online="full",
        legal_basis=("NĐ 1/2025",),
        manners=(Manner(channel="online", limits=(TimeLimit(value=1, unit="days"),)),), steps=(Step(name={"vi": "1"}),),
        components=(Component(name={"vi": "Đơn"}, form="f"),), results=(Result(name={"vi": "R"}, code="KQ.1"),),
        decision=Decision(number="1/QĐ-BYT"),
    )  # fmt: skip
    assert [fact for fact in evidence(whole) if fact.kind != "has"] == []


def test_every_change_is_kept(connection):
    standing.set_gate(
        connection, "a", CODE, "legal", state="working", owner="Vụ Pháp chế", due=date(2026, 11, 20)
    )
    standing.set_gate(
        connection,
        "b",
        CODE,
        "legal",
        state="blocked",
        blocker="chờ nghị định",
        due=date(2026, 11, 20),
    )
    standing.set_gate(
        connection,
        "b",
        CODE,
        "legal",
        state="blocked",
        blocker="chờ nghị định",
        due=date(2026, 11, 20),
    )
    newest, first = standing.changes(connection, CODE)
    assert (newest.by, newest.before["state"], newest.after["state"]) == ("b", "working", "blocked")
    assert (first.by, first.before["state"], first.after["owner"]) == (
        "a",
        "waiting",
        "Vụ Pháp chế",
    )
    one = standing.standing(connection, CODE)
    assert one.gates[0].late(date(2026, 11, 23)) == 1
    assert one.blocked[0].blocker == "chờ nghị định"
    standing.set_gate(connection, "b", CODE, "legal", state="ready", blocker="chờ nghị định")
    assert standing.standing(connection, CODE).gates[0].blocker == ""


def test_what_is_refused(connection):
    with pytest.raises(Refused):
        standing.set_gate(connection, "a", CODE, "legal", state="blocked")
    with pytest.raises(Refused):
        standing.set_gate(connection, "a", CODE, "legal", state="nearly")
    with pytest.raises(NotFound):
        standing.set_gate(connection, "a", CODE, "gate", state="ready")
    with pytest.raises(NotFound):
        standing.set_gate(connection, "a", "x", "legal", state="ready")
    with pytest.raises(Conflict):
        standing.set_gate(connection, "a", CODE, "open", state="ready")


def test_a_service_opens_last_and_closes_first(connection):
    for name in gates().names:
        standing.set_gate(connection, "a", CODE, name, state="ready")
    assert standing.standing(connection, CODE).next is None
    with pytest.raises(Conflict):
        standing.set_gate(connection, "a", CODE, "test", state="working")
    standing.set_gate(connection, "a", CODE, "open", state="working")
    standing.set_gate(connection, "a", CODE, "test", state="working")
    assert standing.standing(connection, CODE).next.gate == "test"


def test_a_partial_service_needs_a_published_reason(connection):
    with pytest.raises(Refused, match="224/2026"):
        standing.decide(connection, "a", CODE, priority=1, service="partial")
    with pytest.raises(Refused):
        standing.decide(connection, "a", CODE, priority=1, service="partial", reason="lazy")
    with pytest.raises(Refused):
        standing.decide(connection, "a", CODE, priority=9)
    one = standing.decide(connection, "a", CODE, priority=1, service="partial", reason="inspection")
    assert (one.service, one.reason, one.priority) == ("partial", "inspection", 1)
    one = standing.decide(connection, "a", CODE, priority=None, service="full", reason="inspection")
    assert (one.service, one.reason) == ("full", None)
    assert len(standing.changes(connection, CODE)) == 2


def test_the_board_counts_each_procedure_once_at_each_gate(connection):
    standing.set_gate(connection, "a", CODE, "legal", state="ready")
    standing.set_gate(
        connection,
        "a",
        "1.000056",
        "legal",
        state="working",
        due=date(2026, 11, 2),
        owner="Vụ Pháp chế",
    )
    standing.decide(connection, "a", "1.000056", priority=2)
    whole = board.board(connection, [], date(2026, 11, 23))
    assert whole.basis == "touched"
    assert [line.code for line in whole.lines] == ["1.000056", CODE]
    assert all(sum(states.values()) == 2 for states in whole.states.values())
    assert (whole.late, whole.blocked, whole.open, whole.undecided) == (1, 0, 0, 2)
    for asked, codes in [
        ({"owner": "Vụ Pháp chế"}, ["1.000056"]),
        ({"priority": "2"}, ["1.000056"]),
        ({"gate": "process"}, [CODE]),
        ({"gate": "legal", "state": "ready"}, [CODE]),
        ({"show": "late"}, ["1.000056"]),
        ({"show": "blocked"}, []),
    ]:
        assert [line.code for line in board.chosen(whole.lines, asked)] == codes


def test_a_basis_that_ended_speaks_against_the_legal_gate():
    from lienthong.procedures.legal_basis import touching
    from lienthong.procedures.legal_basis.register import Document, Register

    known = Register(
        [
            Document(number="98/2021/NĐ-CP", effective=date(2022, 1, 1)),
            Document(
                number="9/2026/NĐ-CP", effective=date(2026, 7, 1), replaces=("98/2021/NĐ-CP",)
            ),
        ]
    )
    one = Procedure(name={"vi": "A"}, legal_basis=("NĐ 98/2021/NĐ-CP, Điều 66; NĐ 9/2026/NĐ-CP",))
    assert touching.ended_basis(known, one, date(2026, 6, 30)) == []
    ended = touching.ended_basis(known, one, date(2026, 7, 1))
    assert ended == [("98/2021/NĐ-CP", "9/2026/NĐ-CP")]
    said = [
        fact.sentence["vi"]
        for fact in evidence(one, ended)
        if fact.gate == "legal" and fact.kind == "lacks"
    ]
    assert any("98/2021/NĐ-CP" in sentence for sentence in said)
