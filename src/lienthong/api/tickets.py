"""Correction tickets for programs: a hospital pulls its worklist, states cause and plan, and sees tickets close."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import msgspec
from litestar import Request, Response, get, post
from litestar.di import Provide
from litestar.params import Parameter
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor
from lienthong.api.asking import contract_named, limited
from lienthong.api.problems import language_of
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.findings import Text
from lienthong.quality import expected
from lienthong.quality.tickets import acts, holders, ranking, ticket, worklist
from lienthong.quality.tickets import silence as silences
from lienthong.quality.tickets.correction import Stage
from lienthong.quality.tickets.reach import allowed, nation_only, within
from lienthong.quality.tickets.ticket import Ticket

READ = {"action": "ticket.read"}
Sender = Annotated[str | None, Parameter(description="Facility code; the token's own by default.")]
Number = Annotated[int, Parameter(description="Number of the ticket.")]


class Told(msgspec.Struct, kw_only=True):
    """A ticket with what its rule says, what is owed next, by when, and how many working days late."""

    ticket: Ticket
    sentence: Text
    remedy: Text
    stage: Stage
    due: date | None
    late: int


class Worklist(msgspec.Struct, kw_only=True):
    """A page of tickets by urgency. `next` is the `start` of the next page."""

    numbers: ticket.Numbers
    tickets: list[Told]
    next: int | None


class Note(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What was said or done about a ticket."""

    text: str


