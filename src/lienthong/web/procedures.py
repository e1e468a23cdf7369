"""The catalogue of procedures: what is in force, what no source says, and the ministry's numbers beside ours."""

from __future__ import annotations

from litestar import Response, get
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.procedures import catalogue, counting
from lienthong.procedures.catalogue import Version
from lienthong.web.page import Page


@get("/procedures", opt={"action": "procedure.read"}, sync_to_thread=True)
def procedure_list(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    q: str = "",
    level: str = "",
    field: str = "",
    online: str = "",
) -> Response[str]:
    """The procedures in force today, filtered, with their counts."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        listed = catalogue.all_in_force(conn, clock.today())
    wanted = q.strip().casefold()
    shown = [
        one
        for one in listed
        if _fits(one, wanted) and level in ("", *one.procedure.levels) and field in ("", one.procedure.field)
        and online in ("", one.procedure.online)
    ]  # fmt: skip
    return page.show(
        "procedures.html",
        shown=shown,
        counted=counting.count(one.procedure for one in listed),
        claims=counting.claims(),
        asked={"q": q, "level": level, "field": field, "online": online},
    )


@get("/procedures/{code:str}", opt={"action": "procedure.read"}, sync_to_thread=True)
def procedure_page(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, version: int = 0
) -> Response[str]:
    """One procedure: all parts of the law, what is missing, and its versions."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        one = (
            catalogue.version(conn, code, version)
            if version
            else catalogue.in_force(conn, code, clock.today())
        )
        versions = catalogue.versions(conn, code)
    return page.show("procedure.html", one=one, procedure=one.procedure, versions=versions)


def _fits(one: Version, wanted: str) -> bool:
    return (
        not wanted
        or wanted in one.code
        or any(wanted in name.casefold() for name in one.procedure.name.values())
    )


ROUTES = [procedure_list, procedure_page]
