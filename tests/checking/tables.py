"""Small tables in memory in the shape of `records.formats` sources, for tests of checking."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lienthong.contracts.contract import Contract
from lienthong.contracts.reading import parse_contract
from lienthong.contracts.rules.casts import literal, quoted
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.python import RecordEngine
from lienthong.records.checking import Checked, check
from lienthong.records.checking.moments import ago

RECEIVED = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HEAD = "apiVersion: v3.2.0\nkind: DataContract\nid: t\nname: t\nversion: 1.0.0\nstatus: active\n"


@dataclass
class MemorySource:
    """Rows of text cells as one source."""

    table: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    types: dict[str, str] = field(default_factory=dict)
    typed: bool = False
    unnumbered: str | None = None

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def relation(self) -> str:
        return f"SELECT * FROM {quoted('mem_' + self.table)}"

    def attach(self, con: Any) -> None:
        kinds = [self.types.get(name, "VARCHAR") for name in self.columns]
        columns = ", ".join(
            f"{quoted(name)} {kind}" for name, kind in zip(self.columns, kinds, strict=True)
        )
        name = quoted("mem_" + self.table)
        con.execute(f"CREATE OR REPLACE TABLE {name} ({columns}, _row BIGINT, _unit BIGINT)")
        shown = [
            "(" + ", ".join([*map(_shown, row), str(at), str(at)]) + ")"
            for at, row in enumerate(self.rows)
        ]
        if shown:
            con.execute(f"INSERT INTO {name} VALUES {', '.join(shown)}")


def _shown(cell: Any) -> str:
    if cell is None:
        return "NULL"
    # Control characters may stand in a literal, NUL may not: readers remove it from files.
    return literal(cell.replace("\x00", "")) if isinstance(cell, str) else str(cell)


@dataclass
class MemoryReading:
    """Several tables; `units` None means that tables not given are absent."""

    sources: dict[str, MemorySource]
    units: int | None = None
    faults: list[Any] = field(default_factory=list)


def contract_of(schema: str) -> Contract:
    """A contract of the YAML of its `schema:` list."""
    return parse_contract((HEAD + "schema:\n" + schema).encode())


def reading_of(contract: Contract, **tables: list[dict[str, Any]]) -> MemoryReading:
    """Rows as mappings of cells; a column no row gives is not in the file."""
    sources = {}
    for name, rows in tables.items():
        columns = tuple(dict.fromkeys(column for row in rows for column in row)) or tuple(
            field.name for field in contract.table(name).fields
        )
        sources[name] = MemorySource(
            name, columns, [tuple(row.get(column) for column in columns) for row in rows]
        )
    return MemoryReading(sources)


def checked_of(contract: Contract, codes: Any = None, **tables: list[dict[str, Any]]) -> Checked:
    """The rows checked by DuckDB."""
    return check(contract, reading_of(contract, **tables), received=RECEIVED, codes=codes)


def failing(checked: Checked) -> dict[str, list[int]]:
    """Rule id to the rows that break it, over all tables, as findings name them."""
    found: dict[str, list[int]] = {}
    for finding in checked.findings():
        if finding.row is not None:
            found.setdefault(finding.rule, []).append(finding.row)
    return found


def masks(checked: Checked, table: str) -> dict[int, int]:
    """Row to the mask of its failed rules."""
    rows = checked.con.execute(f"SELECT * FROM {checked.mask_relation(table)}").fetchall()
    words = checked.tables[table].words
    return {row[0]: sum(row[3 + word] << 60 * word for word in range(words)) for row in rows}


def python_masks(
    contract: Contract, codes: Any = None, **tables: list[dict[str, Any]]
) -> dict[str, dict[int, int]]:
    """The same by the generated Python functions."""
    engine = RecordEngine(compile_contract(contract), codes)
    absent = {table.name for table in contract.tables} - set(tables)
    answers = engine.check(tables, received=RECEIVED, ago=ago, absent=absent)
    return {
        name: {
            row: sum(1 << position for position in answer.failed)
            for row, answer in enumerate(rows)
            if answer.failed
        }
        for name, rows in answers.items()
    }
