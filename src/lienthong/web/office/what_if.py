"""What if: decentralise these procedures, see the share and its place in the band; plan them from the same page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.errors import Failure, Refused
from lienthong.procedures import catalogue
from lienthong.procedures.lists import agreed
from lienthong.procedures.lists.agreed import Agreed
from lienthong.procedures.procedure import CODE
from lienthong.procedures.reduction import ledger, shares
from lienthong.procedures.reduction.courses import courses
from lienthong.procedures.reduction.ledger import Cut
from lienthong.procedures.reduction.shares import Definition, Move, Share
from lienthong.web.office.forms import EDIT, READ, day_of
from lienthong.web.office.reduction import dossiers_of
from lienthong.web.page import Page

Ticked = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]
"""A form in which one name may be sent several times."""

MOST = 500
"""Procedures that are imagined at once."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure that the Ministry settles and that is not yet in the ledger as one that leaves."""

    code: str
    name: str
    field: str
    priority: int | None
    dossiers: int | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One definition before and after."""

    definition: Definition
    before: Share
    after: Share


@get("/office/what-if", opt=READ, sync_to_thread=True)
def what_if_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    chosen: list[str] | None = None,
    count: str = "",
    base: str = "claim",
    kind: str = "decentralised",
    done: str = "",
) -> Response[str]:
    """The procedures to choose from, and what the choice gives."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return _show(page, conn, chosen or [], count, base, kind, done=done)


def _show(
    page: Page,
    conn: Connection[Any],
    codes: Sequence[str],
    count: str,
    base: str,
    kind: str,
    *,
    done: str = "",
    problem: str = "",
) -> Response[str]:
    today = clock.today()
    known = shares.shares()
    listed = agreed.agreed_list(conn)
    cuts = ledger.cuts(conn)
    leaving = {one.code for one in cuts if one.given_up is None and known.kinds[one.kind].leaves}
    open_ones = candidates(conn, listed, today)
    chosen = [code for code in dict.fromkeys(codes) if CODE.match(code)][:MOST]
    more = min(MOST, int(count)) if count.isdecimal() else 0
    kind = kind if kind in known.kinds and known.kinds[kind].leaves else "decentralised"
    moves = [Move(kind)] * (len(chosen) + more)
    counted = agreed.counted(listed)
    base = "agreed" if base == "agreed" and counted.total else "claim"
    start = Share(counted.central, counted.total) if base == "agreed" else None
    return page.show(
        "office_what_if.html",
        422 if problem else 200,
        candidates=[one for one in open_ones if one.code not in leaving],
        left=len(leaving),
        chosen=chosen,
        more=more,
        kind=kind,
        base=base,
        has_agreed=bool(counted.total),
        listed=Share(counted.central, counted.total),
        shares=known,
        outcomes=_outcomes(start, cuts, moves, today),
        moved=sum(one.dossiers or 0 for one in open_ones if one.code in chosen),
        done=done if done.isdecimal() else "",
        problem=problem,
        today=today,
    )


def _outcomes(
    start: Share | None, cuts: list[Cut], moves: list[Move], today: date
) -> list[Outcome]:
    """Every definition that has a band, from the report (after what is done) or from the agreed list."""
    made = []
    for one in courses(cuts, today):
        if one.definition.band:
            before = start or one.now
            made.append(
                Outcome(
                    definition=one.definition,
                    before=before,
                    after=one.definition.after(moves, before),
                )
            )
    return made


def candidates(conn: Connection[Any], listed: list[Agreed], today: date) -> list[Candidate]:
    """Procedures settled by the Ministry: those of the agreed list, else those of the catalogue."""
    dossiers = dossiers_of(conn, today)
    if listed:
        central = [(one.code, one.name, one.field, one.priority) for one in listed if one.central]
    else:
        central = [
            (one.code, one.procedure.name.get("vi", ""), one.procedure.field, None)
            for one in catalogue.all_in_force(conn, today)
            if "ministry" in one.procedure.levels
        ]
    made = [
        Candidate(code=code, name=name, field=field, priority=priority, dossiers=dossiers.get(code))
        for code, name, field, priority in central
    ]
    return sorted(made, key=lambda one: (-(one.dossiers or 0), one.code))


@post("/office/what-if", opt=EDIT, status_code=200, sync_to_thread=True)
def plan(page: Page, pool: ConnectionPool, actor: Actor, data: Ticked) -> Response[Any]:
    """Write the chosen procedures into the ledger as planned for a day."""
    ticked = data.get("chosen", [])
    codes = [ticked] if isinstance(ticked, str) else [str(code) for code in ticked]
    said = {name: value for name, value in data.items() if isinstance(value, str)}
    kind = said.get("kind", "decentralised")
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        try:
            with conn.transaction():
                _plan(conn, actor, codes, kind, said.get("planned", ""), said.get("basis", ""))
        except Failure as failure:
            problem = page.told(failure)
            return _show(page, conn, codes, "", said.get("base", "claim"), kind, problem=problem)
    return Redirect(f"/office/what-if?done={len(codes)}", status_code=303)


def _plan(
    conn: Connection[Any], actor: Actor, codes: list[str], kind: str, planned: str, basis: str
) -> None:
    if not codes:
        raise Refused("office.choose", "Choose at least one procedure.")
    for code in codes[:MOST]:
        ledger.write(
            conn,
            actor,
            Cut(code=code, kind=kind, central=True, basis=basis, planned=day_of(planned)),
        )


ROUTES = [what_if_page, plan]
