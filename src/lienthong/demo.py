"""A small country to look at: invents submissions, sends them through the real receiving and serves the site.

Everything is synthetic. A second run finds what the first one made and only serves.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from lienthong.demo_dossiers import ACCOUNTS, meanwhile
from lienthong.demo_loading import bar
from lienthong.listening import must_be_free
from lienthong.words import number, say

if TYPE_CHECKING:
    from lienthong.database import Database
    from lienthong.synthetic.nation import Nation

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
    citizens: int
    days: int
    faults: bool
    people: list[Person]
    dossiers: int = 0
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
    citizens: Annotated[int, typer.Option("--citizens", help=say("How many people."))] = 7000,
    days: Annotated[
        int, typer.Option("--days", help=say("Over how many days they were sent."))
    ] = 30,
    seed: Annotated[
        int, typer.Option("--seed", help=say("The same seed makes the same data."))
    ] = 7,
    until: Annotated[
        datetime | None,
        typer.Option("--until", help=say("The moment of the last sending (Vietnam time).")),
    ] = None,
    dossiers: Annotated[
        int,
        typer.Option(
            "--dossiers", help=say("How many dossiers of procedures were filed in the last year.")
        ),
    ] = 20_000,
    clean: Annotated[bool, typer.Option("--clean", help=say("Plant no faults."))] = False,
    port: Annotated[int | None, typer.Option("--port", help=say("Port of the site."))] = None,
    portal_port: Annotated[
        int, typer.Option("--portal-port", help=say("Port of the stand-in Portal."))
    ] = 8010,
) -> None:
    """Make demonstration data, load it and serve the site."""
    from lienthong import database, settings

    chosen = settings.read()
    state = State(
        until=until or now(),
        seed=seed,
        citizens=citizens,
        days=days,
        faults=not clean,
        people=[],
        dossiers=dossiers,
    )
    if files is not None:
        _only_write(_nation(state, chosen.home), files)
        return
    if serve:
        must_be_free(chosen.host, port or chosen.port)
    folder = chosen.home / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder, state)
    with database.running(chosen) as found:
        if not state.done:
            from lienthong.demo_loading import load

            nation = _nation(state, chosen.home)
            _write_facilities(nation, chosen.home)
            _publish_procedures(found)
            _fill_office(found, state.seed)
            with meanwhile(
                found.url, chosen.home, seed=state.seed, citizens=state.citizens, until=state.until,
                count=state.dossiers,
            ):  # fmt: skip
                load(found, nation, folder, chosen.home)
            _forget_invented_waits(found)
            _open_accounts(found, nation, state)
            state.done = True
            _keep(folder, state)
        if not serve:
            _print_welcome(state, chosen.host, port or chosen.port)
            return
        from lienthong.app import serve_database
        from lienthong.demo_portal import beside

        address = f"http://{chosen.host}:{port or chosen.port}"
        with beside(found, chosen, address, portal_port) as portal:
            _print_welcome(state, chosen.host, port or chosen.port, portal)
            serve_database(found, chosen.host, port or chosen.port, jobs=chosen.jobs)


def _nation(state: State, home: Path) -> Nation:
    from lienthong.demo_loading import nation_of

    return nation_of(
        home, seed=state.seed, citizens=state.citizens, until=state.until, days=state.days, small=True,
        faults=state.faults,
    )  # fmt: skip


def now() -> datetime:
    """Now in Vietnam, without a zone and without seconds; in the small hours, yesterday evening."""
    from lienthong import clock

    moment = clock.local(clock.now()).replace(tzinfo=None, second=0, microsecond=0)
    if moment.hour < EARLIEST_HOUR:
        moment = (moment - timedelta(days=1)).replace(hour=23, minute=30)
    return moment


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


def _only_write(nation: Nation, folder: Path) -> None:
    from lienthong.demo_loading import invent
    from lienthong.synthetic.files import LEDGER

    folder.mkdir(parents=True, exist_ok=True)
    with bar(say("Writing"), len(nation.catchments)) as advance:
        written = [one for one, _ in invent(nation, folder, advance, bodies=True)]
    typer.echo(
        say(
            "%(files)s submissions with %(units)s records in %(folder)s; planted faults: %(faults)s (%(ledger)s)",
            files=number(len(written)),
            units=number(sum(one.units for one in written)),
            folder=str(folder),
            faults=number(sum(one.faults for one in written)),
            ledger=LEDGER,
        )  # fmt: skip
    )


def _write_facilities(nation: Nation, home: Path) -> None:
    """The list of invented hospitals as an own code list, unless the folder has one already."""
    from lienthong.synthetic.senders_list import write_list

    write_list(
        home / "codes" / FACILITIES,
        ((one.code, one.name, one.province) for one in nation.hospitals),
    )


def _forget_invented_waits(database: Database) -> None:
    """Submissions of the past were kept today: how long they waited to be kept is no fact, so it is not shown."""
    from lienthong.records.store.owner import as_owner

    with database.connect() as connection:
        with as_owner(connection):
            connection.execute("DELETE FROM records.delay WHERE step <> 'received'")
        connection.commit()


def _publish_procedures(database: Database) -> None:
    """The procedures that public sources name, from the day of their list on, then those described in full."""
    from lienthong.access import operator
    from lienthong.procedures.described import described
    from lienthong.procedures.importing import publish_described, publish_new
    from lienthong.procedures.known import known

    with database.connect() as connection:
        publish_new(connection, operator(), known(), "known.csv", date(2025, 7, 3))
        publish_described(connection, operator(), described())
        _draft_a_reduction(connection)
        connection.commit()


def _draft_a_reduction(connection: Any) -> None:
    """A real proposal as the draft that waits: Đồng Nai's plan of 20/11/2025 cuts 25 working days to 23."""
    from msgspec.structs import replace

    from lienthong.access import operator
    from lienthong.procedures import catalogue

    code, origin = "1.001699", "QĐ 2816/QĐ-UBND (Đồng Nai)"
    if any(one.origin == origin for one in catalogue.versions(connection, code)):
        return
    ours = catalogue.versions(connection, code)[0].procedure
    cut = tuple(
        replace(one, value=23, basis=origin) if one.value == 25 else one for one in ours.limits
    )
    text = replace(
        ours,
        manners=(replace(ours.manners[0], limits=cut),),
        limit_text="23 ngày làm việc (đề xuất)",
    )
    catalogue.draft(connection, operator(), text, origin)


