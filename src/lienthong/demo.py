"""A small country to look at: invents submissions, sends them through the real receiving and serves the site.

Everything is synthetic. A second run finds what the first one made and only serves.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from lienthong.words import number, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from lienthong.database import Database
    from lienthong.synthetic.country import Country
    from lienthong.synthetic.files import Written

FACILITIES = "facilities.csv"
STATE = "demo.json"
EARLIEST_HOUR = 4


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
    per_file: Annotated[int, typer.Option("--per-file", help=say("Visits in one file."))] = 60,
    registers: Annotated[
        int,
        typer.Option(
            "--registers", help=say("Facilities that also send staff, births and deaths.")
        ),
    ] = 16,
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
        folder, State(until=until or _now(), seed=seed, visits=visits, days=days, people=[])
    )
    country = Country(
        seed=state.seed, visits=state.visits, until=state.until, days=state.days, per_file=per_file,
        registers=registers, per_old_province=0, faults=not clean,
    )  # fmt: skip
    with database.running(chosen) as found:
        if not state.done:
            _write_facilities(country, chosen.home)
            _load_country(found, country, folder, chosen.home)
            _open_accounts(found, country, state)
            state.done = True
            _keep(folder, state)
        _print_welcome(state, chosen.host, port or chosen.port)
        if serve:
            from lienthong.app import serve_database

            serve_database(found, chosen.host, port or chosen.port, jobs=chosen.jobs)


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
            writer.writerow(
                [one.code, one.name, one.name, one.name, "20180101", "", "", one.province]
            )


def _load_country(database: Database, country: Country, folder: Path, home: Path) -> None:
    """Write the submissions and send them, two at a time; what is there already answers with its first receipt."""
    from lienthong.synthetic.files import write_country

    with _bar(say("Inventing submissions"), country.visits + 3 * country.registers) as advance:
        written = list(write_country(country, folder, advance))
    firsts, seen = [], set()
    for one in written:
        if one.contract not in seen:
            firsts.append(one)
        seen.add(one.contract)
    rest = [one for one in written if one not in firsts]
    with _bar(say("Loading submissions"), len(written)) as advance:
        for one in firsts:  # they make the tables of their contract
            send(database.url, one, folder, home)
            advance(1)
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
            waiting = [workers.submit(send, database.url, one, folder, home) for one in rest]
            for done in as_completed(waiting):
                done.result()
                advance(1)


def send(url: str, one: Written, folder: Path, home: Path) -> str:
    """Send one file as if it had come when it was sent; gives its receipt. Runs in a process of its own."""
    from lienthong import clock
    from lienthong.database import Database
    from lienthong.records import intake

    with Database(url).connect(autocommit=True) as connection:
        given = intake.receive(
            connection, folder / one.name, contract=one.contract, sender=one.sender, actor="demo", name=one.name,
            channel="demo", home=home, province=one.province,
            received=datetime.fromisoformat(one.sent).replace(tzinfo=clock.VIETNAM),
        )  # fmt: skip
        return intake.process(connection, given.receipt, home=home).receipt


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
