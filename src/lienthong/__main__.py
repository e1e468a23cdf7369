"""The command `lienthong`: one table of commands, each imported only when it is called.

Exit codes: 0 done and nothing to complain about, 1 done with findings, 2 could not be done.
"""

from __future__ import annotations

import importlib
import signal
import sys
import traceback
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from lienthong import __version__
from lienthong.command_words import UsageError, mistake, speak, stand_in
from lienthong.errors import Failure, Refused
from lienthong.words import say

COMMANDS: dict[str, tuple[str, str]] = {
    "check": (
        "lienthong.check_command:check",
        "Check a file against a data contract; needs no database.",
    ),
    "contract": (
        "lienthong.contracts.command:app",
        "Look at data contracts: lint, show, diff, export.",
    ),
    "load": (
        "lienthong.records.command:load",
        "Send a file to the store and read its receipt.",
    ),
    "submissions": (
        "lienthong.records.command:submissions",
        "List submissions and show receipts.",
    ),
    "recheck": (
        "lienthong.records.crossing.command:recheck",
        "Ask kept records again what other databases know.",
    ),
    "snapshot": (
        "lienthong.warehouse.command:snapshot",
        "Write what changed in the store as Parquet, for questions to the whole nation.",
    ),
    "snapshots": (
        "lienthong.warehouse.command:snapshots",
        "List, verify or take away snapshots.",
    ),
    "rescore": (
        "lienthong.warehouse.command:rescore",
        "Ask the rules again over a snapshot, by DuckDB or Spark.",
    ),
    "deidentify": (
        "lienthong.warehouse.statistics.command:deidentify",
        "Write a de-identified reading for statistics, or say why it may not be.",
    ),
    "procedures": (
        "lienthong.procedures.command:app",
        "The catalogue of administrative procedures: import, list.",
    ),
    "portal-stand-in": (
        "lienthong.partners.stand_ins.portal.command:portal_stand_in",
        "Run a Portal to practise with: its citizens' pages, its faults.",
    ),
    "reports": (
        "lienthong.reports.command:app",
        "Numbers for those who govern: compute and keep, verify, write as files.",
    ),
    "serve": ("lienthong.app:serve", "Serve the site and the API."),
    "worker": ("lienthong.worker:worker", "Do the jobs that wait."),
    "demo": ("lienthong.demo:demo", "Make demonstration data, load it and serve the site."),
    "country": (
        "lienthong.country_command:country",
        "Write the submissions of a large invented country.",
    ),
    "account": ("lienthong.access.command:app", "Accounts, roles and the tokens of senders."),
    "audit": ("lienthong.audit_command:app", "Verify the audit trail."),
    "database": ("lienthong.database_command:app", "Prepare, start or describe the database."),
    "settings": ("lienthong.settings_command:settings", "Show every setting and its value."),
}
"""name: (module:attribute, summary). The attribute is a function, or a typer.Typer with subcommands."""


class Commands(TyperGroup):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in with the summary only; enough for lists and completion."""
        if cmd_name not in COMMANDS:
            return None
        return stand_in(cmd_name, say(COMMANDS[cmd_name][1]))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise Refused(
                "command.unknown", "There is no command %(name)s; there are: %(known)s.",
                name=args[0], known=", ".join(COMMANDS),
            )  # fmt: skip
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else command, rest


def load(name: str) -> Any:
    """Import one command of the table and make it callable."""
    place, summary = COMMANDS[name]
    module, _, attribute = place.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False, rich_markup_mode=None)
        found.command(name, help=say(summary), no_args_is_help=False)(function)
    found.rich_markup_mode, found._add_completion = None, False
    command = typer.main.get_command(found)
    command.name = name
    command.help = say(summary)
    speak(command)
    return command


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=False)
def _lienthong(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help=say("Show the version and exit.")
    ),
) -> None:
    pass


def _leave(number: int, _: object) -> None:
    sys.exit(128 + number)


def main() -> None:
    """Run one command; a Failure is said in the reader's language and becomes its exit code."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _leave)  # what was opened is closed, the own database server too
    command = typer.main.get_command(app)
    speak(command)
    try:
        code = command(standalone_mode=False)
    except Failure as failure:
        _complain(explain(failure), failure.exit_code)
    except UsageError as error:
        _complain(mistake(error), 2)
    except (typer.Abort, KeyboardInterrupt):
        _complain([say("Stopped.")], 130)
    except Exception:  # Python would leave with 1, which means "findings"
        traceback.print_exc()
        sys.exit(2)
    sys.exit(code if type(code) is int else 0)


def _complain(lines: list[str], code: int) -> NoReturn:
    for line in lines:
        typer.secho(line, err=True, fg="red")
    sys.exit(code)


def explain(failure: Failure) -> list[str]:
    """What went wrong, in the reader's language, one line for each thing to mend."""
    lines = [say(failure.message, **failure.details)]
    for problem in getattr(failure, "problems", ()):
        lines.append(f"  {problem.variable}: {say(problem.sentence, **problem.values)}")
    return lines


if __name__ == "__main__":
    main()
