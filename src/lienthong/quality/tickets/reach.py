"""Whose tickets somebody may see: the gate before a list and before one ticket, for pages and programs alike."""

from __future__ import annotations

from typing import Any

import psycopg
from msgspec.structs import replace

from lienthong.access import Actor, Permit, policy
from lienthong.errors import NotAllowed
from lienthong.quality.tickets import ticket
from lienthong.quality.tickets.ticket import Among, Ticket


def within(conn: psycopg.Connection[Any], actor: Actor, among: Among) -> tuple[Permit, Among]:
    """Pass the gate; then what a list shows, narrowed to what is permitted. Raises NotAllowed."""
    asked = {"sender": among.sender, "province": among.province}
    permit = policy.allow(conn, actor, "ticket.read", {k: v for k, v in asked.items() if v})
    return permit, replace(
        among,
        sender=permit.facility or among.sender or None,
        province=permit.province or among.province or None,
    )


def allowed(
    conn: psycopg.Connection[Any],
    actor: Actor,
    action: str,
    number: int,
    purpose: str | None = None,
) -> Ticket:
    """The ticket, when the gate lets this actor do it. Raises NotFound, NotAllowed."""
    given = ticket.one(conn, number)
    policy.allow(conn, actor, action, about(given), purpose)
    return given


def about(given: Ticket) -> dict[str, Any]:
    """What the gate is told of a ticket."""
    return {
        "ticket": given.id,
        "contract": given.contract,
        "sender": given.sender,
        "province": given.province,
    }


def nation_only(conn: psycopg.Connection[Any], actor: Actor) -> None:
    """The night ranks the nation by name: only for who may read all of it. Raises NotAllowed."""
    permit = policy.allow(conn, actor, "score.read")
    if permit.facility or permit.province:
        raise NotAllowed("access.reach", "This belongs to another facility or province than yours.")
