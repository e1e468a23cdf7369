"""A result is corrected long after its deadline: page, worklist, Portal, comparison, form and index agree on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lienthong.access import accounts, operator
from lienthong.dossiers import acting, dossier, history, listing, worklist
from lienthong.dossiers.customs import Customs
from lienthong.partners.portal import reconciling, seen, times
from lienthong.partners.stand_ins.portal import statistics
from lienthong.partners.stand_ins.portal.site import StandIn
from lienthong.reports import cells, counting, facts, forms, period, standing
from lienthong.reports.cells import Among, Reading
from tests.journeys.conftest import PASSWORD
from tests.partners.portal_world import ALL, SAID, World, published

UNIT = "G18.12.077"
SEPTEMBER, OCTOBER = period.month(2026, 9), period.month(2026, 10)


@pytest.fixture(scope="module")
def office(db, site):
    """An agency, its head, and a Portal beside it."""
    with db.connect() as conn:
        published(conn)
        accounts.create(
            conn, operator(), "sua", name="Person sua", roles=["decider"], password=PASSWORD, facility=UNIT
        )  # fmt: skip
    with StandIn() as standin:
        made = World(db, standin, unit=UNIT)
        made.now = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
        yield made
        made.client.close()


def act(world, code, name, when: datetime) -> None:
    world.now = when
    with world.db.connect() as conn:
        acting.move(conn, "canbo", ALL, code, name, SAID, at=when)


def test_everybody_says_the_same_of_a_corrected_result(db, office, site):
    world = office
    code = world.filed("receive", "start", "settle", "hand_over")
    with db.connect() as conn:
        first = dossier.find(conn, code)
    assert first.settled_at < first.due_at
    world.send()
    agree(world, site, code, first, corrections=0)
    opened = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
    assert first.due_at < opened
    act(world, code, "correct", opened)
    world.send()
    agree(world, site, code, first, corrections=1)
    with db.connect(autocommit=True) as conn:
        whose = worklist.Whose(unit=UNIT)
        counts = worklist.counts(conn, whose, world.now)
        assert (counts["overdue"], counts["running"]) == (0, 1), (
            "it is work, and nothing of it is overdue"
        )
        (line,) = worklist.lines(conn, whose, world.now)
        assert not line.late and line.row.next_due is None
        assert worklist.urgency_of(dossier.find(conn, code), world.now) == line.urgency
        due = listing.listed(conn, listing.Among(unit=UNIT, order="due"))
        assert due.dossiers == [], "it has no deadline that could be the nearest"
    act(world, code, "ask_supplement", opened + timedelta(hours=1))
    act(world, code, "supplement", opened + timedelta(days=1))
    act(world, code, "settle", opened + timedelta(days=2))
    act(world, code, "hand_over", opened + timedelta(days=3))
    world.send()
    agree(world, site, code, first, corrections=1)


def agree(world, site, code, first, *, corrections: int) -> None:
    """Each view of the dossier; `first` is how it stood when it was handed over for the first time."""
    with world.db.connect(autocommit=True) as conn:
        now = dossier.find(conn, code)
        assert (now.ended_at, now.settled_at, now.due_at) == (
            first.ended_at,
            first.settled_at,
            first.due_at,
        )
        said = world.standin.memory.dossiers[code]
        assert said["NgayKetThucXuLy"] == times.written(first.settled_at)
        assert said["NgayHenTra"] == times.written(first.due_at)
        assert said.get("DanhSachHoSoBoSung", []) == []
        assert reconciling.reconcile(conn, world.client, [code], now=world.now) == []
        both = seen.seen(conn, code)
        assert (both.overdue, both.settled_at, both.their_settled) == (
            "no",
            first.settled_at,
            first.settled_at,
        )
        days = statistics.daily(world.standin.memory, SEPTEMBER.first, OCTOBER.last)
        assert [(day.settled, day.late) for day in days if day.settled or day.late] == [(1, 0)]
        standing.follow(conn)
        (fact,) = facts.facts(conn, SEPTEMBER, unit=UNIT)
        assert forms.resolved_as(fact, SEPTEMBER) == "early"
        assert facts.facts(conn, OCTOBER, unit=UNIT) == [], (
            "October neither carries it over nor settles it"
        )
        wanted = dict(cells.LAW) | cells.portal(Reading())
        among = Among(unit=UNIT)
        counted = counting.count(conn, SEPTEMBER, wanted, among=among)[""]
        assert (counted["resolved"], counted["early"], counted["late"], counted["overdue"]) == (
            1,
            1,
            0,
            0,
        )
        assert (counted["portal_on_time"], counted["portal_overdue"]) == (1, 0)
        assert (
            counting.count(conn, OCTOBER, wanted, among=among).get("", {}).get("received", 0) == 0
        )
    page = read(site, code)
    assert "trong hạn" in page and ">quá hạn<" not in page and "tag error" not in page
    assert page.count("Đính chính kết quả</dt>") == corrections
    assert ("Đây là suy luận" in page or "đây là suy luận" in page) == bool(corrections)


def read(site, code: str) -> str:
    site.cookies.clear()
    site.post("/login", data={"name": "sua", "password": PASSWORD}, follow_redirects=False)
    page = site.get(f"/dossiers/{code}/print")
    assert page.status_code == 200, page.text
    site.cookies.clear()
    return page.text


def test_an_office_that_counts_the_last_end_sees_it_everywhere(db, office, site, monkeypatch):
    """The same custom moves all projections: none keeps a rule of its own."""
    monkeypatch.setattr(history, "customs_on", lambda day: Customs(corrected_end="last"))
    world = office
    world.now = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
    code = world.filed("receive", "start", "settle", "hand_over")
    opened = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
    act(world, code, "correct", opened)
    with db.connect(autocommit=True) as conn:
        assert worklist.urgency_of(dossier.find(conn, code), world.now) == "overdue"
    act(world, code, "settle", opened + timedelta(days=2))
    act(world, code, "hand_over", opened + timedelta(days=3))
    world.send()
    with db.connect(autocommit=True) as conn:
        found = dossier.find(conn, code)
        assert found.ended_at == found.settled_at == opened + timedelta(days=2)
        said = world.standin.memory.dossiers[code]
        assert said["NgayKetThucXuLy"] == times.written(found.settled_at)
        assert reconciling.reconcile(conn, world.client, [code], now=world.now) == []
        assert seen.seen(conn, code).overdue == "real"
        facts_of = {fact.code: fact for fact in facts.facts(conn, OCTOBER, unit=UNIT)}
        assert forms.resolved_as(facts_of[code], OCTOBER) == "late"
        assert forms.judged(facts_of[code], OCTOBER) == "overdue"
    assert "tag error" in read(site, code)
