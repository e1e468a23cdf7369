"""Correction tickets on pages: whose they are, by urgency; one with its clock, its records and what may be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, NamedTuple, get_args

import msgspec
from litestar import Response, get, post
from litestar.di import Provide
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.errors import Failure, NotAllowed
from lienthong.quality.tickets import acts, holders, ticket, upkeep, worklist
from lienthong.quality.tickets.correction import correction
from lienthong.quality.tickets.holders import Holder
from lienthong.quality.tickets.reach import about, allowed, within
from lienthong.quality.tickets.ticket import Ticket
from lienthong.records.store import counts
from lienthong.web.page import Page
from lienthong.web.purposes import purpose_of
from lienthong.web.scores import province_names, sender_names

PAGE = 12
SHOWN = 12
"""Records of a ticket on its page; the file holds all."""
MOST_TICKETS = 50_000
READ = {"action": "ticket.read"}
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

DONE = {
    "planned": "Cause and plan are written down. The ticket closes by itself when the corrected records arrive.",
    "noted": "The note is kept with the ticket.",
    "granted": "The longer time for a check in the field is granted.",
    "refused": "The longer time is refused; the usual day holds.",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket in a list: what its rule says, what is owed, and how late it is in working days."""

    one: Ticket
    sentence: Mapping[str, str]
    remedy: Mapping[str, str]
    late: int


class Asked(msgspec.Struct, frozen=True):
    """What a list of tickets is narrowed to, as its address says."""

    among: ticket.Among
    show: ticket.Show


def asked_of(
    contract: str = "",
    sender: str = "",
    province: str = "",
    table: str = "",
    rule: str = "",
    show: str = "active",
) -> Asked:
    """The filters of every page and file of tickets; an unknown `show` is that of the page without one."""
    among = ticket.Among(
        contract=contract, sender=sender, province=province, table_name=table, rule=rule
    )
    kind: Any = show if show in get_args(ticket.Show) else "active"
    return Asked(among, kind)


ASKED = {"asked": Provide(asked_of, sync_to_thread=False)}


def lines(conn: Connection[Any], found: list[Ticket]) -> list[Line]:
    """Tickets with what their rules say."""
    said, today = worklist.sayings(conn, found), clock.today()
    return [line_of(one, said, today) for one in found]


def line_of(one: Ticket, said: Mapping[worklist.Cause, worklist.Said], today: date) -> Line:
    """One of them."""
    sentence, remedy = said[one.cause_key]
    return Line(one=one, sentence=sentence, remedy=remedy, late=one.late(today))


@get("/tickets", opt=READ, sync_to_thread=True, dependencies=ASKED)
def ticket_list(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    asked: Asked,
    by: str = "",
    start: int = 0,
) -> Response[str]:
    """Tickets of my facility, my province or the nation: by urgency, or summed by cause, sender or province."""
    today, start, kind = clock.today(), max(0, start), asked.show
    view: Any = by if by in get_args(ticket.By) else ""
    one = asked.among
    with pool.connection() as conn:
        permit, among = within(conn, actor, one)
        found: list[Any] = (
            ticket.groups(conn, view, among, today=today, show=kind, start=start, limit=PAGE + 1)
            if view
            else ticket.listed(conn, among, today=today, show=kind, start=start, limit=PAGE + 1)
        )
        numbers = ticket.numbers(conn, among, today=today)
        behind = upkeep.is_behind(conn)
        said = worklist.sayings(conn, found[:PAGE])
        cause = worklist.sayings(conn, [_named(one)]) if one.rule else {}
    chosen = {
        "contract": one.contract, "sender": one.sender, "province": one.province, "table": one.table_name,
        "rule": one.rule, "show": kind, "by": view,
    }  # fmt: skip
    return page.show(
        "tickets.html",
        lines=[] if view else [line_of(one, said, today) for one in found[:PAGE]],
        groups=found[:PAGE] if view else [],
        said=said,
        cause=next(iter(cause.values()), None),
        numbers=numbers,
        behind=behind,
        chosen=chosen,
        first=start <= 0,
        more=start + PAGE if len(found) > PAGE else None,
        permit=permit,
        contracts=contracts,
        names=sender_names(codes, [one.sender for one in found[:PAGE]]),
        province_names=province_names(codes),
        levels=correction().levels,
        today=today,
    )


def _named(asked: ticket.Among) -> ticket.Group:
    """The cause that a list is narrowed to, to say it above the list."""
    name, _, field = (asked.rule or "").partition("|")
    none = ticket.Numbers(active=0, late=0, told=0, alert=0, planned=0, closed=0, rows=0)
    return ticket.Group(
        contract=asked.contract or "",
        table_name=asked.table_name or "",
        rule=name,
        field=field,
        senders=0,
        due=None,
        numbers=none,
    )


@get("/tickets/{number:int}", opt=READ, sync_to_thread=True)
def ticket_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    number: int,
    done: str = "",
) -> Response[str]:
    """One ticket: what is wrong, the clock, the records, what was done and what may be done."""
    with pool.connection() as conn:
        _fresh(conn, number)
        return _show(
            page,
            conn,
            actor,
            contracts,
            codes,
            number,
            done=page.say(DONE[done]) if done in DONE else "",
        )


