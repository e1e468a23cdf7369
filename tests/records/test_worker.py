"""A worker does what waits, is called by the database, and leaves nothing behind when it goes."""

from __future__ import annotations

import threading

from lienthong import worker
from lienthong.records import intake


def test_a_worker_is_called_when_something_arrives(desk, trial, monkeypatch):
    first = desk.receive(trial.csv(("a", 1, 20, 1)))
    made = worker.Worker(desk.db, desk.home)
    done: list[str] = []
    both = threading.Event()
    real = intake.resume

    def noted(conn, receipt, **more):
        given = real(conn, receipt, **more)
        done.append(given.receipt)
        if len(done) == 1:  # the second one comes while the worker works
            second.append(desk.receive(trial.csv(("b", 1, 20, 1)), sender="79001").receipt)
        else:
            made.stop()
            both.set()
        return given

    second: list[str] = []
    monkeypatch.setattr(intake, "resume", noted)
    monkeypatch.setattr(worker, "EVERY", 600.0)
    thread = threading.Thread(target=made.run)
    thread.start()
    assert both.wait(60)
    desk.conn.execute("NOTIFY lienthong_submission")
    thread.join(60)
    assert not thread.is_alive()
    assert done == [first.receipt, second[0]]
    assert desk.visits() == {"a": ("1", 20, 1.0)}
    assert desk.visits("79001") == {"b": ("1", 20, 1.0)}


def test_one_bad_submission_does_not_stop_the_others(desk, trial, monkeypatch):
    from lienthong.records.intake import processing

    bad = desk.receive(trial.csv(("a", 1, 20, 1)))
    good = desk.receive(trial.csv(("b", 1, 20, 1)), sender="79001")
    real = processing._take_in

    def take_in(conn, given, *more):
        if given.sender == "01999":
            raise ZeroDivisionError
        real(conn, given, *more)

    monkeypatch.setattr(processing, "_take_in", take_in)
    assert worker.Worker(desk.db, desk.home).once(desk.conn) == 1
    assert intake.submission(desk.conn, good.receipt).state == "done"
    assert intake.submission(desk.conn, bad.receipt).attempts == 1


def test_a_worker_beside_the_site_ends_with_it(desk, trial):
    desk.receive(trial.csv(("a", 1, 20, 1)))
    with worker.beside(desk.db) as process:
        assert process.poll() is None
    assert process.returncode == 0


def test_who_is_expected_is_known_without_compiling_a_rule(desk, monkeypatch):
    """The night asks every contract who should send; compiling a thousand rules for it would take half a minute."""
    from datetime import date

    from lienthong.contracts.rules import cache, compiled
    from lienthong.records.intake import terms

    def never(*_args, **_more):
        raise AssertionError("a contract was compiled")

    monkeypatch.setattr(terms, "_compiled", {})
    monkeypatch.setattr(terms, "cached_contract", never)
    monkeypatch.setattr(cache, "compile_contract", never, raising=False)
    monkeypatch.setattr(compiled, "compile_contract", never)
    contracts, expected = worker.Worker(desk.db, desk.home)._expected(date(2026, 11, 22))
    assert {contract.name for contract in contracts} == set(terms.names(desk.home))
    assert "trial" in {contract.name for contract in contracts} and expected is not None
