"""`lienthong procedures`: bring procedures into the catalogue and look at them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from lienthong.errors import Refused
from lienthong.words import number, say

app = typer.Typer(no_args_is_help=True)


@app.command(
    "import",
    help=say(
        "Draft and publish procedures that have a national code; those that are there already are left."
    ),
)
def bring(
    file: Annotated[
        Path | None,
        typer.Argument(
            help=say(
                "A CSV of the declared columns; none: the procedures that public sources name."
            )
        ),
    ] = None,
    valid_from: Annotated[
        str,
        typer.Option(
            "--from", metavar="DAY", help=say("Published from this day, e.g. 2025-07-03.")
        ),
    ] = "2025-07-03",
) -> None:
    """Draft and publish procedures that have a national code; those that are there already are left."""
    from lienthong import database, settings
    from lienthong.access import operator, policy
    from lienthong.procedures import described, known
    from lienthong.procedures.importing import publish_described, publish_new

    day = _day(valid_from)
    read = known.read_file(file) if file else known.Read(known.known())
    listed = read.procedures
    with database.running(settings.read()) as found, found.connect() as conn:
        policy.allow(conn, operator(), "procedure.edit")
        done = publish_new(conn, operator(), listed, file.name if file else "known.csv", day)
        full = None if file else publish_described(conn, operator(), described.described())
        conn.commit()
    typer.echo(
        say(
            "%(published)s procedures published, %(there)s were there already, %(uncoded)s have no code and were"
            " left out.",
            published=number(done.published),
            there=number(done.there),
            uncoded=number(done.uncoded),
        )
    )
    if read.left_out:
        typer.echo(
            say(
                "Columns that nobody here knows were left out: %(columns)s.",
                columns=", ".join(read.left_out),
            )
        )
    if full is not None:
        typer.echo(
            say(
                "%(published)s of them described in full from public decisions; %(uncoded)s descriptions wait for a"
                " national code.",
                published=number(full.published),
                uncoded=number(full.uncoded),
            )
        )


@app.command(
    "list",
    help=say("List the procedures in force."),
)
def listed(
    on: Annotated[
        str, typer.Option("--on", metavar="DAY", help=say("In force on this day; default today."))
    ] = "",
) -> None:
    """List the procedures in force."""
    from lienthong import clock, database, settings
    from lienthong.access import operator, policy
    from lienthong.procedures import catalogue

    day = _day(on) if on else clock.today()
    with database.running(settings.read()) as found, found.connect() as conn:
        policy.allow(conn, operator(), "procedure.read")
        for one in catalogue.all_in_force(conn, day):
            typer.echo(f"{one.code}  v{one.version}  {one.procedure.name.get('vi', '')}")


@app.command(
    "show",
    help=say("Print a procedure as YAML, in the form in which descriptions are declared."),
)
def show(
    code: Annotated[str, typer.Argument(help=say("National code, e.g. 1.012279."))],
    on: Annotated[
        str, typer.Option("--on", metavar="DAY", help=say("In force on this day; default today."))
    ] = "",
) -> None:
    """Print a procedure as YAML, in the form in which descriptions are declared."""
    import msgspec

    from lienthong import clock, database, settings
    from lienthong.access import operator, policy
    from lienthong.procedures import catalogue

    day = _day(on) if on else clock.today()
    with database.running(settings.read()) as found, found.connect() as conn:
        policy.allow(conn, operator(), "procedure.read")
        one = catalogue.in_force(conn, code, day)
    shown = {"valid_from": one.valid_from, "procedure": msgspec.to_builtins(one.procedure)}
    typer.echo(msgspec.yaml.encode(shown).decode())


@app.command(
    "list-import",
    help=say("Bring a unit's list of procedures and compare it with the lists of the others."),
)
def bring_list(
    unit: Annotated[str, typer.Argument(help=say("The unit: office, science or information."))],
    file: Annotated[Path, typer.Argument(help=say("Its list, CSV in UTF-8 or XLSX."))],
) -> None:
    """Bring a unit's list of procedures and compare it with the lists of the others."""
    from lienthong import clock, database, settings
    from lienthong.access import operator, policy
    from lienthong.procedures.lists import bringing, differences
    from lienthong.procedures.lists.listed import read_list
    from lienthong.words import language

    bringing.unit_named(unit)
    try:
        body = file.read_bytes()
    except OSError as wrong:
        raise Refused("LIST-FILE", "%(name)s cannot be read.", name=str(file)) from wrong
    read = read_list(body, file.name)
    for fault in read.faults:
        line = say("Line %(line)s:", line=fault.line) + " " if fault.line else ""
        typer.echo(line + fault.sentence[language()], err=True)
    with database.running(settings.read()) as found, found.connect() as conn:
        policy.allow(conn, operator(), "office.edit")
        done = bringing.bring(conn, operator(), unit, body, file.name, channel="cli", reading=read)
        still = len(differences.listed(conn, clock.today()))
        conn.commit()
    typer.echo(
        say(
            "Version %(version)s with %(rows)s procedures is kept; %(count)s differences between the lists are open.",
            version=number(done.version), rows=number(done.rows), count=number(still),
        )
    )  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(
            "PROCEDURE-DAY", "“%(text)s” is no day; write it like 2025-07-03.", text=text
        ) from None
