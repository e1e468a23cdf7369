"""`lienthong contract`: lint, show, diff and export the promises of a database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lienthong import settings
from lienthong.contracts.changes import compare
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.contracts.exports import FORMS, export
from lienthong.contracts.faults import ContractErrors
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.contracts.versions import as_asked, split
from lienthong.errors import Failure
from lienthong.words import language, say

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

Language = Annotated[str, typer.Option("--lang", help=say("vi, en or fr"))]
InVersion = Annotated[
    str, typer.Option("--version", help=say("One dated version of the contract; also care@130."))
]
OnDay = Annotated[
    str, typer.Option("--on", help=say("The version in force on a day (2025-01-01)."))
]


@app.command(help=say("Say every mistake of contracts with file and line."))
def lint(
    contracts: Annotated[
        list[str] | None,
        typer.Argument(help=say("Names or files; all of them when none is given.")),
    ] = None,
    lang: Language = "",
) -> None:
    """Say every mistake of the contracts with file and line. Exit 0 none, 1 some, 2 could not read."""
    from lienthong.contracts.rules.lint import kind_errors, rule_errors

    own = settings.read().home / "codes"
    worst, codes = 0, Codes([own] if own.is_dir() else [])
    for name in contracts or list(declared_contracts()):
        try:
            contract = read_contract(name)
            errors = rule_errors(contract) + kind_errors(contract, codes)
        except ContractErrors as refused:
            errors = list(refused.errors)
        except Failure as failure:
            typer.echo(str(failure), err=True)
            raise typer.Exit(2) from failure
        for error in errors:
            typer.echo(error.said(lang))
        if errors:
            worst = 1
        else:
            fields = sum(len(table.fields) for table in contract.tables)
            rules = sum(len(table.rules) for table in contract.tables)
            typer.echo(
                say(
                    "%(name)s: %(tables)s tables, %(fields)s fields, %(rules)s rules, no mistakes",
                    lang,
                    name=name,
                    tables=len(contract.tables),
                    fields=fields,
                    rules=rules,
                )
            )
    raise typer.Exit(worst)


@app.command(help=say("Print a contract as a page: fields, rules in words, legal basis."))
def show(contract: str, version: InVersion = "", on: OnDay = "", lang: Language = "") -> None:
    """Print a contract as a page: fields, rules in words, legal basis."""
    from lienthong.contracts.exports.page import markdown

    typer.echo(markdown(_read(contract, version, on), lang))


@app.command(help=say("Compare two contracts and say whom the change breaks."))
def diff(old: str, new: str, lang: Language = "") -> None:
    """Compare two contracts or two versions (care@130 care@4750). Exit 0 compatible, 1 breaking, 2 could not read."""
    changes = compare(_read(old), _read(new))
    for change in changes:
        what, why = change.said(lang)
        typer.echo(f"{say(change.effect, lang):<16} {change.place}: {what} ({why})")
    if not changes:
        typer.echo(say("No difference.", lang))
    raise typer.Exit(1 if any(change.effect == "breaking" for change in changes) else 0)


@app.command("export", help=say("Write a contract as SQL DDL, JSON Schema, plain ODCS or a page."))
def export_(
    contract: str,
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMS))] = "odcs",
    out: Annotated[
        Path | None, typer.Option(help=say("The file to write; without it the text is printed."))
    ] = None,
    version: InVersion = "",
    on: OnDay = "",
) -> None:
    """Write a contract as SQL DDL, JSON Schema, plain ODCS or a Markdown page."""
    try:
        text = export(_read(contract, version, on), form)
    except Failure as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(2) from failure
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


def _read(name: str, version: str = "", on: str = "") -> Contract:
    head, asked = split(name)
    try:
        return as_asked(read_contract(head), version or asked, on)
    except ContractErrors as refused:
        typer.echo(refused.said(language()), err=True)
        raise typer.Exit(2) from refused
    except Failure as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(2) from failure
