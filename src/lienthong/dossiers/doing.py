"""What people and programs do to a dossier, through the gate: one entry for pages and API, one act at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.clock import VIETNAM
from lienthong.dossiers import acting, gate, naming
from lienthong.dossiers.customs import Customs, customs_on
from lienthong.dossiers.dossier import Dossier
from lienthong.dossiers.handing_over import check_colleague
from lienthong.dossiers.history import ASSIGN, EXTEND, STEP, Terms
from lienthong.dossiers.moves import moves
from lienthong.errors import NotAllowed, Refused

LISTS = ("components", "fees")
"""What is said as several things: one notice names all missing components together."""


MOST_SAID, MOST_BYTES = 30, 64 * 1024
"""What an event holds of an act: it is kept for ever, and read again with every look at the dossier."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """One act that somebody may do now; `needs` must be said with it, `paper` is the form that goes out."""

    act: str
    to: str
    needs: tuple[str, ...] = ()
    paper: str = "none"
    label: dict[str, str] = {}


def next_acts(
    actor: Actor | None,
    dossier: Dossier,
    terms: Terms,
    customs: Customs | None = None,
    now: datetime | None = None,
) -> list[Next]:
    """Everything that the actor may do to this dossier now."""
    moment = now or clock.now()
    rules, roles = customs or customs_on(clock.local(moment).date()), gate.roles_on(actor, dossier)
    found = []
    for move in gate.possible_as(roles, dossier):
        needs = move.needs
        if move.to == "supplement":
            if terms.rounds is not None and dossier.supplements >= terms.rounds:
                continue
            needs += ("approved_by",) if dossier.supplements >= rules.supplements else ()
        found.append(
            Next(act=move.act, to=move.to, needs=needs, paper=move.paper, label=dict(move.label))
        )
    found += _beside(actor, roles, dossier, terms, rules, moment)
    return sorted(
        found, key=lambda one: _FIRST.index(one.act) if one.act in _FIRST else len(_FIRST)
    )


_FIRST = ("receive", "start", "supplement", "paid", "settle", "hand_over", STEP)
"""What brings a dossier on comes before what holds it up."""


def _beside(
    actor: Actor | None,
    roles: frozenset[str],
    dossier: Dossier,
    terms: Terms,
    rules: Customs,
    now: datetime,
) -> list[Next]:
    """The acts that move no state: step, extend, assign. An apology comes before the deadline or not at all."""
    state = moves().states[dossier.state]
    runs, heads = state.clock == "runs", "decider" in roles
    found = []
    if runs and terms.steps and roles & {"receiver", "processor", "decider"}:
        found.append(Next(act=STEP, to=dossier.state, needs=("step",)))
    in_time = dossier.due_at is not None and now < dossier.due_at
    if runs and heads and in_time and dossier.extensions < rules.extensions:
        found.append(Next(act=EXTEND, to=dossier.state, needs=("due", "reason"), paper="apology"))
    if state.clock != "ended" and heads and policy.may(actor, gate.ASSIGN):
        found.append(Next(act=ASSIGN, to=dossier.state, needs=("holder",)))
    return found


def do(
    conn: psycopg.Connection[Any],
    actor: Actor,
    code: str,
    act: str,
    said: Mapping[str, Any],
    *,
    at: datetime | None = None,
) -> Dossier:
    """Do one act as this actor: a move of the table, `step`, `extend` or `assign`.

    Raises NotFound for a dossier of others, NotAllowed for somebody else's act, Conflict for one that its state does
    not have, Refused for what is missing. `at` is the moment of the act, now when it is not given.
    """
    about = {name: value for name, value in said.items() if value not in (None, "", [])}
    if len(about) > MOST_SAID or len(msgspec.json.encode(about)) > MOST_BYTES:
        raise Refused(
            "DOSSIER-SAID",
            "An act says at most %(most)s things in %(size)s KiB; attach longer texts as a file.",
            most=MOST_SAID,
            size=MOST_BYTES // 1024,
        )
    _check_shape(about)
    if act == EXTEND:
        gate.heads(conn, actor, code, gate.EXTEND)
        return acting.extend(
            conn, actor, code, _moment(about.get("due")), str(about.get("reason", "")), at=at
        )
    if act == ASSIGN:
        held = gate.heads(conn, actor, code, gate.ASSIGN)
        to = str(about.get("holder", ""))
        check_colleague(conn, held.unit, to)
        return acting.assign(conn, actor, code, to, at=at, why=str(about.get("reason", "")))
    hand = gate.acts(conn, actor, code)
    if not hand.roles:
        raise NotAllowed("access.reach", "This belongs to another facility or province than yours.")
    if act == STEP:
        to_step = _number(about.get("step"))
        why = str(about.get("reason", ""))
        return acting.step(conn, actor, hand.roles, code, to_step, reason=why, at=at)
    if "approved_by" in about:
        _check_approval(conn, hand.dossier.unit, str(about["approved_by"]))
    return acting.move(conn, actor, hand.roles, code, act, about, at=at)


OF_THE_PROGRAM = ("for", "lapsed", "file")
"""What only the program writes into an event: in whose place somebody acts, that nobody answered, a file's name."""


def _check_shape(about: dict[str, Any]) -> None:
    """What is said has the shape that pages, papers and the Portal's sender expect; a single text becomes a list."""
    for name in LISTS:
        if isinstance(about.get(name), str):
            about[name] = [about[name]]
    wrong = [name for name in OF_THE_PROGRAM if name in about]
    wrong += [name for name, value in about.items() if not _is_shaped(name, value)]
    if wrong:
        raise Refused(
            "DOSSIER-SHAPE", "An act cannot say this so: %(names)s.", names=", ".join(wrong)[:200]
        )


def _is_shaped(name: str, value: Any) -> bool:
    if name in LISTS or name == "papers":
        return isinstance(value, list) and all(isinstance(one, str | dict) for one in value)
    if name == "data":
        return isinstance(value, dict)
    return isinstance(value, str | int | float)


def heads_of(conn: psycopg.Connection[Any], unit: str) -> Sequence[tuple[str, str]]:
    """Account and name of those who decide at an agency."""
    return conn.execute(
        "SELECT id, name FROM app.account WHERE active AND facility = %s AND 'decider' = ANY(roles) ORDER BY name",
        [unit],
    ).fetchall()


def _check_approval(conn: psycopg.Connection[Any], unit: str, who: str) -> None:
    """A second request for a supplement is approved by somebody who decides there."""
    if who not in {id for id, _ in heads_of(conn, unit)}:
        raise Refused(
            "DOSSIER-APPROVAL",
            "%(person)s decides nothing at %(unit)s; a second request needs the head's approval.",
            person=who[:64],
            unit=unit,
        )


def _moment(said: Any) -> datetime:
    """A moment as a program or a page writes it; one without a zone is Vietnam's, a day ends when offices close."""
    from lienthong.dossiers.deadlines import closing

    try:
        found = datetime.fromisoformat(str(said))
        if not 1900 < found.year < 2200:
            raise ValueError
    except ValueError:
        raise Refused(
            "DOSSIER-DAY",
            "“%(written)s” is no day; write it like 2026-11-20.",
            written=str(said)[:30],
        ) from None
    if len(str(said)) == 10:
        return closing(found.date())
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


def _number(said: Any) -> int | None:
    if said is None:
        return None
    try:
        return int(said)
    except (TypeError, ValueError):
        raise Refused(
            "DOSSIER-NEEDS", "This act needs: %(what)s.", what=naming.things(["step"])
        ) from None
