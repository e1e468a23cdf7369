"""What a person decides about one step in doubt: it is there, it may go out once more, or it never goes out.

The program never guesses here: a step sent twice stands twice over there, and one that is left out is missing in the
Portal's progress. Each decision has a reason, is audited, and may be taken again until the Portal has the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit
from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers import naming
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.partners.portal import differences, ledger

Decision = Literal["there", "again", "never"]
ACTS: Mapping[str, Decision] = {f"step_{one}": one for one in get_args(Decision)}
SHORTEST = 5
"""Characters of a reason."""

CONSEQUENCES: Mapping[Decision, str] = {
    "there": "It is counted as sent and never goes out again. If it is not there after all, the Portal lacks it and the"
    " comparison says so.",
    "again": "It goes out once more with the next round. The Portal is asked first: when it has exactly this step,"
    " nothing is sent. If the strange step is ours all the same, it stands there twice and only its operator can remove"
    " one.",
    "never": "It never goes out; the steps after it do. The Portal's progress stays without it, and the comparison no"
    " longer misses it. It may be decided otherwise later.",
}
"""What each decision brings: sentences that pages translate."""


class Strange(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the Portal that nobody here knows: its moment and state as written there, and its print."""

    at: str = ""
    state: str = ""
    print: str = ""
    looked: bool = False


def decide(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    number: int,
    decision: Decision,
    reason: str,
    now: datetime,
    *,
    theirs: str = "",
) -> None:
    """Decide about one step; `theirs` is the print of the strange step that it is, where there are several.

    Raises NotFound without such a step, Conflict when the Portal has it already or while it is being sent, Refused
    without a reason or when nothing says which of several it is.
    """
    dossiers.find(conn, code)
    why = reason.strip()[:1000]
    if len(why) < SHORTEST:
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["reason"]))
    with conn.transaction():
        _decide(conn, actor, code, number, decision, why, now, theirs)


def _decide(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    number: int,
    decision: Decision,
    why: str,
    now: datetime,
    theirs: str,
) -> None:
    step = _held(conn, code, number)
    if step["state"] == "accepted":
        raise Conflict(
            "portal.step-there", "The Portal has step %(step)s: it is not sent again.", step=number
        )
    if step["state"] == "waiting" and decision != "never":
        raise Conflict(
            "portal.step-waits",
            "Step %(step)s is not in doubt: it goes out by itself with the next round.",
            step=number,
        )
    strange = msgspec.convert(step["strange"] or [], list[Strange])
    print_ = step["print"]
    if decision == "there":
        print_ = _which(_free(conn, code, strange), theirs, print_)
    state = {"there": "accepted", "again": "sending", "never": "never"}[decision]
    looked = [msgspec.structs.replace(one, looked=True) for one in strange]
    conn.execute(
        "UPDATE portal.step SET state = %s, print = %s, again = %s, held_since = NULL, strange = %s, decided = %s,"
        " decided_by = %s, decided_at = %s, decided_why = %s, accepted_at = CASE WHEN %s THEN %s::timestamptz END"
        " WHERE dossier = %s AND number = %s",
        [
            state, print_, decision == "again", Jsonb(msgspec.to_builtins(looked)), decision, _who(actor), now, why,
            decision == "there", now, code, number,
        ],
    )  # fmt: skip
    conn.execute(
        "UPDATE portal.dossier SET again = true, attempts = 0, next_at = '-infinity', last_answer = NULL,"
        " failing_since = NULL, changed_at = %s WHERE code = %s",
        [now, code],
    )
    differences.mended(conn, _who(actor), code, f"step_{decision}", now)
    about = {"dossier": code, "step": number, "decision": decision, "reason": why}
    audit.write(conn, actor, "portal.step_decided", about)


def _held(conn: psycopg.Connection[Any], code: str, number: int) -> dict[str, Any]:
    """The step, held by us until the transaction ends, so that no sender works on its dossier meanwhile."""
    free = conn.execute(
        "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s))", [code, ledger.SPACE]
    ).fetchone()
    if not free or not free[0]:
        raise Conflict(
            "portal.being-sent", "The dossier is being sent at this moment; look again in a minute."
        )
    row = conn.execute(
        "SELECT state, print, strange FROM portal.step WHERE dossier = %s AND number = %s FOR UPDATE",
        [code, number],
    ).fetchone()
    if row is None:
        raise NotFound(
            "portal.no-step",
            "There is no step %(step)s of this dossier in the ledger.",
            step=number,
        )
    return dict(zip(("state", "print", "strange"), row, strict=True))


def _free(conn: psycopg.Connection[Any], code: str, strange: list[Strange]) -> list[Strange]:
    """Those of theirs that no other step of ours was said to be."""
    taken = {
        print_
        for (print_,) in conn.execute(
            "SELECT print FROM portal.step WHERE dossier = %s AND state = 'accepted'", [code]
        ).fetchall()
    }
    return [one for one in strange if one.print not in taken]


def _which(strange: list[Strange], theirs: str, own: str) -> str:
    """The print under which the Portal has the step: of the one strange step, or of the one that was chosen."""
    prints = [one.print for one in strange]
    if theirs and theirs not in prints:
        raise Refused(
            "portal.step-which", "Say which step of the Portal it is: one of those that are listed."
        )
    if not theirs and len(prints) > 1:
        raise Refused(
            "portal.step-which", "Say which step of the Portal it is: one of those that are listed."
        )
    return theirs or (prints[0] if prints else own)


def _who(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
