"""`lienthong load` and `lienthong submissions`: send a file to the store and read receipts.

Exit codes: 0 everything was kept (or was there already), 1 something waits in quarantine or the file was refused,
2 it could not be done; what was received then stays safe and is taken up again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lienthong import words
from lienthong.errors import Failure
from lienthong.words import say

if TYPE_CHECKING:
    from lienthong.records.intake import Submission

STAGES = {
    "read": "Reading",
    "check": "Checking",
    "compare": "Comparing with the store",
    "keep": "Keeping",
    "count": "Counting",
    "done": "Done",
}
RULES_SHOWN = 15


def load(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=say("A file, or a folder with a file per table."))
    ],
    contract: Annotated[
        str,
        typer.Option(
            "--contract", "-c", metavar="NAME", help=say("The contract: care, practice …")
        ),
    ],
    sender: Annotated[
        str, typer.Option("--sender", "-s", help=say("Code of the facility that sends."))
    ],
    test: Annotated[
        bool, typer.Option("--test", help=say("Check and say what would happen; keep nothing."))
    ] = False,
    province: Annotated[
        str,
        typer.Option(
            "--province",
            help=say("Two-digit code of the sender's province, if its code does not tell."),
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help=say("Print the receipt as JSON."))] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help=say("Write all findings: .csv, .xlsx, .parquet or .jsonl.")
        ),
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", help=say("Language of the messages: vi, en, fr."))
    ] = "",
) -> None:
    """Send a file to the store and read its receipt."""
    with words.speaking(lang or words.language()):
        try:
            code = _load(file, contract, sender, test, province, json, out)
        except Failure as failure:
            # The language ends with this block: what went wrong is said in it, too.
            typer.secho(say(failure.message, **failure.details), err=True, fg="red")
            code = failure.exit_code
    raise typer.Exit(code)


def _load(
    file: Path,
    contract: str,
    sender: str,
    test: bool,
    province: str,
    json: bool,
    out: Path | None,
) -> int:
    from lienthong import database, settings
    from lienthong.access import operator, policy
    from lienthong.records import intake
    from lienthong.records.intake import terms
    from lienthong.records.intake.folders import as_submission

    chosen = settings.read()
    if not file.exists():
        typer.secho(
            say("There is no file or folder “%(name)s”.", name=str(file)), err=True, fg="red"
        )
        return 2
    name_of_contract = terms.adopt(contract, chosen.home)
    with database.running(chosen) as found, found.connect(autocommit=True) as connection:
        with connection.transaction():
            policy.allow(
                connection,
                operator(),
                "submission.send",
                {"contract": name_of_contract, "sender": sender},
            )
        with as_submission(file, chosen.home) as (data, name):
            given = intake.receive(
                connection,
                data,
                contract=name_of_contract,
                sender=sender,
                actor=operator().id,
                name=name,
                channel="command",
                home=chosen.home,
                test=test,
                province=province or None,
            )
        again = given.again
        if given.state == "received":
            with _bar(quiet=json) as progress:
                given = intake.process(
                    connection, given.receipt, home=chosen.home, progress=progress
                )
        if out is not None:
            intake.export_findings(connection, given.receipt, out, chosen.home)
        counts = intake.finding_counts(connection, given.receipt)
    if json:
        sys.stdout.write(_json(given, counts, again))
    else:
        _print(given, counts, again, out)
    return 0 if given.state == "done" and not given.quarantined else 1


def submissions(
    receipt: Annotated[
        str, typer.Argument(metavar="[RECEIPT]", help=say("Show one receipt."))
    ] = "",
    contract: Annotated[
        str, typer.Option("--contract", "-c", help=say("Only of this contract."))
    ] = "",
    sender: Annotated[str, typer.Option("--sender", "-s", help=say("Only of this sender."))] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help=say("How many lines."))] = 20,
    json: Annotated[bool, typer.Option("--json", help=say("Print as JSON."))] = False,
) -> None:
    """List submissions and show receipts."""
    from lienthong import database, settings
    from lienthong.access import operator, policy
    from lienthong.records import intake

    with (
        database.running(settings.read()) as found,
        found.connect() as connection,
        connection.transaction(),
    ):
        policy.allow(
            connection, operator(), "submission.read", {"receipt": receipt, "sender": sender}
        )
        if receipt:
            given, counts = (
                intake.submission(connection, receipt),
                intake.finding_counts(connection, receipt),
            )
            if json:
                sys.stdout.write(_json(given, counts, False))
            else:
                _print(given, counts, False, None)
            return
        listed = intake.submissions(
            connection, contract=contract or None, sender=sender or None, limit=limit
        )
    if json:
        import msgspec

        sys.stdout.write(msgspec.json.encode(listed).decode() + "\n")
    else:
        _list(listed)


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress bar on the error stream, so that the summary can be piped."""
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(say(STAGES["read"]), total=None)

        def told(stage: str, done: int, of: int) -> None:
            bar.update(task, description=say(STAGES[stage]), completed=done, total=of or None)

        yield told


