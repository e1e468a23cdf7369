"""Rows that are in memory, read as if a file had brought them: entries that are replayed, posted records that wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow

from lienthong.contracts.contract import Contract
from lienthong.records.formats.reading import Reading, Source
from lienthong.records.intake.single.unit import not_sent
from lienthong.records.store import layout

Rows = Mapping[str, Iterable[Mapping[str, Any]]]
"""Table to rows of text cells."""


def reading_of(contract: Contract, units: Sequence[Rows], faults: Sequence[Any] = ()) -> Reading:
    """One unit of acceptance per item; rows are numbered through the units, table by table.

    Outside an envelope a unit says nothing of the tables of other records: their rows came beside it, or never.
    """
    columns: dict[str, dict[str, None]] = {}
    lines: dict[str, list[dict[str, Any]]] = {}
    for unit, tables in enumerate(units):
        for table, rows in tables.items():
            mine = lines.setdefault(table, [])
            for row in rows:
                mine.append({**row, "_row": len(mine), "_unit": unit})
                columns.setdefault(table, {}).update(dict.fromkeys(row))
    sources = {
        table.name: _source(table.name, list(columns[table.name]), lines[table.name])
        for table in contract.tables
        if lines.get(table.name)
    }
    roots = {
        layout.root_of(contract, table).name: table
        for table in contract.tables
        if table.name in sources
    }
    unsaid = [not_sent(contract, layout.root_of(contract, table)) for table in roots.values()]
    return Reading(
        sources=sources, faults=list(faults), units=len(units),
        unsaid=frozenset.intersection(*unsaid) if unsaid else frozenset(),
    )  # fmt: skip


def _source(table: str, columns: list[str], lines: list[dict[str, Any]]) -> Source:
    shape = pyarrow.schema(
        [
            *((name, _kind(name, lines)) for name in columns),
            ("_row", pyarrow.int64()),
            ("_unit", pyarrow.int64()),
        ]
    )
    held = pyarrow.Table.from_pylist(lines, schema=shape)
    name = f"held_{table}"

    def attach(con: Any) -> None:
        # A table and not a view of ours: the check reads it from several connections.
        con.register("_held", held)
        con.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM _held')
        con.unregister("_held")

    return Source(
        table=table,
        columns=tuple(column for column in columns if not column.startswith("_")),
        relation=f'SELECT * FROM "{name}"',
        count=len(lines),
        attaching=attach,
    )


def _kind(name: str, lines: list[dict[str, Any]]) -> pyarrow.DataType:
    """Cells as sent are text; what the reader counted of the envelope is a number."""
    counted = name.startswith("_") and any(isinstance(line.get(name), int) for line in lines)
    return pyarrow.int64() if counted else pyarrow.string()
