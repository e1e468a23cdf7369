"""What a code of the Portal means here: decided by a person, with a reason and the day it holds from.

Never by the likeness of names: the same name stands for many procedures, and a wrong one settles nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import audit
from lienthong.dossiers import naming
from lienthong.errors import Refused

Kind = Literal["procedure", "agency"]


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """One decision: this code of theirs is that code of ours from a day on."""

    kind: str
    theirs: str
    ours: str
    valid_from: date
    valid_to: date | None
    reason: str
    decided_by: str
    decided_at: datetime


def mapped(conn: psycopg.Connection[Any], kind: Kind, theirs: str, on: date) -> str:
    """Our code for theirs on a day; theirs itself when nobody decided otherwise."""
    row = conn.execute(
        "SELECT ours FROM portal.mapping WHERE kind = %s AND theirs = %s AND valid_from <= %s"
        " AND coalesce(valid_to > %s, true) ORDER BY valid_from DESC LIMIT 1",
        [kind, theirs, on, on],
    ).fetchone()
    return row[0] if row else theirs


def decide(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    kind: Kind,
    theirs: str,
    ours: str,
    reason: str,
    *,
    since: date,
    now: datetime,
) -> None:
    """A person says what a code means from a day on; an earlier meaning ends there. What waits is tried again."""
    theirs, ours = theirs.strip(), ours.strip()
    for what, said in (("theirs", theirs), ("ours", ours), ("reason", reason.strip())):
        if not said:
            raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things([what]))
    who = actor if isinstance(actor, str) else actor.id
    conn.execute(
        "UPDATE portal.mapping SET valid_to = %s WHERE kind = %s AND theirs = %s AND valid_from < %s"
        " AND valid_to IS NULL",
        [since, kind, theirs, since],
    )
    conn.execute(
        "INSERT INTO portal.mapping (kind, theirs, ours, valid_from, reason, decided_by, decided_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (kind, theirs, valid_from) DO UPDATE SET"
        " ours = excluded.ours, reason = excluded.reason, decided_by = excluded.decided_by,"
        " decided_at = excluded.decided_at, valid_to = NULL",
        [kind, theirs, ours, since, reason.strip()[:1000], who, now],
    )
    audit.write(
        conn, actor, "portal.mapped", {"kind": kind, "theirs": theirs[:60], "ours": ours[:60]}
    )
    field = "MaTTHC" if kind == "procedure" else "MaDonViTiepNhan"
    conn.execute(
        "UPDATE portal.inbound SET next_at = '-infinity' WHERE state = 'waiting' AND body ->> %s = %s",
        [field, theirs],
    )


def decisions(conn: psycopg.Connection[Any], limit: int = 200) -> list[Mapping]:
    """What was decided, newest first."""
    rows = conn.execute(
        "SELECT kind, theirs, ours, valid_from, valid_to, reason, decided_by, decided_at FROM portal.mapping"
        " ORDER BY decided_at DESC LIMIT %s",
        [limit],
    ).fetchall()
    return [Mapping(**dict(zip(Mapping.__struct_fields__, row, strict=True))) for row in rows]
