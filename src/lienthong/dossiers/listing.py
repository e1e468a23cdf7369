"""Lists of dossiers without their applicants: by unit, state and due date, in pages that a next page goes on from."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql

from lienthong.errors import Refused

Order = Literal["newest", "due"]
MOST = 500

COLUMNS = (
    "code", "procedure", "unit", "received_by", "province", "channel", "state", "summary", "filed_at", "received_at",
    "next_due", "due_at", "step_due", "step", "settled_at", "holder", "supplements", "extensions",
)  # fmt: skip


CHOSEN = sql.SQL(", ").join(
    sql.SQL("CASE WHEN origin = 'portal' THEN '' ELSE summary END AS summary")
    if name == "summary"
    else sql.Identifier(name)
    for name in COLUMNS
)
"""The columns of a list. What a citizen wrote on the Portal may name them: it is read with the applicant only."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One dossier in a list. `next_due` is the moment that counts in its state."""

    code: str
    procedure: str
    unit: str
    received_by: str
    province: str
    channel: str
    state: str
    summary: str
    filed_at: datetime
    received_at: datetime | None
    next_due: datetime | None
    due_at: datetime | None
    step_due: datetime | None
    step: int
    settled_at: datetime | None
    holder: str
    supplements: int
    extensions: int


class Among(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; empty means all. `unit` also finds what came over its desk."""

    unit: str = ""
    province: str = ""
    state: str = ""
    procedure: str = ""
    holder: str = ""
    due_before: datetime | None = None
    order: Order = "newest"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows and where the next ones begin (None: these were the last)."""

    dossiers: list[Row]
    next: str | None = None


def listed(
    conn: psycopg.Connection[Any], among: Among, *, after: str = "", limit: int = 100
) -> Page:
    """One page in order: newest filing first, or nearest due first (only those with a due moment).

    `after` is the `next` of the page before. Raises Refused for one that is not.
    """
    most = max(1, min(limit, MOST))
    values: dict[str, Any] = {
        name: getattr(among, name) for name in among.__struct_fields__ if name != "order"
    } | {"most": most + 1}
    if after:
        values |= {"at": _read(after)[0], "code": _read(after)[1]}
    parts = [_part(among, "own", bool(after))]
    if among.unit:
        parts.append(_part(among, "desk", bool(after)))
    statement = parts[0]
    if len(parts) > 1:
        union = sql.SQL(" UNION ALL ").join(sql.SQL("({})").format(part) for part in parts)
        statement = sql.SQL("SELECT * FROM ({}) both_ ORDER BY {} LIMIT %(most)s").format(
            union, _ORDER[among.order]
        )
    rows = [Row(**dict(zip(COLUMNS, row, strict=True))) for row in conn.execute(statement, values)]
    more = len(rows) > most
    rows = rows[:most]
    return Page(dossiers=rows, next=_written(rows[-1], among.order) if more else None)


_ORDER = {
    "newest": sql.SQL("filed_at DESC, code DESC"),
    "due": sql.SQL("next_due, code"),
}


def _part(among: Among, side: str, goes_on: bool) -> sql.Composed:
    wanted = []
    if among.unit:
        wanted.append(
            "unit = %(unit)s" if side == "own" else "received_by = %(unit)s AND received_by <> unit"
        )
    for name in ("province", "state", "procedure", "holder"):
        if getattr(among, name):
            wanted.append(f"{name} = %({name})s")
    if among.due_before:
        wanted.append("next_due < %(due_before)s")
    if among.order == "due":
        wanted.append("next_due IS NOT NULL")
        if not among.state:
            wanted.append("state IN ('new', 'received', 'processing', 'supplement', 'payment')")
    if goes_on:
        wanted.append(
            "(filed_at, code) < (%(at)s, %(code)s)"
            if among.order == "newest"
            else "(next_due, code) > (%(at)s, %(code)s)"
        )
    where = sql.SQL(" WHERE " + " AND ".join(wanted)) if wanted else sql.SQL("")
    return sql.SQL("SELECT {} FROM dossiers.dossier{} ORDER BY {} LIMIT %(most)s").format(
        CHOSEN, where, _ORDER[among.order]
    )


def _written(row: Row, order: Order) -> str:
    at = row.filed_at if order == "newest" else row.next_due
    assert at is not None
    return base64.urlsafe_b64encode(f"{at.isoformat()} {row.code}".encode()).decode().rstrip("=")


def _read(after: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode()
        moment, _, code = text.partition(" ")
        return datetime.fromisoformat(moment), code
    except ValueError:
        raise Refused("DOSSIER-PAGE", "This is no page that a list gave out.") from None


def search(conn: psycopg.Connection[Any], text: str, limit: int = 20) -> list[Row]:
    """The dossier of that code, else those whose code holds the text, the newest first."""
    exact = sql.SQL("SELECT {} FROM dossiers.dossier WHERE code = upper(%s)").format(CHOSEN)
    part = sql.SQL(
        "SELECT {} FROM dossiers.dossier WHERE strpos(code, upper(%s)) > 0 ORDER BY filed_at DESC, code DESC LIMIT %s"
    ).format(CHOSEN)
    rows = conn.execute(exact, [text]).fetchall() or conn.execute(part, [text, limit]).fetchall()
    return [Row(**dict(zip(COLUMNS, row, strict=True))) for row in rows]
