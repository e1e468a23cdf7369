"""The Office for programs: the agreed list and its differences, readiness, reduction, documents and what they touch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.dossiers import yearly
from lienthong.dossiers.forms.form import form_of
from lienthong.procedures import catalogue, counting
from lienthong.procedures.counting import Claims
from lienthong.procedures.legal_basis import register, touching
from lienthong.procedures.legal_basis.reading import reading
from lienthong.procedures.legal_basis.register import Document, Standing
from lienthong.procedures.legal_basis.touching import Event, Touched
from lienthong.procedures.lists import agreed, bringing, differences
from lienthong.procedures.lists.agreed import Agreed, Tables
from lienthong.procedures.lists.bringing import Brought
from lienthong.procedures.lists.differences import Difference, Show
from lienthong.procedures.lists.listed import Fault, read_list
from lienthong.procedures.readiness import board, standing
from lienthong.procedures.readiness.board import Board
from lienthong.procedures.reduction import ledger, once, shares
from lienthong.procedures.reduction.courses import courses
from lienthong.procedures.reduction.ledger import Cut
from lienthong.procedures.reduction.once import Proposal, Worth
from lienthong.procedures.reduction.shares import Move, Share

READ = {"action": "office.read"}
EDIT = {"action": "office.edit"}
MOST = 500
Code = Annotated[str, Parameter(description="National code of a procedure, e.g. 1.012279.")]


class OneList(msgspec.Struct, kw_only=True):
    """The ministry's claim, the lists as brought, and the agreed list (tables None until all units brought one)."""

    claim: Claims
    brought: dict[str, Brought]
    tables: Tables | None
    procedures: list[Agreed]


class Answer(msgspec.Struct, kw_only=True):
    """What became of a list: taken as a version, or the faults for which it was not taken."""

    taken: Brought | None
    faults: list[Fault]
    open_differences: int


