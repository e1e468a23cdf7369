"""Procedures brought as a file by programs: kept, seen line by line beside the catalogue, then taken or given up."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.api.asking import limited
from lienthong.dossiers.attachments import disposition
from lienthong.findings import Text
from lienthong.procedures import brought
from lienthong.procedures.brought import Import, Look, Row, Taking
from lienthong.procedures.procedure import Decision

EDIT = {"action": "procedure.edit"}
Number = Annotated[int, Parameter(description="Number of the file.", ge=1, le=2**63 - 1)]
Show = Annotated[str, Parameter(description="Only lines of this standing, e.g. refused.")]
Start = Annotated[int, Parameter(description="How many lines to skip.", ge=0)]


class ImportHead(msgspec.Struct, kw_only=True):
    """A file that was brought; `state` is waiting, taken or given_up, `outcome` how many lines became what."""

    number: int
    name: str
    sha256: str
    brought_by: str
    brought_at: datetime
    state: str
    settled_by: str | None
    settled_at: datetime | None
    outcome: dict[str, int]


class ImportChange(msgspec.Struct, kw_only=True):
    """A part of a procedure that a line would change."""

    part: str
    before: Any
    after: Any


class ImportLine(msgspec.Struct, kw_only=True):
    """A line of a file. `standing` says what would become of it, or what became of it once the file was settled.

    added: a new procedure; changed: a draft over ours; same: nothing new; draft: an editor's draft stands in the way;
    ended: abolished here; uncoded: without a national code; refused: `faults` say why; left: the file was given up.
    """

    line: int
    code: str
    name: str
    standing: str
    faults: list[Text]
    changes: list[ImportChange]


class ImportSeen(ImportHead, kw_only=True):
    """A file beside the catalogue of this moment. `seen` is to be sent back when it is taken.

    `counted` are its lines by standing, `incomplete` how many new procedures lack parts of Decree 63/2010 Art. 8,
    `left_out` the heads of columns that nobody here knows, `next` the `start` of the next page.
    """

    seen: str
    counted: dict[str, int]
    incomplete: int
    left_out: list[str]
    lines: list[ImportLine]
    next: int | None


class ImportTaking(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How a file is taken; `seen` is that of the lines that were looked at.

    `publish` puts new procedures in force from `valid_from` by `decision`; without it they become drafts.
    `incomplete`: parts of Art. 8 may be missing; `partly`: refused lines are left out, the others taken.
    """

    seen: str
    publish: bool = False
    valid_from: date | None = None
    decision: Decision | None = None
    incomplete: bool = False
    partly: bool = False


@get("/procedures/imports", opt=EDIT, sync_to_thread=True, summary="Files of procedures")
def listed(pool: ConnectionPool, actor: Actor, limit: int = 50) -> list[ImportHead]:
    """The files that were brought, the newest first."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        return [ImportHead(**_head(one)) for one in brought.listed(conn, limited(limit))]


@post(
    "/procedures/imports",
    opt=EDIT | {"files": True},
    status_code=201,
    sync_to_thread=True,
    summary="Bring a file of procedures",
)
def bring(
    pool: ConnectionPool,
    actor: Actor,
    body: bytes,
    file: Annotated[str, Parameter(description="Name of the file.")] = "list.csv",
) -> Response[ImportSeen]:
    """The body is the file (CSV in UTF-8 or XLSX); it is kept and shown, and changes nothing.

    422 for what is no table of procedures; bytes that wait already are answered with their first number.
    """
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        number = brought.bring(conn, actor, body, file)
        made = _seen(brought.look(conn, number))
    return Response(made, headers={"location": f"/api/v1/procedures/imports/{number}"})


@get(
    "/procedures/imports/{number:int}",
    opt=EDIT,
    sync_to_thread=True,
    summary="A file of procedures, line by line",
)
def one(
    pool: ConnectionPool,
    actor: Actor,
    number: Number,
    show: Show = "",
    start: Start = 0,
    limit: int = 100,
) -> ImportSeen:
    """What would be added, changed, left alone or refused, and why."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        return _seen(brought.look(conn, number), show, start, limited(limit))


@get(
    "/procedures/imports/{number:int}/file",
    opt=EDIT,
    sync_to_thread=True,
    summary="A file of procedures as it came",
)
def file_of(pool: ConnectionPool, actor: Actor, number: Number) -> Response[bytes]:
    """The file byte for byte."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        given = brought.one(conn, number)
    headers = {"content-disposition": disposition(given.name), "cache-control": "no-store"}
    return Response(given.body, media_type="application/octet-stream", headers=headers)


@post(
    "/procedures/imports/{number:int}/take",
    opt=EDIT,
    status_code=200,
    sync_to_thread=True,
    summary="Take a file of procedures",
)
def take(pool: ConnectionPool, actor: Actor, number: Number, data: ImportTaking) -> ImportSeen:
    """Do what was shown; 409 when the catalogue changed since, or the file was settled already."""
    taking = Taking(
        publish=data.publish, valid_from=data.valid_from, decision=data.decision, incomplete=data.incomplete,
        partly=data.partly,
    )  # fmt: skip
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        brought.take(conn, actor, number, taking, data.seen)
        return _seen(brought.look(conn, number))


@post(
    "/procedures/imports/{number:int}/give-up",
    opt=EDIT,
    status_code=200,
    sync_to_thread=True,
    summary="Give up a file of procedures",
)
def give_up(pool: ConnectionPool, actor: Actor, number: Number) -> ImportSeen:
    """Take nothing of it; it stays readable."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        brought.give_up(conn, actor, number)
        return _seen(brought.look(conn, number))


def _head(given: Import) -> dict[str, Any]:
    own = {name: getattr(given, name) for name in ImportHead.__struct_fields__}
    return own | {"outcome": dict(Counter(given.outcome.values()))}


def _seen(look: Look, show: str = "", start: int = 0, most: int = 100) -> ImportSeen:
    rows = [row for row in look.rows if show in ("", row[0])]
    return ImportSeen(
        **_head(look.given),
        seen=look.found.print,
        counted=dict(look.counted),
        incomplete=look.found.incomplete,
        left_out=list(look.found.left_out),
        lines=[_line(*row) for row in rows[start : start + most]],
        next=start + most if len(rows) > start + most else None,
    )


def _line(standing: str, row: Row) -> ImportLine:
    return ImportLine(
        line=row.line.number,
        code=row.line.procedure.code if row.line.procedure else row.line.code,
        name=row.line.name,
        standing=standing,
        faults=list(row.line.faults),
        changes=[
            ImportChange(part=one.part, before=one.before, after=one.after)
            for one in row.differences
        ],
    )


ROUTES = [listed, bring, one, file_of, take, give_up]
