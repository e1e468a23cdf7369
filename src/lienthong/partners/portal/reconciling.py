"""Their state against ours, dossier by dossier: each difference with its cause, its age and the act that mends it.

Also tells apart what is overdue: really (by our own events) or only over there, because our last word has not
arrived. Most "overdue" dossiers of a province were found to be the second kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import psycopg
import structlog

from lienthong import clock
from lienthong.dossiers.dossier import Dossier
from lienthong.dossiers.history import Event
from lienthong.dossiers.moves import Moves, moves
from lienthong.errors import Refused, Unavailable
from lienthong.partners.portal import comparisons, saying, times
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.profile import Profile

Kind = Literal["missing_there", "state", "steps_missing", "steps_extra", "due", "finished"]
Cause = Literal["not_sent_yet", "waiting", "blocked", "in_doubt", "their_act", "other_side"]
Overdue = Literal["no", "real", "artefact", "unknown"]

ACTS: dict[Cause, str] = {
    "not_sent_yet": "It goes out with the next round.",
    "waiting": "The Portal refused or did not answer; it is tried again by itself.",
    "blocked": "Complete what is missing in the dossier; then it is sent.",
    "in_doubt": "The Portal is asked what it has before anything is sent again.",
    "their_act": "The citizen acted on the Portal: take it over here.",
    "other_side": "Send it again, or tell the Portal's operator; nothing of ours is open.",
}
"""What mends a difference of each cause: sentences that pages translate."""
REASONS: dict[str, str] = {
    "late_here": "The deadline passed by our own events.",
    "not_told": "It has ended here; the Portal has not heard of it.",
    "moved": "The deadline moved here (a wait or a promised new date); the Portal has the old one.",
    "waits": "The clock stands still here while we wait for the applicant.",
    "not_received": "It is not received yet, so no deadline runs here.",
    "no_due": "No source gives this procedure a time limit, while the Portal shows one.",
}
"""Why something that looks overdue is real or not."""
FAILURES = 5
"""So many look-ups without an answer in a row end a comparison."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference; `ours` and `theirs` are codes, counts and moments, never personal values."""

    dossier: str
    kind: Kind
    ours: str
    theirs: str
    cause: Cause


def compare(
    found: Dossier,
    events: Sequence[Event],
    theirs: Mapping[str, Any] | None,
    words: Profile,
    table: Moves,
    cause: Cause,
    ledger: Mapping[int, str | None] | None = None,
) -> list[Difference]:
    """The differences of one dossier; pure.

    `ledger`: under which print the Portal has a step, where a person found it; None for one that never goes out.
    """
    written = ledger or {}

    def differs(kind: Kind, ours: object, other: object) -> Difference:
        why: Cause = cause
        if kind == "state" and cause == "other_side" and _acted_there(found.state, state, table):
            why = "their_act"
        return Difference(
            dossier=found.code, kind=kind, ours=str(ours), theirs=str(other), cause=why
        )

    state = str((theirs or {}).get("TrangThaiHoSo") or "")
    if theirs is None:
        return [differs("missing_there", words.states[found.state], "")]
    out = []
    if state != words.states[found.state]:
        out.append(differs("state", words.states[found.state], state))
    for kind, name, ours in (
        ("due", "NgayHenTra", times.written(found.due_at)),
        ("finished", "NgayKetThucXuLy", times.written(found.settled_at)),
    ):
        if ours is not None and str(theirs.get(name) or "") != ours:
            out.append(differs(kind, ours, theirs.get(name) or ""))  # type: ignore[arg-type]
    if theirs.get("TienDo") is not None:
        said = Counter(
            written.get(event.number)
            or saying.fingerprint(saying.step_fields(found, event, table, words))
            for event in saying.steps_of(events)
            if written.get(event.number, "") is not None
        )
        there = Counter(saying.fingerprint(step) for step in theirs["TienDo"])
        missing, extra = sum((said - there).values()), sum((there - said).values())
        if missing:
            out.append(differs("steps_missing", sum(said.values()), sum(there.values())))
        if extra:
            out.append(differs("steps_extra", sum(said.values()), sum(there.values())))
    return out


def _acted_there(state: str, theirs: str, table: Moves) -> bool:
    """Whether an applicant's own move leads from our state to theirs."""
    if not theirs.isdigit():
        return False
    return any(
        move.from_ == state and "applicant" in move.by and table.states[move.to].code == int(theirs)
        for move in table.moves
    )


def overdue(
    found: Dossier, theirs: Mapping[str, Any] | None, now: datetime, words: Profile
) -> Overdue:
    """Whether a dossier that looks overdue anywhere is so by our events, or only on the Portal.

    `unknown`: it has no deadline here while the Portal shows one that passed.
    """
    return judged(found, theirs, now)[0]


