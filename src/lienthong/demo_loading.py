"""Sends a small country through the real receiving, in the order in which registers and events would come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from lienthong.errors import Failure
from lienthong.words import say

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from lienthong.database import Database
    from lienthong.synthetic.files import Written
    from lienthong.synthetic.nation import Nation
    from lienthong.synthetic.signing import Signer

POSTING = 16
"""How many senders post at once: they share commits."""
RECEIPTS = "receipts.jsonl"
"""Which receipt each submission of the list got."""

Advance = Callable[[int], None]
T = TypeVar("T")


class Sent(msgspec.Struct, frozen=True):
    """The receipt of one submission."""

    name: str
    receipt: str


def nation_of(home: Path, *, seed: int, citizens: int, until: datetime, days: int, small: bool,
              faults: bool, hospitals: int = 0) -> Nation:  # fmt: skip
    """The country of that seed and size under every contract that is known now, an official's own among them."""
    from lienthong.records.intake import terms
    from lienthong.synthetic.nation import ORDER, Nation

    names = terms.names(home)
    ordered = [name for name in ORDER if name in names]
    own = {name: str(terms.path_of(name, home)) for name in names if name not in ORDER}
    return Nation(
        seed=seed, citizens=citizens, until=until, days=days, small=small, faults=faults,
        contracts=(*ordered, *own), own=tuple(own.items()), hospitals_only=hospitals,
    )  # fmt: skip


def invent(
    nation: Nation,
    folder: Path,
    progress: Advance,
    *,
    bodies: bool = False,
    signer: Signer | None = None,
) -> Iterator[tuple[Written, bytes]]:
    """Write the files of a country, its list and its ledger; gives each submission with its body when it is posted.

    `bodies`: posted records are written into files too; `signer` signs the envelopes of hospitals that do so.
    """
    from lienthong.synthetic.files import LEDGER, LIST, Written
    from lienthong.synthetic.parcel_files import body_of, write_parcel
    from lienthong.synthetic.resent import Resent

    encode, resent = msgspec.json.encode, Resent()
    with (folder / LEDGER).open("wb") as ledger, (folder / LIST).open("wb") as listed:
        for catchment in nation.catchments:
            for parcel, faults in nation.parcels(catchment):
                contract, body = nation.contract(parcel.contract), b""
                if parcel.posted:
                    body = body_of(parcel, contract)
                    if bodies:
                        (folder / parcel.name).write_bytes(body)
                else:
                    write_parcel(parcel, contract, folder, signer)
                written = Written(
                    name=parcel.name, contract=parcel.contract, sender=parcel.sender, province=parcel.province,
                    sent=parcel.sent.isoformat(), units=nation.units(parcel), rows=parcel.rows,
                    faults=len(faults), posted=parcel.posted, again=resent.of(parcel, contract),
                )  # fmt: skip
                ledger.writelines(encode(fault) + b"\n" for fault in faults)
                listed.write(encode(written) + b"\n")
                yield written, body
            progress(1)


def load(database: Database, nation: Nation, folder: Path, home: Path) -> None:
    """Write the files and send them, two at a time, and post the rest; what is there already answers with its first
    receipt."""
    from lienthong.records.formats.chosen import FOLDER
    from lienthong.synthetic.senders_list import write_senders
    from lienthong.synthetic.signing import Signer

    write_senders(nation, home / "codes")
    signer = Signer(folder, home / FOLDER)
    with bar(say("Inventing submissions"), len(nation.catchments)) as advance:
        made = list(invent(nation, folder, advance, signer=signer))
    deliver(database, nation, made, folder, home)


def deliver(
    database: Database, nation: Nation, made: list[tuple[Written, bytes]], folder: Path, home: Path
) -> None:
    """Send what was written, two files at a time, day by day and database by database; post single records."""
    place = {name: at for at, name in enumerate(nation.names)}
    files = [one for one, _ in made if not one.posted]
    files.sort(key=lambda one: (one.sent[:10], place[one.contract], one.sent, one.name))
    posts = sorted(
        ((one, body) for one, body in made if one.posted),
        key=lambda pair: (pair[0].sent[:10], place[pair[0].contract], pair[0].sent, pair[0].name),
    )
    opening = [
        one for one in files if one.sent[:10] == files[0].sent[:10] and one.contract != "care"
    ]
    later = [one for one in files if one not in opening]
    with (
        bar(say("Loading submissions"), len(made)) as advance,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers,
        database.pool(4) as pool,
        (folder / RECEIPTS).open("wb") as receipts,
    ):

        def told(name: str, receipt: str) -> None:
            receipts.write(msgspec.json.encode(Sent(name, receipt)) + b"\n")
            advance(1)

        def send_all(those: list[Written]) -> None:
            waiting = [workers.submit(send, database.url, one, folder, home) for one in those]
            for one, future in zip(those, waiting, strict=True):
                told(one.name, future.result())

        for _, group in groupby(opening, key=lambda one: one.contract):
            those = list(group)
            send_all(those[:1])  # the first of each contract makes its tables, so it goes alone
            send_all(those[1:])
        # What comes on a day comes database by database, so that the other side of a rule is there when it is asked.
        turns = sorted(
            {_turn(one, place) for one in later} | {_turn(one, place) for one, _ in posts}
        )
        by_turn = _grouped(later, lambda one: _turn(one, place))
        posted = _grouped(posts, lambda pair: _turn(pair[0], place))
        with Posting(pool, home, told) as posting:
            for turn in turns:
                posting.post(posted.get(turn, []))
                send_all(by_turn.get(turn, []))


def _turn(one: Written, place: dict[str, int]) -> tuple[str, int]:
    """The day on which something is sent, and the place of its database on that day."""
    return one.sent[:10], place[one.contract]


def _grouped(those: list[T], key: Callable[[T], tuple[str, int]]) -> dict[tuple[str, int], list[T]]:
    found: dict[tuple[str, int], list[T]] = {}
    for one in those:
        found.setdefault(key(one), []).append(one)
    return found


class Posting:
    """Posts records from many senders at once: they share commits."""

    def __init__(self, pool: ConnectionPool, home: Path, told: Callable[[str, str], None]) -> None:
        from lienthong.records.intake.single import RecordIntake

        self._intake = RecordIntake(pool, home)
        self._threads = ThreadPoolExecutor(POSTING)
        self._told = told
        self._begun: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        self._intake.close()

    def post(self, records: list[tuple[Written, bytes]]) -> None:
        """Post all; returns when all are kept. The first of a database goes alone: it makes what is made once."""
        if records and records[0][0].contract not in self._begun:
            self._begun.add(records[0][0].contract)
            self._told(*self._submit(records[0]))
            records = records[1:]
        for name, receipt in self._threads.map(self._submit, records):
            self._told(name, receipt)

    def _submit(self, post: tuple[Written, bytes]) -> tuple[str, str]:
        from lienthong import clock

        one, body = post
        given = self._intake.submit(
            body, contract=one.contract, sender=one.sender, actor="demo", channel="demo", province=one.province,
            received=datetime.fromisoformat(one.sent).replace(tzinfo=clock.VIETNAM),
        )  # fmt: skip
        return one.name, given.receipt


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
