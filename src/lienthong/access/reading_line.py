"""The line in which readings of persons' data wait for their read log: who waits together is written in one commit.

A commit for each of two thousand readings a second would spend its time waiting for the disk. The promise is that of
a reading alone: nobody's answer leaves before the line that tells of it is durable, what is read is narrowed to what
the gate permitted this very reader, and what was not found leaves no line.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from lienthong import clock, database
from lienthong.access import policy
from lienthong.access.actor import Actor
from lienthong.access.policy import Permit
from lienthong.errors import Failure

TOGETHER = 64
"""Readings in one commit at most."""

Read = Callable[[psycopg.Connection[Any], Sequence[Any]], Sequence[Any]]
"""Answers some readings of a kind in their order; a Failure stands for one that has nothing to read."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading that the gate has permitted (`policy.decide`).

    `wanted` says what is read; readings of the same `kind` are handed to `read` together. `resource` holds the
    identifiers for the read log.
    """

    actor: Actor
    permit: Permit
    resource: Mapping[str, Any]
    kind: Hashable
    read: Read
    wanted: Any
    at: datetime = msgspec.field(default_factory=clock.now)


_Waiting = tuple[Reading, "asyncio.Future[Any]"]


class ReadingLine:
    """Takes readings from many requests; one thread of its own reads and writes. One per process; `close` it."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._line: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="readings", daemon=True)
        self._thread.start()

    async def read(self, reading: Reading) -> Any:
        """What was read, when the read log has its line. Raises the Failure that `reading.read` gave instead."""
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._line.put((reading, waiting))
        return await waiting

    def close(self) -> None:
        """Answer who waits and end the thread."""
        self._line.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            group: list[_Waiting] = []
            while open_ and len(group) < TOGETHER and (not group or not self._line.empty()):
                more = self._line.get()
                if more is None:
                    open_ = False
                else:
                    group.append(more)
            self._answer(group)

    def _answer(self, group: list[_Waiting]) -> None:
        """Together; when one of them fails, one by one, so that only that one does."""
        try:
            with self._pool.connection() as conn:
                answers = read_together(conn, [reading for reading, _ in group])
        except Exception as error:
            silent = isinstance(error, psycopg.OperationalError | PoolTimeout)
            if len(group) > 1 and not silent:
                for one in group:
                    self._answer([one])
                return
            answers = [error] * len(group)
        _tell([(waiting, answer) for (_, waiting), answer in zip(group, answers, strict=True)])


def read_together(conn: psycopg.Connection[Any], readings: Sequence[Reading]) -> list[Any]:
    """What some readings give, or the Failure of each, in one transaction with the read log; the caller commits."""
    kinds: dict[Hashable, list[int]] = {}
    for at, one in enumerate(readings):
        kinds.setdefault((one.permit.facility, one.permit.province, one.kind), []).append(at)
    answers: list[Any] = [None] * len(readings)
    with conn.pipeline():
        for places in kinds.values():
            first = readings[places[0]]
            database.visible_to(
                conn, facility=first.permit.facility, province=first.permit.province
            )
            found = first.read(conn, [readings[at].wanted for at in places])
            for at, answer in zip(places, found, strict=True):
                answers[at] = answer
        policy.log_readings(
            conn,
            [
                policy.line_of(
                    one.actor, one.permit.action, one.resource, one.permit.purpose, one.at
                )
                for one, answer in zip(readings, answers, strict=True)
                if not isinstance(answer, Failure)
            ],
        )
    return answers


def _tell(answers: list[tuple[asyncio.Future[Any], Any]]) -> None:
    """Each event loop is woken once for all of its own."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for waiting, answer in answers:
        by_loop.setdefault(waiting.get_loop(), []).append((waiting, answer))
    for loop, those in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, those)


def _settle(answers: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for waiting, answer in answers:
        if waiting.done():  # whoever left does not wait any more
            continue
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)
