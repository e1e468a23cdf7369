"""The Portal's own door: what it pushes is kept first and answered in its words; and our exchange in numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.api.asking import aware, limited
from lienthong.errors import Refused
from lienthong.partners.portal import (
    differences,
    files,
    inbound,
    jobs,
    mapping,
    mending,
    pushed,
    sayings,
    seen,
    standing,
)
from lienthong.partners.portal.links import Links
from lienthong.settings import Settings

PUSH, READ, MEND = {"action": "portal.push"}, {"action": "portal.read"}, {"action": "portal.mend"}
LARGEST = 32 * 1024 * 1024
"""Bytes of one pushed message; papers come as links, so that this is generous."""
KINDS = {
    "dossiers": "dossier", "supplements": "supplement", "withdrawals": "withdrawal", "questions": "question",
    "ratings": "rating",
}  # fmt: skip
Code = Annotated[str, Parameter(description="Code of the dossier.")]


class Answered(msgspec.Struct, kw_only=True):
    """What the Portal is told: 0 taken, 1 there already, -1 without a code. The same message, the same receipt."""

    error_code: int
    message: str
    receipt: int


def _accepted(
    pool: ConnectionPool, actor: Actor, settings: Settings, kind: str, body: bytes
) -> Answered:
    taken, _ = pushed.accept(pool, actor, kind, body, settings.home)
    return Answered(error_code=taken.code, message=taken.message, receipt=taken.receipt)


@post(
    [f"/portal/{kind}" for kind in KINDS], opt=PUSH, status_code=200, request_max_body_size=LARGEST,
    summary="A message of the Portal",
)  # fmt: skip
async def push(
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    body: bytes,
) -> Answered:
    """`dossiers`, `supplements`, `withdrawals`, `questions`, `ratings`: kept first; the same again is answered by 1.

    A message that cannot be taken further (an unmapped procedure, an ended agency, a missing id) is accepted all the
    same and waits where people see it.
    """
    # Named one by one: a path of its own for each, because other routes begin with these names too.
    kind = KINDS[request.url.path.rpartition("/")[2]]
    return await to_thread.run_sync(_accepted, pool, actor, settings, kind, body)


@post(
    "/portal/payments", opt=PUSH, status_code=200, sync_to_thread=True, request_max_body_size=LARGEST,
    summary="A callback of the payment platform",
)  # fmt: skip
def payment(pool: ConnectionPool, actor: Actor, settings: Settings, body: bytes) -> dict[str, Any]:
    """Checked by its hash, reference and sum; the same callback twice counts once; a wrong one is refused and kept."""
    taken, reason = pushed.accept(pool, actor, "payment", body, settings.home)
    return pushed.payment_answer(body, taken, reason, settings.home)


@post(
    "/portal/owed", opt=PUSH, status_code=200, sync_to_thread=True, request_max_body_size=1024 * 1024,
    summary="What a dossier owes",
)  # fmt: skip
def owed(pool: ConnectionPool, actor: Actor, body: bytes) -> dict[str, Any]:
    """The Portal asks before a citizen pays (dptracuuthanhtoanhs): 0 found, 1 paid already, -1 nothing to pay."""
    said = inbound.readable(body)
    asked = str(said.get("MaHoSo") or said.get("MaTraCuuTT") or "")[:100]
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.push")
        return pushed.owed(conn, asked)


@get(
    "/portal/files/{dossier:str}/{attachment:int}", opt={"public": True}, sync_to_thread=True,
    summary="A paper by its signed link",
)  # fmt: skip
def file(
    pool: ConnectionPool,
    settings: Settings,
    dossier: str,
    attachment: int,
    until: int = 0,
    signature: str = "",
) -> Response[bytes]:
    """Whoever holds a link that we signed fetches one paper of one dossier until it ends; it is written down."""
    now = clock.now()
    Links(settings.home, settings.public_url).check(dossier, attachment, until, signature, now)
    with pool.connection() as conn:
        paper = files.fetched(conn, settings.home, dossier, attachment, now)
    return Response(
        paper.content,
        media_type=paper.media_type,
        headers={
            "content-disposition": f"attachment; filename=\"{attachment}\"; filename*=UTF-8''{paper.quoted}",
            "x-content-sha256": paper.sha256,
        },
    )


# -- numbers and acts for our own people's programs


@get("/portal", opt=READ, sync_to_thread=True, summary="The exchange with the Portal")
def state(pool: ConnectionPool, actor: Actor) -> standing.Standing:
    """The line, what waits, what is blocked, the ledger of steps, the queue, differences by cause."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "portal.read")
        return standing.standing(conn, clock.now(), permit)


