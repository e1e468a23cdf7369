"""Adds up what single records have left for the counts, a moment after them and for all of them together."""

from __future__ import annotations

import threading

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout

from lienthong.records.store import counts

MOMENT = 0.15
"""Seconds from a record to its place in the counts."""


class Folding:
    """A thread that adds up for whoever says that something is `due`; `close` adds up the rest."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._due = threading.Event()
        self._closed = threading.Event()
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="counts", daemon=True)
        self._thread.start()

    def due(self) -> None:
        """Something was left for the counts."""
        self._due.set()

    def close(self) -> None:
        """Add up what is left and end the thread."""
        self._closed.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._due.wait()
            self._closed.wait(MOMENT)  # others come meanwhile, and are added up at the same price
            self._due.clear()
            self._fold()

    def _fold(self) -> None:
        try:
            with self._pool.connection() as conn:
                counts.fold_all(conn)
        except (psycopg.OperationalError, PoolTimeout):
            pass  # it waits where it is; the next one, or a worker, adds it up
        except Exception:
            self._log.exception("counts.failed")
