"""The session with the Portal: one login for all threads and programs, and one more when it is over.

Whoever finds it over says which one was over; if somebody else has logged in meanwhile, theirs is taken. In the
database it is sealed with a key of the data folder: a copy of the database alone opens nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lienthong import clock
from lienthong.database import Database
from lienthong.partners.portal.keys import key

LOCK = 2_026_112_204
"""The advisory lock under which one program logs in."""


class Sessions(Protocol):
    """Keeps a session."""

    def current(self, log_in: Callable[[], str], over: str | None) -> str:
        """The session; a new one when there is none or when `over` is still the present one."""
        ...


class Alone:
    """A session that only this program uses."""

    def __init__(self) -> None:
        self._session, self._lock = "", threading.Lock()

    def current(self, log_in: Callable[[], str], over: str | None) -> str:
        """See Sessions."""
        with self._lock:
            if not self._session or self._session == over:
                self._session = ""
                self._session = log_in()
            return self._session


class Shared:
    """A session that all programs over one database use. `name` tells Portals apart."""

    def __init__(self, database: Database, home: Path, name: str) -> None:
        self._database, self._name = database, name[:200]
        self._cipher = AESGCM(key(home, "portal-session"))
        self._session, self._lock = "", threading.Lock()

    def current(self, log_in: Callable[[], str], over: str | None) -> str:
        """See Sessions; asks the database only when it has none or a used one."""
        with self._lock:
            if not self._session or self._session == over:
                self._session = self._renewed(log_in, over)
            return self._session

    def _renewed(self, log_in: Callable[[], str], over: str | None) -> str:
        with self._database.connect() as conn:  # one transaction: the lock ends with it
            conn.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            row = conn.execute(
                "SELECT sealed FROM portal.session WHERE name = %s", [self._name]
            ).fetchone()
            kept = self._opened(row[0]) if row else ""
            if kept and kept != over:
                return kept
            made = log_in()
            conn.execute(
                "INSERT INTO portal.session AS s (name, sealed, made_at) VALUES (%s, %s, %s) ON CONFLICT (name)"
                " DO UPDATE SET sealed = excluded.sealed, made_at = excluded.made_at, number = s.number + 1",
                [self._name, self._sealed(made), clock.now()],
            )
            return made

    def _sealed(self, session: str) -> bytes:
        import secrets

        nonce = secrets.token_bytes(12)
        return nonce + self._cipher.encrypt(nonce, session.encode(), self._name.encode())

    def _opened(self, sealed: bytes) -> str:
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], self._name.encode()).decode()
        except InvalidTag:
            return ""  # another key: log in again
