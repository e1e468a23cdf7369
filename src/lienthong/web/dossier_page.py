"""One dossier on a page: where it stands and why, what may be done now, its papers and everything that happened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong.access import Actor
from lienthong.dossiers import attachments, doing, gate, rechecking, results, signed
from lienthong.dossiers.dossier import find
from lienthong.errors import Failure, NotAllowed, NotFound, Refused
from lienthong.settings import Settings
from lienthong.web.dossier_view import gathered
from lienthong.web.page import Page
from lienthong.web.papers import purpose_here

LIST, READ = {"action": "dossier.list"}, {"action": "dossier.read"}
LISTS = ("components", "fees")
Plain = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/dossiers/{code:str}", opt=LIST, sync_to_thread=True)
def dossier_page(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, code: str, done: str = ""
) -> Response[str]:
    """The page of a dossier."""
    with pool.connection() as conn:
        return _show(page, conn, actor, settings, code, done=done)


@get("/dossiers/{code:str}/print", opt=LIST, sync_to_thread=True)
def dossier_print(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, code: str
) -> Response[str]:
    """The same for paper: no forms."""
    with pool.connection() as conn:
        values = gathered(conn, actor, settings, code)
    return page.show("dossier_print.html", **values)


def _show(
    page: Page,
    conn: Connection[Any],
    actor: Actor,
    settings: Settings,
    code: str,
    *,
    done: str = "",
    failure: Failure | None = None,
    act: str = "",
    written: Mapping[str, Any] | None = None,
) -> Response[str]:
    values = gathered(conn, actor, settings, code)
    return page.show(
        "dossier.html",
        failure.status if failure else 200,
        done=done,
        problem=page.told(failure) if failure else "",
        failed=act,
        written=written or {},
        signature_why=signed.WHY,
        **values,
    )


@post("/dossiers/{code:str}/acts/{act:str}", opt=LIST, status_code=200)
async def dossier_act(
    request: Request[Any, Any, Any],
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    code: str,
    act: str,
) -> Response[Any]:
    """Do one act; when it is refused the page keeps what was written and says what to do."""
    said = said_in((await request.form()).multi_items())

    def run() -> Response[Any]:
        with pool.connection() as conn:
            try:
                with conn.transaction():
                    doing.do(conn, actor, code, act, said)
            except NotFound:
                raise
            except Failure as failure:
                return _show(
                    page, conn, actor, settings, code, failure=failure, act=act, written=said
                )
        return Redirect(f"/dossiers/{code}?done={act}", status_code=303)

    return await to_thread.run_sync(run)


def said_in(items: Any) -> dict[str, Any]:
    """What a form says: several components and fees as lists, one more for each line of free text."""
    said: dict[str, Any] = {}
    for name, value in items:
        text = str(value).strip()
        if not text or name.startswith("_"):
            continue
        if name.endswith("_lines"):
            several = said.setdefault(name.removesuffix("_lines"), [])
            several += [line.strip()[:300] for line in text.splitlines() if line.strip()]
        elif name in LISTS:
            said.setdefault(name, []).append(text[:300])
        else:
            said[name] = text[:2000]
    if "attachment" in said:
        said["attachment"] = int(said["attachment"]) if said["attachment"].isdigit() else None
    return said


class Upload(msgspec.Struct, kw_only=True):
    """The form with which a file is attached."""

    file: UploadFile
    kind: str = "component"
    component: str = ""
    form: str = "electronic"


@post(
    "/dossiers/{code:str}/attachments",
    opt=READ | {"files": True},
    status_code=200,
    sync_to_thread=True,
)
def attach(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    code: str,
    data: Annotated[Upload, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Attach a file to a dossier that one works on."""
    content = data.file.file.read()
    with pool.connection() as conn:
        try:
            with conn.transaction():
                works_on(conn, actor, code)
                attachments.attach(
                    conn,
                    actor,
                    code,
                    content,
                    name=PurePath(data.file.filename or "").name,
                    home=settings.home,
                    kind=data.kind,
                    component=data.component,
                    form=data.form,
                    check=settings.attachment_check,
                )
        except (NotFound, NotAllowed):
            raise
        except Failure as failure:
            sent = {"kind": data.kind, "component": data.component, "form": data.form}
            written = sent | {"name": PurePath(data.file.filename or "").name[:150]}
            return _show(
                page, conn, actor, settings, code, failure=failure, act="attach", written=written
            )
    return Redirect(f"/dossiers/{code}?done=attach#attachments", status_code=303)


@post(
    "/dossiers/{code:str}/attachments/{number:int}/remove",
    opt=READ,
    status_code=200,
    sync_to_thread=True,
)
def detach(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    code: str,
    number: int,
    data: Plain,
) -> Response[Any]:
    """A file counts no more, for a reason."""
    with pool.connection() as conn:
        try:
            with conn.transaction():
                works_on(conn, actor, code)
                results.check_not_issued(conn, code, number)
                attachments.remove(conn, actor, code, number, data.get("reason", ""))
        except Refused as failure:
            return _show(page, conn, actor, settings, code, failure=failure, act="detach")
    return Redirect(f"/dossiers/{code}?done=detach#attachments", status_code=303)


@post("/dossiers/{code:str}/attachments/check", opt=READ, status_code=200, sync_to_thread=True)
def check_again(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, code: str, data: Plain
) -> Response[Any]:
    """Look again at the files that could not be checked when they came."""
    with pool.connection() as conn:
        try:
            with conn.transaction():
                works_on(conn, actor, code)
                done = rechecking.of_dossier(
                    conn, actor, code, settings.home, settings.attachment_check
                )
        except (NotFound, NotAllowed):
            raise
        except Failure as failure:
            return _show(page, conn, actor, settings, code, failure=failure, act="check")
    said = "checked" if done.changed else "checked_same"
    return Redirect(f"/dossiers/{code}?done={said}#attachments", status_code=303)


def works_on(conn: Connection[Any], actor: Actor, code: str) -> None:
    """Pass the gate to the papers of a dossier that one works on. Raises NotFound, NotAllowed."""
    if not gate.acts(conn, actor, code).roles:
        raise NotAllowed("access.reach", "This belongs to another facility or province than yours.")


@get("/dossiers/{code:str}/attachments/{number:int}", opt=READ, sync_to_thread=True)
def download(
    pool: ConnectionPool, actor: Actor, settings: Settings, code: str, number: int
) -> Response[bytes]:
    """A file, as a download and never shown inside the site; who fetches it is written down."""
    with pool.connection() as conn:
        gate.reads(conn, actor, code, purpose_here(actor))
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


ROUTES = [check_again, dossier_page, dossier_print, dossier_act, attach, detach, download]
