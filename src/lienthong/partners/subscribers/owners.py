"""Whoever subscribed, as the gate knows them today: a closed account or a revoked token is nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from lienthong.access import Actor, accounts


def owner(conn: psycopg.Connection[Any], id: str, now: datetime) -> Actor | None:
    """The actor of that id with the rights of today; None when it may do nothing any more."""
    if id.startswith("operator:"):
        return Actor(id=id, kind="system", roles=("operator",))
    if id.startswith("token:"):
        row = conn.execute(
            "SELECT facility, province, roles FROM app.token WHERE id = %s AND revoked_at IS NULL"
            " AND coalesce(expires_at > %s, true)",
            [id.removeprefix("token:"), now],
        ).fetchone()
        if row is None:
            return None
        return Actor(id=id, kind="sender", roles=tuple(row[2]), facility=row[0], province=row[1])
    found = accounts.find(conn, id)
    return found.actor if found is not None and found.active else None


def named(id: str) -> Actor:
    """An actor by name only, for the log of what it was given."""
    return Actor(id=id, kind="system", roles=())
