"""Delivers changes to one subscriber after another: signed, in order, at least once, and never faster than it can take.

The position is written after the subscriber's answer. Whoever is killed between the two sends the same changes again
under the same positions, by which a receiver knows them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import clock
from lienthong.access import policy
from lienthong.database import visible_to
from lienthong.errors import Failure, NotAllowed, NotFound, Unavailable
from lienthong.partners.subscribers import letters, owners, posting, signing
from lienthong.partners.subscribers.sealing import Seal
from lienthong.partners.subscribers.subscriptions import (
    OPEN_FROM,
    READ,
    Subscription,
    subscription,
)
from lienthong.records.feed import reading

Outcome = Literal["busy", "idle", "sent", "failed"]
"""busy: another program delivers to it; idle: nothing to send, or not yet."""

REFUSED_MOST = 3
"""How often one change that is refused is tried before it becomes a letter."""

FAILED_MOST = 8
"""How often one change at which the receiver itself fails (a status of 5xx) is tried before it becomes a letter."""

FIRST_WAIT, LONGEST_WAIT = 1.0, 900.0
"""Seconds until the second attempt; it doubles with each failure up to the longest."""

LONGEST_ASKED = 3600.0
"""Seconds that a receiver may ask for by Retry-After."""

Post = Callable[[str, bytes, dict[str, str], frozenset[str]], posting.Answer]


class Message(msgspec.Struct, frozen=True):
    """The body of a message: changes in their order, each known by its position."""

    subscription: str
    changes: list[reading.Change]


class Deliveries:
    """Delivers for all subscriptions of one database; any number of programs may do it at once."""

    def __init__(
        self,
        home: Path,
        allowed: frozenset[str] = frozenset(),
        *,
        post: Post = posting.post,
        now: Callable[[], datetime] = clock.now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._seal = Seal(home)
        self._allowed, self._post, self._now, self._chance = allowed, post, now, chance
        self._size: dict[str, int] = {}

    def due(self, conn: psycopg.Connection[Any]) -> list[str]:
        """The subscriptions that may be delivered to now."""
        rows = conn.execute(
            "SELECT id FROM partners.subscription WHERE state = 'active' AND next_at <= %s ORDER BY next_at, id",
            [self._now()],
        ).fetchall()
        return [row[0] for row in rows]

    def step(self, conn: psycopg.Connection[Any], id: str) -> Outcome:
        """Send one message to one subscriber, if there is something to send; `conn` is in autocommit.

        Nobody else delivers to it meanwhile, and our death lets the next one in.
        """
        row = conn.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 13))", [id]).fetchone()
        if not row or not row[0]:
            return "busy"
        try:
            return self._step(conn, id)
        finally:
            if not conn.closed and not conn.broken:
                conn.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 13))", [id])

    def _step(self, conn: psycopg.Connection[Any], id: str) -> Outcome:
        try:
            given = subscription(conn, id)
        except NotFound:
            return "idle"
        if given.state != "active" or (given.next_at and given.next_at > self._now()):
            return "idle"
        try:
            self._may(conn, given)
            keys = self._keys(conn, given)
            found = letters.due(conn, id)
            if found is not None:
                return self._letter(conn, given, keys, *found)
            return self._page(conn, given, keys)
        except (NotAllowed, NotFound, Unavailable) as failure:
            self._stop(conn, given, failure)
            return "failed"

    def _may(self, conn: psycopg.Connection[Any], given: Subscription) -> None:
        """Whoever subscribed must still be allowed to read these changes. Raises NotAllowed."""
        about = {"sender": given.sender, "province": given.sender_province}
        permit = policy.decide(
            owners.owner(conn, given.owner, self._now()),
            READ,
            {name: value for name, value in about.items() if value},
            given.purpose,
        )
        if (permit.facility, permit.province) != (given.facility, given.province):
            raise NotAllowed("subscription.rights", "The owner's rights have changed.")

    def _keys(self, conn: psycopg.Connection[Any], given: Subscription) -> list[str]:
        row = conn.execute(
            "SELECT secret, CASE WHEN former_until > %s THEN former_secret END FROM partners.subscription"
            " WHERE id = %s",
            [self._now(), given.id],
        ).fetchone()
        kept = row or ()
        return [self._seal.open(bytes(one), given.id) for one in kept if one is not None]

    def _page(self, conn: psycopg.Connection[Any], given: Subscription, keys: list[str]) -> Outcome:
        with conn.transaction():
            visible_to(conn, facility=given.facility, province=given.province)
            page = reading.page(conn, given.position, wanted=given.wanted, limit=self._limit(given))
        behind = letters.blocked(conn, given.id, page.changes)
        now = [one for one in page.changes if letters.record_of(one) not in behind]
        later = [one for one in page.changes if letters.record_of(one) in behind]
        if not now:
            if page.position > given.position:
                with conn.transaction():
                    letters.put(conn, given.id, later, "behind")
                    self._move(conn, given, page.position)
            return "sent" if page.more else "idle"
        answer = self._send(given, keys, now)
        with conn.transaction():
            if answer.verdict == "accepted":
                letters.put(conn, given.id, later, "behind")
                self._accepted(conn, given, now)
                self._move(conn, given, page.position)
                self._size[given.id] = min(given.most, 2 * self._limit(given))
                return "sent"
            if len(now) == 1 and self._give_up(given, answer):
                letters.put(conn, given.id, now, "dead", answer, given.attempts + 1)
                letters.put(conn, given.id, later, "behind")
                self._failed(conn, given, answer, 0)
                self._move(conn, given, page.position)
                return "failed"
            if answer.verdict == "refused" and len(now) > 1:
                # One of them is not taken: find it by halves, the others must not wait for it.
                self._size[given.id] = max(1, len(page.changes) // 2)
                self._failed(conn, given, answer, given.attempts)
                return "failed"
            self._failed(conn, given, answer, given.attempts + 1)
            return "failed"

    def _limit(self, given: Subscription) -> int:
        return 1 if given.open else min(given.most, self._size.get(given.id, given.most))

    def _give_up(self, given: Subscription, answer: posting.Answer) -> bool:
        tried = given.attempts + 1
        if answer.verdict == "refused":
            return tried >= REFUSED_MOST
        return answer.verdict == "ill" and (answer.status or 0) >= 500 and tried >= FAILED_MOST

    def _letter(
        self,
        conn: psycopg.Connection[Any],
        given: Subscription,
        keys: list[str],
        letter: letters.Letter,
        change: reading.Change,
    ) -> Outcome:
        answer = self._send(given, keys, [change])
        with conn.transaction():
            if answer.verdict == "accepted":
                letters.accepted(conn, letter, change)
                self._accepted(conn, given, [change])
                return "sent"
            letters.failed(conn, letter, answer)
            self._failed(conn, given, answer, given.attempts + (answer.verdict != "refused"))
            return "failed"

    def _send(
        self, given: Subscription, keys: list[str], changes: list[reading.Change]
    ) -> posting.Answer:
        body = msgspec.json.encode(Message(given.id, changes))
        id = f"{given.id}.{changes[0].position}.{changes[-1].position}"
        headers = signing.headers(id, self._now(), body, keys)
        headers |= {"content-type": "application/json", "user-agent": "lienthong"}
        return self._post(given.url, body, headers, self._allowed)

    def _accepted(
        self, conn: psycopg.Connection[Any], given: Subscription, changes: list[reading.Change]
    ) -> None:
        now = self._now()
        conn.execute(
            "UPDATE partners.subscription SET attempts = 0, next_at = '-infinity', sent = sent + %s,"
            " requests = requests + 1, sent_at = %s WHERE id = %s",
            [len(changes), now, given.id],
        )
        reading.mark_served(conn, changes, now)
        policy.log_reading(
            conn,
            owners.named(given.owner),
            READ,
            {"contract": given.contract, "sender": given.sender, "count": len(changes)},
            given.purpose,
        )

    def _move(self, conn: psycopg.Connection[Any], given: Subscription, position: int) -> None:
        """Go on to a position, unless somebody has set another one meanwhile (a replay)."""
        conn.execute(
            "UPDATE partners.subscription SET position = %s WHERE id = %s AND position = %s",
            [position, given.id, given.position],
        )

    def _failed(
        self,
        conn: psycopg.Connection[Any],
        given: Subscription,
        answer: posting.Answer,
        attempts: int,
    ) -> None:
        """Note a failure; when it is one more in a row, the next attempt waits."""
        now = self._now()
        after = now + self._wait(attempts, answer) if attempts > given.attempts else now
        conn.execute(
            "UPDATE partners.subscription SET state = CASE WHEN %s AND state = 'active' THEN 'paused' ELSE state END,"
            " attempts = %s, next_at = %s, requests = requests + 1, failures = failures + 1, failed_at = %s,"
            " failure = %s, failure_status = %s WHERE id = %s",
            [
                answer.verdict == "gone", attempts, after, now,
                answer.failure, answer.status, given.id,
            ],
        )  # fmt: skip

    def _wait(self, attempts: int, answer: posting.Answer) -> timedelta:
        """Doubling, with chance in it so that subscribers of one dead host do not come back at one moment."""
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 30))
        seconds = longest * (0.5 + 0.5 * self._chance())
        return timedelta(seconds=max(seconds, min(answer.retry_after or 0.0, LONGEST_ASKED)))

    def _stop(self, conn: psycopg.Connection[Any], given: Subscription, why: Failure) -> None:
        """It cannot go on by itself: it is paused and its page says why."""
        conn.execute(
            "UPDATE partners.subscription SET state = 'paused', failed_at = %s, failure = %s, failure_status = NULL"
            " WHERE id = %s AND state = 'active'",
            [self._now(), _STOPS.get(type(why), why.message), given.id],
        )
        self._size.pop(given.id, None)


_STOPS: dict[type[Failure], str] = {
    NotAllowed: "Its owner may no longer read these changes.",
    NotFound: "It fell behind what the feed keeps. Read the records anew and begin from a position.",
}


__all__ = ["OPEN_FROM", "Deliveries", "Message", "Outcome"]
