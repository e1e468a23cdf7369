"""Rows on their way out of a stretch of the file: column batches per table, with what was noticed."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from lienthong.records.formats.faults import Fault
from lienthong.records.formats.plain import Columns
from lienthong.records.formats.spool import text_batch

Row = tuple[str | None, ...]


class Block:
    """Rows of all tables in the order of the file, counted from 0, and their faults."""

    def __init__(self) -> None:
        self.units = 0
        self.batches: dict[str, list[pa.RecordBatch]] = {}
        self.counts: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.missing: dict[str, dict[str, int]] = {}
        self.unknown: dict[tuple[str, str], list[int]] = {}
        self.stray: dict[str, int] = {}
        self._loose: dict[str, tuple[Sequence[str], list[Row], list[int]]] = {}

    def rows(self, table: str) -> int:
        """How many rows of the table were read so far: the position of the next one."""
        return self.counts.get(table, 0)

    def add_columns(
        self, table: str, names: Sequence[str], found: Columns, units: Sequence[int]
    ) -> None:
        """Append the rows of plain documents; `units` names the unit of each document."""
        if not sum(found.rows):
            return
        self._bind(table)
        row_units = [
            unit for unit, count in zip(units, found.rows, strict=True) for _ in range(count)
        ]
        first = self.rows(table)
        for name, count in found.missing.items():
            self.lacks(table, name, count)
        for name, count in found.unknown.items():
            self.not_known(table, name, first, units[0], count)
        arrays = [*found.arrays, pa.array(row_units, pa.int64())]
        batch = pa.RecordBatch.from_arrays(arrays, names=[*names, "_unit"])
        self.batches.setdefault(table, []).append(batch)
        self.counts[table] = first + batch.num_rows

    def add_row(self, table: str, names: Sequence[str], row: Row, unit: int) -> None:
        """Append one row."""
        _, rows, units = self._loose.setdefault(table, (names, [], []))
        rows.append(row)
        units.append(unit)
        self.counts[table] = self.rows(table) + 1

    def _bind(self, table: str) -> None:
        loose = self._loose.pop(table, None)
        if loose is not None:
            self.batches.setdefault(table, []).append(text_batch(*loose))

    def finish(self) -> None:
        """Put the last single rows into batches."""
        for table in list(self._loose):
            self._bind(table)

    def lacks(self, table: str, name: str, count: int = 1) -> None:
        """Count rows without an element that must be there."""
        names = self.missing.setdefault(table, {})
        names[name] = names.get(name, 0) + count

    def not_known(self, table: str, name: str, row: int, unit: int, count: int = 1) -> None:
        """Count elements that the contract does not name; the first place is kept."""
        seen = self.unknown.setdefault((table, name), [0, row, unit])
        seen[0] += count
