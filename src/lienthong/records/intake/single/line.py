"""The line in which posted records wait for the next commit: whoever waits together is written together.

At 300 records a second a commit for each would spend its time waiting for the disk; one commit for those that came
during the last one keeps every answer under some twenty milliseconds and loses nothing: nobody is answered before
the commit.
"""

from __future__ import annotations

import asyncio
import hashlib
import queue
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from lienthong import clock
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.contracts.rules.python import RecordEngine
from lienthong.contracts.senders import check_sender, forbidden_tables, not_their_table
from lienthong.errors import Failure, NotAllowed, Unavailable
from lienthong.records.intake import receiving, terms
from lienthong.records.intake.receipts import Submission
from lienthong.records.intake.single import posted, unit
from lienthong.records.intake.single.folding import Folding
from lienthong.records.intake.single.group import Writer
from lienthong.records.intake.single.posted import Posted
from lienthong.records.store import layout, schema

TOGETHER = 64
"""Records in one commit at most."""

WAIT = 30.0
"""Seconds after which a record that was not written is answered as unavailable."""


SMALL = 64 * 1024
"""Bytes of a record up to which it is read and checked without leaving the event loop."""

MOMENT = 1.0
"""Seconds after which the files of a contract and of code lists are looked at again."""

AnyFuture = Future[Submission | None] | asyncio.Future[Submission | None]
Waiting = tuple[Posted, AnyFuture]
"""A record, and who waits for what becomes of it."""


