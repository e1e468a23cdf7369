"""The page of codes that no list knows, and the form with which an official decides about one."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.contracts.codes import Codes
from lienthong.errors import Failure
from lienthong.records import code_worklist
from lienthong.web.page import Page

READ = {"action": "code.worklist"}
PAGE = 50
ANSWERS: dict[str, code_worklist.State] = {"0": "open", "1": "mapped", "2": "invalid"}
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/codes/worklist", opt=READ, sync_to_thread=True)
def worklist(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    codes: Codes,
    list: str = "",
    show: str = "open",
    start: int = 0,
    done: str = "",
) -> Response[str]:
    """Codes that no list knows, those seen most often first."""
    with pool.connection() as conn:
        return _show(page, conn, actor, codes, list, show, max(0, start), done=bool(done))


def _show(
    page: Page,
    conn: Connection[Any],
    actor: Actor,
    codes: Codes,
    name: str,
    state: str,
    start: int,
    *,
    done: bool = False,
    problem: str = "",
) -> Response[str]:
    permit = policy.allow(conn, actor, "code.worklist", {})
    chosen: Any = state if state in get_args(code_worklist.State) else "open"
    found = code_worklist.waiting(
        conn,
        list=name or None,
        sender=permit.facility,
        province=permit.province,
        state=chosen,
        start=start,
        limit=PAGE + 1,
    )
    return page.show(
        "code_worklist.html",
        422 if problem else 200,
        found=found[:PAGE],
        more=start + PAGE if len(found) > PAGE else None,
        numbers=code_worklist.numbers(conn, sender=permit.facility, province=permit.province),
        names={one: codes.about(one).get("title") or {} for one in code_worklist.lists(conn)},
        labels={
            (one.list, one.target): codes.find(one.list, one.target)[-1].label
            for one in found
            if one.target and codes.find(one.list, one.target)
        },
        chosen={"list": name, "show": chosen},
        may_decide=policy.may(actor, "code.decide"),
        done=done,
        problem=problem,
    )


@post("/codes/worklist", opt={"action": "code.decide"}, status_code=200, sync_to_thread=True)
def decide(
    page: Page, pool: ConnectionPool, actor: Actor, codes: Codes, data: Form
) -> Response[Any]:
    """Map a code, mark it invalid, or open it again; the reason is kept."""
    name, code = data.get("list", ""), data.get("code", "")
    state = ANSWERS.get(data.get("answer", ""), "open")
    with pool.connection() as conn:
        policy.allow(conn, actor, "code.decide", {})
        try:
            code_worklist.decide(
                conn,
                codes,
                name,
                code,
                state=state,
                target=data.get("target", ""),
                reason=data.get("reason", ""),
                actor=actor.id,
            )
        except Failure as failure:
            problem = page.say(failure.message, **failure.details)
            return _show(page, conn, actor, codes, name, "open", 0, problem=problem)
    return Redirect("/codes/worklist?done=1", status_code=303)


ROUTES = [worklist, decide]
