"""The work on dossiers for programs: worklists, files, substitutes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.api.asking import aware, limited
from lienthong.api.dossiers import LIST, READ, Purpose
from lienthong.dossiers import (
    attachments,
    gate,
    handing_over,
    rechecking,
    substitution,
    worklist,
)
from lienthong.dossiers.attachments import Attachment
from lienthong.dossiers.dossier import find
from lienthong.dossiers.substitution import Substitution
from lienthong.dossiers.worklist import Line, Urgency, Whose
from lienthong.errors import NotAllowed
from lienthong.settings import Settings

ASSIGN = {"action": gate.ASSIGN}


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A worklist: how many of each urgency, and the dossiers of this page."""

    counts: dict[Urgency, int]
    dossiers: list[Line]


@get("/dossiers/worklist", opt=LIST, sync_to_thread=True, summary="The worklist")
def waiting(
    pool: ConnectionPool,
    actor: Actor,
    unit: str = "",
    holder: Annotated[
        str, Parameter(description="Of one person and those they stand in for.")
    ] = "",
    urgency: Urgency | None = None,
    start: int = 0,
    limit: int = 100,
) -> Waiting:
    """What waits, the most urgent first."""
    now = clock.now()
    with pool.connection() as conn:
        permit = gate.lists(conn, actor)
        where = permit.facility or unit
        whose = worklist.of_person(conn, where, holder, now) if holder else Whose(unit=where)
        found = worklist.lines(conn, whose, now, urgency=urgency, start=start, limit=limited(limit))
        return Waiting(counts=worklist.counts(conn, whose, now), dossiers=found)


@get("/dossiers/{code:str}/attachments", opt=READ, sync_to_thread=True, summary="Its files")
def files(
    pool: ConnectionPool, actor: Actor, code: str, purpose: Purpose = gate.PURPOSE
) -> list[Attachment]:
    """What is known of each file of a dossier."""
    with pool.connection() as conn:
        gate.reads(conn, actor, code, purpose)
        find(conn, code)
        return attachments.attachments(conn, code)


@get(
    "/dossiers/{code:str}/attachments/{number:int}", opt=READ, sync_to_thread=True, summary="A file"
)
def file(
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    code: str,
    number: int,
    purpose: Purpose = gate.PURPOSE,
) -> Response[bytes]:
    """The bytes of one file."""
    with pool.connection() as conn:
        gate.reads(conn, actor, code, purpose)
        find(conn, code)
        one = attachments.attachment(conn, code, number)
    return Response(
        attachments.content(settings.home, one),
        media_type=one.media_type,
        headers={
            "content-disposition": attachments.disposition(one.name),
            "cache-control": "no-store",
        },
    )


@post(
    "/dossiers/{code:str}/attachments",
    opt=READ | {"files": True},
    status_code=201,
    summary="Attach a file",
)
async def attach(
    request: Request[Any, Any, Any],
    code: str,
    settings: Settings,
    name: str,
    kind: Literal["component", "supplement", "result", "other"] = "component",
    component: str = "",
    form: Literal["electronic", "original", "certified", "copy", "digitised"] = "electronic",
) -> Attachment:
    """Keep the body with a dossier that the actor works on; the type is told from the content."""
    from anyio import to_thread

    body = await request.body()
    actor: Actor = request.user
    pool: ConnectionPool = request.app.state.pool

    def run() -> Attachment:
        with pool.connection() as conn:
            if not gate.acts(conn, actor, code).roles:
                raise NotAllowed(
                    "access.reach", "This belongs to another facility or province than yours."
                )
            return attachments.attach(
                conn, actor, code, body, name=name, home=settings.home, kind=kind, component=component, form=form,
                check=settings.attachment_check,
            )  # fmt: skip

    return await to_thread.run_sync(run)


@post(
    "/dossiers/{code:str}/attachments/check",
    opt=READ,
    status_code=200,
    sync_to_thread=True,
    summary="Check its files again",
)
def check_again(
    pool: ConnectionPool, actor: Actor, settings: Settings, code: str
) -> list[Attachment]:
    """Look again at the files that could not be checked when they came; answers with what is known of each now."""
    with pool.connection() as conn:
        if not gate.acts(conn, actor, code).roles:
            raise NotAllowed(
                "access.reach", "This belongs to another facility or province than yours."
            )
        rechecking.of_dossier(conn, actor, code, settings.home, settings.attachment_check)
        return attachments.attachments(conn, code)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands in for whom, from when to when; moments without a zone are Vietnam's."""

    absent: str
    substitute: str
    begins: datetime
    ends: datetime
    reason: str
    unit: str = ""


@get("/dossiers/substitutions", opt=ASSIGN, sync_to_thread=True, summary="Substitutions")
def substitutions(pool: ConnectionPool, actor: Actor) -> list[Substitution]:
    """Who stands in for whom, the newest first."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, gate.ASSIGN)
        return substitution.listed(conn, permit.facility)


@post(
    "/dossiers/substitutions",
    opt=ASSIGN,
    status_code=201,
    sync_to_thread=True,
    summary="Name a substitute",
)
def substitute(pool: ConnectionPool, actor: Actor, data: Named) -> dict[str, int]:
    """Somebody stands in for somebody else of the same agency."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, gate.ASSIGN)
        unit = permit.facility or data.unit
        for who in (data.absent, data.substitute):
            handing_over.check_colleague(conn, unit, who)
        begins, ends = aware(data.begins), aware(data.ends)
        assert begins and ends
        number = substitution.name_substitute(
            conn, actor, unit=unit, province=actor.province or "", absent=data.absent, substitute=data.substitute,
            begins=begins, ends=ends, reason=data.reason,
        )  # fmt: skip
    return {"id": number}


@delete(
    "/dossiers/substitutions/{number:int}",
    opt=ASSIGN,
    sync_to_thread=True,
    summary="End a substitution",
)
def substitute_end(pool: ConnectionPool, actor: Actor, number: int) -> None:
    """End it before its time."""
    with pool.connection() as conn:
        policy.allow(conn, actor, gate.ASSIGN)
        substitution.end(conn, actor, number)


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Whose open work goes to whom, and why."""

    from_: str = msgspec.field(name="from")
    to: str
    reason: str
    unit: str = ""


@post(
    "/dossiers/handovers",
    opt=ASSIGN,
    status_code=200,
    sync_to_thread=True,
    summary="Hand everything over",
)
def handover(pool: ConnectionPool, actor: Actor, data: Moved) -> dict[str, list[str]]:
    """Every open dossier of one person goes to a colleague; answers with their codes."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, gate.ASSIGN)
        codes = handing_over.hand_over_all(
            conn,
            actor,
            unit=permit.facility or data.unit,
            from_=data.from_,
            to=data.to,
            why=data.reason,
        )
    return {"dossiers": codes}


ROUTES = [
    waiting,
    files,
    file,
    attach,
    check_again,
    substitutions,
    substitute,
    substitute_end,
    handover,
]
