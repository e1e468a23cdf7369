"""The first page of the Office: the state of lists, readiness, reduction and documents, and what is late."""

from __future__ import annotations

from litestar import Response, get
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.procedures import counting
from lienthong.procedures.lists import agreed, bringing, differences
from lienthong.procedures.lists.rules import rules
from lienthong.web.office.forms import READ
from lienthong.web.office.lists import KIND_NAMES, lines, names_of, numbers
from lienthong.web.page import Page

SHOWN = 8


@get("/office", opt=READ, sync_to_thread=True)
def landing(page: Page, pool: ConnectionPool, actor: Actor) -> Response[str]:
    """One screen: what is late comes first."""
    today = clock.today()
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        everything = differences.listed(conn, today, show="all")
        late = [one for one in everything if one.late(today) > 0]
        names = names_of(bringing.lists(conn))
        settled = agreed.agreed_list(conn)
        newest = bringing.newest(conn)
    return page.show(
        "office.html",
        numbers=numbers(everything, today),
        late=lines(page, late[:SHOWN], names, today),
        tables=agreed.counted(settled) if settled else None,
        newest=newest,
        claims=counting.claims(),
        rules=rules(),
        kinds=KIND_NAMES,
        today=today,
    )


ROUTES = [landing]
