"""Rows that were read one by one, on their way to Parquet and to a source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lienthong.contracts.contract import Table
from lienthong.records.formats.reading import Reading, Source
from lienthong.records.formats.sqltext import empty_relation, file_text, quoted, unit_sql

BATCH = 20_000


class RowSpool:
    """Takes the rows of one table in the order of its file."""

    def __init__(self, reading: Reading, table: Table, columns: tuple[str, ...]) -> None:
        from lienthong.records.formats.spool import TableSpool

        if reading.folder is None:
            raise ValueError("the reading is closed")
        self._path = reading.folder / f"rows-{len(list(reading.folder.iterdir())):03d}.parquet"
        self._table, self._columns = table, columns
        self._opens_units = table.root in (None, table.name)
        self._spool = TableSpool(self._path, columns)
        self._batch: list[Sequence[str | None]] = []
        self.rows = 0

    def place(self) -> dict[str, Any]:
        """Where the next row stands, for a fault."""
        return {
            "table": self._table.name,
            "row": self.rows,
            "unit": self.rows if self._opens_units else None,
        }

    def append(self, row: Sequence[str | None]) -> None:
        """Take the next row, a cell per column."""
        self._batch.append(row)
        self.rows += 1
        if len(self._batch) == BATCH:
            self._flush()

    def _flush(self) -> None:
        from lienthong.records.formats.spool import text_batch, without_blanks

        if self._batch:
            batch = text_batch(self._columns, self._batch, [None] * len(self._batch))
            self._spool.append(without_blanks(batch))
            self._batch = []

    def source(self, *, in_sheet: bool = False) -> Source:
        """Finish the file; the table as a source."""
        self._flush()
        self._spool.close()
        columns = "".join(f"{quoted(name)}, " for name in self._columns)
        relation = (
            f"SELECT {columns}_row, {unit_sql(self._table)} AS _unit "
            f"FROM read_parquet({file_text(self._path)})"
            if self.rows
            else empty_relation(self._columns)
        )
        return Source(self._table.name, self._columns, relation, count=self.rows, in_sheet=in_sheet)
