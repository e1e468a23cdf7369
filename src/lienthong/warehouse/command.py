"""`lienthong snapshot`, `snapshots` and `rescore`: the store as columns, and its scores made again from them.

Exit codes: 0 done, 1 done and something disagrees (a damaged file, other counts than the store's), 2 not possible.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lienthong import words
from lienthong.errors import Refused
from lienthong.words import say

if TYPE_CHECKING:
    from lienthong.warehouse.manifest import Manifest, Warehouse
    from lienthong.warehouse.rescoring import Rescored

SHOWN = 20
"""Differences that are shown one by one."""

Folder = Annotated[
    Path | None,
    typer.Option(
        "--to", help=say("The folder of the warehouse (default: warehouse/ in the data folder).")
    ),
]
Chosen = Annotated[
    list[str],
    typer.Option("--contract", "-c", metavar="NAME", help=say("Only this database; may repeat.")),
]
AsJson = Annotated[bool, typer.Option("--json", help=say("Print JSON for machines."))]


def warehouse_at(to: Path | None) -> Warehouse:
    from lienthong import settings
    from lienthong.warehouse.manifest import Warehouse

    return Warehouse(to or settings.read().home / "warehouse")


def snapshot(to: Folder = None, contract: Chosen = [], as_json: AsJson = False) -> None:  # noqa: B006
    """Write what changed since the last snapshot as Parquet, and the manifest of the whole."""
    from lienthong import database, settings
    from lienthong.access import operator
    from lienthong.warehouse.taking import take

    chosen = settings.read()
    with (
        database.running(chosen) as found,
        found.connect(autocommit=True) as connection,
        _counting(quiet=as_json) as progress,
    ):
        manifest = take(
            connection,
            warehouse_at(to),
            operator(),
            home=chosen.home,
            only=tuple(contract),
            progress=progress,
        )
    if as_json:
        typer.echo(as_json_text(manifest))
        return
    typer.echo(
        say(
            "Snapshot %(id)s: %(rows)s rows in %(partitions)s partitions, %(rewritten)s of them written now.",
            id=manifest.id,
            rows=words.number(manifest.rows),
            partitions=words.number(len(manifest.partitions)),
            rewritten=words.number(manifest.rewritten),
        )
    )


def snapshots(
    to: Folder = None,
    verify: Annotated[
        str, typer.Option("--verify", metavar="ID", help=say("Read every file of this snapshot."))
    ] = "",
    keep: Annotated[
        int, typer.Option("--keep", min=0, help=say("Take away all but the newest so many."))
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """List the snapshots; verify one, or take old ones away."""
    warehouse = warehouse_at(to)
    if verify:
        damaged = warehouse.verify(warehouse.read(verify))
        for file in damaged:
            typer.secho(file, fg="red")
        if not damaged:
            typer.secho(say("Every file is whole."), fg="green")
        raise typer.Exit(1 if damaged else 0)
    if keep:
        with warehouse.held():
            gone, files = warehouse.prune(keep)
        typer.echo(
            say(
                "%(snapshots)s snapshots and %(files)s files taken away.",
                snapshots=words.number(len(gone)),
                files=words.number(files),
            )
        )
        return
    listed = [warehouse.read(id) for id in warehouse.ids()]
    if as_json:
        typer.echo(as_json_text([_about(one) for one in listed]))
    else:
        _list(listed)


def rescore(
    engine: Annotated[
        str, typer.Option("--engine", "-e", help=say("duckdb on this machine, or spark."))
    ] = "duckdb",
    master: Annotated[
        str, typer.Option("--master", metavar="URL", help=say("Spark's master; default local[*]."))
    ] = "local[*]",
    snapshot: Annotated[
        str, typer.Option("--snapshot", "-s", metavar="ID", help=say("Default: the newest."))
    ] = "",
    as_of: Annotated[
        str,
        typer.Option(
            "--as-of", metavar="MOMENT", help=say("The snapshot of this moment or before.")
        ),
    ] = "",
    to: Folder = None,
    contract: Chosen = [],  # noqa: B006
    names: Annotated[
        bool, typer.Option("--names", help=say("Also write which rows break which rules."))
    ] = False,
    memory: Annotated[
        str, typer.Option("--memory", help=say("Memory of DuckDB; more goes to disk."))
    ] = "1GB",
    as_json: AsJson = False,
) -> None:
    """Ask the rules of today over a snapshot of the nation, and compare with the counts of the store."""
    from lienthong import settings
    from lienthong.access import operator, policy
    from lienthong.warehouse.rescoring import rescore as run

    chosen = settings.read()
    policy.decide(operator(), "warehouse.snapshot", {})
    if names:
        _note_names(chosen, tuple(contract))
    warehouse = warehouse_at(to)
    manifest = warehouse.as_of(_moment(as_of)) if as_of else warehouse.read(snapshot or None)
    with (
        tempfile.TemporaryDirectory(prefix="rescore-") as work,
        _engine(engine, master, memory, warehouse, Path(work)) as made,
        _counting(quiet=as_json) as progress,
    ):
        result = run(
            warehouse,
            manifest,
            made,
            home=chosen.home,
            only=tuple(contract),
            name_rows=names,
            progress=progress,
        )
    if as_json:
        typer.echo(as_json_text(result))
    else:
        _print(result)
    raise typer.Exit(1 if result.differences else 0)


@contextmanager
def _engine(name: str, master: str, memory: str, warehouse: Warehouse, work: Path) -> Iterator[Any]:
    if name == "duckdb":
        from lienthong.warehouse.duck import Duck

        made: Any = Duck(warehouse.root, work, memory=memory)
    elif name == "spark":
        from lienthong.warehouse.spark import Spark

        made = Spark(warehouse.root, master=master)
    else:
        raise Refused(
            "rescore.engine", "There is no engine %(name)s; there are: duckdb, spark.", name=name
        )
    try:
        yield made
    finally:
        made.close()


def _note_names(chosen: Any, contracts: tuple[str, ...]) -> None:
    """Names of rows are the keys of records: whoever wants them reads records, and that is noted."""
    from lienthong import database
    from lienthong.access import operator, policy

    with database.running(chosen) as found, found.connect() as connection:
        policy.allow(
            connection,
            operator(),
            "record.search",
            {"contract": ", ".join(contracts) or "*"},
            purpose="quality",
        )
        connection.commit()


def _moment(text: str) -> datetime:
    from lienthong import clock

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            "moment.unread", "“%(text)s” is no moment; write it as 2026-11-22T09:15.", text=text
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.VIETNAM)


@contextmanager
def _counting(*, quiet: bool) -> Iterator[Callable[[str, int], None] | None]:
    """One line on the error stream that says where the work stands."""
    if quiet:
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("…") as status:
        yield lambda table, rows: status.update(f"{table} · {words.number(rows)}")


def as_json_text(value: Any) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _about(manifest: Manifest) -> dict[str, Any]:
    return {
        "id": manifest.id,
        "taken_at": manifest.taken_at,
        "receipts": manifest.position.receipts,
        "rows": manifest.rows,
        "partitions": len(manifest.partitions),
        "rewritten": manifest.rewritten,
        "contracts": {one.name: one.version for one in manifest.contracts},
    }


def _list(listed: list[Manifest]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title, right in (
        ("Snapshot", False),
        ("Time", False),
        ("Databases", True),
        ("Rows", True),
        ("Partitions", True),
        ("Written", True),
    ):
        table.add_column(say(title), justify="right" if right else "left", no_wrap=True)
    for one in listed:
        numbers = (len(one.contracts), one.rows, len(one.partitions), one.rewritten)
        table.add_row(one.id, words.moment(one.taken_at), *map(words.number, numbers))
    Console(highlight=False).print(table)


def _print(result: Rescored) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        say(
            "%(rows)s rows of snapshot %(snapshot)s rescored by %(engine)s in %(seconds)s s.",
            rows=words.number(result.rows),
            snapshot=result.snapshot,
            engine=result.engine,
            seconds=words.number(result.seconds, 1),
        )
    )
    if not result.differences:
        console.print(f"[green]{say('Every count is that of the store.')}[/]")
    else:
        console.print(
            say(
                "%(count)s rules count otherwise than the store did:",
                count=words.number(len(result.differences)),
            )
        )
        table = Table(box=None, pad_edge=False)
        for title in ("Table", "Rule", "Failed", "In the store", "Undecided", "In the store"):
            right = title in ("Failed", "In the store", "Undecided")
            table.add_column(say(title), justify="right" if right else "left")
        for one in result.differences[:SHOWN]:
            numbers = (one.failed, one.failed_in_store, one.unknown, one.unknown_in_store)
            table.add_row(
                f"{one.contract}.{escape(one.table)}",
                escape(one.rule),
                *map(words.number, numbers),
            )
        console.print(table)
    if result.lacking:
        lacking = say(
            "The snapshot was taken without these databases, so rules that look at them could not be asked: %(names)s."
            " Take a snapshot of all databases to compare every count.",
            names=", ".join(result.lacking),
        )
        console.print(f"[yellow]{escape(lacking)}[/]")
    console.print(say("Results: %(path)s", path=result.folder), markup=False)
