"""A finding becomes a ticket at its source and closes by itself when the corrected record arrives: real intake."""

from __future__ import annotations

import io
from datetime import date

import pytest
from python_calamine import CalamineWorkbook
from tests.records.conftest import CONTRACT, Desk, csv, read
from tests.records.crossed import Town

from lienthong import audit, clock
from lienthong.database import visible_to
from lienthong.errors import Conflict, Refused
from lienthong.quality.tickets import acts, correction, holders, ticket, upkeep, worklist
from lienthong.quality.tickets.escalation import escalate
from lienthong.records import quarantine

TODAY = date(2026, 11, 20)


@pytest.fixture
def desk(fresh_db, home):
    made = Desk(fresh_db, home, read(CONTRACT))
    yield made
    made.conn.close()


def open_tickets(desk: Desk, show: ticket.Show = "active") -> dict[str, ticket.Ticket]:
    upkeep.keep_up(desk.conn)
    return {one.rule_key: one for one in ticket.listed(desk.conn, today=TODAY, show=show)}


def test_a_quarantined_record_opens_a_ticket_and_the_corrected_one_closes_it(desk):
    desk.send(csv(("a", 9, 30, 1), ("b", 1, 40, 2)))
    ((key, one),) = open_tickets(desk).items()
    assert (one.sender, one.contract, one.table_name, one.field) == (
        "01999",
        "trial",
        "VISIT",
        "SEX",
    )
    assert (one.state, one.open_rows, one.severity) == ("open", 1, "error")
    assert one.opened_on < one.plan_due < one.mend_due < one.field_due

    desk.send(csv(("a", 2, 30, 1)))
    assert open_tickets(desk) == {}
    closed = ticket.one(desk.conn, one.id)
    assert (closed.state, closed.open_rows, closed.most_rows) == ("closed", 0, 1)
    assert [act.act for act in ticket.acts(desk.conn, one.id)] == ["opened", "closed"]


def rows(found: dict[str, ticket.Ticket]) -> dict[str, int]:
    """Rule (or the field it blames) to the rows that are open."""
    return {one.field or one.rule: one.open_rows for one in found.values()}


def test_a_ticket_stays_open_while_any_record_breaks_its_rule(desk):
    desk.send(csv(("a", 9, 30, 1), ("b", 9, 40, 2), ("c", 1, 120, 3)))
    assert rows(open_tickets(desk)) == {"SEX": 2, "OLD": 1}
    desk.send(csv(("a", 1, 30, 1), ("c", 1, 12, 3)))
    assert rows(open_tickets(desk)) == {"SEX": 1}


def test_a_fault_that_comes_back_opens_the_same_ticket_with_a_new_clock(desk):
    desk.send(csv(("a", 9, 30, 1)))
    (first,) = open_tickets(desk).values()
    acts.plan(desk.conn, first.id, "Sai danh mục", "Sửa phần mềm", "mai")
    desk.send(csv(("a", 1, 30, 1)))
    assert open_tickets(desk) == {}
    desk.send(csv(("b", 9, 30, 1)))
    (again,) = open_tickets(desk).values()
    assert (again.id, again.state, again.reopened, again.plan) == (first.id, "open", 1, None)
    told = [act.act for act in ticket.acts(desk.conn, first.id)]
    assert told == ["opened", "planned", "closed", "reopened"]


def test_reasons_of_the_store_are_tickets_too_and_raise_the_alarm(desk):
    desk.send(csv((None, 1, 30, 1), ("x", 1, 30, 1), ("x", 1, 31, 1)))
    found = open_tickets(desk, "alert")
    assert {"STORE-01", "STORE-03"} & {one.rule for one in found.values()}
    desk.send(csv(("x", 1, 31, 1)))
    assert "STORE-03" not in {one.rule for one in open_tickets(desk).values()}


def test_giving_records_up_closes_their_ticket(desk):
    desk.send(csv(("a", 9, 30, 1)))
    assert rows(open_tickets(desk)) == {"SEX": 1}
    entry = desk.one("SELECT id FROM records.quarantine")
    quarantine.abandon(desk.conn, entry, "bản ghi thử, không có thật", "mai")
    assert open_tickets(desk) == {}


def test_the_records_of_a_ticket_are_as_many_as_it_counts(desk):
    desk.send(csv(("a", 9, 120, 1), ("b", 9, 40, 2), ("c", 1, 120, 3), ("d", 1, 130, 3)))
    for one in open_tickets(desk).values():
        found = holders.holders(desk.conn, desk.contract, one)
        assert len(found) == one.open_rows, one.rule
        if one.rule == "OLD":  # one of them waits in quarantine for another reason
            standing = sorted((held.standing, held.key) for held in found)
            assert standing == [("kept", "c"), ("kept", "d"), ("quarantined", "a")]


def test_only_what_moved_is_looked_at_again(desk):
    desk.send(csv(("a", 9, 30, 1)))
    open_tickets(desk)
    assert desk.one("SELECT count(*) FROM quality.ticket_work") == 0
    desk.send(csv(("n", 1, 30, 1)))  # nothing wrong: no mark
    assert desk.one("SELECT count(*) FROM quality.ticket_work") == 0
    desk.send(csv(("m", 9, 30, 1)))
    assert desk.one("SELECT count(DISTINCT (contract, sender)) FROM quality.ticket_work") == 1


def test_a_sweep_says_what_the_marks_said(desk):
    desk.send(csv(("a", 9, 30, 1), ("c", 1, 120, 3)))
    desk.send(csv(("b", 9, 30, 1)), sender="01001")
    desk.conn.execute("DELETE FROM quality.ticket_work")
    upkeep.sweep(desk.conn)
    found = {
        (o.sender, o.field or o.rule): o.open_rows for o in ticket.listed(desk.conn, today=TODAY)
    }
    assert found == {("01999", "SEX"): 1, ("01999", "OLD"): 1, ("01001", "SEX"): 1}


