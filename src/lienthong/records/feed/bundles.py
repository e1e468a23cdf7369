"""Writes changes to the feed: up to a thousand of one submission in one line, in the transaction that makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import msgspec
import psycopg
from psycopg import sql

from lienthong.contracts.rules.casts import literal
from lienthong.records.store import bulk

MOST = 1000
"""Changes in one bundle."""

PLACES = 1024
"""A position is the number of the bundle times this, plus the place in the bundle."""

COLUMNS = (
    "contract", "table_name", "sender", "province", "kind", "receipt", "received_at", "kept_at", "number", "keys",
    "versions", "events",
)  # fmt: skip


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """Where the changes of one submission come from and when they came."""

    contract: str
    table: str
    sender: str
    receipt: str
    received: datetime
    kept: datetime


class Single(msgspec.Struct, frozen=True, kw_only=True):
    """One record that was kept by itself; `event` in microseconds since 1970 UTC."""

    came: Came
    province: str
    key: str
    version: int
    event: int | None


def microseconds(moment: datetime) -> int:
    """The moment as microseconds since 1970, UTC."""
    return round(moment.astimezone(UTC).timestamp() * 1_000_000)


def copy_bundles(
    conn: psycopg.Connection[Any],
    con: duckdb.DuckDBPyConnection,
    changes: str,
    came: Came,
) -> int:
    """COPY the changes of a DuckDB query (_root, key, province, version, event): returns the number of bundles.

    `_root` is the position of the record among those of its table; a thousand neighbours share a bundle.
    """
    given = ", ".join(
        f"{value} AS {name}"
        for name, value in (
            ("contract", literal(came.contract)),
            ("table_name", literal(came.table)),
            ("sender", literal(came.sender)),
            ("receipt", literal(came.receipt)),
            ("received_at", f"make_timestamp({microseconds(came.received)})"),
            ("kept_at", f"make_timestamp({microseconds(came.kept)})"),
        )
    )
    return bulk.copy(
        conn,
        con,
        sql.Identifier("records", "change_bundle"),
        f"SELECT {given}, province, kind, number, keys, versions, events FROM ("
        f"SELECT province, CASE WHEN version = 1 THEN 'kept' ELSE 'changed' END AS kind, _root // {MOST} AS part,"
        " count(*)::INTEGER AS number, list(key) AS keys, list(version::INTEGER) AS versions,"
        f" list(event::BIGINT) AS events FROM ({changes}) GROUP BY 1, 2, 3) ORDER BY part",
    )


def insert_singles(conn: psycopg.Connection[Any], those: Sequence[Single]) -> None:
    """A bundle for each record that was kept by itself, in one statement."""
    if not those:
        return
    conn.execute(
        "INSERT INTO records.change_bundle (contract, table_name, sender, province, kind, receipt, received_at,"
        " kept_at, number, keys, versions, events) SELECT contract, tbl, sender, province,"
        " CASE WHEN version = 1 THEN 'kept' ELSE 'changed' END, receipt, received, kept, 1, ARRAY[key],"
        " ARRAY[version], ARRAY[event] FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
        " %s::timestamptz[], %s::timestamptz[], %s::text[], %s::integer[], %s::bigint[]) AS u(contract, tbl, sender,"
        " province, receipt, received, kept, key, version, event)",
        [
            [one.came.contract for one in those],
            [one.came.table for one in those],
            [one.came.sender for one in those],
            [one.province for one in those],
            [one.came.receipt for one in those],
            [one.came.received for one in those],
            [one.came.kept for one in those],
            [one.key for one in those],
            [one.version for one in those],
            [one.event for one in those],
        ],
    )


def insert_several(
    conn: psycopg.Connection[Any], came: Came, those: Sequence[tuple[str, str, int, int | None]]
) -> None:
    """Changes (province, key, version, event) of one small submission, bundled."""
    parts: dict[tuple[str, str], list[tuple[str, int, int | None]]] = {}
    for province, key, version, event in those:
        kind = "kept" if version == 1 else "changed"
        parts.setdefault((province, kind), []).append((key, version, event))
    lines = [
        (
            came.contract, came.table, came.sender, province, kind, came.receipt, came.received, came.kept,
            len(part), [p[0] for p in part], [p[1] for p in part], [p[2] for p in part],
        )
        for (province, kind), changes in parts.items()
        for at in range(0, len(changes), MOST)
        for part in [changes[at : at + MOST]]
    ]  # fmt: skip
    if not lines:
        return
    with conn.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO records.change_bundle ({', '.join(COLUMNS)})"
            f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bigint[])",
            lines,
        )
