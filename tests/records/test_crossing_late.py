"""One question to another database that is never answered in time does not hold up the questions behind it."""

from __future__ import annotations

import psycopg
from tests.records.crossed import Town

from lienthong.records.crossing import due
from lienthong.records.crossing.kept import Kept


def test_what_is_never_answered_in_time_is_given_up(fresh_db, home, monkeypatch):
    town = Town(fresh_db, home)
    town.send("wards", "VISIT.csv", "ID,DOC,PERSON,DAY\nv3,L1,p2,20260110\n")
    town.again()
    town.send("registers", "DEATH.csv", "NR,PERSON,DAY\nD1,p2,20260105\n", "01000")

    def never(*_):
        raise psycopg.errors.QueryCanceled("statement timeout")

    monkeypatch.setattr(Kept, "ask", never)
    town.again()
    left = town.rows("SELECT attempts FROM records.crossing_due WHERE done_at IS NULL")
    assert left == [(due.GIVE_UP,)]
    town.conn.close()
