"""The trail shows every later change."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from lienthong import audit
from lienthong.audit_command import signing_key

AT = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
KEY = bytes(range(32))


@pytest.fixture
def trail(fresh_db):
    with fresh_db.connect("owner") as connection:
        for number in range(5):
            audit.write(connection, "an", "thing.done", {"number": number, "tên": "Đặng\nhai dòng"})
            connection.commit()
        yield connection


def test_an_untouched_trail_is_whole(trail):
    audit.checkpoint(trail, KEY)
    assert audit.verify(trail) == audit.Verified(5, 1, ())
    assert [entry.about["number"] for entry in audit.entries(trail, limit=2)] == [4, 3]
    assert len(audit.entries(trail, about={"number": 3}, act="thing.done", actor="an")) == 1


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("UPDATE app.audit SET actor = 'binh' WHERE place = 2", audit.CHANGED),
        ("UPDATE app.audit SET about = '{}' WHERE place = 5", audit.CHANGED),
        ("UPDATE app.audit SET at = at + interval '1 microsecond' WHERE place = 1", audit.CHANGED),
        ("DELETE FROM app.audit WHERE place = 3", audit.MISSING),
        ("DELETE FROM app.audit WHERE place = 5", audit.CUT),
        ("DELETE FROM app.audit", audit.CUT),
    ],
)
def test_every_change_is_seen(trail, harm, reason):
    trail.execute(harm)
    assert reason in [found.reason for found in audit.verify(trail).breaks]


def test_a_checkpoint_betrays_a_chain_that_was_cut_cleanly(trail):
    audit.checkpoint(trail, KEY)
    trail.execute("DELETE FROM app.audit WHERE place = 5")
    trail.execute(
        "UPDATE app.audit_lane l SET place = 4, hash ="
        " (SELECT hash FROM app.audit a WHERE a.lane = l.lane AND place = 4) WHERE place = 5"
    )
    assert [found.reason for found in audit.verify(trail).breaks] == [audit.CUT]


def test_a_forged_checkpoint_is_refused(trail):
    audit.checkpoint(trail, KEY)
    assert audit.verify(trail, frozenset({"00" * 32})).breaks[0].reason == audit.UNSIGNED
    trail.execute("UPDATE app.audit_checkpoint SET lanes = '[]'")
    assert audit.verify(trail).breaks[0].reason == audit.UNSIGNED


def test_an_act_that_is_undone_leaves_no_entry(connection):
    audit.write(connection, "an", "thing.done", {})
    connection.rollback()
    assert audit.entries(connection) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app.audit SET actor = 'x'",
        "DELETE FROM app.audit",
        "INSERT INTO app.audit_lane VALUES (99)",
        "UPDATE app.audit_lane SET place = 0",
        "DELETE FROM app.read_log",
        "UPDATE app.audit_checkpoint SET key = ''",
        "UPDATE app.revision SET version_num = 'x'",
    ],
)
def test_the_programs_role_cannot_rewrite_it(connection, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_writers_at_once_do_not_wait_and_leave_whole_chains(fresh_db):
    with fresh_db.connect() as open_writer, fresh_db.connect(options="-c lock_timeout=1s") as other:
        audit.write(open_writer, "an", "slow", {})
        audit.write(other, "binh", "quick", {})  # would run into the lock's time limit
        audit.write(other, "binh", "quick", {})
        other.commit()

    def work(number: int) -> None:
        with fresh_db.connect() as mine:
            for step in range(25):
                audit.write(mine, f"w{number}", "step", {"step": step})
                mine.commit()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with fresh_db.connect() as connection:
        assert audit.verify(connection) == audit.Verified(153, 0, ())


def test_more_writers_than_lanes_take_turns(fresh_db):
    holders = [fresh_db.connect() for _ in range(32)]
    for number, holder in enumerate(holders):
        audit.write(holder, f"h{number}", "held", {})
    failures: list[Exception] = []

    def wait_for_a_lane(number: int) -> None:
        try:
            with fresh_db.connect() as late:
                audit.write(late, f"late{number}", "waited", {})
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=wait_for_a_lane, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    with fresh_db.connect("owner", autocommit=True) as watcher:
        while not failures and _waiting(watcher) < len(threads):
            time.sleep(0.01)
    for holder in holders:
        holder.commit()
        holder.close()
    for thread in threads:
        thread.join()
    assert failures == []
    with fresh_db.connect() as connection:
        assert audit.verify(connection) == audit.Verified(32 + len(threads), 0, ())


def _waiting(watcher: psycopg.Connection) -> int:
    """How many writers of this database wait for a lock, as the server sees them."""
    row = watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return row[0] if row else 0


def test_the_moment_may_be_given(connection):
    audit.write(connection, "an", "thing.done", {}, at=AT)
    assert audit.entries(connection)[0].at == AT


def test_programs_that_come_at_once_sign_with_one_key(tmp_path, monkeypatch):
    first = signing_key(tmp_path)
    monkeypatch.setattr(
        Path, "exists", lambda path: False
    )  # who looked before the first had written
    assert signing_key(tmp_path) == first
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["audit.key"]
