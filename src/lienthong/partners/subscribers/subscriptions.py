"""Who is told of which changes, where, and how far they have come; every act on it stands in the trail."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong import audit, clock
from lienthong.access import Actor, policy
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.partners.subscribers import guarding, signing
from lienthong.partners.subscribers.sealing import Seal
from lienthong.records.feed import reading

READ, MANAGE = "change.read", "subscription.manage"
FORMER = timedelta(hours=24)
"""How long messages are also signed with the secret before the present one."""

MOST_OF_ONE = 50
"""Subscriptions of one owner that have not ended: each costs every program that delivers."""

OPEN_FROM = 5
"""Failures in a row from which on only now and then one message is tried (the circuit is open)."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription without its secret."""

    id: str
    name: str
    owner: str
    facility: str | None
    province: str | None
    purpose: str
    contract: str | None
    sender: str | None
    sender_province: str | None
    url: str
    position: int
    state: Literal["active", "paused", "ended"]
    attempts: int
    next_at: datetime | None
    most: int
    sent: int
    requests: int
    failures: int
    sent_at: datetime | None
    failed_at: datetime | None
    failure: str | None
    failure_status: int | None
    former_until: datetime | None
    created_at: datetime
    open_letters: int = 0

    @property
    def open(self) -> bool:
        """Whether the circuit is open: so many failures that only one message is tried at a time."""
        return self.attempts >= OPEN_FROM

    @property
    def wanted(self) -> reading.Wanted:
        """The changes it is about."""
        return reading.Wanted(
            contract=self.contract, sender=self.sender, province=self.sender_province
        )


_COLUMNS = (
    "s.id, s.name, s.owner, s.facility, s.province, s.purpose, s.contract, s.sender, s.sender_province, s.url,"
    " s.position, s.state, s.attempts, CASE WHEN s.next_at > '-infinity' THEN s.next_at END AS next_at, s.most,"
    " s.sent, s.requests, s.failures, s.sent_at, s.failed_at, s.failure, s.failure_status, s.former_until,"
    " s.created_at, (SELECT count(*) FROM partners.letter l WHERE l.subscription = s.id"
    " AND l.state IN ('dead', 'behind', 'again')) AS open_letters"
)


