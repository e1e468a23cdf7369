"""The tables of other databases at which a contract's rules look: their names, fields and types, nothing else.

Contracts may look at each other, so a borrowed table is read without what its own rules borrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from lienthong.contracts.contract import Contract, Field, Table

_NAMED = re.compile(rb"\btable:\s*[\"']?([A-Za-z_][A-Za-z0-9_]*)\.[A-Za-z_]")


def with_borrowed(contract: Contract, file: str) -> Contract:
    """The contract with the tables of other databases that its rules name; what is not found stays out."""
    names = {
        other.table for table in contract.tables for rule in table.rules for other in rule.other
    }
    if not names:
        return contract
    wanted = {name.casefold() for name in names}
    found: dict[str, Table] = {}
    for database in sorted({name.partition(".")[0] for name in names}):
        tables = {table.name: table for table in _tables(contract, database, file)}
        looked = [t for t in tables.values() if f"{database}.{t.name}".casefold() in wanted]
        roots = [tables[table.root] for table in looked if table.root in tables]
        for table in (*looked, *roots):
            found[f"{database}.{table.name}"] = replace(table, name=f"{database}.{table.name}")
    return replace(contract, borrowed=found)


def file_of(database: str, beside: str) -> Path | None:
    """The file of a database's contract: one beside the file that names it, else a declared one."""
    from lienthong.contracts.reading import SUFFIX, declared_contracts

    near = Path(beside).parent / f"{database}{SUFFIX}"
    return near if near.is_file() else declared_contracts().get(database)


def stamp(content: bytes, beside: str) -> str:
    """Changes when a contract changes whose tables this one may borrow."""
    databases = sorted({name.decode() for name in _NAMED.findall(content)})
    files = [(name, file_of(name, beside)) for name in databases]
    return ";".join(f"{name}:{_about(file) if file else ''}" for name, file in files)


def _about(file: Path) -> str:
    about = file.stat()
    return f"{file}:{about.st_size}:{about.st_mtime_ns}"


def _tables(contract: Contract, database: str, file: str) -> Iterator[Table]:
    if database == contract.name:
        yield from map(_outline, contract.tables)
        return
    path = file_of(database, file)
    if path is None:
        return
    from lienthong.contracts.rules.cache import kept

    yield from kept(f"outline {_about(path)}", tuple[Table, ...], lambda: _read(path))


def _read(path: Path) -> tuple[Table, ...]:
    from lienthong.contracts.mapping import map_contract  # heavy: ODCS models
    from lienthong.contracts.yaml_lines import LinedDocument

    document = LinedDocument(path.read_bytes().decode("utf-8-sig"))
    contract, _ = map_contract(document, str(path), "")
    return tuple(map(_outline, contract.tables))


def _outline(table: Table) -> Table:
    fields = tuple(
        Field(
            name=field.name,
            physical_name=field.physical_name,
            type=field.type,
            format=field.format,
            sensitivity=field.sensitivity,
        )
        for field in table.fields
    )
    return Table(
        name=table.name,
        physical_name=table.physical_name,
        fields=fields,
        label=table.label,
        key=table.key,
        root=table.root,
        link=table.link,
        event=table.event,
    )
