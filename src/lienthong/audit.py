"""The trail of acts: who did what to what, in hash chains that show any later change.

An entry is written in the transaction of the act itself, so there is no act without it and no entry without the
act. Each entry holds the hash of the one before it in its lane; signed checkpoints fix the ends of all lanes.
About an act we keep identifiers and counts, never the values of a record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import psycopg
from psycopg.types.json import Jsonb

from lienthong import clock


class Acting(Protocol):
    """Whoever acts: all the trail needs of an actor."""

    @property
    def id(self) -> str: ...


def write(
    connection: psycopg.Connection,
    actor: Acting | str,
    act: str,
    about: Mapping[str, Any],
    at: datetime | None = None,
) -> None:
    """Add one entry in the caller's transaction.

    `act` is a dotted verb of the field (`submission.received`), `about` holds identifiers and counts only.
    Writers do not wait for each other: every open transaction has a chain of its own until it ends.
    """
    who = actor if isinstance(actor, str) else actor.id
    connection.execute(
        "SELECT app.audit_write(%s, %s, %s, %s)", [at or clock.now(), who, act, Jsonb(dict(about))]
    )


@dataclass(frozen=True)
class Entry:
    """One act of the trail."""

    lane: int
    place: int
    at: datetime
    actor: str
    act: str
    about: dict[str, Any]


def entries(
    connection: psycopg.Connection,
    *,
    act: str | None = None,
    actor: str | None = None,
    about: Mapping[str, Any] | None = None,
    since: datetime | None = None,
    limit: int = 100,
) -> list[Entry]:
    """The newest entries that fit, newest first; `about` must be contained in an entry's own."""
    rows = connection.execute(
        "SELECT lane, place, at, actor, act, about FROM app.audit"
        " WHERE (%(act)s::text IS NULL OR act = %(act)s) AND (%(actor)s::text IS NULL OR actor = %(actor)s)"
        " AND (%(about)s::jsonb IS NULL OR about @> %(about)s)"
        " AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)"
        " ORDER BY at DESC, lane, place DESC LIMIT %(limit)s",
        {
            "act": act,
            "actor": actor,
            "about": None if about is None else Jsonb(dict(about)),
            "since": since,
            "limit": limit,
        },
    ).fetchall()
    return [Entry(*row) for row in rows]


@dataclass(frozen=True)
class Break:
    """A place at which the trail was changed: what an inspector must look at."""

    lane: int
    place: int
    reason: str


@dataclass(frozen=True)
class Verified:
    """The result of reading the whole trail."""

    entries: int
    checkpoints: int
    breaks: tuple[Break, ...]


CHANGED = "The entry was changed after it was written."
MISSING = "An entry is missing here."
CUT = "The end of the chain was cut off or replaced."
UNSIGNED = "The signature of a checkpoint is not valid."


def verify(connection: psycopg.Connection, trusted: frozenset[str] | None = None) -> Verified:
    """Recompute every hash outside the database and compare the ends and the checkpoints.

    `trusted` are the public keys (hex) an inspector accepts for checkpoints; None accepts any that verifies.
    Reads in a stream: memory does not grow with the trail.
    """
    breaks: list[Break] = []
    ends: dict[int, tuple[int, bytes]] = {}
    fixed = _checkpoints(connection, trusted, breaks)
    wanted = {(lane, place): digest for _, lanes in fixed for lane, place, digest in lanes if place}
    count = 0
    with connection.cursor("audit_verify") as cursor:
        cursor.itersize = 20_000
        cursor.execute(
            "SELECT lane, place, app.audit_text(lane, place, at, actor, act, about), hash"
            " FROM app.audit ORDER BY lane, place"
        )
        for lane, place, text, digest in cursor:
            count += 1
            last, before = ends.get(lane, (0, b""))
            if place != last + 1:
                breaks.append(Break(lane, last + 1, MISSING))
            elif hashlib.sha256(before + text.encode()).digest() != digest:
                breaks.append(Break(lane, place, CHANGED))
            if wanted.pop((lane, place), digest.hex()) != digest.hex():
                breaks.append(Break(lane, place, CUT))
            ends[lane] = (place, digest)
    breaks += [Break(lane, place, CUT) for lane, place in wanted]
    for lane, place, digest in connection.execute("SELECT lane, place, hash FROM app.audit_lane"):
        if ends.get(lane, (0, b"")) != (place, digest):
            breaks.append(Break(lane, place, CUT))
    return Verified(count, len(fixed), tuple(dict.fromkeys(breaks)))


Lanes = list[tuple[int, int, str]]


def _checkpoints(
    connection: psycopg.Connection, trusted: frozenset[str] | None, breaks: list[Break]
) -> list[tuple[datetime, Lanes]]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    found = []
    for at, lanes, key, signature in connection.execute(
        "SELECT at, lanes, key, signature FROM app.audit_checkpoint ORDER BY at"
    ):
        try:
            if trusted is not None and key not in trusted:
                raise InvalidSignature
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
                bytes.fromhex(signature), _signed_text(at, lanes)
            )
        except (InvalidSignature, ValueError):
            breaks.append(Break(-1, 0, UNSIGNED))
            continue
        found.append((at, lanes))
    return found


def checkpoint(
    connection: psycopg.Connection, private_key: bytes, at: datetime | None = None
) -> str:
    """Sign the present ends of all lanes with an Ed25519 key (32 bytes) and keep the signature.

    Returns one line that can be stored elsewhere: with it, cutting the trail is seen even when the whole
    database was rewritten.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    moment = at or clock.now()
    lanes = [
        [lane, place, bytes(digest).hex()]
        for lane, place, digest in connection.execute(
            "SELECT lane, place, hash FROM app.audit_lane ORDER BY lane"
        )
    ]
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    public = key.public_key().public_bytes_raw().hex()
    signature = key.sign(_signed_text(moment, lanes)).hex()
    connection.execute(
        "INSERT INTO app.audit_checkpoint (at, lanes, key, signature) VALUES (%s, %s, %s, %s)",
        [moment, Jsonb(lanes), public, signature],
    )
    return f"{moment.isoformat()} {hashlib.sha256(_signed_text(moment, lanes)).hexdigest()} {signature}"


def _signed_text(at: datetime, lanes: Any) -> bytes:
    ends = "\n".join(f"{lane} {place} {digest}" for lane, place, digest in lanes)
    return f"lienthong audit\n{clock.local(at).isoformat()}\n{ends}".encode()
