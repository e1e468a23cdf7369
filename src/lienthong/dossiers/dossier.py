"""A dossier as it is kept: one request under a procedure version, its applicant and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lienthong.dossiers.deadlines import Limit
from lienthong.dossiers.history import Event, StepTerm, Terms
from lienthong.errors import NotFound
from lienthong.procedures.procedure import Procedure, TimeLimit

Channel = Literal["direct", "online", "post"]


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a dossier is filed. `applicant` and `form` are personal: only behind the gate.

    `code` is given when the Portal issued it; `unit` is the competent agency, `received_by` where it was handed in.
    """

    procedure: str
    unit: str
    channel: Channel
    filed_at: datetime
    applicant: dict[str, Any] = {}
    form: dict[str, Any] = {}
    received_by: str = ""
    province: str = ""
    case: str = ""
    clock: str = "normal"
    summary: str = ""
    code: str = ""
    origin: Literal["desk", "portal"] = "desk"
    central: bool = False


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """One dossier without its applicant: what worklists, clocks and reports need."""

    code: str
    procedure: str
    procedure_version: int
    unit: str
    received_by: str
    province: str
    channel: Channel
    origin: str
    case_name: str
    clock_name: str
    summary: str
    state: str
    filed_at: datetime
    received_at: datetime | None
    reception_due: datetime | None
    due_at: datetime | None
    settled_at: datetime | None
    returned_at: datetime | None
    waiting_since: datetime | None
    supplements: int
    extensions: int
    holder: str
    last_event: int
    answer_due: datetime | None = None
    ended_at: datetime | None = None
    next_due: datetime | None = None
    step: int = 0
    step_since: datetime | None = None
    step_due: datetime | None = None


_SELECT = (
    sql.SQL("SELECT {} FROM dossiers.dossier WHERE code = %s")
    .format(sql.SQL(", ").join(map(sql.Identifier, Dossier.__struct_fields__)))
    .as_bytes(None)
)


def find(conn: psycopg.Connection[Any], code: str, *, lock: bool = False) -> Dossier:
    """One dossier; `lock` holds it until the transaction ends. Raises NotFound."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_SELECT + b" FOR UPDATE" if lock else _SELECT, [code]).fetchone()
    if row is None:
        raise NotFound("DOSSIER-NOT-FOUND", "There is no dossier %(number)s here.", number=code)
    return Dossier(**row)


def events(conn: psycopg.Connection[Any], code: str) -> list[Event]:
    """Everything that happened to a dossier, in order."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT act, to_state, at, from_state, actor, role, number, position, about"
            " FROM dossiers.event WHERE dossier = %s ORDER BY number",
            [code],
        ).fetchall()
    return [Event(**row) for row in rows]


def limits_of(procedure: Procedure, channel: str, case: str, clock: str) -> Sequence[Limit]:
    """The limits that hold for a dossier: of its channel when that has limits of its own, of its case, of its clock.

    A limit without a case is for every case that has none of its own. Empty when no source gives a limit: then nobody
    can say when it is due.
    """
    manners = [one for one in procedure.manners if one.channel == channel and one.limits] or [
        one for one in procedure.manners if one.channel == "any"
    ]
    found = [limit for one in manners for limit in one.limits if limit.clock == clock]
    own = [limit for limit in found if case and limit.case == case]
    chosen = own or [limit for limit in found if not limit.case]
    stages = [limit for limit in chosen if limit.stage]
    # A procedure may state the whole and its stages: the whole counts, the stages say where the time goes.
    whole = [limit for limit in chosen if not limit.stage]
    return [limit_of(one) for one in (whole[:1] or stages)]


def limit_of(said: TimeLimit) -> Limit:
    """A procedure's time limit as the clock of dossiers takes it."""
    return Limit(
        value=said.value, unit=said.unit, stage=said.stage, case=said.case, basis=said.basis
    )


def terms_of(procedure: Procedure, channel: str, case: str, clock: str) -> Terms:
    """Everything that a procedure version sets for a dossier: its limits, its steps, its terms for a supplement."""
    own = [step for step in procedure.steps if case and step.case == case]
    steps = own or [step for step in procedure.steps if not step.case]
    supplement = procedure.supplement_of(case, clock)
    return Terms(
        limits=tuple(limits_of(procedure, channel, case, clock)),
        steps=tuple(
            StepTerm(
                number=number,
                name=dict(step.name),
                role=step.role,
                limit=limit_of(step.limit) if step.limit else None,
            )
            for number, step in enumerate(steps, 1)
        ),
        ask=limit_of(supplement.ask_within) if supplement and supplement.ask_within else None,
        answer=limit_of(supplement.answer_within)
        if supplement and supplement.answer_within
        else None,
        after=limit_of(supplement.then) if supplement and supplement.then else None,
        rounds=supplement.rounds if supplement else None,
    )
