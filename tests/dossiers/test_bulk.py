"""Many dossiers at once: kept as one by one, standing as their events say, numbered without gaps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong import audit
from lienthong.dossiers import acting, bulk, dossier
from lienthong.dossiers.history import Event
from lienthong.dossiers.moves import moves
from lienthong.errors import Conflict, NotFound, Refused
from tests.dossiers.world import UNIT, at, did, filing, publish

TABLE = moves()
SAID = {
    "reason": "x", "components": ["TP01"], "fees": ["PLP"], "result": "GP", "step": 2, "to": "ai",
    "due": "2027-03-01T10:00:00+07:00",
}  # fmt: skip


@pytest.fixture(scope="module")
def conn(db):
    with db.connect() as connection:
        publish(connection)
        connection.commit()
        yield connection


def test_the_way_of_a_dossier_is_kept_as_if_it_had_been_done_one_by_one(conn):
    way = [
        did("receive", "2026-11-02 10:00"),
        did("assign", "2026-11-02 10:30", to="chuyen-vien"),
        did("start", "2026-11-03 08:00"),
        did("ask_supplement", "2026-11-04 10:00", components=["TP02"]),
        did("supplement", "2026-11-06 10:00"),
    ]
    [many] = bulk.keep_many(conn, "demo", [(filing(), way)])
    one = acting.file(conn, "demo", filing()).code
    roles = frozenset({"receiver", "processor"})
    for event in way:
        if event.act == "assign":
            acting.assign(conn, "demo", one, "chuyen-vien", at=event.at)
        else:
            acting.move(conn, "demo", roles, one, event.act, event.about, at=event.at)
    first, second = dossier.find(conn, many.code), dossier.find(conn, one)
    for name in bulk.SAID:
        assert getattr(first, name) == getattr(second, name), name
    for kept, done in zip(dossier.events(conn, many.code), dossier.events(conn, one), strict=True):
        assert (kept.act, kept.from_state, kept.to_state, kept.at, kept.about) == (
            done.act, done.from_state, done.to_state, done.at, done.about,
        )  # fmt: skip


def test_numbers_run_on_without_gaps_and_one_line_is_audited(conn):
    before = acting.file(conn, "demo", filing(filed_at=at("2026-11-09 09:00"))).code
    kept = bulk.keep_many(
        conn, "demo", [(filing(filed_at=at("2026-11-09 10:00")), []) for _ in range(5)]
    )
    after = acting.file(conn, "demo", filing(filed_at=at("2026-11-09 11:00"))).code
    serials = [int(code[-4:]) for code in [before, *(one.code for one in kept), after]]
    assert serials == list(range(serials[0], serials[0] + 7))
    [line] = audit.entries(conn, act="dossier.kept_many", limit=1)
    assert line.about["count"] == 5


def test_what_the_table_does_not_have_is_refused_whole(conn):
    count = conn.execute("SELECT count(*) FROM dossiers.dossier").fetchone()
    for wrong, failure in [
        ([did("settle", "2026-11-02 10:00", result="x")], Conflict),
        ([did("receive", "2026-11-02 08:00")], Refused),
    ]:
        with pytest.raises(failure), conn.transaction():
            bulk.keep_many(conn, "demo", [(filing(), []), (filing(), wrong)])
    with pytest.raises(NotFound), conn.transaction():
        bulk.keep_many(conn, "demo", [(filing(procedure="1.999999"), [])])
    assert conn.execute("SELECT count(*) FROM dossiers.dossier").fetchone() == count


def test_a_code_is_taken_once(conn):
    code = "H15.50-261102-7777"
    bulk.keep_many(conn, "demo", [(filing(code=code, origin="portal"), [])])
    with pytest.raises(Conflict, match="7777"), conn.transaction():
        bulk.keep_many(conn, "demo", [(filing(code=code, origin="portal"), [])])


ACTS = sorted({move.act for move in TABLE.moves}) + ["assign", "extend", "step"]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 90)), max_size=9))
def test_stored_is_what_the_events_say(conn, choices):
    """A law: whatever happens, and however it was kept, the standing recomputed equals the stored one."""
    moment, state, way = filing().filed_at, "new", []
    for act, hours in choices:
        ends = [m.to for m in TABLE.moves if m.act == act and m.from_ == state]
        if not ends and act not in ("assign", "extend", "step"):
            continue
        moment += timedelta(hours=hours)
        way.append(Event(act=act, to_state="", at=moment, about=SAID))
        happened = bulk.happened(filing(), way, "demo", TABLE)
        state = happened[-1].to_state
    with conn.transaction(force_rollback=True):
        [kept] = bulk.keep_many(conn, "demo", [(filing(), way)])
        stored, said = dossier.find(conn, kept.code), acting.standing(conn, kept.code)
        for name in bulk.SAID:
            assert getattr(stored, name) == getattr(said, name), name
        assert stored.unit == UNIT
