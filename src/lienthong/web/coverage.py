"""Which fields of health data (Decree 102/2025) have a database, whose it is, since when data arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from litestar import Response, get
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.quality import coverage as covering
from lienthong.web.page import Page


@get("/coverage", opt={"action": "contract.read"}, sync_to_thread=True)
def coverage(
    page: Page, pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract]
) -> Response[str]:
    """One line for each field of the decree."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "contract.read")
        lines = covering.coverage(conn, contracts.values())
    claimed = {one.contract for line in lines for one in line.databases}
    return page.show(
        "coverage.html",
        lines=lines,
        counts=Counter(line.state for line in lines),
        declared=covering.health_data_fields(),
        outside=[one for name, one in contracts.items() if name not in claimed],
    )


ROUTES = [coverage]
