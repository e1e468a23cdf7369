"""A small country to look at: invents submissions, sends them through the real receiving and serves the site.

Everything is synthetic. A second run finds what the first one made and only serves.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from lienthong.errors import Failure
from lienthong.words import number, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg_pool import ConnectionPool

    from lienthong.database import Database
    from lienthong.synthetic.country import Country
    from lienthong.synthetic.files import Written
    from lienthong.synthetic.posts import Post

FACILITIES = "facilities.csv"
STATE = "demo.json"
EARLIEST_HOUR = 4
FIRST_POSTED = 1_000_000
"""Number of the first visit that is posted by itself; those in files are numbered from 0."""
PAPERS = 9
"""Births and deaths that each hospital posts."""
POSTING = 16
"""How many hospitals post at once: they share commits."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One account of the demonstration."""

    id: str
    name: str
    roles: tuple[str, ...]
    password: str
    facility: str | None = None
    province: str | None = None


class State(msgspec.Struct, kw_only=True):
    """What the first run decided, so that the next ones repeat it. `until` is Vietnam local time."""

    until: datetime
    seed: int
    visits: int
    days: int
    per_file: int
    registers: int
    faults: bool
    people: list[Person]
    token: str = ""
    done: bool = False


def demo(
    serve: Annotated[
        bool,
        typer.Option("--serve/--no-serve", help=say("Serve the site when the data are loaded.")),
    ] = True,
    files: Annotated[
        Path | None,
        typer.Option("--files", help=say("Only write the submissions into this folder.")),
    ] = None,
    visits: Annotated[int, typer.Option("--visits", help=say("How many visits."))] = 3000,
    days: Annotated[
        int, typer.Option("--days", help=say("Over how many days they were sent."))
    ] = 30,
    per_file: Annotated[int, typer.Option("--per-file", help=say("Visits in one file."))] = 50,
    registers: Annotated[
        int,
        typer.Option(
            "--registers", help=say("Facilities that also send staff, births and deaths.")
        ),
    ] = 8,
    seed: Annotated[
        int, typer.Option("--seed", help=say("The same seed makes the same data."))
    ] = 7,
    until: Annotated[
        datetime | None,
        typer.Option("--until", help=say("The moment of the last sending (Vietnam time).")),
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help=say("Plant no faults."))] = False,
    port: Annotated[int | None, typer.Option("--port", help=say("Port of the site."))] = None,
) -> None:
    """Make demonstration data, load it and serve the site."""
    from lienthong.synthetic.country import Country

    if files is not None:
        country = Country(
            seed=seed, visits=visits, until=until or _now(), days=days, per_file=per_file, registers=registers,
            faults=not clean,
        )  # fmt: skip
        _only_write(country, files)
        return
    from lienthong import database, settings

    chosen = settings.read()
    folder = chosen.home / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(
        folder,
        State(
            until=until or _now(), seed=seed, visits=visits, days=days, per_file=per_file, registers=registers,
            faults=not clean, people=[],
        ),
    )  # fmt: skip
    filed, posted = _countries(state)
    with database.running(chosen) as found:
        if not state.done:
            _write_facilities(filed, chosen.home)
            _load(found, filed, posted, folder, chosen.home)
            _open_accounts(found, filed, state)
            state.done = True
            _keep(folder, state)
        _print_welcome(state, chosen.host, port or chosen.port)
        if serve:
            from lienthong.app import serve_database

            serve_database(found, chosen.host, port or chosen.port, jobs=chosen.jobs)


def _countries(state: State) -> tuple[Country, Country]:
    """The same hospitals twice: a third of the visits goes in files with all registers, the rest is posted
    one by one."""
    from lienthong.synthetic.country import Country

    filed = Country(
        seed=state.seed, visits=state.visits // 3, until=state.until, days=state.days, per_file=state.per_file,
        registers=state.registers, per_old_province=0, faults=state.faults,
    )  # fmt: skip
    rest = state.visits - filed.visits
    return filed, replace(filed, visits=rest, first=FIRST_POSTED, per_file=2, registers=0)


def _now() -> datetime:
    """Now in Vietnam, without a zone and without seconds; in the small hours, yesterday evening."""
    from lienthong import clock

    now = clock.local(clock.now()).replace(tzinfo=None, second=0, microsecond=0)
    if now.hour < EARLIEST_HOUR:
        now = (now - timedelta(days=1)).replace(hour=23, minute=30)
    return now


def _state(folder: Path, new: State) -> State:
    file = folder / STATE
    if file.is_file():
        return msgspec.json.decode(file.read_bytes(), type=State)
    _keep(folder, new)
    return new


def _keep(folder: Path, state: State) -> None:
    file = folder / STATE
    aside = folder / f".{STATE}"
    aside.touch(mode=0o600)
    aside.write_bytes(msgspec.json.encode(state))
    aside.replace(file)


