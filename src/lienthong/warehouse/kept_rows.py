"""Rows out of the store: which partitions a table has now, and the rows of some of them in partition order."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any

import msgspec
import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.casts import TEXT_PREFIX
from lienthong.findings import Severity
from lienthong.records.store import layout as store
from lienthong.records.store.rulesets import Ruleset
from lienthong.warehouse import layout
from lienthong.warehouse.layout import MONTH, NO_MONTH, PROVINCE

BLOCK = 4 << 20
"""Bytes of text that are turned into columns at a time."""


class Present(msgspec.Struct, frozen=True):
    """One partition as it stands in the store now."""

    province: str
    month: str
    rows: int
    fingerprint: str


_PRINT = sql.SQL(
    "to_hex(bit_xor(hashtextextended(concat_ws('|', c._receipt, c._row, c._version, c._ruleset,"
    " encode(c._failed, 'hex'), encode(c._unknown, 'hex')), 0)))"
)
"""Whatever changes about a row changes its version, its receipt or its masks: those are hashed, not its cells."""


def partitions(conn: psycopg.Connection[Any], contract: Contract, table: Table) -> list[Present]:
    """The partitions of a table's present rows, each with the fingerprint of what is in it."""
    shape = layout.shape_of(contract, table)
    query = sql.SQL("SELECT {p}, {m}, count(*), {print} FROM {source} GROUP BY 1, 2 ORDER BY 1, 2")
    rows = conn.execute(
        query.format(
            p=_province(), m=_month(contract, table), print=_PRINT, source=_source(contract, table)
        )
    ).fetchall()
    return [Present(p, m, number, f"{shape}-{number}-{print}") for p, m, number, print in rows]


def rows(
    conn: psycopg.Connection[Any],
    contract: Contract,
    table: Table,
    wanted: list[Present],
    rulesets: dict[int, Ruleset],
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of the wanted partitions in their order, as `layout.schema` with the partition's columns after it."""
    columns: dict[str, sql.Composable] = {
        field.name: _cell(field.name, field.type) for field in table.fields
    }
    columns |= _system(contract, table)
    columns |= {PROVINCE: _province(), MONTH: _month(contract, table)}
    query = sql.SQL(
        "SELECT * FROM (SELECT {columns} FROM {source}) x JOIN unnest({ps}::text[], {ms}::text[])"
        " AS w(wp, wm) ON x.{p} = w.wp AND x.{m} = w.wm ORDER BY w.wp, w.wm"
    ).format(
        columns=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(expression, sql.Identifier(name))
            for name, expression in columns.items()
        ),
        source=sql.SQL("{} LEFT JOIN records.submission s ON s.receipt = c._receipt").format(
            _source(contract, table)
        ),
        ps=sql.Literal([one.province for one in wanted]),
        ms=sql.Literal([one.month for one in wanted]),
        p=sql.Identifier(PROVINCE),
        m=sql.Identifier(MONTH),
    )
    types = {
        field.name: _travelling(layout.ARROW.get(field.type, pa.string())) for field in table.fields
    }
    types |= {name: _travelling(kind) for name, kind in layout.SYSTEM.items()}
    types |= {name: pa.string() for name in (PROVINCE, MONTH, "wp", "wm")}
    unread = {ruleset.id: _unread(table, ruleset) for ruleset in rulesets.values()}
    with closing(read_copy(conn, query, [*columns, "wp", "wm"], types)) as batches:
        for batch in batches:
            yield _finish(batch, table, unread)


def read_copy(
    conn: psycopg.Connection[Any],
    query: sql.Composable,
    names: list[str],
    types: dict[str, pa.DataType],
) -> Generator[pa.RecordBatch, None, None]:
    """What a query gives, as columns, in bounded memory; a text that is empty is not a text that is missing."""
    copying = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)").format(query)
    reading = pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=2 * BLOCK)
    parsing = pyarrow.csv.ParseOptions(newlines_in_values=True)
    converting = pyarrow.csv.ConvertOptions(
        column_types=types,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )

    def columns(text: bytes) -> Generator[pa.RecordBatch, None, None]:
        source = pa.BufferReader(text)
        yield from (
            pyarrow.csv.read_csv(
                source, read_options=reading, parse_options=parsing, convert_options=converting
            )
            .combine_chunks()
            .to_batches()
        )

    held, size = [], 0
    with conn.cursor() as cursor, cursor.copy(copying) as copy:
        for row in copy:  # one whole line each, so a block never ends within a row
            held.append(bytes(row))
            size += len(row)
            if size >= BLOCK:
                yield from columns(b"".join(held))
                held, size = [], 0
        if held:
            yield from columns(b"".join(held))


def _source(contract: Contract, table: Table) -> sql.Composed:
    root = store.root_of(contract, table)
    here = sql.SQL("{} c").format(sql.Identifier(contract.name, table.name))
    if root is table:
        return here
    return sql.SQL("{} JOIN {} r ON r._key = c._key AND r._sender = c._sender").format(
        here, sql.Identifier(contract.name, root.name)
    )


def _province() -> sql.Composed:
    return sql.SQL("coalesce(nullif(c._province, ''), '00')").format()


