"""The worklist of codes that no list knows: what waits, and what an official decides about each.

A decision explains a code and lets statistics count it under another one; no record is rewritten.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong import audit, clock
from lienthong.contracts.codes import Codes
from lienthong.errors import NotFound, Refused

State = Literal["open", "mapped", "invalid"]
LONGEST = 1_000


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One code of a list, summed over the fields and senders in which it was seen, with what was decided."""

    list: str
    code: str
    seen: int
    senders: int
    fields: tuple[str, ...]
    examples: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    state: State
    target: str | None = None
    reason: str | None = None
    actor: str | None = None
    decided_at: datetime | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about a code."""

    state: State
    target: str | None
    reason: str
    actor: str
    decided_at: datetime


_LAST = (
    "SELECT DISTINCT ON (list, code) list, code, state, target, reason, actor, decided_at"
    " FROM records.code_decision ORDER BY list, code, id DESC"
)
_SUMMED = (
    "SELECT u.list, u.code, sum(u.seen)::bigint AS seen, count(DISTINCT u.sender) AS senders,"
    " array_agg(DISTINCT u.contract || ': ' || u.field) AS fields,"
    " (array_agg(DISTINCT u.sender))[1:5] AS examples,"
    " min(u.first_seen) AS first_seen, max(u.last_seen) AS last_seen FROM records.unmapped_code u"
    " WHERE (%(list)s::text IS NULL OR u.list = %(list)s) AND (%(code)s::text IS NULL OR u.code = %(code)s)"
    " AND (%(sender)s::text IS NULL OR u.sender = %(sender)s)"
    " AND (%(province)s::text IS NULL OR u.province = %(province)s) GROUP BY u.list, u.code"
)


def waiting(
    conn: psycopg.Connection[Any],
    *,
    list: str | None = None,
    code: str | None = None,
    sender: str | None = None,
    province: str | None = None,
    state: State | None = "open",
    start: int = 0,
    limit: int = 50,
) -> list[Waiting]:
    """Codes that were seen most often first; `state` None gives those that are decided too."""
    query = (
        f"SELECT s.*, coalesce(d.state, 'open') AS state, d.target, d.reason, d.actor, d.decided_at"
        f" FROM ({_SUMMED}) s LEFT JOIN ({_LAST}) d USING (list, code)"
        " WHERE (%(state)s::text IS NULL OR coalesce(d.state, 'open') = %(state)s)"
        " ORDER BY s.seen DESC, s.list, s.code OFFSET %(start)s LIMIT %(limit)s"
    )
    values = {
        "list": list, "code": code, "sender": sender, "province": province, "state": state, "start": start,
        "limit": limit,
    }  # fmt: skip
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, values).fetchall()
    return [msgspec.convert(row, Waiting) for row in rows]


def numbers(
    conn: psycopg.Connection[Any], *, sender: str | None = None, province: str | None = None
) -> dict[str, int]:
    """How many codes of each state there are, of everybody or of a facility or province."""
    rows = conn.execute(
        "SELECT coalesce(d.state, 'open'), count(*) FROM (SELECT DISTINCT list, code FROM records.unmapped_code"
        " WHERE (%(sender)s::text IS NULL OR sender = %(sender)s)"
        " AND (%(province)s::text IS NULL OR province = %(province)s)) u"
        f" LEFT JOIN ({_LAST}) d USING (list, code) GROUP BY 1",
        {"sender": sender, "province": province},
    ).fetchall()
    return {"open": 0, "mapped": 0, "invalid": 0} | {str(state): int(n) for state, n in rows}


def lists(conn: psycopg.Connection[Any]) -> list[str]:
    """The lists that have codes here."""
    return [
        str(row[0])
        for row in conn.execute("SELECT DISTINCT list FROM records.unmapped_code ORDER BY 1")
    ]


def decisions(conn: psycopg.Connection[Any], list: str, code: str) -> list[Decision]:
    """Every decision about a code, newest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT state, target, reason, actor, decided_at FROM records.code_decision"
            " WHERE list = %s AND code = %s ORDER BY id DESC",
            [list, code],
        ).fetchall()
    return [msgspec.convert(row, Decision) for row in rows]


def mapped(conn: psycopg.Connection[Any], list: str) -> dict[str, str]:
    """Code to the code under which statistics count it."""
    rows = conn.execute(
        f"SELECT code, target FROM ({_LAST}) d WHERE list = %s AND state = 'mapped'", [list]
    )
    return {str(code): str(target) for code, target in rows}


def decide(
    conn: psycopg.Connection[Any],
    codes: Codes,
    list: str,
    code: str,
    *,
    state: State,
    target: str = "",
    reason: str,
    actor: str,
) -> Waiting:
    """Map a code to one of its list, mark it invalid, or open it again; in a transaction of its own, with audit.

    Raises NotFound for a code that was never seen, Refused without a reason or for a target the list does not hold.
    """
    found = waiting(conn, list=list, code=code, state=None)
    if not found:
        raise NotFound(
            "code.unknown", "Nobody sent the code %(value)s of %(list)s.", value=code, list=list
        )
    reason, target = reason.strip(), target.strip()
    if not reason or len(reason) > LONGEST:
        raise Refused("code.reason", "Say why, in at most %(most)s characters.", most=LONGEST)
    if state == "mapped" and not codes.find(list, target):
        raise Refused(
            "code.target",
            "The list %(list)s has no code %(value)s.",
            list=list,
            value=target[:40] or "–",
        )
    with conn.transaction():
        conn.execute(
            "INSERT INTO records.code_decision (list, code, state, target, reason, actor, decided_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [list, code, state, target if state == "mapped" else None, reason, actor, clock.now()],
        )
        about = {"list": list, "code": code, "state": state}
        audit.write(conn, actor, "code.decided", about | ({"target": target} if target else {}))
    return waiting(conn, list=list, code=code, state=None)[0]
