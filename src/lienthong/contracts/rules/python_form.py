"""The generated Python of a contract as plain values, so that it can be kept as a file and run without a parser."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from importlib.util import MAGIC_NUMBER
from types import CodeType
from typing import Any

from msgspec.structs import replace

from lienthong.contracts.contract import Struct, Table
from lienthong.contracts.rules import python_casts as casts
from lienthong.contracts.rules import python_values as values


class PythonTable(Struct, frozen=True):
    """The functions of a table in source form, the positions of the rules they decide, and the constants they name.

    `judge` decides `positions`; `cross` decides `crossed`, the rules that look at other databases. `code` is the
    source as this Python compiled it, behind the mark of its version.
    """

    source: str
    positions: tuple[int, ...]
    constants: tuple[tuple[str, Any], ...]
    crossed: tuple[int, ...] = ()
    code: bytes = b""


class PythonContract(Struct, frozen=True):
    """Table name to its function."""

    tables: dict[str, PythonTable]


def constant_of(told: Any, codes: Any) -> Any:
    """The value that a told constant stands for: (kind, ...) as `Coder.constant` writes it."""
    kind, *rest = told
    return _KINDS[kind](codes, *rest)


_KINDS: dict[str, Any] = {
    "value": lambda codes, value: value,
    "date": lambda codes, text: date.fromisoformat(text),
    "timestamp": lambda codes, text: datetime.fromisoformat(text),
    "time": lambda codes, text: time.fromisoformat(text),
    "set": lambda codes, members: frozenset(constant_of(member, codes) for member in members),
    "like": lambda codes, pattern: values.like(pattern),
    "regex": lambda codes, pattern, flags: values.expression(pattern, flags),
    "codes": lambda codes, name: CodeTest(codes, name),
}


def told(value: Any) -> tuple[Any, ...]:
    """A plain value as a told constant."""
    if isinstance(value, datetime):
        return ("timestamp", value.isoformat())
    if isinstance(value, date):
        return ("date", value.isoformat())
    if isinstance(value, time):
        return ("time", value.isoformat())
    if isinstance(value, (set, frozenset)):
        return ("set", [told(member) for member in sorted(value, key=repr)])
    return ("value", value)


class CodeTest:
    """IS_CODE of one list, remembering nothing: lists are dictionaries already."""

    def __init__(self, codes: Any, name: str) -> None:
        self._codes, self._name = codes, name

    def __call__(self, value: str | None, at: str | None) -> bool | None:
        """Whether the value is a code on the day that begins `at`."""
        if value is None:
            return None
        return bool(self._codes.valid(self._name, value, at[:8] if at else None))

    def all(self, value: str | None, separator: str, at: str | None) -> bool | None:
        """Whether every part of the value is a code."""
        if value is None:
            return None
        return all(self(values.trim(part), at) for part in value.split(separator))


class Layout:
    """Where the columns of a table stand in a typed row, which is a list; the text of cells follows."""

    def __init__(self, table: Table) -> None:
        self.names = [
            *(field.name for field in table.fields),
            "_row",
            "_unit",
            "_sender",
            "_envelope_facility",
            "_envelope_date",
            "_envelope_count",
            "_envelope_units",
            "_day",
        ]
        self.at = {name: index for index, name in enumerate(self.names)}
        self.casters = [
            (index, caster)
            for index, field in enumerate(table.fields)
            if (caster := casts.caster(field.type, field.format))
        ]
        self.width = len(self.names)

    def typed(self, row: Mapping[str, Any]) -> list[Any]:
        """Typed values in the order of the fields, then the cells as sent of those that are not text."""
        cells = [row.get(name) for name in self.names]
        sent = [cells[index] for index, _ in self.casters]
        for index, caster in self.casters:
            cell = cells[index]
            if cell is not None:
                cells[index] = caster(cell)
        return cells + sent

    def text_at(self, name: str) -> int:
        """Where the cell of a field stands as it was sent."""
        index = self.at[name]
        for order, (place, _) in enumerate(self.casters):
            if place == index:
                return self.width + order
        return index


class OtherLayout:
    """Where the columns of a table of another database stand: its fields, then its record's key and sender."""

    def __init__(self, table: Table) -> None:
        self.names = [*(field.name for field in table.fields), "_key", "_sender"]
        self.at = {name: index for index, name in enumerate(self.names)}
        self.width = len(self.names)

    def text_at(self, name: str) -> int:
        """Nothing is known of how the cells of another database were sent."""
        raise KeyError(name)