def _month(contract: Contract, table: Table) -> sql.Composed:
    """The month of the event of a row's unit, whatever form its date has."""
    root = store.root_of(contract, table)
    if not root.event or root.field(root.event) is None:
        return sql.SQL("{}").format(sql.Literal(NO_MONTH))
    cell = sql.Identifier("c" if root is table else "r", root.event)
    return month_sql(sql.SQL("{}::text").format(cell))


def month_sql(text: sql.Composable) -> sql.Composed:
    """yyyymm of a text that begins with a year and a month, else NO_MONTH."""
    digits = sql.SQL("left(translate({}, '-/ .T:', ''), 6)").format(text)
    return sql.SQL(
        "CASE WHEN {d} ~ '^[12][0-9]{{3}}(0[1-9]|1[0-2])$' THEN {d} ELSE {none} END"
    ).format(d=digits, none=sql.Literal(NO_MONTH))


def _cell(name: str, kind: str) -> sql.Composed:
    cell = sql.Identifier("c", name)
    return micros(cell) if kind == "timestamp" else sql.SQL("{}").format(cell)


def micros(moment: sql.Composable) -> sql.Composed:
    """A moment as microseconds since 1970."""
    return sql.SQL("(extract(epoch FROM {}) * 1000000)::bigint").format(moment)


def minutes(moment: sql.Composable) -> sql.Composed:
    """A moment as whole minutes since 1970."""
    return sql.SQL("floor(extract(epoch FROM {}) / 60)::bigint").format(moment)


def _system(contract: Contract, table: Table) -> dict[str, sql.Composable]:
    same = ("_key", "_sender", "_province", "_unit", "_row", "_version", "_receipt", "_ruleset")
    made: dict[str, sql.Composable] = {name: sql.Identifier("c", name) for name in same}
    made["_from"] = micros(sql.Identifier("c", "_from"))
    made["_received"] = micros(sql.SQL("coalesce(s.received_at, c._from)"))
    made["_minute"] = minutes(sql.SQL("coalesce(s.received_at, c._from)"))
    made["_counted"] = sql.SQL("(c._from AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")
    made["_failed"] = _mask("_failed")
    made["_unknown"] = _mask("_unknown")
    made["_waiting"] = sql.SQL("false")
    made["_entry"] = sql.SQL("NULL::bigint")
    made["_stands"] = sql.SQL("true")
    made["_event"] = sql.SQL("NULL::text")
    root = store.root_of(contract, table)
    if root is not table and root.event and root.field(root.event):
        made["_event"] = sql.SQL("{}::text").format(sql.Identifier("r", root.event))
    return {name: made[name] for name in layout.SYSTEM}


def _mask(name: str) -> sql.Composed:
    """A mask is kept lowest byte first, like `rulesets.to_bytes`; it travels as those bytes in hexadecimal."""
    return sql.SQL("encode({}, 'hex')").format(sql.Identifier("c", name))


def _travelling(kind: pa.DataType) -> pa.DataType:
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def _finish(
    batch: pa.RecordBatch, table: Table, unread: dict[int, list[tuple[int, str]]]
) -> pa.RecordBatch:
    """The columns of `layout.schema`, masks turned round, and what was sent where a cell did not parse."""
    columns = {name: batch.column(name) for name in batch.schema.names}
    failed = columns["_failed"].to_pylist() if any(unread.values()) else []
    texts = _texts(columns["_ruleset"], failed, unread)
    arrays = []
    for item in layout.schema(table):
        if item.name in columns:
            array = columns[item.name]
            if item.name in ("_failed", "_unknown"):
                array = turned(array)
            arrays.append(array.cast(item.type))
        elif item.name in texts:
            arrays.append(pa.array(texts[item.name], pa.string()))
        else:
            arrays.append(pa.nulls(batch.num_rows, pa.string()))
    arrays += [columns[PROVINCE], columns[MONTH]]
    names = [*layout.schema(table).names, PROVINCE, MONTH]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def turned(masks: pa.Array) -> pa.Array:
    """Masks in hexadecimal, highest byte first, so that Python and SQL read them as numbers."""
    if masks.null_count == len(masks):
        return masks
    found = masks.dictionary_encode()
    turned = [bytes.fromhex(one)[::-1].hex() for one in found.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(found.indices, pa.array(turned, pa.string())).cast(
        pa.string()
    )


def _unread(table: Table, ruleset: Ruleset) -> list[tuple[int, str]]:
    """(bit, column) of the rules that say of a kept row that a cell did not parse."""
    columns = {f"{table.name}.{field.name}.type|{field.name}": field.name for field in table.fields}
    return [
        (at, TEXT_PREFIX + columns[rule.key])
        for at, rule in enumerate(ruleset.rules)
        if rule.severity is not Severity.ERROR and rule.key in columns
    ]


def _texts(
    rulesets: pa.Array, failed: list[str | None], unread: dict[int, list[tuple[int, str]]]
) -> dict[str, list[str | None]]:
    texts: dict[str, list[str | None]] = {}
    for at, mask in enumerate(failed):
        if mask is None:
            continue
        bits = int.from_bytes(bytes.fromhex(mask), "little")
        for bit, column in unread.get(rulesets[at].as_py(), ()):
            if bits >> bit & 1:
                texts.setdefault(column, [None] * len(failed))[at] = "?"
    return texts
