"""One function for each act on a dossier: file, move, go to a step, promise a new date, hand the work over.

Every act takes the dossier's lock, writes one event and the standing that follows from all of them, and is audited,
in the caller's transaction. The Portal follows the events by their position; nothing here knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.dossiers import codes, deadlines, naming
from lienthong.dossiers.customs import Customs, customs_on
from lienthong.dossiers.dossier import Dossier, Filing, events, find, terms_of
from lienthong.dossiers.history import ASSIGN, EXTEND, FILED, STEP, Event, Standing, Terms, replay
from lienthong.dossiers.moves import Moves, moves
from lienthong.dossiers.results import issue_result, recall_result
from lienthong.dossiers.substitution import for_whom
from lienthong.errors import Conflict, NotAllowed, Refused
from lienthong.procedures import catalogue

NEW = "new"


def file(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    filing: Filing,
    *,
    customs: Customs | None = None,
) -> Dossier:
    """Take a dossier in under the procedure version of its filing date; a code that the Portal issued is kept.

    Raises NotFound when the procedure is not in force on that day, Conflict when the code is there already.
    """
    on = clock.local(filing.filed_at).date()
    version = catalogue.in_force(conn, filing.procedure, on)
    if filing.code:
        codes.parse(filing.code)
    first = Event(act=FILED, to_state=NEW, at=filing.filed_at, actor=_id(actor), number=1)
    terms = terms_of(version.procedure, filing.channel, filing.case, filing.clock)
    standing = replay([first], terms, moves(), online=filing.channel == "online", customs=customs)
    code = filing.code or codes.issue(conn, filing.unit, on, central=filing.central)
    while not _insert(conn, code, filing, version.version, standing):
        if filing.code:
            raise Conflict("DOSSIER-THERE", "Dossier %(number)s is there already.", number=code)
        # The Portal gave this number to somebody who filed there: the desk goes on with the next one.
        code = codes.issue(conn, filing.unit, on, central=filing.central)
    _write(conn, code, first, standing)
    audit.write(conn, actor, "dossier.filed", {"dossier": code, "procedure": filing.procedure})
    return find(conn, code)


def _insert(
    conn: psycopg.Connection[Any], code: str, filing: Filing, version: int, standing: Standing
) -> bool:
    """Whether the dossier was made: False when its code is taken."""
    made = conn.execute(
        "INSERT INTO dossiers.dossier (code, procedure, procedure_version, unit, received_by, province, channel,"
        " origin, case_name, clock_name, summary, applicant, form, state, filed_at, reception_due)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (code) DO NOTHING",
        [
            code, filing.procedure, version, filing.unit, filing.received_by or filing.unit, filing.province,
            filing.channel, filing.origin, filing.case, filing.clock, filing.summary, Jsonb(filing.applicant),
            Jsonb(filing.form), NEW, filing.filed_at, standing.reception_due,
        ],
    )  # fmt: skip
    return bool(made.rowcount)


def move(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    roles: frozenset[str],
    code: str,
    act: str,
    about: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
    customs: Customs | None = None,
    table: Moves | None = None,
) -> Dossier:
    """Move a dossier as the table allows; `about` says what the move needs (reason, components, fees, result).

    With a result, `about` may name its `number`, `result_code`, `valid_from`, `valid_to`, `attachment` and `data`;
    they are kept as data of the result, not in the event. Raises Conflict for a move that its state does not have,
    NotAllowed for somebody else's move, Refused when something is missing, when a supplement is asked once too often,
    or when the moment lies before the last event.
    """
    used, moment, said = table or moves(), at or clock.now(), dict(about or {})
    dossier = find(conn, code, lock=True)
    made = used.find(act, dossier.state, roles, to=said.get("to") or _first_time(dossier, act))
    missing = [need for need in made.needs if not said.get(need)]
    if missing:
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(missing))
    if made.to == "supplement":
        _may_ask_again(conn, dossier, said, customs or customs_on(clock.local(moment).date()))
    result = _taken_out(said, RESULT) if made.to == "settled" else {}
    role = next(iter(sorted(roles & frozenset(made.by))))
    event = Event(
        act=act,
        from_state=dossier.state,
        to_state=made.to,
        at=moment,
        actor=_id(actor),
        role=role,
        about=said,
    )
    after = _go_on(conn, actor, dossier, event, customs, used)
    if made.to == "settled":
        issue_result(conn, code, said, result)
    elif made.from_ == "returned":
        recall_result(conn, code, moment)
    return after


RESULT = ("number", "valid_from", "valid_to", "attachment", "data")
"""What is said of a result and kept with it: it may tell of the applicant, so it is not for the events."""


def _taken_out(said: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: said.pop(name) for name in names if name in said}


def _may_ask_again(
    conn: psycopg.Connection[Any], dossier: Dossier, said: Mapping[str, Any], rules: Customs
) -> None:
    """One notice names everything (Decree 309/2026 Art. 17.2a); another is the head's decision."""
    rounds = _terms(conn, dossier).rounds
    if rounds is not None and dossier.supplements >= rounds:
        raise Refused(
            "DOSSIER-ROUNDS",
            "The procedure allows %(rounds)s requests for a supplement; decide on the dossier as it is.",
            rounds=rounds,
        )
    if dossier.supplements >= rules.supplements and not said.get("approved_by"):
        raise Refused(
            "DOSSIER-SUPPLEMENT",
            "A supplement was asked before; a second request counts as overdue and needs the head's approval"
            ": say who approved it.",
        )


