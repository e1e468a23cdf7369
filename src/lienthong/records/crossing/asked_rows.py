"""Kept rows as they are asked again: locked as single records are, and read with no more cells than is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg import sql

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.keys import key_of
from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledRule
from lienthong.contracts.rules.days import days_of
from lienthong.records.crossing.due import Unit
from lienthong.records.store import counts, layout
from lienthong.records.store.rulesets import from_bytes


class Row(msgspec.Struct):
    """A kept row with what its rules said; `cells` are those that are looked at, in the places of the engine."""

    table: str
    key: str
    sender: str
    province: str
    row: int
    version: int
    receipt: str
    day: date
    ruleset: int
    failed: int
    unknown: int
    cells: list[Any]


class Needed(NamedTuple):
    """The rules to ask, as (table, position), and the fields of the own tables that they look at."""

    rules: frozenset[tuple[str, int]]
    fields: dict[str, tuple[str, ...]]


def needed(
    compiled: CompiledContract, rules: Mapping[str, Mapping[int, CompiledRule]], about: str | None
) -> Needed:
    """The rules that look at the database `about` (None: at any), with what they and their days need."""
    contract = compiled.contract
    chosen = {
        (table, position): rule
        for table, those in rules.items()
        for position, rule in those.items()
        if about is None or any(one.table.partition(".")[0] == about for one in rule.crossing)
    }
    fields: dict[str, set[str]] = {}
    for (table, _), rule in chosen.items():
        fields.setdefault(table, set()).update(rule.columns)
        for across in rule.crossing:
            fields[table] |= {key_of(key).field for key in across.row_keys}
        for name in (table, *rule.tables):
            fields.setdefault(name, set())
        for name, column in rule.reads:
            if contract.table(name) is not None:
                fields.setdefault(name, set()).add(column)
    for name in list(fields):
        own = _table(contract, name)
        root = layout.root_of(contract, own)
        fields.setdefault(root.name, set())
        for told, names in _of_days(contract, own, root):
            fields.setdefault(told.name, set()).update(names)
    return Needed(
        frozenset(chosen),
        {
            name: tuple(one.name for one in _table(contract, name).fields if one.name in names)
            for name, names in fields.items()
        },
    )


def _of_days(contract: Contract, table: Table, root: Table) -> Iterable[tuple[Table, set[str]]]:
    """What tells the day of a row, by which dated rules are chosen."""
    for one in (table, root):
        days = days_of(contract, one)
        names = {days.link, days.field.name if days.field else None}
        names |= {form.sign for form in days.forms}
        yield one, {name for name in names if name}
        if days.root_field is not None:
            yield root, {days.root_field.name, *((days.link,) if days.link else ())}
        yield root, {form.sign for form in days.forms}


def _table(contract: Contract, name: str) -> Table:
    found = contract.table(name)
    assert found is not None
    return found


def lock(conn: psycopg.Connection[Any], contract: str, root: str, units: Sequence[Unit]) -> None:
    """The sender shared and the record alone, as single records take them; files take the sender alone."""
    conn.execute(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended(s, 12)) FROM unnest(%s::text[]) AS u(s)",
        [sorted({f"{contract}\n{sender}" for _, sender in units})],
    )
    numbers = sorted(
        int.from_bytes(
            hashlib.blake2b(
                "\n".join((f"{contract}\n{sender}", root, key)).encode(), digest_size=8
            ).digest(),
            "big",
            signed=True,
        )
        for key, sender in units
    )
    conn.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS u(k)", [numbers])


def read(
    conn: psycopg.Connection[Any],
    contract: str,
    table: Table,
    names: Sequence[str],
    seat: Any,
    units: Sequence[Unit],
) -> list[Row]:
    """The rows of a table of these records; of their cells those of `names`, where `seat` (a Layout) has them."""
    query = sql.SQL(
        "SELECT _key, _sender, _province, _row, _version, _receipt, {day}, _ruleset, _failed, _unknown{cells}"
        " FROM {here} JOIN unnest(%s::text[], %s::text[]) AS u(k, s) ON _key = k AND _sender = s"
        " ORDER BY _key, _sender, _row"
    ).format(
        day=counts.DAY,
        cells=sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(name)) for name in names),
        here=sql.Identifier(contract, table.name),
    )
    rows = conn.execute(
        query, [[key for key, _ in units], [sender for _, sender in units]], binary=True
    ).fetchall()
    width = seat.width + len(seat.casters)
    places = [seat.at[name] for name in names]
    at_row, at_sender = seat.at["_row"], seat.at["_sender"]
    found = []
    for line in rows:
        cells: list[Any] = [None] * width
        for place, cell in zip(places, line[10:], strict=True):
            cells[place] = cell
        cells[at_row], cells[at_sender] = line[3], line[1]
        about: dict[str, Any] = dict(zip(Row.__struct_fields__[1:9], line, strict=False))
        about |= {"failed": from_bytes(line[8]), "unknown": from_bytes(line[9])}
        found.append(Row(table=table.name, cells=cells, **about))
    return found
