"""Delivers as long as the program runs: woken by changes, and by the clock for those who must wait."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import structlog

from lienthong import clock
from lienthong.database import Database
from lienthong.errors import Unavailable
from lienthong.partners.subscribers.delivering import Deliveries
from lienthong.records.feed import retention

AT_ONCE = 8
"""Subscribers that are delivered to at the same time: a slow one holds up no other."""

LOOK = 2.0
"""Seconds after which it looks again by itself."""

TURN = 200
"""Messages to one subscriber before the others get their turn."""

PAUSE = 5.0
"""Seconds of rest when the database does not answer."""


class Running:
    """Delivers for one database in a thread of its own until it is stopped."""

    def __init__(self, database: Database, deliveries: Deliveries, days: int) -> None:
        self._database, self._deliveries, self._days = database, deliveries, days
        self._stopped = threading.Event()
        self._under_way: dict[str, Future[None]] = {}
        self._forgot_at = clock.now() - timedelta(days=1)
        self._log = structlog.get_logger()

    def stop(self) -> None:
        """End after the messages that are under way."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped; a silent database is waited for."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="subscribers") as crew:
            while not self._stopped.is_set():
                try:
                    self._listen(crew)
                except (psycopg.OperationalError, Unavailable) as silent:
                    self._log.warning("subscribers.wait", why=type(silent).__name__)
                    self._stopped.wait(PAUSE)

    def _listen(self, crew: ThreadPoolExecutor) -> None:
        with self._database.connect(autocommit=True) as conn:
            conn.execute("LISTEN lienthong_change")
            while not self._stopped.is_set():
                self._forget(conn)
                for id in self._deliveries.due(conn):
                    running = self._under_way.get(id)
                    if running is None or running.done():
                        self._under_way[id] = crew.submit(self._deliver, id)
                for _ in conn.notifies(timeout=LOOK, stop_after=1):
                    pass

    def _deliver(self, id: str) -> None:
        try:
            with self._database.connect(autocommit=True) as conn:
                for _ in range(TURN):
                    if self._stopped.is_set() or self._deliveries.step(conn, id) in (
                        "idle",
                        "busy",
                    ):
                        return
        except (psycopg.OperationalError, Unavailable):
            return  # the position stands where it stood; the next look begins there
        except Exception:
            self._log.exception("subscribers.failed", subscription=id)

    def _forget(self, conn: psycopg.Connection[Any]) -> None:
        now = clock.now()
        if now - self._forgot_at >= timedelta(hours=1):
            self._forgot_at = now
            retention.forget(conn, now, self._days)
