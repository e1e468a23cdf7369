"""The first page of the Office: the state of lists, readiness, reduction and documents, and what is late."""

from __future__ import annotations

from collections.abc import Mapping

from litestar import Response, get
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.procedures import counting
from lienthong.procedures.legal_basis.reading import reading
from lienthong.procedures.lists import agreed, bringing, differences
from lienthong.procedures.lists.rules import rules
from lienthong.procedures.readiness.board import board
from lienthong.procedures.readiness.gates import gates
from lienthong.procedures.reduction import ledger, shares
from lienthong.procedures.reduction.courses import courses
from lienthong.web.office.forms import READ
from lienthong.web.office.legal_basis import changes
from lienthong.web.office.lists import KIND_NAMES, lines, names_of, numbers
from lienthong.web.page import Page

SHOWN = 6


@get("/office", opt=READ, sync_to_thread=True)
def landing(
    page: Page, pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract]
) -> Response[str]:
    """One screen: the state of the four, then what is late."""
    today = clock.today()
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        everything = differences.listed(conn, today, show="all")
        names = names_of(bringing.lists(conn))
        settled = agreed.agreed_list(conn)
        ready = board(conn, settled, today)
        cuts = ledger.cuts(conn)
        newest = bringing.newest(conn)
        known, refs = reading(conn, contracts, today)
        law = changes(conn, known, refs, today)
    working = next(one for one in courses(cuts, today) if one.definition.working)
    late = [one for one in everything if one.late(today) > 0]
    return page.show(
        "office.html",
        numbers=numbers(everything, today),
        late=lines(page, late[:SHOWN], names, today),
        tables=agreed.counted(settled) if settled else None,
        newest=newest,
        board=ready,
        late_gates=[line for line in ready.lines if line.late][:SHOWN],
        gates=gates(),
        shares=shares.shares(),
        working=working,
        needed=shares.needed(working.definition, shares.shares().band, working.now),
        late_cuts=[one for one in cuts if one.late(today)][:SHOWN],
        law=law,
        waiting=[event for event in law if event.touched > event.done],
        known=known,
        claims=counting.claims(),
        rules=rules(),
        kinds=KIND_NAMES,
        today=today,
    )


ROUTES = [landing]
