"""`lienthong settings`: every setting, what it means, its default and its present value."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from lienthong import settings as all_settings
from lienthong.words import say


def settings(
    as_json: bool = typer.Option(False, "--json", help=say("Print JSON for machines.")),
) -> None:
    """Show every setting and its value."""
    lines = all_settings.document()
    if as_json:
        typer.echo(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=2))
        return
    for line in lines:
        typer.secho(f"{line.variable} = {line.value}", bold=line.given)
        default = line.default or say("none")
        typer.echo(f"    {say(line.sentence)} ({say('default')}: {default})")
