"""What the Portal pushes: kept as it came before anything else, resolved later, never dropped.

A message that cannot be resolved (a procedure that is not in the catalogue, an agency code that ended, a missing
technical id, a signature that nobody can read) waits in a visible queue with its reason and its age. The same message
again changes nothing and gets the same receipt.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers import naming
from lienthong.errors import Conflict, Failure, NotFound, Refused
from lienthong.partners.portal import envelope, outer, resolving, sayings
from lienthong.partners.portal.client import Client

ACTOR = resolving.ACTOR
KINDS = ("dossier", "supplement", "withdrawal", "payment", "question", "rating")
Kind = Literal["dossier", "supplement", "withdrawal", "payment", "question", "rating"]
ALARM = timedelta(hours=8)
"""A message that waits longer raises the alarm of its page: a dossier hangs with a code and nobody works on it."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
"""When a message that could not be resolved is tried again by itself."""
AS_CAME = "AsCame"
"""Beside the message as it is read: how it came, when a relay had put something around it or changed its names."""
NO_CODE = "–"

UNREADABLE = (
    AttributeError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError,
    psycopg.DataError, psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex,
)  # fmt: skip
"""What a message of another shape than the profile's runs into: a list where a person is expected, a foreign date, a
code that is longer than an index takes (which the driver counts among the troubles of a server)."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What the Portal is told: 0 taken, 1 there already, -1 without anything to know it by. `receipt` never changes."""

    code: int
    message: str
    receipt: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One message, without its content."""

    position: int
    kind: str
    code: str
    received_at: datetime
    reason: str | None
    tried_at: datetime | None
    state: str = "waiting"
    attempts: int = 0
    next_at: datetime | None = None
    held: bool = False
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    repeats: int = 0
    procedure: str | None = None
    agency: str | None = None

    def alarming(self, now: datetime) -> bool:
        """Whether it has waited too long."""
        return self.state == "waiting" and now - self.received_at > ALARM


_LINES = (
    "SELECT position, kind, code, received_at, reason, tried_at, state, attempts,"
    " CASE WHEN isfinite(next_at) THEN next_at END AS next_at, next_at = 'infinity' AS held,"
    " resolved_at, resolved_by, repeats,"
    " left(body ->> 'MaTTHC', 60) AS procedure,"
    " left(body ->> 'MaDonViTiepNhan', 60) AS agency FROM portal.inbound"
)


def take(
    conn: psycopg.Connection[Any],
    kind: str,
    body: Mapping[str, Any] | bytes,
    *,
    at: datetime | None = None,
) -> Taken:
    """Keep a pushed message, whatever it says, and give a receipt.

    Bytes that are no JSON object are kept as they came. Raises NotFound for a kind that there is not.
    """
    if kind not in KINDS:
        raise NotFound(
            "portal.kind", "There is no such message; there are: %(kinds)s.", kinds=", ".join(KINDS)
        )
    said = readable(body)
    code = outer.known_by(said)
    known = bool(code) and len(code) <= 60
    # What is around a message may differ from one repetition to the next; the message is the same.
    inner = {name: value for name, value in said.items() if name != AS_CAME}
    sha256 = hashlib.sha256(msgspec.json.encode(inner, order="sorted")).hexdigest()
    row = conn.execute(
        "INSERT INTO portal.inbound (kind, code, sha256, body, received_at, reason) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (kind, code, sha256) DO UPDATE SET repeats = portal.inbound.repeats + 1"
        " RETURNING position, repeats, state",
        [kind, code if known else NO_CODE, sha256, Jsonb(said), at or clock.now(),
         None if known else "portal.nameless: nothing to know it by"],
    ).fetchone()  # fmt: skip
    assert row
    position, repeats, state = row
    if (
        repeats
        and kind == "supplement"
        and _asked_since(conn, code, position, state, at or clock.now())
    ):
        return Taken(code=0, message="Đã tiếp nhận bản tin", receipt=position)
    if not repeats:
        audit.write(conn, ACTOR, "portal.taken", {"dossier": code[:60], "kind": kind})
    if not known:
        return Taken(code=-1, message="Thiếu mã hồ sơ", receipt=position)
    if repeats:
        return Taken(code=1, message="Hồ sơ đã tồn tại", receipt=position)
    return Taken(code=0, message="Đã tiếp nhận bản tin", receipt=position)


def _asked_since(
    conn: psycopg.Connection[Any], code: str, position: int, state: str, now: datetime
) -> bool:
    """Lay the very supplement that was taken further, come again after a second request, before a person.

    It may be the applicant's answer with the same papers, or the first one delivered late: a program cannot tell, and
    dropped in silence it would let the dossier lapse. It waits, is not tried by itself, and goes on when a person says.
    """
    if state == "waiting":
        return False
    row = conn.execute(
        "SELECT resolved_at FROM portal.inbound WHERE position = %s", [position]
    ).fetchone()
    try:
        waits = dossiers.find(conn, code).state == "supplement"
    except NotFound:
        return False
    asked = [event.at for event in dossiers.events(conn, code) if event.to_state == "supplement"]
    if not waits or row is None or row[0] is None or row[0] >= asked[-1]:
        return False
    again = Refused(
        "portal.same-supplement",
        "The same supplement was taken before the last request; whether it answers that one too, a person must say.",
    )
    conn.execute(
        "UPDATE portal.inbound SET state = 'waiting', next_at = 'infinity', resolved_at = NULL, resolved_by = NULL,"
        " received_at = %s, reason = %s WHERE position = %s",
        [now, sayings.kept(again), position],
    )
    audit.write(conn, ACTOR, "portal.came-again", {"dossier": code, "position": position})
    return True


def readable(body: Mapping[str, Any] | bytes) -> dict[str, Any]:
    """The message as an object in our spelling, with what was around it; NUL, which no column takes, is left out."""
    try:
        found = envelope.opened(body) if isinstance(body, bytes) else body
        if isinstance(found, list):
            found = {"data": found}
        if isinstance(found, Mapping):
            came = _plain(found)
            said = outer.read(came)
            return said if said == came else said | {AS_CAME: came}
    except (
        RecursionError,
        ValueError,
    ):  # nested deeper, or a longer number, than anybody means: kept as it came
        pass
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return {"unreadable": base64.b64encode(raw).decode()}


DEEPEST = 64
"""Layers of a message. No message of the Portal has ten; what is deeper is no message."""


def _plain(value: Any, layer: int = 0) -> Any:
    """The value without NUL. By value, not in the written text: there a typed backslash looks the same."""
    if layer > DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {str(name).replace("\0", ""): _plain(one, layer + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, layer + 1) for one in value]
    return value


def resolve(
    conn: psycopg.Connection[Any],
    home: Path | None = None,
    *,
    now: datetime | None = None,
    limit: int = 500,
    client: Client | None = None,
) -> int:
    """Take further what waits, in the order it came; returns how many. None stops the others."""
    moment, done = now or clock.now(), 0
    positions = conn.execute(
        "SELECT position FROM portal.inbound WHERE state = 'waiting' AND next_at <= %s ORDER BY position LIMIT %s",
        [moment, limit],
    ).fetchall()
    for (position,) in positions:
        with conn.transaction():
            done += _resolve_one(conn, position, resolving.Context(home, moment, client))
    return done


def resolve_one(
    conn: psycopg.Connection[Any], position: int, home: Path | None, now: datetime | None = None
) -> bool:
    """Take one message further now, in the caller's transaction; returns whether it went."""
    return _resolve_one(conn, position, resolving.Context(home, now or clock.now()))


