"""Freezing a report as it goes out: its numbers together with the dossiers and procedures that they counted.

What goes out is counted from what was frozen, so that a number and its list can never differ. Neither an event that
comes late, nor a paper, a fee, a rating, a new code or a changed rule touches either of them afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from lienthong import audit
from lienthong.access import Permit
from lienthong.errors import Unavailable
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
from lienthong.reports import (
    cells,
    counting,
    forms,
    index766,
    making,
    measures,
    procedure_form,
    procedure_shares,
    sent,
)
from lienthong.reports.counting import By, Line
from lienthong.reports.editions import Edition
from lienthong.reports.making import INDEX, Asked
from lienthong.reports.measures import Measured
from lienthong.reports.procedure_shares import Judged
from lienthong.reports.sent import Sent

LINES: Mapping[str, By] = {"II.06a": "unit", "II.06b": "level_field", INDEX: ""}
"""By what the lines of a report of dossiers are told apart."""


def wanted(what: str, edition: Edition) -> dict[str, str]:
    """The numbers of dossiers in a report, with their conditions."""
    if what == INDEX:
        return {"received": cells.LAW["received"], **measures.numbers(edition)}
    return dict(cells.LAW) if what in LINES else {}


def send(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, what: str, asked: Asked, position: int
) -> Sent:
    """Freeze a report with what it counted, in the caller's transaction; it is audited. Raises NotFound."""
    number, conditions = sent.number(conn), {}
    if what in LINES:
        conditions = wanted(what, asked.edition)
        _keep_dossiers(conn, number, asked, conditions)
    _keep_procedures(conn, number, what, asked)
    names = tuple(conditions)
    counted = counts(conn, number, names, LINES.get(what, "")) if conditions else None
    sheet = making.sheet(conn, what, asked, counted)
    about = None
    if what == INDEX:
        measured = making.index(conn, asked, counted)
        about = told(measured)
        _same_procedures(conn, number, measured)
    return sent.send(
        conn, actor, sheet, number=number, what=what, scope=asked.among.scope, period=asked.period,
        position=position, definition=asked.edition.definition if what == INDEX else forms.DEFINITION,
        cells=names, about=about,
    )  # fmt: skip


def _keep_dossiers(
    conn: psycopg.Connection[Any], number: int, asked: Asked, conditions: Mapping[str, str]
) -> None:
    bits = sql.SQL(" || ").join(
        sql.SQL("coalesce(({}), false)::int::bit(1)").format(sql.SQL(condition))
        for condition in conditions.values()
    )
    statement = sql.SQL(
        "WITH base AS ({base}) INSERT INTO reports.sent_dossier SELECT %(report)s, b.dossier, unit, unit_now, province,"
        " province_now, procedure, field, level, channel, received_at, coalesce(due_at, longest_due),"
        " nullif(ended_at, 'infinity'), outcome, waiting_since, supplements, {bits} FROM base b {joins} WHERE {whose}"
    ).format(base=cells.BASE, bits=bits, joins=sql.SQL(counting.JOINS), whose=cells.WHOSE)
    given = cells.values(asked.period, asked.among, asked.follows, asked.position, asked.moment)
    conn.execute(statement, given | {"report": number})


def _keep_procedures(conn: psycopg.Connection[Any], number: int, what: str, asked: Asked) -> None:
    rows: Iterable[tuple[Any, ...]] = ()
    if what == "II.07b":
        rows = (
            (number, one.code, one.version, None, list(procedure_form.cells_of(one.procedure)))
            for one in catalogue.all_in_force(conn, asked.period.last)
        )
    elif what == INDEX:
        found = procedure_shares.all_cells(
            conn, asked.period, asked.edition, among=asked.among, follows=asked.follows, position=asked.position
        )  # fmt: skip
        rows = (
            (number, one.procedure.code, one.version, one.days, list(own)) for one, own in found
        )
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO reports.sent_procedure (report, code, version, days, cells) VALUES (%s, %s, %s, %s, %s)",
            list(rows),
        )