def _fill_office(database: Database, seed: int) -> None:
    """What the Office keeps, invented and marked so."""
    from lienthong.synthetic import office

    with database.connect() as connection:
        office.load(connection, seed)
        connection.commit()


def _open_accounts(database: Database, nation: Nation, state: State) -> None:
    from lienthong.access import accounts, operator, tokens
    from lienthong.synthetic.facilities import EXAMPLE

    hospital = nation.hospitals[0]
    wanted = [
        ("bo", "Cán bộ Bộ Y tế (mẫu)", ("administrator", "ministry_officer"), None, None),
        ("benhvien", hospital.name, ("facility_officer",), EXAMPLE, hospital.province),
        ("soyte", "Cán bộ Sở Y tế (mẫu)", ("province_officer",), None, hospital.province),
        ("chuquan", "Đơn vị chủ quản cơ sở dữ liệu (mẫu)", ("database_owner",), None, None),
        ("thanhtra", "Thanh tra Bộ Y tế (mẫu)", ("inspector",), None, None),
        *ACCOUNTS,
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


def _print_welcome(state: State, host: str, port: int, portal: str | None = None) -> None:
    address = f"http://{host}:{port}"
    typer.echo("")
    typer.echo(say("Open %(address)s and sign in with one of:", address=address))
    for person in state.people:
        typer.echo(f"  {person.id:<12} {person.password:<20} {person.name}")
    typer.echo(say("API: %(address)s/api/v1 with the token of facility 01999:", address=address))
    typer.echo(f"  {state.token}")
    if portal:
        typer.echo(
            say(
                "The stand-in Portal, where citizens file and faults are dealt: %(address)s",
                address=portal,
            )
        )
    typer.echo(say("All data are invented."))
