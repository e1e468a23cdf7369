"""Desks that file at midnight and over New Year while their programs are killed: no number is lost or given twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from lienthong.dossiers import codes
from tests.dossiers.world import UNIT, publish

DESK = """
import itertools, sys
from lienthong.database import Database
from lienthong.dossiers import acting
from tests.dossiers.world import at, filing

moments = ["2026-12-31 23:59", "2027-01-01 00:00", "2026-11-20 23:59", "2026-11-21 00:00"]
with Database(sys.argv[1]).connect() as conn:
    for at_ in itertools.cycle(moments):
        made = acting.file(conn, "desk", filing(filed_at=at(at_)))
        conn.commit()
        print(made.code, flush=True)
"""
DAYS = {"261231", "270101", "261120", "261121"}


def desk(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DESK, url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_killed_desks_leave_neither_gap_nor_repeat(fresh_db):
    with fresh_db.connect() as conn:
        publish(conn)
        conn.commit()
    told: list[str] = []
    for round_ in range(3):
        running = [desk(fresh_db.url) for _ in range(3)]
        for at, one in enumerate(running):
            assert one.stdout is not None
            told += [one.stdout.readline().strip() for _ in range(5 + 4 * round_ + at)]
            one.send_signal(signal.SIGKILL)
        for one in running:
            assert one.stdout is not None
            told += [line.strip() for line in one.stdout if line.endswith("\n")]
            one.wait(30)
    with fresh_db.connect() as conn:
        kept = [row[0] for row in conn.execute("SELECT code FROM dossiers.dossier").fetchall()]
    assert len(set(told)) == len(told), "nobody was given a number of somebody else"
    assert set(told) <= set(kept), "what was told is kept"
    parsed = [codes.parse(code) for code in kept]
    assert {f"{one.day:%y%m%d}" for one in parsed} == DAYS
    for day in {one.day for one in parsed}:
        serials = sorted(int(one.serial) for one in parsed if one.day == day)
        assert serials == list(range(1, len(serials) + 1)), (UNIT, day)
