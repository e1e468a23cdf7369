"""Running the rules of one table: one pass for what a row decides alone, then the rows that other rules hit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import msgspec

from lienthong.contracts.contract import Table
from lienthong.contracts.rules.casts import quoted
from lienthong.contracts.rules.compiled_form import CompiledRule, CompiledTable
from lienthong.records.checking.checked import WORD, Measured, TableChecked
from lienthong.records.checking.moments import fill
from lienthong.records.checking.relations import cell_text, matched_columns, source_name, typed_columns


class Situation(msgspec.Struct):
    """What is at hand for a check: tables with their columns, missing code lists, the moment of receipt."""

    con: Any
    columns: dict[str, dict[str, str]]
    absent: set[str]
    missing_lists: set[str]
    received: datetime
    known: set[str] = set()
    trusting: bool = False


def run_table(situation: Situation, compiled: CompiledTable, rows: int) -> TableChecked:
    """Checks one table; leaves `mask_<table>` in the connection."""
    positions = _sorted_out(situation, compiled)
    checked = TableChecked(
        name=compiled.name,
        rows=rows,
        rules=tuple(rule.rule for rule in compiled.rules),
        constant_unknown=frozenset(positions["unknown"]),
        not_seen=frozenset(positions["reader"]),
    )
    for position in positions["broken"]:
        checked.measured[position] = _broken(compiled, position, compiled.rules[position].reason)
    local = {p: fill(compiled.rules[p].sql, compiled.rules[p].agos, situation.received) for p in positions["local"]}
    if not rows:
        local, positions["hits"] = {}, []
    _local_pass(situation, compiled, checked, local)
    _hits(situation, compiled, checked, positions["hits"])
    _merge(situation, compiled, checked)
    for position in positions["counted"]:
        checked.measured[position] = _measure(situation, compiled, position, rows)
    _decode(situation.con, checked)
    return checked


def _sorted_out(situation: Situation, compiled: CompiledTable) -> dict[str, list[int]]:
    """Positions of rules by what can be done with them now."""
    own = situation.columns[compiled.name]
    declared = {field.name for field in compiled.table.fields} | set(own)
    positions: dict[str, list[int]] = {
        how: [] for how in ("local", "hits", "counted", "reader", "unknown", "broken")
    }
    for position, rule in enumerate(compiled.rules):
        how: str = rule.how
        lacks = situation.missing_lists & set(rule.lists) or situation.absent & set(rule.tables)
        reserved = [name for name in rule.columns if name.startswith("_") and name not in declared]
        if how in ("local", "hits", "counted") and (lacks or reserved or _needs(situation, rule)):
            how = "unknown"
        positions[how].append(position)
    return positions


def _needs(situation: Situation, rule: CompiledRule) -> bool:
    """Whether the rule asks for something that is neither a loaded list nor otherwise known here."""
    return any(
        need not in rule.lists and need not in situation.known for need in rule.rule.needs
    ) or bool(situation.missing_lists & set(rule.rule.needs))


def _broken(compiled: CompiledTable, position: int, reason: str) -> Measured:
    return Measured(
        rule=compiled.rules[position].rule, table=compiled.name, failed=1,
        broken=" ".join(str(reason).split())[:300],
    )


def _mask_words(local: dict[int, str], words: int) -> list[str]:
    parts: list[list[str]] = [[] for _ in range(words)]
    for position, sql in local.items():
        parts[position // WORD].append(f"CASE WHEN {sql} THEN {1 << position % WORD} ELSE 0 END")
    return [f"CAST({' + '.join(part) or '0'} AS UBIGINT) AS f{word}" for word, part in enumerate(parts)]


def _local_sql(situation: Situation, compiled: CompiledTable, local: dict[int, str], words: int) -> str:
    table, found = compiled.table, situation.columns[compiled.name]
    typed = typed_columns(table, found)
    inner = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in typed.items())
    cells = cells_sql(table, found)
    inner += "".join(f", {sql} AS {quoted(name)}" for name, sql in cells.items())
    kept = "".join(f", {quoted(name)}" for name in cells)
    masks = ", ".join(_mask_words(local, words))
    test = " OR ".join(f"f{word} <> 0" for word in range(words))
    return (
        f"SELECT * FROM (SELECT _row, _unit, {masks}{kept}"
        f" FROM (SELECT {inner} FROM {source_name(table.name)})) WHERE {test}"
    )


def _local_pass(
    situation: Situation, compiled: CompiledTable, checked: TableChecked, local: dict[int, str]
) -> None:
    """Makes `local_<table>`: rows with a failed local rule, their mask words and all their cells as sent."""
    con, name = situation.con, quoted(f"local_{compiled.name}")
    while True:
        sql = _local_sql(situation, compiled, local, checked.words)
        try:
            con.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")
            return
        except duckdb.Error as error:
            if situation.trusting:
                raise
            culprits = _culprits(situation, compiled, local)
            if not culprits:
                raise
            for position, reason in culprits.items():
                checked.measured[position] = _broken(compiled, position, reason or str(error))
                local.pop(position)


def _culprits(situation: Situation, compiled: CompiledTable, local: dict[int, str]) -> dict[int, str]:
    """Rules that fail on their own, each with the engine's reason."""
    culprits = {}
    for position, sql in local.items():
        try:
            situation.con.execute(
                f"SELECT count(*) FILTER (WHERE {sql}) FROM {quoted('typed_' + compiled.name)}"
            ).fetchone()
        except duckdb.Error as error:
            culprits[position] = str(error)
    return culprits


