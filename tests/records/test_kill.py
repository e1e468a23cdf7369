"""Twenty kills at random moments: of each submission there is nothing or everything, and in the end all of them."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from lienthong.records import intake

KILLS = 20
ROWS = 6_000
"""Enough for a file of its own (more than the database keeps itself) and for several steps to be hit."""


def content(trial, file: int) -> str:
    """File number `file`: the same keys in new versions, every tenth wrong."""
    rows = (
        (f"k{at:05d}", "9" if (at + file) % 10 == 0 else "1", at % 90, file) for at in range(ROWS)
    )
    return trial.csv(*rows, columns="ID,SEX,AGE,TOTAL") + f"only-{file},1,1,{'0' * 200_000}\n"


def kill_somewhere(program: subprocess.Popen, choice: random.Random) -> int:
    """Let it say a random number of lines, then kill it; says how many lines came."""
    lines, wanted = 0, choice.randrange(1, 24)
    assert program.stdout is not None
    for _ in program.stdout:
        lines += 1
        if lines >= wanted:
            break
    program.send_signal(signal.SIGKILL)
    program.wait()
    return lines


def nothing_or_everything(desk):
    """Whatever was killed: a submission has all its traces or none."""
    for receipt, state, kept, quarantined in desk.rows(
        "SELECT receipt, state, kept, quarantined FROM records.submission"
    ):
        assert state in ("received", "done")
        versions = desk.one(
            'SELECT (SELECT count(*) FROM trial."VISIT" WHERE _receipt = %s)'
            ' + (SELECT count(*) FROM trial."VISIT_history" WHERE _receipt = %s)',
            receipt,
            receipt,
        )
        entries = desk.one("SELECT count(*) FROM records.quarantine WHERE receipt = %s", receipt)
        assert (versions, entries) == (kept, quarantined)
        assert state == "done" or (kept, quarantined) == (0, 0)


def test_twenty_kills(desk, trial, home, tmp_path):
    from lienthong.records.store import schema

    schema.ensure(desk.conn, desk.contract)
    choice = random.Random(20261122)
    files = []
    for file in range(6):
        path = tmp_path / f"file-{file}.csv"
        path.write_text(content(trial, file), encoding="utf-8")
        files.append(str(path))
    program = Path(__file__).with_name("killed.py")
    for _ in range(KILLS):
        running = subprocess.Popen(
            [sys.executable, str(program), desk.db.url, str(home), *files],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert kill_somewhere(running, choice) > 0
        running.stdout.close()
        nothing_or_everything(desk)
        desk.counts_hold()
    for file in files:
        given = intake.receive(
            desk.conn,
            Path(file),
            contract="trial",
            sender="01999",
            actor="mai",
            name="VISIT.csv",
            channel="test",
            home=home,
        )
        desk.process(given.receipt)
    assert intake.resume_unfinished(desk.conn, home=home) == []
    done = desk.rows(
        "SELECT state, received, kept + unchanged + quarantined FROM records.submission"
    )
    assert done == [("done", ROWS + 1, ROWS + 1)] * len(files)
    nothing_or_everything(desk)
    desk.counts_hold()
    last = desk.one('SELECT count(*) FROM trial."VISIT" WHERE "TOTAL" = 5')
    assert last == ROWS - ROWS // 10
