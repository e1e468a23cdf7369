"""The gate: may this actor do this, here, for this purpose? Nothing else decides it.

What is allowed narrows the transaction by PostgreSQL's row security to the actor's facility or province, so that
a forgotten condition in a statement shows nothing of others; what shows data of persons is written to the read log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from lienthong import clock, database
from lienthong.access.actor import Actor
from lienthong.access.roles import Grant, roles
from lienthong.errors import NotAllowed

LOGGED = (
    "contract",
    "table",
    "key",
    "dossier",
    "receipt",
    "entry",
    "ticket",
    "sender",
    "province",
    "as_of",
    "fields",
    "count",
)
"""What the read log keeps of a resource: what was read, never what stands in it."""


class Permit(msgspec.Struct, frozen=True):
    """What was allowed: rows of one facility, of one province, or (both None) of the nation."""

    action: str
    purpose: str | None = None
    facility: str | None = None
    province: str | None = None

    def covers(self, *, sender: str | None = None, province: str | None = None) -> bool:
        """Whether a row of that sender and province is inside."""
        if self.facility is not None:
            return sender == self.facility
        return self.province is None or province == self.province


def may(actor: Actor | None, action: str, purpose: str | None = None) -> bool:
    """Whether the actor could do this somewhere: for menus and guards of routes. The gate itself is `allow`."""
    return actor is not None and bool(_grants(actor, action, purpose))


def decide(
    actor: Actor | None, action: str, resource: Mapping[str, Any], purpose: str | None = None
) -> Permit:
    """The widest permit for it; pure. Raises NotAllowed (codes access.nobody, .action, .purpose, .reach).

    `resource` names what is asked for: `sender` and `province` of the row when they are known, and identifiers
    for the read log. Without `sender` and `province` the permit covers the actor's own rows only.
    """
    if actor is None:
        raise NotAllowed("access.nobody", "Sign in first.")
    declared = roles()
    if action not in declared.actions:
        raise NotAllowed("access.unknown", "There is no action %(action)s.", action=action)
    if not declared.grants(actor.roles, action):
        raise NotAllowed(
            "access.action", "Your roles do not allow this: %(action)s.", action=action
        )
    grants = _grants(actor, action, purpose)
    if not grants or (action in declared.personal and purpose is None):
        known = sorted(
            {name for grant in declared.grants(actor.roles, action) for name in grant.purposes}
        )
        raise NotAllowed(
            "access.purpose",
            "Data of persons is read for a purpose; yours may be: %(purposes)s.",
            purposes=", ".join(known),
        )
    for grant in sorted(grants, key=lambda grant: _WIDTH[grant.reach]):
        permit = _permit(actor, action, purpose, grant)
        if permit is not None and _inside(permit, resource):
            return permit
    raise NotAllowed("access.reach", "This belongs to another facility or province than yours.")


_WIDTH = {"nation": 0, "province": 1, "facility": 2}


def _grants(actor: Actor, action: str, purpose: str | None) -> list[Grant]:
    return [
        grant
        for grant in roles().grants(actor.roles, action)
        if purpose is None or not grant.purposes or purpose in grant.purposes
    ]


def _permit(actor: Actor, action: str, purpose: str | None, grant: Grant) -> Permit | None:
    if grant.reach == "nation":
        return Permit(action, purpose)
    if grant.reach == "province":
        return Permit(action, purpose, province=actor.province) if actor.province else None
    return Permit(action, purpose, facility=actor.facility) if actor.facility else None


def _inside(permit: Permit, resource: Mapping[str, Any]) -> bool:
    if permit.facility is not None:
        return resource.get("sender", permit.facility) == permit.facility
    if permit.province is not None:
        return resource.get("province", permit.province) == permit.province
    return True


def allow(
    connection: psycopg.Connection,
    actor: Actor | None,
    action: str,
    resource: Mapping[str, Any] | None = None,
    purpose: str | None = None,
) -> Permit:
    """Pass the gate in this transaction, or raise NotAllowed.

    From here on the transaction sees the permit's rows only. When the action shows data of persons, one line goes
    to the read log with the actor, the purpose and the identifiers in `resource` (see LOGGED).
    """
    asked = resource or {}
    permit = decide(actor, action, asked, purpose)
    assert actor is not None
    database.visible_to(connection, facility=permit.facility, province=permit.province)
    if action in roles().personal:
        log_reading(connection, actor, action, asked, purpose or "")
    return permit


def log_reading(
    connection: psycopg.Connection,
    actor: Actor,
    action: str,
    resource: Mapping[str, Any],
    purpose: str,
) -> None:
    """Write who reads what and why; part of `allow`, apart for readers that learn the key later (a search)."""
    log_readings(connection, [line_of(actor, action, resource, purpose, clock.now())])


class Line(msgspec.Struct, frozen=True):
    """One line of the read log."""

    at: datetime
    actor: str
    action: str
    purpose: str
    facility: str | None
    resource: dict[str, Any]


def line_of(
    actor: Actor, action: str, resource: Mapping[str, Any], purpose: str | None, at: datetime
) -> Line:
    """The line that tells of a reading. Pure."""
    kept = {name: resource[name] for name in LOGGED if resource.get(name) is not None}
    return Line(at, actor.id, action, purpose or "", actor.facility, kept)


def log_readings(connection: psycopg.Connection, lines: Sequence[Line]) -> None:
    """Write lines of the read log; they are there when the transaction is committed."""
    if lines:
        connection.execute(
            "INSERT INTO app.read_log (at, actor, action, purpose, facility, resource)"
            " SELECT at, actor, action, purpose, facility, resource FROM jsonb_to_recordset(%s::jsonb)"
            " AS l(at timestamptz, actor text, action text, purpose text, facility text, resource jsonb)",
            [msgspec.json.encode(lines).decode()],
        )