def _hits(
    situation: Situation, compiled: CompiledTable, checked: TableChecked, positions: list[int]
) -> None:
    """Makes `hits_<table>`: (row, unit, position) of every row hit by a rule that looks further than the row."""
    con, name = situation.con, quoted(f"hits_{compiled.name}")
    con.execute(f"CREATE OR REPLACE TABLE {name} (_row BIGINT, _unit BIGINT, position INTEGER)")
    for position in positions:
        rule = compiled.rules[position]
        sql = fill(rule.sql, rule.agos, situation.received)
        source = f"{quoted('typed_' + compiled.name)} AS {quoted(rule.alias)}"
        try:
            con.execute(
                f"INSERT INTO {name} SELECT {quoted(rule.alias)}._row, {quoted(rule.alias)}._unit, {position}"
                f" FROM {source} WHERE {sql}"
            )
        except duckdb.Error as error:
            if situation.trusting:
                raise
            checked.measured[position] = _broken(compiled, position, str(error))


def _merge(situation: Situation, compiled: CompiledTable, checked: TableChecked) -> None:
    """Makes `bad_<table>` (masks and cells of wrong rows) and the view `mask_<table>` over it."""
    con, name = situation.con, checked.name
    local, hits, bad = (quoted(f"{prefix}_{name}") for prefix in ("local", "hits", "bad"))
    words = range(checked.words)
    hit = con.execute(f"SELECT count(*) FROM {hits}").fetchone()
    if hit and hit[0]:
        _fetch_hit_rows(situation, compiled, checked)
        sums = ", ".join(
            f"CAST(sum(DISTINCT CASE WHEN position // {WORD} = {word} THEN"
            f" 1::UBIGINT << (position % {WORD})::UBIGINT ELSE 0::UBIGINT END) AS UBIGINT) AS f{word}"
            for word in words
        )
        joined = ", ".join(f"l.f{word} | coalesce(h.f{word}, 0::UBIGINT) AS f{word}" for word in words)
        con.execute(
            f"CREATE OR REPLACE TABLE {bad} AS SELECT l.* REPLACE ({joined}) FROM {local} l"
            f" LEFT JOIN (SELECT _row, {sums} FROM {hits} GROUP BY _row) h ON l._row = h._row"
        )
        con.execute(f"DROP TABLE {local}")
    else:
        con.execute(f"DROP TABLE IF EXISTS {bad}")
        con.execute(f"ALTER TABLE {local} RENAME TO {bad}")
    con.execute(f"DROP TABLE {hits}")
    masks = ", ".join([f"f{word}" for word in words] + [f"0::UBIGINT AS u{word}" for word in words])
    key = key_sql(compiled.table, situation.columns[name])
    con.execute(
        f"CREATE OR REPLACE VIEW {quoted(f'mask_{name}')} AS SELECT _row, _unit, {key} AS _key, {masks} FROM {bad}"
    )