def _only_write(country: Country, folder: Path) -> None:
    from lienthong.synthetic.files import LEDGER, write_country

    folder.mkdir(parents=True, exist_ok=True)
    with _bar(say("Writing"), country.visits + 3 * country.registers) as advance:
        written = list(write_country(country, folder, advance))
    typer.echo(
        say(
            "%(files)s files with %(units)s visits in %(folder)s; planted faults: %(faults)s (%(ledger)s)",
            files=number(len(written)),
            units=number(country.visits),
            folder=str(folder),
            faults=number(sum(one.faults for one in written)),
            ledger=LEDGER,
        )  # fmt: skip
    )


def _write_facilities(country: Country, home: Path) -> None:
    """The list of invented hospitals as an own code list, unless the folder has one already."""
    from lienthong.contracts.codes import COLUMNS

    file = home / "codes" / FACILITIES
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for one in country.facilities:
            writer.writerow([one.code, one.name, one.name, one.name, "", "", "", one.province])


def _load(database: Database, filed: Country, posted: Country, folder: Path, home: Path) -> None:
    """Write the files and send them, two at a time, and post the rest; what is there already answers with its first
    receipt."""
    from lienthong.synthetic.files import write_country
    from lienthong.synthetic.posts import posts

    with _bar(say("Inventing submissions"), filed.visits + 3 * filed.registers) as advance:
        written = list(write_country(filed, folder, advance))
    # The first of each contract makes its tables, so it goes alone.
    firsts = {one.contract: one for one in reversed(written)}
    total = len(written) + posted.visits + PAPERS * len(posted.senders)
    with (
        _bar(say("Loading submissions"), total) as advance,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers,
        database.pool(4) as pool,
    ):
        for one in firsts.values():
            workers.submit(send, database.url, one, folder, home).result()
            advance(1)
        rest = [one for one in written if one not in firsts.values()]
        waiting = [workers.submit(send, database.url, one, folder, home) for one in rest]
        for future in waiting:
            future.add_done_callback(lambda _: advance(1))
        # A record that comes while a file of its sender is read would have to wait, so those of other senders go first.
        busy = {one.sender for one in written}
        _post(
            pool, home, (post for post in posts(posted, PAPERS) if post.sender not in busy), advance
        )
        for future in waiting:
            future.result()
        _post(pool, home, (post for post in posts(posted, PAPERS) if post.sender in busy), advance)


def _post(
    pool: ConnectionPool, home: Path, records: Iterator[Post], advance: Callable[[int], None]
) -> None:
    """Post records from many hospitals at once: they share commits."""
    from lienthong import clock
    from lienthong.records.intake.single import RecordIntake

    intake = RecordIntake(pool, home)

    def submit(post: Post) -> None:
        intake.submit(
            post.body, contract=post.contract, sender=post.sender, actor="demo", channel="demo", province=post.province,
            received=post.sent.replace(tzinfo=clock.VIETNAM),
        )  # fmt: skip
        advance(1)

    try:
        for post in islice(records, 1):  # alone, so that what is made on first use is made once
            submit(post)
        with ThreadPoolExecutor(POSTING) as threads:
            for together in iter(lambda: list(islice(records, 10 * POSTING)), []):
                for _ in threads.map(submit, together):
                    pass
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


def _open_accounts(database: Database, country: Country, state: State) -> None:
    from lienthong.access import accounts, operator, tokens
    from lienthong.synthetic.facilities import EXAMPLE

    hospital = country.facilities[0]
    wanted = [
        ("bo", "Cán bộ Bộ Y tế (mẫu)", ("administrator", "ministry_officer"), None, None),
        ("benhvien", hospital.name, ("facility_officer",), EXAMPLE, hospital.province),
        ("soyte", "Cán bộ Sở Y tế (mẫu)", ("province_officer",), None, hospital.province),
    ]
    with database.connect() as connection:
        for id, name, roles, facility, province in wanted:
            if accounts.find(connection, id) is not None:
                continue
            password = accounts.create(
                connection, operator(), id, name=name, roles=roles, facility=facility, province=province,
            )  # fmt: skip
            state.people.append(
                Person(
                    id=id,
                    name=name,
                    roles=roles,
                    password=password,
                    facility=facility,
                    province=province,
                )
            )
        if not state.token:
            state.token = tokens.create(
                connection, operator(), facility=EXAMPLE, name="demo", province=hospital.province
            )
        connection.commit()


def _print_welcome(state: State, host: str, port: int) -> None:
    address = f"http://{host}:{port}"
    typer.echo("")
    typer.echo(say("Open %(address)s and sign in with one of:", address=address))
    for person in state.people:
        typer.echo(f"  {person.id:<10} {person.password:<20} {person.name}")
    typer.echo(say("API: %(address)s/api/v1 with the token of facility 01999:", address=address))
    typer.echo(f"  {state.token}")
    typer.echo(say("All data are invented."))


@contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on the error stream."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)
