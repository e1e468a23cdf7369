"""Wakes whoever waits in this process for the next change; one listening connection for all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg

PAUSE = 1.0
"""Seconds until a lost connection is tried again. Whoever waits looks by himself meanwhile."""


class Bell:
    """Rings when a transaction that wrote changes has ended. It listens only while somebody waits."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._waiting: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def waiting(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set at each ring; the caller clears it."""
        mine = asyncio.Event()
        self._waiting.add(mine)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        try:
            yield mine
        finally:
            self._waiting.discard(mine)
            if not self._waiting and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True
                ) as conn:
                    await conn.execute("LISTEN lienthong_change")
                    self._ring()
                    async for _ in conn.notifies():
                        self._ring()
            except psycopg.OperationalError:
                await asyncio.sleep(PAUSE)

    def _ring(self) -> None:
        for one in self._waiting:
            one.set()
