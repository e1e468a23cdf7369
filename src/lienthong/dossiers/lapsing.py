"""Dossiers lapse when the applicant did not answer within the time that the procedure gives for a supplement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from lienthong import audit, clock
from lienthong.dossiers import acting
from lienthong.errors import Failure

CLOCK = "clock"
"""Who acts: nobody but the clock; also the role that the table of moves asks for."""
MOST = 500


def lapse(
    conn: psycopg.Connection[Any], actor: audit.Acting | str = CLOCK, now: datetime | None = None
) -> list[str]:
    """Stop every dossier whose time for an answer is over, each in a transaction of its own; returns their codes.

    Idempotent: a dossier that was answered or stopped meanwhile is left alone, and one that cannot be stopped does
    not hold up the others. A procedure without such a time never lapses by itself.
    """
    moment = now or clock.now()
    rows = conn.execute(
        "SELECT code FROM dossiers.dossier WHERE state = 'supplement' AND answer_due <= %s"
        " ORDER BY answer_due LIMIT %s",
        [moment, MOST],
    ).fetchall()
    done = []
    for (code,) in rows:
        try:
            with conn.transaction():
                if _lapse_one(conn, actor, code, moment):
                    done.append(code)
        except Failure:
            continue
    return done


def _lapse_one(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, code: str, moment: datetime
) -> bool:
    row = conn.execute(
        "SELECT answer_due FROM dossiers.dossier WHERE code = %s AND state = 'supplement' AND answer_due <= %s"
        " FOR UPDATE SKIP LOCKED",
        [code, moment],
    ).fetchone()
    if row is None:
        return False
    about = {"reason": "no supplement came in time", "lapsed": row[0].isoformat()}
    acting.move(conn, actor, frozenset({CLOCK}), code, "stop", about, at=moment)
    return True
