"""The first large load into an empty table: its key is built after the rows, in half the time of row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors, sql

ROWS = 100_000
"""From this many rows on it pays."""


@contextmanager
def key_afterwards(
    conn: psycopg.Connection[Any], schema: str, table: str, rows: int
) -> Iterator[bool]:
    """Yields True when the table was empty and nobody else used it, and its key is made at the end of the block.

    Nobody waits: when the table is in use the key stays where it is. Inside the caller's transaction.
    """
    if rows < ROWS or not _alone(conn, schema, table):
        yield False
        return
    here = sql.Identifier(schema, table)
    found = conn.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'",
        [here.as_string(conn)],
    ).fetchone()
    if found is None:
        yield False
        return
    conn.execute(
        sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(here, sql.Identifier(found[0]))
    )
    yield True
    conn.execute("SET LOCAL maintenance_work_mem = '256MB'")
    conn.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (_key, _sender)").format(here))


def _alone(conn: psycopg.Connection[Any], schema: str, table: str) -> bool:
    """Lock the table if nobody uses it, and say whether it is empty."""
    here = sql.Identifier(schema, table)
    if _any(conn, here):
        return False
    try:
        with conn.transaction():
            conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE NOWAIT").format(here))
    except errors.LockNotAvailable:
        return False
    return not _any(conn, here)


def _any(conn: psycopg.Connection[Any], here: sql.Identifier) -> bool:
    row = conn.execute(sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(here)).fetchone()
    return bool(row and row[0])
