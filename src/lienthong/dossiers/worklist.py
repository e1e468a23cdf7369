"""The worklist of an agency or of one officer: what is late, due, waiting or new, the most urgent first, counted."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Literal, get_args

import msgspec
import psycopg
from psycopg import sql

from lienthong.clock import VIETNAM, add_working_days, local
from lienthong.dossiers.listing import CHOSEN, COLUMNS, Row
from lienthong.dossiers.substitution import absent_for

Urgency = Literal["overdue", "today", "soon", "step_late", "new", "running", "waiting", "hand_over"]
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)
SOON = 2
"""Working days within which something is due soon."""


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Whose worklist: of a unit (empty: every one that may be seen), and of whom (empty: of everybody)."""

    unit: str = ""
    holders: tuple[str, ...] = ()
    unassigned: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier in the worklist; `late` tells whether the moment that counts has passed."""

    row: Row
    urgency: Urgency
    late: bool
    procedure_name: dict[str, str]


def of_person(conn: psycopg.Connection[Any], unit: str, person: str, now: datetime) -> Whose:
    """Somebody's own worklist with that of everybody in whose place they stand now."""
    return Whose(unit=unit, holders=(person, *absent_for(conn, person, now)))


def counts(conn: psycopg.Connection[Any], whose: Whose, now: datetime) -> dict[Urgency, int]:
    """How many dossiers of each urgency; every urgency is there."""
    rows = conn.execute(
        sql.SQL("SELECT urgency, count(*) FROM ({}) w GROUP BY urgency").format(_classed(whose)),
        _values(whose, now),
    ).fetchall()
    found = dict(rows)
    return {one: found.get(one, 0) for one in URGENCIES}


def lines(
    conn: psycopg.Connection[Any],
    whose: Whose,
    now: datetime,
    *,
    urgency: Urgency | None = None,
    start: int = 0,
    limit: int = 25,
) -> list[Line]:
    """The dossiers, the nearest moment first; of one urgency, or of all in the order of URGENCIES."""
    statement = sql.SQL(
        "SELECT w.*, v.document -> 'name' FROM ({}) w JOIN procedures.version v ON v.code = w.procedure"
        " AND v.version = w.procedure_version WHERE (%(urgency)s::text IS NULL OR urgency = %(urgency)s)"
        " ORDER BY array_position(%(order)s::text[], urgency), coalesce(next_due, settled_at, filed_at), w.code"
        " LIMIT %(limit)s OFFSET %(start)s"
    ).format(_classed(whose))
    values = _values(whose, now) | {
        "urgency": urgency, "order": list(URGENCIES), "limit": limit, "start": max(0, start),
    }  # fmt: skip
    found = []
    for row in conn.execute(statement, values):
        one = Row(**dict(zip(COLUMNS, row, strict=False)))
        found.append(
            Line(
                row=one,
                urgency=row[len(COLUMNS) + 1],
                late=one.next_due is not None and one.next_due < now,
                procedure_name=row[-1] or {},
            )
        )
    return found


def urgency_of(row: Row | Any, now: datetime) -> Urgency:
    """The urgency of one dossier; the same as the worklist's statement says. Pure."""
    if row.state == "new":
        return "new"
    if row.state in ("supplement", "payment"):
        return "waiting"
    if row.state == "settled":
        return "hand_over"
    end_of_day, end_of_soon = _edges(now)
    # next_due, not due_at: a dossier that has ended and whose result is corrected has no deadline left.
    if row.next_due is not None and row.next_due < end_of_soon:
        return "overdue" if row.next_due < now else "today" if row.next_due < end_of_day else "soon"
    return "step_late" if row.step_due is not None and row.step_due < now else "running"


def _edges(now: datetime) -> tuple[datetime, datetime]:
    today = local(now).date()
    soon = add_working_days(today, SOON)
    return _after(today), _after(soon)


def _after(day: Any) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, VIETNAM)


def _values(whose: Whose, now: datetime) -> dict[str, Any]:
    today, soon = _edges(now)
    return {
        "now": now, "today": today, "soon": soon, "unit": whose.unit, "holders": list(whose.holders),
    }  # fmt: skip


_URGENCY = sql.SQL(
    "CASE WHEN state = 'new' THEN 'new' WHEN state IN ('supplement', 'payment') THEN 'waiting'"
    " WHEN state = 'settled' THEN 'hand_over' WHEN next_due < %(now)s THEN 'overdue'"
    " WHEN next_due < %(today)s THEN 'today' WHEN next_due < %(soon)s THEN 'soon'"
    " WHEN step_due < %(now)s THEN 'step_late' ELSE 'running' END AS urgency"
)


def _classed(whose: Whose) -> sql.Composed:
    """Everything open of somebody's, with its urgency. A desk elsewhere sees what brings the applicant back to it."""
    wanted = sql.SQL("")
    if whose.unassigned:
        wanted = sql.SQL(" AND holder = ''")
    elif whose.holders:
        wanted = sql.SQL(" AND holder = ANY(%(holders)s)")
    sides = (_OWN, _DESK) if whose.unit else (_ALL,)
    # One part for each side, so that each goes by its own index.
    return sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, procedure_version, {} FROM dossiers.dossier WHERE {}{}").format(
            CHOSEN, _URGENCY, side, wanted
        )
        for side in sides
    )


_ALL = sql.SQL("state IN ('new', 'received', 'processing', 'supplement', 'payment', 'settled')")
_OWN = sql.SQL("unit = %(unit)s AND ") + _ALL
_DESK = sql.SQL(
    "received_by = %(unit)s AND received_by <> unit AND state IN ('new', 'supplement', 'payment', 'settled')"
)
