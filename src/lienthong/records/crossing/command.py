"""`lienthong recheck`: asks kept records again what other databases know, all of them or those that wait."""

from __future__ import annotations

from typing import Annotated

import typer

from lienthong import words
from lienthong.words import say


def recheck(
    contracts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CONTRACT]...", help=say("Every record of these databases.")),
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help=say("Every record of all databases."))
    ] = False,
) -> None:
    """Ask kept records again what other databases know; without names only those that wait."""
    from lienthong import database, settings
    from lienthong.access import operator, policy
    from lienthong.records.crossing import again, due

    chosen = settings.read()
    with database.running(chosen) as found, found.connect(autocommit=True) as connection:
        with connection.transaction():
            policy.allow(connection, operator(), "record.recheck", {"contracts": contracts or []})
        with connection.transaction():
            for one in due.given_up(connection):
                due.try_again(connection, one.contract, operator())
        asked = again.look_again(connection, chosen.home)
        names = again.linked(connection) if all_ else contracts or []
        for name in names:
            for number in again.recheck(connection, name, chosen.home):
                asked += number
    typer.echo(say("%(count)s records were asked again.", count=words.number(asked)))
