"""Both sides of many dossiers for one comparison, and what came of it: looks and differences as they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lienthong.dossiers.dossier import Dossier
from lienthong.dossiers.history import Event
from lienthong.partners.portal import ledger

if TYPE_CHECKING:
    from lienthong.partners.portal.reconciling import Cause, Difference

BATCH = 50
"""Dossiers that are compared and written down together."""
OPEN = ("new", "received", "processing", "supplement", "payment")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """Our side of one dossier, with how far it was sent."""

    dossier: Dossier
    events: list[Event]
    sent_event: int | None
    blocked: bool
    attempts: int
    doubtful: bool
    ledger: Mapping[int, str | None] = {}
    """Step to the print under which the Portal has it; None: a person decided that it never goes out."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison found of one dossier."""

    side: Side
    theirs: Mapping[str, Any] | None
    differences: list[Any]
    overdue: str
    why: str | None


_SIDES = sql.SQL(
    "SELECT {}, p.sent_event, p.blocked IS NOT NULL AS blocked, coalesce(p.attempts, 0) AS attempts,"
    " EXISTS (SELECT 1 FROM portal.step s WHERE s.dossier = d.code AND s.state = 'sending') AS doubtful"
    " FROM dossiers.dossier d LEFT JOIN portal.dossier p USING (code) WHERE code = ANY(%s)"
).format(sql.SQL(", ").join(sql.SQL("d.") + sql.Identifier(f) for f in Dossier.__struct_fields__))


def load(conn: psycopg.Connection[Any], codes: Sequence[str]) -> dict[str, Side]:
    """Our side of these dossiers, in their order."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_SIDES, [list(codes)]).fetchall()
    events, written = ledger.events_of(conn, codes), ledger.written(conn, codes)
    sides = {
        row["code"]: Side(
            dossier=Dossier(**{name: row[name] for name in Dossier.__struct_fields__}),
            events=[one for one in events[row["code"]] if one.position <= row["last_event"]],
            ledger={
                one.number: one.print if one.state == "accepted" else None
                for one in written[row["code"]]
                if one.state in ("accepted", "never")
            },
            **{name: row[name] for name in ("sent_event", "blocked", "attempts", "doubtful")},
        )
        for row in rows
    }
    return {code: sides[code] for code in codes if code in sides}


def cause(side: Side) -> Cause:
    """Why anything differs, as far as our own ledger tells."""
    if side.sent_event is None:
        return "not_sent_yet"
    if side.blocked:
        return "blocked"
    if side.doubtful:
        return "in_doubt"
    if side.sent_event >= side.dossier.last_event:
        return "other_side"
    return "waiting" if side.attempts else "not_sent_yet"


def keep(conn: psycopg.Connection[Any], found: Sequence[Found], moment: datetime) -> list[Found]:
    """Write down looks and differences; what moved on meanwhile is left for the next time and not returned."""
    with conn.transaction():
        now = {
            code: (last, sent)
            for code, last, sent in conn.execute(
                "SELECT code, d.last_event, p.sent_event FROM dossiers.dossier d LEFT JOIN portal.dossier p"
                " USING (code) WHERE code = ANY(%s)",
                [[one.side.dossier.code for one in found]],
            ).fetchall()
        }
        kept = [
            one
            for one in found
            if not one.differences
            or now.get(one.side.dossier.code) == (one.side.dossier.last_event, one.side.sent_event)
        ]
        _keep_looks(conn, kept, moment)
        _keep_differences(conn, kept, moment)
    return kept


def _keep_looks(conn: psycopg.Connection[Any], kept: Sequence[Found], moment: datetime) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO portal.look (dossier, there, state, due, finished, steps, last_event, overdue, why, differs,"
            " looked_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (dossier) DO UPDATE SET"
            " there = excluded.there, state = excluded.state, due = excluded.due, finished = excluded.finished,"
            " steps = excluded.steps, last_event = excluded.last_event, overdue = excluded.overdue,"
            " why = excluded.why, differs = excluded.differs, looked_at = excluded.looked_at",
            [_look(one, moment) for one in kept],
        )


def _look(one: Found, moment: datetime) -> tuple[Any, ...]:
    theirs = one.theirs or {}
    steps = theirs.get("TienDo")
    return (
        one.side.dossier.code, one.theirs is not None, _short(theirs.get("TrangThaiHoSo")),
        _short(theirs.get("NgayHenTra")), _short(theirs.get("NgayKetThucXuLy")),
        None if steps is None else len(steps), one.side.dossier.last_event, one.overdue, one.why,
        len(one.differences), moment,
    )  # fmt: skip


def _short(value: Any) -> str | None:
    return str(value)[:40] if value not in (None, "") else None


def _keep_differences(
    conn: psycopg.Connection[Any], kept: Sequence[Found], moment: datetime
) -> None:
    lines: list[Difference] = [one for each in kept for one in each.differences]
    conn.execute(
        "UPDATE portal.difference f SET closed_at = %s WHERE f.dossier = ANY(%s) AND f.closed_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM unnest(%s::text[], %s::text[]) AS x (dossier, kind)"
        "  WHERE x.dossier = f.dossier AND x.kind = f.kind)",
        [
            moment, [one.side.dossier.code for one in kept], [one.dossier for one in lines],
            [one.kind for one in lines],
        ],
    )  # fmt: skip
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO portal.difference (dossier, kind, ours, theirs, cause, found_at, seen_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (dossier, kind) WHERE closed_at IS NULL"
            " DO UPDATE SET ours = excluded.ours, theirs = excluded.theirs, cause = excluded.cause,"
            " seen_at = excluded.seen_at",
            [
                (one.dossier, one.kind, one.ours, one.theirs, one.cause, moment, moment)
                for one in lines
            ],
        )


def due(conn: psycopg.Connection[Any], since: datetime, limit: int) -> list[str]:
    """What may differ and was not looked at since that moment; what was never looked at first."""
    rows = conn.execute(
        "SELECT d.code FROM dossiers.dossier d LEFT JOIN portal.look l ON l.dossier = d.code"
        " WHERE coalesce(l.looked_at, '-infinity') < %s AND (l.dossier IS NULL OR d.state = ANY(%s)"
        "  OR d.last_event > l.last_event OR l.differs > 0 OR l.overdue <> 'no')"
        " ORDER BY l.looked_at NULLS FIRST, d.last_event LIMIT %s",
        [since, list(OPEN), limit],
    ).fetchall()
    return [code for (code,) in rows]


def looked(conn: psycopg.Connection[Any], codes: Sequence[str], since: datetime) -> int:
    """How many of them were looked at since that moment."""
    row = conn.execute(
        "SELECT count(*) FROM portal.look WHERE dossier = ANY(%s) AND looked_at >= %s",
        [list(codes), since],
    ).fetchone()
    return row[0] if row else 0