def _same_procedures(conn: psycopg.Connection[Any], number: int, measured: Measured) -> None:
    """A payment between two questions may move a procedure from one number to another: then nothing goes out."""
    kept = dict(
        conn.execute(
            "SELECT cell, count(*) FROM reports.sent_procedure, unnest(cells) AS cell WHERE report = %s GROUP BY cell",
            [number],
        ).fetchall()
    )
    for measure in procedure_shares.MEASURES:
        said = measured.counts[measure]
        if any(kept.get(f"{measure}.{side}", 0) != said[side] for side in ("yes", "no", "unsaid")):
            raise Unavailable(
                "REPORT-MOVED", "Something arrived while the report was being frozen; freeze it again."
            )  # fmt: skip


def told(measured: Measured) -> dict[str, Any]:
    """An index as it goes out: every indicator with its counts, its terms and its exact points."""
    made = measured.index
    return {
        "points": str(made.points),
        "known": str(made.known),
        "most": str(made.most),
        "undecided": measured.undecided,
        "indicators": [
            {
                "code": one.rule.code,
                "measure": one.rule.measure,
                "label": one.rule.label,
                "formula": one.rule.formula,
                "lacks": one.rule.lacks,
                "max": str(one.rule.max),
                "threshold": str(one.rule.threshold),
                "numerator": one.numerator,
                "denominator": one.denominator,
                "points": None if one.points is None else str(one.points),
                "counts": measured.counts.get(one.rule.measure),
                "of_procedures": one.rule.measure in procedure_shares.MEASURES,
            }
            for one in made.indicators
        ],
        "readings": [{"label": one.label, "said": one.said} for one in made.edition.options],
    }


_GROUPS: Mapping[str, sql.Composable] = {
    "": sql.SQL("''"),
    "unit": sql.SQL("unit_now"),
    "level_field": sql.SQL("level || chr(31) || field"),
}


def counts(
    conn: psycopg.Connection[Any], number: int, names: Iterable[str], by: By = ""
) -> dict[str, dict[str, int]]:
    """Line to cell to number of dossiers, of what was frozen; `names` are the cells in the order of their bits."""
    listed = list(names)
    columns = sql.SQL(", ").join(
        sql.SQL("count(*) FILTER (WHERE get_bit(counted, {}) = 1) AS {}").format(
            sql.Literal(at), sql.Identifier(name)
        )
        for at, name in enumerate(listed)
    )
    statement = sql.SQL(
        "SELECT {group} AS line, {columns} FROM reports.sent_dossier WHERE report = %s GROUP BY 1 ORDER BY 1"
    ).format(group=_GROUPS[by], columns=columns)
    rows = conn.execute(statement, [number]).fetchall()
    found = {row[0]: dict(zip(listed, row[1:], strict=True)) for row in rows}
    return found or ({} if by else {"": dict.fromkeys(listed, 0)})


_OWN = sql.SQL(
    "s.report = %(report)s AND get_bit(s.counted, %(bit)s) = 1"
    " AND (%(line_unit)s = '' OR s.unit_now = %(line_unit)s)"
    " AND (%(line_field)s = '' OR coalesce(nullif(s.field, ''), '-') = %(line_field)s)"
    " AND (%(line_level)s = '' OR coalesce(nullif(s.level, ''), '-') = %(line_level)s)"
)


def _line(one: Sent, cell: str, unit: str, field: str, level: str) -> dict[str, Any]:
    """Which number of which line of a sent report, as _OWN asks it."""
    return {
        "report": one.id,
        "bit": (one.cells or ()).index(cell),
        "line_unit": unit,
        "line_field": field,
        "line_level": level,
    }


