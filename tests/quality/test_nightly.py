"""The night: the ranking keeps its promise, the silent are found with their lateness in working days, once a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.quality.conftest import DAY, RULES, count, remember_rules
from tests.records.conftest import CONTRACT, Desk, csv, read

from lienthong.findings import Criterion
from lienthong.quality.expected import Expected, Known
from lienthong.quality.score import Slice, scores
from lienthong.quality.tickets import nightly, ranking, ticket, upkeep
from lienthong.quality.tickets.silence import silence

TODAY = DAY + timedelta(days=1)
ROWS = [
    ("01001", "01", 0b00000001, 0),
    ("01001", "01", 0b00010011, 0),
    ("01002", "01", 0b00000001, 0),
    ("79001", "79", 0b01100100, 0),
    ("79001", "79", 0, 0),
]


def overall(conn) -> float:
    return scores(conn, Slice(), (), today=TODAY)[()].overall * 100


def recount(conn, rows) -> None:
    conn.execute("DELETE FROM records.count")
    count(conn, rows)


def test_what_the_ranking_promises_is_what_mending_lifts(connection):
    remember_rules(connection)
    count(connection, ROWS)
    before = overall(connection)
    lines = ranking.ranking(connection, today=TODAY)
    assert [line.points for line in lines["sender"]] == sorted(
        (line.points for line in lines["sender"]), reverse=True
    )
    for line in lines["cause"]:
        bit = 1 << next(at for at, rule in enumerate(RULES) if rule.id == line.rule)
        recount(connection, [(s, p, failed & ~bit, u) for s, p, failed, u in ROWS])
        assert overall(connection) - before == pytest.approx(line.points), line.rule
    for kind, at in (("sender", 0), ("province", 1)):
        for line in lines[kind]:
            recount(
                connection, [row if row[at] != line.subject else (*row[:2], 0, 0) for row in ROWS]
            )
            assert overall(connection) - before == pytest.approx(line.points), line.subject


def test_who_stopped_and_who_never_sent_are_told_apart_with_their_working_days(connection):
    contract = read()
    listed = {
        "01999": Known("Bệnh viện A", "01"), "01001": Known("Bệnh viện B", "01"), "79001": Known("Bệnh viện C", "79"),
    }  # fmt: skip
    expected = Expected({"trial": listed}, {}, {"trial": "day"})  # fresh for 7 days
    count(connection, [("01999", "01", 0, 0)], day=date(2026, 11, 20), contract="trial")
    count(connection, [("01001", "01", 0, 0)], day=date(2026, 11, 6), contract="trial")
    found = silence(
        connection, [contract], expected, today=date(2026, 11, 25), kind="all", province=None
    )
    assert (found.stopped, found.never) == (1, 1)
    stopped, never = found.lines
    # Due on Friday the 13th; by Wednesday the 25th eight working days less Tuesday's holiday.
    assert (stopped.sender, stopped.due, stopped.late) == ("01001", date(2026, 11, 13), 7)
    assert (never.sender, never.newest, never.late) == ("79001", None, None)
    assert (
        silence(connection, [contract], expected, today=date(2026, 11, 25), province="79").stopped
        == 0
    )


def test_where_nobody_knows_who_must_send_only_known_senders_are_watched(connection):
    listed = {"01999": Known("Bệnh viện A", "01"), "79001": Known("Bệnh viện C", "79")}
    count(connection, [("01999", "01", 0, 0)], day=date(2026, 11, 6), contract="trial")
    found = silence(
        connection, [read()], Expected({}, {}, {"trial": "day"}, listed), today=TODAY, kind="all"
    )
    assert [(one.sender, one.name) for one in found.lines] == [("01999", "Bệnh viện A")]


def test_a_last_day_before_a_weekend_is_no_silence_yet(connection):
    expected = Expected({"trial": {"01999": Known("Bệnh viện A", "01")}}, {}, {"trial": "day"})
    count(connection, [("01999", "01", 0, 0)], day=date(2026, 11, 13), contract="trial")
    for today, stopped in ((date(2026, 11, 22), 0), (date(2026, 11, 23), 1)):  # Sunday, Monday
        assert silence(connection, [read()], expected, today=today).stopped == stopped


def test_who_tells_of_people_elsewhere_only_is_not_silent_at_home(connection):
    expected = Expected({"trial": {"01999": Known("Bệnh viện A", "01")}}, {}, {"trial": "day"})
    count(connection, [("01999", "79", 0, 0)], day=date(2026, 11, 20), contract="trial")
    found = silence(
        connection, [read()], expected, today=date(2026, 11, 22), province="01", kind="all"
    )
    assert (found.stopped, found.never) == (0, 0)


@pytest.fixture
def desk(fresh_db, home):
    made = Desk(fresh_db, home, read(CONTRACT))
    yield made
    made.conn.close()


def test_the_night_is_done_once_and_its_course_shows(desk):
    nobody = Expected({}, {}, {})
    desk.send(csv(("a", 9, 120, 1), ("b", 9, 30, 2), ("c", 1, 130, 3)))
    first = nightly.run(desk.conn, [desk.contract], nobody, today=TODAY)
    assert first is not None and first.open_tickets == 2
    assert nightly.run(desk.conn, [desk.contract], nobody, today=TODAY) is None
    desk.send(csv(("a", 1, 12, 1)))
    upkeep.keep_up(desk.conn)
    next_day = TODAY + timedelta(days=1)
    assert nightly.run(desk.conn, [desk.contract], nobody, today=next_day) is not None
    (top, *_) = ranking.read(desk.conn, "cause")
    assert top.before is not None and [night for night, _ in top.course] == [TODAY, next_day]
    assert [night.night for night in nightly.nights(desk.conn)] == [TODAY, next_day]
    fields = {(one.table_name, one.field): one for one in nightly.fields(desk.conn, "trial")}
    assert fields["VISIT", "SEX"].empty_share == 0 and fields["VISIT", "ID"].different == 2


def test_the_night_tells_on_who_is_late(desk):
    desk.send(csv(("a", 9, 30, 1)))
    upkeep.keep_up(desk.conn)
    (one,) = ticket.listed(desk.conn, today=TODAY)
    late = one.plan_due + timedelta(days=30)
    nightly.run(desk.conn, [desk.contract], Expected({}, {}, {}), today=late)
    assert ticket.one(desk.conn, one.id).level == 2
    assert ticket.numbers(desk.conn, today=late).told == 1


def test_a_rule_that_the_contract_no_longer_has_still_speaks(connection):
    remember_rules(connection)
    count(connection, [("01999", "01", 0b1, 0)])
    connection.execute(
        "INSERT INTO records.ruleset (contract, version, digest, table_name, unknown, rules)"
        " VALUES ('care', '2.0.0', 'newer', 'XML1', '0', '[]')"
    )
    upkeep.keep_up(connection)
    (one,) = ticket.listed(connection, today=TODAY)
    assert (one.rule, one.severity, one.criterion) == ("C-1", "error", Criterion.CORRECT)