def _resolve_one(conn: psycopg.Connection[Any], position: int, context: resolving.Context) -> bool:
    row = conn.execute(
        "SELECT kind, code, body FROM portal.inbound WHERE position = %s AND state = 'waiting'"
        " AND next_at < 'infinity' FOR UPDATE SKIP LOCKED",
        [position],
    ).fetchone()
    if row is None:
        return False
    kind, code, body = row
    reason: str | None
    try:
        with conn.transaction():
            reason = None if code != NO_CODE else "portal.nameless: nothing to know it by"
            if reason is None:
                resolving.KINDS[kind](conn, code, body, context._replace(position=position))
    except Failure as failure:
        reason = sayings.kept(failure)
    except UNREADABLE as failure:
        # What no profile foresees waits like the others; its words stay in the message and out of the reason.
        reason = f"portal.shape: {type(failure).__name__}"
    if reason is not None:
        conn.execute(
            "UPDATE portal.inbound SET reason = %(why)s, tried_at = %(now)s, attempts = attempts + 1,"
            " next_at = %(now)s + least(%(longest)s, %(first)s * power(2, least(attempts, 12)))"
            " WHERE position = %(at)s",
            {
                "why": reason[:2000],
                "now": context.now,
                "first": FIRST_WAIT,
                "longest": LONGEST_WAIT,
                "at": position,
            },
        )
        return False
    conn.execute(
        "UPDATE portal.inbound SET state = 'resolved', reason = NULL, resolved_at = %s, tried_at = %s,"
        " attempts = attempts + 1, resolved_by = %s, dossier = %s WHERE position = %s",
        [context.now, context.now, ACTOR, code, position],
    )
    return True


