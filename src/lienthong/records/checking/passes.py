"""Going through the rows of a table: one pass for what a row decides alone, and the rows that other rules hit.

A file whose rows must be numbered in its order (CSV) is gone through once, in parallel: the pass keeps for each
row its mask and a few columns, for wrong rows the cells too, and the rest of the rules looks at what was kept.
"""

from __future__ import annotations

from typing import Any

import duckdb
from msgspec.structs import replace

from lienthong.contracts.contract import Table
from lienthong.contracts.rules.casts import TEXT_PREFIX, quoted
from lienthong.contracts.rules.compiled_form import CompiledRule
from lienthong.contracts.rules.days import DAY
from lienthong.findings import Severity
from lienthong.records.checking.checked import WORD, TableChecked
from lienthong.records.checking.plan import Plan, Situation, at_once, broken, filled
from lienthong.records.checking.relations import (
    cell_text,
    matched_columns,
    select_plain,
    source_name,
    typed_columns,
)

KEPT = "_k_"
"""Before the names of columns that a pass keeps: a contract may well call a column `f0` or `cells`."""


def named(prefix: str, table: str) -> str:
    """The quoted name of a working table."""
    return quoted(f"{prefix}_{table}")


# -- what a row decides alone


def mask_words(plan: Plan) -> list[str]:
    """SQL of each mask word over the typed columns of a row."""
    parts: list[list[str]] = [[] for _ in plan.words]
    for position, sql in plan.local.items():
        parts[position // WORD].append(f"CASE WHEN {sql} THEN {1 << position % WORD} ELSE 0 END")
    return [f"CAST({' + '.join(part) or '0'} AS UBIGINT)" for part in parts]


def cells_sql(table: Table, found: dict[str, str]) -> dict[str, str]:
    """`_c_<field>` to the SQL of the cell as sent, for the fields that are in the file."""
    names = matched_columns(table, found)
    return {
        f"_c_{field.name}": cell_text(field, names, found)
        for field in table.fields
        if field.name in names
    }


def rows_sql(plan: Plan, columns: dict[str, str], source: str) -> str:
    """SELECT of named columns over a source, with the soft casts that the plan's rules share."""
    inner = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    sql = f"SELECT {inner} FROM {source}"
    used = " ".join(plan.local.values())
    shared = [item for item in plan.compiled.shared if f'"{item.name}"' in used]
    if not shared:
        return sql
    arguments = ", ".join(f"{item.argument} AS {item.name}a" for item in shared)
    casts = ", ".join(f"{item.function}({item.name}a) AS {item.name}" for item in shared)
    return f"SELECT *, {casts} FROM (SELECT *, {arguments} FROM ({sql}))"


def go_through(situation: Situation, plan: Plan) -> None:
    """Makes `pass_<table>` of a file without row numbers: its nth row is row n of the file."""
    table, found = plan.compiled.table, situation.columns[plan.name]
    typed = typed_columns(table, found)
    typed = at_once(situation, typed)
    cells = cells_sql(table, found)
    kept = "".join(f", {quoted(name)} AS {quoted(KEPT + name)}" for name in plan.narrow)
    listed = ", ".join(quoted(name) for name in cells)
    wrong = " OR ".join(f"f{word} <> 0" for word in plan.words)

    def statement() -> str:
        masks = ", ".join(f"{sql} AS f{word}" for word, sql in enumerate(mask_words(plan)))
        return (
            f"CREATE OR REPLACE TABLE {named('pass', plan.name)} AS"
            f" SELECT * EXCLUDE (_cells), CASE WHEN {wrong} THEN _cells END AS cells FROM"
            f" (SELECT {masks}{kept}, [{listed}] AS _cells"
            f" FROM ({rows_sql(plan, typed | cells, f'({plan.unnumbered})')}))"
        )

    # A long IN list would become a join, and rows that go through a join come out in any order.
    situation.con.execute(
        "SET preserve_insertion_order = true; SET disabled_optimizers = 'in_clause'"
    )
    threads = situation.con.execute("SELECT current_setting('threads')").fetchone()[0]
    try:
        if _joins(situation, statement()):
            situation.con.execute("SET threads = 1")
        _without_culprits(situation, plan, statement)
    finally:
        situation.con.execute(
            "SET preserve_insertion_order = false; SET disabled_optimizers = '';"
            f" SET threads = {threads}"
        )
    row = situation.con.execute(f"SELECT count(*) FROM {named('pass', plan.name)}").fetchone()
    plan.checked.rows = row[0]


def _joins(situation: Situation, statement: str) -> bool:
    """Whether the engine means to join in this statement, so that only one thread keeps the order of the file."""
    try:
        explained = situation.con.execute(f"EXPLAIN {statement}").fetchall()
    except duckdb.Error:
        return False  # the statement itself will tell
    return any("JOIN" in str(text).upper() for row in explained for text in row[1:])


def narrow_view(situation: Situation, plan: Plan) -> None:
    """`typed_<table>` over a few columns that are kept, in place of reading and casting the file again."""
    if not plan.unnumbered:
        _keep_narrow(situation, plan)
        return
    kept = "".join(f", {quoted(KEPT + name)} AS {quoted(name)}" for name in plan.narrow)
    situation.con.execute(
        f"CREATE OR REPLACE VIEW {named('typed', plan.name)} AS SELECT rowid AS _row, {plan.unit} AS _unit{kept}"
        f" FROM {named('pass', plan.name)}"
    )


def _keep_narrow(situation: Situation, plan: Plan) -> None:
    con, kept = situation.con, named("narrow", plan.name)
    columns = typed_columns(plan.compiled.table, situation.columns[plan.name])
    wanted = {"_row", "_unit", *plan.narrow}
    shown = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items() if name in wanted)
    empty = "" if plan.checked.rows else " LIMIT 0"
    con.execute(
        f"CREATE OR REPLACE TABLE {kept} AS SELECT {shown} FROM {source_name(plan.name)}{empty}"
    )
    con.execute(f"CREATE OR REPLACE VIEW {named('typed', plan.name)} AS SELECT * FROM {kept}")


