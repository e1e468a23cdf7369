"""Correction tickets on pages: whose they are, by urgency; one with its clock, its records and what may be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, Permit, policy
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.errors import Failure, NotAllowed, NotFound
from lienthong.quality.tickets import acts, holders, ticket, upkeep, worklist
from lienthong.quality.tickets.correction import correction
from lienthong.quality.tickets.holders import Holder
from lienthong.quality.tickets.ticket import Ticket
from lienthong.web.page import Page
from lienthong.web.purposes import purpose_of
from lienthong.web.scores import province_names, sender_names
from lienthong.web.submissions import MEDIA

PAGE = 25
SHOWN = 25
"""Records of a ticket on its page; the file holds all."""
MOST_TICKETS = 50_000
READ = {"action": "ticket.read"}
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

DONE = {
    "planned": "Cause and plan are written down. The ticket closes by itself when the corrected records arrive.",
    "granted": "The longer time for a check in the field is granted.",
    "refused": "The longer time is refused; the usual day holds.",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket in a list: what its rule says, what is owed, and how late it is in working days."""

    one: Ticket
    sentence: Mapping[str, str]
    remedy: Mapping[str, str]
    late: int


def permitted(
    conn: Connection[Any], actor: Actor, sender: str, province: str
) -> tuple[Permit, str | None, str | None]:
    """Pass the gate; then the sender and province that a list shows, within what is permitted."""
    about = {k: v for k, v in {"sender": sender, "province": province}.items() if v}
    permit = policy.allow(conn, actor, "ticket.read", about)
    return permit, permit.facility or sender or None, permit.province or province or None


def lines(conn: Connection[Any], found: list[Ticket]) -> list[Line]:
    """Tickets with what their rules say."""
    said, today = worklist.sayings(conn, found), clock.today()
    return [
        Line(one=one, sentence=said[one.id][0], remedy=said[one.id][1], late=one.late(today))
        for one in found
    ]