@get("/portal/troubles", opt=READ, sync_to_thread=True, summary="Dossiers that do not get through")
def troubles(
    pool: ConnectionPool, actor: Actor, kind: str = "blocked", limit: int = 100
) -> list[standing.Trouble]:
    """`blocked`: something is missing that we do not make up; `failing`: refused, or no answer; `held`: decide."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.read")
        found = standing.troubles(conn, kind, limited(limit))
        return [msgspec.structs.replace(one, said=sayings.told(one.said) or None) for one in found]


@get(
    "/portal/dossiers/{code:str}", opt=READ, sync_to_thread=True, summary="A dossier on both sides"
)
def dossier(pool: ConnectionPool, actor: Actor, code: Code) -> seen.Seen:
    """Each step with its place in the ledger, and both states side by side as they were last compared."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.read")
        return seen.seen(conn, code)


@get("/portal/differences", opt=READ, sync_to_thread=True, summary="What differs")
def listed(
    pool: ConnectionPool, actor: Actor, cause: str = "", kind: str = "", limit: int = 100
) -> list[differences.Open]:
    """Open differences, the oldest first."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.read")
        return differences.listed(conn, cause=cause, kind=kind, limit=limited(limit))


@get("/portal/inbound", opt=READ, sync_to_thread=True, summary="Messages of the Portal")
def queue(
    pool: ConnectionPool, actor: Actor, show: str = "waiting", limit: int = 100
) -> list[inbound.Waiting]:
    """`show`: what is waiting, resolved or rejected; without its content."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "portal.read")
        if permit.facility or permit.province:
            return []  # whose a message is, is known only when it is resolved
        return [_plain(one) for one in inbound.listed(conn, show, limited(limit))]


class Act(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be done with a message, a difference or a step, and why."""

    act: str
    reason: str = ""
    ours: str = ""
    step: int = 0
    theirs: str = ""


def _plain(one: inbound.Waiting) -> inbound.Waiting:
    """Its reason as a sentence for programs."""
    return msgspec.structs.replace(one, reason=sayings.told(one.reason) or None)


@post(
    "/portal/inbound/{position:int}", opt=MEND, status_code=200, sync_to_thread=True, summary="Act on a message",
)  # fmt: skip
def act_on_message(pool: ConnectionPool, actor: Actor, position: int, data: Act) -> inbound.Waiting:
    """`retry`, `reject` (with a reason), `reopen`, `map_procedure` and `map_agency` (our code and a reason)."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.mend")
        mending.on_message(conn, actor, position, data.act, data.ours, data.reason, clock.now())
        return _plain(inbound.one(conn, position))


@post(
    "/portal/dossiers/{code:str}", opt=MEND, status_code=200, sync_to_thread=True, summary="Mend a dossier",
)  # fmt: skip
def act_on_dossier(pool: ConnectionPool, actor: Actor, code: Code, data: Act) -> seen.Seen:
    """`resend`, `take_theirs` (their state becomes ours where a move allows it), `note` with a reason.

    About a `step` in doubt, with a reason: `step_there` (it is there; `theirs` names the print of the strange step that
    it is, where there are several), `step_again` (it goes out once more, unless the Portal has it) or `step_never`.
    """
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
        return seen.seen(conn, code)


@post("/portal/jobs/{name:str}", opt=MEND, status_code=202, sync_to_thread=True, summary="Ask for work")  # fmt: skip
def ask(pool: ConnectionPool, actor: Actor, name: str) -> jobs.Job:
    """`reconcile`, `catalogues`, `sample`, `questions`, `payments`: done by the worker with its next look."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.mend")
        jobs.ask(conn, actor, name, clock.now())
        return jobs.jobs(conn)[name]


@get("/portal/mappings", opt=READ, sync_to_thread=True, summary="What their codes mean here")
def mappings(pool: ConnectionPool, actor: Actor) -> list[mapping.Mapping]:
    """Decided by people, with the day each holds from."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.read")
        return mapping.decisions(conn)


class Decision(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a code of theirs means."""

    kind: str
    theirs: str
    ours: str
    reason: str
    since: datetime | None = None


@post("/portal/mappings", opt=MEND, status_code=201, sync_to_thread=True, summary="Map a code")
def decide(pool: ConnectionPool, actor: Actor, data: Decision) -> list[mapping.Mapping]:
    """A person says what a code means from a day on; what waits for it is tried again."""
    if data.kind not in ("procedure", "agency"):
        raise Refused("portal.mapping-kind", "A mapping is of a procedure or of an agency.")
    now = clock.now()
    with pool.connection() as conn:
        policy.allow(conn, actor, "portal.mend")
        mapping.decide(
            conn, actor, data.kind, data.theirs, data.ours, data.reason,  # type: ignore[arg-type]
            since=clock.local(aware(data.since) or now).date(), now=now,
        )  # fmt: skip
        return mapping.decisions(conn)


ROUTES = [
    push, payment, owed, file, state, troubles, dossier, listed, queue, act_on_message, act_on_dossier, ask, mappings,
    decide,
]  # fmt: skip
