"""Notes which records were read by their keys, a moment after and for all of them together: no reading waits for it.

What a killed site had not noted yet is noted with the next reading; the read log, which is written before a record is
given out, loses nothing.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout

from lienthong import clock
from lienthong.records.feed import delays

MOMENT = 1.0
"""Seconds from a reading to its note."""

MOST = 20_000
"""Records remembered as noted, and readings that may wait."""

Read = tuple[str, str, str, str, str]
"""contract, table, sender, key, receipt."""


class Served:
    """Takes notes from many threads; one of its own writes them. One per process; `close` it."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._waiting: dict[Read, datetime] = {}
        self._noted: set[Read] = set()
        self._due, self._closed = threading.Event(), threading.Event()
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="served", daemon=True)
        self._thread.start()

    def note(self, read: Read) -> None:
        """This version of a record was given to somebody just now."""
        if read not in self._noted and len(self._waiting) < MOST:
            self._waiting.setdefault(read, clock.now())
            self._due.set()

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._closed.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._due.wait()
            self._closed.wait(MOMENT)
            self._due.clear()
            waiting, self._waiting = self._waiting, {}
            if waiting:
                self._write(waiting)

    def _write(self, waiting: dict[Read, datetime]) -> None:
        try:
            with self._pool.connection() as conn:
                mark_read(conn, waiting)
        except (psycopg.OperationalError, PoolTimeout):
            return  # the next reading notes it
        except Exception:
            self._log.exception("served.failed")
            return
        if len(self._noted) > MOST:
            self._noted.clear()
        self._noted |= waiting.keys()


def mark_read(conn: psycopg.Connection[Any], read: dict[Read, datetime]) -> None:
    """Records that stand alone in the feed are served from these moments on, if they were not before.

    Of a bundle of many it is not known which one was read: they count when a page of the feed gave them out.
    """
    rows = conn.execute(
        "WITH given AS (SELECT b.id, r.at FROM records.change_bundle b JOIN unnest(%s::text[], %s::text[], %s::text[],"
        " %s::text[], %s::text[], %s::timestamptz[]) AS r(contract, tbl, sender, key, receipt, at)"
        " ON b.receipt = r.receipt AND b.contract = r.contract AND b.table_name = r.tbl AND b.sender = r.sender"
        " AND b.number = 1 AND b.keys[1] = r.key WHERE b.served_at IS NULL ORDER BY b.id FOR UPDATE OF b SKIP LOCKED)"
        " UPDATE records.change_bundle b SET served_at = given.at FROM given WHERE b.id = given.id"
        " RETURNING b.contract, b.sender, b.province, b.kept_at, b.served_at",
        [*(list(column) for column in zip(*read, strict=True)), list(read.values())],
    ).fetchall()
    made = delays.Delays()
    for contract, sender, province, kept, served in rows:
        at = delays.class_of(delays.between(kept, served))
        made.add(contract, sender, province, clock.local(served).date(), "served", at, 1)
    made.write(conn)
