"""How the databases are asked what they know of a person, a licence or a facility, for the forms of dossiers.

Each table that is looked at passes the gate with the purpose, and each record that is found is written to the read
log; nothing but the fields that a form asks for leaves this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lienthong.access import Actor, policy
from lienthong.contracts.contract import Table
from lienthong.contracts.reading import declared_contracts
from lienthong.contracts.rules.cache import cached_contract
from lienthong.findings import LANGUAGES, Text

ACTION = "record.prefill"
MOST = 20
"""Rows of one table that are looked at for one key: more of them decide nothing."""
LONGEST = 120
"""Longer values are in no index of the store."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """How one table is asked (declared/dossiers/prefill.yaml)."""

    by: dict[str, str]
    gives: dict[str, str] = {}
    until: str = ""
    holds: dict[str, tuple[str, ...]] = {}


class HeldWords(msgspec.Struct, frozen=True, kw_only=True):
    """Words of a component's name that mean a table of ours."""

    words: tuple[str, ...]
    source: str


class HeldComponents(msgspec.Struct, frozen=True, kw_only=True):
    """Which components the databases answer."""

    basis: str
    evidence: str
    never: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    held: tuple[HeldWords, ...] = ()


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    keys: dict[str, Text]
    sources: dict[str, Source]
    components: HeldComponents


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One record that was found: the fields that were asked for, and whether it holds on the day.

    `place` is database.table, `withheld` why it is passed on to nobody (an identity key is wrong): then its cells are
    empty.
    """

    place: str
    key: str
    sender: str
    as_of: datetime
    cells: dict[str, str]
    holds: bool = True
    withheld: tuple[str, ...] = ()


@lru_cache(maxsize=4)
def declared(home: Path | None = None) -> Declared:
    """How the databases are asked: the official's own file when there is one, else the declared one."""
    import yaml

    own = home / "prefill.yaml" if home else None
    file = resources.files("lienthong").joinpath("declared", "dossiers", "prefill.yaml")
    text = (own if own is not None and own.exists() else file).read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), Declared)


@lru_cache(maxsize=64)
def label(place: str) -> Text:
    """What a table (or the table of a place) is called by officials; its name where its contract says nothing."""
    contract, table, *_ = place.split(".")
    known = (
        cached_contract(contract).contract.table(table)
        if contract in declared_contracts()
        else None
    )
    return dict(known.label) if known and known.label else dict.fromkeys(LANGUAGES, table)


def wanted(places: Iterable[str], using: Declared) -> dict[str, set[str]]:
    """Table to the fields asked of it, for places like practice.facilities.TEN_CSKCB (or the whole table)."""
    found: dict[str, set[str]] = {}
    for place in places:
        contract, table, *field = place.split(".")
        if f"{contract}.{table}" in using.sources:
            found.setdefault(f"{contract}.{table}", set()).update(field)
    return found


def look(
    conn: psycopg.Connection[Any],
    actor: Actor | None,
    purpose: str,
    fields: Mapping[str, set[str]],
    keys: Mapping[str, str],
    on: date,
    using: Declared,
) -> dict[str, list[Row] | None]:
    """Table to its rows under these keys; None for a table that could not be asked (no key, or nothing kept yet).

    A row may give keys with which further tables are asked. Raises NotAllowed. What the caller's transaction may see
    afterwards is what it saw before.
    """
    known = {name: {text.strip()} for name, text in keys.items() if text.strip()}
    found: dict[str, list[Row] | None] = dict.fromkeys(fields)
    with _same_sight(conn):
        for place in _order(fields, known, using):
            source = using.sources[place]
            asked = {by: known[by] for by in source.by if by in known}
            table = _table(conn, place)
            if not asked or table is None:
                continue
            about = _about(place) | {"fields": ",".join(sorted(fields.get(place, ())))}
            policy.allow(conn, actor, ACTION, about, purpose)
            rows = list(_rows(conn, table, place, source, asked, on))
            for row in rows:
                assert actor is not None
                policy.log_reading(
                    conn,
                    actor,
                    ACTION,
                    _about(place) | {"key": row.key, "sender": row.sender},
                    purpose,
                )
                for key, field in source.gives.items():
                    if row.cells.get(field):
                        known.setdefault(key, set()).add(row.cells[field])
            if place in fields:
                found[place] = [_only(row, fields[place]) for row in rows]
    return found


