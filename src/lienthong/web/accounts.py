"""One's own account, and for an administrator the accounts of people and the tokens of senders' programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, accounts, policy, tokens
from lienthong.access.roles import roles
from lienthong.contracts.contract import Contract
from lienthong.errors import Failure, NotAllowed, Refused
from lienthong.records.intake.provinces import home_province
from lienthong.web.page import Page

MANAGE = {"action": "account.manage"}


class NewAccount(msgspec.Struct, kw_only=True):
    """The form for a person."""

    id: str
    name: str
    role: str
    facility: str = ""
    province: str = ""
    language: str = "vi"


class NewToken(msgspec.Struct, kw_only=True):
    """The form for a facility's program."""

    facility: str
    name: str
    role: str = "sender"
    contracts: str = ""


class Passwords(msgspec.Struct, kw_only=True):
    """The form for one's own password."""

    old: str
    new: str


Encoded = Body(media_type=RequestEncodingType.URL_ENCODED)


@get("/account", opt={"signed_in": True}, sync_to_thread=True)
def account_page(page: Page, actor: Actor) -> Response[str]:
    """Who I am here, what I may do, and my password."""
    return _account(page, actor)


def _account(page: Page, actor: Actor, problem: str = "", done: str = "") -> Response[str]:
    declared = roles()
    allowed = {
        action: label for action, label in declared.actions.items() if policy.may(actor, action)
    }
    held = [declared.roles[name].label for name in actor.roles if name in declared.roles]
    status = 422 if problem else 200
    return page.show("account.html", status, held=held, allowed=allowed, problem=problem, done=done)


@post("/account/password", opt={"signed_in": True}, status_code=200, sync_to_thread=True)
def change_own_password(
    page: Page, pool: ConnectionPool, actor: Actor, data: Annotated[Passwords, Encoded]
) -> Response[Any]:
    """A new password, after the old one was proved; ends every session of the account."""
    try:
        with pool.connection() as conn:
            accounts.authenticate(conn, actor.id, data.old)
            accounts.change_password(conn, actor, actor.id, data.new)
    except (NotAllowed, Refused) as failure:
        return _account(page, actor, problem=page.say(failure.message, **failure.details))
    return Redirect("/login", status_code=303)


@get("/accounts", opt=MANAGE, sync_to_thread=True)
def account_list(page: Page, pool: ConnectionPool, actor: Actor) -> Response[str]:
    """All accounts and tokens."""
    return _list(page, pool, actor)


def _list(page: Page, pool: ConnectionPool, actor: Actor, **more: Any) -> Response[str]:
    with pool.connection() as conn:
        policy.allow(conn, actor, "account.manage")
        people, programs = accounts.listed(conn), tokens.listed(conn)
    values = {"problem": "", "secret": "", "secret_of": "", "done": "", **more}
    status = 422 if values["problem"] else 200
    return page.show(
        "accounts.html", status, people=people, programs=programs, roles=roles().roles, **values
    )


@post("/accounts", opt=MANAGE, status_code=200, sync_to_thread=True)
def make_account(
    page: Page, pool: ConnectionPool, actor: Actor, data: Annotated[NewAccount, Encoded]
) -> Response[str]:
    """A new account; its password is shown once."""
    try:
        with pool.connection() as conn:
            policy.allow(conn, actor, "account.manage")
            password = accounts.create(
                conn, actor, data.id.strip(), name=data.name.strip(), roles=[data.role],
                facility=data.facility.strip() or None,
                province=data.province.strip() or home_province(data.facility.strip()) or None,
                language=data.language,
            )  # fmt: skip
    except Failure as failure:
        return _list(page, pool, actor, problem=page.say(failure.message, **failure.details))
    return _list(page, pool, actor, secret=password, secret_of=data.id)


@post("/accounts/{name:str}/close", opt=MANAGE, status_code=303, sync_to_thread=True)
def close_account(pool: ConnectionPool, actor: Actor, name: str) -> Redirect:
    """Let nobody in with this account any more."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "account.manage")
        accounts.close(conn, actor, name)
    return Redirect("/accounts", status_code=303)


@post("/accounts/{name:str}/password", opt=MANAGE, status_code=200, sync_to_thread=True)
def renew_password(page: Page, pool: ConnectionPool, actor: Actor, name: str) -> Response[str]:
    """A new made password for somebody who lost theirs; shown once."""
    import secrets

    made = secrets.token_urlsafe(12)
    with pool.connection() as conn:
        policy.allow(conn, actor, "account.manage")
        accounts.change_password(conn, actor, name, made)
    return _list(page, pool, actor, secret=made, secret_of=name)


@post("/tokens", opt=MANAGE, status_code=200, sync_to_thread=True)
def make_token(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    data: Annotated[NewToken, Encoded],
) -> Response[str]:
    """A new token for one facility's program; shown once."""
    facility = data.facility.strip()
    try:
        with pool.connection() as conn:
            policy.allow(conn, actor, "account.manage")
            token = tokens.create(
                conn, actor, facility=facility, name=data.name.strip(), province=home_province(facility) or None,
                roles=[_for_programs(data.role)], contracts=_named(data.contracts, contracts),
            )  # fmt: skip
    except Failure as failure:
        return _list(page, pool, actor, problem=page.say(failure.message, **failure.details))
    return _list(page, pool, actor, secret=token, secret_of=facility)


def _for_programs(role: str) -> str:
    """A role of programs alone (those of officials are given at the server). Raises Refused."""
    choices = [name for name, one in roles().roles.items() if one.holder == "program"]
    if role not in choices:
        raise Refused(
            "access.role", "Unknown role %(unknown)s; there are: %(known)s.",
            unknown=role[:40], known=", ".join(choices),
        )  # fmt: skip
    return role


def _named(written: str, contracts: Mapping[str, Contract]) -> list[str] | None:
    """The databases named in a line; None when none is."""
    names = written.replace(",", " ").split()
    if unknown := [name for name in names if name not in contracts]:
        raise Refused(
            "token.contract", "There is no database %(unknown)s; there are: %(known)s.",
            unknown=", ".join(unknown), known=", ".join(contracts),
        )  # fmt: skip
    return names or None


@post("/tokens/{token:str}/revoke", opt=MANAGE, status_code=303, sync_to_thread=True)
def revoke_token(pool: ConnectionPool, actor: Actor, token: str) -> Redirect:
    """Make a token worthless."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "account.manage")
        tokens.revoke(conn, actor, token)
    return Redirect("/accounts", status_code=303)


ROUTES = [
    account_page,
    change_own_password,
    account_list,
    make_account,
    close_account,
    renew_password,
    make_token,
    revoke_token,
]
