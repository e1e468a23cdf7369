"""`lienthong database`: prepare, describe and hold open the database."""

from __future__ import annotations

import json
import signal

import typer

from lienthong import database
from lienthong.words import say

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.command(help=say("Create or update the tables, and say where the database is."))
def prepare(
    as_json: bool = typer.Option(False, "--json", help=say("Print JSON for machines.")),
) -> None:
    """Find or start the database and bring its tables up to date."""
    with database.running() as found, found.connect() as connection:
        version = connection.info.server_version
        facts = {
            "place": found.shown,
            "server": f"PostgreSQL {version // 10_000}.{version % 10_000}",
            "revision": database.HEAD,
            "own": found.cluster is not None,
        }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    typer.echo(say("Database: %(place)s", place=facts["place"]))
    typer.echo(say("Server: %(server)s, tables at revision %(revision)s", **facts))


@app.command(help=say("Keep the own server running until Ctrl-C, for other programs to use."))
def run() -> None:
    """Start the own server and wait."""
    with database.running() as found:
        typer.echo(say("Database: %(place)s", place=found.shown))
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
