"""The feed of changes for programs: page by page, or as a stream of server-sent events that goes on by itself.

A change names a record and says since when it holds; what stands in it is fetched by its key, through the gate.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, get
from litestar.params import Parameter
from litestar.response import Stream
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.api.asking import limited
from lienthong.database import visible_to
from lienthong.errors import Refused, Unavailable
from lienthong.records.feed import reading
from lienthong.records.feed.bell import Bell

ACTION = "change.read"
HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it lives."""

LOOK = 2.0
"""Seconds after which a stream looks by itself: a transaction that failed holds back others and rings no bell."""

LIFE = 600.0
"""Seconds after which a stream ends, so that rights are asked for again; clients come back by themselves."""

MOST_STREAMS, MOST_OF_ONE = 64, 4
"""Streams of one server process, and of one actor in it."""


class Streams:
    """The streams that are open in this process."""

    def __init__(self, bell: Bell) -> None:
        self.bell = bell
        self._open: Counter[str] = Counter()

    def take(self, actor: str) -> None:
        """Take a place among the open streams; raises Unavailable when there is none."""
        if self._open.total() >= MOST_STREAMS or self._open[actor] >= MOST_OF_ONE:
            raise Unavailable(
                "feed.streams",
                "Too many streams are open; close one, or read page by page.",
            )
        self._open[actor] += 1

    def leave(self, actor: str) -> None:
        """Give the place back."""
        self._open[actor] -= 1


@get("/changes", opt={"action": ACTION, "stream": True}, summary="Changes of records")
async def changes(
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    streams: Streams,
    purpose: Annotated[str, Parameter(description="Why it is read: care, quality, insurance, ...")],
    contract: str | None = None,
    table: str | None = None,
    sender: str | None = None,
    province: str | None = None,
    after: Annotated[
        str,
        Parameter(description="Position of the last one seen; 0 begins, now waits for the next."),
    ] = "0",
    limit: int = 100,
) -> Response[Any]:
    """Kept and changed records in their order.

    With `Accept: text/event-stream` a stream that goes on by itself (each event's id is its position; a client that
    comes back sends it as Last-Event-ID), else one page. A position is given once to a change and never again, so it
    tells whether a change was seen before. Nothing is skipped; each record's changes come in their order.
    """
    wanted = reading.Wanted(contract=contract, table=table, sender=sender, province=province)
    about = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value}
    permit = policy.decide(actor, ACTION, about, purpose)
    desk = _Desk(pool, actor, permit, wanted, about)
    at = await to_thread.run_sync(desk.begin, request.headers.get("last-event-id") or after)
    if "text/event-stream" not in request.headers.get("accept", ""):
        return Response(await to_thread.run_sync(desk.page, at, limited(limit)))
    streams.take(actor.id)
    running = _stream(desk, streams.bell, at)
    # A stream that never began (its client left at once) gives its place back too.
    weakref.finalize(running, streams.leave, actor.id)
    return Stream(
        running,
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


class _Desk:
    """Reads for one who asked and was allowed, and writes into the read log what was given."""

    def __init__(
        self,
        pool: ConnectionPool,
        actor: Actor,
        permit: policy.Permit,
        wanted: reading.Wanted,
        about: dict[str, str],
    ) -> None:
        self._pool, self._actor, self._permit = pool, actor, permit
        self._wanted, self._about = wanted, about

    def begin(self, after: str) -> int:
        """The position to begin after."""
        if after == "now":
            with self._pool.connection() as conn:
                return reading.horizon(conn)
        if not after.isascii() or not after.isdigit() or len(after) > 18:
            raise Refused("feed.position", "A position is a whole number, or now.")
        return int(after)

    def page(self, after: int, limit: int = 500) -> reading.Page:
        """What came after a position; it counts as served from now on."""
        with self._pool.connection() as conn:
            visible_to(conn, facility=self._permit.facility, province=self._permit.province)
            found = reading.page(conn, after, wanted=self._wanted, limit=limit)
            if found.changes:
                reading.mark_served(conn, found.changes)
                policy.log_reading(
                    conn,
                    self._actor,
                    ACTION,
                    self._about | {"count": len(found.changes)},
                    self._permit.purpose or "",
                )
            return found


async def _stream(desk: _Desk, bell: Bell, at: int) -> AsyncGenerator[bytes, None]:
    """Events until the client leaves or the stream grew old. A slow client is read for only as fast as it takes."""
    yield b"retry: 2000\n\n"
    spoke = begun = time.monotonic()
    async with bell.waiting() as rung:
        while time.monotonic() - begun < LIFE:
            rung.clear()
            page = await to_thread.run_sync(desk.page, at)
            if page.changes:
                yield b"".join(map(_event, page.changes))
                spoke = time.monotonic()
            at = page.position
            if page.more:
                continue
            if time.monotonic() - spoke >= HEARTBEAT:
                # The position goes with it: whoever comes back need not pass over what others sent again.
                yield b"event: position\nid: %d\ndata: {}\n\n" % at
                spoke = time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), LOOK)


def _event(change: reading.Change) -> bytes:
    said = msgspec.json.encode(change)
    return b"id: %d\nevent: change\ndata: %s\n\n" % (change.position, said)


ROUTES = [changes]
