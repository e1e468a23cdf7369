"""The Portal: is the line up, what does not get through and why, what came in, what differs, what to do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import audit, clock
from lienthong.access import Actor, policy
from lienthong.dossiers.moves import moves
from lienthong.errors import Failure
from lienthong.partners.portal import (
    deciding,
    differences,
    inbound,
    jobs,
    lacking,
    line,
    mapping,
    mending,
    outline,
    papers,
    payments,
    questions,
    reconciling,
    running,
    sayings,
    seen,
    standing,
    times,
)
from lienthong.partners.portal.seen import Seen
from lienthong.settings import Settings
from lienthong.web.page import Page

READ, MEND = {"action": "portal.read"}, {"action": "portal.mend"}
Encoded = Body(media_type=RequestEncodingType.URL_ENCODED)
SHOWN = 25


class Act(msgspec.Struct, kw_only=True):
    """A form of these pages."""

    act: str = ""
    ours: str = ""
    reason: str = ""
    step: int = 0
    theirs: str = ""


def known(conn: Connection[Any], actor: Actor | None, code: str) -> Seen | None:
    """What the Portal knows of a dossier, for its page (portal_state.html); None without the right to see it."""
    return seen.seen(conn, code) if policy.may(actor, "portal.read") else None


@get("/portal", opt=READ, sync_to_thread=True)
def portal_page(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings
) -> Response[str]:
    """The one screen of whoever watches over the link."""
    return _portal(page, pool, actor, settings)


def _portal(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, problem: str = ""
) -> Response[str]:
    wrong = ""
    if settings.portal_url:
        try:
            running.access(settings)
        except Failure as failure:
            wrong = page.told(failure)
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "portal.read")
        now = standing.standing(conn, clock.now(), permit)
        return page.show(
            "portal.html",
            422 if problem else 200,
            now=now,
            blocked=standing.troubles(conn, "blocked", SHOWN),
            failing=standing.troubles(conn, "failing", SHOWN),
            held=standing.troubles(conn, "held", SHOWN) if now.held else [],
            missing=standing.missing_fields(conn),
            refused_papers=papers.refused(conn, SHOWN),
            fees=[one for one in payments.open_payments(conn, SHOWN) if one.failure],
            help_for=lacking.help_for,
            causes=reconciling.ACTS,
            permit=permit,
            wrong=wrong,
            settings=settings,
            problem=problem,
            may_mend=policy.may(actor, "portal.mend"),
            told=_told(page),
        )  # fmt: skip


@post("/portal", opt=MEND, sync_to_thread=True, status_code=303)
def act_on_line(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    data: Annotated[Act, Encoded],
) -> Redirect | Response[str]:
    """Ask for a job, try the line now, or send again what was blocked for one field."""
    try:
        with pool.connection() as conn:
            policy.allow(conn, actor, "portal.mend")
            if data.act == "try":
                line.close_breaker(conn)
                audit.write(conn, actor, "portal.tried", {})
            elif data.act == "release":
                count = mending.release(conn, data.ours)
                audit.write(
                    conn, actor, "portal.released", {"field": data.ours[:60], "count": count}
                )
            else:
                jobs.ask(conn, actor, data.act, clock.now())
    except Failure as failure:
        return _portal(page, pool, actor, settings, page.told(failure))
    return Redirect("/portal", status_code=303)


@get("/portal/dossiers/{code:str}", opt=READ, sync_to_thread=True)
def portal_dossier(page: Page, pool: ConnectionPool, actor: Actor, code: str) -> Response[str]:
    """One dossier on both sides: the ledger of its steps, their state beside ours."""
    return _dossier(page, pool, actor, code)


def _dossier(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, problem: str = ""
) -> Response[str]:
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.read")
        found = seen.seen(conn, code)
    return page.show(
        "portal_dossier.html",
        422 if problem else 200,
        one=found,
        **_words(page, actor),
        problem=problem,
    )


def _told(page: Page) -> Callable[[str | None], str]:
    return lambda text: sayings.told(text, page.say)


def _sides(page: Page) -> Callable[[str, str | None], str]:
    """A side of a difference as people read it: the name of a state, a moment, a count."""
    labels = {str(state.code): state.label for state in moves().states.values()}

    def shown(kind: str, value: str | None) -> str:
        if kind in ("state", "missing_there") and value in labels:
            return page.words["text"](labels[value])
        if kind in ("due", "finished") and value:
            try:
                return page.words["moment"](times.read(value))
            except Failure:
                return value
        return value or "–"

    return shown


def _words(page: Page, actor: Actor) -> dict[str, Any]:
    table = moves()
    return {
        "side": _sides(page),
        "told": _told(page),
        "states": {name: state.label for name, state in table.states.items()},
        "acts": {(move.act, move.to): move.label for move in table.moves},
        "help_for": lacking.help_for,
        "consequences": deciding.CONSEQUENCES,
        "state_of": seen.state_of,
        "moment_of": seen.moment_of,
        "causes": reconciling.ACTS,
        "whys": reconciling.REASONS,
        "may_mend": policy.may(actor, "portal.mend"),
    }


@post("/portal/dossiers/{code:str}", opt=MEND, sync_to_thread=True, status_code=303)
def act_on_portal_dossier(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, data: Annotated[Act, Encoded]
) -> Redirect | Response[str]:
    """Send again, take over what the citizen did there, decide about a step in doubt, or note."""
    try:
        with pool.connection() as conn:
            policy.allow(conn, actor, "portal.mend")
            mending.on_dossier(
                conn,
                actor,
                code,
                data.act,
                data.reason,
                clock.now(),
                step=data.step,
                theirs=data.theirs,
            )
    except Failure as failure:
        if failure.status == 404:
            raise
        return _dossier(page, pool, actor, code, page.told(failure))
    return Redirect(f"/portal/dossiers/{code}", status_code=303)


@get("/portal/differences", opt=READ, sync_to_thread=True)
def portal_differences(
    page: Page, pool: ConnectionPool, actor: Actor, cause: str = "", kind: str = ""
) -> Response[str]:
    """What differs now, the oldest first."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "portal.read")
        found = differences.listed(conn, cause=cause, kind=kind, limit=200)
        now = standing.standing(conn, clock.now(), permit)
    return page.show(
        "portal_differences.html", found=found, now=now, chosen={"cause": cause, "kind": kind}, **_words(page, actor)
    )  # fmt: skip


