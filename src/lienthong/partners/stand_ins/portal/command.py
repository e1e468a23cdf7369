"""`lienthong portal-stand-in`: a Portal to practise with, for who has no access to the real one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lienthong.words import say

TOKEN = "PORTAL_STAND_IN_TOKEN"  # noqa: S105 the name of a variable


def portal_stand_in(
    port: Annotated[int, typer.Option("--port", help=say("Port to listen on."))] = 8010,
    host: Annotated[str, typer.Option("--host", help=say("Address to listen on."))] = "127.0.0.1",
    site: Annotated[
        str,
        typer.Option("--site", help=say("Where our system answers, for what the Portal pushes.")),
    ] = "http://127.0.0.1:8000",
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            help=say("A file with the token of role portal; or variable %(name)s.", name=TOKEN),
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help=say("Keep what it holds in this file, over restarts.")),
    ] = None,
    attached: Annotated[
        bool,
        typer.Option(
            "--attached", help=say("End when the input ends (for the program that serves).")
        ),
    ] = False,
) -> None:
    """Run a Portal to practise with: pages of a citizen, faults on demand, everything invented."""
    from lienthong import settings
    from lienthong.errors import Unavailable
    from lienthong.partners.stand_ins.portal import catalogue
    from lienthong.partners.stand_ins.portal.memory import Memory
    from lienthong.partners.stand_ins.portal.pushing import Site
    from lienthong.partners.stand_ins.portal.site import StandIn
    from lienthong.procedures.agencies import agencies

    token = (
        token_file.read_text("utf-8").strip() if token_file else os.environ.get(TOKEN, "").strip()
    )
    deliver = Site(site, token) if token else None
    memory = Memory(file=file)
    catalogue.fill(memory, agencies(settings.read().home))
    try:
        with StandIn(memory, port=port, host=host, deliver=deliver, by_itself=True) as standin:
            typer.echo(
                say("The stand-in Portal is at %(address)s; Ctrl-C ends it.", address=standin.url)
            )
            if deliver is None:
                typer.echo(say("Without a token it pushes nothing: give --token-file."))
            if attached:
                import sys

                sys.stdin.buffer.read()
            else:
                standin.wait()
    except OSError as error:
        raise Unavailable(
            "stand_in.port",
            "The stand-in cannot listen there: %(why)s.",
            why=error.strerror or str(error),
        ) from error
