"""Brings the contract's tables to the contract's version: planned, recorded, and never rewriting what is kept."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.records.crossing.links import LONGEST, record_links
from lienthong.records.store import layout, migration
from lienthong.records.store.owner import as_owner

RESERVED = ("app", "records", "access", "audit", "quality", "public", "information_schema")

_ready: set[tuple[str, str, str]] = set()
_guard = threading.Lock()


def ensure(conn: psycopg.Connection[Any], contract: Contract) -> None:
    """Bring the tables of `contract` to its shape; a version that was applied before changes nothing.

    What the contract no longer has stays in the store with the rows that had it. Raises Refused
    ("store.breaking") when the contract rekeys what is already kept.
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
    planned = migration.plan(before, contract, number + 1)
    if planned.reasons:
        raise Refused(
            "store.breaking",
            "Contract %(contract)s breaks what is already kept: %(reasons)s. Give the new shape a new field or table.",
            contract=contract.name,
            reasons="; ".join(planned.reasons),
        )
    statements = [_statement(contract, step) for step in planned.steps]
    if not number:
        make = sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(contract.name))
        statements.insert(0, [make])
    flat = [one for made in statements for one in made]
    for statement in flat:
        conn.execute(statement)
    conn.execute(
        "INSERT INTO records.contract_version (contract, digest, version, number, structure, plan)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [
            contract.name,
            contract.digest,
            contract.version,
            number + 1,
            Jsonb(planned.structure),
            Jsonb([s.as_string(conn) for s in flat]),
        ],
    )


def _statement(contract: Contract, step: migration.Step) -> list[sql.Composed]:
    """The statements of one step, for the current table and its history."""
    if step.what == "create":
        return _create(contract, step.table)
    if step.what == "add":
        return _add(contract.name, step.table, step.column, step.becomes)
    if step.what == "rename":
        return _rename(contract.name, step.table, step.column, step.becomes)
    return _lookup(contract.name, step.table, step.column, make=step.what == "index")


def _lookup(schema: str, table: str, column: str, *, make: bool) -> list[sql.Composed]:
    """The index by which records are looked up in one field. Longer values stand in no index of the store."""
    digest = hashlib.sha256(f"{table}\n{column}".encode()).hexdigest()[:16]
    name = f"lookup_{digest}"
    statements = [sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(schema, name))]
    if make:
        statements.append(
            sql.SQL("CREATE INDEX {} ON {} ({c}) WHERE length({c}) <= {most}").format(
                sql.Identifier(name), sql.Identifier(schema, table), c=sql.Identifier(column), most=LONGEST
            )
        )  # fmt: skip
    return statements


def _rename(schema: str, table: str, column: str, becomes: str) -> list[sql.Composed]:
    return [
        sql.SQL("ALTER TABLE {} RENAME COLUMN {} TO {}").format(
            sql.Identifier(schema, name), sql.Identifier(column), sql.Identifier(becomes)
        )
        for name in (table, layout.history(table))
    ]


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
        # The rows that hold tickets open: few, and asked for by sender.
        sql.SQL("CREATE INDEX ON {} (_sender) WHERE _failed IS NOT NULL").format(here),
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
