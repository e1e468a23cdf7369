"""The catalogue editor for programs: drafts are begun, written, published by decision or withdrawn; procedures end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.api.procedures import Dated
from lienthong.errors import Conflict, Refused
from lienthong.procedures import catalogue, publishing
from lienthong.procedures.catalogue import Version
from lienthong.procedures.comparing import compare
from lienthong.procedures.doubting import doubts
from lienthong.procedures.procedure import Decision, Procedure

EDIT = {"action": "procedure.edit"}
ORIGIN = "api"
Code = Annotated[str, Parameter(description="National code, e.g. 1.012279.")]


class Draft(Dated, kw_only=True):
    """A draft: what it says, which parts it changes, what Art. 8 still asks, and what hardly agrees."""

    procedure: Procedure
    drafted_at: datetime | None
    changes: list[str]
    missing: list[str]
    doubts: list[str]


class Start(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The version of which the draft is to be a copy."""

    version: int


class Publication(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The day and the decision; `incomplete` says that parts of Art. 8 may be missing."""

    valid_from: date
    decision: Decision
    incomplete: bool = False


class End(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The first day on which a procedure no longer holds, by which decision, and what follows it."""

    from_day: date
    decision: str
    successor: str = ""


@get("/procedures/drafts", opt=EDIT, sync_to_thread=True, summary="Drafts of procedures")
def drafts(pool: ConnectionPool, actor: Actor) -> list[Draft]:
    """Every draft that waits, the newest first."""
    with _edited(pool, actor) as conn:
        return [_draft(conn, one) for one in catalogue.drafts(conn)]


@get(
    "/procedures/{code:str}/draft",
    opt=EDIT,
    sync_to_thread=True,
    summary="The draft of a procedure",
)
def draft(pool: ConnectionPool, actor: Actor, code: Code) -> Response[Draft]:
    """The draft, with an ETag to be sent back when it is written."""
    with _edited(pool, actor) as conn:
        return _tagged(_draft(conn, catalogue.draft_of(conn, code)))


@post(
    "/procedures/{code:str}/draft",
    opt=EDIT,
    status_code=201,
    sync_to_thread=True,
    summary="Begin a draft",
)
def start(pool: ConnectionPool, actor: Actor, code: Code, data: Start) -> Response[Draft]:
    """A draft as a copy of a version; 409 when one is being written already."""
    with _edited(pool, actor) as conn:
        made = _draft(conn, catalogue.start(conn, actor, code, data.version, ORIGIN))
    return _tagged(made)


@put("/procedures/{code:str}/draft", opt=EDIT, sync_to_thread=True, summary="Write a draft")
def write(
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    code: Code,
    data: dict[str, Any],
) -> Response[Draft]:
    """Write the draft whole; the body is a Procedure.

    A draft that is there is written over only with its ETag in `If-Match` (409 when it was changed since). Members
    that a procedure does not have are refused by their place.
    """
    procedure = _procedure(data, code)
    with _edited(pool, actor) as conn:
        there = [one for one in catalogue.versions(conn, code) if one.status == "draft"]
        if there and request.headers.get("if-match", "") != _tag(there[0].drafted_at):
            raise Conflict(
                "PROCEDURE-CHANGED",
                "Somebody changed the draft of %(number)s meanwhile; open it again.",
                number=code,
            )
        seen = there[0].drafted_at if there else None
        made = _draft(conn, catalogue.draft(conn, actor, procedure, ORIGIN, seen=seen))
    return _tagged(made)


@delete(
    "/procedures/{code:str}/draft",
    opt=EDIT,
    status_code=200,
    sync_to_thread=True,
    summary="Withdraw a draft",
)
def withdraw(pool: ConnectionPool, actor: Actor, code: Code) -> Dated:
    """Give the draft up; it stays readable as withdrawn."""
    with _edited(pool, actor) as conn:
        return _dated(catalogue.withdraw(conn, actor, code))


@post(
    "/procedures/{code:str}/publish",
    opt=EDIT,
    status_code=200,
    sync_to_thread=True,
    summary="Publish a draft",
)
def publish(pool: ConnectionPool, actor: Actor, code: Code, data: Publication) -> Dated:
    """Put the draft in force from a day on, by a decision; what is published is never edited again."""
    with _edited(pool, actor) as conn:
        day, by = data.valid_from, data.decision
        return _dated(publishing.publish(conn, actor, code, day, by, incomplete=data.incomplete))


@post(
    "/procedures/{code:str}/abolish",
    opt=EDIT,
    status_code=200,
    sync_to_thread=True,
    summary="End a procedure",
)
def abolish(pool: ConnectionPool, actor: Actor, code: Code, data: End) -> Dated:
    """End a procedure on a day, by a decision; dossiers filed before are settled as they began."""
    with _edited(pool, actor) as conn:
        day, by = data.from_day, data.decision
        return _dated(publishing.abolish(conn, actor, code, day, by, successor=data.successor))


@contextmanager
def _edited(pool: ConnectionPool, actor: Actor) -> Iterator[Any]:
    """A connection of somebody who may edit the catalogue."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        yield conn


def _draft(conn: Any, one: Version) -> Draft:
    before = catalogue.before(conn, one)
    found = compare(before.procedure if before else None, one.procedure)
    return Draft(
        **msgspec.structs.asdict(_dated(one)),
        procedure=one.procedure,
        drafted_at=one.drafted_at,
        changes=[difference.part for difference in found],
        missing=list(one.procedure.missing()),
        doubts=[sentence % values for sentence, values in doubts(one.procedure)],
    )


def _dated(one: Version) -> Dated:
    return Dated(**{name: getattr(one, name) for name in Dated.__struct_fields__})


def _tag(moment: datetime | None) -> str:
    return f'"{moment.isoformat()}"' if moment else ""


def _tagged(made: Draft) -> Response[Draft]:
    return Response(made, headers={"etag": _tag(made.drafted_at)})


def _procedure(data: dict[str, Any], code: str) -> Procedure:
    """The procedure of a body; raises Refused naming the place of what is wrong or not known."""
    try:
        made = msgspec.convert(data | {"code": code}, Procedure)
    except msgspec.ValidationError as error:
        raise Refused(
            "PROCEDURE-BODY", "The body is no procedure: %(reason)s", reason=str(error)
        ) from None
    if data.get("code", code) != code:
        raise Refused("PROCEDURE-BODY", "The body is no procedure: %(reason)s", reason="code")
    lost = _lost(data, msgspec.to_builtins(made), "")
    if lost:
        raise Refused(
            "PROCEDURE-UNKNOWN",
            "A procedure has no such parts: %(parts)s.",
            parts=", ".join(lost[:20]),
        )
    return made


KNOWN_DEFAULTS = {
    "channel": "any",
    "clock": "normal",
    "kind": "paper",
    "online": "unknown",
    "standing": "unknown",
}


def _lost(given: Any, read: Any, where: str) -> list[str]:
    """Places of members that were given and not read; a member that says nothing is left out when written."""
    if isinstance(given, dict) and isinstance(read, dict):
        return [
            place
            for name, value in given.items()
            for place in (
                _lost(value, read[name], f"{where}.{name}".strip("."))
                if name in read
                else []
                if not value or KNOWN_DEFAULTS.get(name) == value
                else [f"{where}.{name}".strip(".")]
            )
        ]
    if isinstance(given, list) and isinstance(read, list | tuple):
        pairs = enumerate(zip(given, read, strict=False))
        return [place for n, (a, b) in pairs for place in _lost(a, b, f"{where}[{n}]")]
    return []


ROUTES = [drafts, draft, start, write, withdraw, publish, abolish]
