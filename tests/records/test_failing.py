"""A full disk, a silent database, a killed program: nothing is half kept and nothing that was received is lost."""

from __future__ import annotations

import errno
import os

import pytest

from lienthong.errors import Unavailable
from lienthong.records import intake


def large(trial):
    return trial.csv(*((f"k{at}", 1, at % 90, at) for at in range(20_000)))


def test_a_full_disk_is_said_and_leaves_nothing(desk, trial, home, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        desk.receive(large(trial))
    assert not list((home / "blobs" / "incoming").iterdir())
    assert desk.one("SELECT count(*) FROM records.submission") == 0
    monkeypatch.undo()
    assert desk.send(large(trial)).kept == 20_000


def test_a_disk_that_is_full_while_reading_keeps_the_submission(desk, trial, home, monkeypatch):
    from lienthong.records.intake import processing

    def full(*_args, **_more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    given = desk.receive(trial.csv(("a", 1, 20, 1)))
    monkeypatch.setattr(processing, "read", full)
    with pytest.raises(Unavailable):
        desk.process(given.receipt)
    assert intake.submission(desk.conn, given.receipt).state == "received"
    monkeypatch.undo()
    assert [one.state for one in intake.resume_unfinished(desk.conn, home=home)] == ["done"]


def end_backend(desk):
    pid = desk.conn.info.backend_pid
    with desk.db.connect("owner", autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_a_silent_database_takes_nothing(desk, trial, home):
    end_backend(desk)
    with pytest.raises(Unavailable):
        desk.receive(large(trial))
    assert not list((home / "blobs" / "incoming").iterdir())
    with desk.db.connect(autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM records.submission").fetchone() == (0,)


@pytest.mark.parametrize("stage", ["check", "compare", "keep", "count", "done"])
def test_a_database_that_goes_silent_leaves_the_submission_for_later(desk, trial, home, stage):
    given = desk.receive(trial.csv(("a", 1, 20, 1), ("b", 3, 20, 1)))
    ended = []

    def told(at, _done, _of):
        if at == stage and not ended:
            ended.append(at)
            end_backend(desk)

    with pytest.raises(Unavailable):
        desk.process(given.receipt, progress=told)
    with desk.db.connect(autocommit=True) as conn:
        assert intake.submission(conn, given.receipt).state == "received"
        assert conn.execute('SELECT count(*) FROM trial."VISIT"').fetchone() == (0,)
        (done,) = intake.resume_unfinished(conn, home=home)
        assert (done.kept, done.quarantined) == (1, 1)


def test_our_own_fault_is_tried_again_and_then_said(desk, trial, home, monkeypatch):
    from lienthong.records.intake import processing

    def broken(*_args, **_more):
        raise ZeroDivisionError

    given = desk.receive(trial.csv(("a", 1, 20, 1)))
    monkeypatch.setattr(processing, "_take_in", broken)
    for _ in range(processing.GIVE_UP):
        with pytest.raises(ZeroDivisionError):
            desk.process(given.receipt)
    failed = intake.submission(desk.conn, given.receipt)
    assert (failed.state, failed.attempts) == ("failed", processing.GIVE_UP)
    assert intake.resume_unfinished(desk.conn, home=home) == []
    monkeypatch.undo()
    assert desk.process(given.receipt).state == "done"  # somebody asked for it


def test_submissions_of_a_sender_are_processed_in_the_order_of_arrival(desk, trial, contract):
    first = desk.receive(trial.csv(("a", 1, 20, 1)))
    second = desk.receive(trial.csv(("a", 1, 30, 1)))
    assert desk.process(second.receipt).kept == 1
    assert intake.submission(desk.conn, first.receipt).state == "done"
    assert desk.visits()["a"] == ("1", 30, 1.0)
    desk.counts_hold()


def test_bytes_that_a_reader_chokes_on_fail_and_let_the_next_ones_through(desk, trial, monkeypatch):
    from lienthong.records.intake import processing

    def corrupt(*_args, **_more):
        raise OSError("Corrupt snappy compressed data")

    given = desk.receive(trial.csv(("a", 1, 20, 1)))
    monkeypatch.setattr(processing, "read", corrupt)
    for _ in range(processing.GIVE_UP):
        with pytest.raises(OSError, match="snappy"):
            desk.process(given.receipt)
    monkeypatch.undo()
    assert intake.submission(desk.conn, given.receipt).state == "failed"
    assert desk.send(trial.csv(("b", 1, 20, 1))).kept == 1


def test_a_table_for_people_holds_no_formula(tmp_path):
    import duckdb

    from lienthong.records.intake.tables_out import write

    cells = ["=1+1", "@SUM(A1)", "-2", "+84 90", "-x", "plain", "1e3"]
    values = ", ".join(f"('{cell}', 1)" for cell in cells)
    with duckdb.connect() as con:
        write(con, f'SELECT * FROM (VALUES {values}) v("value", "row")', tmp_path / "f.csv")
    lines = (tmp_path / "f.csv").read_text().splitlines()
    assert lines[0] == "value,row"
    assert lines[1:] == [
        f"{cell},1" for cell in ("'=1+1", "'@SUM(A1)", "-2", "'+84 90", "'-x", "plain", "1e3")
    ]


def test_what_killed_programs_left_is_swept_after_a_day(home):
    from lienthong.records.intake import blobs

    old, new = home / "blobs" / "incoming" / "old", home / "work" / "new"
    folder = home / "work" / "intake-old"
    for path in (old, new, folder / "reading" / "part"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    for path in (old, folder):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert blobs.sweep(home) == 2
    assert not old.exists() and not folder.exists() and new.exists()


@pytest.mark.parametrize("largest", [12_000_000, -1], ids=["small", "large"])
def test_cells_that_the_database_cannot_hold_stop_nothing(
    desk, trial, tmp_path, monkeypatch, largest
):
    import duckdb

    from lienthong.records.intake import few

    monkeypatch.setattr(few, "BYTES", largest)
    file = tmp_path / "VISIT.parquet"
    duckdb.sql(
        'SELECT \'a\' || chr(0) AS "ID", \'1\' AS "SEX", 20 AS "AGE", 1.5 AS "TOTAL" UNION ALL'
        " SELECT 'b', '2', 30, 'nan'::DOUBLE"
    ).write_parquet(str(file))
    given = desk.send(file.read_bytes(), name="VISIT.parquet")
    assert given.state == "done"
    assert given.received == 2
    assert (given.kept, given.quarantined) == (0, 2)
    assert "FILE-05" in {count.rule for count in intake.finding_counts(desk.conn, given.receipt)}
    desk.counts_hold()
