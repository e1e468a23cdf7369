"""Which table of the contract a sheet of rows is, and which field each of its columns is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lienthong.contracts.contract import Contract, Table
from lienthong.errors import Refused
from lienthong.records.formats.faults import Fault, fault


class Header(NamedTuple):
    """The columns of a file: `names` for every position, None where the column is not read."""

    names: tuple[str | None, ...]
    faults: tuple[Fault, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, in the order of the file."""
        return tuple(name for name in self.names if name is not None)


def plain_name(name: str) -> str:
    """A column name for comparison: without spaces around it, whatever its case."""
    return name.strip(" \t\r\n\ufeff\u00a0").casefold()


def match_table(contract: Contract, hint: str | None, stem: str, names: Sequence[str]) -> Table:
    """The table that a file holds.

    `hint` is the name that the sender gave, `stem` the file's or sheet's name. Without either the only table
    of the contract, else the one that shares most columns. Raises Refused when none fits.
    """
    if hint is not None:
        named = contract.called(hint)
        if named is None:
            raise Refused(
                "FILE-24",
                "Contract %(contract)s has no table %(table)s; its tables are: %(tables)s.",
                contract=contract.name,
                table=hint,
                tables=", ".join(table.name for table in contract.tables),
            )
        return named
    found = contract.called(stem.strip())
    if found is not None:
        return found
    if len(contract.tables) == 1:
        return contract.tables[0]
    shared = [(len(shared_names(table, names)), table) for table in contract.tables]
    best = max(count for count, _ in shared)
    fitting = [table for count, table in shared if count == best]
    if not best or (len(fitting) > 1 and best < 2):
        raise Refused(
            "FILE-26",
            "No table of contract %(contract)s fits the columns of %(file)s; "
            "name the file after its table or give table=file.",
            contract=contract.name,
            file=stem[:80],
        )
    # Of tables that share as much, the one that asks for least else.
    return min(fitting, key=lambda table: len(table.fields))


def shared_names(table: Table, names: Sequence[str]) -> set[str]:
    """Names of columns that are fields of the table."""
    known = table.columns()
    return {known[plain] for name in names if (plain := plain_name(name)) in known}


def match_header(table: Table, names: Sequence[str]) -> Header:
    """Each column under the name of its field; unknown columns keep theirs, repeated ones are not read."""
    spelled = spelled_names(table, names)
    taken: dict[str, str] = {}
    read: list[str | None] = []
    found: list[Fault] = []
    for at, written in enumerate(names, 1):
        plain = plain_name(written)
        name = (
            spelled.get(plain)
            or written.strip(" \t\r\n\ufeff\u00a0").replace("\x00", "")
            or f"column {at}"
        )
        if name.casefold() in taken:
            found.append(fault("header-repeated", table=table.name, field=name, name=name[:80]))
            read.append(None)
            continue
        taken[name.casefold()] = name
        read.append(name)
        if plain not in spelled:
            found.append(fault("column-unknown", table=table.name, name=name[:80]))
    for field in table.fields:
        if field.name.casefold() not in taken and not may_be_absent(table, field.name):
            found.append(
                fault("column-missing", table=table.name, field=field.name, name=field.name)
            )
    return Header(tuple(read), tuple(found))


def spelled_names(table: Table, names: Sequence[str]) -> dict[str, str]:
    """Column (in lower case) to the field it holds: its physical name, or its own where that one is not there."""
    found = {plain_name(name) for name in names}
    physical = {
        field.physical_name.casefold(): field.name for field in table.fields if field.physical_name
    }
    physical |= {name.casefold(): field.name for field in table.fields for name in field.aliases}
    spelled = {name: field for name, field in physical.items() if name in found}
    for field in table.fields:
        if field.name not in spelled.values():
            spelled.setdefault(field.name.casefold(), field.name)
    return spelled


def may_be_absent(table: Table, name: str) -> bool:
    """Whether a file may leave out a field's very name: another edition of the message does not have it
    (field property `mayBeAbsent`), or no source asks for optional names (table property `namesRequired: false`).
    """
    field = table.field(name)
    if field is None or field.properties.get("mayBeAbsent"):
        return True
    optional = not (field.required or field.primary_key)
    return optional and table.properties.get("namesRequired") is False
