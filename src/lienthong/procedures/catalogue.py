"""The catalogue: procedures are drafted, published from a day on, replaced or abolished, and never edited.

What was in force on a day is asked with that day: a dossier keeps the version of its filing date. Every act is
audited in the caller's transaction.
"""

from __future__ import annotations

from datetime import date
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures.procedure import CODE, Decision, Procedure


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a procedure with its place in time; `valid_to` is the first day on which it no longer holds."""

    code: str
    version: int
    status: str
    procedure: Procedure
    origin: str
    valid_from: date | None = None
    valid_to: date | None = None


_SELECT: LiteralString = (
    "SELECT code, version, status, document, origin, valid_from, valid_to FROM procedures.version"
    " WHERE "
)


def draft(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, procedure: Procedure, origin: str
) -> Version:
    """Write the draft of a procedure, over the draft there is or as the next version.

    `origin` says where the text comes from (a file, the Portal, an editor). Raises Refused without a national code.
    """
    if not CODE.match(procedure.code):
        raise Refused(
            "PROCEDURE-CODE",
            "“%(written)s” is no procedure code; it looks like 1.012279.",
            written=procedure.code,
        )
    row = conn.execute(
        "INSERT INTO procedures.version AS v (code, version, name, field, levels, online, document, decision, origin,"
        " drafted_by, drafted_at) SELECT %(code)s, coalesce(max(version), 0) + 1, %(name)s, %(field)s, %(levels)s,"
        " %(online)s, %(document)s, %(decision)s, %(origin)s, %(actor)s, %(moment)s FROM procedures.version"
        " WHERE code = %(code)s"
        " ON CONFLICT (code) WHERE status = 'draft' DO UPDATE SET name = excluded.name, field = excluded.field,"
        " levels = excluded.levels, online = excluded.online, document = excluded.document,"
        " decision = excluded.decision, origin = excluded.origin, drafted_by = excluded.drafted_by,"
        " drafted_at = excluded.drafted_at RETURNING version",
        {
            "code": procedure.code,
            "name": procedure.name.get("vi", ""),
            "field": procedure.field,
            "levels": list(procedure.levels),
            "online": procedure.online,
            "document": Jsonb(msgspec.to_builtins(procedure)),
            "decision": procedure.decision.number if procedure.decision else None,
            "origin": origin,
            "actor": _id(actor),
            "moment": clock.now(),
        },
    ).fetchone()
    assert row
    audit.write(
        conn,
        actor,
        "procedure.drafted",
        {"code": procedure.code, "version": row[0], "origin": origin},
    )
    return version(conn, procedure.code, row[0])


def publish(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    valid_from: date,
    decision: Decision | None = None,
) -> Version:
    """Put the draft of a procedure in force from a day on; the version before it ends on that day.

    Raises NotFound without a draft, Conflict when the last version begins on or after that day.
    """
    found = _draft(conn, code)
    before = conn.execute(
        "SELECT version, valid_from FROM procedures.version WHERE code = %s AND valid_from IS NOT NULL"
        " ORDER BY valid_from DESC LIMIT 1 FOR UPDATE",
        [code],
    ).fetchone()
    if before and before[1] >= valid_from:
        raise _order(code, before[1])
    procedure = found.procedure
    if decision is not None:
        procedure = msgspec.structs.replace(procedure, decision=decision)
    if before:
        conn.execute(
            "UPDATE procedures.version SET valid_to = %s WHERE code = %s AND version = %s AND valid_to IS NULL",
            [valid_from, code, before[0]],
        )
    conn.execute(
        "UPDATE procedures.version SET status = 'published', valid_from = %s, document = %s, decision = %s,"
        " published_by = %s, published_at = %s WHERE code = %s AND version = %s",
        [
            valid_from,
            Jsonb(msgspec.to_builtins(procedure)),
            procedure.decision.number if procedure.decision else None,
            _id(actor),
            clock.now(),
            code,
            found.version,
        ],
    )
    audit.write(
        conn,
        actor,
        "procedure.published",
        {"code": code, "version": found.version, "from": valid_from.isoformat()},
    )
    return version(conn, code, found.version)


def abolish(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, code: str, from_day: date
) -> Version:
    """End a procedure on a day: from then on nothing is in force under its code."""
    row = conn.execute(
        "UPDATE procedures.version SET status = 'abolished', valid_to = %s WHERE code = %s AND status = 'published'"
        " AND valid_to IS NULL AND valid_from < %s RETURNING version",
        [from_day, code, from_day],
    ).fetchone()
    if row is None:
        raise _missing(code)
    audit.write(
        conn,
        actor,
        "procedure.abolished",
        {"code": code, "version": row[0], "from": from_day.isoformat()},
    )
    return version(conn, code, row[0])


def version(conn: psycopg.Connection[Any], code: str, number: int) -> Version:
    """One version; raises NotFound."""
    return _one(conn, code, "version = %s", [number])


def in_force(conn: psycopg.Connection[Any], code: str, on: date) -> Version:
    """The version that holds on a day; raises NotFound when none does."""
    return _one(conn, code, "valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)", [on, on])


def versions(conn: psycopg.Connection[Any], code: str) -> list[Version]:
    """All versions of a procedure, the newest first."""
    return _read(conn, "code = %s ORDER BY version DESC", [code])


def all_in_force(conn: psycopg.Connection[Any], on: date) -> list[Version]:
    """Every procedure that holds on a day, by code."""
    return _read(
        conn, "valid_from <= %s AND (valid_to IS NULL OR valid_to > %s) ORDER BY code", [on, on]
    )


def _draft(conn: psycopg.Connection[Any], code: str) -> Version:
    return _one(conn, code, "status = 'draft'", [])


def _one(
    conn: psycopg.Connection[Any], code: str, where: LiteralString, values: list[Any]
) -> Version:
    found = _read(conn, "code = %s AND " + where + " LIMIT 1", [code, *values])
    if not found:
        raise _missing(code)
    return found[0]


def _read(conn: psycopg.Connection[Any], where: LiteralString, values: list[Any]) -> list[Version]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(sql.SQL(_SELECT) + sql.SQL(where), values).fetchall()
    return [
        Version(procedure=msgspec.convert(row.pop("document"), Procedure), **row) for row in rows
    ]


def _missing(code: str) -> NotFound:
    return NotFound(
        "PROCEDURE-NOT-FOUND", "Procedure %(number)s is not there in that form.", number=code
    )


def _order(code: str, day: date) -> Conflict:
    return Conflict(
        "PROCEDURE-ORDER",
        "Procedure %(number)s is already published from %(day)s; a new version must begin later.",
        number=code,
        day=f"{day:%d/%m/%Y}",
    )


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
