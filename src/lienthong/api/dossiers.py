"""Dossiers for programs: file, read, list, act; every reading and every act passes the gate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import Parameter
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import words
from lienthong.access import Actor, policy
from lienthong.access.reading_line import Reading, ReadingLine
from lienthong.api.asking import aware
from lienthong.api.encoded import Encoded
from lienthong.api.problems import language_of
from lienthong.dossiers import acting, asking, doing, forms, gate, known, listing
from lienthong.dossiers.asking import NewDossier
from lienthong.dossiers.dossier import Dossier, events, find
from lienthong.dossiers.explaining import Explained, explain
from lienthong.dossiers.history import Event, Standing
from lienthong.dossiers.line import Answer, Asked, FilingLine
from lienthong.dossiers.results import Result, results
from lienthong.errors import Failure, Refused
from lienthong.findings import Finding

LIST, READ, FILE = (
    {"action": "dossier.list"},
    {"action": "dossier.read"},
    {"action": "dossier.receive"},
)
Purpose = Annotated[str, Parameter(description="Why it is read: procedure or inspection.")]
_NEW = msgspec.json.Decoder(NewDossier)
_ACT = msgspec.json.Decoder(dict[str, Any])


class One(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier with its applicant, what its form says, and what the reader may do now."""

    dossier: Dossier
    applicant: msgspec.Raw
    form: msgspec.Raw
    next: list[doing.Next]


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a filing; `again` when the same key had made this dossier before."""

    code: str
    again: bool = False
    state: str = "new"
    reception_due: datetime | None = None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Where a dossier stands, recomputed from its events, and how its deadline came to be."""

    standing: Standing
    explained: Explained


@post("/dossiers", opt=FILE, status_code=201, summary="File a dossier")
async def file(request: Request[Any, Any, Any]) -> Response[Any]:
    """File a dossier at the sender's desk; the body is a NewDossier.

    With the header `Idempotency-Key` the same request sent again returns the dossier it made (200); the same key with
    another body is a conflict (409). A filing that breaks the procedure's form is refused with every finding (422).
    """
    actor: Actor = request.user
    body = await request.body()
    try:
        asked = _NEW.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Refused(
            "DOSSIER-BODY", "The body is no dossier: %(reason)s", reason=str(error)
        ) from None
    key = request.headers.get("idempotency-key", "")
    if len(key) > 200:
        raise Refused("DOSSIER-KEY-LONG", "An idempotency key has at most 200 characters.")
    filing = asking.filing_of(actor, asked)
    wrong = asking.findings_of(asked)
    if forms.in_the_way(wrong):
        raise _unfit(request, wrong)
    line: FilingLine = request.app.state.filings
    sent = hashlib.sha256(body).hexdigest() if key else ""
    answer = await line.file(Asked(filing=filing, actor=actor.id, key=key, sha256=sent))
    return Response(
        msgspec.json.encode(_filed(answer)),
        media_type="application/json",
        status_code=200 if answer.again else 201,
        headers={"location": f"/api/v1/dossiers/{answer.code}"},
    )


def _filed(answer: Answer) -> Filed:
    due = answer.kept.standing.reception_due if answer.kept else None
    return Filed(code=answer.code, again=answer.again, reception_due=due)


def _unfit(request: Request[Any, Any, Any], wrong: list[Finding]) -> HTTPException:
    language = language_of(request)
    return HTTPException(
        status_code=422,
        detail=words.say("The form of the dossier is not right yet.", language),
        extra=[
            {
                "rule": one.rule,
                "field": one.field,
                "severity": str(one.severity.value),
                "message": words.pick(one.message, language),
            }
            for one in wrong
        ],
    )


@get("/dossiers/{code:str}", opt=READ, summary="A dossier")
async def dossier(
    request: Request[Any, Any, Any], code: str, purpose: Purpose = gate.PURPOSE
) -> Encoded[One]:
    """One dossier with its applicant and what may be done now; who reads it is written down."""
    state = request.app.state
    actor: Actor = request.user
    about = {"dossier": code}
    permit = policy.decide(actor, "dossier.read", about, purpose)

    def read(conn: Connection[Any], codes: Sequence[str]) -> list[Failure | tuple[Any, ...]]:
        found = known.read(conn, codes)
        return [
            one if isinstance(one, Failure) else (*one, state.terms.of(conn, one[0]))
            for one in found
        ]

    line: ReadingLine = state.readings
    found, applicant, form, terms = await line.read(
        Reading(
            actor=actor, permit=permit, resource=about, kind="dossier.read", read=read, wanted=code
        )
    )
    return Encoded(
        One(
            dossier=found,
            applicant=msgspec.Raw(applicant),
            form=msgspec.Raw(form),
            next=doing.next_acts(actor, found, terms),
        )
    )