class Decision(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The value that holds (one of those the units say; listed or absent for a missing procedure) and why."""

    value: Any
    reason: str


class GateChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How far a gate is."""

    state: str
    owner: str = ""
    due: date | None = None
    blocker: str = ""
    note: str = ""


class ShareTold(msgspec.Struct, kw_only=True):
    """A share with its two numbers, its per cent with four decimals, and its place in the target band."""

    numerator: int
    denominator: int
    percent: Decimal | None
    place: str | None
    place_as_written: str | None


class Defined(msgspec.Struct, kw_only=True):
    """One definition: where it starts, stands and is forecast to end."""

    name: str
    working: bool
    evidence: str
    start: ShareTold
    now: ShareTold
    forecast: ShareTold


class Reduction(msgspec.Struct, kw_only=True):
    """The definitions and the ledger; `needed`: least and most further decentralisations to be inside the band."""

    definitions: list[Defined]
    needed: tuple[int, int] | None
    ledger: list[Cut]


class WhatIf(msgspec.Struct, kw_only=True):
    """The share before and after procedures leave the Ministry."""

    count: int
    before: ShareTold
    after: ShareTold


class AskOnce(msgspec.Struct, kw_only=True):
    """Papers that data replace and what they were worth in the last 365 days."""

    worth: Worth
    proposals: list[Proposal]


class Law(msgspec.Struct, kw_only=True):
    """One document: how it stands today, by which other document, and the places it touches."""

    document: Document
    standing: Standing
    by: str
    touched: list[Touched]


class NewDocument(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A document to add or to correct, and where that comes from."""

    document: Document
    why: str


def _told(share: Share) -> ShareTold:
    band = shares.shares().band
    return ShareTold(
        numerator=share.numerator, denominator=share.denominator, percent=share.written(4),
        place=band.place(share), place_as_written=band.place_as_written(share),
    )  # fmt: skip


@get("/office/lists", opt=READ, sync_to_thread=True, summary="One list of three units")
def one_list(pool: ConnectionPool, actor: Actor) -> OneList:
    """What the units brought and what they agree on, beside the ministry's claim."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        settled = agreed.agreed_list(conn)
        return OneList(
            claim=counting.claims(), brought=bringing.newest(conn),
            tables=agreed.counted(settled) if settled else None, procedures=settled,
        )  # fmt: skip


@post(
    "/office/lists/{name:str}", opt=EDIT | {"files": True}, status_code=200, sync_to_thread=True,
    summary="Bring a unit's list",
)  # fmt: skip
def bring(
    pool: ConnectionPool,
    actor: Actor,
    body: bytes,
    name: Annotated[str, Parameter(description="The unit: office, science or information.")],
    file: Annotated[str, Parameter(description="Name of the file.")] = "list.csv",
) -> Answer:
    """The body is the file (CSV in UTF-8 or XLSX). A list with faults is not taken; each fault names its line."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        bringing.unit_named(name)
        read = read_list(body, file)
        taken = None
        if not read.faults:
            taken = bringing.bring(conn, actor, name, body, file, channel="api", reading=read)
        still = len(differences.listed(conn, clock.today()))
    return Answer(taken=taken, faults=list(read.faults), open_differences=still)


@get("/office/differences", opt=READ, sync_to_thread=True, summary="Differences between the lists")
def listed(
    pool: ConnectionPool, actor: Actor, show: Show = "open", owner: str = "", kind: str = ""
) -> list[Difference]:
    """The most urgent first."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return differences.listed(conn, clock.today(), show=show, owner=owner, kind=kind)


@post(
    "/office/differences/{number:int}/decide", opt=EDIT, status_code=200, sync_to_thread=True,
    summary="Decide a difference",
)  # fmt: skip
def decide(pool: ConnectionPool, actor: Actor, number: int, data: Decision) -> Difference:
    """The Office decides with a reason."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        return differences.decide(conn, actor, number, data.value, data.reason)


@get("/office/readiness", opt=READ, sync_to_thread=True, summary="Readiness of all procedures")
def readiness(pool: ConnectionPool, actor: Actor) -> Board:
    """The board: procedures with their gates, the late ones first."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return board.board(conn, agreed.agreed_list(conn), clock.today())


@get(
    "/office/readiness/{code:str}",
    opt=READ,
    sync_to_thread=True,
    summary="Readiness of a procedure",
)
def readiness_of(pool: ConnectionPool, actor: Actor, code: Code) -> standing.Standing:
    """Its gates, service and priority."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return standing.standing(conn, code)


@post(
    "/office/readiness/{code:str}/{name:str}", opt=EDIT, status_code=200, sync_to_thread=True,
    summary="Change a gate",
)  # fmt: skip
def set_gate(
    pool: ConnectionPool,
    actor: Actor,
    code: Code,
    name: Annotated[
        str, Parameter(description="The gate: legal, process, form, data, technical, test, open.")
    ],
    data: GateChange,
) -> standing.Standing:
    """Say how far a gate is."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        return standing.set_gate(
            conn, actor, code, name, state=data.state, owner=data.owner, due=data.due, blocker=data.blocker,
            note=data.note,
        )  # fmt: skip


@get("/office/reduction", opt=READ, sync_to_thread=True, summary="Reduction")
def reduction(pool: ConnectionPool, actor: Actor) -> Reduction:
    """Every definition of the share with its course, and the ledger of cuts."""
    today, known = clock.today(), shares.shares()
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        cuts = ledger.cuts(conn)
    found = courses(cuts, today)
    working = next(one for one in found if one.definition.working)
    return Reduction(
        definitions=[
            Defined(
                name=one.definition.name, working=one.definition.working, evidence=one.definition.evidence,
                start=_told(one.definition.start), now=_told(one.now), forecast=_told(one.end),
            )
            for one in found
        ],
        needed=shares.needed(working.definition, known.band, working.now),
        ledger=cuts,
    )  # fmt: skip


@post("/office/reduction", opt=EDIT, status_code=201, sync_to_thread=True, summary="Write a cut")
def write_cut(pool: ConnectionPool, actor: Actor, data: Cut) -> Cut:
    """Write a cut into the ledger."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        return ledger.write(conn, actor, msgspec.structs.replace(data, demo=False, given_up=None))


@get("/office/what-if", opt=READ, sync_to_thread=True, summary="What if so many were decentralised")
def what_if(
    pool: ConnectionPool,
    actor: Actor,
    count: Annotated[int, Parameter(ge=0, le=MOST)],
    kind: str = "decentralised",
) -> WhatIf:
    """The working definition after so many procedures leave the Ministry."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        cuts = ledger.cuts(conn)
    one = next(one for one in courses(cuts, clock.today()) if one.definition.working)
    after = one.definition.after([Move(kind)] * count, one.now)
    return WhatIf(count=count, before=_told(one.now), after=_told(after))


@get("/office/ask-once", opt=READ, sync_to_thread=True, summary="Papers that data replace")
def ask_once(pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract]) -> AskOnce:
    """Found from the components of procedures in force and the declared contracts."""
    today = clock.today()
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        procedures = [one.procedure for one in catalogue.all_in_force(conn, today)]
        dossiers = yearly.filed(conn, today - timedelta(days=365), today + timedelta(days=1))
    named = {one.code: one.name.get("vi", "") for one in procedures}
    forms = {code: own.contract for code in named if (own := form_of(code).own) is not None}
    found = [*once.proposals(procedures, contracts), *once.asked_again(forms, named, contracts)]
    return AskOnce(worth=once.worth(found, dossiers), proposals=found)


@get("/office/legal-basis", opt=READ, sync_to_thread=True, summary="What changed in law")
def law(pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract]) -> list[Event]:
    """Documents that begin, end, are suspended or replaced within a year, with the work they make."""
    today = clock.today()
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        known, refs = reading(conn, contracts, today)
        return touching.events(known, refs, today, touching.done_by_document(conn))


@get("/office/legal-basis/{name:str}", opt=READ, sync_to_thread=True, summary="A legal document")
def document(
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    name: Annotated[str, Parameter(description="Its number with hyphens, e.g. 63-2010-nd-cp.")],
) -> Law:
    """How it stands and every place that it touches."""
    today = clock.today()
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        known, refs = reading(conn, contracts, today)
        one = known.find(name)
        how, by = known.standing(one, today)
        return Law(
            document=one, standing=how, by=by, touched=touching.worklist(conn, known, one, refs)
        )


@post(
    "/office/legal-basis",
    opt=EDIT,
    status_code=201,
    sync_to_thread=True,
    summary="Add a legal document",
)
def add_document(pool: ConnectionPool, actor: Actor, data: NewDocument) -> Document:
    """Add a document, or say something else of one; the newest saying holds."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        return register.say_of(conn, actor, data.document, data.why)


ROUTES = [
    one_list, bring, listed, decide, readiness, readiness_of, set_gate, reduction, write_cut, what_if, ask_once, law,
    document, add_document,
]  # fmt: skip
