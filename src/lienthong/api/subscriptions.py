"""Subscriptions for programs: who is told of changes where, what was not accepted, and from where it begins again."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong.access import Actor
from lienthong.api.asking import limited
from lienthong.errors import NotFound
from lienthong.partners.subscribers import letters, subscriptions
from lienthong.partners.subscribers.sealing import Seal
from lienthong.partners.subscribers.subscriptions import New, Subscription
from lienthong.settings import Settings

MANAGE = {"action": "subscription.manage"}
Id = Annotated[str, Parameter(description="The subscription's id.")]
ACTS = {
    "pause": subscriptions.pause,
    "resume": subscriptions.go_on,
    "end": subscriptions.end,
}


class Made(msgspec.Struct, kw_only=True):
    """A subscription with its secret, which is shown only here."""

    subscription: Subscription
    secret: str


class Acted(msgspec.Struct, kw_only=True):
    """How many letters an act has reached."""

    letters: int


@post("/subscriptions", opt=MANAGE, status_code=201, sync_to_thread=True, summary="Subscribe")
def subscribe(pool: ConnectionPool, actor: Actor, settings: Settings, data: New) -> Response[Made]:
    """Be told of changes by signed messages (Standard Webhooks 1.0).

    The answer holds the secret, once. Changes come in order and at least once; each is known by its position.
    """
    with pool.connection() as conn:
        made, secret = subscriptions.subscribe(
            conn, actor, data, seal=Seal(settings.home), allowed=settings.webhook_hosts
        )
    return Response(
        Made(subscription=made, secret=secret),
        status_code=201,
        headers={"location": f"/api/v1/subscriptions/{made.id}"},
    )


@get("/subscriptions", opt=MANAGE, sync_to_thread=True, summary="Subscriptions")
def listed(pool: ConnectionPool, actor: Actor) -> list[Subscription]:
    """The subscriptions that you manage, newest first."""
    with pool.connection() as conn:
        return subscriptions.listed(conn, actor)


@get("/subscriptions/{id:str}", opt=MANAGE, sync_to_thread=True, summary="A subscription")
def one(pool: ConnectionPool, actor: Actor, id: Id) -> Subscription:
    """How far it has come, and what failed last."""
    with pool.connection() as conn:
        return subscriptions.managed(conn, actor, id)


@post(
    "/subscriptions/{id:str}/{act:str}",
    opt=MANAGE,
    status_code=200,
    sync_to_thread=True,
    summary="Pause, resume or end a subscription",
)
def act(
    pool: ConnectionPool,
    actor: Actor,
    id: Id,
    act: Annotated[str, Parameter(description="pause, resume or end")],
) -> Subscription:
    """`pause` keeps everything for later, `resume` sends at once, `end` is for ever."""
    does = ACTS.get(act)
    if does is None:
        raise NotFound(
            "subscription.act", "A subscription can: %(choices)s.", choices=", ".join(ACTS)
        )
    with pool.connection() as conn:
        return does(conn, actor, id)


@post(
    "/subscriptions/{id:str}/secret",
    opt=MANAGE,
    status_code=200,
    sync_to_thread=True,
    summary="Change the secret",
)
def rotate(pool: ConnectionPool, actor: Actor, settings: Settings, id: Id) -> Made:
    """A new secret; for a day messages carry the signatures of both."""
    with pool.connection() as conn:
        given, secret = subscriptions.rotate(conn, actor, id, Seal(settings.home))
    return Made(subscription=given, secret=secret)


@post(
    "/subscriptions/{id:str}/replay",
    opt=MANAGE,
    status_code=200,
    sync_to_thread=True,
    summary="Send again from a position",
)
def replay(
    pool: ConnectionPool,
    actor: Actor,
    id: Id,
    after: Annotated[int, Parameter(description="The last position that need not come again.")],
) -> Subscription:
    """Everything after a position comes again, under the same positions."""
    with pool.connection() as conn:
        return subscriptions.replay(conn, actor, id, after)


@get(
    "/subscriptions/{id:str}/letters",
    opt=MANAGE,
    sync_to_thread=True,
    summary="What was not accepted",
)
def kept_letters(
    pool: ConnectionPool, actor: Actor, id: Id, closed: bool = False, limit: int = 100
) -> list[letters.Letter]:
    """Changes that were not accepted, in their order; with `closed` those that were dealt with."""
    with pool.connection() as conn:
        subscriptions.managed(conn, actor, id)
        return letters.listed(conn, id, closed=closed, limit=limited(limit))


@post(
    "/subscriptions/{id:str}/letters/{act:str}",
    opt=MANAGE,
    status_code=200,
    sync_to_thread=True,
    summary="Send again or give up what was not accepted",
)
def act_on_letters(
    pool: ConnectionPool,
    actor: Actor,
    id: Id,
    act: Annotated[str, Parameter(description="again or drop")],
    letter: Annotated[int | None, Parameter(description="Only this one.")] = None,
) -> Acted:
    """`again` sends them once more, `drop` gives them up; what waits behind follows."""
    does = {"again": letters.send_again, "drop": letters.drop}.get(act)
    if does is None:
        raise NotFound("letter.act", "A letter can: %(choices)s.", choices="again, drop")
    with pool.connection() as conn:
        subscriptions.managed(conn, actor, id)
        return Acted(letters=does(conn, actor, id, letter))


ROUTES = [subscribe, listed, one, rotate, replay, act, kept_letters, act_on_letters]
