"""Once a day: tickets compared with the counts, late ones told on, senders and causes ranked, fields profiled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
import psycopg

from lienthong import audit, clock
from lienthong.contracts.contract import Contract
from lienthong.quality.expected import Expected
from lienthong.quality.tickets import ranking, ticket, upkeep
from lienthong.quality.tickets.escalation import escalate
from lienthong.quality.tickets.silence import silence
from lienthong.records.store.owner import as_owner

ACTOR = "tickets"


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """What one night's profile said of the whole."""

    night: date
    open_tickets: int
    late_tickets: int
    alerts: int
    silent: int


def is_done(conn: psycopg.Connection[Any], today: date) -> bool:
    """Whether this day's profile stands."""
    found = conn.execute("SELECT 1 FROM quality.profile_night WHERE night = %s", [today])
    return found.fetchone() is not None


def run(
    conn: psycopg.Connection[Any], contracts: Iterable[Contract], expected: Expected, *, today: date
) -> Night | None:
    """Do the day's work in transactions of its own; None when it is done or another process is at it."""
    known = list(contracts)
    if is_done(conn, today):
        return None
    upkeep.sweep(conn)
    with conn.transaction():
        mine = conn.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('night', 14))"
        ).fetchone()
        if not mine or not mine[0] or is_done(conn, today):
            return None
        escalate(conn, today)
        numbers = ticket.numbers(conn, today=today)
        quiet = silence(conn, known, expected, today=today, limit=0)
        made = Night(
            night=today, open_tickets=numbers.active, late_tickets=numbers.late, alerts=numbers.alert,
            silent=quiet.stopped,
        )  # fmt: skip
        conn.execute(
            "INSERT INTO quality.profile_night (night, made_at, open_tickets, late_tickets, alerts, silent)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [today, clock.now(), made.open_tickets, made.late_tickets, made.alerts, made.silent],
        )
        ranking.write(conn, today, ranking.ranking(conn, today=today, expected=expected))
        with as_owner(conn):
            for contract in known:
                _fields(conn, contract, today)
        audit.write(conn, ACTOR, "night.profiled", {"night": today.isoformat()})
    return made


def nights(conn: psycopg.Connection[Any], limit: int = 30) -> list[Night]:
    """The newest nights, oldest first."""
    rows = conn.execute(
        "SELECT night, open_tickets, late_tickets, alerts, silent FROM quality.profile_night"
        " ORDER BY night DESC LIMIT %s",
        [limit],
    ).fetchall()
    return [
        Night(night=row[0], open_tickets=row[1], late_tickets=row[2], alerts=row[3], silent=row[4])
        for row in reversed(rows)
    ]


def _fields(conn: psycopg.Connection[Any], contract: Contract, night: date) -> None:
    """Share of empty cells, different values and width of each field, from PostgreSQL's own sample of the table."""
    there = conn.execute(
        "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname = %s AND tablename = ANY(%s)",
        [contract.name, [table.name for table in contract.tables]],
    ).fetchall()
    if not there:
        return
    conn.execute("ANALYZE " + ", ".join(row[0] for row in there))
    conn.execute(
        "INSERT INTO quality.profile_field (night, contract, table_name, field, empty_share, different, width)"
        " SELECT %s, s.schemaname, s.tablename, s.attname, s.null_frac,"
        " CASE WHEN s.n_distinct < 0 THEN round(-s.n_distinct * greatest(c.reltuples, 0)) ELSE s.n_distinct END,"
        " s.avg_width FROM pg_stats s JOIN pg_class c ON c.oid = format('%%I.%%I', s.schemaname, s.tablename)::regclass"
        " JOIN unnest(%s::text[], %s::text[]) AS f(tbl, field) ON f.tbl = s.tablename AND f.field = s.attname"
        " WHERE s.schemaname = %s",
        [
            night,
            [table.name for table in contract.tables for _ in table.fields],
            [field.name for table in contract.tables for field in table.fields],
            contract.name,
        ],
    )


class Profiled(msgspec.Struct, frozen=True, kw_only=True):
    """One field in the last night, and what the night before said of its empty cells."""

    table_name: str
    field: str
    empty_share: float
    different: float
    width: int
    before: float | None


def fields(conn: psycopg.Connection[Any], contract: str, limit: int = 40) -> list[Profiled]:
    """The fields of a database whose share of empty cells moved most since the night before, then the emptiest."""
    rows = conn.execute(
        "WITH last AS (SELECT night, row_number() OVER (ORDER BY night DESC) AS nth FROM quality.profile_night"
        " ORDER BY night DESC LIMIT 2)"
        " SELECT f.table_name, f.field, f.empty_share, f.different, f.width, b.empty_share FROM quality.profile_field f"
        " JOIN last l ON l.night = f.night AND l.nth = 1"
        " LEFT JOIN last p ON p.nth = 2 LEFT JOIN quality.profile_field b ON b.night = p.night"
        " AND (b.contract, b.table_name, b.field) = (f.contract, f.table_name, f.field)"
        " WHERE f.contract = %s ORDER BY abs(f.empty_share - coalesce(b.empty_share, f.empty_share)) DESC,"
        " f.empty_share DESC, f.table_name, f.field LIMIT %s",
        [contract, limit],
    ).fetchall()
    names = Profiled.__struct_fields__
    return [Profiled(**dict(zip(names, row, strict=True))) for row in rows]
