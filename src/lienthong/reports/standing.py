"""The base that is counted: where each dossier stood from one moment to the next, kept as rows beside the events.

Rows are made from events by the same pure function that judges one dossier, follow them by their position, and can be
made again at any time. A past moment is a condition on `since` and `until`, so that counting is one pass of SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.dossiers.history import EXTEND, Event
from lienthong.dossiers.moves import Moves, moves
from lienthong.reports.facts import FLAGS, Fact, Versions, events_of, read

BATCH = 2_000
COUNTED = (
    "received_at", "due_at", "longest_due", "ended_at", "outcome", "waiting_since", "supplements", "e_result",
    "asked_fee",
)  # fmt: skip
"""What makes two moments of a dossier different for a report."""
_FIXED = ("unit", "province", "procedure", "field", "level", "channel", *FLAGS)
_COLUMNS = ("dossier", "number", "position", "next_position", "since", "until", *_FIXED, *COUNTED)
_LOCK = 7_240_199_213


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What following did: dossiers looked at, and how many still wait."""

    dossiers: int
    waiting: int


def follow(conn: psycopg.Connection[Any], *, most: int | None = None, patient: bool = True) -> Kept:
    """Bring the rows up to the events there are, in the caller's transaction; at most `most` dossiers.

    Programs that follow at once wait for one another, unless one is not `patient`: then it leaves it to the other.
    """
    if patient:
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    elif not _free(conn):
        return Kept(dossiers=0, waiting=waiting(conn))
    behind = [
        code
        for (code,) in conn.execute(
            "SELECT d.code FROM dossiers.dossier d LEFT JOIN reports.known k ON k.dossier = d.code"
            " WHERE k.last_event IS DISTINCT FROM d.last_event ORDER BY d.last_event"
        ).fetchall()
    ]
    wanted = behind if most is None else behind[:most]
    table, known = moves(), Versions(conn)
    for at in range(0, len(wanted), BATCH):
        _keep(conn, wanted[at : at + BATCH], table, known)
    if len(wanted) > BATCH:
        conn.execute("ANALYZE reports.standing")
    return Kept(dossiers=len(wanted), waiting=len(behind) - len(wanted))


def _free(conn: psycopg.Connection[Any]) -> bool:
    """Take the lock if nobody has it."""
    row = conn.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchone()
    return bool(row and row[0])


def rebuild(conn: psycopg.Connection[Any]) -> Kept:
    """Make every row again: after a change of the calendar, of the moves or of the rules of a deadline."""
    conn.execute("DELETE FROM reports.known")
    return follow(conn)


def position(conn: psycopg.Connection[Any]) -> int:
    """The place of the newest event that the rows know of; 0 without any."""
    row = conn.execute("SELECT coalesce(max(last_event), 0) FROM reports.known").fetchone()
    assert row
    return int(row[0])


def waiting(conn: psycopg.Connection[Any]) -> int:
    """How many dossiers have events that the rows do not know of yet."""
    row = conn.execute(
        "SELECT count(*) FROM dossiers.dossier d LEFT JOIN reports.known k ON k.dossier = d.code"
        " WHERE k.last_event IS DISTINCT FROM d.last_event"
    ).fetchone()
    assert row
    return int(row[0])


def stands(
    row: Mapping[str, Any], events: Sequence[Event], known: Versions, table: Moves
) -> Iterator[tuple[Event, Fact]]:
    """The facts of a dossier with the event each began with, from its reception on; equal neighbours are one."""
    last: Fact | None = None
    for at, event in enumerate(events, 1):
        if not _may_count(event, table):
            continue
        fact = known.fact(row, events[:at], table)
        if fact.received_at is None:
            continue
        if last is None or any(getattr(fact, name) != getattr(last, name) for name in COUNTED):
            yield event, fact
            last = fact


def _may_count(event: Event, table: Moves) -> bool:
    """Whether an event can change what is counted: the clock turns, a date is promised, a result or a fee comes."""
    turns = not event.from_state or (
        table.states[event.from_state].clock != table.states[event.to_state].clock
    )
    return turns or event.act == EXTEND or event.to_state in ("settled", "payment")


def _keep(
    conn: psycopg.Connection[Any], codes: Sequence[str], table: Moves, known: Versions
) -> None:
    rows = read(conn, "WHERE d.code = ANY(%(codes)s)", {"codes": list(codes)})
    conn.execute("DELETE FROM reports.standing WHERE dossier = ANY(%s)", [list(codes)])
    statement = sql.SQL("COPY reports.standing ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
    )
    made: list[tuple[Any, ...]] = []
    for row in rows:
        found = list(stands(row, events_of(row), known, table))
        for at, (event, fact) in enumerate(found):
            after = found[at + 1][0] if at + 1 < len(found) else None
            made.append(_row(event, fact, after))
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for line in made:
            copy.write_row(line)
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO reports.known (dossier, last_event) VALUES (%s, %s)"
            " ON CONFLICT (dossier) DO UPDATE SET last_event = excluded.last_event",
            [(row["code"], row["last_event"]) for row in rows],
        )


def _row(event: Event, fact: Fact, after: Event | None) -> tuple[Any, ...]:
    counted = [_or_open(name, getattr(fact, name)) for name in COUNTED]
    return (
        fact.code,
        event.number,
        event.position,
        after.position if after else None,
        event.at,
        after.at if after else "infinity",
        *(getattr(fact, name) for name in _FIXED),
        *counted,
    )


def _or_open(name: str, value: Any) -> Any:
    return "infinity" if name == "ended_at" and not isinstance(value, datetime) else value
