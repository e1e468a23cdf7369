"""Procedures brought as a file, on pages: upload, look at every line beside the catalogue, take it or give it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.errors import Conflict, Refused
from lienthong.procedures import brought, columns
from lienthong.procedures.procedure import Decision
from lienthong.web import cutting
from lienthong.web.office.forms import Form, attached, day_of, file_name
from lienthong.web.page import Page

EDIT = {"action": "procedure.edit"}
PAGE = 60
DONE = {
    "taken": "The file is taken; each line below says what became of it.",
    "given_up": "Nothing of this file was taken; it stays readable.",
}


class File(msgspec.Struct, kw_only=True):
    """The form that brings a file."""

    file: UploadFile


@get("/procedures/imports", opt=EDIT, sync_to_thread=True)
def import_list(page: Page, pool: ConnectionPool, actor: Actor) -> Response[str]:
    """Where a file is brought, and every file that was."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        return _list(page, conn)


@post("/procedures/imports", opt=EDIT | {"files": True}, status_code=200, sync_to_thread=True)
def import_bring(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    data: Annotated[File, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Keep the file and show what would become of it; what is no table of procedures is told and changes nothing."""
    body, name = data.file.file.read(), file_name(data.file.filename)
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        try:
            number = brought.bring(conn, actor, body, name)
        except Refused as failure:
            conn.rollback()
            return _list(page, conn, problem=page.told(failure), file=name)
    return Redirect(f"/procedures/imports/{number}", status_code=303)


@get("/procedures/imports/{number:int}", opt=EDIT, sync_to_thread=True)
def import_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    number: int,
    show: str = "",
    start: int = 0,
    done: str = "",
) -> Response[str]:
    """One file, line by line: what would be added, changed, left alone or refused, and why."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        said = page.say(DONE[done]) if done in DONE else ""
        return _show(page, conn, number, show=show, start=start, done=said)


@get("/procedures/imports/{number:int}/file", opt=EDIT, sync_to_thread=True)
def import_file(pool: ConnectionPool, actor: Actor, number: int) -> Response[bytes]:
    """The file as it came, byte for byte."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        given = brought.one(conn, number)
    return attached(given.body, given.name, "")


@post("/procedures/imports/{number:int}/take", opt=EDIT, status_code=200, sync_to_thread=True)
def import_take(
    page: Page, pool: ConnectionPool, actor: Actor, number: int, data: Form
) -> Response[Any]:
    """Do what was shown."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        try:
            brought.take(conn, actor, number, _taking(data), data.get("seen", ""))
        except (Refused, Conflict) as failure:
            conn.rollback()
            return _show(page, conn, number, problem=page.told(failure), written=data)
    return Redirect(f"/procedures/imports/{number}?done=taken", status_code=303)


@post("/procedures/imports/{number:int}/give-up", opt=EDIT, status_code=200, sync_to_thread=True)
def import_give_up(page: Page, pool: ConnectionPool, actor: Actor, number: int) -> Response[Any]:
    """Take nothing of it."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        try:
            brought.give_up(conn, actor, number)
        except Conflict as failure:
            conn.rollback()
            return _show(page, conn, number, problem=page.told(failure))
    return Redirect(f"/procedures/imports/{number}?done=given_up", status_code=303)


def _list(page: Page, conn: Connection[Any], *, problem: str = "", file: str = "") -> Response[str]:
    return page.show(
        "procedures_imports.html",
        422 if problem else 200,
        files=[(one, Counter(one.outcome.values())) for one in brought.listed(conn)],
        problem=problem,
        file=file,
        heads=columns.LABELS,
        needed=columns.NEEDED,
    )


def _show(
    page: Page,
    conn: Connection[Any],
    number: int,
    *,
    show: str = "",
    start: int = 0,
    done: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    seen = brought.look(conn, number)
    part = cutting.cut([row for row in seen.rows if show in ("", row[0])], start, PAGE)
    return page.show(
        "procedures_import.html",
        422 if problem else 200,
        given=seen.given,
        found=seen.found,
        counted=seen.counted,
        standings=brought.STANDINGS,
        rows=part.rows,
        **part.shown,
        chosen={"show": show},
        done=done,
        problem=problem,
        written=written or {},
    )


def _taking(data: Mapping[str, str]) -> brought.Taking:
    return brought.Taking(
        publish=data.get("new") == "publish",
        valid_from=day_of(data.get("valid_from")),
        decision=Decision(
            number=data.get("number", "").strip(),
            decided=day_of(data.get("decided")),
            agency=data.get("agency", "").strip(),
        ),
        incomplete=data.get("incomplete") == "1",
        partly=data.get("partly") == "1",
    )


ROUTES = [import_list, import_bring, import_page, import_file, import_take, import_give_up]
