"""Wrong units to quarantine, as they were sent, each with its masks and its reasons; older waiting entries close."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from lienthong.contracts.contract import Table
from lienthong.contracts.rules.casts import literal, quoted
from lienthong.findings import Severity
from lienthong.records.checking.checked import WORD, Checked
from lienthong.records.checking.relations import source_name
from lienthong.records.intake.keeping import Arrival
from lienthong.records.intake.units import Batch, Group, own
from lienthong.records.store import bulk, counts, layout
from lienthong.records.store.rulesets import Ruleset, load

ACTOR = "intake"


def set_aside(
    line: bulk.Line,
    batch: Batch,
    checked: Checked,
    rules: dict[str, Ruleset],
    arrival: Arrival,
    progress: Callable[[int], None] | None = None,
) -> int:
    """COPY one entry per blocked unit by the line; returns how many."""
    if not batch.con.execute("SELECT 1 FROM blocked LIMIT 1").fetchall():
        return 0
    return line.copy(
        batch.con,
        sql.SQL("records.quarantine"),
        f"SELECT {literal(batch.contract.name)} AS contract, {literal(arrival.receipt)} AS receipt,"
        f" {literal(arrival.sender)} AS sender, make_timestamp({arrival.microseconds}) AS received_at, e.*"
        f" FROM ({entries_sql(batch, checked, rules, arrival.province)}) e ORDER BY unit",
        json=frozenset(("rows", "masks", "faults")),
        progress=progress,
    )


def entries_sql(batch: Batch, checked: Checked, rules: dict[str, Ruleset], province: str) -> str:
    """SELECT root, unit, key, province, rows, masks, faults, causes of each blocked unit."""
    parts = [
        _parts(batch, checked, made, table, rules[table.name])
        for made in batch.groups
        for table in made.tables
    ]
    rows = " UNION ALL ".join(parts) or (
        "SELECT NULL::BIGINT AS _unit, '' AS rows, '' AS masks, NULL::VARCHAR[] AS causes WHERE false"
    )
    return (
        f"SELECT coalesce(k.root, {literal(_main_root(batch))}) AS root, b._unit AS unit, k.key,"
        f" coalesce(k.province, {literal(province)}) AS province,"
        " '{' || coalesce(p.rows, '') || '}' AS rows, '{' || coalesce(p.masks, '') || '}' AS masks,"
        " '[' || coalesce(r.faults, '') || ']' AS faults,"
        " list_distinct(list_concat(coalesce(p.causes, []), coalesce(r.rules, []))) AS causes"
        " FROM blocked b"
        f" LEFT JOIN (SELECT _unit, string_agg(rows, ',') AS rows, string_agg(masks, ',') AS masks,"
        f" flatten(list(causes)) AS causes FROM ({rows}) GROUP BY _unit) p ON p._unit = b._unit"
        " LEFT JOIN (SELECT _unit, string_agg(fault, ',') AS faults,"
        " list(json_extract_string(fault, '$.rule') || '|' || coalesce(json_extract_string(fault, '$.field'), ''))"
        " AS rules FROM reason GROUP BY _unit) r ON r._unit = b._unit"
        f" LEFT JOIN ({_keys(batch)}) k ON k._unit = b._unit"
    )


def _main_root(batch: Batch) -> str:
    """The root with most tables: to it belongs a unit of which nothing could be read."""
    roots = layout.roots(batch.contract)
    return max(roots, key=lambda root: len(layout.members(batch.contract, root))).name


def _keys(batch: Batch) -> str:
    parts = [
        f"SELECT _unit, {literal(made.root.name)} AS root, arg_min(_key, _root) AS key,"
        f" arg_min(_province, _root) AS province, {at} AS rank FROM {made.record} GROUP BY _unit"
        for at, made in enumerate(batch.groups)
    ]
    # A unit of child rows only still says the root that it lacks.
    parts += [
        f"SELECT DISTINCT _unit, {literal(made.root.name)}, NULL, NULL, {100 + at} FROM {own(table)}"
        " WHERE _root IS NULL"
        for at, made in enumerate(batch.groups)
        for table in made.children
    ]
    if not parts:
        return "SELECT NULL::BIGINT AS _unit, '' AS root, '' AS key, '' AS province WHERE false"
    return (
        "SELECT _unit, arg_min(root, rank) AS root, arg_min(CASE WHEN strlen(key) <= "
        f"{layout.KEY_LENGTH} THEN key END, rank) AS key, arg_min(province, rank) AS province"
        f" FROM ({' UNION ALL '.join(parts)}) GROUP BY _unit"
    )


def _parts(batch: Batch, checked: Checked, made: Group, table: Table, rules: Ruleset) -> str:
    """One line per blocked unit: its rows of one table as JSON, their masks, and the rules that block it."""
    about = checked.tables[table.name]
    words = range(about.words)
    whose = f"SELECT _root AS _row, _unit FROM {made.record}"
    if table is not made.root:
        whose = f"SELECT _row, _unit FROM {own(table)}"
    # What the envelope said stays with the rows, so that they can be checked again without it.
    said = [
        (name, quoted(name)) for name in batch.columns[table.name] if name.startswith("_envelope")
    ]
    packed = ", ".join(f"{quoted(name)} := {cell}" for name, cell in [*batch.cells(table), *said])
    cells = f"to_json(struct_pack({packed}))" if packed else "'{}'"
    mask = " || ".join(f"format('{{:015x}}', coalesce(m.f{word}, 0))" for word in reversed(words))
    marked = " OR ".join(f"m.f{word} <> 0" for word in words)
    serious = about.bits(Severity.ERROR)
    named = ", ".join(
        f"CASE WHEN m.f{at // WORD} & {1 << at % WORD} <> 0 THEN {literal(rule.key)} END"
        for at, rule in enumerate(rules.rules)
        if about.failed.get(at) and serious.get(at // WORD, 0) >> at % WORD & 1
    )
    failing = f"list_filter([{named}], lambda x: x IS NOT NULL)" if named else "[]::VARCHAR[]"
    name = literal(f'"{table.name}":')
    return (
        f"SELECT _unit, {name} || '[' || string_agg('{{\"row\":' || _row || ',\"cells\":' || cells || '}}', ','"
        f" ORDER BY _row) || ']' AS rows,"
        f' {name} || \'{{"ruleset":{rules.id},"rows":\' || count(*) || \',"bits":[\' || coalesce(string_agg('
        "CASE WHEN marked THEN '[' || _row || ',\"' || mask || '\",\"0\"]' END, ',' ORDER BY _row), '') || ']}'"
        " AS masks, flatten(list(causes)) AS causes"
        f" FROM (SELECT w._unit, w._row, {cells} AS cells, {mask} AS mask, coalesce({marked}, false) AS marked,"
        f" CASE WHEN {marked} THEN {failing} ELSE [] END AS causes"
        f" FROM (SELECT * FROM ({whose}) WHERE _unit IN (SELECT _unit FROM blocked)) w"
        f" JOIN {source_name(table.name)} s ON s._row = w._row"
        f" LEFT JOIN {checked.mask_relation(table.name)} m ON m._row = w._row) GROUP BY _unit"
    )


def close_older(
    conn: psycopg.Connection[Any],
    batch: Batch,
    made: Group,
    arrival: Arrival,
    deltas: counts.Deltas,
) -> int:
    """Entries that wait under a key that has now arrived again: mended when it was fit, else superseded.

    Needs the temporary table `arrived` of `verdicts.compare`. Returns how many entries were closed.
    """
    closed = conn.execute(
        "UPDATE records.quarantine q SET state = CASE WHEN a.blocked THEN 'superseded' ELSE 'mended' END,"
        " closed_by = %(receipt)s, closed_at = %(moment)s"
        " FROM (SELECT key, bool_and(blocked) AS blocked FROM arrived GROUP BY key) a"
        " WHERE q.contract = %(contract)s AND q.root = %(root)s AND q.sender = %(sender)s AND q.key = a.key"
        " AND q.state = 'open' AND q.receipt <> %(receipt)s"
        " RETURNING q.id, q.state, q.masks, q.province, (q.received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date",
        {
            "receipt": arrival.receipt,
            "moment": arrival.received,
            "contract": batch.contract.name,
            "root": made.root.name,
            "sender": arrival.sender,
        },
    ).fetchall()
    if not closed:
        return 0
    rulesets = load(conn, (about["ruleset"] for row in closed for about in row[2].values()))
    for _id, _state, masks, province, day in closed:
        counts.add_quarantined(deltas, rulesets, masks, arrival.sender, province, day, -1)
    conn.execute(
        "INSERT INTO records.quarantine_act (entry, actor, act, about)"
        " SELECT entry, %s, act, jsonb_build_object('receipt', %s::text) FROM unnest(%s::bigint[], %s::text[])"
        " AS u(entry, act)",
        [ACTOR, arrival.receipt, [row[0] for row in closed], [row[1] for row in closed]],
    )
    return len(closed)
