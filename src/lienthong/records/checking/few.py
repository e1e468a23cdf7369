"""Checking a small file row by row: most hospitals send one visit a file, and planning a thousand SQL rules for
eleven rows costs a hundred times what the rows cost. The generated Python rules give the same answers as DuckDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lienthong.records.checking.moments import ago
from lienthong.records.checking.passes import named
from lienthong.records.checking.plan import Plan, Situation
from lienthong.records.checking.relations import matched_columns, source_name

if TYPE_CHECKING:
    from lienthong.contracts.rules.python import RecordEngine

FEW = 600
"""Rows of all tables up to which a file is checked row by row."""


def are_few(situation: Situation, plans: list[Plan], reading: Any) -> bool:
    """Whether a reading is small and holds text only."""
    for plan in plans:
        found = situation.columns[plan.name]
        if any(kind != "VARCHAR" and name[0] != "_" for name, kind in found.items()):
            return False
    rows = 0
    for plan in plans:
        count = getattr(reading.sources[plan.name], "count", None)
        rows += _few_rows(situation, plan) if count is None else count
        if rows > FEW:
            return False
    return True


def _few_rows(situation: Situation, plan: Plan) -> int:
    """How many rows a file has, counted no further than FEW."""
    relation = f"({plan.unnumbered})" if plan.unnumbered else source_name(plan.name)
    row = situation.con.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {relation} LIMIT {FEW + 1})"
    ).fetchone()
    return int(row[0])


def judge_few(situation: Situation, plans: list[Plan], engine: RecordEngine) -> None:
    """Takes from the plans every rule that the engine decides, and puts what they hit into `hits_<table>`."""
    cells = {plan.name: _cells(situation, plan) for plan in plans}
    answers = engine.check(
        {name: [row for _, row in rows] for name, rows in cells.items()},
        received=situation.received,
        ago=ago,
        absent=situation.absent,
    )
    for plan in plans:
        asked = {*plan.local, *plan.hits} & set(engine.engines[plan.name].rules)
        plan.local = {p: sql for p, sql in plan.local.items() if p not in asked}
        plan.hits = [p for p in plan.hits if p not in asked]
        plan.unnumbered = None
        hits = [
            (row, position)
            for (row, _), answer in zip(cells[plan.name], answers[plan.name], strict=True)
            for position in answer.failed
            if position in asked
        ]
        name = named("hits", plan.name)
        situation.con.execute(f"CREATE TABLE {name} (_row BIGINT, position INTEGER)")
        if hits:
            listed = ", ".join(f"({row}, {position})" for row, position in hits)
            situation.con.execute(f"INSERT INTO {name} VALUES {listed}")


def _cells(situation: Situation, plan: Plan) -> list[tuple[int, dict[str, Any]]]:
    """Every row as (position in the file, cells by field name, reserved columns under their own)."""
    found = situation.columns[plan.name]
    fields: dict[str, str] = {
        column: field for field, column in matched_columns(plan.compiled.table, found).items()
    }
    result = situation.con.execute(f"SELECT * FROM {source_name(plan.name)} ORDER BY _row")
    names = [str(column[0]) for column in result.description]
    rows: list[tuple[int, dict[str, Any]]] = []
    for values in result.fetchall():
        cells = dict(zip(names, values, strict=True))
        row = {
            fields.get(name, name): value
            for name, value in cells.items()
            if name in fields or name.startswith("_")
        }
        rows.append((cells["_row"], row))
    return rows
