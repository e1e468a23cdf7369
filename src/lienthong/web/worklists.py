"""A worklist to take along: the tickets of a list and the records that hold them open, as CSV or XLSX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import Response, get
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.errors import NotFound
from lienthong.quality.tickets import holders, ticket, worklist
from lienthong.quality.tickets.holders import Holder
from lienthong.quality.tickets.reach import about, allowed, within
from lienthong.quality.tickets.ticket import Ticket
from lienthong.web.page import Page
from lienthong.web.purposes import purpose_of
from lienthong.web.submissions import MEDIA
from lienthong.web.tickets import ASKED, READ, Asked, records_of

MOST_TICKETS = 50_000


@get("/tickets/file/{ending:str}", opt=READ, sync_to_thread=True, dependencies=ASKED)
def ticket_file(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    ending: str,
    asked: Asked,
) -> Response[bytes]:
    """The tickets of a list as CSV or XLSX; the workbook also holds their records, for who may see them."""
    _known(ending)
    today, language = clock.today(), page.language
    with pool.connection() as conn:
        _, among = within(conn, actor, asked.among)
        found = ticket.listed(conn, among, today=today, show=asked.show, limit=MOST_TICKETS)
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
        for record in records_of(conn, actor, contracts.get(one.contract), one, left) or ():
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
            conn, actor, "ticket.records", about(given), purpose_of(actor, "ticket.records")
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


ROUTES = [ticket_file, ticket_records]
