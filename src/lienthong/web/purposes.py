"""For what purpose somebody reads data of persons on a page that has one evident purpose, and which they may choose."""

from __future__ import annotations

from lienthong.access import Actor, policy
from lienthong.access.roles import roles

USUAL = ("quality", "inspection", "care", "insurance", "subject")


def purposes_of(actor: Actor, action: str) -> list[str]:
    """The purposes for which this actor may do it, in the order in which they are declared."""
    return [
        name
        for name in roles().purposes
        if policy.may(actor, action, name) and _named(actor, action, name)
    ]


def _named(actor: Actor, action: str, purpose: str) -> bool:
    return any(purpose in grant.purposes for grant in roles().grants(actor.roles, action))


def purpose_of(actor: Actor, action: str) -> str | None:
    """The evident purpose: checking and mending quality, for an inspector inspection; None when there is none."""
    own = purposes_of(actor, action)
    return next((name for name in USUAL if name in own), None)
