"""Reading many HOSO on several cores, or in this process when the file is small.

Workers are processes of our own program fed over pipes: they share nothing with the server that reads,
and end when their pipe closes.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, NamedTuple

import pyarrow as pa

from lienthong.contracts.contract import Contract
from lienthong.records.formats.bare import bare_blocks
from lienthong.records.formats.block import Block
from lienthong.records.formats.faults import Fault
from lienthong.records.formats.hoso import Frame, HosoReader
from lienthong.records.formats.inner import layouts
from lienthong.records.formats.reading import ReadingOptions

SMALL = 24 * 1024 * 1024
"""Below this size starting workers costs more than it saves."""


class Result(NamedTuple):
    """One stretch of HOSO, read: Arrow batches per table and what was noticed, counted from 0."""

    units: int
    tables: dict[str, list[pa.RecordBatch]]
    faults: list[Fault]
    missing: dict[str, dict[str, int]]
    unknown: dict[tuple[str, str], list[int]]
    stray: dict[str, int]


def make_reader(contract: Contract, options: ReadingOptions) -> HosoReader:
    """The reader of a contract's HOSO; the summary is the table that the other tables belong to."""
    found = layouts(contract)
    roots = {table.root for table in contract.tables if table.root and table.root != table.name}
    summary = next((layout.table for layout in found.values() if layout.table in roots), None)
    unread = contract.properties.get("unreadParts") or {}
    return HosoReader(
        found,
        summary,
        unencoded=options.unencoded_inner,
        limit=options.inner_limit,
        unread=frozenset(str(label) for label in unread.get("labels") or ()),
    )


def as_result(block: Block) -> Result:
    """What goes back to the reading process; faults in the order of the units."""
    found = sorted(block.faults, key=lambda one: -1 if one.unit is None else one.unit)
    return Result(block.units, block.batches, found, block.missing, block.unknown, block.stray)


class Crew:
    """Reads stretches in order, on as many cores as the size deserves."""

    def __init__(self, contract: Contract, options: ReadingOptions, size: int) -> None:
        self.reader = make_reader(contract, options)
        cores = options.processes or len(os.sched_getaffinity(0))
        self._count = cores if size > SMALL and cores > 1 else 0
        self._start = (contract, options)
        self._threads: ThreadPoolExecutor | None = None
        self._free: SimpleQueue[Worker] = SimpleQueue()
        self._workers: list[Worker] = []

    def __enter__(self) -> Crew:
        if self._count:
            self._workers = [Worker(*self._start) for _ in range(self._count)]
            for worker in self._workers:
                self._free.put(worker)
            self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="formats")
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def bodies(self, bodies: Iterable[tuple[bytes, Frame]]) -> Iterator[Result]:
        """Results in the order of the stretches, a few of them ahead."""
        if self._threads is None:
            for body, frame in bodies:
                yield as_result(self.reader.read_body(body, frame))
            return
        ahead: deque[Future[Result]] = deque()
        for body, frame in bodies:
            ahead.append(self._threads.submit(self._ask, body, frame))
            if len(ahead) > self._count + 1:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def bare(self, path: Path, root: str) -> Iterator[Result]:
        """The rows of a document that came without an envelope."""
        for block in bare_blocks(path, root, self.reader.inner):
            yield as_result(block)

    def _ask(self, body: bytes, frame: Frame) -> Result:
        worker = self._free.get()
        try:
            return worker.ask(body, frame)
        finally:
            self._free.put(worker)


class Worker:
    """One reading process."""

    def __init__(self, contract: Contract, options: ReadingOptions) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lienthong.records.formats.crew"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin and self._process.stdout
        self._to: IO[bytes] = self._process.stdin
        self._from: IO[bytes] = self._process.stdout
        _send(self._to, (contract, options))

    def ask(self, body: bytes, frame: Frame) -> Result:
        """Read one stretch."""
        _send(self._to, (body, frame))
        answer: Result = _receive(self._from)
        return answer

    def close(self) -> None:
        """End the process."""
        self._to.close()
        self._from.close()
        self._process.wait()


def _send(stream: IO[bytes], value: Any) -> None:
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    sizes = [len(head), *(view.nbytes for view in views)]
    stream.write(struct.pack(f"<I{len(sizes)}Q", len(sizes), *sizes))
    stream.write(head)
    for view in views:
        stream.write(view)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    count = struct.unpack("<I", _exactly(stream, 4))[0]
    sizes = struct.unpack(f"<{count}Q", _exactly(stream, 8 * count))
    head, *buffers = [_exactly(stream, size) for size in sizes]
    # Only our own workers write into these pipes.
    return pickle.loads(head, buffers=buffers)  # noqa: S301


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def work() -> None:
    """Serve one parent until it closes the pipe."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    contract, options = _receive(source)
    reader = make_reader(contract, options)
    while True:
        try:
            body, frame = _receive(source)
        except EOFError:
            return
        _send(target, as_result(reader.read_body(body, frame)))


if __name__ == "__main__":
    # Under its importable name, so that answers unpickle in the parent.
    from lienthong.records.formats.crew import work as _work

    _work()
