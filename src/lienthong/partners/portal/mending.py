"""What a person does about dossiers that differ and messages that wait: send again, take theirs, note, map, reject."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from lienthong import audit, clock
from lienthong.dossiers import acting
from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers.moves import moves
from lienthong.errors import Conflict, NotFound
from lienthong.partners.portal import deciding, differences, inbound, mapping, papers

ON_DOSSIER = ("resend", "take_theirs", "note", "papers", *deciding.ACTS)
ON_MESSAGE = ("retry", "reject", "reopen", "map_procedure", "map_agency")


def on_dossier(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    act: str,
    reason: str,
    now: datetime,
    *,
    step: int = 0,
    theirs: str = "",
) -> None:
    """One act on a dossier, its differences or one `step` held back (`theirs`: the print of theirs that it is).

    Raises NotFound, Conflict or Refused.
    """
    if act in deciding.ACTS:
        deciding.decide(conn, actor, code, step, deciding.ACTS[act], reason, now, theirs=theirs)
    elif act == "resend":
        resend(conn, actor, code, now)
    elif act == "take_theirs":
        take_theirs(conn, actor, code, now)
    elif act == "papers":
        dossiers.find(conn, code)
        papers.again(conn, code)
        audit.write(conn, actor, "portal.papers_again", {"dossier": code})
    elif act == "note":
        dossiers.find(conn, code)
        differences.note(conn, actor, code, reason, now)
    else:
        raise _no_act(act, ON_DOSSIER)


def resend(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, code: str, now: datetime
) -> None:
    """Send a dossier again whole; the Portal is asked which steps it has, and only those it lacks are sent."""
    dossiers.find(conn, code)
    conn.execute(
        "INSERT INTO portal.dossier (code, again) VALUES (%s, true) ON CONFLICT (code) DO UPDATE SET again = true,"
        " created = false, blocked = NULL, blocked_event = 0, blocked_at = NULL, attempts = 0,"
        " next_at = '-infinity', last_answer = NULL, failing_since = NULL, changed_at = %s",
        [code, now],
    )
    conn.execute(
        "UPDATE portal.step SET state = 'sending' WHERE dossier = %s AND state = 'accepted'", [code]
    )
    differences.mended(conn, _who(actor), code, "resend", now)
    audit.write(conn, actor, "portal.resent", {"dossier": code})


def release(conn: psycopg.Connection[Any], missing: str) -> int:
    """Try again what was blocked for one field: somebody or a catalogue has brought it."""
    made = conn.execute(
        "UPDATE portal.dossier SET blocked = NULL, blocked_event = 0, blocked_at = NULL, again = true"
        " WHERE blocked IS NOT NULL AND %s = ANY(string_to_array(blocked, ', '))",
        [missing],
    )
    return made.rowcount


def take_theirs(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, code: str, now: datetime
) -> None:
    """Make the move here that the citizen made on the Portal (a withdrawal). Others are made on the dossier's page.

    Raises Conflict when no move of an applicant leads from our state to theirs.
    """
    table, found = moves(), dossiers.find(conn, code, lock=True)
    row = conn.execute("SELECT state FROM portal.look WHERE dossier = %s", [code]).fetchone()
    theirs = row[0] if row else None
    move = next(
        (
            one
            for one in table.moves
            if one.from_ == found.state
            and "applicant" in one.by
            and str(table.states[one.to].code) == theirs
        ),
        None,
    )
    if move is None:
        raise Conflict(
            "portal.not-theirs",
            "No move of the citizen leads from our state to the Portal's: make the move on the dossier's page, or send"
            " ours again.",
        )
    last = dossiers.events(conn, code)[-1].at
    about = {"reason": f"portal: {_who(actor)}"}
    acting.move(conn, "portal", frozenset({"applicant"}), code, move.act, about, at=max(now, last))
    differences.mended(conn, _who(actor), code, "take_theirs", now)
    audit.write(conn, actor, "portal.taken-over", {"dossier": code, "act": move.act})


def on_message(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    position: int,
    act: str,
    ours: str,
    reason: str,
    now: datetime,
) -> None:
    """One act on a message that waits. A mapping holds from the day the message came."""
    if act == "retry":
        inbound.retry(conn, actor, position)
    elif act == "reject":
        inbound.reject(conn, actor, position, reason)
    elif act == "reopen":
        inbound.reopen(conn, actor, position)
    elif act in ("map_procedure", "map_agency"):
        found = inbound.one(conn, position)
        kind: mapping.Kind = "procedure" if act == "map_procedure" else "agency"
        theirs = found.procedure if kind == "procedure" else found.agency
        since = clock.local(min(found.received_at, now)).date()
        mapping.decide(conn, actor, kind, theirs or "", ours, reason, since=since, now=now)
    else:
        raise _no_act(act, ON_MESSAGE)


def _who(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id


def _no_act(act: str, choices: tuple[str, ...]) -> NotFound:
    return NotFound(
        "portal.act", "There is no act %(act)s here; there are: %(choices)s.",
        act=act[:40], choices=", ".join(choices),
    )  # fmt: skip
