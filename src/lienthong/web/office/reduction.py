"""Reduction on pages: the share and its forecast, the ledger of cuts, time and cost before and after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.dossiers import yearly
from lienthong.errors import Failure
from lienthong.procedures import catalogue, counting
from lienthong.procedures.lists import agreed
from lienthong.procedures.reduction import cost, ledger, shares
from lienthong.procedures.reduction.cost import Burden, Row, costs
from lienthong.procedures.reduction.courses import courses
from lienthong.procedures.reduction.ledger import Cut, decimal_of
from lienthong.procedures.reduction.shares import Share
from lienthong.web.office import drawing
from lienthong.web.office.forms import EDIT, READ, Form, day_of
from lienthong.web.office.readiness import in_force
from lienthong.web.page import Page

AHEAD = timedelta(days=60)
YEAR = timedelta(days=365)


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """Time and cost of one cut that says its days."""

    cut: Cut
    dossiers: int | None
    before: Decimal | None
    after: Decimal | None


def dossiers_of(conn: Connection[Any], today: date) -> dict[str, int]:
    """Dossiers of the last 365 days by procedure."""
    return yearly.filed(conn, today - YEAR, today + timedelta(days=1))


def timed(cuts: list[Cut], dossiers: Mapping[str, int]) -> list[Timed]:
    """The cuts that say their days, with the cost of the agency's time where dossiers are known."""
    made = []
    for one in cuts:
        if one.given_up is None and one.days_before is not None and one.days_after is not None:
            count = dossiers.get(one.code)
            made.append(
                Timed(
                    cut=one, dossiers=count,
                    before=cost.agency_time(one.days_before, count) if count else None,
                    after=cost.agency_time(one.days_after, count) if count else None,
                )
            )  # fmt: skip
    return made


@get("/office/reduction", opt=READ, sync_to_thread=True)
def reduction_page(page: Page, pool: ConnectionPool, actor: Actor, done: str = "") -> Response[str]:
    """Where the share stands, what is planned, what it saves."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return _show(page, conn, done=page.say("It is written down.") if done else "")


def _show(
    page: Page,
    conn: Connection[Any],
    *,
    done: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    today = clock.today()
    known = shares.shares()
    cuts = ledger.cuts(conn)
    found = courses(cuts, today)
    working = next(one for one in found if one.definition.working)
    settled = agreed.counted(agreed.agreed_list(conn))
    dossiers = dossiers_of(conn, today)
    rows = timed(cuts, dossiers)
    burdens = cost.burdens(conn)
    return page.show(
        "office_reduction.html",
        422 if problem else 200,
        shares=known,
        courses=found,
        working=working,
        needed=shares.needed(working.definition, known.band, working.now),
        drawing=drawing.steps(
            working.points, known.band, today + AHEAD, page.say("The share over time"),
            page.words["percent"], page.words["day"],
        ),
        listed=Share(settled.central, settled.total),
        claims=counting.claims(),
        cuts=sorted(cuts, key=lambda one: (-one.late(today), one.state != "planned", one.planned or one.done or today)),
        names=names(conn, today),
        timed=rows,
        time_rate=time_rate(rows),
        savings=cost.savings(burdens, dossiers),
        invented=cost.invented(conn),
        costs=costs(),
        target=costs().target(today),
        done=done,
        problem=problem,
        written=written or {},
        today=today,
    )  # fmt: skip


def time_rate(rows: list[Timed]) -> Decimal | None:
    """Days saved of all days before, each procedure once (not weighted by dossiers)."""
    before = sum((one.cut.days_before or Decimal(0) for one in rows), Decimal(0))
    after = sum((one.cut.days_after or Decimal(0) for one in rows), Decimal(0))
    return cost.rate(before, after)


def names(conn: Connection[Any], today: date) -> dict[str, str]:
    """The names of the catalogue by code."""
    return {
        one.code: one.procedure.name.get("vi", "") for one in catalogue.all_in_force(conn, today)
    }


@post("/office/reduction", opt=EDIT, status_code=200, sync_to_thread=True)
def write_cut(page: Page, pool: ConnectionPool, actor: Actor, data: Form) -> Response[Any]:
    """Write a cut into the ledger."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        try:
            ledger.write(conn, actor, cut_of(conn, data))
        except Failure as failure:
            return _show(page, conn, problem=page.told(failure), written=data)
    return Redirect("/office/reduction?done=1#ledger", status_code=303)