@get("/tickets", opt=READ, sync_to_thread=True)
def ticket_list(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    contract: str = "",
    sender: str = "",
    province: str = "",
    show: str = "active",
    start: int = 0,
) -> Response[str]:
    """Tickets by urgency: of my facility, my province, or the nation."""
    today = clock.today()
    kind: Any = show if show in get_args(ticket.Show) else "active"
    with pool.connection() as conn:
        permit, whose, where = permitted(conn, actor, sender, province)
        asked = {"contract": contract or None, "sender": whose, "province": where}
        found = ticket.listed(
            conn, today=today, show=kind, start=max(0, start), limit=PAGE + 1, **asked
        )
        numbers = ticket.numbers(conn, today=today, **asked)
        shown = lines(conn, found[:PAGE])
    chosen = {"contract": contract, "sender": sender, "province": province, "show": kind}
    return page.show(
        "tickets.html",
        lines=shown,
        numbers=numbers,
        chosen=chosen,
        first=start <= 0,
        more=start + PAGE if len(found) > PAGE else None,
        permit=permit,
        contracts=contracts,
        names=sender_names(codes, [line.one.sender for line in shown]),
        province_names=province_names(codes),
        levels=correction().levels,
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
    about = {"sender": given.sender, "province": given.province}
    records = _records(conn, actor, contract, given, SHOWN + 1)
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
        days=correction().days(given.opened_on),
        levels=correction().levels,
        today=clock.today(),
        may_plan=given.state != "closed" and _may(actor, "ticket.plan", about),
        may_decide=given.field_check == "asked"
        and given.state != "closed"
        and _may(actor, "ticket.decide", about),
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


def allowed(conn: Connection[Any], actor: Actor, action: str, number: int) -> Ticket:
    """The ticket, when the gate lets this actor do it. Raises NotFound, NotAllowed."""
    given = ticket.one(conn, number)
    policy.allow(conn, actor, action, _about(given))
    return given


def _about(given: Ticket) -> dict[str, Any]:
    return {
        "ticket": given.id,
        "contract": given.contract,
        "sender": given.sender,
        "province": given.province,
    }


def _records(
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
        policy.allow(conn, actor, "ticket.records", _about(given), purpose)
    except NotAllowed:
        return None
    return holders.holders(conn, contract, given, limit=limit)


@post(
    "/tickets/{number:int}/plan",
    opt={"action": "ticket.plan"},
    status_code=200,
    sync_to_thread=True,
)
def plan(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    number: int,
    data: Form,
) -> Response[Any]:
    """The sender writes cause and plan, and may ask for time for a check in the field."""
    with pool.connection() as conn:
        allowed(conn, actor, "ticket.plan", number)
        try:
            acts.plan(
                conn, number, data.get("cause", ""), data.get("plan", ""), actor.id, field=data.get("field", "")
            )  # fmt: skip
        except Failure as failure:
            problem = page.say(failure.message, **failure.details)
            return _show(page, conn, actor, contracts, codes, number, problem=problem, written=data)
    return Redirect(f"/tickets/{number}?done=planned", status_code=303)


@post(
    "/tickets/{number:int}/decide",
    opt={"action": "ticket.decide"},
    status_code=200,
    sync_to_thread=True,
)
def decide(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    codes: Codes,
    number: int,
    data: Form,
) -> Response[Any]:
    """The owner of the database grants or refuses the longer time."""
    grant = data.get("answer") == "grant"
    with pool.connection() as conn:
        allowed(conn, actor, "ticket.decide", number)
        try:
            acts.decide(conn, number, grant, data.get("reason", ""), actor.id)
        except Failure as failure:
            problem = page.say(failure.message, **failure.details)
            return _show(page, conn, actor, contracts, codes, number, problem=problem, written=data)
    return Redirect(f"/tickets/{number}?done={'granted' if grant else 'refused'}", status_code=303)


@get("/tickets/file/{ending:str}", opt=READ, sync_to_thread=True)
def ticket_file(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    ending: str,
    contract: str = "",
    sender: str = "",
    province: str = "",
    show: str = "active",
) -> Response[bytes]:
    """The tickets of a list as CSV or XLSX; the workbook also holds their records, for who may see them."""
    _known(ending)
    today, language = clock.today(), page.language
    kind: Any = show if show in get_args(ticket.Show) else "active"
    with pool.connection() as conn:
        _, whose, where = permitted(conn, actor, sender, province)
        found = ticket.listed(
            conn, today=today, show=kind, contract=contract or None, sender=whose, province=where, limit=MOST_TICKETS
        )  # fmt: skip
        said = worklist.sayings(conn, found)
        sheet = worklist.tickets_sheet(found, said, contracts, today=today, language=language)
        if ending == "csv":
            return attached(worklist.as_csv(sheet), "tickets.csv", ending)
        sheets = [sheet]
        held = list(_held(conn, actor, contracts, found))
        if held:
            sheets.append(worklist.records_sheet(held, contracts, language=language))
        return attached(worklist.as_xlsx(sheets), "tickets.xlsx", ending)


def _held(
    conn: Connection[Any], actor: Actor, contracts: Mapping[str, Contract], found: list[Ticket]
) -> Iterator[tuple[Ticket, Holder]]:
    left = worklist.MOST_RECORDS
    for one in found:
        if left <= 0:
            return
        for record in _records(conn, actor, contracts.get(one.contract), one, left) or ():
            yield one, record
            left -= 1


@get(
    "/tickets/{number:int}/records/{ending:str}",
    opt={"action": "ticket.records"},
    sync_to_thread=True,
)
def ticket_records(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    number: int,
    ending: str,
) -> Response[bytes]:
    """The records that hold one ticket open as CSV or XLSX."""
    _known(ending)
    with pool.connection() as conn:
        given = allowed(conn, actor, "ticket.read", number)
        policy.allow(
            conn, actor, "ticket.records", _about(given), purpose_of(actor, "ticket.records")
        )
        contract = contracts.get(given.contract)
        found = (
            holders.holders(conn, contract, given, limit=worklist.MOST_RECORDS) if contract else []
        )
    sheet = worklist.records_sheet(
        [(given, one) for one in found], contracts, language=page.language
    )
    content = worklist.as_csv(sheet) if ending == "csv" else worklist.as_xlsx([sheet])
    return attached(content, f"ticket-{number}.{ending}", ending)


def _known(ending: str) -> None:
    if ending not in ("csv", "xlsx"):
        raise NotFound("tickets.form", "Tickets come as: %(choices)s.", choices="csv, xlsx")


def attached(content: bytes, name: str, ending: str) -> Response[bytes]:
    """A file to download."""
    return Response(
        content,
        media_type=MEDIA[ending],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


ROUTES = [ticket_list, ticket_page, plan, decide, ticket_file, ticket_records]
