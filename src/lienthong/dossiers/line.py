"""The line in which filings by API wait for the next commit: whoever waits together is written together.

A commit for each of 300 filings a second would spend its time waiting for the disk and for the counter of its unit;
nobody is answered before the commit, and one that is wrong does not touch the others.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout

from lienthong import audit, clock
from lienthong.dossiers import bulk
from lienthong.dossiers.bulk import Kept
from lienthong.dossiers.dossier import Filing
from lienthong.errors import Conflict, Failure, Unavailable

TOGETHER = 64
"""Filings in one commit at most."""

KEPT = timedelta(days=30)
"""How long a key is known."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One filing as a program sent it; `key` with the SHA-256 of what was sent makes a repetition harmless."""

    filing: Filing
    actor: str
    key: str = ""
    sha256: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The dossier that was made; `again` when the same key had made it before."""

    code: str
    again: bool = False
    kept: Kept | None = None


class FilingLine:
    """Takes filings from many requests; one thread of its own writes them. One per process; `close` it."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._line: queue.SimpleQueue[tuple[Asked, Future[Answer]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="filings", daemon=True)
        self._thread.start()

    async def file(self, asked: Asked) -> Answer:
        """The answer when it is durable. Raises what `bulk.keep_many` raises, Conflict for a key used otherwise."""
        waiting: Future[Answer] = Future()
        self._line.put((asked, waiting))
        return await asyncio.wrap_future(waiting)

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._line.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._line.get()
            if first is None:
                return
            group, ended = [first], False
            while len(group) < TOGETHER:
                try:
                    more = self._line.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    ended = True
                    break
                group.append(more)
            self._write(group)
            if ended:
                return

    def _write(self, group: Sequence[tuple[Asked, Future[Answer]]]) -> None:
        """Together; when one of them is refused, one by one, so that only that one is."""
        try:
            answers: list[Answer] = self._together([asked for asked, _ in group])
        except BaseException as error:
            silent = isinstance(error, Unavailable | psycopg.OperationalError | PoolTimeout)
            if len(group) > 1 and isinstance(error, Exception) and not silent:
                for one in group:
                    self._write([one])
                return
            for _, waiting in group:
                waiting.set_exception(_told(error))
            return
        for (_, waiting), answer in zip(group, answers, strict=True):
            waiting.set_result(answer)

    def _together(self, group: list[Asked]) -> list[Answer]:
        with self._pool.connection() as conn, conn.transaction():
            return file_together(conn, group)


def file_together(conn: psycopg.Connection[Any], group: Sequence[Asked]) -> list[Answer]:
    """File some dossiers in one transaction, in their order; a key that came before gets its first dossier back."""
    known = _known(conn, [(one.actor, one.key, one.sha256) for one in group if one.key])
    new: list[Asked] = []
    first: dict[tuple[str, str], int] = {}
    for one in group:
        name = (one.actor, one.key)
        if one.key and (name in known or name in first):
            continue
        if one.key:
            first[name] = len(new)
        new.append(one)
    kept = _file(conn, new)
    if first:
        conn.execute(
            "INSERT INTO dossiers.filing_key (actor, key, sha256, dossier, at)"
            " SELECT *, %s FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])",
            [
                clock.now(), [actor for actor, _ in first], [key for _, key in first],
                [new[at].sha256 for at in first.values()], [kept[at].code for at in first.values()],
            ],
        )  # fmt: skip
    order = iter(kept)
    answers, seen = [], set()
    for one in group:
        name = (one.actor, one.key)
        if one.key and name in known:
            answers.append(_same(one, *known[name]))
        elif one.key and name in seen:
            before = first[name]
            answers.append(_same(one, new[before].sha256, kept[before].code))
        else:
            seen.add(name)
            made = next(order)
            answers.append(Answer(code=made.code, kept=made))
    return answers


def _same(one: Asked, sha256: str, code: str) -> Answer:
    if sha256 != one.sha256:
        raise Conflict(
            "DOSSIER-KEY",
            "The key %(key)s was used for another dossier (%(number)s); take a new key.",
            key=one.key,
            number=code,
        )
    return Answer(code=code, again=True)


def _file(conn: psycopg.Connection[Any], new: list[Asked]) -> list[Kept]:
    """Each under its own actor; one entry of the trail for each actor names the dossiers."""
    kept = bulk.keep(conn, [(one.filing, (), one.actor) for one in new])
    for actor in sorted({one.actor for one in new}):
        codes = [made.code for one, made in zip(new, kept, strict=True) if one.actor == actor]
        audit.write(conn, actor, "dossier.filed", {"dossiers": codes})
    return kept


def _known(
    conn: psycopg.Connection[Any], keys: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """What keys made before; whoever uses the same key at the same moment waits here for the other."""
    if not keys:
        return {}
    names = sorted({f"{actor}\n{key}" for actor, key, _ in keys})
    conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(n, 16)) FROM unnest(%s::text[]) AS u(n)",
        [names],
    )
    rows = conn.execute(
        "SELECT actor, key, sha256, dossier FROM dossiers.filing_key WHERE (actor, key) IN"
        " (SELECT * FROM unnest(%s::text[], %s::text[]))",
        [[actor for actor, _, _ in keys], [key for _, key, _ in keys]],
    ).fetchall()
    return {(actor, key): (sha256, code) for actor, key, sha256, code in rows}


def forget_keys(conn: psycopg.Connection[Any], now: datetime | None = None) -> int:
    """Drop keys that nobody sends again: a program repeats a request within minutes, not after a month."""
    before = (now or clock.now()) - KEPT
    return conn.execute("DELETE FROM dossiers.filing_key WHERE at < %s", [before]).rowcount


def _told(error: BaseException) -> BaseException:
    if isinstance(error, psycopg.OperationalError | PoolTimeout):
        return Unavailable(
            "database.silent", "The database does not answer: %(said)s", said=type(error).__name__
        )
    if not isinstance(error, Failure):
        structlog.get_logger().error("filing.failed", exc_info=error)
    return error
