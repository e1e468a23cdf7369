"""Who stands in for whom in an agency, and handing the work of one person to another."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.dossiers import gate, handing_over, substitution
from lienthong.errors import Failure, Refused
from lienthong.web.page import Page

ASSIGN = {"action": gate.ASSIGN}
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/dossiers/substitutes", opt=ASSIGN, sync_to_thread=True)
def substitute_list(
    page: Page, pool: ConnectionPool, actor: Actor, done: str = "", count: int = 0, unit: str = ""
) -> Response[str]:
    """The people of the agency with their open work, and who stands in for whom."""
    with pool.connection() as conn:
        return _show(page, conn, actor, unit=unit, done=done, count=count)


def _show(
    page: Page,
    conn: Connection[Any],
    actor: Actor,
    *,
    unit: str = "",
    done: str = "",
    count: int = 0,
    problem: str = "",
    failed: str = "",
    written: dict[str, str] | None = None,
) -> Response[str]:
    permit = policy.allow(conn, actor, gate.ASSIGN)
    where = permit.facility or unit
    people = handing_over.colleagues(conn, where)
    return page.show(
        "substitutes.html",
        422 if problem else 200,
        unit=where,
        fixed=bool(permit.facility),
        people=people,
        names={one.id: one.name for one in people},
        listed=substitution.listed(conn, where or None),
        now=clock.now(),
        today=clock.today(),
        done=done,
        count=count,
        problem=problem,
        failed=failed,
        written=written or {},
    )


@post("/dossiers/substitutes", opt=ASSIGN, status_code=200, sync_to_thread=True)
def substitute(page: Page, pool: ConnectionPool, actor: Actor, data: Form) -> Response[Any]:
    """Name somebody who stands in for somebody else, from the morning of a day to the evening of another."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, gate.ASSIGN)
        unit = permit.facility or data.get("unit", "")
        try:
            with conn.transaction():
                for who in (data.get("absent", ""), data.get("substitute", "")):
                    handing_over.check_colleague(conn, unit, who)
                substitution.name_substitute(
                    conn,
                    actor,
                    unit=unit,
                    province=actor.province or "",
                    absent=data.get("absent", ""),
                    substitute=data.get("substitute", ""),
                    begins=_day(data.get("first", ""), time.min),
                    ends=_day(data.get("last", ""), time.max),
                    reason=data.get("reason", ""),
                )
        except Failure as failure:
            said = page.told(failure)
            return _show(page, conn, actor, unit=unit, problem=said, failed="name", written=data)
    return Redirect(f"/dossiers/substitutes?done=named&unit={unit}", status_code=303)


@post("/dossiers/substitutes/{number:int}/end", opt=ASSIGN, status_code=200, sync_to_thread=True)
def substitute_end(pool: ConnectionPool, actor: Actor, number: int) -> Response[Any]:
    """End a substitution before its time."""
    with pool.connection() as conn:
        policy.allow(conn, actor, gate.ASSIGN)
        substitution.end(conn, actor, number)
    return Redirect("/dossiers/substitutes?done=ended", status_code=303)


@post("/dossiers/substitutes/all", opt=ASSIGN, status_code=200, sync_to_thread=True)
def hand_all_over(page: Page, pool: ConnectionPool, actor: Actor, data: Form) -> Response[Any]:
    """Give everything that somebody has open to a colleague."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, gate.ASSIGN)
        unit = permit.facility or data.get("unit", "")
        try:
            with conn.transaction():
                codes = handing_over.hand_over_all(
                    conn, actor, unit=unit, from_=data.get("from", ""), to=data.get("to", ""),
                    why=data.get("reason", ""),
                )  # fmt: skip
        except Failure as failure:
            said = page.told(failure)
            return _show(page, conn, actor, unit=unit, problem=said, failed="all", written=data)
    return Redirect(
        f"/dossiers/substitutes?done=all&count={len(codes)}&unit={unit}", status_code=303
    )


def _day(text: str, at: time) -> datetime:
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), at, clock.VIETNAM)
    except ValueError:
        raise Refused(
            "DOSSIER-DAY", "“%(written)s” is no day; write it like 2026-11-20.", written=text[:20]
        ) from None


ROUTES = [substitute_list, substitute, substitute_end, hand_all_over]