class Plan(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Cause and plan; `field` is the reason for a check in the field, when one is needed."""

    cause: str
    plan: str
    field: str = ""


def _told(conn: Connection, found: list[Ticket]) -> list[Told]:
    said, today = worklist.sayings(conn, found), clock.today()
    return [
        Told(
            ticket=one, sentence=said[one.cause_key][0], remedy=said[one.cause_key][1], stage=one.stage, due=one.due,
            late=max(0, one.late(today)),
        )
        for one in found
    ]  # fmt: skip


class Asked(msgspec.Struct, frozen=True):
    """What a list of tickets is narrowed to."""

    among: ticket.Among
    show: ticket.Show


def _asked(
    contract: str | None = None,
    sender: Sender = None,
    province: str | None = None,
    show: ticket.Show = "active",
) -> Asked:
    return Asked(ticket.Among(contract=contract, sender=sender, province=province), show)


ASKED = {"asked": Provide(_asked, sync_to_thread=False)}


@get("/tickets", opt=READ, sync_to_thread=True, summary="Correction tickets", dependencies=ASKED)
def listed(
    pool: ConnectionPool,
    actor: Actor,
    asked: Asked,
    start: Annotated[int, Parameter(description="How many to skip.", ge=0)] = 0,
    limit: int = 100,
) -> Worklist:
    """Tickets by urgency: red alerts first, then by the last day for what is owed."""
    most, today = limited(limit), clock.today()
    with pool.connection() as conn:
        _, among = within(conn, actor, asked.among)
        found = ticket.listed(
            conn, among, today=today, show=asked.show, start=start, limit=most + 1
        )
        numbers = ticket.numbers(conn, among, today=today)
        told = _told(conn, found[:most])
    return Worklist(numbers=numbers, tickets=told, next=start + most if len(found) > most else None)


@get(
    "/tickets/csv",
    opt=READ,
    sync_to_thread=True,
    media_type="text/csv; charset=utf-8",
    summary="Tickets as CSV",
    dependencies=ASKED,
)
def listed_csv(
    request: Request,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    asked: Asked,
) -> Response[bytes]:
    """Every ticket, one a line, in the language that Accept-Language asks for."""
    today = clock.today()
    with pool.connection() as conn:
        _, among = within(conn, actor, asked.among)
        found = ticket.listed(conn, among, today=today, show=asked.show, limit=50_000)
        said = worklist.sayings(conn, found)
    sheet = worklist.tickets_sheet(
        found, said, contracts, today=today, language=language_of(request)
    )
    return Response(worklist.as_csv(sheet), media_type="text/csv; charset=utf-8")


@get("/tickets/{number:int}", opt=READ, sync_to_thread=True, summary="A ticket")
def one(pool: ConnectionPool, actor: Actor, number: Number) -> Told:
    """One ticket."""
    with pool.connection() as conn:
        return _told(conn, [allowed(conn, actor, "ticket.read", number)])[0]


@get(
    "/tickets/{number:int}/acts", opt=READ, sync_to_thread=True, summary="What happened to a ticket"
)
def history(pool: ConnectionPool, actor: Actor, number: Number) -> list[ticket.Act]:
    """Opened, planned, escalated, closed, opened again: oldest first."""
    with pool.connection() as conn:
        allowed(conn, actor, "ticket.read", number)
        return ticket.acts(conn, number)


@get(
    "/tickets/{number:int}/records",
    opt={"action": "ticket.records"},
    sync_to_thread=True,
    summary="Records of a ticket",
)
def records(
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    number: Number,
    purpose: Annotated[
        str, Parameter(description="Why it is read: quality, inspection.")
    ] = "quality",
    limit: int = 1000,
) -> list[holders.Holder]:
    """The rows that hold the ticket open: what to correct and send again."""
    with pool.connection() as conn:
        given = allowed(conn, actor, "ticket.records", number, purpose)
        contract = contract_named(contracts, given.contract)
        return holders.holders(conn, contract, given, limit=limited(limit))


@post(
    "/tickets/{number:int}/plan",
    opt={"action": "ticket.plan"},
    status_code=200,
    sync_to_thread=True,
    summary="State cause and plan",
)
def plan(pool: ConnectionPool, actor: Actor, number: Number, data: Plan) -> Told:
    """Cause and plan of the sender; the ticket closes by itself when the corrected records arrive."""
    with pool.connection() as conn:
        allowed(conn, actor, "ticket.plan", number)
        planned = acts.plan(conn, number, data.cause, data.plan, actor.id, field=data.field)
        return _told(conn, [planned])[0]


@post(
    "/tickets/{number:int}/notes",
    opt={"action": "ticket.note"},
    status_code=201,
    sync_to_thread=True,
    summary="Add a note to a ticket",
)
def note(pool: ConnectionPool, actor: Actor, number: Number, data: Note) -> list[ticket.Act]:
    """A call, a reminder, an answer: kept with the ticket; what happened to it so far comes back."""
    with pool.connection() as conn:
        allowed(conn, actor, "ticket.note", number)
        acts.note(conn, number, data.text, actor.id)
        return ticket.acts(conn, number)


@get("/silence", opt=READ, sync_to_thread=True, summary="Silent senders")
def silence(
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    contract: str | None = None,
    province: str | None = None,
    kind: silences.Kind = "stopped",
    start: Annotated[int, Parameter(ge=0)] = 0,
    limit: int = 100,
) -> silences.Silence:
    """Who should have sent and did not, how many working days late, and whom to call."""
    today = clock.today()
    asked = [contract_named(contracts, contract)] if contract else list(contracts.values())
    wanted = expected.Expected.load(codes, asked, today)
    with pool.connection() as conn:
        _, among = within(conn, actor, ticket.Among(province=province))
        return silences.silence(
            conn, asked, wanted, today=today, province=among.province, sender=among.sender, kind=kind, start=start,
            limit=limited(limit),
        )  # fmt: skip


@get(
    "/ranking",
    opt={"action": "score.read"},
    sync_to_thread=True,
    summary="The ranking of the night",
)
def ranked(
    pool: ConnectionPool,
    actor: Actor,
    kind: ranking.Kind = "cause",
    contract: str | None = None,
    start: Annotated[int, Parameter(ge=0)] = 0,
    limit: int = 100,
) -> list[ranking.Ranked]:
    """Senders, provinces or causes by what mending them lifts the nation's score; `points` are hundredths."""
    with pool.connection() as conn:
        nation_only(conn, actor)
        return ranking.read(conn, kind, contract=contract, start=start, limit=limited(limit))


ROUTES = [listed, listed_csv, one, history, records, plan, note, silence, ranked]
