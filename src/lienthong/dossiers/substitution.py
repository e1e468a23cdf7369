"""Who stands in for whom, from a moment to a moment: the work of the absent stands in the other's worklist too.

Rights do not travel: a substitute needs the same role; what they do in somebody's place names both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong import audit, clock
from lienthong.dossiers import naming
from lienthong.dossiers.dossier import Dossier
from lienthong.errors import Conflict, NotFound, Refused


class Substitution(msgspec.Struct, frozen=True, kw_only=True):
    """One substitution of a unit; `ended_at` when it was ended before its time."""

    id: int
    unit: str
    absent: str
    substitute: str
    begins: datetime
    ends: datetime
    reason: str
    named_by: str
    named_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at that moment."""
        return self.begins <= now < (self.ended_at or self.ends)


_COLUMNS = (
    "id, unit, absent, substitute, begins, ends, reason, named_by, named_at, ended_by, ended_at"
)


def name_substitute(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    *,
    unit: str,
    province: str = "",
    absent: str,
    substitute: str,
    begins: datetime,
    ends: datetime,
    reason: str,
) -> int:
    """Somebody stands in for somebody else; returns its number. Raises Refused, Conflict when one is named."""
    absent, substitute, reason = absent.strip(), substitute.strip(), reason.strip()
    if not (absent and substitute and reason):
        needed = {"absent": absent, "substitute": substitute, "reason": reason}
        lacking = [name for name, said in needed.items() if not said]
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(lacking))
    if absent == substitute:
        raise Refused("DOSSIER-SELF", "Nobody stands in for themselves.")
    if ends <= begins:
        raise Refused("DOSSIER-PERIOD", "The end must be later than the beginning.")
    there = conn.execute(
        "SELECT substitute FROM dossiers.substitution WHERE unit = %s AND absent = %s AND begins < %s"
        " AND coalesce(ended_at, ends) > %s LIMIT 1",
        [unit, absent, ends, begins],
    ).fetchone()
    if there:
        raise Conflict(
            "DOSSIER-SUBSTITUTE",
            "%(substitute)s is named for %(absent)s in that time already; end that first.",
            substitute=_name(conn, there[0]),
            absent=_name(conn, absent),
        )
    row = conn.execute(
        "INSERT INTO dossiers.substitution (unit, province, absent, substitute, begins, ends, reason, named_by,"
        " named_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [unit, province, absent, substitute, begins, ends, reason, _id(actor), clock.now()],
    ).fetchone()
    assert row
    audit.write(
        conn, actor, "dossier.substitute",
        {"id": row[0], "unit": unit, "absent": absent, "substitute": substitute,
         "begins": begins.isoformat(), "ends": ends.isoformat()},
    )  # fmt: skip
    return row[0]


def end(conn: psycopg.Connection[Any], actor: audit.Acting | str, id: int) -> None:
    """End a substitution before its time. Raises NotFound."""
    done = conn.execute(
        "UPDATE dossiers.substitution SET ended_by = %s, ended_at = greatest(%s, begins)"
        " WHERE id = %s AND ended_at IS NULL AND ends > %s",
        [_id(actor), clock.now(), id, clock.now()],
    )
    if not done.rowcount:
        raise NotFound("DOSSIER-NO-SUBSTITUTE", "There is no such substitution to end.")
    audit.write(conn, actor, "dossier.substitute_ended", {"id": id})


def listed(conn: psycopg.Connection[Any], unit: str | None = None) -> list[Substitution]:
    """All substitutions (of a unit), the newest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM dossiers.substitution"  # noqa: S608 names of columns
            " WHERE %(unit)s::text IS NULL OR unit = %(unit)s ORDER BY ends DESC, id DESC LIMIT 200",
            {"unit": unit},
        ).fetchall()
    return [Substitution(**row) for row in rows]


def absent_for(conn: psycopg.Connection[Any], substitute: str, now: datetime) -> list[str]:
    """The people in whose place somebody stands at a moment."""
    rows = conn.execute(
        "SELECT DISTINCT absent FROM dossiers.substitution WHERE substitute = %s AND begins <= %s"
        " AND coalesce(ended_at, ends) > %s ORDER BY absent",
        [substitute, now, now],
    ).fetchall()
    return [name for (name,) in rows]


def for_whom(
    conn: psycopg.Connection[Any], dossier: Dossier, actor: str, now: datetime
) -> dict[str, str]:
    """What an event adds when a substitute acts on a dossier of the absent: {"for": the absent}."""
    if not dossier.holder or dossier.holder == actor:
        return {}
    found = conn.execute(
        "SELECT 1 FROM dossiers.substitution WHERE substitute = %s AND absent = %s AND unit = %s AND begins <= %s"
        " AND coalesce(ended_at, ends) > %s",
        [actor, dossier.holder, dossier.unit, now, now],
    ).fetchone()
    return {"for": dossier.holder} if found else {}


def _name(conn: psycopg.Connection[Any], account: str) -> str:
    """The name of an account; the account itself when it has none."""
    row = conn.execute("SELECT name FROM app.account WHERE id = %s", [account]).fetchone()
    return (row[0] if row else "") or account


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