def _order(
    fields: Mapping[str, set[str]], known: Mapping[str, set[str]], using: Declared
) -> list[str]:
    """The tables to ask: those that are wanted and those that give keys for them, givers first."""
    needed, chosen = list(fields), set(fields)
    while needed:
        place = needed.pop()
        lacking = [by for by in using.sources[place].by if by not in known]
        for other, source in using.sources.items():
            if (
                other not in chosen
                and set(lacking) & set(source.gives)
                and set(source.by) & set(known)
            ):
                chosen.add(other)
                needed.append(other)
    order: list[str] = []
    reached = set(known)
    while left := [one for one in using.sources if one in chosen and one not in order]:
        ready = [one for one in left if set(using.sources[one].by) & reached] or left
        order.append(ready[0])
        reached |= set(using.sources[ready[0]].gives)
    return order


def _about(place: str) -> dict[str, str]:
    contract, _, table = place.partition(".")
    return {"contract": contract, "table": table}


def _table(conn: psycopg.Connection[Any], place: str) -> Table | None:
    """The table of a place, when its database was laid out."""
    contract, _, name = place.partition(".")
    if contract not in declared_contracts():
        return None
    row = conn.execute("SELECT to_regclass(%s)", [f'"{contract}"."{name}"']).fetchone()
    return cached_contract(contract).contract.table(name) if row and row[0] is not None else None


def question(
    table: Table, place: str, source: Source, asked: Mapping[str, set[str]]
) -> tuple[sql.Composed, list[list[str]]]:
    """The statement that asks a table by the keys that are known; every field that it asks by has an index."""
    contract, _, name = place.partition(".")
    tests, values = [], []
    for by, texts in asked.items():
        # A field that is the whole key of its table is looked up by the store's own key, which has an index.
        alone = table.key == (source.by[by],)
        column = sql.Identifier("_key" if alone else source.by[by])
        tests.append(
            sql.SQL("({c} = ANY(%s) AND length({c}) <= {most})").format(c=column, most=LONGEST)
        )
        values.append(sorted(text for text in texts if len(text) <= LONGEST))
    names = [field.name for field in table.fields]
    query = sql.SQL(
        "SELECT {}, _key, _sender, _from FROM {} WHERE {} ORDER BY _from DESC LIMIT {}"
    ).format(
        sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(one)) for one in names),
        sql.Identifier(contract, name),
        sql.SQL(" OR ").join(tests),
        MOST,
    )
    return query, values


def _rows(
    conn: psycopg.Connection[Any],
    table: Table,
    place: str,
    source: Source,
    asked: Mapping[str, set[str]],
    on: date,
) -> Iterator[Row]:
    from lienthong.records.intake import withholding

    contract, names = place.partition(".")[0], [field.name for field in table.fields]
    query, values = question(table, place, source, asked)
    with conn.cursor(row_factory=dict_row) as cursor:
        lines = cursor.execute(query, values).fetchall()
    for line in lines:
        why = tuple(withholding.reasons(conn, contract, line["_key"], line["_sender"]))
        cells = {one: str(line[one]) for one in names if line[one] is not None and not why}
        yield Row(
            place=place, key=line["_key"], sender=line["_sender"], as_of=line["_from"], cells=cells,
            holds=_holds(source, cells, on), withheld=why,
        )  # fmt: skip


def _holds(source: Source, cells: Mapping[str, str], on: date) -> bool:
    until = cells.get(source.until, "")[:8] if source.until else ""
    if until and until < f"{on:%Y%m%d}":
        return False
    return all(cells.get(field) in values for field, values in source.holds.items())


def _only(row: Row, fields: set[str]) -> Row:
    return msgspec.structs.replace(
        row, cells={name: text for name, text in row.cells.items() if name in fields}
    )


@contextmanager
def _same_sight(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """What the transaction may see is put back: a desk that filled a form is not wider than before."""
    names = ("lienthong.scope", "lienthong.facility", "lienthong.province")
    row = conn.execute(
        "SELECT " + ", ".join("current_setting(%s, true)" for _ in names), list(names)
    ).fetchone()
    assert row
    try:
        yield
    finally:
        if conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            for name, value in zip(names, row, strict=True):
                conn.execute("SELECT set_config(%s, %s, true)", [name, value or ""])
