"""Counting in one pass: cells by unit, province, field or procedure, and the dossiers behind a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from lienthong.access import Permit
from lienthong.reports import cells
from lienthong.reports.cells import Among, Reading
from lienthong.reports.period import Period
from lienthong.reports.succession import Following

By = Literal["", "unit", "province", "field", "procedure", "level", "level_field"]
BETWEEN = "\x1f"
"""What stands between level and field in a line of `level_field`."""
GROUPS: Mapping[str, sql.Composable] = {
    "": sql.SQL("''"),
    "unit": sql.SQL("unit_now"),
    "province": sql.SQL("province_now"),
    "field": sql.SQL("field"),
    "procedure": sql.SQL("procedure"),
    "level": sql.SQL("level"),
    "level_field": sql.SQL("level || chr(31) || field"),
}


def count(
    conn: psycopg.Connection[Any],
    period: Period,
    wanted: Mapping[str, str],
    *,
    by: By = "",
    among: Among | None = None,
    follows: Following | None = None,
    position: int | None = None,
    moment: datetime | None = None,
    joins: str = "",
) -> dict[str, dict[str, int]]:
    """Value of `by` to cell to number of dossiers; `wanted` are cells with their conditions.

    `position` counts what was known up to that event, `moment` is when it is asked (see cells.values). Without `by`
    there is one line under ''.
    """
    chosen = among or Among()
    columns = sql.SQL(", ").join(
        sql.SQL("count(*) FILTER (WHERE {}) AS {}").format(sql.SQL(cond), sql.Identifier(name))
        for name, cond in wanted.items()
    )
    statement = sql.SQL(
        "WITH base AS ({base}) SELECT {group} AS line, {columns} FROM base b {joins} WHERE {whose}"
        " GROUP BY 1 ORDER BY 1"
    ).format(
        base=cells.BASE,
        group=GROUPS[by],
        columns=columns,
        joins=sql.SQL(joins),
        whose=cells.WHOSE,
    )
    rows = conn.execute(
        statement, cells.values(period, chosen, follows or Following(), position, moment)
    ).fetchall()
    found = {row[0]: dict(zip(wanted, row[1:], strict=True)) for row in rows}
    if not by and not found:
        return {"": dict.fromkeys(wanted, 0)}
    return found


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier behind a number, without its applicant: where it stood at the end of the period."""

    code: str
    unit: str
    province: str
    procedure: str
    field: str
    channel: str
    received_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    outcome: str
    waiting_since: datetime | None
    supplements: int


def behind(
    conn: psycopg.Connection[Any],
    permit: Permit,
    period: Period,
    cell: str,
    *,
    reading: Reading | None = None,
    among: Among | None = None,
    follows: Following | None = None,
    position: int | None = None,
    moment: datetime | None = None,
    after: str = "",
    limit: int = 100,
    extra: Mapping[str, str] | None = None,
) -> list[Line]:
    """The dossiers that a number counts, by code, of the permit only; `after` is the last code of the page before.

    `extra` are conditions beyond the cells of the two projections (measures of the index).
    """
    known = dict(extra or {})
    cond = known[cell] if cell in known else cells.condition(cell, reading or Reading())
    # The last condition is row security's: whoever may not see a dossier does not find it behind a number either.
    statement = sql.SQL(
        "WITH base AS ({base}) SELECT b.dossier AS code, unit, province, procedure, field, channel, received_at,"
        " coalesce(due_at, longest_due) AS due_at, nullif(ended_at, 'infinity') AS ended_at, outcome, waiting_since,"
        " supplements FROM base b {joins} WHERE {whose} AND ({cond}) AND b.dossier > %(after)s"
        " AND (%(facility)s::text IS NULL OR %(facility)s IN (unit, unit_now))"
        " AND (%(reach)s::text IS NULL OR province_now = %(reach)s)"
        " AND b.dossier IN (SELECT code FROM dossiers.dossier) ORDER BY b.dossier LIMIT %(limit)s"
    ).format(
        base=cells.BASE,
        joins=sql.SQL(JOINS if cell in known else ""),
        whose=cells.WHOSE,
        cond=sql.SQL(cond),
    )
    given = cells.values(period, among or Among(), follows or Following(), position, moment) | {
        "after": after,
        "facility": permit.facility,
        "reach": permit.province,
        "limit": limit,
    }
    with conn.cursor(row_factory=class_row(Line)) as cursor:
        return cursor.execute(statement, given).fetchall()


JOINS = (
    " LEFT JOIN reports.on_portal p ON p.dossier = b.dossier LEFT JOIN reports.rated r ON r.dossier = b.dossier"
    " LEFT JOIN reports.paid f ON f.dossier = b.dossier LEFT JOIN reports.papers a ON a.dossier = b.dossier"
    " LEFT JOIN reports.issued i ON i.dossier = b.dossier"
)
"""What measures of the index ask beside the base."""


def months(
    conn: psycopg.Connection[Any],
    periods: Iterable[Period],
    wanted: Mapping[str, str],
    *,
    among: Among | None = None,
    follows: Following | None = None,
    moment: datetime | None = None,
) -> list[tuple[Period, dict[str, int]]]:
    """The same cells for several periods, for a course."""
    return [
        (one, count(conn, one, wanted, among=among, follows=follows, moment=moment)[""])
        for one in periods
    ]