def _json(given: Submission, counts: list[Any], again: bool) -> str:
    import msgspec

    shown = msgspec.to_builtins(given) | {"again": again, "findings": msgspec.to_builtins(counts)}
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode() + "\n"


def _print(given: Submission, counts: list[Any], again: bool, out: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"[bold]{say('Receipt')} {given.receipt}[/]  [dim]{escape(given.contract)} · {given.sender}"
        f" · {escape(given.name)}[/]"
    )
    if again:
        console.print(say("The same bytes were received before; this is the receipt given then."))
    if given.test:
        console.print(say("A test: nothing was kept."))
    if given.message:
        details = given.message_values or {}
        console.print(
            f"[red]{escape(say(given.message, **details) if details else say(given.message))}[/]"
        )
    for line in _numbers(given):
        console.print(line)
    shown = [count for count in counts if count.failed][:RULES_SHOWN]
    if shown:
        table = Table(box=None, pad_edge=False)
        table.add_column(say("Number"), justify="right")
        table.add_column(say("Rule"))
        table.add_column(say("What is wrong"), overflow="fold")
        for count in shown:
            colour = {"error": "red", "warning": "yellow"}.get(count.severity, "cyan")
            table.add_row(
                words.number(count.failed),
                f"[{colour}]{escape(count.rule)}[/]",
                escape(words.pick(count.message)),
            )
        console.print(table)
    if out is not None:
        console.print(say("All findings: %(path)s", path=str(out)), markup=False)
    if given.quarantined and not given.test:
        console.print(
            say(
                "Mend the quarantined records on the page of the receipt, or send a corrected file."
            )
        )


def _numbers(given: Submission) -> list[str]:
    colour = "green" if not given.quarantined else "yellow"
    numbers = {
        "received": given.received,
        "kept": given.kept,
        "unchanged": given.unchanged,
        "quarantined": given.quarantined,
    }
    shown = {name: words.number(value) for name, value in numbers.items()}
    sentence = say(
        "%(received)s units received = %(kept)s kept + %(unchanged)s unchanged + %(quarantined)s in quarantine",
        **shown,
    )
    rows = say(
        "%(rows)s rows, %(warnings)s warnings",
        rows=words.number(given.row_count),
        warnings=words.number(given.warnings),
    )
    return [
        f"[{colour}]{sentence}[/]",
        f"[dim]{rows}{_seconds(given.received_at, given.finished_at)}[/]",
    ]


def _seconds(begun: datetime, ended: datetime | None) -> str:
    if ended is None:
        return ""
    spent = (ended - begun).total_seconds()
    if spent >= 3600:  # it waited, or was invented: that says nothing of the work
        return ""
    return " · " + say("%(seconds)s s", seconds=words.number(spent, 1))


STATES = {"received": "waiting", "done": "processed", "refused": "refused", "failed": "failed"}


def _list(listed: list[Submission]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title, justify in (
        ("Receipt", "left"),
        ("Time", "left"),
        ("Contract", "left"),
        ("Sender", "left"),
        ("State", "left"),
        ("Received", "right"),
        ("Kept", "right"),
        ("Unchanged", "right"),
        ("Quarantined", "right"),
    ):
        table.add_column(say(title), justify=justify, no_wrap=title == "Receipt")  # type: ignore[arg-type]
    for one in listed:
        state = say(STATES[one.state]) + (f" ({say('test')})" if one.test else "")
        table.add_row(
            one.receipt,
            words.moment(one.received_at),
            one.contract,
            one.sender,
            state,
            *(
                words.number(value)
                for value in (one.received, one.kept, one.unchanged, one.quarantined)
            ),
        )
    Console(highlight=False).print(table)
