"""What SQL counts is what the pure functions say of every dossier, for any period and reading; identities hold."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as law
from hypothesis import strategies as st

from lienthong.access import Permit
from lienthong.clock import VIETNAM
from lienthong.procedures.agencies import Agencies, Agency
from lienthong.reports import cells, counting, facts, forms, identities, keeping, period, standing
from lienthong.reports.cells import Among, Reading
from lienthong.reports.succession import Following, following
from tests.reports import world

NATION = Permit("dossier.list")


@pytest.fixture(scope="module")
def filled(db):
    with db.connect() as conn:
        world.publish(conn)
        world.fill(conn, 600)
        standing.follow(conn)
        conn.commit()
    return db


@pytest.fixture
def conn(filled):
    with filled.connect() as opened:
        yield opened
        opened.rollback()


PERIODS = (
    "2026-08",
    "2026-09",
    "2026-10",
    "2026-11",
    "2026-Q3",
    "2026-Q4",
    "2026-H2",
    "2026",
    "2026-09-15..2026-10-14",
)


@pytest.mark.parametrize("text", PERIODS)
def test_sql_counts_what_the_pure_functions_say(conn, text):
    when = period.parse(text)
    known = facts.facts(conn, when)
    assert forms.counted(conn, when, "unit") == forms.form(known, when, forms.by_unit)
    assert forms.counted(conn, when, "field") == forms.form(known, when, forms.by_field)
    here = [fact for fact in known if fact.unit == "H15.50" and fact.channel]
    among = Among(unit="H15.50")
    assert forms.counted(conn, when, "field", among=among) == forms.form(here, when, forms.by_field)


@pytest.mark.parametrize(
    "reading",
    [
        Reading(), Reading(base="received"), Reading(more_supplements="dates"), Reading(without_limit="on_time"),
        Reading(without_limit="overdue"), Reading(base="received", more_supplements="dates", without_limit="overdue"),
    ],
)  # fmt: skip
def test_each_reading_of_the_index_judges_as_the_pure_function(conn, reading):
    for text in ("2026-10", "2026-Q3", "2026"):
        when = period.parse(text)
        known = facts.facts(conn, when)
        wanted = cells.portal(reading)
        counted = counting.count(conn, when, wanted)[""]
        said = [forms.judged(fact, when, reading) for fact in known]
        assert counted == {
            f"portal_{name}": said.count(name)
            for name in ("on_time", "overdue", "undecided", "outside")
        }


@pytest.mark.parametrize("day", ["2026-10-11 12:00", "2026-11-22 08:00", "2027-02-01 00:00"])
def test_in_a_period_that_still_runs_nothing_is_overdue_because_of_days_to_come(conn, day):
    asked = world.at(day)
    for text in ("2026-10", "2026-Q4", "2026"):
        when = period.parse(text)
        known = facts.facts(conn, when)
        row = forms.counted(conn, when, "", moment=asked)[""]
        assert row.overdue == sum(
            fact.ended_at is None and forms.open_as(fact, when, asked) == "overdue"
            for fact in known
        )
        assert row.balanced()
        counted = counting.count(conn, when, cells.portal(Reading()), moment=asked)[""]
        said = [forms.judged(fact, when, None, asked) for fact in known]
        assert counted["portal_overdue"] == said.count("overdue")
        opened = counting.behind(conn, NATION, when, "overdue", moment=asked, limit=10_000)
        assert len(opened) == row.overdue
    if asked < period.parse("2026-Q4").ends:
        later = forms.counted(conn, period.parse("2026-Q4"), "")[""]
        assert (
            forms.counted(conn, period.parse("2026-Q4"), "", moment=asked)[""].overdue
            < later.overdue
        )


def test_every_dossier_is_in_exactly_one_group_of_the_bridge(conn):
    for reading in (
        Reading(),
        Reading(base="received", without_limit="overdue"),
        Reading(more_supplements="dates"),
    ):
        for text in PERIODS:
            when = period.parse(text)
            groups = cells.bridge(reading)
            one = " + ".join(f"({condition})::int" for condition in groups.values())
            found = counting.count(conn, when, {"all": "true", "once": f"{one} = 1", **groups})[""]
            assert found["all"] == found["once"] == sum(found[name] for name in groups)
            assert found["not_late"] == 0 or reading.more_supplements != "overdue"


def test_the_identities_of_the_form_hold_for_every_unit_and_month(conn):
    months = [period.month(2026, number) for number in range(8, 13)]
    for by in ("unit", "province", "field", "procedure", "level"):
        before: dict[str, int] = {}
        for when in months:
            rows = forms.counted(conn, when, by)
            for line, row in rows.items():
                columns = row.columns()
                assert row.balanced()
                assert columns[0] == sum(columns[1:4])
                assert columns[4] == sum(columns[5:8])
                assert columns[8] == sum(columns[9:11])
                assert row.carried_over == before.get(line, 0), (
                    "what was in process is carried over"
                )
            before = {line: row.in_process for line, row in rows.items()}
    for text in PERIODS:
        assert list(identities.broken(conn, period.parse(text))) == []
    quarter, year = period.quarter(2026, 4), period.year(2026)
    for when in (quarter, year):
        assert (
            forms.total(forms.counted(conn, when, "unit").values())
            == forms.counted(conn, when, "")[""]
        )


def test_a_cell_opens_to_as_many_dossiers_as_it_counts(conn):
    when, reading = period.parse("2026-10"), Reading()
    every = {**cells.LAW, **cells.portal(reading), **cells.bridge(reading)}
    counted = counting.count(conn, when, every)[""]
    for cell, number in counted.items():
        found = counting.behind(conn, NATION, when, cell, limit=10_000)
        assert len({line.code for line in found}) == number == len(found)
    known = {fact.code: fact for fact in facts.facts(conn, when)}
    late = counting.behind(conn, NATION, when, "late", limit=10_000)
    assert all(forms.resolved_as(known[line.code], when) == "late" for line in late)


def test_pages_of_a_cell_follow_one_another(conn):
    when = period.parse("2026")
    whole = [line.code for line in counting.behind(conn, NATION, when, "received", limit=10_000)]
    paged: list[str] = []
    while found := counting.behind(
        conn, NATION, when, "received", after=paged[-1] if paged else "", limit=50
    ):
        paged += [line.code for line in found]
    assert paged == whole


def test_somebody_of_one_agency_opens_its_own_dossiers_only(conn):
    when = period.parse("2026")
    own = counting.behind(
        conn, Permit("dossier.list", facility="H15.50"), when, "received", limit=10_000
    )
    assert {line.unit for line in own} == {"H15.50"}
    here = counting.behind(
        conn, Permit("dossier.list", province="66"), when, "received", limit=10_000
    )
    assert {line.province for line in here} == {"66"}


def kept_rows(conn):
    """The rows of the base as text (an open end is infinity)."""
    return conn.execute(
        "SELECT dossier, s::text FROM reports.standing s ORDER BY dossier, number"
    ).fetchall()


MERGED = Agencies(
    [
        Agency(code="H15.50", vi="A", successor="H15.99", until=date(2026, 9, 30)),
        Agency(code="H15.51", vi="B", successor="H15.99", until=date(2026, 9, 30)),
        Agency(code="H15.99", vi="C", since=date(2026, 10, 1)),
        Agency(code="H22", vi="D"),
    ]
)


def test_a_merger_changes_no_period_before_it_and_no_dossier(conn):
    september, october = period.month(2026, 9), period.month(2026, 10)
    plain = forms.counted(conn, september, "unit")
    before = forms.counted(conn, september, "unit", follows=following(None, september.last, MERGED))
    assert before == plain
    after = forms.counted(conn, october, "unit", follows=following(None, october.last, MERGED))
    assert not {"H15.50", "H15.51"} & set(after)
    assert after["H15.99"].carried_over == before["H15.50"].in_process + before["H15.51"].in_process
    apart = forms.counted(conn, october, "unit")
    assert after["H15.99"] == forms.total([apart["H15.50"], apart["H15.51"]])
    among = Among(unit="H15.99")
    lines = counting.behind(
        conn, NATION, october, "received", among=among, follows=following(None, october.last, MERGED), limit=10_000
    )  # fmt: skip
    assert {line.unit for line in lines} == {"H15.50", "H15.51"}, (
        "a dossier keeps the code it was given"
    )


def test_a_former_province_is_followed(conn):
    october = period.month(2026, 10)
    plain = forms.counted(conn, october, "province")
    now = forms.counted(conn, october, "province", follows=Following(provinces={"02": "08"}))
    assert now["08"] == forms.total([plain["02"], plain["08"]])
    assert "02" not in now


def test_what_was_known_up_to_an_event_is_counted_again(conn):
    october = period.month(2026, 10)
    (position,) = conn.execute(
        "SELECT max(position) FROM dossiers.event WHERE at < '2026-10-20'"
    ).fetchone()
    then = forms.counted(conn, october, "unit", position=position)
    assert then != forms.counted(conn, october, "unit")
    again = []
    for row in facts.read(conn, "WHERE true", {}):
        events = [e for e in facts.events_of(row) if e.position <= position and e.at < october.ends]
        if events:
            again.append(facts.Versions(conn).fact(row, events, facts.moves()))
    known = [fact for fact in again if facts.concerns(fact, october)]
    assert then == forms.form(known, october, forms.by_unit)


def test_rows_follow_new_events_and_are_the_same_when_made_again(fresh_db):
    from lienthong.dossiers import acting

    with fresh_db.connect() as conn:
        world.publish(conn)
        world.fill(conn, 60)
        assert standing.waiting(conn) == 60
        assert standing.follow(conn, most=40).waiting == 20
        assert standing.follow(conn).dossiers == 20
        rows = kept_rows(conn)
        (code, moment) = conn.execute(
            "SELECT code, (SELECT max(at) FROM dossiers.event) FROM dossiers.dossier WHERE state = 'processing' LIMIT 1"
        ).fetchone()
        acting.move(
            conn, "x", frozenset({"decider"}), code, "stop", {"reason": "x"}, at=moment.astimezone(VIETNAM)
        )  # fmt: skip
        assert standing.follow(conn).dossiers == 1
        assert (
            standing.position(conn)
            == conn.execute("SELECT max(position) FROM dossiers.event").fetchone()[0]
        )
        now = kept_rows(conn)
        assert {row[0] for row in set(now) ^ set(rows)} == {code}
        standing.rebuild(conn)
        assert now == kept_rows(conn)
        conn.rollback()


def test_a_page_does_not_wait_for_whoever_follows_everything(fresh_db):
    with fresh_db.connect() as first, fresh_db.connect() as second:
        world.publish(first)
        world.fill(first, 20)
        first.commit()
        standing.follow(first, most=5)
        assert keeping.fresh(second).waiting == 20, (
            "nothing of the other is seen yet, and nobody is waited for"
        )
        second.rollback()
        first.commit()
        assert keeping.fresh(second).waiting == 0
        second.commit()
        world.fill(first, 7, seed=5)
        first.commit()
        first.autocommit = True
        assert keeping.keep_up(first) == 7
        assert keeping.keep_up(first) == 0


@law(max_examples=12)
@given(st.integers(0, 10_000), st.integers(8, 12))
def test_any_history_is_counted_as_it_is_judged(filled, seed, number):
    """Random histories, random seeds: form, index and bridge agree with the yardstick and balance."""
    with filled.connect() as conn:
        world.fill(conn, 25, seed=seed, begins="2026-08-01", days=140)
        standing.follow(conn)
        when = period.month(2026, number)
        known = facts.facts(conn, when)
        assert forms.counted(conn, when, "unit") == forms.form(known, when, forms.by_unit)
        counted = counting.count(conn, when, cells.portal(Reading()))[""]
        assert counted["portal_overdue"] == sum(forms.judged(f, when) == "overdue" for f in known)
        after = period.month(2026 + number // 12, number % 12 + 1)
        assert (
            forms.counted(conn, after, "")[""].carried_over
            == forms.counted(conn, when, "")[""].in_process
        )
        conn.rollback()


def test_an_identity_that_does_not_hold_is_found(conn):
    when = period.month(2026, 10)
    conn.execute(
        "UPDATE reports.standing SET until = '2026-10-10' WHERE dossier = (SELECT dossier FROM reports.standing"
        " WHERE since < '2026-10-01' AND until > '2026-11-01' AND ended_at > '2026-10-01' LIMIT 1)"
    )
    found = {one.identity for one in identities.broken(conn, when)}
    assert "(6) = (11) of the period before" in found