def dossiers(
    conn: psycopg.Connection[Any],
    permit: Permit,
    one: Sent,
    cell: str,
    *,
    unit: str = "",
    field: str = "",
    level: str = "",
    after: str = "",
    limit: int = 100,
) -> list[Line]:
    """The dossiers that a number of a sent report counted, as they stood then, of the permit only."""
    if cell not in (one.cells or ()):
        return []
    # The last condition is row security's, as for every list behind a number.
    statement = sql.SQL(
        "SELECT s.dossier AS code, s.unit, s.province, s.procedure, s.field, s.channel, s.received_at, s.due_at,"
        " s.ended_at, s.outcome, s.waiting_since, s.supplements FROM reports.sent_dossier s WHERE {own}"
        " AND s.dossier > %(after)s AND (%(facility)s::text IS NULL OR %(facility)s IN (s.unit, s.unit_now))"
        " AND (%(reach)s::text IS NULL OR s.province_now = %(reach)s)"
        " AND s.dossier IN (SELECT code FROM dossiers.dossier) ORDER BY s.dossier LIMIT %(limit)s"
    ).format(own=_OWN)
    given = _line(one, cell, unit, field, level) | {
        "after": after,
        "facility": permit.facility,
        "reach": permit.province,
        "limit": limit,
    }
    with conn.cursor(row_factory=class_row(Line)) as cursor:
        return cursor.execute(statement, given).fetchall()


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A number then and now: how many were counted and no longer are, how many are and were not."""

    then: int
    now: int
    left: int
    came: int

    @property
    def same(self) -> bool:
        """Whether the same question gives the same list."""
        return not self.left and not self.came


def moved(
    conn: psycopg.Connection[Any],
    one: Sent,
    asked: Asked,
    cell: str,
    *,
    unit: str = "",
    field: str = "",
    level: str = "",
) -> Moved | None:
    """What the same question gives today; None for a cell that is asked no more. `asked` is the question of now."""
    conditions = wanted(one.what, asked.edition)
    if cell not in conditions or cell not in (one.cells or ()):
        return None
    among = msgspec.structs.replace(
        asked.among, unit=unit or asked.among.unit, field=field, level=level
    )
    statement = sql.SQL(
        "WITH base AS ({base}), today AS (SELECT b.dossier FROM base b {joins} WHERE {whose} AND ({cond})),"
        " past AS (SELECT s.dossier FROM reports.sent_dossier s WHERE {own})"
        " SELECT count(p.dossier), count(t.dossier), count(*) FILTER (WHERE t.dossier IS NULL),"
        " count(*) FILTER (WHERE p.dossier IS NULL) FROM past p FULL JOIN today t ON t.dossier = p.dossier"
    ).format(
        base=cells.BASE, joins=sql.SQL(counting.JOINS), whose=cells.WHOSE, cond=sql.SQL(conditions[cell]), own=_OWN,
    )  # fmt: skip
    given = cells.values(asked.period, among, asked.follows, asked.position, asked.moment)
    row = conn.execute(statement, given | _line(one, cell, unit, field, level)).fetchone()
    assert row
    return Moved(then=row[0], now=row[1], left=row[2], came=row[3])


def procedures(conn: psycopg.Connection[Any], one: Sent, cell: str) -> list[Judged]:
    """The procedures that a number of a sent report counted, in the versions of then, by code."""
    rows = conn.execute(
        "SELECT v.document, s.version, s.days FROM reports.sent_procedure s JOIN procedures.version v"
        " ON v.code = s.code AND v.version = s.version WHERE s.report = %s AND %s = ANY(s.cells)"
        " ORDER BY s.code, s.version",
        [one.id, cell],
    ).fetchall()
    return [
        procedure_shares.told(msgspec.convert(document, Procedure), version, days)
        for document, version, days in rows
    ]


def differs(one: Sent, now: Measured) -> list[str]:
    """The indicators of a sent index whose counts or points are others today."""
    today = {line["code"]: line for line in told(now)["indicators"]}
    return [
        line["code"]
        for line in (one.about or {}).get("indicators", [])
        if any(
            line[name] != today.get(line["code"], {}).get(name)
            for name in ("numerator", "denominator", "points", "counts")
        )
    ]


def shown(text: str | None) -> Any:
    """An exact number of a sent index, rounded for showing."""
    from fractions import Fraction

    return None if text is None else index766.shown(Fraction(text))
