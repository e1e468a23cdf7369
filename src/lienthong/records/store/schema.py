"""Brings the contract's tables to the contract's version: planned, recorded, and refused when it would lose data."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.records.crossing.links import record_links
from lienthong.records.store import layout
from lienthong.records.store.owner import as_owner

RESERVED = ("app", "records", "access", "audit", "quality", "public", "information_schema")

_ready: set[tuple[str, str, str]] = set()
_guard = threading.Lock()


def ensure(conn: psycopg.Connection[Any], contract: Contract) -> None:
    """Create or widen the tables of `contract`; a version that was applied before changes nothing.

    Raises Refused ("store.breaking") when the contract takes away, retypes or rekeys what is already kept.
    """
    place = (_database(conn), contract.name, contract.digest)
    if place in _ready:
        return
    if contract.name in RESERVED or contract.name.startswith("pg_"):
        raise Refused(
            "store.name",
            "A contract cannot be called %(name)s: the program uses this name itself.",
            name=contract.name,
        )
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [contract.name])
        if not _applied(conn, contract):
            with as_owner(conn):  # tables belong to the owner, not to the program's limited role
                _apply(conn, contract)
                record_links(conn, contract)
    if (
        conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    ):  # else the caller may still roll back
        with _guard:
            _ready.add(place)


def plan(before: dict[str, Any], contract: Contract) -> tuple[list[sql.Composed], list[str]]:
    """The statements from the structure `before` to the contract, and the reasons against it (one word each place)."""
    after = layout.structure(contract)
    reasons = [reason for name in before for reason in _breaks(name, before[name], after.get(name))]
    statements = []
    for table in contract.tables:
        if table.name not in before:
            statements += _create(contract, table.name)
            continue
        old = before[table.name]["fields"]
        for field in table.fields:
            if field.name not in old:
                statements += _add(contract.name, table.name, field.name, layout.column_type(field))
    return statements, reasons


def _database(conn: psycopg.Connection[Any]) -> str:
    return f"{conn.info.host}:{conn.info.port}/{conn.info.dbname}"


def _applied(conn: psycopg.Connection[Any], contract: Contract) -> bool:
    found = conn.execute(
        "SELECT 1 FROM records.contract_version WHERE contract = %s AND digest = %s",
        [contract.name, contract.digest],
    )
    return found.fetchone() is not None


def _apply(conn: psycopg.Connection[Any], contract: Contract) -> None:
    last = conn.execute(
        "SELECT structure, number FROM records.contract_version WHERE contract = %s ORDER BY number DESC LIMIT 1",
        [contract.name],
    ).fetchone()
    before, number = last if last else ({}, 0)
    statements, reasons = plan(before, contract)
    if reasons:
        raise Refused(
            "store.breaking",
            "Contract %(contract)s breaks what is already kept: %(reasons)s. Give the new shape a new field or table.",
            contract=contract.name,
            reasons="; ".join(reasons),
        )
    if not number:
        statements.insert(
            0, sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(contract.name))
        )
    for statement in statements:
        conn.execute(statement)
    conn.execute(
        "INSERT INTO records.contract_version (contract, digest, version, number, structure, plan)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [
            contract.name,
            contract.digest,
            contract.version,
            number + 1,
            Jsonb(layout.structure(contract)),
            Jsonb([s.as_string(conn) for s in statements]),
        ],
    )


def _breaks(name: str, before: dict[str, Any], after: dict[str, Any] | None) -> list[str]:
    if after is None:
        return [f"{name} −"]
    reasons = [f"{name}.{field} −" for field in before["fields"] if field not in after["fields"]]
    reasons += [
        f"{name}.{field}: {kind} → {after['fields'][field]}"
        for field, kind in before["fields"].items()
        if after["fields"].get(field, kind) != kind
    ]
    reasons += [
        f"{name} {what}: {before[what]} → {after[what]}"
        for what in ("root", "key")
        if before[what] != after[what]
    ]
    return reasons


def _create(contract: Contract, name: str) -> list[sql.Composed]:
    table = contract.table(name)
    if table is None:
        raise KeyError(name)
    current = layout.columns(contract, table)
    is_root = layout.root_of(contract, table) is table
    key = sql.SQL(", PRIMARY KEY (_key, _sender)") if is_root else sql.SQL("")
    here, past = (
        sql.Identifier(contract.name, name),
        sql.Identifier(contract.name, layout.history(name)),
    )
    statements = [
        sql.SQL("CREATE TABLE {} ({}{})").format(here, _columns(current), key),
        sql.SQL("CREATE TABLE {} ({})").format(past, _columns({**current, **layout.UNTIL})),
        sql.SQL("CREATE INDEX ON {} (_key, _sender, _version)").format(past),
        # Times of arrival follow the order of the pages, so this index costs nearly nothing to keep.
        sql.SQL("CREATE INDEX ON {} USING brin (_from)").format(here),
    ]
    for one in (here, past):
        statements.append(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(one))
        statements.append(
            sql.SQL("CREATE POLICY visible ON {} USING (app.visible(_sender, _province))").format(
                one
            )
        )
    if not is_root:
        statements.append(sql.SQL("CREATE INDEX ON {} (_key, _sender)").format(here))
    return statements


def _columns(columns: dict[str, str]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in columns.items()
    )


def _add(schema: str, table: str, field: str, kind: str) -> list[sql.Composed]:
    return [
        sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
            sql.Identifier(schema, name), sql.Identifier(field), sql.SQL(kind)
        )
        for name in (table, layout.history(table))
    ]
