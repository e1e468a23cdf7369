"""The catalogue of procedures on pages: found, read by a citizen, compared; the ministry's numbers beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Any

import msgspec
from litestar import Request, Response, get
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.dossiers import deadlines
from lienthong.dossiers.dossier import limits_of
from lienthong.errors import NotFound
from lienthong.procedures import catalogue, counting, described, searching
from lienthong.procedures.catalogue import Version
from lienthong.procedures.comparing import compare
from lienthong.procedures.procedure import Component, Procedure
from lienthong.web import cutting
from lienthong.web.page import Page

PAGE = 40
READ = {"action": "procedure.read"}


@get("/procedures", opt=READ, sync_to_thread=True)
def procedure_list(
    page: Page,
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    start: int = 0,
) -> Response[str]:
    """The procedures in force today, filtered, with their counts."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        listed = catalogue.all_in_force(conn, clock.today())
        drafts = len(catalogue.drafts(conn)) if page.can("procedure.edit") else 0
    asked = searching.Asked(**cutting.chosen(request, *searching.Asked.__struct_fields__))
    part = cutting.cut(searching.found(listed, asked), start, PAGE)
    return page.show(
        "procedures.html",
        shown=part.rows,
        **part.shown,
        chosen=msgspec.structs.asdict(asked),
        stale=sum(one.procedure.stale for one in listed),
        asked=asked,
        counted=counting.count(one.procedure for one in listed),
        claims=counting.claims(),
        waiting=described.uncoded(),
        drafts=drafts,
    )


@get("/procedures/described/{slug:str}", opt=READ, sync_to_thread=True)
def described_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    slug: str,
    received: str = "",
    channel: str = "direct",
    case: str = "",
    clock_name: str = "normal",
) -> Response[str]:
    """A procedure that a decision describes without giving its national code."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
    found = described.uncoded().get(slug)
    if found is None:
        raise NotFound(
            "PROCEDURE-NOT-FOUND",
            "Procedure %(number)s is not there in that form.",
            number=slug[:40],
        )
    asked = _asked(0, received, channel, case, clock_name)
    return page.show("procedure.html", **_shown(None, found.procedure, asked))


@get("/procedures/{code:str}", opt=READ, sync_to_thread=True)
def procedure_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    code: str,
    version: int = 0,
    received: str = "",
    channel: str = "direct",
    case: str = "",
    clock_name: str = "normal",
    done: str = "",
) -> Response[str]:
    """One procedure: everything it says for who wants to file, what no source gives, and its versions."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        asked = _asked(version, received, channel, case, clock_name)
        return show_procedure(page, conn, code, asked, done=done)


def show_procedure(
    page: Page,
    conn: Connection[Any],
    code: str,
    asked: Mapping[str, Any],
    *,
    done: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    """The page of a procedure in the version asked for, else the one in force, else the newest published."""
    versions = catalogue.versions(conn, code)
    shown = [one for one in versions if one.status != "draft" or page.can("procedure.edit")]
    one = _chosen(code, shown, int(asked["version"]))
    values = _shown(one, one.procedure, asked) | {
        "versions": shown,
        "drafted": any(other.status == "draft" for other in versions),
        "done": page.say(DONE[done]) if done in DONE else "",
        "problem": problem,
        "written": written or {},
        "namesakes": catalogue.same_name(conn, one, clock.today()),
    }
    return page.show("procedure.html", 422 if problem else 200, **values)


DONE = {
    "published": "The version is published.",
    "abolished": "The procedure is abolished from that day on.",
    "withdrawn": "The draft is withdrawn.",
}


@get("/procedures/{code:str}/compare", opt=READ, sync_to_thread=True)
def comparison_page(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, before: int = 0, after: int = 0
) -> Response[str]:
    """Two versions side by side, part by part; by default the newest and the one it replaces."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        versions = [
            one
            for one in catalogue.versions(conn, code)
            if one.status != "draft" or page.can("procedure.edit")
        ]
        new = _numbered(code, versions, after) if after else _newest(code, versions)
        old = _numbered(code, versions, before) if before else catalogue.before(conn, new)
    return page.show(
        "procedure_compare.html",
        code=code,
        before=old,
        after=new,
        versions=versions,
        translations=(old.procedure.translations if old else {}) | new.procedure.translations,
        found=compare(old.procedure if old else None, new.procedure),
    )


def _asked(version: int, received: str, channel: str, case: str, clock_name: str) -> dict[str, Any]:
    return {
        "version": version, "received": received, "channel": channel, "case": case, "clock": clock_name,
    }  # fmt: skip


def _shown(one: Version | None, procedure: Procedure, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "one": one,
        "procedure": procedure,
        "translations": procedure.translations,
        "versions": [],
        "drafted": False,
        "today": clock.today(),
        "by_case": by_case(procedure),
        "asked": asked,
        "due": due(procedure, asked),
        "done": "",
        "problem": "",
        "written": {},
        "namesakes": [],
    }


def by_case(procedure: Procedure) -> list[tuple[str, list[Component]]]:
    """The components of every case, those for all cases first."""
    ordered = sorted(procedure.components, key=lambda one: _place(procedure, one))
    return [(case, list(those)) for case, those in groupby(ordered, key=lambda one: one.case)]


def _place(procedure: Procedure, component: Component) -> int:
    return procedure.cases.index(component.case) + 1 if component.case else 0


def due(procedure: Procedure, asked: Mapping[str, Any]) -> list[tuple[str, datetime]]:
    """When each stage would end for a dossier received in full at the moment asked; empty when nobody can say."""
    try:
        received = datetime.fromisoformat(asked["received"]).replace(tzinfo=clock.VIETNAM)
    except ValueError:
        return []
    limits = limits_of(procedure, asked["channel"], asked["case"], asked["clock"])
    ends = deadlines.due_in_stages(received, limits)
    return [(limit.stage, end) for limit, end in zip(limits, ends, strict=True)]


def _chosen(code: str, versions: list[Version], number: int) -> Version:
    if number:
        return _numbered(code, versions, number)
    today = clock.today()
    held = [one for one in versions if one.holds(today)]
    dated = [one for one in versions if one.valid_from is not None]
    last = sorted(dated, key=lambda one: one.valid_from or date.min)
    if held or last:
        return held[0] if held else last[-1]
    return _newest(code, versions)


def _numbered(code: str, versions: list[Version], number: int) -> Version:
    for one in versions:
        if one.version == number:
            return one
    raise _missing(code)


def _newest(code: str, versions: list[Version]) -> Version:
    if not versions:
        raise _missing(code)
    return versions[0]


def _missing(code: str) -> NotFound:
    return NotFound(
        "PROCEDURE-NOT-FOUND", "Procedure %(number)s is not there in that form.", number=code[:20]
    )


ROUTES = [procedure_list, described_page, procedure_page, comparison_page]