def _fresh(conn: Connection[Any], number: int) -> None:
    """Look at the ticket's sender again before it is shown, so that what was mended a moment ago is seen."""
    with conn.transaction():
        given = ticket.one(conn, number)
        if given.state != "closed":
            counts.fold(conn, given.contract)
            upkeep.refresh(conn, [(given.contract, given.sender)])


def _show(
    page: Page,
    conn: Connection[Any],
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    number: int,
    *,
    done: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    given = allowed(conn, actor, "ticket.read", number)
    history = ticket.acts(conn, number)
    line = lines(conn, [given])[0]
    contract = contracts.get(given.contract)
    records = records_of(conn, actor, contract, given, SHOWN + 1)
    return page.show(
        "ticket.html",
        422 if problem else 200,
        line=line,
        one=given,
        contract=contract,
        field=_field(contract, given),
        name=sender_names(codes, [given.sender]).get(given.sender),
        province=province_names(codes).get(given.province),
        records=None if records is None else records[:SHOWN],
        more_records=records is not None and len(records) > SHOWN,
        history=history,
        other_words=worklist.other_words,
        days=correction().days(given.opened_on),
        levels=correction().levels,
        today=clock.today(),
        may_plan=given.state != "closed" and _may(actor, "ticket.plan", about(given)),
        may_note=given.state != "closed" and _may(actor, "ticket.note", about(given)),
        may_decide=given.field_check == "asked"
        and given.state != "closed"
        and _may(actor, "ticket.decide", about(given)),
        done=done,
        problem=problem,
        written=written or {},
    )


def _field(contract: Contract | None, given: Ticket) -> Any:
    table = contract.table(given.table_name) if contract else None
    return table.field(given.field) if table and given.field else None


def _may(actor: Actor, action: str, about: Mapping[str, Any]) -> bool:
    try:
        policy.decide(actor, action, about)
    except NotAllowed:
        return False
    return True


def records_of(
    conn: Connection[Any],
    actor: Actor,
    contract: Contract | None,
    given: Ticket,
    limit: int,
) -> list[Holder] | None:
    """The records that hold it open; None for a reader who may see numbers only. Writes the read log."""
    purpose = purpose_of(actor, "ticket.records")
    if contract is None or purpose is None:
        return None
    try:
        policy.allow(conn, actor, "ticket.records", about(given), purpose)
    except NotAllowed:
        return None
    return holders.holders(conn, contract, given, limit=limit)


class Place(NamedTuple):
    """Who acts, and on which ticket."""

    page: Page
    pool: ConnectionPool
    actor: Actor
    contracts: Mapping[str, Contract]
    codes: Codes
    number: int


def place_of(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    number: int,
) -> Place:
    """What each act on a ticket is told."""
    return Place(page, pool, actor, contracts, codes, number)


PLACE = {"place": Provide(place_of, sync_to_thread=False)}


def _act(
    place: Place,
    data: dict[str, str],
    right: str,
    done: str,
    act: Callable[[Connection[Any]], object],
) -> Response[Any]:
    """Do it and go back to the ticket; what is refused is shown beside the form as it was filled."""
    page, pool, actor, contracts, codes, number = place
    with pool.connection() as conn:
        allowed(conn, actor, right, number)
        try:
            act(conn)
        except Failure as failure:
            problem = page.say(failure.message, **failure.details)
            return _show(page, conn, actor, contracts, codes, number, problem=problem, written=data)
    return Redirect(f"/tickets/{number}?done={done}", status_code=303)


def _posted(act: str) -> Any:
    """The route of an act on a ticket; its right is called like it."""
    return post(
        f"/tickets/{{number:int}}/{act}", opt={"action": f"ticket.{act}"}, status_code=200,
        sync_to_thread=True, dependencies=PLACE,
    )  # fmt: skip


@_posted("plan")
def plan(place: Place, data: Form) -> Response[Any]:
    """The sender writes cause and plan, and may ask for time for a check in the field."""
    words, field = data.get("plan", ""), data.get("field", "")
    return _act(
        place, data, "ticket.plan", "planned",
        lambda conn: acts.plan(
            conn, place.number, data.get("cause", ""), words, place.actor.id, field=field
        ),
    )  # fmt: skip


@_posted("decide")
def decide(place: Place, data: Form) -> Response[Any]:
    """The owner of the database grants or refuses the longer time."""
    grant = data.get("answer") == "1"
    return _act(
        place, data, "ticket.decide", "granted" if grant else "refused",
        lambda conn: acts.decide(conn, place.number, grant, data.get("reason", ""), place.actor.id),
    )  # fmt: skip


@_posted("note")
def note(place: Place, data: Form) -> Response[Any]:
    """A call, a reminder, an answer: kept with the ticket."""
    return _act(
        place, data, "ticket.note", "noted",
        lambda conn: acts.note(conn, place.number, data.get("text", ""), place.actor.id),
    )  # fmt: skip


ROUTES = [ticket_list, ticket_page, plan, decide, note]
