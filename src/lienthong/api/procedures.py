"""The catalogue of procedures for programs: what may be asked, what must be brought, how long it takes, on any day."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, TypeVar, cast

import msgspec
from litestar import Request, Response, get
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.api.asking import aware, limited
from lienthong.dossiers import deadlines
from lienthong.dossiers.dossier import Channel, limits_of
from lienthong.errors import NotFound, Refused
from lienthong.findings import Text
from lienthong.procedures import catalogue, searching
from lienthong.procedures.catalogue import Version
from lienthong.procedures.comparing import compare
from lienthong.procedures.procedure import Procedure

READ = {"action": "procedure.read"}
LAST_YEAR = 2200
"""The calendar goes far, but not to the end of what a date can say: a limit must still fit behind it."""
Code = Annotated[str, Parameter(description="National code, e.g. 1.012279.")]
On = Annotated[
    date | None, Parameter(description="The version in force on this day; default today.")
]
Content = TypeVar("Content")


class Listed(msgspec.Struct, kw_only=True):
    """One procedure in a list. `missing` are parts of Decree 63/2010 Art. 8 that no source has given."""

    code: str
    version: int
    name: Text
    field: str
    levels: Sequence[str]
    online: str
    valid_from: date | None
    valid_to: date | None
    missing: Sequence[str]


class Listing(msgspec.Struct, kw_only=True):
    """A page of procedures. `fitting` is how many fit in all, `next` the `start` of the next page."""

    on: date
    fitting: int
    procedures: list[Listed]
    next: int | None


class Dated(msgspec.Struct, kw_only=True):
    """A version with its place in time; `valid_to` is the first day on which it no longer holds."""

    code: str
    version: int
    status: str
    origin: str
    valid_from: date | None
    valid_to: date | None
    successor: str | None
    end_decision: str | None


class Published(Dated, kw_only=True):
    """A version in full; what no source says is left out. `missing` and `unsaid` name it."""

    procedure: Procedure
    missing: Sequence[str]
    unsaid: Sequence[str]


class Differs(msgspec.Struct, kw_only=True):
    """A part in which two versions differ."""

    part: str
    before: Any
    after: Any


class Comparison(msgspec.Struct, kw_only=True):
    """Two versions of a procedure and the parts in which they differ."""

    code: str
    before: int | None
    after: int
    differences: list[Differs]


class Due(msgspec.Struct, kw_only=True):
    """When a dossier received in full at a moment would be due, stage by stage; null when no limit is known."""

    code: str
    version: int
    received: datetime
    due: datetime | None
    stages: list[tuple[str, datetime]]


@get("/procedures", opt=READ, sync_to_thread=True, summary="Procedures")
def listed(
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    q: Annotated[
        str, Parameter(description="Words of code, name or keywords, accents optional.")
    ] = "",
    level: Annotated[str, Parameter(description="ministry, province, commune, facility …")] = "",
    field: Annotated[str, Parameter(description="Sector, as it is written.")] = "",
    online: Annotated[str, Parameter(description="full, partial, information or unknown.")] = "",
    complete: Annotated[str, Parameter(description="yes or no: whether Art. 8 is answered.")] = "",
    on: On = None,
    start: Annotated[int, Parameter(description="How many to skip.", ge=0)] = 0,
    limit: int = 100,
) -> Response[Listing]:
    """The procedures in force on a day that fit, by code."""
    day, most = on or clock.today(), limited(limit)
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        everything = catalogue.all_in_force(conn, day)
    asked = searching.Asked(q=q, level=level, field=field, online=online, complete=complete)
    found = searching.found(everything, asked)
    page = Listing(
        on=day,
        fitting=len(found),
        procedures=[_line(one) for one in found[start : start + most]],
        next=start + most if len(found) > start + most else None,
    )
    return conditional(request, page)


@get("/procedures/{code:str}", opt=READ, sync_to_thread=True, summary="A procedure")
def one(
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    code: Code,
    on: On = None,
    version: Annotated[int | None, Parameter(description="This version instead.")] = None,
) -> Response[Published]:
    """A procedure in full, as it is in force on a day or in one version. Answers 304 to a known ETag."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        if version is None:
            found = catalogue.in_force(conn, code, on or clock.today())
        else:
            found = _public(catalogue.version(conn, code, version))
    return conditional(request, _published(found))