class New(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: where, for which purpose, which changes."""

    name: str
    url: str
    purpose: str
    contract: str | None = None
    sender: str | None = None
    province: str | None = None
    after: int | None = None
    most: int = 100


def subscribe(
    conn: psycopg.Connection[Any],
    actor: Actor,
    asked: New,
    *,
    seal: Seal,
    allowed: frozenset[str],
) -> tuple[Subscription, str]:
    """A new subscription with its secret, which is shown only now.

    Raises NotAllowed when the actor may not read these changes itself, Refused for an address or numbers that
    cannot be. Without `after` it begins with the next change.
    """
    guarding.parts(asked.url, allowed)
    if not asked.name.strip() or not 1 <= asked.most <= 1000:
        raise Refused(
            "subscription.name", "A subscription has a name and 1 to 1000 changes a message."
        )
    filters = {"contract": asked.contract, "sender": asked.sender, "province": asked.province}
    about = {name: value for name, value in filters.items() if value}
    policy.decide(actor, MANAGE, {})
    _require_room(conn, actor, asked.after)
    permit = policy.decide(actor, READ, about, asked.purpose)
    id, secret = "sub_" + secrets.token_hex(8), signing.new_secret()
    begin = reading.horizon(conn) if asked.after is None else asked.after
    conn.execute(
        "INSERT INTO partners.subscription (id, name, owner, facility, province, purpose, contract, sender,"
        " sender_province, url, secret, position, most, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            id, asked.name.strip()[:200], actor.id, permit.facility, permit.province, asked.purpose,
            asked.contract, asked.sender, asked.province, asked.url, seal.close(secret, id), begin, asked.most,
            clock.now(),
        ],
    )  # fmt: skip
    audit.write(
        conn, actor, "subscription.made", {"subscription": id, "purpose": asked.purpose, **about}
    )
    conn.execute("SELECT pg_notify('lienthong_change', '')")
    return subscription(conn, id), secret


def _require_room(conn: psycopg.Connection[Any], actor: Actor, after: int | None) -> None:
    """Raises Refused for a position that the feed does not keep, or when the owner has subscribed often enough."""
    low, last = reading.floor(conn), reading.horizon(conn)
    if after and not low <= after <= last:
        raise _not_kept(low, last)
    row = conn.execute(
        "SELECT count(*) FROM partners.subscription WHERE owner = %s AND state <> 'ended'",
        [actor.id],
    ).fetchone()
    if row and row[0] >= MOST_OF_ONE:
        raise Refused(
            "subscription.many",
            "One owner may have %(most)s subscriptions; end one that is not needed.",
            most=MOST_OF_ONE,
        )


def _not_kept(low: int, last: int) -> Refused:
    return Refused(
        "subscription.position",
        "The feed keeps the positions from %(low)s to %(last)s.",
        low=low,
        last=last,
    )


def subscription(conn: psycopg.Connection[Any], id: str) -> Subscription:
    """The subscription of that name. Raises NotFound."""
    found = _find(conn, "s.id = %s", [id])
    if not found:
        raise NotFound("subscription.unknown", "There is no subscription %(id)s.", id=id)
    return found[0]


def managed(conn: psycopg.Connection[Any], actor: Actor, id: str) -> Subscription:
    """The subscription, when this actor manages it: a program its own, a person those in reach. Raises NotFound."""
    policy.allow(conn, actor, MANAGE)
    found = subscription(conn, id)
    if actor.kind == "sender" and found.owner != actor.id:
        raise NotFound("subscription.unknown", "There is no subscription %(id)s.", id=id)
    return found


def listed(conn: psycopg.Connection[Any], actor: Actor) -> list[Subscription]:
    """The subscriptions that this actor manages, newest first."""
    policy.allow(conn, actor, MANAGE)
    if actor.kind == "sender":
        return _find(conn, "s.owner = %s ORDER BY s.created_at DESC, s.id", [actor.id])
    return _find(conn, "true ORDER BY s.state = 'ended', s.created_at DESC, s.id", [])


def _find(conn: psycopg.Connection[Any], where: str, values: list[Any]) -> list[Subscription]:
    query = f"SELECT {_COLUMNS} FROM partners.subscription s WHERE {where}"  # noqa: S608 columns and conditions of ours
    with conn.cursor(row_factory=dict_row) as cursor:
        return [Subscription(**row) for row in cursor.execute(query, values)]


def pause(conn: psycopg.Connection[Any], actor: Actor, id: str) -> Subscription:
    """Send nothing until it goes on; nothing is lost as long as the feed keeps it."""
    return _set(conn, actor, id, "paused", "active", "paused")


def go_on(conn: psycopg.Connection[Any], actor: Actor, id: str) -> Subscription:
    """Send again, at once, from where it stopped; a wait after failures ends too."""
    managed(conn, actor, id)
    done = conn.execute(
        "UPDATE partners.subscription SET state = 'active', next_at = '-infinity', attempts = 0"
        " WHERE id = %s AND state <> 'ended'",
        [id],
    ).rowcount
    return _done(conn, actor, id, "resumed", done)


def end(conn: psycopg.Connection[Any], actor: Actor, id: str) -> Subscription:
    """Send nothing ever again; what it was stays readable."""
    managed(conn, actor, id)
    done = conn.execute(
        "UPDATE partners.subscription SET state = 'ended', former_secret = NULL, former_until = NULL"
        " WHERE id = %s AND state <> 'ended'",
        [id],
    ).rowcount
    return _done(conn, actor, id, "ended", done)


def rotate(
    conn: psycopg.Connection[Any], actor: Actor, id: str, seal: Seal
) -> tuple[Subscription, str]:
    """A new secret, shown only now; for a day messages carry the signatures of both."""
    managed(conn, actor, id)
    secret = signing.new_secret()
    done = conn.execute(
        "UPDATE partners.subscription SET former_secret = secret, former_until = %s, secret = %s"
        " WHERE id = %s AND state <> 'ended'",
        [clock.now() + FORMER, seal.close(secret, id), id],
    ).rowcount
    return _done(conn, actor, id, "rotated", done), secret


def replay(conn: psycopg.Connection[Any], actor: Actor, id: str, after: int) -> Subscription:
    """Send again everything after a position. Letters among it are taken back: they are sent in their turn.

    Raises Refused for a position that the feed no longer keeps, or that has not been reached.
    """
    given = managed(conn, actor, id)
    low, last = reading.floor(conn), reading.horizon(conn)
    if after < low or after > max(last, given.position):
        raise _not_kept(low, last)
    done = conn.execute(
        "UPDATE partners.subscription SET position = %s, attempts = 0, next_at = '-infinity'"
        " WHERE id = %s AND state <> 'ended'",
        [after, id],
    ).rowcount
    conn.execute(
        "UPDATE partners.letter SET state = 'dropped', closed_at = %s, closed_by = %s"
        " WHERE subscription = %s AND position > %s AND state IN ('dead', 'behind', 'again')",
        [clock.now(), actor.id, id, after],
    )
    return _done(conn, actor, id, "replayed", done, after=after)


def _set(
    conn: psycopg.Connection[Any], actor: Actor, id: str, state: str, before: str, act: str
) -> Subscription:
    managed(conn, actor, id)
    done = conn.execute(
        "UPDATE partners.subscription SET state = %s WHERE id = %s AND state = %s",
        [state, id, before],
    ).rowcount
    return _done(conn, actor, id, act, done)


def _done(
    conn: psycopg.Connection[Any], actor: Actor, id: str, act: str, done: int, **about: Any
) -> Subscription:
    given = subscription(conn, id)
    if not done:
        raise Conflict("subscription.state", "The subscription is %(state)s.", state=given.state)
    audit.write(conn, actor, f"subscription.{act}", {"subscription": id, **about})
    conn.execute("SELECT pg_notify('lienthong_change', '')")
    return given
