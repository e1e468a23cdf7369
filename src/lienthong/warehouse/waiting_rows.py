"""Rows in quarantine: they count in the scores, so a snapshot holds them beside the records, marked as waiting."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.casts import TEXT_PREFIX, from_text, quoted
from lienthong.records.checking.engine import connect
from lienthong.records.store import layout as store
from lienthong.warehouse import layout
from lienthong.warehouse.kept_rows import Present, micros, minutes, read_copy
from lienthong.warehouse.layout import MONTH, PROVINCE

_ENTRIES = sql.SQL(
    "SELECT q.*, coalesce(nullif(q.province, ''), '00') AS p,"
    " to_char(q.received_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYYMM') AS m, {stands} AS stands"
    " FROM records.quarantine q WHERE q.contract = {contract} AND q.state = 'open' AND q.rows ? {table}"
)


def partitions(conn: psycopg.Connection[Any], contract: Contract, table: Table) -> list[Present]:
    """The partitions of a table's waiting rows; their month is that of arrival, an event may be unreadable."""
    shape = layout.shape_of(contract, table)
    rows = conn.execute(
        sql.SQL(
            "SELECT p, m, sum(jsonb_array_length(rows -> {table}))::bigint, to_hex(bit_xor(hashtextextended("
            "concat_ws('|', id, md5(masks::text), md5(edits::text), stands), 0)))"
            " FROM ({entries}) e GROUP BY 1, 2 ORDER BY 1, 2"
        ).format(table=sql.Literal(table.name), entries=_entries(contract, table))
    ).fetchall()
    return [Present(p, m, number, f"{shape}-{number}-{print}") for p, m, number, print in rows]


def rows(
    conn: psycopg.Connection[Any], contract: Contract, table: Table, wanted: list[Present]
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of the wanted partitions in their order, cells as they were sent or mended, read as on arrival."""
    columns = _columns(contract, table)
    query = sql.SQL(
        "SELECT {columns} FROM ({entries}) e"
        " JOIN unnest({ps}::text[], {ms}::text[]) AS w(wp, wm) ON e.p = w.wp AND e.m = w.wm"
        " CROSS JOIN LATERAL jsonb_array_elements(e.rows -> {table}) AS l(line)"
        " CROSS JOIN LATERAL (SELECT (l.line -> 'cells') ||"
        " coalesce(e.edits -> {table} -> (l.line ->> 'row'), '{{}}') AS cells) AS x"
        " LEFT JOIN LATERAL (SELECT b -> 1 AS failed, b -> 2 AS unknown"
        " FROM jsonb_array_elements(e.masks -> {table} -> 'bits') AS a(b)"
        " WHERE b ->> 0 = l.line ->> 'row' LIMIT 1) AS k ON true ORDER BY e.p, e.m"
    ).format(
        columns=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(expression, sql.Identifier(name))
            for name, expression in columns.items()
        ),
        entries=_entries(contract, table),
        table=sql.Literal(table.name),
        ps=sql.Literal([one.province for one in wanted]),
        ms=sql.Literal([one.month for one in wanted]),
    )
    types = dict.fromkeys(columns, pa.string())
    types |= {
        name: pa.int64() if pa.types.is_timestamp(kind) else kind
        for name, kind in layout.SYSTEM.items()
    }
    reading = connect(threads=1)
    try:
        with closing(read_copy(conn, query, list(columns), types)) as batches:
            for batch in batches:
                yield _typed(reading, batch, table)
    finally:
        reading.close()


def _entries(contract: Contract, table: Table) -> sql.Composed:
    root = store.root_of(contract, table)
    kept = sql.SQL(
        "NOT EXISTS (SELECT 1 FROM {} r WHERE r._key = q.key AND r._sender = q.sender)"
    ).format(sql.Identifier(contract.name, root.name))
    return _ENTRIES.format(
        stands=sql.SQL("q.key IS NULL OR {}").format(kept),
        contract=sql.Literal(contract.name),
        table=sql.Literal(table.name),
    )


def _columns(contract: Contract, table: Table) -> dict[str, sql.Composable]:
    made: dict[str, sql.Composable] = {
        field.name: sql.SQL("x.cells ->> {}").format(sql.Literal(field.name))
        for field in table.fields
    }
    arrived = micros(sql.SQL("e.received_at"))
    about = sql.SQL("(e.masks -> {} ->> 'ruleset')::int").format(sql.Literal(table.name))
    made |= {
        "_key": sql.SQL("e.key"),
        "_sender": sql.SQL("e.sender"),
        "_province": sql.SQL("e.province"),
        "_unit": sql.SQL("e.unit"),
        "_row": sql.SQL("(l.line ->> 'row')::bigint"),
        "_version": sql.SQL("0"),
        "_receipt": sql.SQL("e.receipt"),
        "_from": arrived,
        "_received": arrived,
        "_minute": minutes(sql.SQL("e.received_at")),
        "_counted": sql.SQL("(e.received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"),
        "_ruleset": about,
        "_failed": sql.SQL("k.failed #>> '{{}}'").format(),
        "_unknown": sql.SQL("k.unknown #>> '{{}}'").format(),
        "_waiting": sql.SQL("true"),
        "_entry": sql.SQL("e.id"),
        "_stands": sql.SQL("e.stands"),
        "_event": _event(contract, table),
        PROVINCE: sql.SQL("e.p"),
        MONTH: sql.SQL("e.m"),
    }
    return made


def _event(contract: Contract, table: Table) -> sql.Composable:
    """The event of the entry's first root row, as it was sent."""
    root = store.root_of(contract, table)
    if root is table or not root.event:
        return sql.SQL("NULL::text")
    return sql.SQL("e.rows -> {} -> 0 -> 'cells' ->> {}").format(
        sql.Literal(root.name), sql.Literal(root.event)
    )


def _typed(reading: Any, batch: pa.RecordBatch, table: Table) -> pa.RecordBatch:
    """Cells read as their types by the very casts of the check."""
    shown = []
    for field in table.fields:
        cell = quoted(field.name)
        typed = from_text(field.type, cell, field.format)
        shown.append(f"{typed} AS {cell}")
        if field.type != "string":
            text = quoted(TEXT_PREFIX + field.name)
            shown.append(f"CASE WHEN ({typed}) IS NULL THEN {cell} END AS {text}")
    rest = [*layout.SYSTEM, PROVINCE, MONTH]
    query = f"SELECT {', '.join([*shown, *map(quoted, rest)])} FROM waiting"
    reading.register("waiting", pa.Table.from_batches([batch]))
    found = reading.sql(query).to_arrow_table().combine_chunks()
    reading.unregister("waiting")
    wanted = layout.schema(table)
    columns = {name: found.column(name) for name in found.schema.names}
    for name in ("_failed", "_unknown"):
        columns[name] = _even(columns[name])
    arrays = [columns[item.name].cast(item.type) for item in wanted]
    arrays += [columns[PROVINCE], columns[MONTH]]
    names = [*wanted.names, PROVINCE, MONTH]
    return pa.Table.from_arrays(arrays, names=names).combine_chunks().to_batches()[0]


def _even(masks: pa.ChunkedArray) -> pa.Array:
    """Masks of quarantine are hexadecimal already; "0" is no mask."""
    texts = [
        None if one is None or not one.strip("0") else one.lstrip("0") for one in masks.to_pylist()
    ]
    return pa.array(texts, pa.string())
