"""The citizen's store of electronic results, looked into for one dossier: what it holds need not be asked for again."""

from __future__ import annotations

import threading
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong.access import Actor
from lienthong.dossiers import attachments, gate
from lienthong.errors import Failure, NotAllowed, NotFound
from lienthong.partners.portal import personal_store, running
from lienthong.partners.portal.client import Access, Client
from lienthong.partners.portal.personal_store import Stored
from lienthong.settings import Settings
from lienthong.web.dossier_page import works_on
from lienthong.web.page import Page

READ = {"action": "dossier.read"}
Encoded = Body(media_type=RequestEncodingType.URL_ENCODED)
_CLIENTS: dict[tuple[Any, ...], Client] = {}
_LOCK = threading.Lock()


class Chosen(msgspec.Struct, kw_only=True):
    """One file of the store that is taken into the dossier."""

    address: str
    component: str = ""


def _client(settings: Settings) -> Client:
    """One client for the life of the site; it logs in when it is first used."""
    access = running.access(settings)
    key = msgspec.structs.astuple(msgspec.structs.replace(access, relay={}))[:6]
    with _LOCK:
        if key not in _CLIENTS:
            _CLIENTS[key] = Client(_short(access))
        return _CLIENTS[key]


def _short(access: Access) -> Access:
    """A person waits for the answer: not a whole minute."""
    return msgspec.structs.replace(access, timeout=15.0)


@get("/dossiers/{code:str}/store", opt=READ, sync_to_thread=True)
def store_page(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, code: str
) -> Response[str]:
    """What the store holds of the applicant; the look is written to the read log."""
    return _store(page, pool, actor, settings, code)


def _store(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, code: str, problem: str = ""
) -> Response[str]:
    found: list[Stored] = []
    try:
        found = _looked(pool, actor, settings, code)
    except Failure as failure:
        if isinstance(failure, NotFound | NotAllowed):
            raise
        problem = problem or page.told(failure)
    return page.show(
        "portal_store.html", 422 if problem else 200, code=code, found=found, problem=problem
    )


def _looked(pool: ConnectionPool, actor: Actor, settings: Settings, code: str) -> list[Stored]:
    with pool.connection() as conn:
        gate.reads(conn, actor, code)
        client = _client(settings)
        return personal_store.look(conn, client, actor, code)


@post("/dossiers/{code:str}/store", opt=READ, sync_to_thread=True, status_code=303)
def take_from_store(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, code: str,
    data: Annotated[Chosen, Encoded],
) -> Redirect | Response[str]:  # fmt: skip
    """Attach one file of the store, for whoever works on the dossier; only what the store listed for it now."""
    try:
        found = _looked(pool, actor, settings, code)
        stored, name = next(
            ((one, file) for one in found for file, where in one.files if where == data.address),
            (None, ""),
        )
        if stored is None:
            raise NotFound("portal.no-paper", "There is no such paper.")
        content = personal_store.file(_client(settings), stored, data.address)
        with pool.connection() as conn:
            works_on(conn, actor, code)
            attachments.attach(
                conn, actor, code, content, name=name or stored.name, home=settings.home,
                component=data.component, form="electronic", check=settings.attachment_check,
            )  # fmt: skip
    except Failure as failure:
        if isinstance(failure, NotFound | NotAllowed):
            raise
        said = page.told(failure)
        return _store(page, pool, actor, settings, code, said)
    return Redirect(f"/dossiers/{code}#attachments", status_code=303)


ROUTES = [store_page, take_from_store]
