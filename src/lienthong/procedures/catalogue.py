"""The catalogue: procedures are drafted, published from a day on, replaced or abolished, and never edited.

What was in force on a day is asked with that day: a dossier keeps the version of its filing date. Every act is
audited in the caller's transaction.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.procedures.procedure import Decision, Procedure
from lienthong.procedures.sound import sound


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a procedure with its place in time; `valid_to` is the first day on which it no longer holds.

    `origin` says where its text comes from. `successor` follows an abolished procedure, ended by `end_decision`.
    """

    code: str
    version: int
    status: str
    procedure: Procedure
    origin: str
    valid_from: date | None = None
    valid_to: date | None = None
    drafted_by: str = ""
    drafted_at: datetime | None = None
    published_by: str | None = None
    published_at: datetime | None = None
    successor: str | None = None
    end_decision: str | None = None

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day."""
        begun = self.valid_from is not None and self.valid_from <= on
        return begun and (self.valid_to is None or on < self.valid_to)


_SELECT: LiteralString = (
    "SELECT code, version, status, document, origin, valid_from, valid_to, drafted_by, drafted_at, published_by,"
    " published_at, successor, end_decision FROM procedures.version WHERE "
)


def draft(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    procedure: Procedure,
    origin: str,
    *,
    seen: datetime | None = None,
) -> Version:
    """Write the draft of a procedure, over the draft there is or as the next version.

    `origin` says where the text comes from (a file, the Portal, an editor); `seen` is when the draft that the writer
    looked at was written. Raises Refused for what cannot stand, Conflict when the draft was changed since then.
    """
    sound(procedure)
    if seen is not None and _draft(conn, procedure.code, lock=True).drafted_at != seen:
        raise Conflict(
            "PROCEDURE-CHANGED",
            "Somebody changed the draft of %(number)s meanwhile; open it again.",
            number=procedure.code,
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


def start(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, code: str, number: int, origin: str
) -> Version:
    """Begin the next version as a copy of one that there is.

    Raises NotFound for a version that is not there, Conflict when a draft is being written already.
    """
    copied = version(conn, code, number)
    if any(one.status == "draft" for one in versions(conn, code)):
        raise Conflict(
            "PROCEDURE-DRAFT",
            "A draft of procedure %(number)s is there already; finish or withdraw it first.",
            number=code,
        )
    return draft(conn, actor, copied.procedure, origin)


def withdraw(conn: psycopg.Connection[Any], actor: audit.Acting | str, code: str) -> Version:
    """Give a draft up; it stays readable as withdrawn. Raises NotFound without a draft."""
    row = conn.execute(
        "UPDATE procedures.version SET status = 'withdrawn' WHERE code = %s AND status = 'draft' RETURNING version",
        [code],
    ).fetchone()
    if row is None:
        raise _missing(code)
    audit.write(conn, actor, "procedure.withdrawn", {"code": code, "version": row[0]})
    return version(conn, code, row[0])


def publish(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    valid_from: date,
    decision: Decision | None = None,
) -> Version:
    """Put the draft of a procedure in force from a day on; the version before it ends on that day.

    The day may lie ahead: until then the version before it holds. Raises NotFound without a draft, Conflict when the
    last version begins on or after that day or was abolished for a later one.
    """
    found = _draft(conn, code, lock=True)
    before = conn.execute(
        "SELECT version, valid_from, valid_to FROM procedures.version WHERE code = %s AND valid_from IS NOT NULL"
        " ORDER BY valid_from DESC LIMIT 1 FOR UPDATE",
        [code],
    ).fetchone()
    if before and before[1] >= valid_from:
        raise _order(code, before[1])
    if before and before[2] is not None and before[2] > valid_from:
        raise Conflict(
            "PROCEDURE-ABOLISHED",
            "Procedure %(number)s is abolished from %(day)s; a new version cannot begin before that day.",
            number=code,
            day=f"{before[2]:%d/%m/%Y}",
        )
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
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    from_day: date,
    *,
    successor: str = "",
    decision: str = "",
) -> Version:
    """End a procedure on a day: from then on nothing is in force under its code; `successor` follows it.

    Raises NotFound when nothing open is published, Refused for a successor that is not in the catalogue.
    """
    if successor and (successor == code or not versions(conn, successor)):
        raise Refused(
            "PROCEDURE-SUCCESSOR",
            "The successor %(successor)s must be another procedure of the catalogue.",
            successor=successor[:20],
        )
    row = conn.execute(
        "UPDATE procedures.version SET status = 'abolished', valid_to = %s, successor = %s, end_decision = %s,"
        " ended_by = %s, ended_at = %s WHERE code = %s AND status = 'published' AND valid_to IS NULL"
        " AND valid_from < %s RETURNING version",
        [
            from_day, successor or None, decision or None, _id(actor), clock.now(), code, from_day,
        ],
    ).fetchone()  # fmt: skip
    if row is None:
        raise _missing(code)
    audit.write(
        conn,
        actor,
        "procedure.abolished",
        {"code": code, "version": row[0], "from": from_day.isoformat(), "successor": successor},
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


def versions_of(conn: psycopg.Connection[Any], codes: list[str]) -> list[Version]:
    """All versions of several procedures, by code, the newest first."""
    return _read(conn, "code = ANY(%s) ORDER BY code, version DESC", [codes])


def all_in_force(conn: psycopg.Connection[Any], on: date) -> list[Version]:
    """Every procedure that holds on a day, by code."""
    return _read(
        conn, "valid_from <= %s AND (valid_to IS NULL OR valid_to > %s) ORDER BY code", [on, on]
    )


def state(conn: psycopg.Connection[Any], on: date) -> str:
    """A short text that is another as soon as another version holds on that day: what is counted may be kept by it.

    A published version is never edited, so that who it is says what it says.
    """
    row = conn.execute(
        "SELECT md5(coalesce(string_agg(concat_ws('/', code, version, published_at), ',' ORDER BY code, version), ''))"
        " || (SELECT oid FROM pg_database WHERE datname = current_database()) FROM procedures.version"
        " WHERE valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)",
        [on, on],
    ).fetchone()
    assert row
    return str(row[0])


def drafts(conn: psycopg.Connection[Any]) -> list[Version]:
    """Every draft that waits, the newest first."""
    return _read(conn, "status = 'draft' ORDER BY drafted_at DESC, code", [])


def draft_of(conn: psycopg.Connection[Any], code: str) -> Version:
    """The draft of a procedure; raises NotFound without one."""
    return _draft(conn, code)


def before(conn: psycopg.Connection[Any], given: Version) -> Version | None:
    """What a version replaces or would replace: the newest published one of a smaller number."""
    found = [
        one
        for one in versions(conn, given.code)
        if one.valid_from is not None and one.version < given.version
    ]
    return max(found, key=lambda one: one.valid_from or date.min, default=None)


def same_name(conn: psycopg.Connection[Any], given: Version, on: date) -> list[Version]:
    """Procedures of another code that hold on a day under the same name: one of them may be out of date."""
    return _read(
        conn,
        "lower(name) = lower(%s) AND code <> %s AND valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)"
        " ORDER BY code",
        [given.procedure.name.get("vi", ""), given.code, on, on],
    )


def _draft(conn: psycopg.Connection[Any], code: str, *, lock: bool = False) -> Version:
    return _one(conn, code, "status = 'draft'", [], lock=lock)


def _one(
    conn: psycopg.Connection[Any],
    code: str,
    where: LiteralString,
    values: list[Any],
    *,
    lock: bool = False,
) -> Version:
    ending: LiteralString = " LIMIT 1 FOR UPDATE" if lock else " LIMIT 1"
    found = _read(conn, "code = %s AND " + where + ending, [code, *values])
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
