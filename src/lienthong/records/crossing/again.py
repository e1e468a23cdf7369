"""Looks again at kept records when the other side of their rules changed: a licence revoked, a death told of late.

Only rules across databases are asked again. The masks, the counts and the findings of a record change together,
and what no longer holds stays with its period.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql

from lienthong import audit
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.errors import NotFound
from lienthong.records.crossing import due as dues
from lienthong.records.crossing.due import Due, Unit
from lienthong.records.crossing.kept import ACTOR, Kept
from lienthong.records.store import layout, schema
from lienthong.records.store.owner import as_owner

CHUNK = 500
"""Records that change in one transaction."""
AT_ONCE = 2000
"""Records of a whole database that are asked together: each turn asks the other side once for all of their keys."""

_LOCK = "hashtextextended('records.crossing', 13)"


def look_again(conn: psycopg.Connection[Any], home: Path) -> int:
    """Serve everything that waits; returns how many records were asked again. One process does it at a time."""
    if not _alone(conn):
        return 0
    asked = 0
    try:
        while waiting := dues.waiting(conn):
            _end(conn)
            for due in waiting:
                asked += _serve(conn, due, home)
    finally:
        if not conn.closed and not conn.broken:
            conn.execute(f"SELECT pg_advisory_unlock({_LOCK})")
            _end(conn)
    return asked


def linked(conn: psycopg.Connection[Any]) -> list[str]:
    """The databases that were laid out and whose rules look at others."""
    rows = conn.execute(
        "SELECT DISTINCT contract FROM records.crossing_link JOIN records.contract_version USING (contract)"
        " ORDER BY 1"
    ).fetchall()
    _end(conn)
    return [row[0] for row in rows]


def recheck(conn: psycopg.Connection[Any], contract: str, home: Path) -> Iterator[int]:
    """Ask every kept record of a contract again; yields how many were asked, chunk by chunk."""
    from lienthong.records.intake import terms

    compiled = terms.compiled(contract, home)
    schema.ensure(conn, compiled.contract)
    kept = Kept(conn, compiled, home, "recheck")
    for root in layout.roots(compiled.contract):
        after: Unit = ("", "")
        while units := _next(conn, contract, root.name, after):
            after = units[-1]
            kept.ask(root, units)
            yield len(units)


def _alone(conn: psycopg.Connection[Any]) -> bool:
    row = conn.execute(f"SELECT pg_try_advisory_lock({_LOCK})").fetchone()
    _end(conn)
    return bool(row and row[0])


def _end(conn: psycopg.Connection[Any]) -> None:
    if conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
        conn.commit()


def _serve(conn: psycopg.Connection[Any], due: Due, home: Path) -> int:
    asked = 0
    try:
        with conn.transaction(), as_owner(conn):
            concerned = dues.concerned(conn, due)
            linked = {
                row[0]
                for row in conn.execute(
                    "SELECT DISTINCT contract FROM records.crossing_link WHERE other_contract = %s",
                    [due.contract],
                )
            }
        for contract in sorted({*concerned, *linked, due.contract}):
            asked += _ask(conn, contract, concerned.get(contract, set()), due, home)
        with conn.transaction():
            dues.done(conn, due)
            if asked:
                about = {"contract": due.contract, "receipts": len(due.receipts), "records": asked}
                audit.write(conn, ACTOR, "record.asked_again", about)
    except Exception as failure:
        # A question that takes too long would take too long for ever: it must not hold up all that wait behind it.
        slow = isinstance(failure, psycopg.errors.QueryCanceled)
        if isinstance(failure, psycopg.OperationalError) and not slow:
            raise
        structlog.get_logger().exception("crossing.failed", contract=due.contract)
        with conn.transaction():
            dues.tried(conn, due, type(failure).__name__)
    return asked


def _ask(
    conn: psycopg.Connection[Any], contract: str, units: set[Unit], due: Due, home: Path
) -> int:
    from lienthong.records.intake import terms

    try:
        compiled = terms.compiled(contract, home)
    except NotFound:  # a contract that was taken away: its records stay as they were judged
        return 0
    kept = Kept(conn, compiled, home, due.receipts[0] if due.receipts else "")
    asked = 0
    for root in layout.roots(compiled.contract):
        # Only the rules that look at what changed can say something else, unless others can be decided by now too.
        waits = any(kept.undecided(one.name) for one in layout.members(compiled.contract, root))
        about = None if waits or contract == due.contract else due.contract
        for chunk in _chunks(sorted(units)):
            asked += kept.ask(root, chunk, about)
        asked += _undecided(conn, kept, compiled, root)
    return asked + kept.replay()


def _undecided(
    conn: psycopg.Connection[Any], kept: Kept, compiled: CompiledContract, root: Any
) -> int:
    """Records that nobody could judge when they came, because the other database held nothing then."""
    asked = 0
    for table in layout.members(compiled.contract, root):
        while rulesets := kept.undecided(table.name):
            with conn.transaction(), as_owner(conn):
                rows = conn.execute(
                    sql.SQL(
                        "SELECT DISTINCT _key, _sender FROM (SELECT _key, _sender FROM {}"
                        " WHERE _ruleset = ANY(%s) LIMIT %s) u"
                    ).format(sql.Identifier(compiled.contract.name, table.name)),
                    [rulesets, CHUNK],
                ).fetchall()
            before = kept.changed
            asked += kept.ask(root, rows) if rows else 0
            if kept.changed == before:
                break  # nobody can say now either
    return asked


def _next(conn: psycopg.Connection[Any], contract: str, root: str, after: Unit) -> list[Unit]:
    with conn.transaction(), as_owner(conn):
        rows: list[Unit] = conn.execute(
            sql.SQL(
                "SELECT _key, _sender FROM {} WHERE (_key, _sender) > (%s, %s) ORDER BY _key, _sender LIMIT %s"
            ).format(sql.Identifier(contract, root)),
            [*after, AT_ONCE],
        ).fetchall()
    return rows


def _chunks(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    left = iter(units)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
