"""Several programs at once: the same bytes, the same record, many senders; nobody waits for ever, nothing is lost."""

from __future__ import annotations

import multiprocessing
import threading

from lienthong.records import intake
from lienthong.records.intake.single import RecordIntake


def send_all(url, home, sender, texts, start, answers):
    """One program: sends each text and processes it."""
    from pathlib import Path

    from lienthong.database import Database

    start.wait(600)
    with Database(url).connect(autocommit=True) as conn:
        for text in texts:
            given = intake.receive(
                conn,
                text.encode(),
                contract="trial",
                sender=sender,
                actor="his",
                name="VISIT.csv",
                channel="test",
                home=Path(home),
            )
            done = intake.process(conn, given.receipt, home=Path(home))
            answers.put((done.receipt, done.state))


def programs(desk, loads):
    """Run one program per (sender, texts) at the same time; all answers."""
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(len(loads)), context.Queue()
    running = [
        context.Process(
            target=send_all, args=(desk.db.url, str(desk.home), sender, texts, start, answers)
        )
        for sender, texts in loads
    ]
    for one in running:
        one.start()
    given = [answers.get(timeout=600) for _ in range(sum(len(texts) for _, texts in loads))]
    for one in running:
        one.join(600)
    assert [one.exitcode for one in running] == [0] * len(loads)
    return given


def test_two_programs_send_the_same_records_of_one_facility(desk, trial):
    ages = range(20, 25)
    mine = [trial.csv(("a", 1, age, 1), ("b", 9 if age % 2 else 1, age, 1)) for age in ages]
    theirs = [trial.csv(("a", 2, age, 2), ("b", 9 if age % 2 else 2, age, 2)) for age in ages]
    given = programs(desk, [("01999", mine), ("01999", theirs)])
    assert {state for _, state in given} == {"done"}
    assert len({receipt for receipt, _ in given}) == 10
    last = desk.one("SELECT receipt FROM records.submission ORDER BY number DESC LIMIT 1")
    assert desk.one("SELECT _receipt FROM trial.\"VISIT\" WHERE _key = 'a'") == last
    versions = desk.rows(
        "SELECT _version, _from, _to FROM trial.\"VISIT_history\" WHERE _key = 'a' ORDER BY 1"
    )
    assert [version for version, _, _ in versions] == list(range(1, 10))
    assert all(begin < end for _, begin, end in versions)
    assert all(one[2] == two[1] for one, two in zip(versions, versions[1:], strict=False))
    desk.law_holds()
    desk.counts_hold()


def test_two_programs_send_the_same_bytes(desk, trial):
    texts = [trial.csv(("a", 1, age, 1)) for age in range(20, 24)]
    given = programs(desk, [("01999", texts), ("01999", texts)])
    assert len({receipt for receipt, _ in given}) == 4
    assert desk.one("SELECT count(*) FROM records.submission") == 4
    desk.counts_hold()


def test_two_facilities_of_one_province_at_once(desk, trial):
    texts = [trial.csv(*((f"k{at}", 1, age, at) for at in range(40))) for age in range(20, 24)]
    programs(desk, [("01999", texts), ("01001", texts)])
    assert len(desk.visits("01999")) == len(desk.visits("01001")) == 40
    desk.law_holds()
    desk.counts_hold()


def test_files_and_single_records_of_one_facility_at_once(desk, trial):
    """Files are processed while records are posted; each record is kept at once or waits for its file."""
    with desk.db.pool(3) as pool:
        line = RecordIntake(pool, desk.home)
        posted: list[str] = []

        def post(name):
            for age in range(15):
                body = f'{{"VISIT": {{"ID": "{name}", "SEX": "1", "AGE": {age}, "TOTAL": 1}}}}'.encode()
                posted.append(
                    line.submit(body, contract="trial", sender="01999", actor="his").receipt
                )

        threads = [threading.Thread(target=post, args=[name]) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for age in range(30, 34):
            desk.send(trial.csv(("a", 1, age, 1), ("c", 1, age, 1)))
        for thread in threads:
            thread.join()
        line.close()
    intake.resume_unfinished(desk.conn, home=desk.home)
    assert len(set(posted)) == 30
    assert desk.rows("SELECT DISTINCT state FROM records.submission") == [("done",)]
    newest = dict(
        desk.rows(
            'SELECT DISTINCT ON (k) k, r FROM (SELECT _key AS k, _receipt AS r FROM trial."VISIT" UNION ALL'
            ' SELECT _key, _receipt FROM trial."VISIT_history") v JOIN records.submission s ON s.receipt = r'
            " ORDER BY k, s.number DESC"
        )
    )
    assert dict(desk.rows('SELECT _key, _receipt FROM trial."VISIT"')) == newest
    desk.law_holds()
    desk.counts_hold()
