"""From any number to what it counts: dossiers of a form, the index, the bridge, of what waits at reception; procedures.

Pages and the API ask here, so that a number and the list behind it are one condition over one base.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from lienthong.access import Permit
from lienthong.errors import NotFound
from lienthong.procedures import catalogue
from lienthong.reports import cells, counting, forms, measures, procedure_form, procedure_shares
from lienthong.reports.cells import NOWHERE, Among
from lienthong.reports.counting import Line
from lienthong.reports.making import LEVEL_NAMES, Asked
from lienthong.reports.procedure_shares import Judged
from lienthong.reports.sent import Sent, sheet_of
from lienthong.reports.succession import MINISTRY, Following

UNRECEIVED = "unreceived"
"""Filed, and past the time for receiving them: in no form, because no form counts what was not received."""

_LATE = """
    FROM dossiers.dossier d
    LEFT JOIN unnest(%(old_units)s::text[], %(new_units)s::text[]) AS u(old, new) ON u.old = d.unit
    LEFT JOIN unnest(%(old_provinces)s::text[], %(new_provinces)s::text[]) AS p(old, new) ON p.old = d.province
    WHERE d.state = 'new' AND d.reception_due < %(now)s
        AND (%(unit)s = '' OR coalesce(u.new, d.unit) = %(unit)s)
        AND (%(province)s = '' OR coalesce(p.new, nullif(d.province, ''), '{ministry}') = %(province)s)
"""
_UNRECEIVED = _LATE.replace("{ministry}", MINISTRY)


def bridge(conn: psycopg.Connection[Any], asked: Asked) -> dict[str, dict[str, int]]:
    """Both projections, the groups between them, what the Portal holds and their sums, counted in one pass."""
    reading = asked.edition.reading
    parts: dict[str, Mapping[str, str]] = {
        "law": cells.LAW,
        "portal": cells.portal(reading),
        "groups": cells.bridge(reading),
        "on_portal": cells.ON_PORTAL,
        "sums": cells.SUMS,
    }
    counted = counting.count(
        conn, asked.period, {k: v for part in parts.values() for k, v in part.items()}, among=asked.among,
        follows=asked.follows, position=asked.position, moment=asked.moment, joins=counting.JOINS,
    )[""]  # fmt: skip
    return {part: {name: counted[name] for name in names} for part, names in parts.items()}


def unreceived(
    conn: psycopg.Connection[Any],
    now: datetime,
    among: Among | None = None,
    follows: Following | None = None,
) -> int:
    """How many dossiers were filed and are past the time for receiving them."""
    row = conn.execute(
        f"SELECT count(*) {_UNRECEIVED}", _whose(now, among or Among(), follows or Following())
    ).fetchone()
    assert row
    return int(row[0])


def _whose(now: datetime, among: Among, follows: Following) -> dict[str, Any]:
    return {"now": now, "unit": among.unit, "province": among.province, **follows.values}


def dossiers(
    conn: psycopg.Connection[Any],
    permit: Permit,
    asked: Asked,
    cell: str,
    *,
    field: str = "",
    level: str = "",
    after: str = "",
    limit: int = 100,
) -> list[Line]:
    """The dossiers that a number counts, by code, of the permit only; raises NotFound for a number there is not."""
    among = msgspec.structs.replace(asked.among, field=field, level=level)
    if cell == UNRECEIVED:
        return _not_received(conn, permit, asked, among, after, limit)
    return counting.behind(
        conn, permit, asked.period, cell, reading=asked.edition.reading, among=among, follows=asked.follows,
        position=asked.position, moment=asked.moment, after=after, limit=limit,
        extra=measures.openable(asked.edition) | dict(cells.ON_PORTAL) | dict(cells.SUMS),
    )  # fmt: skip


def _not_received(
    conn: psycopg.Connection[Any], permit: Permit, asked: Asked, among: Among, after: str, limit: int
) -> list[Line]:  # fmt: skip
    assert asked.moment is not None
    statement = sql.SQL(
        "SELECT d.code, d.unit, d.province, d.procedure, coalesce((SELECT v.document ->> 'field' FROM"
        " procedures.version v WHERE v.code = d.procedure AND v.version = d.procedure_version), '') AS field,"
        " d.channel, NULL::timestamptz AS received_at, d.reception_due AS due_at, NULL::timestamptz AS ended_at,"
        " 'open' AS outcome, NULL::timestamptz AS waiting_since, d.supplements {late} AND d.code > %(after)s"
        " AND (%(facility)s::text IS NULL OR %(facility)s IN (d.unit, coalesce(u.new, d.unit)))"
        " AND (%(reach)s::text IS NULL OR coalesce(p.new, nullif(d.province, ''), {ministry}) = %(reach)s)"
        " ORDER BY d.code LIMIT %(limit)s"
    ).format(late=sql.SQL(_UNRECEIVED), ministry=sql.Literal(MINISTRY))
    given = _whose(asked.moment, among, asked.follows) | {
        "after": after,
        "facility": permit.facility,
        "reach": permit.province,
        "limit": limit,
    }
    with conn.cursor(row_factory=class_row(Line)) as cursor:
        return cursor.execute(statement, given).fetchall()


def procedures(conn: psycopg.Connection[Any], asked: Asked, cell: str) -> list[Judged]:
    """The procedures that a number of form II.07b or of the index counts; raises NotFound for one there is not."""
    if cell in procedure_form.CELLS:
        holds = procedure_form.CELLS[cell]
        return [
            procedure_shares.told(one.procedure, one.version)
            for one in catalogue.all_in_force(conn, asked.period.last)
            if holds(one.procedure)
        ]
    known = [f"{m}.{side}" for m in procedure_shares.MEASURES for side in procedure_shares.SIDES]
    if cell not in known:
        raise NotFound(
            "REPORT-CELL", "There is no number called %(name)s; there are: %(known)s.",
            name=cell[:40], known=", ".join((*procedure_form.CELLS, *known)),
        )  # fmt: skip
    found = procedure_shares.all_cells(
        conn, asked.period, asked.edition, among=asked.among, follows=asked.follows, position=asked.position
    )  # fmt: skip
    return [
        procedure_shares.told(one.procedure, one.version, one.days)
        for one, own in found
        if cell in own
    ]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """Whose dossiers stand behind a line of a report that was sent."""

    unit: str = ""
    field: str = ""
    level: str = ""


def lines_of(one: Sent) -> tuple[Opened | None, ...]:
    """For each line of a frozen form II.06 whose dossiers it counts, the sum last; None where nobody can say."""
    if one.what not in ("II.06a", "II.06b"):
        return ()
    sheet, found, level = sheet_of(one), [], ""
    levels = {name: code for code, name in LEVEL_NAMES.items()}
    for at, line in enumerate(sheet.lines):
        name = str(line[1])
        opened: Opened | None = None
        if one.what == "II.06a":
            opened = Opened(unit=name.split()[0]) if name != "–" else None
        elif at in sheet.strong:
            level = levels.get(name, name)
            opened = Opened(level=level or NOWHERE)
        else:
            opened = Opened(field=NOWHERE if name == "–" else name, level=level or NOWHERE)
        found.append(opened)
    return (*found, Opened())


COLUMNS = (None, None, *forms.COLUMNS)
"""The cell that each column of a form counts."""
