"""Work with the Portal that is due by the clock or because a person asked for it; one program does each at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import audit
from lienthong.errors import Failure, NotFound
from lienthong.partners.portal import sayings

Name = Literal["catalogues", "reconcile", "sample", "questions", "payments"]
EVERY: dict[Name, timedelta] = {
    "catalogues": timedelta(days=1),
    "reconcile": timedelta(days=1),
    "sample": timedelta(minutes=30),
    "questions": timedelta(minutes=30),
    "payments": timedelta(seconds=5),
}
"""How often each is done; a citizen waits for the place to pay. Reconciling and catalogues are also done when asked."""
AGAIN = timedelta(minutes=10)
"""When one that failed is tried again."""
LOCK = 2_026_112_205


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job: when it was asked for, begun, done; why it failed last."""

    name: str
    asked_at: datetime | None = None
    asked_by: str | None = None
    begun_at: datetime | None = None
    done_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None
    done: int = 0

    def due(self, now: datetime) -> bool:
        """Whether it is to be done now."""
        if self.failed_at and (not self.done_at or self.failed_at > self.done_at):
            waited = now - self.failed_at >= AGAIN
            return waited or bool(self.asked_at and self.asked_at > self.failed_at)
        if self.done_at is None or now - self.done_at >= EVERY[self.name]:  # type: ignore[index]
            return True
        return bool(self.asked_at and self.asked_at > (self.begun_at or self.done_at))


def jobs(conn: psycopg.Connection[Any]) -> dict[str, Job]:
    """All jobs, also those that were never begun."""
    rows = conn.execute(
        "SELECT name, asked_at, asked_by, begun_at, done_at, failed_at, failure, done FROM portal.job"
    ).fetchall()
    found = {
        row[0]: Job(**dict(zip(Job.__struct_fields__, row, strict=True)))
        for row in rows
        if row[0] in EVERY
    }
    return {name: found.get(name, Job(name=name)) for name in EVERY}


def ask(conn: psycopg.Connection[Any], actor: audit.Acting | str, name: str, now: datetime) -> None:
    """A person asks for a job now; the worker does it with its next look."""
    if name not in EVERY:
        raise NotFound("portal.job", "There is no such job; there are: %(names)s.", names=", ".join(EVERY))  # fmt: skip
    who = actor if isinstance(actor, str) else actor.id
    conn.execute(
        "INSERT INTO portal.job (name, asked_at, asked_by) VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE SET"
        " asked_at = excluded.asked_at, asked_by = excluded.asked_by",
        [name, now, who],
    )
    audit.write(conn, actor, "portal.asked", {"job": name})


def run(
    conn: psycopg.Connection[Any], name: Name, now: Callable[[], datetime], does: Callable[[], int]
) -> bool:
    """Do a job when it is due and nobody else does it; `conn` in autocommit. Returns whether it was done.

    A failure is written down and raised again.
    """
    held = conn.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [LOCK, name]).fetchone()
    if not held or not held[0]:
        return False
    try:
        if not jobs(conn)[name].due(now()):
            return False
        conn.execute(
            "INSERT INTO portal.job (name, begun_at) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET"
            " begun_at = excluded.begun_at",
            [name, now()],
        )
        try:
            done = does()
        except Exception as failure:
            known = isinstance(failure, Failure)
            said = sayings.kept(failure) if known else type(failure).__name__  # type: ignore[arg-type]
            conn.execute(
                "UPDATE portal.job SET failed_at = %s, failure = %s WHERE name = %s",
                [now(), said, name],
            )
            raise
        conn.execute(
            "UPDATE portal.job SET done_at = %s, done = %s, failure = NULL WHERE name = %s",
            [now(), done, name],
        )
        return True
    finally:
        if not conn.closed:
            conn.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [LOCK, name])
