"""Readiness on pages: the board of all procedures to be connected, and one procedure with its gates and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.errors import Failure, NotFound
from lienthong.procedures import catalogue
from lienthong.procedures.legal_basis import touching
from lienthong.procedures.legal_basis.register import register
from lienthong.procedures.lists import agreed, bringing
from lienthong.procedures.procedure import Procedure
from lienthong.procedures.readiness import board, standing
from lienthong.procedures.readiness.evidence import evidence
from lienthong.procedures.readiness.gates import gates
from lienthong.web import cutting
from lienthong.web.office.forms import EDIT, READ, Form, day_of
from lienthong.web.office.lists import names_of
from lienthong.web.page import Page

PAGE = 50
BASES = {
    "agreed": "The procedures that the agreed list wants connected.",
    "touched": "The procedures that somebody has looked at; no agreed list is there yet.",
    "catalogue": "All procedures of the catalogue; no agreed list is there yet.",
}


@get("/office/readiness", opt=READ, sync_to_thread=True)
def readiness_page(
    page: Page,
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    start: int = 0,
) -> Response[str]:
    """The board: counts per gate, what blocks, late ones first."""
    today = clock.today()
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        whole = board.board(conn, agreed.agreed_list(conn), today)
    asked = cutting.chosen(request, "owner", "priority", "gate", "gate_state", "show")
    fitting = board.chosen(whole.lines, asked | {"state": asked["gate_state"]})
    part = cutting.cut(fitting, start, PAGE)
    return page.show(
        "office_readiness.html",
        board=whole,
        basis=page.say(BASES[whole.basis]),
        lines=part.rows,
        **part.shown,
        owners=board.owners(whole.lines),
        gates=gates(),
        asked=asked,
        today=today,
    )


@get("/office/readiness/{code:str}", opt=READ, sync_to_thread=True)
def procedure_readiness(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, done: str = ""
) -> Response[str]:
    """One procedure: seven gates, what the catalogue says about each, and what was changed."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return _show(page, conn, code, done=page.say("It is written down.") if done else "")


def _show(
    page: Page,
    conn: Connection[Any],
    code: str,
    *,
    done: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    procedure = in_force(conn, code, clock.today())
    name = _name(conn, code, procedure)
    today = clock.today()
    ended = touching.ended_basis(register(conn), procedure, today) if procedure else []
    facts = evidence(procedure, ended) if procedure else []
    return page.show(
        "office_procedure.html",
        422 if problem else 200,
        code=code,
        name=name,
        procedure=procedure,
        one=standing.standing(conn, code),
        facts={gate: [fact for fact in facts if fact.gate == gate] for gate in gates().names},
        changes=standing.changes(conn, code),
        gates=gates(),
        done=done,
        problem=problem,
        written=written or {},
        today=clock.today(),
    )


def in_force(conn: Connection[Any], code: str, today: date) -> Procedure | None:
    """The procedure as the catalogue has it today, or None."""
    try:
        return catalogue.in_force(conn, code, today).procedure
    except NotFound:
        return None


def _name(conn: Connection[Any], code: str, procedure: Procedure | None) -> str:
    """The name in the catalogue, else in a unit's list; raises NotFound when nobody knows the code."""
    if procedure is not None:
        return procedure.name.get("vi", "")
    listed = names_of(bringing.lists(conn))
    if code not in listed:
        raise NotFound(
            "PROCEDURE-NOT-FOUND",
            "Procedure %(number)s is not there in that form.",
            number=code[:40],
        )
    return listed[code]


@post("/office/readiness/{code:str}", opt=EDIT, status_code=200, sync_to_thread=True)
def change(page: Page, pool: ConnectionPool, actor: Actor, code: str, data: Form) -> Response[Any]:
    """Set one gate (`gate` is sent) or the decision about priority, owner and service."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        _name(conn, code, in_force(conn, code, clock.today()))
        try:
            with conn.transaction():
                _change(conn, actor, code, data)
        except Failure as failure:
            if failure.status == 404:
                raise
            problem = page.told(failure)
            return _show(page, conn, code, problem=problem, written=data)
    place = f"#{data['gate']}" if data.get("gate") else ""
    return Redirect(f"/office/readiness/{code}?done=1{place}", status_code=303)


def _change(conn: Connection[Any], actor: Actor, code: str, data: Mapping[str, str]) -> None:
    if data.get("gate"):
        standing.set_gate(
            conn, actor, code, data["gate"], state=data.get("state", ""), owner=data.get("owner", ""),
            due=day_of(data.get("due")), blocker=data.get("blocker", ""), note=data.get("note", ""),
        )  # fmt: skip
        return
    priority = data.get("priority", "")
    standing.decide(
        conn, actor, code, priority=int(priority) if priority.isdecimal() else None,
        owner=data.get("owner", ""), service=data.get("service", ""), reason=data.get("reason") or None,
        reason_basis=data.get("reason_basis", ""),
    )  # fmt: skip


ROUTES = [readiness_page, procedure_readiness, change]