def judged(
    found: Dossier, theirs: Mapping[str, Any] | None, now: datetime
) -> tuple[Overdue, str | None]:
    """The verdict and why (a name of REASONS)."""
    ended = found.ended_at
    late_here = None if found.due_at is None else (ended or now) > found.due_at
    try:
        promised = times.read(str((theirs or {}).get("NgayHenTra") or ""))
        finished = times.read(str((theirs or {}).get("NgayKetThucXuLy") or ""))
    except Refused:
        promised = finished = None
    late_there = promised is not None and (finished or now) > promised
    if late_here:
        return "real", "late_here"
    if not late_there:
        return "no", None
    if found.waiting_since is not None:
        return "artefact", "waits"
    if late_here is None:
        return ("artefact", "not_received") if found.state == "new" else ("unknown", "no_due")
    return "artefact", ("not_told" if ended is not None and finished is None else "moved")


def reconcile(
    conn: psycopg.Connection[Any],
    client: Client,
    codes: Iterable[str],
    *,
    now: datetime | None = None,
    side_by_side: int = 1,
) -> list[Difference]:
    """Ask the Portal about these dossiers, write what differs and close what no longer does; `conn` in autocommit.

    Raises Unavailable when the Portal does not answer: what was not asked stays as it was.
    """
    moment, out = now or clock.now(), []
    wanted = list(codes)
    for at in range(0, len(wanted), comparisons.BATCH):
        out += _batch(conn, client, wanted[at : at + comparisons.BATCH], moment, side_by_side)
    return out


def _batch(
    conn: psycopg.Connection[Any],
    client: Client,
    codes: Sequence[str],
    moment: datetime,
    side_by_side: int,
) -> list[Difference]:
    sides = comparisons.load(conn, codes)
    answers = _asked(client, list(sides), side_by_side)
    table, found = moves(), []
    for code, theirs in answers.items():
        side = sides[code]
        differences = compare(
            side.dossier,
            side.events,
            theirs,
            client.profile,
            table,
            comparisons.cause(side),
            side.ledger,
        )
        verdict, why = judged(side.dossier, theirs, moment)
        found.append(
            comparisons.Found(
                side=side, theirs=theirs, differences=differences, overdue=verdict, why=why
            )
        )
    kept = comparisons.keep(conn, found, moment)
    return [one for each in kept for one in each.differences]


def _asked(
    client: Client, codes: Sequence[str], side_by_side: int
) -> dict[str, Mapping[str, Any] | None]:
    """What the Portal has of each; one that did not answer is left out until too many do not."""
    silent: Unavailable | None = None
    failures, out = 0, {}

    def ask(code: str) -> Mapping[str, Any] | None | Unavailable | Refused:
        try:
            return client.look_up(code)
        except (Unavailable, Refused) as failure:
            return failure
        except Exception as fault:
            # An answer of a shape that nobody foresaw stops no other comparison; its words stay out of the log.
            structlog.get_logger().exception("portal.fault", dossier=code)
            return Refused(
                "portal.fault",
                "The dossier could not be said (%(why)s); tell the developers.",
                why=type(fault).__name__,
            )

    with ThreadPoolExecutor(max(1, side_by_side)) as crew:
        each = crew.map(ask, codes) if side_by_side > 1 else map(ask, codes)
        for code, answer in zip(codes, each, strict=True):
            if isinstance(answer, Unavailable):
                silent, failures = answer, failures + 1
                if failures >= FAILURES:
                    break
            elif isinstance(answer, Refused):
                failures = (
                    0  # it answers, though not about this one: the others are compared all the same
                )
            else:
                failures, out[code] = 0, answer
    if silent is not None and (not out or failures >= FAILURES):
        raise silent
    return out


def all_due(
    conn: psycopg.Connection[Any],
    client: Client,
    since: datetime,
    *,
    now: Callable[[], datetime] = clock.now,
    side_by_side: int = 1,
    limit: int = 500,
) -> int:
    """Compare what may differ and was not looked at since a moment; returns how many were looked at.

    That is: what is open, moved, differs, looks overdue or was never looked at. Killed and begun again with the same
    moment it goes on where it stopped.
    """
    looked = 0
    while True:
        codes = comparisons.due(conn, since, limit)
        before = now()
        if not codes:
            return looked
        reconcile(conn, client, codes, now=before, side_by_side=side_by_side)
        seen = comparisons.looked(conn, codes, since)
        looked += seen
        if not seen:
            return looked  # nobody answers for these: the next time


def sample(
    conn: psycopg.Connection[Any],
    client: Client,
    *,
    now: datetime,
    share: int = 20,
    within: timedelta = timedelta(days=1),
) -> int:
    """Read back some of what was sent lately: an answer "taken" is not yet a proof. Returns how many were looked at."""
    rows = conn.execute(
        "SELECT code FROM portal.dossier WHERE sent_at > %s AND attempts = 0 ORDER BY random() LIMIT %s",
        [now - within, share],
    ).fetchall()
    codes = [code for (code,) in rows]
    reconcile(conn, client, codes, now=now)
    return len(codes)


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
