"""Open differences between both sides as people work on them: with age, what mends them, and notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong import audit
from lienthong.dossiers import naming
from lienthong.errors import NotFound, Refused


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """One difference; `found_at` is when it was first seen, `seen_at` when last."""

    dossier: str
    procedure: str
    unit: str
    kind: str
    ours: str | None
    theirs: str | None
    cause: str
    found_at: datetime
    seen_at: datetime
    note: str | None = None
    noted_by: str | None = None
    noted_at: datetime | None = None
    mended_how: str | None = None
    mended_by: str | None = None
    mended_at: datetime | None = None


def listed(
    conn: psycopg.Connection[Any],
    *,
    cause: str = "",
    kind: str = "",
    dossier: str = "",
    limit: int = 100,
) -> list[Open]:
    """Open differences of dossiers that the reader may see, the oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT f.dossier, d.procedure, d.unit, f.kind, f.ours, f.theirs, f.cause, f.found_at, f.seen_at, f.note,"
            " f.noted_by, f.noted_at, f.mended_how, f.mended_by, f.mended_at"
            " FROM portal.difference f JOIN dossiers.dossier d ON d.code = f.dossier WHERE f.closed_at IS NULL"
            " AND (%(cause)s = '' OR f.cause = %(cause)s) AND (%(kind)s = '' OR f.kind = %(kind)s)"
            " AND (%(dossier)s = '' OR f.dossier = %(dossier)s) ORDER BY f.found_at, f.dossier, f.kind LIMIT %(limit)s",
            {"cause": cause, "kind": kind, "dossier": dossier, "limit": limit},
        ).fetchall()
    return [Open(**row) for row in rows]


def note(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, dossier: str, text: str, now: datetime
) -> None:
    """What was said or done about the differences of a dossier; they stay open until both sides are equal."""
    if len(text.strip()) < 5:
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["reason"]))
    who = actor if isinstance(actor, str) else actor.id
    made = conn.execute(
        "UPDATE portal.difference SET note = %s, noted_by = %s, noted_at = %s WHERE dossier = %s AND closed_at IS NULL",
        [text.strip()[:1000], who, now, dossier],
    )
    if not made.rowcount:
        raise NotFound("portal.no-difference", "Dossier %(number)s does not differ.", number=dossier)  # fmt: skip
    audit.write(conn, actor, "portal.noted", {"dossier": dossier})


def mended(conn: psycopg.Connection[Any], who: str, dossier: str, how: str, now: datetime) -> None:
    """Write down what somebody did to mend it; the next comparison says whether it helped."""
    conn.execute(
        "UPDATE portal.difference SET mended_how = %s, mended_by = %s, mended_at = %s WHERE dossier = %s"
        " AND closed_at IS NULL",
        [how, who, now, dossier],
    )
