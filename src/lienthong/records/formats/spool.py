"""Rows on their way from a message to the check: bounded batches of text columns, written to Parquet.

One file per table; `_row` counts the rows of a table through the whole submission, `_unit` its HOSO.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

ROWS_HELD = 60_000
BYTES_HELD = 12 * 1024 * 1024


def text_batch(
    columns: Sequence[str], rows: Sequence[Sequence[str | None]], units: Sequence[int | None]
) -> pa.RecordBatch:
    """Rows of text as one Arrow batch with `_unit`."""
    arrays = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    if not rows:
        arrays = [pa.nulls(0, pa.string()) for _ in columns]
    arrays.append(pa.array(units, pa.int64()))
    return pa.RecordBatch.from_arrays(arrays, names=[*columns, "_unit"])


def without_blanks(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with null for cells of nothing but white space."""
    arrays = []
    for cells in batch.columns:
        if pa.types.is_string(cells.type):
            blank = pc.or_(pc.ascii_is_space(cells), pc.equal(pc.binary_length(cells), 0))
            cells = pc.if_else(blank, None, cells) if pc.any(blank).as_py() else cells
        arrays.append(cells)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def or_null(cell: str | None) -> str | None:
    """The cell, None when it holds nothing but white space."""
    return cell if cell and cell.strip(" \t\r\n") else None


class TableSpool:
    """The growing Parquet file of one table."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.columns = tuple(columns)
        self.rows = 0
        self._held: list[pa.RecordBatch] = []
        self._held_rows = self._held_bytes = 0
        self._writer: Any = None

    def append(self, batch: pa.RecordBatch, units_before: int = 0) -> None:
        """Append a `text_batch`; its `_unit` counts from `units_before`."""
        size = batch.num_rows
        if not size:
            return
        at = batch.num_columns - 1
        unit = batch.column(at)
        if units_before:
            unit = pc.add(unit, units_before)
        row = pa.array(range(self.rows, self.rows + size), pa.int64())
        arrays = [*batch.columns[:at], unit, row]
        self._held.append(pa.RecordBatch.from_arrays(arrays, names=[*batch.schema.names, "_row"]))
        self.rows += size
        self._held_rows += size
        self._held_bytes += batch.nbytes
        if self._held_rows >= ROWS_HELD or self._held_bytes >= BYTES_HELD:
            self._write()

    def _write(self) -> None:
        if not self._held:
            return
        # Not at the top: workers only send batches and need no Parquet.
        import pyarrow.parquet as pq

        table = pa.Table.from_batches(self._held)
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self.path, table.schema, compression="snappy", write_statistics=False
            )
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._held, self._held_rows, self._held_bytes = [], 0, 0

    def close(self) -> None:
        """Write what is held and close the file."""
        self._write()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class Spool:
    """The Parquet files of one reading, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables: dict[str, TableSpool] = {}

    def table(self, name: str, columns: Sequence[str]) -> TableSpool:
        """The spool of a table, made on first use."""
        if name not in self.tables:
            # File names by number: a table's name may hold anything.
            path = self.folder / f"table-{len(self.tables):03d}.parquet"
            self.tables[name] = TableSpool(path, columns)
        return self.tables[name]

    def close(self) -> None:
        """Finish every file."""
        for spool in self.tables.values():
            spool.close()
