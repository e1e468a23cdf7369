"""`lienthong country`: writes the submissions of a large invented country, a catchment at a time, with its ledger."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lienthong.errors import Refused
from lienthong.words import number, say

if TYPE_CHECKING:
    from lienthong.synthetic.nation import Nation


def country(
    out: Annotated[Path, typer.Option("--out", help=say("The folder that gets the files."))],
    citizens: Annotated[
        int, typer.Option("--citizens", min=1, help=say("How many people."))
    ] = 1_000_000,
    days: Annotated[
        int, typer.Option("--days", min=1, help=say("Over how many days they were sent."))
    ] = 30,
    seed: Annotated[
        int, typer.Option("--seed", help=say("The same seed makes the same data."))
    ] = 7,
    until: Annotated[
        datetime | None,
        typer.Option("--until", help=say("The moment of the last sending (Vietnam time).")),
    ] = None,
    form: Annotated[
        str, typer.Option("--form", help=say("Form of the tables: parquet, csv or jsonl."))
    ] = "parquet",
    clean: Annotated[bool, typer.Option("--clean", help=say("Plant no faults."))] = False,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help=say("How many processes write."))
    ] = 2,
) -> None:
    """Write the submissions of a large invented country; what was interrupted is taken up."""
    from lienthong import settings
    from lienthong.demo_loading import bar, nation_of
    from lienthong.synthetic.country_files import FORMS, is_done
    from lienthong.synthetic.senders_list import write_senders

    if form not in FORMS:
        raise Refused(
            "country.form", "There is no form %(name)s; there are: %(known)s.", name=form, known=", ".join(FORMS)
        )  # fmt: skip
    nation = nation_of(
        settings.read().home, seed=seed, citizens=citizens, until=_until(out, until), days=days, small=False,
        faults=not clean,
    )  # fmt: skip
    write_senders(nation, out)
    waiting = [one.place for one in nation.catchments if not is_done(out, one)]
    rows = 0
    with (
        bar(say("Writing"), len(nation.catchments)) as advance,
        ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as workers,
    ):
        advance(len(nation.catchments) - len(waiting))
        for done in as_completed(
            [workers.submit(_write, nation, place, out, form) for place in waiting]
        ):
            rows += done.result()
            advance(1)
    typer.echo(
        say(
            "%(catchments)s catchments and %(rows)s rows written into %(folder)s.",
            catchments=number(len(waiting)), rows=number(rows), folder=str(out),
        )
    )  # fmt: skip


def _until(out: Path, given: datetime | None) -> datetime:
    """The last moment: given, or kept from the run that is taken up, or now."""
    from lienthong.demo import now

    file = out / "until"
    if given is None and file.is_file():
        return datetime.fromisoformat(file.read_text())
    moment = given or now()
    out.mkdir(parents=True, exist_ok=True)
    file.write_text(moment.isoformat())
    return moment


def _write(nation: Nation, place: int, folder: Path, form: str) -> int:
    from lienthong.synthetic.country_files import write_catchment

    return write_catchment(nation, place, folder, form)