def step(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    roles: frozenset[str],
    code: str,
    to: int | None = None,
    *,
    reason: str = "",
    at: datetime | None = None,
    customs: Customs | None = None,
) -> Dossier:
    """Go to the next step of the internal process, to a later one, or back to an earlier one with a reason.

    Raises Conflict when the dossier is not being worked on or has no such step, Refused without a reason for going
    back, NotAllowed for somebody who does not work on it.
    """
    dossier = find(conn, code, lock=True)
    steps = _terms(conn, dossier).steps
    wanted = dossier.step + 1 if to is None else to
    if not roles & {"receiver", "processor", "decider"}:
        raise NotAllowed(
            "dossier.role",
            "“%(act)s” is done by: %(who)s.",
            act=naming.ACTS[STEP],
            who=naming.roles(["receiver", "processor", "decider"]),
        )
    if moves().states[dossier.state].clock != "runs" or not 1 <= wanted <= len(steps):
        raise Conflict(
            "DOSSIER-STEP",
            "There is no step %(step)s to go to now; the procedure has %(count)s steps.",
            step=wanted,
            count=len(steps),
        )
    if wanted == dossier.step:
        raise Conflict("DOSSIER-STEP-HERE", "The dossier is at step %(step)s.", step=wanted)
    if wanted < dossier.step and not reason.strip():
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["reason"]))
    about = {"step": wanted, "name": steps[wanted - 1].name}
    event = Event(
        act=STEP,
        from_state=dossier.state,
        to_state=dossier.state,
        at=at or clock.now(),
        actor=_id(actor),
        role=min(roles & {"receiver", "processor", "decider"}),
        about=about | ({"reason": reason.strip()} if reason.strip() else {}),
    )
    return _go_on(conn, actor, dossier, event, customs, moves())


def extend(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    new_due: datetime,
    reason: str,
    *,
    at: datetime | None = None,
    customs: Customs | None = None,
) -> Dossier:
    """Promise a new date with a letter of apology, before the deadline and no more often than allowed."""
    moment = at or clock.now()
    dossier = find(conn, code, lock=True)
    if dossier.due_at is None or dossier.ended_at is not None:
        raise Refused("DOSSIER-NO-DUE", "The dossier has no deadline that could be extended now.")
    if not reason.strip():
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["reason"]))
    ends = deadlines.extended(
        dossier.due_at, new_due, moment, before=dossier.extensions, customs=customs
    )
    about = {"due": ends.isoformat(), "reason": reason}
    event = Event(
        act=EXTEND,
        from_state=dossier.state,
        to_state=dossier.state,
        at=moment,
        actor=_id(actor),
        about=about,
    )
    return _go_on(conn, actor, dossier, event, customs, moves())


