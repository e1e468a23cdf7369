"""How many dossiers were filed under each procedure: what a reduction would have saved is counted from it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import psycopg

from lienthong import clock


def filed(conn: psycopg.Connection[Any], since: date, until: date) -> dict[str, int]:
    """Dossiers filed from one day to before another (Vietnam's days), by procedure code."""
    rows = conn.execute(
        "SELECT procedure, count(*) FROM dossiers.dossier WHERE filed_at >= %s AND filed_at < %s GROUP BY procedure",
        [_start(since), _start(until)],
    ).fetchall()
    return dict(rows)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), clock.VIETNAM)
