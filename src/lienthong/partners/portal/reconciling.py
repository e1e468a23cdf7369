"""Their state against ours, dossier by dossier: each difference with its cause, its age and the act that mends it.

Also tells apart what is overdue: really (by our own events) or only over there, because our last word has not
arrived. Most "overdue" dossiers of a province were found to be the second kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg

from lienthong import clock
from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers.dossier import Dossier
from lienthong.dossiers.history import Event
from lienthong.dossiers.moves import Moves, moves
from lienthong.errors import Refused
from lienthong.partners.portal import saying, times
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.profile import Profile

Kind = Literal["missing_there", "state", "steps_missing", "steps_extra", "due"]
Cause = Literal["not_sent_yet", "waiting", "blocked", "in_doubt", "other_side"]
Overdue = Literal["no", "real", "artefact", "unknown"]

ACTS: dict[Cause, str] = {
    "not_sent_yet": "It goes out with the next round.",
    "waiting": "The Portal refused or did not answer; it is tried again by itself.",
    "blocked": "Complete what is missing in the dossier; then it is sent.",
    "in_doubt": "The Portal is asked what it has before anything is sent again.",
    "other_side": "Tell the Portal's operator; nothing of ours is open.",
}
"""What mends a difference of each cause: sentences that pages translate."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference; `ours` and `theirs` are codes, counts and moments, never personal values."""

    dossier: str
    kind: Kind
    ours: str
    theirs: str
    cause: Cause


def compare(
    found: Dossier,
    events: list[Event],
    theirs: Mapping[str, Any] | None,
    words: Profile,
    table: Moves,
    cause: Cause,
) -> list[Difference]:
    """The differences of one dossier; pure."""

    def differs(kind: Kind, ours: object, other: object) -> Difference:
        return Difference(
            dossier=found.code, kind=kind, ours=str(ours), theirs=str(other), cause=cause
        )

    if theirs is None:
        return [differs("missing_there", words.states[found.state], "")]
    out = []
    state = str(theirs.get("TrangThaiHoSo") or "")
    if state != words.states[found.state]:
        out.append(differs("state", words.states[found.state], state))
    due = times.written(found.due_at)
    if due is not None and str(theirs.get("NgayHenTra") or "") != due:
        out.append(differs("due", due, theirs.get("NgayHenTra") or ""))
    if theirs.get("TienDo") is not None:
        said = Counter(
            saying.fingerprint(saying.step_fields(found, event, table, words))
            for event in saying.steps_of(events)
        )
        there = Counter(saying.fingerprint(step) for step in theirs["TienDo"])
        missing, extra = sum((said - there).values()), sum((there - said).values())
        if missing:
            out.append(differs("steps_missing", sum(said.values()), sum(there.values())))
        if extra:
            out.append(differs("steps_extra", sum(said.values()), sum(there.values())))
    return out


def overdue(
    found: Dossier, theirs: Mapping[str, Any] | None, now: datetime, words: Profile
) -> Overdue:
    """Whether a dossier that looks overdue anywhere is so by our events, or only on the Portal.

    `unknown`: it has no deadline here while the Portal shows one that passed.
    """
    ended = found.settled_at or found.returned_at
    late_here = None if found.due_at is None else (ended or now) > found.due_at
    try:
        promised = times.read(str((theirs or {}).get("NgayHenTra") or ""))
        finished = times.read(str((theirs or {}).get("NgayKetThucXuLy") or ""))
    except Refused:
        promised = finished = None
    late_there = promised is not None and (finished or now) > promised
    if late_here:
        return "real"
    if not late_there:
        return "no"
    return "unknown" if late_here is None and found.waiting_since is None else "artefact"


def reconcile(
    conn: psycopg.Connection[Any],
    client: Client,
    codes: Iterable[str],
    *,
    now: datetime | None = None,
) -> list[Difference]:
    """Ask the Portal about these dossiers, write what differs and close what no longer does; `conn` in autocommit.

    Raises Unavailable when the Portal does not answer: what was not asked stays as it was.
    """
    moment, table, out = now or clock.now(), moves(), []
    for code in codes:
        found = dossiers.find(conn, code)
        events = dossiers.events(conn, code)
        theirs = client.look_up(code)
        differences = compare(found, events, theirs, client.profile, table, _cause(conn, found))
        _write(conn, code, differences, moment)
        out += differences
    return out


def all_due(
    conn: psycopg.Connection[Any], client: Client, *, now: datetime | None = None
) -> list[Difference]:
    """Everything that may differ; see reconcile."""
    codes = [code for (code,) in conn.execute("SELECT code FROM dossiers.dossier").fetchall()]
    return reconcile(conn, client, codes, now=now)


def open_differences(
    conn: psycopg.Connection[Any], limit: int = 500
) -> list[tuple[Difference, datetime]]:
    """What differs now, with the moment it was first seen, the oldest first."""
    rows = conn.execute(
        "SELECT dossier, kind, ours, theirs, cause, found_at FROM portal.difference WHERE closed_at IS NULL"
        " ORDER BY found_at, dossier LIMIT %s",
        [limit],
    ).fetchall()
    return [
        (Difference(dossier=code, kind=kind, ours=ours, theirs=theirs, cause=cause), found_at)
        for code, kind, ours, theirs, cause, found_at in rows
    ]


def _cause(conn: psycopg.Connection[Any], found: Dossier) -> Cause:
    row = conn.execute(
        "SELECT sent_event, blocked, attempts, EXISTS (SELECT 1 FROM portal.step s WHERE s.dossier = p.code"
        " AND s.state = 'sending') FROM portal.dossier p WHERE code = %s",
        [found.code],
    ).fetchone()
    if row is None:
        return "not_sent_yet"
    sent, blocked, attempts, doubtful = row
    if blocked:
        return "blocked"
    if doubtful:
        return "in_doubt"
    if sent >= found.last_event:
        return "other_side"
    return "waiting" if attempts else "not_sent_yet"


def _write(
    conn: psycopg.Connection[Any], code: str, differences: list[Difference], moment: datetime
) -> None:
    with conn.transaction():
        conn.execute(
            "UPDATE portal.difference SET closed_at = %s WHERE dossier = %s AND closed_at IS NULL AND kind <> ALL(%s)",
            [moment, code, [one.kind for one in differences]],
        )
        for one in differences:
            conn.execute(
                "INSERT INTO portal.difference (dossier, kind, ours, theirs, cause, found_at, seen_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (dossier, kind) WHERE closed_at IS NULL"
                " DO UPDATE SET ours = excluded.ours, theirs = excluded.theirs, cause = excluded.cause,"
                " seen_at = excluded.seen_at",
                [code, one.kind, one.ours, one.theirs, one.cause, moment, moment],
            )