def _fetch_hit_rows(situation: Situation, compiled: CompiledTable, checked: TableChecked) -> None:
    """Adds to `local_<table>` the rows that only far-looking rules hit, with their cells."""
    con, table = situation.con, compiled.table
    local, hits = quoted(f"local_{checked.name}"), quoted(f"hits_{checked.name}")
    new = con.execute(
        f"SELECT count(*) FROM {hits} WHERE _row NOT IN (SELECT _row FROM {local})"
    ).fetchone()
    if not new or not new[0]:
        return
    found = situation.columns[checked.name]
    cells = "".join(f", {sql} AS {quoted(name)}" for name, sql in cells_sql(table, found).items())
    zeros = "".join(f", 0::UBIGINT AS f{word}" for word in range(checked.words))
    con.execute(
        f"INSERT INTO {local} BY NAME SELECT _row, _unit{zeros}{cells} FROM {source_name(checked.name)}"
        f" WHERE _row IN (SELECT _row FROM {hits}) AND _row NOT IN (SELECT _row FROM {local})"
    )


def cells_sql(table: Table, found: dict[str, str]) -> dict[str, str]:
    """`_c_<field>` to the SQL of the cell as sent, for the fields that are in the file."""
    names = matched_columns(table, found)
    return {
        f"_c_{field.name}": cell_text(field, names, found)
        for field in table.fields
        if field.name in names
    }


def _measure(situation: Situation, compiled: CompiledTable, position: int, rows: int) -> Measured:
    """A counted query against its threshold; a broken threshold is red, and so is a query that fails."""
    rule = compiled.rules[position]
    try:
        row = situation.con.execute(fill(rule.sql, rule.agos, situation.received)).fetchone()
    except duckdb.Error as error:
        if situation.trusting:
            raise
        return _broken(compiled, position, str(error))
    value = row[0] if row else None
    if value is None:
        return _broken(compiled, position, "the query gave no number")
    if holds(value, rule.rule.operator, rule.rule.threshold):
        return Measured(rule=rule.rule, table=compiled.name, value=value)
    counts_bad = rule.rule.operator in ("mustBe", "mustBeLessThan", "mustBeLessOrEqualTo")
    is_rows = isinstance(rule.rule.argument, dict) and rule.rule.argument.get("metric") == "rowCount"
    failed = int(value) if counts_bad and not is_rows and 1 <= value <= max(rows, 1) else 1
    return Measured(rule=rule.rule, table=compiled.name, value=value, failed=failed)


def holds(value: Any, operator: str, threshold: Any) -> bool:
    """Whether a measured number keeps to an ODCS threshold."""
    if operator in ("mustBeBetween", "mustNotBeBetween"):
        inside = threshold[0] <= value <= threshold[1]
        return inside if operator == "mustBeBetween" else not inside
    return {
        "mustBe": value == threshold,
        "mustNotBe": value != threshold,
        "mustBeGreaterThan": value > threshold,
        "mustBeGreaterOrEqualTo": value >= threshold,
        "mustBeLessThan": value < threshold,
        "mustBeLessOrEqualTo": value <= threshold,
    }[operator]


def _decode(con: duckdb.DuckDBPyConnection, checked: TableChecked) -> None:
    """Counts per rule out of the masks: only bits that occur are counted."""
    from lienthong.findings import Severity

    bad = quoted(f"bad_{checked.name}")
    words = range(checked.words)
    occurring = con.execute(
        f"SELECT {', '.join(f'coalesce(bit_or(f{word}), 0)' for word in words)} FROM {bad}"
    ).fetchone()
    positions = [
        word * WORD + bit for word in words for bit in range(WORD) if occurring and occurring[word] >> bit & 1
    ]
    serious = checked.any_bit((Severity.ERROR, Severity.WARNING))
    counted = [f"count(*) FILTER (WHERE {serious})"] + [
        f"count(*) FILTER (WHERE f{p // WORD} & {1 << p % WORD} <> 0)" for p in positions
    ]
    numbers = con.execute(f"SELECT {', '.join(counted)} FROM {bad}").fetchone() or (0,)
    checked.rows_failed = numbers[0]
    checked.failed = dict(zip(positions, numbers[1:], strict=True))


def key_sql(table: Table, found: dict[str, str], prefix: str = "_c_") -> str:
    """The record's own key as text: its parts joined by `|`; NULL for a table without a key."""
    names = matched_columns(table, found)
    parts = [f"coalesce({quoted(prefix + name)}, '')" if name in names else "''" for name in table.key]
    return " || '|' || ".join(parts) if parts else "NULL::VARCHAR"