SMALL = 50_000
"""Rows below which planning a pass costs more than its rows: the optimizer then does less."""


def plan_less(situation: Situation, plans: list[Plan]) -> None:
    """Turns off what the optimizer would do in vain until `plan_all`."""
    # Pushing the test of the masks below them would compute every rule twice.
    less = "filter_pushdown"
    if all(plan.checked.rows < SMALL for plan in plans):
        less += ",common_subexpressions"
    situation.con.execute(f"SET disabled_optimizers = '{less}'")


def plan_all(situation: Situation) -> None:
    """Lets the optimizer do all it can."""
    situation.con.execute("SET disabled_optimizers = ''")


def _without_culprits(situation: Situation, plan: Plan, statement: Any) -> None:
    """Runs a pass; rules that the engine cannot run are told apart, made red, and the pass runs without them."""
    while True:
        try:
            situation.con.execute(statement())
            return
        except duckdb.Error:
            if situation.trusting:
                raise
            culprits = _culprits(situation, plan)
            if not culprits:
                raise
            for position, reason in culprits.items():
                plan.checked.measured[position] = broken(plan.compiled.rules[position], reason)
                plan.local.pop(position)


def _culprits(situation: Situation, plan: Plan) -> dict[int, str]:
    culprits = {}
    columns = typed_columns(plan.compiled.table, situation.columns[plan.name])
    for position, sql in plan.local.items():
        rows = rows_sql(replace(plan, local={position: sql}), columns, source_name(plan.name))
        try:
            situation.con.execute(f"SELECT count(*) FILTER (WHERE {sql}) FROM ({rows})").fetchone()
        except duckdb.Error as error:
            culprits[position] = str(error)
    return culprits


