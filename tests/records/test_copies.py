"""Copies in a line are those of one after another: all of them or none, and the first fault is the one that is told."""

from __future__ import annotations

import duckdb
import psycopg
import pytest
from psycopg import sql

from lienthong.records.store import bulk

MANY = 3 * bulk.BATCH + 1


@pytest.fixture(scope="module")
def conn(db):
    """A connection with two tables of its own."""
    with db.connect("owner") as made:
        made.execute("CREATE TEMP TABLE first (n bigint CHECK (n <> 7))")
        made.execute("CREATE TEMP TABLE second (n bigint, said text)")
        made.commit()
        yield made


@pytest.fixture
def con():
    with duckdb.connect() as made:
        yield made


FIRST, SECOND = sql.Identifier("first"), sql.Identifier("second")


def counts(conn):
    return tuple(
        conn.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()[0]
        for name in (FIRST, SECOND)
    )


def test_many_batches_of_many_tables_arrive_whole(conn, con):
    told = []
    with conn.transaction(force_rollback=True):
        with bulk.Line(conn) as line:
            for _ in range(2):
                query = f"SELECT n + 10 AS n FROM range({MANY}) r(n)"
                assert line.copy(con, FIRST, query, progress=told.append) == MANY
                line.copy(con, SECOND, "SELECT n, 'số ' || n AS said FROM range(5) r(n)")
            assert line.copy(con, SECOND, "SELECT 1::BIGINT AS n WHERE false") == 0
        assert counts(conn) == (2 * MANY, 10)
        assert conn.execute("SELECT DISTINCT said FROM second WHERE n = 4").fetchall() == [
            ("số 4",)
        ]
    assert sum(told) == 2 * MANY


def test_the_connection_is_free_when_the_line_is_settled(conn, con):
    with conn.transaction(force_rollback=True), bulk.Line(conn) as line:
        line.copy(con, FIRST, f"SELECT n + 10 AS n FROM range({MANY}) r(n)")
        line.settle()
        assert counts(conn) == (MANY, 0)
        line.copy(con, SECOND, "SELECT 1::BIGINT AS n")
        line.settle()
        assert counts(conn) == (MANY, 1)


def test_what_the_database_refuses_is_told_and_nothing_stays(conn, con):
    with pytest.raises(psycopg.errors.CheckViolation), conn.transaction(), bulk.Line(conn) as line:
        line.copy(con, SECOND, "SELECT 1::BIGINT AS n")
        line.copy(con, FIRST, "SELECT 7::BIGINT AS n")
        for _ in range(10):
            line.copy(con, SECOND, f"SELECT n FROM range({MANY}) r(n)")
    assert counts(conn) == (0, 0)


def test_what_cannot_be_settled_is_told_at_once(conn, con):
    with pytest.raises(psycopg.errors.CheckViolation), conn.transaction(), bulk.Line(conn) as line:
        line.copy(con, FIRST, "SELECT 7::BIGINT AS n")
        line.settle()
        pytest.fail("the line said that all was written")
    assert counts(conn) == (0, 0)


def test_a_question_that_fails_half_way_leaves_nothing(conn, con):
    wrong = f"SELECT CASE WHEN n = {MANY - 1} THEN error('no') ELSE n + 10 END AS n FROM range({MANY}) r(n)"
    with pytest.raises(Exception, match="no"), conn.transaction(), bulk.Line(conn) as line:
        line.copy(con, SECOND, "SELECT 1::BIGINT AS n")
        line.copy(con, FIRST, wrong.replace("error('no')", "error('no')::BIGINT"))
    assert counts(conn) == (0, 0)


def test_who_stops_in_between_leaves_nothing(conn, con):
    with pytest.raises(KeyboardInterrupt), conn.transaction(), bulk.Line(conn) as line:
        line.copy(con, FIRST, f"SELECT n + 10 AS n FROM range({MANY}) r(n)")
        raise KeyboardInterrupt
    assert counts(conn) == (0, 0)
