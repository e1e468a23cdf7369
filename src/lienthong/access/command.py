"""`lienthong account`: people, the tokens of facilities' programs, and what each role may do."""

from __future__ import annotations

import getpass

import typer

from lienthong import clock, database, words
from lienthong.access import accounts, operator, policy, tokens
from lienthong.access.roles import roles as declared_roles
from lienthong.words import say

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.command(help=say("Make an account; without --ask a password is made and shown once."))
def create(
    account: str = typer.Argument(help=say("The name to sign in with.")),
    role: list[str] = typer.Option(
        ..., help=say("A role, see `lienthong account roles`; may repeat.")
    ),
    name: str = typer.Option(None, help=say("The person's name.")),
    facility: str = typer.Option(None, help=say("Code of the facility.")),
    province: str = typer.Option(None, help=say("Code of the province.")),
    language: str = typer.Option("vi", help=say("vi, en or fr")),
    ask: bool = typer.Option(
        False, "--ask", help=say("Ask for the password instead of making one.")
    ),
) -> None:
    """Make an account."""
    password = getpass.getpass(say("Password") + ": ") if ask else None
    with database.running() as found, found.connect() as connection:
        policy.allow(connection, operator(), "account.manage", {})
        made = accounts.create(
            connection, operator(), account, name=name or account, roles=role, password=password,
            facility=facility, province=province, language=language,
        )  # fmt: skip
    typer.echo(say("The account %(account)s was made.", account=account))
    if not ask:
        typer.echo(say("Its password, shown only now: %(password)s", password=made))


@app.command("list", help=say("List accounts."))
def list_() -> None:
    """One line per account."""
    with database.running() as found, found.connect() as connection:
        policy.allow(connection, operator(), "account.manage", {})
        for one in accounts.listed(connection):
            place = one.facility or one.province or "–"
            state = say("in use") if one.active else say("closed")
            typer.echo(f"{one.id:<24} {place:<8} {', '.join(one.roles):<32} {state}  {one.name}")


@app.command(help=say("Give an account a new password and end its sessions."))
def password(account: str = typer.Argument(help=say("The name to sign in with."))) -> None:
    """Ask for a new password."""
    chosen = getpass.getpass(say("Password") + ": ")
    with database.running() as found, found.connect() as connection:
        policy.allow(connection, operator(), "account.manage", {})
        accounts.change_password(connection, operator(), account, chosen)


@app.command(help=say("Close an account; what it did stays known."))
def close(account: str = typer.Argument(help=say("The name to sign in with."))) -> None:
    """Close an account."""
    with database.running() as found, found.connect() as connection:
        policy.allow(connection, operator(), "account.manage", {})
        accounts.close(connection, operator(), account)


@app.command(help=say("Make a token for a facility's program; it is shown once."))
def token(
    facility: str = typer.Argument(help=say("Code of the facility.")),
    name: str = typer.Option(..., help=say("Which program it is for.")),
    province: str = typer.Option(None, help=say("Code of the province.")),
    contract: list[str] = typer.Option(
        [], help=say("Only this database; may repeat. Without it: those of the facility's kind.")
    ),
    role: list[str] = typer.Option(
        ["sender"], help=say("What it may do; may repeat. The Portal pushes with role portal.")
    ),
) -> None:
    """Make a token."""
    with database.running() as found, found.connect() as connection:
        policy.allow(connection, operator(), "account.manage", {})
        made = tokens.create(
            connection, operator(), facility=facility, name=name, province=province,
            contracts=contract or None, roles=role,
        )  # fmt: skip
    typer.echo(made)


@app.command("tokens", help=say("List tokens, without their secrets."))
def tokens_(facility: str = typer.Option(None, help=say("Code of the facility."))) -> None:
    """One line per token."""
    with database.running() as found, found.connect() as connection:
        policy.allow(connection, operator(), "account.manage", {})
        for one in tokens.listed(connection, facility):
            ended = one.revoked_at is not None or (one.expires_at and one.expires_at < clock.now())
            state = say("ended") if ended else say("in use")
            typer.echo(
                f"{one.id}  {one.facility:<8} {words.date(one.created_at)}  {state}  {one.name}"
                + (f"  ({', '.join(one.contracts)})" if one.contracts is not None else "")
            )


@app.command(help=say("Make a token worthless."))
def revoke(token: str = typer.Argument(help=say("The token's short name from the list."))) -> None:
    """Revoke a token."""
    with database.running() as found, found.connect() as connection:
        policy.allow(connection, operator(), "account.manage", {})
        tokens.revoke(connection, operator(), token)


@app.command(help=say("List the roles and what each may do."))
def roles() -> None:
    """Roles with their grants, in the reader's language."""
    declared = declared_roles()
    reach = {
        "facility": say("own facility"),
        "province": say("own province"),
        "nation": say("everywhere"),
    }
    for role in declared.roles.values():
        typer.secho(f"{role.id}: {words.pick(role.label)}", bold=True)
        for grant in role.grants:
            acts = ", ".join(
                sorted(words.pick(declared.actions[action]) for action in grant.actions)
            )
            typer.echo(f"    {reach[grant.reach]}: {acts}")
