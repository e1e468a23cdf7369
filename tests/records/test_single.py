"""Single records: the same receipts, versions, quarantine and counts as files, many of them in one commit."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lienthong.errors import Refused, Unavailable
from lienthong.records import intake, quarantine, store
from lienthong.records.intake.single import RecordIntake, folding
from lienthong.records.store import counts


@pytest.fixture
def line(desk):
    with desk.db.pool(2) as pool:
        made = RecordIntake(pool, desk.home)
        yield made
        made.close()


def post(line, record, sender="01999", **more):
    body = record if isinstance(record, bytes) else json.dumps(record).encode()
    return line.submit(body, contract="trial", sender=sender, actor="his", **more)


def visit(key, sex="1", age=20, total=5.5):
    return {"VISIT": {"ID": key, "SEX": sex, "AGE": age, "TOTAL": total}}


def numbers(given):
    return given.received, given.kept, given.unchanged, given.quarantined


def test_a_record_is_kept_with_a_receipt(desk, line, contract):
    given = post(
        line,
        {
            "VISIT": [{"ID": "a", "SEX": "1", "AGE": 20}],
            "LINE": [{"ID": "a", "NR": 1, "SUM": 2.50}],
        },
    )
    assert given.state == "done" and numbers(given) == (1, 1, 0, 0)
    assert given.row_count == 2
    record = store.record(desk.conn, contract, "a")
    assert record.rows["VISIT"] == [{"ID": "a", "SEX": "1", "AGE": 20, "TOTAL": None}]
    assert record.rows["LINE"] == [{"ID": "a", "NR": "1", "SUM": 2.5}]
    assert record.receipt == given.receipt
    assert intake.submission(desk.conn, given.receipt) == given
    desk.counts_hold()


def test_the_same_bytes_and_the_same_content(desk, line):
    first = post(line, visit("a"))
    again = post(line, visit("a"))
    assert (again.receipt, again.again) == (first.receipt, True)
    assert numbers(post(line, json.dumps(visit("a"), indent=2).encode())) == (1, 0, 1, 0)
    assert numbers(post(line, visit("a", age=21))) == (1, 1, 0, 0)
    assert desk.visits() == {"a": ("1", 21, 5.5)}
    assert desk.one('SELECT count(*) FROM trial."VISIT_history"') == 1
    desk.counts_hold()


def test_a_file_and_a_post_of_the_same_record_are_the_same(desk, line, trial):
    desk.send(trial.csv(("a", 1, 20, 5.5)))
    assert numbers(post(line, visit("a"))) == (1, 0, 1, 0)
    post(line, {"CODE": "n1", "NAME": "Lan"}, table="STAFF")
    given = desk.send("CODE,NAME\nn1,Lan\nn2,Mai\n", name="STAFF.csv")
    assert numbers(given) == (2, 1, 1, 0)
    desk.counts_hold()


def test_a_wrong_record_waits_and_the_next_one_mends_it(desk, line, home):
    bad = post(line, visit("a", sex="9"))
    assert numbers(bad) == (1, 0, 0, 1)
    (entry,) = quarantine.entries(desk.conn)
    assert entry.causes == ["VISIT.SEX.enum|SEX"] and entry.receipt == bad.receipt
    assert intake.finding_counts(desk.conn, bad.receipt)[0].failed == 1
    assert intake.findings(desk.conn, bad.receipt)[0].value == "9"
    worse = post(line, visit("a", sex="9", age="x"))
    assert numbers(worse) == (1, 0, 0, 1)
    assert quarantine.entry(desk.conn, entry.id).state == "superseded"
    good = post(line, visit("a", sex="2"))
    assert numbers(good) == (1, 1, 0, 0)
    assert quarantine.entries(desk.conn) == []
    assert quarantine.history(desk.conn, entry.id)[-1].about == {"receipt": worse.receipt}
    desk.counts_hold()


def test_a_posted_record_is_mended_and_replayed_like_any_other(desk, line, home):
    given = post(line, visit("a", age="x"))
    (waiting,) = quarantine.entries(desk.conn)
    quarantine.mend(desk.conn, waiting.id, {"VISIT": {0: {"AGE": "44"}}}, "lan")
    assert quarantine.replay(desk.conn, [waiting.id], "lan", home=home).kept == (waiting.id,)
    assert desk.visits() == {"a": ("1", 44, 5.5)}
    assert intake.submission(desk.conn, given.receipt).kept == 1
    desk.counts_hold()


@pytest.mark.parametrize(
    "record",
    [
        {"VISIT": {"SEX": "1"}},
        {"LINE": [{"ID": "a", "NR": "1", "SUM": "2"}]},
        {"VISIT": {"ID": "k" * 500}},
        {"VISIT": [{"ID": "a"}, {"ID": "b"}]},
    ],
)
def test_a_record_without_one_key_waits(desk, line, record):
    assert numbers(post(line, record)) == (1, 0, 0, 1)
    desk.counts_hold()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"VISIT": 3}',
        b'{"VISIT": {"ID": {"x": 1}}}',
        b'{"VISIT": {"OTHER": 1}}',
        b'{"a": 1}',
    ],
)
def test_what_is_no_record_is_refused(desk, line, body):
    with pytest.raises(Refused):
        post(line, body)
    assert desk.one("SELECT count(*) FROM records.submission") == 0


def test_many_senders_at_once(desk, line):
    senders = [f"{at:05d}" for at in range(8)]

    def go(at):
        return post(line, visit(f"k{at // 3}", age=at % 3), sender=senders[at % 8])

    with ThreadPoolExecutor(16) as threads:
        given = list(threads.map(go, range(240)))
    assert all(one.state == "done" for one in given)
    assert len({one.receipt for one in given}) == 240
    kept = sum(one.kept for one in given)
    assert kept + sum(one.unchanged for one in given) == 240
    versions = desk.one(
        'SELECT (SELECT count(*) FROM trial."VISIT") + (SELECT count(*) FROM trial."VISIT_history")'
    )
    assert versions == kept
    desk.counts_hold()


def test_a_record_waits_for_the_file_that_came_before_it(desk, line, trial):
    file = desk.receive(trial.csv(("a", 1, 20, 1)))
    given = post(line, visit("a", age=30))
    assert given.state == "received" and given.number > file.number
    desk.process(given.receipt)
    assert desk.visits() == {"a": ("1", 30, 5.5)}
    assert intake.submission(desk.conn, file.receipt).state == "done"
    desk.counts_hold()


def test_a_silent_database_is_said(desk, trial):
    with desk.db.pool(1, timeout=0.2) as pool:
        made = RecordIntake(pool, desk.home)
        post(made, visit("a"))
        held = threading.Event()
        with pool.connection():  # the only connection is away
            with pytest.raises(Unavailable):
                post(made, visit("b"))
            held.set()
        assert post(made, visit("b")).kept == 1
        made.close()


def waits(desk):
    return desk.one("SELECT count(*) FROM records.count_waiting")


def test_counts_are_left_with_the_record_and_added_up_once(desk, monkeypatch):
    """A site that dies before it added up has lost nothing: whoever comes next does it."""
    monkeypatch.setattr(folding.Folding, "_fold", lambda self: None)
    with desk.db.pool(2) as pool:
        dying = RecordIntake(pool, desk.home)
        post(dying, visit("a"))
        post(dying, visit("b", sex="9"))
        post(dying, visit("a", age=101))
        dying.close()
    assert waits(desk) > 0 and not desk.rows("SELECT 1 FROM records.count")
    desk.counts_hold()
    counts.fold_all(desk.conn)
    counts.fold_all(desk.conn)
    assert waits(desk) == 0
    desk.counts_hold()
    assert desk.one("SELECT sum(checked) FROM records.count WHERE rule = '*'") == 2


def test_a_file_adds_up_what_was_left_before_it(desk, trial, monkeypatch):
    monkeypatch.setattr(folding.Folding, "_fold", lambda self: None)
    with desk.db.pool(2) as pool:
        dying = RecordIntake(pool, desk.home)
        post(dying, visit("a"))
        dying.close()
    desk.send(trial.csv(("a", 1, 30, 5.5)))
    assert waits(desk) == 0
    desk.counts_hold()


def test_a_record_from_an_event_loop(desk, line):
    """The site waits for the commit without a thread; everything else is the same."""
    import asyncio

    async def several():
        posts = (
            line.post(
                json.dumps(visit(f"k{at}", sex="1" if at % 4 else "9")).encode(),
                contract="trial",
                sender="01999",
                actor="his",
            )
            for at in range(12)
        )
        return await asyncio.gather(*posts)

    done = asyncio.run(several())
    assert [one.quarantined for one in done] == [int(at % 4 == 0) for at in range(12)]
    for one in done:
        assert intake.submission(desk.conn, one.receipt) == one
    desk.counts_hold()
    with pytest.raises(Refused):
        asyncio.run(line.post(b"[", contract="trial", sender="01999", actor="his"))
