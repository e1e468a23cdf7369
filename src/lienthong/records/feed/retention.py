"""How long the feed is kept: after that a reader who fell behind reads the records anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg

from lienthong.records.feed.bundles import PLACES
from lienthong.records.store.owner import as_owner


def forget(conn: psycopg.Connection[Any], now: datetime, days: int) -> int:
    """Take away what was kept more than `days` days ago, from the beginning on; returns how many bundles."""
    with conn.transaction(), as_owner(conn):
        row = conn.execute(
            "SELECT coalesce(min(id), 0) FROM records.change_bundle WHERE kept_at >= %s",
            [now - timedelta(days=days)],
        ).fetchone()
        first = row[0] if row and row[0] else None
        if first is None:
            last = conn.execute(
                "SELECT coalesce(max(id), 0) + 1 FROM records.change_bundle"
            ).fetchone()
            first = last[0] if last else 1
        gone = conn.execute(
            "DELETE FROM records.change_bundle WHERE id < %s AND kept_at < %s RETURNING id, number",
            [first, now - timedelta(days=days)],
        ).fetchall()
        if gone:
            last_id, number = max(gone)
            conn.execute(
                "UPDATE records.change_floor SET position = greatest(position, %s)",
                [last_id * PLACES + number - 1],
            )
    return len(gone)
