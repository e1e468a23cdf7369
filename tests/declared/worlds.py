"""A world is one right submission of a contract; a test changes one thing in it and hears which rules break."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from lienthong import clock
from lienthong.contracts.codes import Codes
from lienthong.contracts.reading import read_contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.python import RecordEngine
from lienthong.records.checking.moments import ago

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


def _ids(contract: str, tables: dict[str, list[Row]], which: int) -> set[str]:
    judge = engine(contract)
    absent = {table.name for table in judge.compiled.tables} - set(tables)
    answers = judge.check(tables, received=RECEIVED, ago=ago, absent=absent)
    return {
        judge.engines[name].table.rules[position].rule.id
        for name, rows in answers.items()
        for answer in rows
        for position in answer[which]
    }
