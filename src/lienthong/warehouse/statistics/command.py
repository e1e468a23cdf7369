"""`lienthong deidentify`: a reading for statistics that names nobody.

Exit codes: 0 written, 2 refused or not possible; the reason is said and stands in the trail.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lienthong import words
from lienthong.warehouse.command import AsJson, Folder, as_json_text, warehouse_at
from lienthong.words import say


def deidentify(
    contract: Annotated[str, typer.Argument(metavar="DATABASE", help=say("The database."))],
    table: Annotated[str, typer.Argument(metavar="TABLE", help=say("The table."))],
    out: Annotated[
        Path, typer.Option("--out", "-o", help=say("The file to write: .parquet or .csv."))
    ],
    purpose: Annotated[
        str, typer.Option("--purpose", help=say("What for: statistics. It is noted in the trail."))
    ] = "",
    by: Annotated[
        list[str],
        typer.Option("--by", metavar="FIELD", help=say("Count persons by this field; may repeat.")),
    ] = [],  # noqa: B006
    drop: Annotated[
        list[str], typer.Option("--drop", metavar="FIELD", help=say("Leave this field out."))
    ] = [],  # noqa: B006
    least: Annotated[
        int,
        typer.Option("--least", min=0, help=say("The least group, not below the declared one.")),
    ] = 0,
    band: Annotated[
        int, typer.Option("--band", min=0, help=say("Years of birth in one band."))
    ] = 0,
    suppress: Annotated[
        bool, typer.Option("--suppress", help=say("Leave out records that stand alone."))
    ] = False,
    snapshot: Annotated[
        str, typer.Option("--snapshot", "-s", metavar="ID", help=say("Default: the newest."))
    ] = "",
    to: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Write a reading for statistics out of a snapshot, or say why it would show somebody."""
    from lienthong import database, settings
    from lienthong.access import operator
    from lienthong.errors import NotFound
    from lienthong.records.intake import terms
    from lienthong.warehouse.statistics.release import Asked, release

    chosen = settings.read()
    warehouse = warehouse_at(to)
    found = terms.contract(contract, chosen.home)
    known = found.table(table)
    if known is None:
        raise NotFound(
            "release.table",
            "%(contract)s has no table %(table)s; it has: %(known)s.",
            contract=contract,
            table=table,
            known=", ".join(one.name for one in found.tables),
        )
    asked = Asked(
        contract=found,
        table=known,
        drop=frozenset(drop),
        suppress=suppress,
        by=tuple(by),
        least=least or None,
        band=band or None,
    )
    with database.running(chosen) as running, running.connect(autocommit=True) as connection:
        made = release(
            connection,
            operator(),
            warehouse,
            warehouse.read(snapshot or None),
            asked,
            out,
            purpose=purpose or None,
        )
    if as_json:
        typer.echo(as_json_text(made))
        return
    typer.echo(
        say(
            "%(rows)s lines written to %(file)s; %(left)s left out.",
            rows=words.number(made.rows),
            file=str(out),
            left=words.number(made.left_out),
        )
    )
    if made.withheld:
        typer.echo(
            say("%(count)s rows with a wrong identity key stand in no release.", count=words.number(made.withheld))
        )  # fmt: skip
