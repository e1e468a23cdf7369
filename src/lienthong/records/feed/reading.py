"""Reading the feed from a position on: nothing is skipped, nothing comes before its time.

A change is given out only when no transaction is under way that could still bring one with a lower position.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong import clock
from lienthong.errors import NotFound
from lienthong.records.feed import delays
from lienthong.records.feed.bundles import PLACES

Kind = Literal["kept", "changed", "removed"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a kept record: which one, since when, under which receipt; never what stands in it."""

    position: int
    contract: str
    table: str
    key: str
    sender: str
    province: str
    kind: Kind
    version: int
    receipt: str
    event_at: datetime | None
    received_at: datetime
    kept_at: datetime

    @property
    def record(self) -> tuple[str, str, str, str]:
        """Which record it is, whatever its version."""
        return self.contract, self.table, self.sender, self.key


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which changes a reader wants; None stands for all."""

    contract: str | None = None
    table: str | None = None
    sender: str | None = None
    province: str | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some changes in their order; go on after `position`, now if there is `more`, else when something came."""

    changes: list[Change]
    position: int
    more: bool


def horizon(conn: psycopg.Connection[Any]) -> int:
    """The last position up to which nothing more can appear. Read in a later statement, at READ COMMITTED."""
    row = conn.execute("SELECT records.change_horizon()").fetchone()
    assert row is not None
    return row[0] * PLACES + PLACES - 1


def floor(conn: psycopg.Connection[Any]) -> int:
    """The position below which nothing is kept any more."""
    row = conn.execute("SELECT position FROM records.change_floor").fetchone()
    return int(row[0]) if row else 0


def page(
    conn: psycopg.Connection[Any], after: int, *, wanted: Wanted | None = None, limit: int = 100
) -> Page:
    """The first `limit` changes after a position. Whoever asks for 0 begins with the oldest that is kept.

    Raises NotFound (feed.gone) when changes after the position are no longer kept.
    """
    last = horizon(conn)
    if after and after < floor(conn):
        raise NotFound(
            "feed.gone",
            "Changes right after position %(position)s are no longer kept. Read the records anew and go on from"
            " position %(last)s.",
            position=after,
            last=last,
        )
    if after >= last:
        return Page(changes=[], position=after, more=False)
    chosen = wanted or Wanted()
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _QUERY,
            {
                "first": (after + 1) // PLACES,
                "after": after,
                "last": last // PLACES,
                "limit": limit + 1,
                **msgspec.structs.asdict(chosen),
            },
        ).fetchall()
    changes = [Change(**row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(changes=changes, position=changes[-1].position if more else last, more=more)


# Only as many bundles are opened as the page may need: each holds its number of changes.
_QUERY = (
    "SELECT b.id * 1024 + u.place - 1 AS position, b.contract, b.table_name AS table, u.key, b.sender, b.province,"
    " b.kind, u.version, b.receipt, to_timestamp(u.event / 1000000.0) AS event_at, b.received_at, b.kept_at FROM ("
    " SELECT c.*, sum(number) OVER (ORDER BY id) - number AS before FROM ("
    "  SELECT * FROM records.change_bundle WHERE id >= %(first)s AND id <= %(last)s"
    "  AND (%(contract)s::text IS NULL OR contract = %(contract)s)"
    "  AND (%(table)s::text IS NULL OR table_name = %(table)s)"
    "  AND (%(sender)s::text IS NULL OR sender = %(sender)s)"
    "  AND (%(province)s::text IS NULL OR province = %(province)s) ORDER BY id LIMIT %(limit)s + 1) c) b,"
    " unnest(b.keys, b.versions, b.events) WITH ORDINALITY AS u(key, version, event, place)"
    " WHERE b.before < %(limit)s + 1024 AND b.id * 1024 + u.place - 1 > %(after)s ORDER BY 1 LIMIT %(limit)s"
)


def mark_served(
    conn: psycopg.Connection[Any], given: Iterable[Change], moment: datetime | None = None
) -> None:
    """These changes were given out: now they are served, if they were not before. Counted by whole bundles."""
    ids = sorted({one.position // PLACES for one in given})
    if not ids:
        return
    now = moment or clock.now()
    rows = conn.execute(
        "WITH given AS (SELECT id FROM records.change_bundle WHERE id = ANY(%s) AND served_at IS NULL"
        " ORDER BY id FOR UPDATE SKIP LOCKED)"
        " UPDATE records.change_bundle b SET served_at = %s FROM given WHERE b.id = given.id"
        " RETURNING contract, sender, province, kept_at, number",
        [ids, now],
    ).fetchall()
    made = delays.Delays()
    day = clock.local(now).date()
    for contract, sender, province, kept, number in rows:
        at = delays.class_of(delays.between(kept, now))
        made.add(contract, sender, province, day, "served", at, number)
    made.write(conn)