@get("/dossiers", opt=LIST, sync_to_thread=True, summary="Dossiers")
def dossiers(
    pool: ConnectionPool,
    actor: Actor,
    unit: str = "",
    province: str = "",
    status: Annotated[str, Parameter(query="state", description="new, received, …")] = "",
    procedure: str = "",
    holder: str = "",
    due_before: datetime | None = None,
    order: Annotated[str, Parameter(description="newest or due")] = "newest",
    after: Annotated[str, Parameter(description="`next` of the page before.")] = "",
    limit: int = 100,
) -> Response[bytes]:
    """Dossiers without their applicants, in pages."""
    if order not in ("newest", "due"):
        raise Refused("DOSSIER-ORDER", "The order is one of: %(known)s.", known="newest, due")
    with pool.connection() as conn, conn.pipeline():
        permit = gate.lists(conn, actor, province=province)
        among = listing.Among(
            unit=unit or permit.facility or "",
            province=province or permit.province or "",
            state=status,
            procedure=procedure,
            holder=holder,
            due_before=aware(due_before),
            order="due" if order == "due" else "newest",
        )
        page = listing.listed(conn, among, after=after, limit=limit)
    return Response(msgspec.json.encode(page), media_type="application/json")


@get("/dossiers/{code:str}/events", opt=READ, sync_to_thread=True, summary="What happened")
def happened(
    pool: ConnectionPool, actor: Actor, code: str, purpose: Purpose = gate.PURPOSE
) -> list[Event]:
    """Everything that happened to a dossier, in order."""
    with pool.connection() as conn:
        gate.reads(conn, actor, code, purpose)
        find(conn, code)
        return events(conn, code)


@get("/dossiers/{code:str}/standing", opt=LIST, sync_to_thread=True, summary="Where it stands")
def standing(pool: ConnectionPool, actor: Actor, code: str) -> Why:
    """Where a dossier stands, recomputed from its events, with the way to its due date."""
    with pool.connection() as conn:
        gate.lists(conn, actor)
        found = find(conn, code)
        said = acting.standing(conn, code)
        terms = known.Known().of(conn, found)
    return Why(standing=said, explained=explain(said, terms))


@get("/dossiers/{code:str}/results", opt=READ, sync_to_thread=True, summary="Its results")
def issued(
    pool: ConnectionPool, actor: Actor, code: str, purpose: Purpose = gate.PURPOSE
) -> list[Result]:
    """What came out, as data; a corrected result stays beside the one that replaced it."""
    with pool.connection() as conn:
        gate.reads(conn, actor, code, purpose)
        find(conn, code)
        return results(conn, code)


@post(
    "/dossiers/{code:str}/acts/{act:str}",
    opt={"action": "dossier.list"},
    status_code=200,
    summary="Act on a dossier",
)
async def act(request: Request[Any, Any, Any], code: str, act: str) -> Response[bytes]:
    """Do one act: a move of the table, `step`, `extend` or `assign`; the body says what the act needs.

    Answers with the dossier and what may be done next. 409 names the acts that its state has, 403 whose act it is.
    """
    pool: ConnectionPool = request.app.state.pool
    actor: Actor = request.user
    said = _said(await request.body())

    def run() -> bytes:
        with pool.connection() as conn:
            found = doing.do(conn, actor, code, act, said)
            terms = request.app.state.terms.of(conn, found)
        return msgspec.json.encode({"dossier": found, "next": doing.next_acts(actor, found, terms)})

    return Response(await to_thread.run_sync(run), media_type="application/json")


def _said(body: bytes) -> Mapping[str, Any]:
    try:
        return _ACT.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Refused(
            "DOSSIER-BODY", "The body is no dossier: %(reason)s", reason=str(error)
        ) from None


ROUTES = [file, dossier, dossiers, happened, standing, issued, act]
