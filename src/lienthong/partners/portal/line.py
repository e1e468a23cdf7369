"""The line to the Portal as a whole: after some failures in a row nothing is tried for a while, then one call tries.

All programs share one row of the database, so that a Portal that is down is not asked by each of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import psycopg

from lienthong.errors import Failure
from lienthong.partners.portal import sayings

LINK = "portal"
BREAK_AFTER, BREAK_FOR, BREAK_LONGEST = 5, 60.0, 900.0
"""So many failures in a row open the breaker for so many seconds: doubled each time, up to a quarter of an hour."""

Standing = Literal["unknown", "works", "failing", "open", "trying"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the line. `failure` is what was said last, without values."""

    failures: int = 0
    open_until: datetime | None = None
    failure: str | None = None
    failed_at: datetime | None = None
    success: datetime | None = None

    def standing(self, now: datetime) -> Standing:
        """open: nothing is sent; trying: the next call decides; failing: fewer failures than open it."""
        if self.open_until is not None and self.open_until > now:
            return "open"
        if self.failures >= BREAK_AFTER:
            return "trying"
        if self.failures:
            return "failing"
        return "works" if self.success else "unknown"


def line(conn: psycopg.Connection[Any]) -> Line:
    """The line now."""
    row = conn.execute(
        "SELECT failures, nullif(open_until, '-infinity'), last_failure, failed_at, last_success FROM portal.link"
        " WHERE name = %s",
        [LINK],
    ).fetchone()
    if row is None:
        return Line()
    failures, open_until, failure, failed_at, success = row
    return Line(
        failures=failures,
        open_until=open_until,
        failure=failure,
        failed_at=failed_at,
        success=success,
    )


def failed(conn: psycopg.Connection[Any], failure: Failure, now: datetime, times: int = 1) -> None:
    """The line failed so many times, one after the other; the breaker opens when it is enough."""
    count = line(conn).failures + times
    longer = 2 ** max(0, min(count - BREAK_AFTER, 10))
    until = now + timedelta(seconds=min(BREAK_LONGEST, BREAK_FOR * longer))
    conn.execute(
        "INSERT INTO portal.link AS l (name, failures, last_failure, failed_at, open_until) VALUES"
        " (%(name)s, %(times)s, %(said)s, %(now)s, CASE WHEN %(times)s >= %(most)s THEN %(until)s ELSE '-infinity' END)"
        " ON CONFLICT (name) DO UPDATE SET failures = l.failures + %(times)s, last_failure = excluded.last_failure,"
        " failed_at = excluded.failed_at,"
        " open_until = CASE WHEN l.failures + %(times)s >= %(most)s THEN %(until)s ELSE l.open_until END",
        {
            "name": LINK,
            "times": times,
            "said": sayings.kept(failure),
            "now": now,
            "most": BREAK_AFTER,
            "until": until,
        },
    )


def works(conn: psycopg.Connection[Any], now: datetime) -> None:
    """The line answered: what failed before is over."""
    conn.execute(
        "INSERT INTO portal.link AS l (name, last_success) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET"
        " failures = 0, open_until = '-infinity', last_success = excluded.last_success"
        " WHERE l.failures > 0 OR l.last_success IS NULL"
        " OR l.last_success < excluded.last_success - interval '10 seconds'",
        [LINK, now],
    )


def close_breaker(conn: psycopg.Connection[Any]) -> None:
    """A person says: try now."""
    conn.execute(
        "UPDATE portal.link SET open_until = '-infinity', failures = 0 WHERE name = %s", [LINK]
    )
    conn.execute(
        "UPDATE portal.dossier SET next_at = '-infinity' WHERE attempts > 0 AND next_at > now()"
    )
