"""The feed of changes: every way of keeping writes it, in order, and a reader never skips what commits later."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from lienthong.errors import NotFound
from lienthong.records import feed, quarantine
from lienthong.records.feed import bundles, delays, reading, retention, served
from lienthong.records.intake import few
from lienthong.records.intake.single import RecordIntake


def changes(desk, after=0, limit=1000, **wanted):
    return feed.page(desk.conn, after, wanted=reading.Wanted(**wanted), limit=limit).changes


def told(desk, **wanted):
    return [(one.key, one.kind, one.version) for one in changes(desk, **wanted)]


@pytest.fixture
def large(monkeypatch):
    """Every file goes the large way."""
    monkeypatch.setattr(few, "BYTES", 0)


@pytest.fixture(params=["few", "large"])
def way(request, monkeypatch):
    """Both ways in which a file is kept."""
    if request.param == "large":
        monkeypatch.setattr(few, "BYTES", 0)
    return request.param


def test_a_file_tells_what_is_new_and_what_changed(desk, trial, way):
    first = desk.send(trial.csv(("a", 1, 20, 1), ("b", 1, 30, 1), ("x", 9, 1, 1)))
    again = desk.send(trial.csv(("a", 1, 20, 1), ("b", 1, 31, 1), ("c", 1, 2, 2)))
    seen = changes(desk)
    assert sorted((one.key, one.kind, one.version, one.receipt) for one in seen) == [
        ("a", "kept", 1, first.receipt),
        ("b", "changed", 2, again.receipt),
        ("b", "kept", 1, first.receipt),
        ("c", "kept", 1, again.receipt),
    ]
    assert [one.receipt for one in seen] == [first.receipt] * 2 + [again.receipt] * 2
    assert [one.position for one in seen] == sorted({one.position for one in seen})
    assert {one.received_at for one in seen} == {first.received_at, again.received_at}
    assert all(one.received_at <= one.kept_at for one in seen)


def test_what_is_not_kept_is_not_told(desk, trial, way):
    desk.send(trial.csv(("x", 9, 1, 1)))
    desk.send(trial.csv(("a", 1, 20, 1)), test=True)
    assert told(desk) == []
    desk.send(trial.csv(("a", 1, 20, 1)))
    desk.send(trial.csv(("a", 1, 20, 1), columns="ID,SEX,AGE,TOTAL") + "\n")
    assert told(desk) == [("a", "kept", 1)]


def test_posted_records_are_told(desk):
    with desk.db.pool(2) as pool:
        line = RecordIntake(pool, desk.home)
        for age in (20, 21, 21):
            body = json.dumps({"VISIT": {"ID": "a", "SEX": "1", "AGE": age}}).encode()
            line.submit(body, contract="trial", sender="01999", actor="his")
        line.close()
    assert told(desk) == [("a", "kept", 1), ("a", "changed", 2)]


def test_a_mended_record_is_told_when_it_is_kept(desk, trial, home):
    desk.send(trial.csv(("a", 9, 20, 1), ("b", 9, 20, 1)))
    assert told(desk) == []
    entry = quarantine.entry(desk.conn, quarantine.entries(desk.conn)[-1].id)
    row = entry.rows["VISIT"][0]["row"]
    quarantine.mend(desk.conn, entry.id, {"VISIT": {row: {"SEX": "1"}}}, "mai")
    quarantine.replay(desk.conn, [entry.id], "mai", home=home)
    (change,) = changes(desk)
    assert (change.key, change.kind, change.receipt) == (entry.key, "kept", entry.receipt)
    assert change.received_at == entry.received_at < change.kept_at


def test_pages_and_filters(desk, trial, way):
    desk.send(trial.csv(*((f"k{at}", 1, 20, 1) for at in range(30))))
    desk.send(trial.csv(*((f"n{at}", 1, 20, 1) for at in range(5))), sender="79001", province="79")
    at, seen = 0, []
    while True:
        page = feed.page(desk.conn, at, limit=7)
        seen += [one.key for one in page.changes]
        at = page.position
        if not page.more:
            break
    assert sorted(seen) == sorted([*(f"k{at}" for at in range(30)), *(f"n{at}" for at in range(5))])
    assert len(changes(desk, sender="79001")) == len(changes(desk, province="79")) == 5
    assert told(desk, contract="other") == []
    middle = changes(desk)[12].position
    assert len(changes(desk, after=middle)) == 35 - 13
    assert feed.page(desk.conn, at).position == at


def test_a_file_of_several_bundles(desk, trial, large):
    number = 2 * bundles.MOST + 3
    desk.send(trial.csv(*((f"k{at:05d}", 1, at % 90, at) for at in range(number))))
    assert [one.key for one in changes(desk, limit=number)] == [
        f"k{at:05d}" for at in range(number)
    ]
    assert desk.one("SELECT count(*) FROM records.change_bundle") == 3
    assert desk.one("SELECT count(*) FROM records.change") == number
    page = feed.page(desk.conn, 0, limit=bundles.MOST + 1)
    assert (len(page.changes), page.more) == (bundles.MOST + 1, True)


def insert(conn, key):
    conn.execute(
        "INSERT INTO records.change_bundle (contract, table_name, sender, province, kind, receipt, received_at,"
        " kept_at, number, keys, versions, events) VALUES ('trial', 'VISIT', '01999', '01', 'kept', 'r', now(), now(),"
        " 1, ARRAY[%s], '{1}', '{NULL}')",
        [key],
    )


def test_nobody_reads_past_a_transaction_that_is_under_way(desk):
    with desk.db.connect("owner") as slow, desk.db.connect("owner") as quick:
        insert(slow, "slow")
        insert(quick, "quick")
        quick.commit()
        assert told(desk) == []
        page = feed.page(desk.conn, 0)
        slow.commit()
    assert told(desk, after=page.position) == [("slow", "kept", 1), ("quick", "kept", 1)]


def test_a_transaction_that_fails_holds_nobody_back(desk):
    with desk.db.connect("owner") as slow, desk.db.connect("owner") as quick:
        insert(slow, "slow")
        insert(quick, "quick")
        quick.commit()
        slow.rollback()
    assert told(desk) == [("quick", "kept", 1)]


def test_many_writers_and_a_reader_that_never_skips(desk):
    """Eight writers commit in any order while one reads; what it saw at the end is everything, once, in order."""
    writers, each = 8, 25

    def write(number):
        with desk.db.connect("owner") as conn:
            for at in range(each):
                insert(conn, f"{number}-{at}")
                if at % 3:
                    insert(conn, f"{number}-{at}b")
                conn.commit()

    at, seen = 0, []
    with ThreadPoolExecutor(writers) as pool:
        running = [pool.submit(write, number) for number in range(writers)]
        while True:
            done = all(one.done() for one in running)
            page = feed.page(desk.conn, at, limit=9)
            seen += page.changes
            at = page.position
            if done and not page.more and not page.changes:
                break
    for one in running:
        one.result()
    wanted = desk.rows("SELECT position, key FROM records.change ORDER BY position")
    assert [(one.position, one.key) for one in seen] == wanted
    assert len(seen) == writers * (each + each - len(range(0, each, 3)))


def test_the_limited_role_writes_no_changes(desk):
    import psycopg

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        insert(desk.conn, "forged")


def test_changes_that_are_no_longer_kept_are_named(desk, trial):
    desk.send(trial.csv(("a", 1, 20, 1)))
    with desk.db.connect("owner") as conn:
        conn.execute("UPDATE records.change_floor SET position = 5000")
    with pytest.raises(NotFound) as gone:
        feed.page(desk.conn, 1024)
    assert gone.value.code == "feed.gone"
    assert told(desk) == [("a", "kept", 1)]


def test_delays_are_counted_as_records_pass(desk, trial, way):
    desk.send(
        trial.csv(("a", 1, 20, 1), ("b", 1, 30, 1)), received=trial.moment("2026-11-20T09:00:00")
    )
    page = feed.page(desk.conn, 0)
    reading.mark_served(desk.conn, page.changes)
    reading.mark_served(desk.conn, page.changes)
    (line,) = delays.lines(desk.conn)
    assert {step: one.number for step, one in line.steps.items()} == {
        "received": 0,
        "kept": 2,
        "served": 2,
    }
    (kept,) = desk.rows("SELECT kept_at - received_at FROM records.change_bundle")
    seconds = kept[0].total_seconds()
    assert seconds <= line.steps["kept"].p99 <= seconds * 1.2


def test_classes_hold_their_delays():
    for seconds in (0.0005, 0.001, 0.2, 1, 59, 3600, 86400 * 400):
        at = delays.class_of(round(seconds * 1e6))
        assert delays.bound(at) >= seconds * 0.999
        assert at == 0 or delays.bound(at - 1) < seconds
    assert delays.class_of(-5) == 0
    assert delays.class_of(10**18) == delays.LAST


def test_a_record_that_was_read_by_its_key_is_served(desk, trial):
    """Alone in the feed it counts from its first reading; in a bundle of several nobody knows which one it was."""
    alone = desk.send(trial.csv(("a", 1, 20, 1)))
    several = desk.send(trial.csv(("b", 1, 20, 1), ("c", 1, 20, 1)))
    first, later = trial.moment("2100-01-01T09:00:00"), trial.moment("2100-01-01T10:00:00")
    for moment in (first, later):
        served.mark_read(
            desk.conn,
            {
                ("trial", "VISIT", "01999", "a", alone.receipt): moment,
                ("trial", "VISIT", "01999", "b", several.receipt): moment,
            },
        )
    assert desk.rows("SELECT key, served_at FROM records.change WHERE served_at IS NOT NULL") == [
        ("a", first)
    ]
    (line,) = delays.lines(desk.conn)
    assert line.steps["served"].number == 1


def test_readings_are_noted_by_the_site(desk, trial):
    alone = desk.send(trial.csv(("a", 1, 20, 1)))
    with desk.db.pool(2) as pool:
        noting = served.Served(pool)
        noting.note(("trial", "VISIT", "01999", "a", alone.receipt))
        noting.close()
    assert desk.one("SELECT served_at IS NOT NULL FROM records.change_bundle")


def test_old_changes_are_forgotten_and_the_floor_says_so(desk, trial):
    desk.send(trial.csv(("a", 1, 20, 1)))
    first = changes(desk)[0]
    desk.send(trial.csv(("b", 1, 20, 1)))
    with desk.db.connect("owner") as owner:
        owner.execute(
            "UPDATE records.change_bundle SET kept_at = kept_at - interval '40 days' WHERE keys = '{a}'"
        )
    assert retention.forget(desk.conn, first.kept_at, 30) == 1
    assert retention.forget(desk.conn, first.kept_at, 30) == 0
    assert told(desk) == [("b", "kept", 1)]
    assert [one.key for one in feed.page(desk.conn, first.position).changes] == ["b"]
    with pytest.raises(NotFound):
        feed.page(desk.conn, first.position - 1)
