"""`lienthong audit`: what an inspector runs to see that nobody changed the trail."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path

import typer

from lienthong import audit, clock, database, settings, words
from lienthong.words import say

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.command(help=say("Recompute the whole trail; exit code 1 when anything was changed."))
def verify(
    key: list[str] = typer.Option(
        [], help=say("Public key (hex) to trust for checkpoints; without it any valid one.")
    ),
    as_json: bool = typer.Option(False, "--json", help=say("Print JSON for machines.")),
) -> None:
    """Read every entry, recompute its hash and compare ends and checkpoints."""
    with database.running() as found, found.connect() as connection:
        result = audit.verify(connection, frozenset(key) if key else None)
    if as_json:
        breaks = [{"lane": b.lane, "place": b.place, "reason": b.reason} for b in result.breaks]
        typer.echo(
            json.dumps(
                {"entries": result.entries, "checkpoints": result.checkpoints, "breaks": breaks}
            )
        )
    else:
        typer.echo(
            say(
                "%(entries)s entries and %(checkpoints)s checkpoints read.",
                entries=words.number(result.entries),
                checkpoints=words.number(result.checkpoints),
            )
        )
        for found_break in result.breaks:
            place = f"{found_break.lane}/{found_break.place}"
            typer.secho(f"{place}: {say(found_break.reason)}", fg="red")
        if not result.breaks:
            typer.secho(say("The trail is whole."), fg="green")
    raise typer.Exit(1 if result.breaks else 0)


@app.command(help=say("Sign the present end of the trail and print one line to keep elsewhere."))
def checkpoint() -> None:
    """Sign with the key in the data folder; the key is made at the first call."""
    with database.running() as found, found.connect() as connection:
        line = audit.checkpoint(connection, signing_key(settings.read().home))
    typer.echo(line)


@app.command(help=say("List the newest entries."))
def show(
    act: str = typer.Option(None, help=say("Only this act.")),
    actor: str = typer.Option(None, help=say("Only acts of this account or token.")),
    limit: int = typer.Option(50, min=1, max=10_000, help=say("How many.")),
) -> None:
    """One line per entry, newest first."""
    with database.running() as found, found.connect() as connection:
        for entry in audit.entries(connection, act=act, actor=actor, limit=limit):
            about = json.dumps(entry.about, ensure_ascii=False)
            moment = clock.local(entry.at).isoformat(sep=" ", timespec="seconds")
            typer.echo(f"{moment}  {entry.actor}  {entry.act}  {about}")


def signing_key(home: Path) -> bytes:
    """The private key of the checkpoints (HOME/keys/audit.key, readable by the owner only), made if missing."""
    path = home / "keys" / "audit.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = path.with_name(f".audit-{secrets.token_hex(4)}.key")
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_bytes(32).hex())
        with contextlib.suppress(FileExistsError):  # another program was faster: its key holds
            os.link(own, path)
        own.unlink()
    return bytes.fromhex(path.read_text().strip())