# -- what needs other rows


def judged_rows(plan: Plan, rule: CompiledRule) -> str:
    """The rows of a table as a rule sees them; SQL beyond our subset sees the names that its author knew."""
    if rule.portable or rule.rule.kind == "custom":
        return named("typed", plan.name)
    return f"({select_plain(plan.compiled.table, '_row')})"


def hit_table(situation: Situation, plan: Plan) -> None:
    """Makes `hits_<table>` (row, position) for the rows that rules looking further than the row hit."""
    situation.con.execute(
        f"CREATE TABLE IF NOT EXISTS {named('hits', plan.name)} (_row BIGINT, position INTEGER)"
    )


def find_hits(situation: Situation, plan: Plan, position: int) -> None:
    """Adds to `hits_<table>` the rows that one rule hits."""
    if not plan.checked.rows:
        return
    rule = plan.compiled.rules[position]
    rule = replace(rule, sql=rule.rows) if rule.rows else rule
    alias = quoted(rule.alias)
    try:
        situation.con.execute(
            f"INSERT INTO {named('hits', plan.name)} SELECT {alias}._row, {position}"
            f" FROM {judged_rows(plan, rule)} AS {alias} WHERE {_on_days(plan, position)}"
            f"({filled(situation, rule)})"
        )
    except duckdb.Error as error:
        if situation.trusting:
            raise
        plan.checked.measured[position] = broken(rule, str(error))


def _on_days(plan: Plan, position: int) -> str:
    """The condition that a row is asked at all, for a rule of some days only."""
    if position not in plan.days:
        return ""
    first, last = plan.days[position]
    alias = quoted(plan.compiled.rules[position].alias)
    return (
        f"{alias}._row IN (SELECT _row FROM {named('typed', plan.name)}"
        f" WHERE {DAY} BETWEEN {first} AND {last}) AND "
    )


def _hit_masks(situation: Situation, plan: Plan) -> str | None:
    """A relation (_hit_row, _hits0, _hits1, ..) of the hits, or None when nothing was hit."""
    name = named("hits", plan.name)
    row = situation.con.execute(f"SELECT count(*) FROM {name}").fetchone()
    if not row or not row[0]:
        return None
    sums = ", ".join(
        f"CAST(sum(DISTINCT CASE WHEN position // {WORD} = {word} THEN"
        f" 1::UBIGINT << (position % {WORD})::UBIGINT ELSE 0::UBIGINT END) AS UBIGINT) AS _hits{word}"
        for word in plan.words
    )
    return f"(SELECT _row AS _hit_row, {sums} FROM {name} GROUP BY _row)"


# -- both together


def make_masks(situation: Situation, plan: Plan) -> None:
    """Makes `bad_<table>` (masks and cells of wrong rows) and the view `mask_<table>` over it; counts."""
    con, name = situation.con, plan.name
    if not plan.checked.rows:
        plan.local.clear()
    hits = _hit_masks(situation, plan)
    if plan.unnumbered:
        con.execute(_bad_of_pass(situation, plan, hits))
        con.execute(f"DROP TABLE {named('pass', name)}")
    else:
        _without_culprits(situation, plan, lambda: _bad_of_source(situation, plan, hits))
    con.execute(f"DROP TABLE {named('hits', name)}")
    masks = ", ".join(
        [f"f{word}" for word in plan.words] + [f"0::UBIGINT AS u{word}" for word in plan.words]
    )
    key = key_sql(plan.compiled.table, situation.columns[name])
    con.execute(
        f"CREATE OR REPLACE VIEW {named('mask', name)} AS SELECT _row, _unit, {key} AS _key, {masks}"
        f" FROM {named('bad', name)}"
    )
    decode(con, plan.checked)