# -- the queue, for people


def waiting(conn: psycopg.Connection[Any], limit: int = 200) -> list[Waiting]:
    """What waits, the oldest first."""
    return _listed(conn, "waiting", limit)


def alarms(conn: psycopg.Connection[Any], now: datetime) -> int:
    """How many messages have waited too long."""
    row = conn.execute(
        "SELECT count(*) FROM portal.inbound WHERE state = 'waiting' AND received_at < %s",
        [now - ALARM],
    ).fetchone()
    return row[0] if row else 0


def listed(conn: psycopg.Connection[Any], state: str, limit: int = 100) -> list[Waiting]:
    """Messages in a state: what waits the oldest first, what is done the newest first."""
    return _listed(conn, state, limit)


def _listed(conn: psycopg.Connection[Any], state: str, limit: int) -> list[Waiting]:
    order = "received_at" if state == "waiting" else "resolved_at DESC NULLS LAST"
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"{_LINES} WHERE state = %s ORDER BY {order}, position LIMIT %s",
            [state, limit],
        ).fetchall()
    return [Waiting(**row) for row in rows]


def one(conn: psycopg.Connection[Any], position: int) -> Waiting:
    """One message without its content; raises NotFound."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(f"{_LINES} WHERE position = %s", [position]).fetchone()
    if row is None:
        raise NotFound("portal.no-message", "There is no message %(position)s.", position=position)
    return Waiting(**row)


def content(conn: psycopg.Connection[Any], position: int) -> dict[str, Any]:
    """What a message says; personal: call it behind the gate only."""
    row = conn.execute("SELECT body FROM portal.inbound WHERE position = %s", [position]).fetchone()
    if row is None:
        raise NotFound("portal.no-message", "There is no message %(position)s.", position=position)
    return row[0]


def retry(conn: psycopg.Connection[Any], actor: audit.Acting | str, position: int) -> None:
    """Try a message again with the next look."""
    row = conn.execute(
        "UPDATE portal.inbound SET next_at = '-infinity' WHERE position = %s AND state = 'waiting' RETURNING code",
        [position],
    ).fetchone()
    if row is None:
        raise _gone(position)
    audit.write(conn, actor, "portal.retried", {"dossier": row[0], "position": position})


def reject(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, position: int, reason: str
) -> None:
    """A person decides that a message will not be taken further; it stays kept with who said so and why."""
    if not reason.strip():
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["reason"]))
    who = actor if isinstance(actor, str) else actor.id
    row = conn.execute(
        "UPDATE portal.inbound SET state = 'rejected', reason = %s, resolved_at = %s, resolved_by = %s"
        " WHERE position = %s AND state = 'waiting' RETURNING code",
        [reason.strip()[:500], clock.now(), who, position],
    ).fetchone()
    if row is None:
        raise _gone(position)
    audit.write(conn, actor, "portal.rejected", {"dossier": row[0], "position": position})


def reopen(conn: psycopg.Connection[Any], actor: audit.Acting | str, position: int) -> None:
    """What was rejected by mistake waits again."""
    row = conn.execute(
        "UPDATE portal.inbound SET state = 'waiting', next_at = '-infinity', resolved_at = NULL, resolved_by = NULL"
        " WHERE position = %s AND state = 'rejected' RETURNING code",
        [position],
    ).fetchone()
    if row is None:
        raise Conflict("portal.not-rejected", "Message %(position)s was not rejected.", position=position)  # fmt: skip
    audit.write(conn, actor, "portal.reopened", {"dossier": row[0], "position": position})


def _gone(position: int) -> Conflict:
    return Conflict(
        "portal.not-waiting", "Message %(position)s does not wait any more.", position=position
    )
