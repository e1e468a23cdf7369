"""Handing work over: one dossier or everything somebody has open, with the reason; and who may be given work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg

from lienthong import audit
from lienthong.dossiers import acting, naming
from lienthong.errors import Refused

OPEN = ("new", "received", "processing", "supplement", "payment")
"""States in which somebody has something to do or to wait for."""


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    """An account of an agency that works on dossiers, with how many it holds open."""

    id: str
    name: str
    roles: tuple[str, ...]
    open: int = 0


def colleagues(conn: psycopg.Connection[Any], unit: str) -> list[Colleague]:
    """The people of an agency who can work on dossiers, by name."""
    rows = conn.execute(
        "SELECT a.id, a.name, a.roles, (SELECT count(*) FROM dossiers.dossier d WHERE d.holder = a.id"
        " AND d.unit = %(unit)s AND d.state = ANY(%(open)s)) FROM app.account a"
        " WHERE a.active AND a.facility = %(unit)s"
        " AND a.roles && ARRAY['receiver', 'processor', 'decider'] ORDER BY a.name, a.id",
        {"unit": unit, "open": list(OPEN)},
    ).fetchall()
    return [
        Colleague(id=id, name=name, roles=tuple(roles), open=count)
        for id, name, roles, count in rows
    ]


def check_colleague(conn: psycopg.Connection[Any], unit: str, to: str) -> None:
    """Raise Refused when work would go to somebody who does not work at the agency."""
    if not any(one.id == to for one in colleagues(conn, unit)):
        raise Refused(
            "DOSSIER-COLLEAGUE",
            "%(person)s has no account at %(unit)s with which dossiers are worked on.",
            person=to or "–",
            unit=unit,
        )


def hand_over_all(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    *,
    unit: str,
    from_: str,
    to: str,
    why: str,
    at: datetime | None = None,
) -> list[str]:
    """Give every open dossier that somebody holds at an agency to a colleague; returns their codes.

    One event for each dossier, so that its history says why it changed hands. Raises Refused without a reason.
    """
    if not why.strip():
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["reason"]))
    if from_ == to:
        raise Refused("DOSSIER-SELF", "Nobody stands in for themselves.")
    check_colleague(conn, unit, to)
    rows = conn.execute(
        "SELECT code FROM dossiers.dossier WHERE holder = %s AND unit = %s AND state = ANY(%s)"
        " ORDER BY code FOR UPDATE",
        [from_, unit, list(OPEN)],
    ).fetchall()
    for (code,) in rows:
        acting.assign(conn, actor, code, to, at=at, why=why.strip())
    about = {"unit": unit, "from": from_, "to": to, "count": len(rows)}
    audit.write(conn, actor, "dossier.handed_over", about)
    return [code for (code,) in rows]
