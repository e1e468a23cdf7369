"""The gate of dossiers: which roles of dossiers somebody of the site has, and what of one dossier they may do.

`access.policy` decides; here the roles of the site (receiver, processor, decider) become those of the table of moves.
Whoever belongs to the desk where a dossier was handed in, while another agency is competent, is its `counter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg

from lienthong.access import Actor, Permit, policy
from lienthong.dossiers.dossier import Dossier, find
from lienthong.dossiers.moves import Move, Moves, moves
from lienthong.errors import NotAllowed

ACTIONS = {
    "receiver": "dossier.receive",
    "processor": "dossier.process",
    "decider": "dossier.decide",
}
"""The action of the site that each role of dossiers needs."""
EXTEND, ASSIGN, STEP = "dossier.decide", "dossier.assign", ("dossier.process", "dossier.decide")
PURPOSE = "procedure"


class Hand(msgspec.Struct, frozen=True):
    """A dossier in somebody's hand: held to the end of the transaction, with their roles on it."""

    dossier: Dossier
    roles: frozenset[str]


def lists(
    conn: psycopg.Connection[Any], actor: Actor | None, *, unit: str = "", province: str = ""
) -> Permit:
    """Pass the gate to lists without applicants; from here on only the permit's rows are seen."""
    about = {k: v for k, v in {"sender": unit, "province": province}.items() if v}
    return policy.allow(conn, actor, "dossier.list", about)


def reads(
    conn: psycopg.Connection[Any], actor: Actor | None, code: str, purpose: str = PURPOSE
) -> Permit:
    """Pass the gate to one dossier with its applicant; who reads it is written down."""
    return policy.allow(conn, actor, "dossier.read", {"dossier": code}, purpose)


def acts(
    conn: psycopg.Connection[Any],
    actor: Actor | None,
    code: str,
    actions: Sequence[str] = tuple(ACTIONS.values()),
) -> Hand:
    """Pass the gate to an act on one dossier and hold it.

    Raises NotFound for a dossier that the actor may not know of, NotAllowed when nothing can be done by them.
    """
    able = [action for action in actions if policy.may(actor, action)]
    policy.allow(conn, actor, able[0] if able else actions[0])
    dossier = find(conn, code, lock=True)
    return Hand(dossier, roles_on(actor, dossier))


def heads(conn: psycopg.Connection[Any], actor: Actor | None, code: str, action: str) -> Dossier:
    """Pass the gate to an act that needs one action at the competent agency (extend, assign); holds the dossier."""
    policy.allow(conn, actor, action)
    dossier = find(conn, code, lock=True)
    policy.decide(actor, action, _place(dossier))
    return dossier


def roles_on(actor: Actor | None, dossier: Dossier) -> frozenset[str]:
    """The roles of the table of moves that the actor has on this dossier. Pure."""
    found = {role for role, action in ACTIONS.items() if _inside(actor, action, _place(dossier))}
    elsewhere = dossier.received_by != dossier.unit
    desk = {"sender": dossier.received_by, "province": dossier.province}
    if elsewhere and "receiver" not in found and _inside(actor, ACTIONS["receiver"], desk):
        found.add("counter")
    return frozenset(found)


def possible(actor: Actor | None, dossier: Dossier, table: Moves | None = None) -> tuple[Move, ...]:
    """The moves that the actor can make on this dossier now. Pure."""
    return possible_as(roles_on(actor, dossier), dossier, table)


def possible_as(
    roles: frozenset[str], dossier: Dossier, table: Moves | None = None
) -> tuple[Move, ...]:
    """The moves that somebody with these roles can make on this dossier now. Pure."""
    used = table or moves()
    first = dossier.received_at is None
    return tuple(
        move
        for move in used.open_from(dossier.state, roles)
        if move.act != "supplement" or (move.to == "received") == first
    )


def _place(dossier: Dossier) -> dict[str, str]:
    return {"sender": dossier.unit, "province": dossier.province}


def _inside(actor: Actor | None, action: str, place: dict[str, str]) -> bool:
    if not policy.may(actor, action):
        return False
    try:
        policy.decide(actor, action, place)
    except NotAllowed:
        return False
    return True