@get("/portal/inbound", opt=READ, sync_to_thread=True)
def portal_inbound(
    page: Page, pool: ConnectionPool, actor: Actor, show: str = "waiting"
) -> Response[str]:
    """What the Portal pushed and nobody could take further yet; what was done with the rest."""
    chosen = show if show in ("waiting", "resolved", "rejected") else "waiting"
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "portal.read")
        everywhere = not (permit.facility or permit.province)
        found = inbound.listed(conn, chosen, 200) if everywhere else []
        now = standing.standing(conn, clock.now(), permit)
        decided = mapping.decisions(conn)
    return page.show(
        "portal_inbound.html", found=found, now=now, show=chosen, everywhere=everywhere, decided=decided,
        act_for=lacking.act_for, told=_told(page),
    )  # fmt: skip


@get("/portal/inbound/{position:int}", opt=READ, sync_to_thread=True)
def portal_message(page: Page, pool: ConnectionPool, actor: Actor, position: int) -> Response[str]:
    """One message: what it has and lacks, without showing the applicant, and what can be done with it."""
    return _message(page, pool, actor, position)


def _message(
    page: Page, pool: ConnectionPool, actor: Actor, position: int, problem: str = ""
) -> Response[str]:
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.read", {"sender": None, "province": None})
        found = inbound.one(conn, position)
        told = outline.outline(found.kind, inbound.content(conn, position))
    return page.show(
        "portal_message.html", 422 if problem else 200, one=found, outline=told, problem=problem, now=clock.now(),
        act_for=lacking.act_for, told=_told(page), may_mend=policy.may(actor, "portal.mend"),
    )  # fmt: skip


@post("/portal/inbound/{position:int}", opt=MEND, sync_to_thread=True, status_code=303)
def act_on_portal_message(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, position: int,
    data: Annotated[Act, Encoded],
) -> Redirect | Response[str]:  # fmt: skip
    """Map its code, try it again, reject it with a reason, or take a rejection back."""
    try:
        with pool.connection() as conn:
            policy.allow(conn, actor, "portal.mend")
            mending.on_message(conn, actor, position, data.act, data.ours, data.reason, clock.now())
        with pool.connection() as conn:
            inbound.resolve_one(conn, position, settings.home)
    except Failure as failure:
        if failure.status == 404:
            raise
        return _message(page, pool, actor, position, page.told(failure))
    return Redirect(f"/portal/inbound/{position}", status_code=303)


@get("/portal/questions", opt=READ, sync_to_thread=True)
def portal_questions(page: Page, pool: ConnectionPool, actor: Actor, show: str = "open") -> Response[str]:  # fmt: skip
    """What citizens ask through the Portal, and our answers."""
    return _questions(page, pool, actor, show)


def _questions(
    page: Page, pool: ConnectionPool, actor: Actor, show: str, problem: str = "", written: str = ""
) -> Response[str]:
    chosen = show if show in ("open", "answered", "sent") else "open"
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "portal.read")
        everywhere = not (permit.facility or permit.province)
        answers = everywhere and policy.may(actor, "portal.mend")
        found = questions.listed(conn, chosen, 100) if answers else []
        if found:  # who asks may stand in the question
            about = {"table": "portal.question", "count": len(found)}
            policy.log_reading(conn, actor, "portal.read", about, "procedure")
    return page.show(
        "portal_questions.html", 422 if problem else 200, found=found, show=chosen, problem=problem,
        may_mend=policy.may(actor, "portal.mend"), written=written, told=_told(page),
    )  # fmt: skip


@post("/portal/questions/{id:str}", opt=MEND, sync_to_thread=True, status_code=303)
def answer_question(
    page: Page, pool: ConnectionPool, actor: Actor, id: str, data: Annotated[Act, Encoded]
) -> Redirect | Response[str]:
    """Answer one; the worker sends it."""
    try:
        with pool.connection() as conn:
            policy.allow(conn, actor, "portal.mend")
            questions.answer(conn, actor, id, data.reason, clock.now())
    except Failure as failure:
        if failure.status == 404:
            raise
        said = page.told(failure)
        return _questions(page, pool, actor, "open", said, data.reason)
    return Redirect("/portal/questions", status_code=303)


ROUTES = [
    portal_page, act_on_line, portal_dossier, act_on_portal_dossier, portal_differences, portal_inbound,
    portal_message, act_on_portal_message, portal_questions, answer_question,
]  # fmt: skip