class TestTheClock:
    """Five, ten, fifteen working days, and who is told."""

    def test_the_days_are_those_of_the_letter(self):
        # A Friday; Tuesday the 24th is a holiday.
        last = correction.due(date(2026, 11, 20))
        assert (last.plan, last.mend, last.field) == (
            date(2026, 11, 30), date(2026, 12, 7), date(2026, 12, 14),
        )  # fmt: skip

    def test_a_plan_moves_the_day_and_a_field_check_only_when_it_is_granted(self, desk):
        desk.send(csv(("a", 9, 30, 1)))
        (one,) = open_tickets(desk).values()
        assert one.due == one.plan_due
        planned = acts.plan(
            desk.conn, one.id, "Sai danh mục", "Sửa phần mềm", "mai", field="Phải về xã xác minh"
        )
        assert (planned.state, planned.field_check, planned.due) == (
            "planned",
            "asked",
            one.mend_due,
        )
        granted = acts.decide(desk.conn, one.id, True, "Đúng là phải xác minh", "owner")
        assert granted.due == one.field_due
        with pytest.raises(Conflict):
            acts.decide(desk.conn, one.id, False, "Không cần nữa", "owner")

    def test_who_is_late_is_told_on_once_for_each_step(self, desk):
        desk.send(csv(("a", 9, 30, 1)))
        (one,) = open_tickets(desk).values()
        assert escalate(desk.conn, one.plan_due) == {}
        late = clock.add_working_days(one.plan_due, 1)
        assert escalate(desk.conn, late) == {1: [one.id]}
        assert escalate(desk.conn, late) == {}
        assert escalate(desk.conn, clock.add_working_days(one.plan_due, 6)) == {2: [one.id]}
        told = ticket.acts(desk.conn, one.id)[-1]
        assert (told.act, told.about["to"], told.about["late"]) == ("escalated", "ministry", 6)
        acts.plan(desk.conn, one.id, "Sai danh mục", "Sửa phần mềm", "mai")
        assert ticket.one(desk.conn, one.id).level == 0

    def test_a_closed_ticket_takes_no_plan_and_an_empty_plan_is_none(self, desk):
        desk.send(csv(("a", 9, 30, 1)))
        (one,) = open_tickets(desk).values()
        with pytest.raises(Refused):
            acts.plan(desk.conn, one.id, "  ", "Sửa phần mềm", "mai")
        desk.send(csv(("a", 1, 30, 1)))
        open_tickets(desk)
        with pytest.raises(Conflict):
            acts.plan(desk.conn, one.id, "Sai danh mục", "Sửa phần mềm", "mai")


def test_every_act_is_in_the_audit_trail(desk):
    desk.send(csv(("a", 9, 30, 1)))
    (one,) = open_tickets(desk).values()
    acts.plan(desk.conn, one.id, "Sai danh mục", "Sửa phần mềm", "mai")
    desk.send(csv(("a", 1, 30, 1)))
    open_tickets(desk)
    kept = audit.entries(desk.conn, act="tickets.kept")
    assert [entry.about for entry in kept] == [{"closed": [one.id]}, {"opened": [one.id]}]
    (planned,) = audit.entries(desk.conn, act="ticket.planned")
    assert planned.about == {"ticket": one.id, "contract": "trial", "sender": "01999"}


def test_no_cell_of_a_worklist_begins_a_formula(desk):
    desk.send(csv(("=1+1", 1, 130, 1)))
    (one,) = open_tickets(desk).values()
    held = [(one, record) for record in holders.holders(desk.conn, desk.contract, one)]
    sheet = worklist.records_sheet(held, {}, language="en")
    assert ",'=1+1," in worklist.as_csv(sheet).decode("utf-8-sig")
    sheet = worklist.records_sheet(held, {}, language="en")
    book = CalamineWorkbook.from_filelike(io.BytesIO(worklist.as_xlsx([sheet])))
    assert "=1+1" in book.get_sheet_by_index(0).to_python()[1]


def test_a_ticket_names_the_other_record_and_closes_when_the_other_side_is_mended(fresh_db, home):
    town = Town(fresh_db, home)
    town.send("registers", "DEATH.csv", "NR,PERSON,DAY\nD1,p2,20260105\n", "01000")
    town.send("wards", "VISIT.csv", "ID,DOC,PERSON,DAY\nv3,L1,p2,20260110\n")
    town.again()
    upkeep.keep_up(town.conn)
    found = {one.rule: one for one in ticket.listed(town.conn, today=TODAY)}
    assert not found["T-DEAD"].alert, "the other side may be wrong"
    (held,) = holders.holders(town.conn, town.contracts["wards"], found["T-DEAD"])
    assert (held.key, [other["key"] for other in held.others]) == ("v3", ["D1"])
    assert held.others[0]["sender"] == "01000"
    with town.conn.transaction():
        visible_to(town.conn, facility="01999")
        (own,) = holders.holders(town.conn, town.contracts["wards"], found["T-DEAD"])
    assert (own.others[0]["key"], own.others[0]["sender"]) == ("D1", ""), "nobody else's patients"
    town.send("registers", "DEATH.csv", "NR,PERSON,DAY\nD1,p4,20260105\n", "01000")
    town.again()
    upkeep.keep_up(town.conn)
    assert ticket.one(town.conn, found["T-DEAD"].id).state == "closed"
    town.conn.close()
