"""What a subscriber did not accept, apart from what goes on: who looks at it sends it again or gives it up.

Later changes of a record whose letter is open wait behind it, so that a subscriber never gets them before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.access import Actor
from lienthong.errors import Conflict
from lienthong.partners.subscribers.posting import Answer
from lienthong.records.feed.reading import Change

State = Literal["dead", "behind", "again", "sent", "dropped"]
"""dead: given up until somebody acts; behind: waits for one of the same record; again: to be sent; then closed."""

OPEN = ("dead", "behind", "again")
_NEXT = (
    "UPDATE partners.letter l SET state = 'again' WHERE l.id = (SELECT id FROM partners.letter"
    " WHERE subscription = %s AND record = %s AND state = ANY('{dead,behind,again}') ORDER BY position LIMIT 1)"
    " AND l.state = 'behind'"
)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One change that was not accepted."""

    id: int
    subscription: str
    position: int
    event: dict[str, Any]
    state: State
    attempts: int
    failure: str | None
    failure_status: int | None
    at: datetime
    closed_at: datetime | None
    closed_by: str | None


_COLUMNS = ", ".join(Letter.__struct_fields__)


def record_of(change: Change) -> str:
    """Which record a change is about, as one text."""
    return "\n".join(change.record)


def blocked(
    conn: psycopg.Connection[Any], subscription: str, changes: Iterable[Change]
) -> set[str]:
    """The records among these changes that have an open letter."""
    rows = conn.execute(
        "SELECT DISTINCT record FROM partners.letter WHERE subscription = %s AND record = ANY(%s)"
        " AND state = ANY('{dead,behind,again}')",
        [subscription, list({record_of(change) for change in changes})],
    ).fetchall()
    return {row[0] for row in rows}


def put(
    conn: psycopg.Connection[Any],
    subscription: str,
    changes: Iterable[Change],
    state: State,
    answer: Answer | None = None,
    attempts: int = 0,
) -> None:
    """Make letters of changes."""
    now = clock.now()
    lines = [
        (
            subscription, change.position, record_of(change), Jsonb(msgspec.to_builtins(change)), state, attempts,
            answer.failure if answer else None, answer.status if answer else None, now,
        )
        for change in changes
    ]  # fmt: skip
    if not lines:
        return
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO partners.letter (subscription, position, record, event, state, attempts, failure,"
            " failure_status, at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (subscription, position) DO UPDATE SET state = excluded.state,"
            " attempts = excluded.attempts, failure = excluded.failure, failure_status = excluded.failure_status,"
            " at = excluded.at, closed_at = NULL, closed_by = NULL",
            lines,
        )


def due(conn: psycopg.Connection[Any], subscription: str) -> tuple[Letter, Change] | None:
    """The first letter that is to be sent again and has no open one of its record before it.

    One that waits behind a letter which was closed in the very moment in which it was put there goes on too.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM partners.letter l WHERE subscription = %s AND state = ANY('{{again,behind}}')"  # noqa: S608
            " AND NOT EXISTS (SELECT 1 FROM partners.letter o WHERE o.subscription = l.subscription"
            " AND o.record = l.record AND o.state = ANY('{dead,behind,again}') AND o.position < l.position)"
            " ORDER BY position LIMIT 1",
            [subscription],
        ).fetchone()
    if row is None:
        return None
    letter = Letter(**row)
    return letter, msgspec.convert(letter.event, Change)


def accepted(conn: psycopg.Connection[Any], letter: Letter, change: Change) -> None:
    """It was taken at last: the next one of its record follows."""
    _close(conn, letter.id, "sent", None)
    conn.execute(_NEXT, [letter.subscription, record_of(change)])


def failed(conn: psycopg.Connection[Any], letter: Letter, answer: Answer) -> None:
    """It was not taken again."""
    conn.execute(
        "UPDATE partners.letter SET state = 'dead', attempts = attempts + 1, failure = %s, failure_status = %s,"
        " at = %s WHERE id = %s",
        [answer.failure, answer.status, clock.now(), letter.id],
    )


def listed(
    conn: psycopg.Connection[Any], subscription: str, *, closed: bool = False, limit: int = 100
) -> list[Letter]:
    """Open letters in their order, or closed ones, the newest first."""
    where = (
        "NOT state = ANY(%s) ORDER BY closed_at DESC, id"
        if closed
        else "state = ANY(%s) ORDER BY position"
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM partners.letter WHERE subscription = %s AND {where} LIMIT %s",  # noqa: S608
            [subscription, list(OPEN), limit],
        )
        return [Letter(**row) for row in rows]


def send_again(
    conn: psycopg.Connection[Any], actor: Actor, subscription: str, id: int | None = None
) -> int:
    """Send a dead letter again, or (no `id`) all of them; returns how many. Raises Conflict when there is none.

    The caller has asked the gate.
    """
    done = conn.execute(
        "UPDATE partners.letter SET state = 'again' WHERE subscription = %s AND state = 'dead'"
        " AND (%s::bigint IS NULL OR id = %s)",
        [subscription, id, id],
    ).rowcount
    return _told(conn, actor, subscription, "again", done, id)


def drop(
    conn: psycopg.Connection[Any], actor: Actor, subscription: str, id: int | None = None
) -> int:
    """Give a dead letter up, or all of them; what waits behind goes on. The caller has asked the gate."""
    rows = conn.execute(
        "UPDATE partners.letter SET state = 'dropped', closed_at = %s, closed_by = %s"
        " WHERE subscription = %s AND state = 'dead' AND (%s::bigint IS NULL OR id = %s) RETURNING record",
        [clock.now(), actor.id, subscription, id, id],
    ).fetchall()
    for record in sorted({row[0] for row in rows}):
        conn.execute(_NEXT, [subscription, record])
    return _told(conn, actor, subscription, "dropped", len(rows), id)


def _close(conn: psycopg.Connection[Any], id: int, state: State, by: str | None) -> None:
    conn.execute(
        "UPDATE partners.letter SET state = %s, closed_at = %s, closed_by = %s WHERE id = %s",
        [state, clock.now(), by, id],
    )


def _told(
    conn: psycopg.Connection[Any],
    actor: Actor,
    subscription: str,
    act: str,
    done: int,
    id: int | None,
) -> int:
    if not done:
        raise Conflict("letter.none", "There is no letter to act on any more.")
    audit.write(
        conn,
        actor,
        f"letter.{act}",
        {"subscription": subscription, "count": done} | ({"letter": id} if id else {}),
    )
    conn.execute("SELECT pg_notify('lienthong_change', '')")
    return done
