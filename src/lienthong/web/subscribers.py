"""Subscribers: which systems outside are told of changes, how far they have come, what they did not accept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong.access import Actor
from lienthong.access.roles import roles
from lienthong.contracts.contract import Contract
from lienthong.errors import Failure, NotFound, Refused
from lienthong.partners.subscribers import letters, subscriptions
from lienthong.partners.subscribers.sealing import Seal
from lienthong.records.feed import reading
from lienthong.settings import Settings
from lienthong.web.page import Page

MANAGE = {"action": "subscription.manage"}
Encoded = Body(media_type=RequestEncodingType.URL_ENCODED)
ACTS = {
    "pause": subscriptions.pause,
    "resume": subscriptions.go_on,
    "end": subscriptions.end,
}


class Form(msgspec.Struct, kw_only=True):
    """The form for a new subscription."""

    name: str
    url: str
    purpose: str
    contract: str = ""
    sender: str = ""
    province: str = ""
    begin: str = "now"


class Position(msgspec.Struct, kw_only=True):
    """The form for a replay."""

    after: str


@get("/subscribers", opt=MANAGE, sync_to_thread=True)
def subscriber_list(
    page: Page, pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract]
) -> Response[str]:
    """All subscriptions that this reader manages, and the form for a new one."""
    return _list(page, pool, actor, contracts)


def _list(
    page: Page, pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract], **more: Any
) -> Response[str]:
    with pool.connection() as conn:
        found = subscriptions.listed(conn, actor)
        last = reading.horizon(conn)
    values = {"problem": "", "given": None, **more}
    return page.show(
        "subscribers.html",
        422 if values["problem"] else 200,
        subscriptions=found,
        last=last,
        contracts=contracts,
        purposes=roles().purposes,
        **values,
    )


@post("/subscribers", opt=MANAGE, status_code=200, sync_to_thread=True)
def make_subscription(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    contracts: Mapping[str, Contract],
    data: Annotated[Form, Encoded],
) -> Response[str]:
    """A new subscription; its secret is shown once."""
    asked = subscriptions.New(
        name=data.name,
        url=data.url.strip(),
        purpose=data.purpose,
        contract=data.contract or None,
        sender=data.sender.strip() or None,
        province=data.province.strip() or None,
        after=0 if data.begin == "oldest" else None,
    )
    try:
        with pool.connection() as conn:
            made, secret = subscriptions.subscribe(
                conn, actor, asked, seal=Seal(settings.home), allowed=settings.webhook_hosts
            )
    except Failure as failure:
        said = page.say(failure.message, **failure.details)
        return _list(page, pool, actor, contracts, problem=said, given=data)
    return _one(page, pool, actor, contracts, made.id, secret=secret)


@get("/subscribers/{id:str}", opt=MANAGE, sync_to_thread=True)
def subscriber_page(
    page: Page, pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract], id: str
) -> Response[str]:
    """One subscription: where it stands, what failed, and what can be done."""
    return _one(page, pool, actor, contracts, id)


def _one(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    id: str,
    **more: Any,
) -> Response[str]:
    with pool.connection() as conn:
        found = subscriptions.managed(conn, actor, id)
        opened = letters.listed(conn, id)
        closed = letters.listed(conn, id, closed=True, limit=20)
        last, low = reading.horizon(conn), reading.floor(conn)
    values = {"problem": "", "secret": "", **more}
    return page.show(
        "subscriber.html",
        422 if values["problem"] else 200,
        item=found,
        letters=opened,
        closed=closed,
        last=last,
        low=low,
        contracts=contracts,
        purposes=roles().purposes,
        **values,
    )


@post("/subscribers/{id:str}/secret", opt=MANAGE, status_code=200, sync_to_thread=True)
def rotate_secret(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    contracts: Mapping[str, Contract],
    id: str,
) -> Response[str]:
    """A new secret, shown once."""
    with pool.connection() as conn:
        _, secret = subscriptions.rotate(conn, actor, id, Seal(settings.home))
    return _one(page, pool, actor, contracts, id, secret=secret)


@post("/subscribers/{id:str}/replay", opt=MANAGE, status_code=200, sync_to_thread=True)
def replay_from(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    id: str,
    data: Annotated[Position, Encoded],
) -> Response[Any]:
    """Send again everything after a position."""
    try:
        if not (data.after.isascii() and data.after.isdigit()) or len(data.after) > 18:
            raise Refused("feed.position", "A position is a whole number, or now.")
        with pool.connection() as conn:
            subscriptions.replay(conn, actor, id, int(data.after))
    except Refused as failure:
        said = page.say(failure.message, **failure.details)
        return _one(page, pool, actor, contracts, id, problem=said)
    return Redirect(f"/subscribers/{id}", status_code=303)


@post("/subscribers/{id:str}/{act:str}", opt=MANAGE, status_code=303, sync_to_thread=True)
def act_on_subscription(pool: ConnectionPool, actor: Actor, id: str, act: str) -> Redirect:
    """Pause, resume or end."""
    does = ACTS.get(act)
    if does is None:
        raise NotFound(
            "subscription.act", "A subscription can: %(choices)s.", choices=", ".join(ACTS)
        )
    with pool.connection() as conn:
        does(conn, actor, id)
    return Redirect(f"/subscribers/{id}", status_code=303)


@post("/subscribers/{id:str}/letters/{act:str}", opt=MANAGE, status_code=303, sync_to_thread=True)
def act_on_letters(
    pool: ConnectionPool, actor: Actor, id: str, act: str, letter: int | None = None
) -> Redirect:
    """Send dead letters again or give them up: one, or all."""
    does = {"again": letters.send_again, "drop": letters.drop}.get(act)
    if does is None:
        raise NotFound("letter.act", "A letter can: %(choices)s.", choices="again, drop")
    with pool.connection() as conn:
        subscriptions.managed(conn, actor, id)
        does(conn, actor, id, letter)
    return Redirect(f"/subscribers/{id}", status_code=303)


ROUTES = [
    subscriber_list,
    make_subscription,
    subscriber_page,
    rotate_secret,
    replay_from,
    act_on_subscription,
    act_on_letters,
]
