"""`lienthong reports`: compute and keep figures, verify kept ones, write forms and the index as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lienthong.words import number, say

app = typer.Typer(no_args_is_help=True)
Text = Annotated[
    str, typer.Argument(metavar="PERIOD", help=say("2026-11, 2026-Q4, 2026-H2, 2026 or two days."))
]


@app.command(
    "compute",
    help=say("Bring the base up to the events and keep the figures of a period."),
)
def compute(
    period: Text,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help=say("Make the base again first, after a change of calendar or rules.")
        ),
    ] = False,
) -> None:
    """Bring the base up to the events and keep the figures of a period."""
    from lienthong import database, settings
    from lienthong.access import operator, policy
    from lienthong.records.intake import terms
    from lienthong.reports import editions, figures, standing
    from lienthong.reports.period import parse

    chosen, when = settings.read(), parse(period)
    with database.running(chosen) as found, found.connect() as conn:
        policy.allow(conn, operator(), "report.read")
        followed = standing.rebuild(conn) if again else standing.follow(conn)
        made = figures.computed(
            conn, when, terms.codes(chosen.home), editions.declared(chosen.home)
        )
        kept = figures.keep(conn, made)
        upto = standing.position(conn)
        conn.commit()
    typer.echo(
        say(
            "%(figures)s figures of %(period)s kept, counted up to event %(event)s; %(dossiers)s dossiers had changed.",
            figures=number(kept),
            period=when.code,
            event=number(upto),
            dossiers=number(followed.dossiers),
        )
    )


@app.command(
    "verify",
    help=say(
        "Compute kept figures again over the events they were counted up to, and compare. Exit code 1: some differ."
    ),
)
def verify(
    period: Annotated[
        str, typer.Argument(metavar="PERIOD", help=say("All kept periods when none is given."))
    ] = "",
) -> None:
    """Compute kept figures again over the events they were counted up to, and compare. Exit code 1: some differ."""
    from lienthong import database, settings
    from lienthong.access import operator, policy
    from lienthong.records.intake import terms
    from lienthong.reports import editions, figures, identities
    from lienthong.reports.period import parse

    chosen, bad = settings.read(), 0
    with database.running(chosen) as found, found.connect() as conn:
        policy.allow(conn, operator(), "report.read")
        for when in [parse(period)] if period else figures.periods(conn):
            done = figures.verify(
                conn, when, terms.codes(chosen.home), editions.declared(chosen.home)
            )
            bad += len(done.differing)
            typer.echo(
                say(
                    "%(period)s: %(figures)s figures, %(differing)s differ.",
                    period=when.code,
                    figures=number(done.figures),
                    differing=number(len(done.differing)),
                )
            )
            for one in identities.broken(conn, when, terms.codes(chosen.home)):
                bad += 1
                typer.echo(f"  {one.identity} {one.by} {one.line}: {one.left} / {one.right}")
            for kept, again in done.differing[:20]:
                now = again.value if again else None
                typer.echo(f"  {kept.what} {kept.scope} {kept.detail}: {kept.value} / {now}")
        conn.rollback()
    raise typer.Exit(1 if bad else 0)


@app.command(
    "export",
    help=say("Write a form or the index as a file in the shape of the official form."),
)
def export(
    what: Annotated[str, typer.Argument(help=say("II.06a, II.06b, II.07b or 766."))],
    period: Text,
    out: Annotated[Path, typer.Option("--out", "-o", help=say("A file .xlsx or .pdf."))],
    province: Annotated[str, typer.Option(help=say("Only this province (two digits)."))] = "",
    unit: Annotated[str, typer.Option(help=say("Only this agency."))] = "",
) -> None:
    """Write a form or the index as a file in the shape of the official form."""
    from lienthong import clock, database, settings
    from lienthong.access import operator, policy
    from lienthong.records.intake import terms
    from lienthong.reports import editions, keeping, making
    from lienthong.reports.cells import Among
    from lienthong.reports.period import parse

    chosen = settings.read()
    making.kind_of(out.suffix.removeprefix("."))
    with database.running(chosen) as found, found.connect() as conn:
        policy.allow(conn, operator(), "report.read")
        upto = keeping.fresh(conn)
        asked = making.Asked(
            period=parse(period),
            among=Among(unit=unit, province=province),
            codes=terms.codes(chosen.home),
            declared=editions.declared(chosen.home),
            position=upto.position,
            moment=clock.now(),
        )
        sheet = making.sheet(conn, what, asked)
        conn.commit()
    out.write_bytes(making.written(sheet, out.suffix.removeprefix("."), clock.now(), chosen.home))
    typer.echo(say("Written: %(file)s", file=out.name))
