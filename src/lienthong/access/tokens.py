"""Tokens of facilities' programs: each is bound to one facility, is shown once and kept as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import psycopg

from lienthong import audit, clock
from lienthong.access.actor import Actor
from lienthong.access.roles import roles as declared_roles
from lienthong.errors import NotFound, Refused

LIFE = timedelta(days=365)
_SHAPE = re.compile(r"lt_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One token as an administrator sees it: never the secret."""

    id: str
    name: str
    facility: str
    province: str | None
    contracts: list[str] | None = None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


def create(
    connection: psycopg.Connection,
    by: Actor,
    *,
    facility: str,
    name: str,
    province: str | None = None,
    roles: Sequence[str] = ("sender",),
    life: timedelta | None = LIFE,
    contracts: Sequence[str] | None = None,
) -> str:
    """A new token for one facility; the return value is shown once and cannot be found again.

    `contracts`: the only databases that it may send (None: those of the facility's kind).
    """
    known = declared_roles().roles
    if not facility.strip():
        raise Refused("access.facility", "These roles need the code of a facility.")
    if unknown := [role for role in roles if role not in known]:
        raise Refused(
            "access.role", "Unknown role %(unknown)s; there are: %(known)s.",
            unknown=", ".join(unknown), known=", ".join(known),
        )  # fmt: skip
    id, secret, now = secrets.token_hex(6), secrets.token_urlsafe(32), clock.now()
    connection.execute(
        "INSERT INTO app.token (id, hash, facility, province, name, roles, created_by, created_at, expires_at,"
        " contracts) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            id,
            _hash(secret),
            facility,
            province,
            name,
            list(roles),
            by.id,
            now,
            now + life if life else None,
            None if contracts is None else sorted(contracts),
        ],
    )
    about = {"token": id, "facility": facility, "roles": list(roles)}
    if contracts is not None:
        about["contracts"] = sorted(contracts)
    audit.write(connection, by, "token.created", about)
    return f"lt_{id}_{secret}"


def actor(connection: psycopg.Connection, token: str, at: datetime | None = None) -> Actor | None:
    """The facility's program behind a token; None for one that is unknown, revoked or too old."""
    moment, shape = at or clock.now(), _SHAPE.fullmatch(token)
    if shape is None:
        return None
    row = connection.execute(
        "SELECT id, facility, province, name, roles, used_at, contracts FROM app.token WHERE hash = %s AND id = %s"
        " AND revoked_at IS NULL AND coalesce(expires_at > %s, true)",
        [_hash(shape[2]), shape[1], moment],
    ).fetchone()
    if row is None:
        return None
    id, facility, province, name, names, used, only = row
    if used is None or moment - used > timedelta(minutes=5):  # a hint for people, not a log
        connection.execute("UPDATE app.token SET used_at = %s WHERE id = %s", [moment, id])
    return Actor(
        id=f"token:{id}",
        kind="sender",
        roles=tuple(names),
        name=name,
        facility=facility,
        province=province,
        contracts=None if only is None else tuple(only),
    )


class Remembered:
    """The actors of tokens that were seen a moment ago: a program that sends much is looked up once in a while.

    A token that is revoked in this process is forgotten at once, in another process after MEMORY seconds.
    """

    MEMORY = 2.0
    MOST = 10_000

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, int, Actor]] = {}

    def actor(self, token: str) -> Actor | None:
        """The actor, when it was seen a moment ago."""
        found = self._kept.get(token)
        if found is None or found[0] < time.monotonic() or found[1] != _revoked[0]:
            return None
        return found[2]

    def keep(self, token: str, actor: Actor) -> None:
        """This token was right just now."""
        if len(self._kept) >= self.MOST:
            self._kept.clear()
        self._kept[token] = (time.monotonic() + self.MEMORY, _revoked[0], actor)


_revoked = [0]
"""How many tokens this process has revoked."""


def listed(connection: psycopg.Connection, facility: str | None = None) -> list[Token]:
    """All tokens, or those of one facility, newest first."""
    rows = connection.execute(
        "SELECT id, name, facility, province, contracts, created_at, expires_at, used_at, revoked_at FROM app.token"
        " WHERE %(facility)s::text IS NULL OR facility = %(facility)s ORDER BY created_at DESC, id",
        {"facility": facility},
    ).fetchall()
    return [Token(**dict(zip(Token.__struct_fields__, row, strict=True))) for row in rows]


def revoke(connection: psycopg.Connection, by: Actor, id: str) -> None:
    """Make a token worthless from now on; raises NotFound."""
    done = connection.execute(
        "UPDATE app.token SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL",
        [clock.now(), id],
    )
    _revoked[0] += 1
    if not done.rowcount:
        raise NotFound("access.token", "There is no token %(token)s in use.", token=id)
    audit.write(connection, by, "token.revoked", {"token": id})


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