def cut_of(conn: Connection[Any], data: Mapping[str, str]) -> Cut:
    """The cut of a form; whether it is central is asked of the catalogue when the form leaves it open."""
    code = data.get("code", "").strip()
    central = data.get("central", "")
    if central not in ("yes", "no"):
        procedure = in_force(conn, code, clock.today())
        central = "yes" if procedure and "ministry" in procedure.levels else "no"
    return Cut(
        code=code, kind=data.get("kind", ""), central=central == "yes", basis=data.get("basis", ""),
        planned=day_of(data.get("planned")), done=day_of(data.get("done")), note=data.get("note", "").strip(),
        days_before=decimal_of(data.get("days_before")), days_after=decimal_of(data.get("days_after")),
    )  # fmt: skip


@post(
    "/office/reduction/cuts/{number:int}/{act:str}", opt=EDIT, status_code=200, sync_to_thread=True
)
def cut_act(
    page: Page, pool: ConnectionPool, actor: Actor, number: int, act: str, data: Form
) -> Response[Any]:
    """A planned cut was done on a day (`done`), or is given up with a reason."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        try:
            if act == "done":
                ledger.finish(conn, actor, number, day_of(data.get("day")) or clock.today())
            else:
                ledger.give_up(conn, actor, number, data.get("reason", ""))
        except Failure as failure:
            if failure.status == 404:
                raise
            return _show(page, conn, problem=page.told(failure))
    return Redirect("/office/reduction?done=1#ledger", status_code=303)


@get("/office/reduction/{code:str}", opt=READ, sync_to_thread=True)
def burden_page(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, done: str = ""
) -> Response[str]:
    """What one procedure asks of people, before and after, with the sums."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return _burden(page, conn, code, done=page.say("It is written down.") if done else "")


def _burden(
    page: Page,
    conn: Connection[Any],
    code: str,
    *,
    done: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    today = clock.today()
    procedure = catalogue.in_force(conn, code, today).procedure
    dossiers = dossiers_of(conn, today).get(code)
    both = cost.burdens(conn, code).get(code, {})
    wage = costs().wage.dong_per_hour
    return page.show(
        "office_burden.html",
        422 if problem else 200,
        code=code,
        name=procedure.name.get("vi", ""),
        procedure=procedure,
        both=both,
        once={moment: one.once(wage) for moment, one in both.items()},
        year={moment: one.year(wage, dossiers) for moment, one in both.items()},
        saving=next(iter(cost.savings({code: both}, {code: dossiers} if dossiers else {})), None),
        who=cost.written_at(conn, code),
        dossiers=dossiers,
        costs=costs(),
        cuts=ledger.cuts(conn, code),
        shares=shares.shares(),
        done=done,
        problem=problem,
        written=written or {},
        today=today,
    )


@post("/office/reduction/{code:str}", opt=EDIT, status_code=200, sync_to_thread=True)
def write_burden(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, data: Form
) -> Response[Any]:
    """Write down the activities of one moment."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        try:
            cost.write(conn, actor, code, data.get("moment", ""), burden_of(data))
        except Failure as failure:
            problem = page.told(failure)
            return _burden(page, conn, code, problem=problem, written=data)
    return Redirect(f"/office/reduction/{code}?done=1", status_code=303)


def burden_of(data: Mapping[str, str]) -> Burden:
    """The burden of a form: hours.<activity> and outlay.<activity>, fees, times, subjects, basis. Raises Refused."""
    zero = Decimal(0)
    rows = tuple(
        Row(
            activity=one.name,
            hours=decimal_of(data.get(f"hours.{one.name}")) or zero,
            outlay=decimal_of(data.get(f"outlay.{one.name}")) or zero,
        )
        for one in costs().activities
    )
    times = decimal_of(data.get("times"))
    return Burden(
        rows=tuple(row for row in rows if row.hours or row.outlay),
        fees=decimal_of(data.get("fees")) or zero,
        times=Decimal(1) if times is None else times,
        subjects=decimal_of(data.get("subjects")),
        basis=data.get("basis", "").strip()[:500],
    )


ROUTES = [reduction_page, write_cut, cut_act, burden_page, write_burden]
