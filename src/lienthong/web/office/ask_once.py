"""Ask once: papers that data already replace, with why, and what last year would have saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.dossiers.forms.form import form_of
from lienthong.errors import Failure, NotFound
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
from lienthong.procedures.reduction import once
from lienthong.procedures.reduction.cost import costs
from lienthong.procedures.reduction.once import Decided, Proposal, Worth
from lienthong.web import cutting
from lienthong.web.office.forms import EDIT, READ, Form
from lienthong.web.office.reduction import dossiers_of
from lienthong.web.page import Page

PAGE = 40
ANSWERS = {"1": "accepted", "0": "refused"}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal with what was decided and what it was worth last year."""

    one: Proposal
    decided: Decided | None
    dossiers: int
    worth: Worth

    @property
    def state(self) -> str:
        """open, accepted or refused; what a resolution replaces or a form declares needs no decision."""
        if self.one.how in ("resolution", "form"):
            return self.one.how
        return self.decided.state if self.decided else "open"


def found(conn: Connection[Any], contracts: Mapping[str, Contract]) -> list[Line]:
    """All proposals, those with most dossiers first."""
    today = clock.today()
    procedures = [one.procedure for one in catalogue.all_in_force(conn, today)]
    dossiers, said = dossiers_of(conn, today), once.decided(conn)
    made = [
        Line(
            one=one,
            decided=said.get((one.code, one.component, one.place)),
            dossiers=dossiers.get(one.code, 0),
            worth=once.worth([one], dossiers),
        )
        for one in [*once.proposals(procedures, contracts), *_of_forms(procedures, contracts)]
    ]
    return sorted(made, key=lambda line: (-line.dossiers, line.one.code))


def _of_forms(procedures: list[Procedure], contracts: Mapping[str, Contract]) -> list[Proposal]:
    named = {one.code: one.name.get("vi", "") for one in procedures}
    forms = {code: own.contract for code in named if (own := form_of(code).own) is not None}
    return once.asked_again(forms, named, contracts)


@get("/office/ask-once", opt=READ, sync_to_thread=True)
def ask_once_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    show: str = "open",
    code: str = "",
    start: int = 0,
    done: str = "",
) -> Response[str]:
    """The proposals, filtered, with the sum of what they are worth."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return _show(page, conn, contracts, show, code, start, done=bool(done))


def _show(
    page: Page,
    conn: Connection[Any],
    contracts: Mapping[str, Contract],
    show: str,
    code: str,
    start: int,
    *,
    done: bool = False,
    problem: str = "",
) -> Response[str]:
    lines = found(conn, contracts)
    dossiers = dossiers_of(conn, clock.today())
    counts = {
        state: sum(line.state == state for line in lines)
        for state in ("open", "accepted", "refused", "resolution", "form")
    }
    chosen = [
        line
        for line in lines
        if show in ("all", line.state) and code.strip() in ("", line.one.code)
    ]
    part = cutting.cut(list(enumerate(chosen)), start, PAGE)
    return page.show(
        "office_once.html",
        422 if problem else 200,
        lines=part.rows,
        **part.shown,
        counts=counts | {"all": len(lines)},
        worth=once.worth([line.one for line in chosen], dossiers),
        asked={"show": show, "code": code},
        costs=costs(),
        contracts=contracts,
        filed=sum(dossiers.values()),
        done=page.say("It is written down.") if done else "",
        problem=problem,
    )


@post("/office/ask-once", opt=EDIT, status_code=200, sync_to_thread=True)
def decide(
    page: Page, pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract], data: Form
) -> Response[Any]:
    """Accept or refuse one proposal with a reason."""
    show = data.get("show", "open")
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        key = (data.get("code", ""), data.get("component", ""), data.get("place", ""))
        line = next(
            (
                line
                for line in found(conn, contracts)
                if (line.one.code, line.one.component, line.one.place) == key
            ),
            None,
        )
        if line is None:
            raise NotFound("ONCE-NOT-FOUND", "This proposal is not there any more.")
        try:
            once.decide(
                conn,
                actor,
                line.one,
                ANSWERS.get(data.get("answer", ""), ""),
                data.get("reason", ""),
            )
        except Failure as failure:
            problem = page.told(failure)
            return _show(page, conn, contracts, show, "", 0, problem=problem)
    return Redirect(f"/office/ask-once?show={show}&done=1", status_code=303)


ROUTES = [ask_once_page, decide]
