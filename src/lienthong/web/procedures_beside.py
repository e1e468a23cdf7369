"""What the Portal says of our procedures, on a page: what differs, and one button that takes it into a draft."""

from __future__ import annotations

from collections import Counter

from litestar import Response, get, post
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.errors import Refused
from lienthong.partners.portal import procedures_beside
from lienthong.web import cutting
from lienthong.web.page import Page

EDIT = {"action": "procedure.edit"}
PAGE = 50


@get("/procedures/portal", opt=EDIT, sync_to_thread=True)
def portal_list(
    page: Page, pool: ConnectionPool, actor: Actor, show: str = "", start: int = 0
) -> Response[str]:
    """Every procedure that the Portal lists, with what differs from ours."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        everything = procedures_beside.beside(conn, clock.today())
    found = [one for one in everything if show in ("", one.standing)]
    part = cutting.cut(found, start, PAGE)
    return page.show(
        "procedures_beside.html",
        counted=Counter(one.standing for one in everything),
        shown=part.rows,
        **part.shown,
        total=len(everything),
        chosen={"show": show},
    )


@get("/procedures/portal/{code:str}", opt=EDIT, sync_to_thread=True)
def portal_page(page: Page, pool: ConnectionPool, actor: Actor, code: str) -> Response[str]:
    """One procedure: the Portal's words beside ours."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        one = procedures_beside.one(conn, code, clock.today())
    return _show(page, one)


@post("/procedures/portal/{code:str}/propose", opt=EDIT, status_code=200, sync_to_thread=True)
def portal_propose(
    page: Page, pool: ConnectionPool, actor: Actor, code: str
) -> Response[str] | Redirect:
    """Take what the Portal says into a draft of ours; nothing is published."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        try:
            done = procedures_beside.take_over(conn, actor, code, clock.today())
        except Refused as failure:
            one = procedures_beside.one(conn, code, clock.today())
            return _show(page, one, problem=page.told(failure))
        if done.status == "waiting":
            one = procedures_beside.one(conn, code, clock.today())
            waiting = page.say(
                "A draft of procedure %(number)s is there already; finish or withdraw it first.",
                number=code,
            )
            return _show(page, one, problem=waiting)
    if done.status == "same":
        return Redirect(f"/procedures/portal/{code}", status_code=303)
    return Redirect(f"/procedures/{done.code}/draft", status_code=303)


def _show(page: Page, one: procedures_beside.Beside, *, problem: str = "") -> Response[str]:
    said = one.problem
    return page.show(
        "procedure_beside.html",
        422 if problem else 200,
        one=one,
        problem=problem or (page.say(said.message, **said.details) if said else ""),
    )


ROUTES = [portal_list, portal_page, portal_propose]