class RecordIntake:
    """Takes single records from many threads; one of its own writes them. One per process; `close` it."""

    def __init__(self, pool: ConnectionPool, home: Path) -> None:
        self._pool, self._home = pool, home
        self._line: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._ready: set[str] = set()
        self._terms: dict[str, tuple[float, CompiledContract, RecordEngine]] = {}
        self._first = threading.Lock()
        self._began = False
        self._writer = Writer()
        self._folding = Folding(pool)
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)
        self._thread.start()

    def submit(
        self,
        body: bytes,
        *,
        contract: str,
        sender: str,
        actor: str,
        table: str | None = None,
        province: str | None = None,
        channel: str = "api",
        received: datetime | None = None,
        granted: Collection[str] | None = None,
    ) -> Submission:
        """Keep one record and answer with its receipt; blocks until it is durable.

        While a file of the same sender is being processed the record only gets its receipt (state received) and is
        processed after the file. Raises NotAllowed when this sender does not send this database (`granted`: those to
        which its token is narrowed), Refused for a body that is no record of the contract, Unavailable when the
        database does not answer.
        """
        moment = received or clock.now()
        self._known(contract) or self._look(contract)
        try:
            self._check_sender(contract, sender, moment, granted)
            given = self._read(body, (contract, sender, actor, table, province, channel, moment))
        except NotAllowed as refused:
            self._tell(refused, contract, sender, actor, channel)
            raise
        future: Future[Submission | None] = Future()
        self._line.put((given, future))
        with _answering():
            kept = future.result(timeout=WAIT)
        return kept or self._afterwards(given)

    async def post(
        self,
        body: bytes,
        *,
        contract: str,
        sender: str,
        actor: str,
        table: str | None = None,
        granted: Collection[str] | None = None,
    ) -> Submission:
        """As `submit`, from an event loop: small bodies are read where they arrive, and no thread waits for the commit.

        Two changes of thread for each record would cost more than its check.
        """
        moment = clock.now()
        terms_of = (contract, sender, actor, table, None, "api", moment)
        if self._known(contract) is None:
            await asyncio.to_thread(self._look, contract)
        try:
            self._check_sender(contract, sender, moment, granted)
            if self._began and len(body) <= SMALL:
                given = self._read(body, terms_of)
            else:
                given = await asyncio.to_thread(self._read, body, terms_of)
        except NotAllowed as refused:
            await asyncio.to_thread(self._tell, refused, contract, sender, actor, "api")
            raise
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Submission | None] = loop.create_future()
        self._line.put((given, future))
        with _answering():
            kept: Submission | None = await asyncio.wait_for(future, WAIT)
        if kept is None:
            return await asyncio.to_thread(self._afterwards, given)
        return kept

    def _check_sender(
        self, contract: str, sender: str, moment: datetime, granted: Collection[str] | None
    ) -> None:
        _, compiled, engine = self._terms[contract]
        day = clock.local(moment).date()
        check_sender(compiled.contract, engine.codes, sender, day, granted)

    def _tell(
        self, refused: NotAllowed, contract: str, sender: str, actor: str, channel: str
    ) -> None:
        with self._pool.connection() as conn:
            receiving.tell_refused(
                conn, refused, contract=contract, sender=sender, actor=actor, channel=channel
            )

    def _read(self, body: bytes, terms_of: tuple[Any, ...]) -> Posted:
        if self._began:
            return self._posted(body, *terms_of)
        # Decoders describe their types to themselves when first used; several threads at once broke them.
        with self._first:
            given = self._posted(body, *terms_of)
            self._began = True
        return given

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._line.put(None)
        self._thread.join()
        self._folding.close()

    def _posted(
        self,
        body: bytes,
        contract: str,
        sender: str,
        actor: str,
        table: str | None,
        province: str | None,
        channel: str,
        received: datetime,
    ) -> Posted:
        compiled, engine = self._known(contract) or self._look(contract)
        rows = posted.rows_of(body, compiled.contract, table)
        day = clock.local(received).date()
        forbidden = forbidden_tables(compiled.contract, engine.codes, sender, day)
        for name in rows:
            if name in forbidden:
                wanted = forbidden[name]
                raise not_their_table(compiled.contract, engine.codes, sender, day, name, wanted)
        first = compiled.contract.table(next(iter(rows))) if rows else None
        root = (
            layout.root_of(compiled.contract, first)
            if first
            else layout.roots(compiled.contract)[0]
        )
        marked: dict[str, list[Mapping[str, Any]]] = {
            name: [
                row | {"_sender": sender, "_row": at, "_unit": 0} for at, row in enumerate(those)
            ]
            for name, those in rows.items()
        }
        return Posted(
            unit=unit.make(
                engine,
                root,
                rows,
                unit.judge(
                    engine, marked, received, unit.not_sent(compiled.contract, root) - marked.keys()
                ),
                sender=sender,
                province=receiving.home_province(sender) if province is None else province,
                received=received,
            ),
            actor=actor,
            channel=channel,
            name=f"{table}.{posted.NAME}" if table else posted.NAME,
            body=body,
            sha256=hashlib.sha256(body).hexdigest(),
        )

    def _known(self, contract: str) -> tuple[CompiledContract, RecordEngine] | None:
        """The contract as it was a moment ago: looking at its files for each record costs as much as the check."""
        found = self._terms.get(contract)
        return found[1:] if found is not None and found[0] > time.monotonic() else None

    def _look(self, contract: str) -> tuple[CompiledContract, RecordEngine]:
        compiled = terms.compiled(contract, self._home)
        engine = self._engine(compiled)
        self._terms[contract] = (time.monotonic() + MOMENT, compiled, engine)
        return compiled, engine

    def _engine(self, compiled: CompiledContract) -> RecordEngine:
        digest = compiled.contract.digest
        if digest not in self._ready:
            with self._pool.connection() as conn:
                schema.ensure(conn, compiled.contract)
            self._ready.add(digest)
        return terms.engine(compiled, self._home)

    def _afterwards(self, given: Posted) -> Submission:
        """A file of this sender is under way: the record waits for its turn like a file. It is one by its name."""
        with self._pool.connection() as conn:
            return receiving.receive(
                conn,
                given.body,
                contract=given.unit.contract.name,
                sender=given.unit.sender,
                actor=given.actor,
                name=given.name,
                channel=given.channel,
                home=self._home,
                province=given.unit.province,
                granted=(given.unit.contract.name,),  # asked when it came
            )

    def _run(self) -> None:
        waiting: list[Waiting] = []
        open_ = True
        while open_ or waiting:
            if not waiting and open_:
                first = self._line.get()
                open_ = first is not None
                waiting += [first] if first else []
            while open_ and len(waiting) < TOGETHER and not self._line.empty():
                more = self._line.get()
                open_ = more is not None
                waiting += [more] if more else []
            group, waiting = _distinct(waiting)
            if group:
                self._write(group)

    def _write(self, group: list[Waiting]) -> None:
        try:
            with self._pool.connection() as conn:
                results = self._writer.write(conn, [given for given, _ in group])
            self._folding.due()
            _answer([(future, result) for (_, future), result in zip(group, results, strict=True)])
        except Exception as error:
            if len(group) == 1 or isinstance(
                error, psycopg.OperationalError | PoolTimeout | Failure
            ):
                _answer([(future, error) for _, future in group])
                return
            for one in group:  # one record must not spoil the others
                self._write([one])


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout, TimeoutError) as error:
        raise Unavailable(
            "database.silent",
            "The database does not answer. Nothing was taken; try again in a moment.",
        ) from error


Result = Submission | None | Exception


def _answer(results: list[tuple[AnyFuture, Result]]) -> None:
    """Tell whoever waits what became of his record; each event loop is woken once for all of its own."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[AnyFuture, Result]]] = {}
    for future, result in results:
        if isinstance(future, Future):
            _settle(future, result)
        else:
            by_loop.setdefault(future.get_loop(), []).append((future, result))
    for loop, those in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle_all, those)


def _settle_all(results: list[tuple[AnyFuture, Result]]) -> None:
    for future, result in results:
        if not future.done():  # whoever left does not wait any more
            _settle(future, result)


def _settle(future: AnyFuture, result: Result) -> None:
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def _distinct(waiting: list[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """The records to write now, and those that wait because the same record or the same bytes are among them."""
    group, later = [], []
    seen: set[tuple[str, str, str]] = set()
    for one in waiting:
        given = one[0].unit
        marks = {(given.contract.name, given.sender, one[0].sha256)}
        if given.key is not None:
            marks.add((f"{given.contract.name}/{given.root.name}", given.sender, given.key))
        if marks & seen:
            later.append(one)
        else:
            group.append(one)
        seen |= marks
    return group, later