def _bad_of_pass(situation: Situation, plan: Plan, hits: str | None) -> str:
    table, found = plan.compiled.table, situation.columns[plan.name]
    kept = set(plan.narrow)
    cells = ""
    for at, name in enumerate(cells_sql(table, found), 1):
        field = name.removeprefix("_c_")
        text = next(
            (kept_name for kept_name in (TEXT_PREFIX + field, field) if kept_name in kept), None
        )
        cells += f", {quoted(KEPT + text) if text else f'cells[{at}]'} AS {quoted(name)}"
    both = ", ".join(
        f"p.f{word} | coalesce(h._hits{word}, 0::UBIGINT) AS f{word}" if hits else f"p.f{word}"
        for word in plan.words
    )
    wrong = " OR ".join(f"p.f{word} <> 0" for word in plan.words) + (
        " OR h._hit_row IS NOT NULL" if hits else ""
    )
    join = f" LEFT JOIN {hits} h ON h._hit_row = p.rowid" if hits else ""
    return (
        f"CREATE OR REPLACE TABLE {named('bad', plan.name)} AS SELECT p.rowid AS _row,"
        f" {plan.unit.replace('rowid', 'p.rowid')} AS _unit, {both}{cells}"
        f" FROM {named('pass', plan.name)} p{join} WHERE {wrong}"
    )


def _bad_of_source(situation: Situation, plan: Plan, hits: str | None) -> str:
    table, found = plan.compiled.table, situation.columns[plan.name]
    cells = cells_sql(table, found)
    typed = typed_columns(table, found)
    # Without a rule of the row itself nothing has to be cast, and planning the casts would be the cost.
    columns = (typed if plan.local else {n: typed[n] for n in ("_row", "_unit")}) | cells
    masks = mask_words(plan)
    if hits:
        masks = [f"{sql} | coalesce(h._hits{word}, 0::UBIGINT)" for word, sql in enumerate(masks)]
    shown = ", ".join(f"{sql} AS f{word}" for word, sql in enumerate(masks))
    kept = "".join(f", {quoted(name)}" for name in cells)
    wrong = " OR ".join(f"f{word} <> 0" for word in plan.words)
    empty = "" if plan.checked.rows else " LIMIT 0"
    rows = f"({rows_sql(plan, columns, source_name(plan.name) + empty)}) v"
    join = f" LEFT JOIN {hits} h ON h._hit_row = v._row" if hits else ""
    return (
        f"CREATE OR REPLACE TABLE {named('bad', plan.name)} AS SELECT * FROM"
        f" (SELECT v._row, v._unit, {shown}{kept} FROM {rows}{join}) WHERE {wrong}"
    )


def key_sql(table: Table, found: dict[str, str], prefix: str = "_c_") -> str:
    """The record's own key as text: its parts joined by `|`; NULL for a table without a key."""
    names = matched_columns(table, found)
    parts = [
        f"coalesce({quoted(prefix + name)}, '')" if name in names else "''" for name in table.key
    ]
    return " || '|' || ".join(parts) if parts else "NULL::VARCHAR"


def decode(con: Any, checked: TableChecked) -> None:
    """Counts per rule out of the masks: only bits that occur are counted."""
    bad = named("bad", checked.name)
    words = range(checked.words)
    occurring = con.execute(
        f"SELECT {', '.join(f'coalesce(bit_or(f{word}), 0)' for word in words)} FROM {bad}"
    ).fetchone()
    positions = [
        word * WORD + bit for word in words for bit in range(WORD) if occurring[word] >> bit & 1
    ]
    serious = checked.any_bit((Severity.ERROR, Severity.WARNING))
    counted = [f"count(*) FILTER (WHERE {serious})"] + [
        f"count(*) FILTER (WHERE f{p // WORD} & {1 << p % WORD} <> 0)" for p in positions
    ]
    numbers = con.execute(f"SELECT {', '.join(counted)} FROM {bad}").fetchone()
    checked.rows_failed = numbers[0]
    checked.failed = dict(zip(positions, numbers[1:], strict=True))
