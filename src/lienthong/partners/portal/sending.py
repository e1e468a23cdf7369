"""Brings the Portal to the state of our events: dossiers in order, each step once, whatever breaks on the way.

A step has no number over there and doubles when it is sent again, so the ledger is written before a step goes out
(`sending`) and after it was taken (`accepted`). What stands as `sending` when somebody comes back is unknown: the
Portal is asked what it has, and only what it has not is sent. One dossier is held by one sender at a time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from lienthong import clock
from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers.dossier import Dossier
from lienthong.dossiers.history import Event
from lienthong.dossiers.moves import Moves, moves
from lienthong.errors import Failure, Refused, Unavailable
from lienthong.partners.portal import saying
from lienthong.partners.portal.client import Client
from lienthong.procedures import catalogue

LINK = "portal"
FIRST_WAIT, LONGEST_WAIT = 15.0, 3600.0
"""Seconds before a dossier is tried again: doubled each time, up to an hour, with some chance in it."""
BREAK_AFTER, BREAK_FOR = 5, 60.0
"""So many failures of the line in a row stop every sending for so many seconds."""


class Sent(msgspec.Struct, kw_only=True):
    """What one round did."""

    dossiers: int = 0
    steps: int = 0
    waiting: int = 0
    blocked: int = 0
    stopped: bool = False


class Sending:
    """Sends to one Portal. `now` and `chance` are handed in so that tests own the clock and the dice."""

    def __init__(
        self,
        client: Client,
        *,
        now: Callable[[], datetime] = clock.now,
        chance: Callable[[], float] = random.random,
        table: Moves | None = None,
    ) -> None:
        self.client, self._now, self._chance = client, now, chance
        self._table = table or moves()

    def round(self, conn: psycopg.Connection[Any], limit: int = 200) -> Sent:
        """Send what is due, oldest events first; `conn` must be in autocommit, so that the ledger outlives us."""
        done = Sent()
        if self._broken(conn):
            done.stopped = True
            return done
        for code in self._due(conn, limit):
            if not self._held(conn, code):
                continue
            try:
                self._one(conn, code, done)
            finally:
                conn.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 21))", [code])
            if self._broken(conn):
                done.stopped = True
                break
        return done

    # -- one dossier

    def _one(self, conn: psycopg.Connection[Any], code: str, done: Sent) -> None:
        found, events = dossiers.find(conn, code), dossiers.events(conn, code)
        try:
            self._settle_unknown(conn, found, events)
            self._dossier(conn, found, events)
            done.steps += self._steps(conn, found, events)
        except saying.Unsayable as unsayable:
            self._block(conn, code, ", ".join(unsayable.missing), found.last_event)
            done.blocked += 1
            return
        except Unavailable as silent:
            self._line_failed(conn, silent)
            self._later(conn, code, silent)
            done.waiting += 1
            return
        except Refused as refused:
            self._later(conn, code, refused)
            done.waiting += 1
            return
        conn.execute(
            "UPDATE portal.dossier SET sent_event = %s, attempts = 0, next_at = '-infinity', blocked = NULL,"
            " last_answer = NULL, changed_at = %s WHERE code = %s",
            [found.last_event, self._now(), code],
        )
        self._line_works(conn)
        done.dossiers += 1

    def _dossier(
        self, conn: psycopg.Connection[Any], found: Dossier, events: Sequence[Event]
    ) -> None:
        """Make or change the dossier: it is known by its code, so that repeating does no harm."""
        row = conn.execute(
            "SELECT created, applicant FROM portal.dossier JOIN dossiers.dossier USING (code) WHERE code = %s",
            [found.code],
        ).fetchone()
        assert row
        version = catalogue.version(conn, found.procedure, found.procedure_version)
        fields = saying.dossier_fields(
            found, row[1], version.procedure, events, self.client.profile
        )
        answer = self.client.dossier(fields, update=row[0])
        if not row[0] and self.client.profile.exists(answer.message):
            self.client.dossier(fields, update=True)
        if not row[0]:
            conn.execute("UPDATE portal.dossier SET created = true WHERE code = %s", [found.code])

    def _steps(self, conn: psycopg.Connection[Any], found: Dossier, events: Sequence[Event]) -> int:
        taken = {
            number
            for (number,) in conn.execute(
                "SELECT number FROM portal.step WHERE dossier = %s AND state = 'accepted'",
                [found.code],
            ).fetchall()
        }
        left = [event for event in saying.steps_of(events) if event.number not in taken]
        size = self.client.profile.chunk
        for at in range(0, len(left), size):
            self._chunk(conn, found, left[at : at + size])
        return len(left)

    def _chunk(
        self, conn: psycopg.Connection[Any], found: Dossier, events: Sequence[Event]
    ) -> None:
        said = [
            saying.step_fields(found, event, self._table, self.client.profile) for event in events
        ]
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO portal.step (dossier, number, print, state, tried_at) VALUES (%s, %s, %s, 'sending', %s)"
                " ON CONFLICT (dossier, number) DO UPDATE SET state = 'sending', tried_at = excluded.tried_at,"
                " print = excluded.print",
                [
                    (found.code, event.number, saying.fingerprint(step), self._now())
                    for event, step in zip(events, said, strict=True)
                ],
            )
        # A refused chunk may have been taken in part: it stays `sending` until the Portal says what it has.
        self.client.progress(said)
        conn.execute(
            "UPDATE portal.step SET state = 'accepted', accepted_at = %s WHERE dossier = %s AND state = 'sending'",
            [self._now(), found.code],
        )

    def _settle_unknown(
        self, conn: psycopg.Connection[Any], found: Dossier, events: Sequence[Event]
    ) -> None:
        """Ask what became of steps that went out without an answer."""
        unknown = conn.execute(
            "SELECT number, print FROM portal.step WHERE dossier = %s AND state = 'sending' ORDER BY number",
            [found.code],
        ).fetchall()
        if not unknown:
            return
        theirs = self.client.look_up(found.code) or {}
        steps = theirs.get("TienDo")
        if steps is None and theirs:
            raise Refused(
                "portal.blind",
                "The Portal does not say which steps it has; they are not sent again without knowing.",
            )
        there = Counter(saying.fingerprint(step) for step in steps or ())
        for (print_,) in conn.execute(
            "SELECT print FROM portal.step WHERE dossier = %s AND state = 'accepted'", [found.code]
        ).fetchall():
            there[print_] -= 1
        for number, print_ in unknown:
            state = "accepted" if there[print_] > 0 else "waiting"
            there[print_] -= 1
            conn.execute(
                "UPDATE portal.step SET state = %s, accepted_at = CASE WHEN %s = 'accepted' THEN %s::timestamptz END"
                " WHERE dossier = %s AND number = %s",
                [state, state, self._now(), found.code, number],
            )

    # -- which and when

    def _due(self, conn: psycopg.Connection[Any], limit: int) -> list[str]:
        conn.execute(
            "INSERT INTO portal.dossier (code, changed_at) SELECT d.code, %s FROM dossiers.dossier d"
            " WHERE NOT EXISTS (SELECT 1 FROM portal.dossier p WHERE p.code = d.code) ON CONFLICT DO NOTHING",
            [self._now()],
        )
        rows = conn.execute(
            "SELECT p.code FROM portal.dossier p JOIN dossiers.dossier d USING (code)"
            " WHERE d.last_event > p.sent_event AND p.next_at <= %s ORDER BY d.last_event LIMIT %s",
            [self._now(), limit],
        ).fetchall()
        return [code for (code,) in rows]

    def _held(self, conn: psycopg.Connection[Any], code: str) -> bool:
        row = conn.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 21))", [code]
        ).fetchone()
        return bool(row and row[0])

    def _later(self, conn: psycopg.Connection[Any], code: str, failure: Failure) -> None:
        row = conn.execute("SELECT attempts FROM portal.dossier WHERE code = %s", [code]).fetchone()
        attempts = (row[0] if row else 0) + 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 20)) * (
            0.5 + self._chance() / 2
        )
        conn.execute(
            "UPDATE portal.dossier SET attempts = %s, next_at = %s, last_answer = %s, changed_at = %s WHERE code = %s",
            [
                attempts,
                self._now() + timedelta(seconds=wait),
                str(failure)[:500],
                self._now(),
                code,
            ],
        )

    def _block(self, conn: psycopg.Connection[Any], code: str, missing: str, event: int) -> None:
        """Nothing more is tried until another event of the dossier says more."""
        conn.execute(
            "UPDATE portal.dossier SET blocked = %s, sent_event = %s, changed_at = %s WHERE code = %s",
            [missing, event, self._now(), code],
        )

    # -- the line

    def _broken(self, conn: psycopg.Connection[Any]) -> bool:
        row = conn.execute(
            "SELECT open_until > %s FROM portal.link WHERE name = %s", [self._now(), LINK]
        ).fetchone()
        return bool(row and row[0])

    def _line_failed(self, conn: psycopg.Connection[Any], failure: Failure) -> None:
        conn.execute(
            "INSERT INTO portal.link AS l (name, failures, last_failure) VALUES (%s, 1, %s)"
            " ON CONFLICT (name) DO UPDATE SET failures = l.failures + 1, last_failure = excluded.last_failure,"
            " open_until = CASE WHEN l.failures + 1 >= %s THEN %s::timestamptz ELSE l.open_until END",
            [LINK, str(failure)[:500], BREAK_AFTER, self._now() + timedelta(seconds=BREAK_FOR)],
        )

    def _line_works(self, conn: psycopg.Connection[Any]) -> None:
        conn.execute(
            "INSERT INTO portal.link AS l (name, last_success) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET"
            " failures = 0, open_until = '-infinity', last_success = excluded.last_success"
            " WHERE l.failures > 0 OR l.last_success < excluded.last_success - interval '1 minute'",
            [LINK, self._now()],
        )
