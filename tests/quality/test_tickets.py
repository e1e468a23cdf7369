"""A finding becomes a ticket at its source and closes by itself when the corrected record arrives: real intake."""

from __future__ import annotations

from datetime import date

import pytest
from tests.records.conftest import CONTRACT, Desk, csv, read

from lienthong.quality.tickets import ticket, upkeep

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