Cell = int | tuple[int, int]
"""Where a value stands in a row: its place, or (place, how many of its first characters count)."""


class Rows(dict[str, list[list[Any]]]):
    """Typed rows by table, found by the value of a column: what `x.MA_LK = row.MA_LK` asks for."""

    def __init__(self, tables: Mapping[str, list[list[Any]]]) -> None:
        super().__init__(tables)
        self._found: dict[tuple[str, Cell], dict[Any, list[list[Any]]]] = {}
        self._found_all: dict[tuple[str, tuple[Cell, ...]], dict[Any, list[list[Any]]]] = {}
        self._apart: dict[
            tuple[str, tuple[Cell, ...], int], dict[Any, dict[Any, list[list[Any]]]]
        ] = {}

    def find(self, table: str, column: Cell, value: Any) -> list[list[Any]] | tuple[()]:
        """The rows whose column has the value; none for an unknown value, as SQL has it."""
        if value is None:
            return ()
        key = (table, column)
        if key not in self._found:
            grouped: dict[Any, list[list[Any]]] = {}
            for row in self[table]:
                if (cell := _cell(row, column)) is not None:
                    grouped.setdefault(cell, []).append(row)
            self._found[key] = grouped
        return self._found[key].get(value, ())

    def find_all(
        self, table: str, columns: tuple[Cell, ...], values: tuple[Any, ...]
    ) -> list[list[Any]] | tuple[()]:
        """The rows whose columns have the values: where one value is common (a doctor, a day) both are not."""
        if None in values:
            return ()
        key = (table, columns)
        if key not in self._found_all:
            grouped: dict[Any, list[list[Any]]] = {}
            for row in self[table]:
                grouped.setdefault(tuple(_cell(row, at) for at in columns), []).append(row)
            self._found_all[key] = grouped
        return self._found_all[key].get(values, ())

    def find_apart(
        self, table: str, columns: tuple[Cell, ...], values: tuple[Any, ...], at: int, sender: Any
    ) -> Iterable[list[Any]]:
        """The rows whose columns have the values and whose sender, in column `at`, is known and not this one.

        Somebody's own rows of a day are many where everybody else's are few or none.
        """
        if None in values or sender is None:
            return ()
        key = (table, columns, at)
        if key not in self._apart:
            grouped: dict[tuple[Any, ...], dict[Any, list[list[Any]]]] = {}
            for row in self[table]:
                if row[at] is not None:
                    place = tuple(_cell(row, one) for one in columns)
                    grouped.setdefault(place, {}).setdefault(row[at], []).append(row)
            self._apart[key] = grouped
        found = self._apart[key].get(values)
        if not found or (len(found) == 1 and sender in found):
            return ()
        return [row for one, rows in found.items() if one != sender for row in rows]


def _cell(row: list[Any], at: Cell) -> Any:
    if isinstance(at, int):
        return row[at]
    text = row[at[0]]
    return None if text is None else text[: at[1]]


NAMES: dict[str, Any] = {
    "__builtins__": {"any": any, "len": len, "set": set, "float": float},
    **{
        name: getattr(module, name)
        for module in (casts, values)
        for name in dir(module)
        if not name.startswith("_")
    },
}
"""What generated code may call: the functions of `python_casts` and `python_values`, and four of Python's own."""


def functions_of(table: PythonTable, name: str, codes: Any) -> dict[str, Any]:
    """The functions of a table by their names."""
    space = NAMES | {key: constant_of(value, codes) for key, value in table.constants}
    # The source was made from the trees of predicates, node by node; no text of a contract is in it.
    exec(_code(table, name), space)  # noqa: S102
    return space


def with_code(made: PythonContract) -> PythonContract:
    """The contract with its functions compiled: reading them takes a tenth of compiling them."""
    return PythonContract(
        tables={
            name: replace(table, code=MAGIC_NUMBER + marshal.dumps(_compiled(table, name)))
            for name, table in made.tables.items()
        }
    )


def _code(table: PythonTable, name: str) -> CodeType:
    if table.code.startswith(MAGIC_NUMBER):
        code = marshal.loads(table.code[len(MAGIC_NUMBER) :])  # noqa: S302 from our own folder only
        if isinstance(code, CodeType):
            return code
    return _compiled(table, name)


def _compiled(table: PythonTable, name: str) -> CodeType:
    return compile(table.source, f"<rules of {name}>", "exec")
