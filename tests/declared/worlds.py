"""A world is one right submission of a contract; a test changes one thing in it and hears which rules break."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from lienthong import clock
from lienthong.contracts.codes import Codes
from lienthong.contracts.keys import key_of
from lienthong.contracts.reading import read_contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.others import Asked, Crossed, Record
from lienthong.contracts.rules.python import RecordEngine
from lienthong.records.checking.moments import ago
from lienthong.records.crossing.judging import crossing_of

Row = dict[str, str | None]
RECEIVED = datetime(2026, 11, 20, 15, 0, tzinfo=clock.VIETNAM)  # a Friday, in working hours


@cache
def engine(contract: str) -> RecordEngine:
    """The compiled rules of a declared contract with the declared code lists."""
    return RecordEngine(compile_contract(read_contract(contract)), Codes())


def change(world: dict[str, list[Row]], changes: dict[str, Any]) -> dict[str, list[Row]]:
    """The world with changes: `table: {cell: value}` for its first row, `table: [rows]` to replace them all,
    `table+: {...}` to add a copy of the first row with those cells, `table: None` to leave the table out."""
    made = {name: [dict(row) for row in rows] for name, rows in world.items()}
    for name, changed in changes.items():
        if changed is None:
            del made[name]
        elif name.endswith("+"):
            table = name.rstrip("+")
            made[table].append(world[table][0] | changed)
        elif isinstance(changed, list):
            made[name] = changed
        else:
            made[name][0] |= changed
    return made


def broken(contract: str, tables: dict[str, list[Row]]) -> set[str]:
    """The ids of all rules that some row breaks."""
    return _ids(contract, tables, 0)


def undecided(contract: str, tables: dict[str, list[Row]]) -> set[str]:
    """The ids of all rules that could not be decided for some row."""
    return _ids(contract, tables, 1)


def broken_across(
    contract: str, tables: dict[str, list[Row]], elsewhere: dict[str, list[Row]]
) -> set[str]:
    """The ids of all rules across databases that some row breaks, when the store holds the rows of `elsewhere`."""
    return {
        _rule(contract, table, position)
        for table, rows in _crossed(contract, tables, elsewhere).failed.items()
        for row in rows
        for position in row
    }


def decided_across(
    contract: str, tables: dict[str, list[Row]], elsewhere: dict[str, list[Row]]
) -> set[str]:
    """The ids of all rules across databases that could be decided."""
    return {
        _rule(contract, table, position)
        for table, positions in _crossed(contract, tables, elsewhere).decided.items()
        for position in positions
    }


def _crossed(
    contract: str, tables: dict[str, list[Row]], elsewhere: dict[str, list[Row]]
) -> Crossed:
    judge = engine(contract)
    absent = frozenset({table.name for table in judge.compiled.tables} - set(tables))
    records = {table: [Record("own", "01999")] * len(rows) for table, rows in tables.items()}
    rows = judge.typed(cast(Any, tables), RECEIVED, ago)
    return crossing_of(judge).decide(rows, records, Elsewhere(contract, elsewhere), absent)


class Elsewhere:
    """The other databases as lists of rows: what a test puts into the store."""

    def __init__(self, contract: str, tables: dict[str, list[Row]]) -> None:
        self._contract, self._tables = engine(contract).compiled.contract, tables

    def has(self, need: str) -> bool:
        """Whether a database (or database.table) holds any record."""
        return any(rows and name.startswith(need) for name, rows in self._tables.items())

    def rows(self, asked: Sequence[Asked]) -> list[Any]:
        """For each question the rows that share one of the keys."""
        return [self._rows(one) for one in asked]

    def waiting(self, table: str, fields: tuple[str, ...], keys: Any) -> list[tuple[Any, ...]]:
        """Nothing waits in quarantine here."""
        return []

    def _rows(self, asked: Asked) -> Any:
        import pyarrow

        kinds = {field.name: field.type for field in self._contract.borrowed[asked.table].fields}
        numbers = {"integer": int, "number": float}
        typed = [
            {
                name: numbers.get(kinds[name], str)(row[name]) if row.get(name) else None
                for name in asked.columns
            }
            | {"_key": f"{asked.table} {at}", "_sender": "00000"}
            for at, row in enumerate(self._tables.get(asked.table, ()))
        ]
        wanted = [
            (
                tuple(map(key_of, names)),
                {tuple(key.values()) for key in values.select(list(names)).to_pylist()},
            )
            for names, values in asked.keys
        ]
        found = [
            row
            for row in typed
            if any(tuple(key.of(row[key.field]) for key in names) in keys for names, keys in wanted)
        ]
        columns = (*asked.columns, "_key", "_sender")
        return pyarrow.table({name: [row[name] for row in found] for name in columns})


def _rule(contract: str, table: str, position: int) -> str:
    return engine(contract).engines[table].table.rules[position].rule.id


def _ids(contract: str, tables: dict[str, list[Row]], which: int) -> set[str]:
    judge = engine(contract)
    absent = {table.name for table in judge.compiled.tables} - set(tables)
    answers = judge.check(cast(Any, tables), received=RECEIVED, ago=ago, absent=absent)
    return {
        judge.engines[name].table.rules[position].rule.id
        for name, rows in answers.items()
        for answer in rows
        for position in answer[which]
    }
