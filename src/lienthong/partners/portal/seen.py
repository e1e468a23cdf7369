"""One dossier as both sides have it: the ledger of its steps, their state beside ours, what stands in the way."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg

from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers.moves import moves
from lienthong.errors import Refused
from lienthong.partners.portal import differences, papers, payments, ratings, saying, times
from lienthong.partners.portal.deciding import Decision, Strange
from lienthong.partners.portal.differences import Open
from lienthong.partners.portal.papers import Paper
from lienthong.partners.portal.payments import Payment

Sent = Literal["never", "sent", "unsent", "failing", "blocked"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One step: our event and its place in the ledger (None: nothing was tried yet).

    `held_since`: it waits for a person, who sees the `strange` steps of the Portal that it may be. `again`: it may go
    out once more. `decided` with who, when and why: what a person decided last.
    """

    number: int
    act: str
    state: str
    at: datetime
    ledger: str | None
    tried_at: datetime | None
    accepted_at: datetime | None
    held_since: datetime | None = None
    strange: list[Strange] = []
    again: bool = False
    decided: Decision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decided_why: str | None = None

    @property
    def open(self) -> bool:
        """Whether a person may decide about it."""
        return self.ledger in ("sending", "never")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier on both sides. `their_…` is as of `looked_at`; None: never looked, or not said."""

    code: str
    procedure: str
    unit: str
    origin: str
    state: str
    due_at: datetime | None
    settled_at: datetime | None
    sent: Sent
    sent_at: datetime | None = None
    missing: list[str] = []
    said: str | None = None
    attempts: int = 0
    next_at: datetime | None = None
    since: datetime | None = None
    looked_at: datetime | None = None
    there: bool | None = None
    their_state: str | None = None
    their_due: datetime | None = None
    their_settled: datetime | None = None
    their_steps: int | None = None
    overdue: str = "no"
    why: str | None = None
    steps: list[Line] = []
    differences: list[Open] = []
    payments: list[Payment] = []
    rating: dict[str, Any] | None = None
    fetched: int = 0
    papers: list[Paper] = []

    @property
    def held(self) -> list[Line]:
        """The steps that wait for a person."""
        return [one for one in self.steps if one.held_since is not None]

    @property
    def takeable(self) -> bool:
        """Whether the citizen made a move over there that can be made here."""
        return any(one.cause == "their_act" for one in self.differences)


def seen(conn: psycopg.Connection[Any], code: str) -> Seen:
    """Everything the Portal and we know of each other's dossier; raises NotFound. Shows no applicant."""
    found, happened = dossiers.find(conn, code), dossiers.events(conn, code)
    ledger = {
        number: {
            "ledger": state, "tried_at": tried, "accepted_at": accepted, "held_since": held, "again": again,
            "strange": msgspec.convert(strange or [], list[Strange]), "decided": decided, "decided_by": who,
            "decided_at": when, "decided_why": why,
        }
        for number, state, tried, accepted, held, strange, again, decided, who, when, why in conn.execute(
            "SELECT number, state, tried_at, accepted_at, held_since, strange, again, decided, decided_by, decided_at,"
            " decided_why FROM portal.step WHERE dossier = %s",
            [code],
        ).fetchall()
    }  # fmt: skip
    none: dict[str, Any] = {"ledger": None, "tried_at": None, "accepted_at": None}
    return Seen(
        code=found.code,
        procedure=found.procedure,
        unit=found.unit,
        origin=found.origin,
        state=found.state,
        due_at=found.due_at,
        settled_at=found.settled_at,
        **_sent(conn, code, found.last_event),
        **_look(conn, code),
        steps=[
            Line(
                number=event.number,
                act=event.act,
                state=event.to_state,
                at=event.at,
                **ledger.get(event.number, none),
            )
            for event in saying.steps_of(happened)
        ],
        differences=differences.listed(conn, dossier=code),
        payments=payments.of(conn, code),
        rating=ratings.of(conn, code),
        fetched=_count(conn, code),
        papers=papers.of(conn, code),
    )


def _sent(conn: psycopg.Connection[Any], code: str, last: int) -> dict[str, Any]:
    row = conn.execute(
        "SELECT sent_event, sent_at, blocked, last_answer, attempts, nullif(next_at, '-infinity'), again,"
        " coalesce(blocked_at, failing_since) FROM portal.dossier WHERE code = %s",
        [code],
    ).fetchone()
    if row is None:
        return {"sent": "never"}
    event, at, blocked, said, attempts, next_at, again, since = row
    standing: Sent = (
        "sent" if event >= last and not again else "unsent" if event or again else "never"
    )
    if attempts:
        standing = "failing"
    if blocked:
        standing = "blocked"
    return {
        "sent": standing, "sent_at": at, "missing": [part.strip() for part in (blocked or "").split(",") if part],
        "said": said, "attempts": attempts, "next_at": next_at, "since": since,
    }  # fmt: skip


def _look(conn: psycopg.Connection[Any], code: str) -> dict[str, Any]:
    row = conn.execute(
        "SELECT looked_at, there, state, due, finished, steps, overdue, why FROM portal.look WHERE dossier = %s",
        [code],
    ).fetchone()
    if row is None:
        return {}
    looked_at, there, state, due, finished, steps, overdue, why = row
    return {
        "looked_at": looked_at, "there": there, "their_state": state_of(state), "their_due": moment_of(due),
        "their_settled": moment_of(finished), "their_steps": steps, "overdue": overdue, "why": why,
    }  # fmt: skip


def state_of(code: str | None) -> str | None:
    """Our name of their state; a number that nobody knows stays as it is."""
    if code is None or not code.isdigit():
        return code
    return next((name for name, state in moves().states.items() if state.code == int(code)), code)


def moment_of(text: str | None) -> datetime | None:
    """A moment as they wrote it; None when it cannot be read."""
    try:
        return times.read(text)
    except Refused:
        return None


def _count(conn: psycopg.Connection[Any], code: str) -> int:
    row = conn.execute("SELECT count(*) FROM portal.fetched WHERE dossier = %s", [code]).fetchone()
    return row[0] if row else 0