@get(
    "/procedures/{code:str}/versions",
    opt=READ,
    sync_to_thread=True,
    summary="Versions of a procedure",
)
def versions(pool: ConnectionPool, actor: Actor, code: Code) -> list[Dated]:
    """Every version that was published, the newest first."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        found = [one for one in catalogue.versions(conn, code) if one.valid_from is not None]
    if not found:
        raise _missing(code)
    return [Dated(**_dated(one)) for one in found]


@get(
    "/procedures/{code:str}/comparison",
    opt=READ,
    sync_to_thread=True,
    summary="Two versions compared",
)
def comparison(
    pool: ConnectionPool,
    actor: Actor,
    code: Code,
    after: Annotated[int | None, Parameter(description="Default: the newest published.")] = None,
    before: Annotated[int | None, Parameter(description="Default: the one it replaced.")] = None,
) -> Comparison:
    """The parts in which two published versions differ."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        new = _public(catalogue.version(conn, code, after)) if after else _newest(conn, code)
        old = (
            _public(catalogue.version(conn, code, before))
            if before
            else catalogue.before(conn, new)
        )
    found = compare(old.procedure if old else None, new.procedure)
    return Comparison(
        code=code,
        before=old.version if old else None,
        after=new.version,
        differences=[Differs(part=x.part, before=x.before, after=x.after) for x in found],
    )


@get(
    "/procedures/{code:str}/due",
    opt=READ,
    sync_to_thread=True,
    summary="When a dossier would be due",
)
def due(
    pool: ConnectionPool,
    actor: Actor,
    code: Code,
    received: Annotated[
        str, Parameter(description="Received in full (2026-11-03T09:30); without a zone Vietnam's.")
    ],
    channel: Channel = "direct",
    case: Annotated[str, Parameter(description="One of the cases of the procedure.")] = "",
    clock_name: Annotated[
        str, Parameter(query="clock", description="normal or urgent.")
    ] = "normal",
) -> Due:
    """The due moment under the version of that day, without supplements and extensions."""
    moment = _moment(received)
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
        found = catalogue.in_force(conn, code, moment.date())
    limits = limits_of(found.procedure, channel, case, clock_name)
    ends = deadlines.due_in_stages(moment, limits)
    return Due(
        code=code,
        version=found.version,
        received=moment,
        due=ends[-1] if ends else None,
        stages=[(limit.stage, end) for limit, end in zip(limits, ends, strict=True)],
    )


def conditional(request: Request[Any, Any, Any], content: Content) -> Response[Content]:
    """The content with its ETag; 304 without it when the asker has that already."""
    tag = f'"{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    known = [
        one.strip().removeprefix("W/")
        for one in request.headers.get("if-none-match", "").split(",")
    ]
    if tag in known or "*" in known:
        return Response(cast(Content, None), status_code=304, headers=headers)
    return Response(content, headers=headers)


def _moment(text: str) -> datetime:
    try:
        found = clock.local(cast(datetime, aware(datetime.fromisoformat(text))))
        if not 1900 < found.year < LAST_YEAR:
            raise ValueError
        return found
    except (ValueError, OverflowError):
        raise Refused(
            "PROCEDURE-MOMENT",
            "“%(text)s” is no moment; write it like 2026-11-03T09:30.",
            text=text[:40],
        ) from None


def _line(one: Version) -> Listed:
    said = one.procedure
    return Listed(
        code=one.code, version=one.version, name=said.name, field=said.field, levels=said.levels, online=said.online,
        valid_from=one.valid_from, valid_to=one.valid_to, missing=said.missing(),
    )  # fmt: skip


def _dated(one: Version) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Dated.__struct_fields__}


def _published(one: Version) -> Published:
    return Published(
        **_dated(one),
        procedure=one.procedure,
        missing=one.procedure.missing(),
        unsaid=one.procedure.unsaid(),
    )


def _public(one: Version) -> Version:
    """The version when it was published; drafts are for editors only."""
    if one.valid_from is None:
        raise _missing(one.code)
    return one


def _newest(conn: Any, code: str) -> Version:
    found = [one for one in catalogue.versions(conn, code) if one.valid_from is not None]
    if not found:
        raise _missing(code)
    return found[0]


def _missing(code: str) -> NotFound:
    return NotFound(
        "PROCEDURE-NOT-FOUND", "Procedure %(number)s is not there in that form.", number=code[:20]
    )


ROUTES = [listed, one, versions, comparison, due]
