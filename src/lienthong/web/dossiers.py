"""The worklist of dossiers on one screen: whose, by urgency, with counts; finding one by its code."""

from __future__ import annotations

from typing import Any, Literal, get_args

from litestar import Response, get
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, Permit, policy
from lienthong.dossiers import gate, listing, substitution, worklist
from lienthong.dossiers.moves import moves
from lienthong.dossiers.worklist import Urgency, Whose
from lienthong.web.page import Page

PAGE = 25
View = Literal["mine", "unit", "unassigned"]
LIST = {"action": "dossier.list"}


@get("/dossiers", opt=LIST, sync_to_thread=True)
def dossier_list(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    show: str = "",
    view: str = "",
    unit: str = "",
    start: int = 0,
    code: str = "",
) -> Response[Any]:
    """What waits for me, for my agency, or (from above) for one of the agencies: the most urgent first."""
    now, start = clock.now(), max(0, start)
    with pool.connection() as conn:
        permit = gate.lists(conn, actor)
        if code.strip():
            return _found(page, conn, code.strip(), permit)
        whose, chosen = _whose(conn, actor, permit, view, unit)
        counted = worklist.counts(conn, whose, now)
        urgency: Urgency | None = show if show in worklist.URGENCIES else None
        found = worklist.lines(conn, whose, now, urgency=urgency, start=start, limit=PAGE + 1)
        stands_for = substitution.absent_for(conn, actor.id, now)
        names = names_of(
            conn, {one.row.holder for one in found if one.row.holder} | set(stands_for)
        )
    return page.show(
        "dossiers.html",
        lines=found[:PAGE],
        counts=counted,
        total=sum(counted.values()),
        states=moves().states,
        chosen={"show": urgency or "", "view": chosen, "unit": whose.unit if not permit.facility else ""},
        first=start <= 0,
        more=start + PAGE if len(found) > PAGE else None,
        permit=permit,
        stands_for=[names.get(one, one) for one in stands_for],
        names=names,
        now=now,
        wanted="",
        searched=None,
    )  # fmt: skip


def _whose(
    conn: Connection[Any], actor: Actor, permit: Permit, view: str, unit: str
) -> tuple[Whose, str]:
    """Whose worklist is shown: at first a case officer's own, everybody else's agency."""
    where = permit.facility or unit.strip()
    first = "mine" if actor.roles and set(actor.roles) <= {"processor"} else "unit"
    chosen = view if view in get_args(View) and permit.facility else first if permit.facility else "unit"  # fmt: skip
    if chosen == "mine":
        return worklist.of_person(conn, where, actor.id, clock.now()), chosen
    return Whose(unit=where, unassigned=chosen == "unassigned"), chosen


def _found(page: Page, conn: Connection[Any], code: str, permit: Permit) -> Response[Any]:
    """The one dossier of that code, or those whose code holds what was typed."""
    rows = listing.search(conn, code)
    if len(rows) == 1:
        return Redirect(f"/dossiers/{rows[0].code}", status_code=303)
    return page.show(
        "dossiers.html", lines=[], counts={}, total=0, states=moves().states,
        chosen={"show": "", "view": "", "unit": ""}, first=True, more=None, permit=permit, stands_for=[],
        names={}, now=clock.now(), wanted=code, searched=rows,
    )  # fmt: skip


def names_of(conn: Connection[Any], ids: set[str]) -> dict[str, str]:
    """The names of accounts."""
    rows = conn.execute(
        "SELECT id, name FROM app.account WHERE id = ANY(%s)", [sorted(ids)]
    ).fetchall()
    return dict(rows)


def may_read(actor: Actor) -> bool:
    """Whether the applicants of dossiers may be shown to somebody at all."""
    return any(
        policy.may(actor, "dossier.read", purpose) for purpose in ("procedure", "inspection")
    )


ROUTES = [dossier_list]
