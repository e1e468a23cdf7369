"""Sessions of people at the pages: a random token in a cookie, everything else on the server.

The token is kept as a hash, ends after some minutes without a click and after a working day at the latest, and is
exchanged for a new one while it is used.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import msgspec
import psycopg

from lienthong import audit, clock, settings
from lienthong.access import accounts
from lienthong.access.actor import Actor

COOKIE = "lienthong_session"
LONGEST = timedelta(hours=12)
RENEWED = timedelta(minutes=15)
GRACE = timedelta(minutes=1)
"""How long an exchanged token still works: pages that were under way finish."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session that goes on. When `renewed` is set the cookie must be given that token."""

    actor: Actor
    csrf: str
    renewed: str | None = None


def open(connection: psycopg.Connection, actor: Actor, at: datetime | None = None) -> str:
    """A new session for someone who just proved who they are; returns the token for the cookie."""
    moment = at or clock.now()
    connection.execute("DELETE FROM app.session WHERE created_at < %s", [moment - LONGEST])
    return _insert(connection, actor.id, secrets.token_urlsafe(32), moment, moment)


def _insert(
    connection: psycopg.Connection, account: str, csrf: str, created: datetime, at: datetime
) -> str:
    token = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO app.session (hash, account, csrf, created_at, renewed_at, seen_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [_hash(token), account, csrf, created, at, at],
    )
    return token


def resume(
    connection: psycopg.Connection, token: str, at: datetime | None = None
) -> Session | None:
    """The session behind a cookie, or None when it ended or its account was closed."""
    moment = at or clock.now()
    idle = timedelta(minutes=settings.read().session_minutes)
    row = connection.execute(
        "SELECT account, csrf, created_at, renewed_at, seen_at, ends_at FROM app.session"
        " WHERE hash = %s AND seen_at > %s AND created_at > %s AND coalesce(ends_at > %s, true)",
        [_hash(token), moment - idle, moment - LONGEST, moment],
    ).fetchone()
    if row is None:
        return None
    account, csrf, created, renewed, seen, ends = row
    found = accounts.find(connection, account)
    if found is None or not found.active:
        return None
    fresh = None
    if ends is None and moment - renewed > RENEWED:
        fresh = _renew(connection, token, account, csrf, created, moment)
    elif moment - seen > timedelta(minutes=1):  # not at every click: a page need not write
        connection.execute(
            "UPDATE app.session SET seen_at = %s WHERE hash = %s", [moment, _hash(token)]
        )
    return Session(actor=found.actor, csrf=csrf, renewed=fresh)


def _renew(
    connection: psycopg.Connection,
    token: str,
    account: str,
    csrf: str,
    created: datetime,
    at: datetime,
) -> str | None:
    """Exchange the token; only one of several requests at once gets the new one."""
    ended = connection.execute(
        "UPDATE app.session SET ends_at = %s, seen_at = %s WHERE hash = %s AND ends_at IS NULL RETURNING 1",
        [at + GRACE, at, _hash(token)],
    ).fetchone()
    return _insert(connection, account, csrf, created, at) if ended else None


def close(connection: psycopg.Connection, token: str) -> None:
    """Sign out: the token and those it was exchanged for stop to work."""
    row = connection.execute(
        "DELETE FROM app.session WHERE csrf = (SELECT csrf FROM app.session WHERE hash = %s) RETURNING account",
        [_hash(token)],
    ).fetchone()
    if row:
        audit.write(connection, row[0], "account.signed_out", {})


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
