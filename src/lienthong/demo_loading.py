"""Sends a small country through the real receiving, in the order in which registers and events would come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lienthong.errors import Failure
from lienthong.words import say

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from lienthong.database import Database
    from lienthong.synthetic.files import Written
    from lienthong.synthetic.nation import Nation

POSTING = 16
"""How many senders post at once: they share commits."""
RECEIPTS = "receipts.jsonl"
"""Which receipt each submission of the list got."""

Advance = Callable[[int], None]


class Sent(msgspec.Struct, frozen=True):
    """The receipt of one submission."""

    name: str
    receipt: str


def invent(
    nation: Nation, folder: Path, progress: Advance, *, bodies: bool = False
) -> Iterator[tuple[Written, bytes]]:
    """Write the files of a country, its list and its ledger; gives each submission with its body when it is posted.

    `bodies`: posted records are written into files too.
    """
    from lienthong.synthetic.files import LEDGER, LIST, Written
    from lienthong.synthetic.parcel_files import body_of, write_parcel

    encode = msgspec.json.encode
    with (folder / LEDGER).open("wb") as ledger, (folder / LIST).open("wb") as listed:
        for catchment in nation.catchments:
            for parcel, faults in nation.parcels(catchment):
                contract, body = nation.contract(parcel.contract), b""
                if parcel.posted:
                    body = body_of(parcel, contract)
                    if bodies:
                        (folder / parcel.name).write_bytes(body)
                else:
                    write_parcel(parcel, contract, folder)
                written = Written(
                    name=parcel.name, contract=parcel.contract, sender=parcel.sender, province=parcel.province,
                    sent=parcel.sent.isoformat(), units=nation.units(parcel), rows=parcel.rows,
                    faults=len(faults), posted=parcel.posted,
                )  # fmt: skip
                ledger.writelines(encode(fault) + b"\n" for fault in faults)
                listed.write(encode(written) + b"\n")
                yield written, body
            progress(1)


def load(database: Database, nation: Nation, folder: Path, home: Path) -> None:
    """Write the files and send them, two at a time, and post the rest; what is there already answers with its first
    receipt."""
    with bar(say("Inventing submissions"), len(nation.catchments)) as advance:
        made = list(invent(nation, folder, advance))
    place = {name: at for at, name in enumerate(nation.names)}
    files = [one for one, _ in made if not one.posted]
    files.sort(key=lambda one: (one.sent[:10], place[one.contract], one.sent, one.name))
    posts = sorted(
        ((one, body) for one, body in made if one.posted),
        key=lambda pair: (pair[0].sent, pair[0].name),
    )
    # The first of each contract makes its tables, so it goes alone.
    firsts = {one.contract: one for one in reversed(files)}
    opening = [one for one in files if one.sent[:10] == files[0].sent[:10]]
    later = [one for one in files if one not in opening and one not in firsts.values()]
    with (
        bar(say("Loading submissions"), len(made)) as advance,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers,
        database.pool(4) as pool,
        (folder / RECEIPTS).open("wb") as receipts,
    ):

        def told(name: str, receipt: str) -> None:
            receipts.write(msgspec.json.encode(Sent(name, receipt)) + b"\n")
            advance(1)

        def send_all(those: list[Written]) -> list[Any]:
            return [workers.submit(send, database.url, one, folder, home) for one in those]

        for one in sorted(firsts.values(), key=lambda one: place[one.contract]):
            told(one.name, workers.submit(send, database.url, one, folder, home).result())
        rest = [one for one in opening if one not in firsts.values()]
        for one, future in zip(rest, send_all(rest), strict=True):
            told(one.name, future.result())
        waiting = send_all(later)
        # A record that comes while a file of its sender is read would have to wait, so those of other senders go first.
        busy = {one.sender for one in later}
        _post(pool, home, [post for post in posts if post[0].sender not in busy], told)
        for one, future in zip(later, waiting, strict=True):
            told(one.name, future.result())
        _post(pool, home, [post for post in posts if post[0].sender in busy], told)


def _post(
    pool: ConnectionPool,
    home: Path,
    records: list[tuple[Written, bytes]],
    told: Callable[[str, str], None],
) -> None:
    """Post records from many hospitals at once: they share commits."""
    from lienthong import clock
    from lienthong.records.intake.single import RecordIntake

    intake = RecordIntake(pool, home)

    def submit(post: tuple[Written, bytes]) -> tuple[str, str]:
        one, body = post
        given = intake.submit(
            body, contract=one.contract, sender=one.sender, actor="demo", channel="demo", province=one.province,
            received=datetime.fromisoformat(one.sent).replace(tzinfo=clock.VIETNAM),
        )  # fmt: skip
        return one.name, given.receipt

    try:
        firsts: dict[str, tuple[Written, bytes]] = {}
        for post in records:
            firsts.setdefault(post[0].contract, post)
        for post in firsts.values():  # alone, so that what is made on first use is made once
            told(*submit(post))
        rest = [post for post in records if firsts[post[0].contract] is not post]
        with ThreadPoolExecutor(POSTING) as threads:
            for at in range(0, len(rest), 10 * POSTING):
                for name, receipt in threads.map(submit, rest[at : at + 10 * POSTING]):
                    told(name, receipt)
    finally:
        intake.close()


def send(url: str, one: Written, folder: Path, home: Path) -> str:
    """Send one file as if it had come when it was sent; gives its receipt. Runs in a process of its own."""
    from lienthong import clock
    from lienthong.database import Database
    from lienthong.records import intake

    try:
        with Database(url).connect(autocommit=True) as connection:
            given = intake.receive(
                connection, folder / one.name, contract=one.contract, sender=one.sender, actor="demo",
                name=one.name, channel="demo", home=home, province=one.province,
                received=datetime.fromisoformat(one.sent).replace(tzinfo=clock.VIETNAM),
            )  # fmt: skip
            return intake.process(connection, given.receipt, home=home).receipt
    except Failure as failure:  # it must travel between processes, which its own class cannot
        raise RuntimeError(f"{one.name}: {failure.code}: {failure}") from None


@contextmanager
def bar(title: str, total: int) -> Iterator[Advance]:
    """A progress bar on the error stream."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(title, total=total)
        yield lambda done: shown.advance(task, done)