def assign(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    code: str,
    to: str,
    *,
    at: datetime | None = None,
    why: str = "",
) -> Dossier:
    """Hand the work on a dossier to somebody (also when somebody stands in for them).

    Raises Conflict when its work has ended, or when they have it already (somebody clicked twice).
    """
    dossier = find(conn, code, lock=True)
    if moves().states[dossier.state].clock == "ended":
        raise Conflict(
            "DOSSIER-ENDED", "The work on this dossier has ended; there is nothing to hand over."
        )
    if dossier.holder == to:
        raise Conflict("DOSSIER-HOLDER", "This person has the dossier already.")
    about = {"to": to} | ({"reason": why} if why else {})
    event = Event(
        act=ASSIGN,
        from_state=dossier.state,
        to_state=dossier.state,
        at=at or clock.now(),
        actor=_id(actor),
        about=about,
    )
    return _go_on(conn, actor, dossier, event, None, moves())


def standing(
    conn: psycopg.Connection[Any], code: str, *, customs: Customs | None = None
) -> Standing:
    """The standing of a dossier computed again from its events."""
    dossier = find(conn, code)
    return _standing(conn, dossier, events(conn, code), customs, moves())


def _first_time(dossier: Dossier, act: str) -> str | None:
    """A supplement leads to reception when the dossier was never received, else back to work."""
    if act != "supplement":
        return None
    return "processing" if dossier.received_at else "received"


def _go_on(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    dossier: Dossier,
    event: Event,
    customs: Customs | None,
    table: Moves,
) -> Dossier:
    before = events(conn, dossier.code)
    if event.at < before[-1].at:
        raise Refused(
            "DOSSIER-TIME",
            "The act lies before the last one, of %(moment)s.",
            moment=f"{clock.local(before[-1].at):%d/%m/%Y %H:%M}",
        )
    about = event.about | for_whom(conn, dossier, _id(actor), event.at)
    next_event = msgspec.structs.replace(event, number=before[-1].number + 1, about=about)
    found = _standing(conn, dossier, [*before, next_event], customs, table)
    _write(conn, dossier.code, next_event, found)
    audit.write(
        conn, actor, f"dossier.{event.act}",
        {"dossier": dossier.code, "to": event.to_state}
        | {name: about[name] for name in ("for", "step") if name in about},
    )  # fmt: skip
    return find(conn, dossier.code)


def _standing(
    conn: psycopg.Connection[Any],
    dossier: Dossier,
    happened: list[Event],
    customs: Customs | None,
    table: Moves,
) -> Standing:
    online = dossier.channel == "online"
    return replay(happened, _terms(conn, dossier), table, online=online, customs=customs)


def _terms(conn: psycopg.Connection[Any], dossier: Dossier) -> Terms:
    version = catalogue.version(conn, dossier.procedure, dossier.procedure_version)
    return terms_of(version.procedure, dossier.channel, dossier.case_name, dossier.clock_name)


def _write(conn: psycopg.Connection[Any], code: str, event: Event, found: Standing) -> None:
    row = conn.execute(
        "INSERT INTO dossiers.event (dossier, number, act, from_state, to_state, at, actor, role, about)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING position",
        [
            code, event.number, event.act, event.from_state, event.to_state, event.at, event.actor, event.role,
            Jsonb(event.about),
        ],
    ).fetchone()  # fmt: skip
    assert row
    conn.execute(
        "UPDATE dossiers.dossier SET state = %s, received_at = %s, due_at = %s, settled_at = %s, returned_at = %s,"
        " waiting_since = %s, supplements = %s, extensions = %s, holder = %s, answer_due = %s, ended_at = %s,"
        " step = %s, step_since = %s, step_due = %s, last_event = %s WHERE code = %s",
        [
            found.state, found.received_at, found.due_at, found.settled_at, found.returned_at, found.waiting_since,
            found.supplements, found.extensions, found.holder, found.answer_due, found.ended_at, found.step,
            found.step_since, found.step_due, row[0], code,
        ],
    )  # fmt: skip


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
