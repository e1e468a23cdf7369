"""The site: pages and API joined to accounts, contracts and the database.

Every route names the action that `access.policy` must allow, or says that it is public or anybody's own once
signed in; a route that says nothing cannot be reached.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from copy import copy
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import psycopg
import structlog
import typer
from anyio import to_thread
from litestar import Litestar, Request, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.exceptions import (
    ClientException,
    HTTPException,
    NotAuthorizedException,
    PermissionDeniedException,
)
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware.base import ASGIMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send
from psycopg_pool import ConnectionPool, PoolTimeout

from lienthong import __version__, logs, words
from lienthong import settings as all_settings
from lienthong.access import Actor, policy, sessions, tokens
from lienthong.access.reading_line import ReadingLine
from lienthong.api.changes import Streams
from lienthong.api.problems import problem_response
from lienthong.api.routes import ROUTES as API_ROUTES
from lienthong.api.straight import Straight
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.database import Database, running, start
from lienthong.dossiers.known import Known
from lienthong.dossiers.line import FilingLine
from lienthong.errors import Failure, NotAllowed, Unavailable
from lienthong.listening import must_be_free
from lienthong.records import registers
from lienthong.records.feed.bell import Bell
from lienthong.records.feed.served import Served
from lienthong.records.intake.single import RecordIntake
from lienthong.settings import Settings
from lienthong.web.page import Page, session_of
from lienthong.web.problems import problem_page
from lienthong.web.routes import ROUTES as PAGE_ROUTES
from lienthong.web.sign_in import cookie as session_cookie

STATIC = Path(__file__).parent / "web" / "static"
SAFE = {"GET", "HEAD", "OPTIONS"}
FORM = 16 * 1024 * 1024
"""Bytes of a form or of one record: such a body is held in memory, and signing in asks for no account."""
NO_TEXT = (None, "22P05", "22003")
"""How the driver and PostgreSQL refuse text that no column takes (NUL) and numbers that none does: then the request is
wrong, not we."""

CONTENT_SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def is_api(path: str) -> bool:
    """Whether the answer is for a program (problem+json) or a person (a page)."""
    return path.startswith("/api/")


class Identify(ASGIMiddleware):
    """Finds who asks: a page by its session cookie, the API by its bearer token. Nobody is an answer too."""

    def __init__(self, remembered: tokens.Remembered) -> None:
        self._remembered = remembered

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Set `user` (Actor or None), `session` and `can` for the guard, the handlers and the pages."""
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        pool: ConnectionPool = scope["litestar_app"].state.pool
        scope["user"] = None
        scope["session"] = {}
        if scope["path"].startswith("/static/"):
            pass  # the same for everybody: no need to ask the database
        elif is_api(scope["path"]):
            scheme, _, token = connection.headers.get("authorization", "").partition(" ")
            if scheme.lower() == "bearer" and token:
                scope["user"] = await self._by_token(pool, token.strip())
        elif cookie := connection.cookies.get(sessions.COOKIE):
            found = await to_thread.run_sync(_by_session, pool, cookie)
            if found is not None:
                scope["user"] = found.actor
                scope["session"] = {"csrf": found.csrf, "renewed": found.renewed}
        scope["can"] = partial(policy.may, scope["user"])  # type: ignore[typeddict-unknown-key]
        await next_app(scope, receive, send)

    async def _by_token(self, pool: ConnectionPool, token: str) -> Actor | None:
        found = self._remembered.actor(token)
        if found is None:
            found = await to_thread.run_sync(_by_token, pool, token)
            if found is not None:
                self._remembered.keep(token, found)
        return found


def _by_token(pool: ConnectionPool, token: str) -> Actor | None:
    with pool.connection() as conn:
        return tokens.actor(conn, token)


def _by_session(pool: ConnectionPool, cookie: str) -> sessions.Session | None:
    with pool.connection() as conn:
        return sessions.resume(conn, cookie)


async def gate(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every route: its action must be allowed to this actor, an act must come from our own page."""
    assert isinstance(connection, Request)
    request: Request[Any, Any, Any] = connection
    if "\0" in request.url.path:  # no file, key or number of ours has such a name
        raise ClientException
    public = handler.opt.get("public") is True
    if not public:
        if connection.scope["user"] is None:
            raise NotAuthorizedException
        action = handler.opt.get("action")
        own = handler.opt.get("signed_in") is True
        if not own and not (action and policy.may(connection.scope["user"], action)):
            raise NotAllowed(
                "access.action", "Your roles do not allow this: %(action)s.", action=action or "?"
            )
    if request.method not in SAFE and not is_api(request.url.path):
        await _own_page(request)


async def _own_page(request: Request[Any, Any, Any]) -> None:
    """Refuse an act that another site makes a browser do (CSRF)."""
    if request.headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
        raise PermissionDeniedException
    expected = session_of(request.scope).get("csrf")
    if not expected:
        return
    given = request.headers.get("x-csrftoken") or (await request.form()).get("_csrf_token")
    if not isinstance(given, str) or not sessions.same(given, expected):
        raise PermissionDeniedException


def protect(settings: Settings) -> Any:
    """The hook that adds the security headers to every answer, errors and static files included."""
    headers = {
        "content-security-policy": CONTENT_SECURITY,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if settings.secure_cookies:
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        added = list(lines)
        if renewed := session_of(scope).get("renewed"):
            cookie = session_cookie(settings, sessions.COOKIE, renewed)
            added.append((b"set-cookie", cookie.to_header(header="").encode()))
        # Whatever is not said to be for everybody is for one reader, and stays in no cache of a shared machine.
        if not any(name.lower() == b"cache-control" for name, _ in message.get("headers", [])):
            added.append((b"cache-control", b"no-store"))
        message["headers"] = [*message.get("headers", []), *added]

    return add


def explain(request: Request[Any, Any, Any], failure: Exception) -> Response[Any]:
    """Every error, as a problem for a program or as a page for a person."""
    if isinstance(failure, psycopg.OperationalError | PoolTimeout):
        failure = Unavailable(
            "database.silent", "The database does not answer: %(said)s", said=type(failure).__name__
        )
    elif isinstance(failure, psycopg.DataError) and failure.sqlstate in NO_TEXT:
        failure = ClientException()
    elif not isinstance(failure, Failure | HTTPException):
        # An address may name a record's key, so the log tells the route and not the address.
        route = request.scope.get("path_template", "")
        structlog.get_logger().error("request.failed", route=route, exc_info=failure)
    return (
        problem_response(request, failure)
        if is_api(request.url.path)
        else problem_page(request, failure)
    )


def create_app(database: Database, settings: Settings | None = None) -> Litestar:
    """The site over a database that is ready; nothing is started here but a pool of connections."""
    chosen = settings or all_settings.read()
    contracts: dict[str, Contract] = {name: read_contract(name) for name in declared_contracts()}

    own_codes = chosen.home / "codes"
    codes = Codes([own_codes] if own_codes.is_dir() else [])

    @asynccontextmanager
    async def connected(app: Litestar) -> AsyncIterator[None]:
        with database.pool(size=12) as pool:
            app.state.pool = pool
            app.state.single = RecordIntake(pool, chosen.home)
            app.state.served = Served(pool)
            app.state.filings = FilingLine(pool)
            app.state.readings = ReadingLine(pool)
            app.state.terms = Known()
            app.state.streams = Streams(Bell(database.conninfo()))
            try:
                yield
            finally:
                app.state.single.close()
                app.state.served.close()
                app.state.filings.close()
                app.state.readings.close()

    remembered = tokens.Remembered()
    limit = chosen.max_upload_mib * 1024 * 1024
    app = Litestar(
        route_handlers=[
            Router(
                "/",
                route_handlers=_limited(PAGE_ROUTES, limit),
                include_in_schema=False,
                request_max_body_size=min(FORM, limit),
            ),
            Router(
                "/api/v1",
                route_handlers=_limited(API_ROUTES, limit),
                request_max_body_size=min(FORM, limit),
            ),
            create_static_files_router(
                "/static",
                directories=[STATIC],
                opt={"public": True},
                cache_control=CacheControlHeader(max_age=86400),
            ),
        ],
        lifespan=[connected],
        middleware=[Identify(remembered)],
        guards=[gate],
        before_send=[protect(chosen)],
        exception_handlers={Exception: explain},
        dependencies={
            "page": Provide(Page, sync_to_thread=False),
            "pool": Provide(_pool, sync_to_thread=False),
            "single": Provide(_single, sync_to_thread=False),
            "streams": Provide(_streams, sync_to_thread=False),
            "actor": Provide(_actor, sync_to_thread=False),
            "settings": Provide(lambda: chosen, sync_to_thread=False),
            "codes": Provide(_held(codes), sync_to_thread=True),
            "contracts": Provide(lambda: contracts, sync_to_thread=False),
        },
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=5, minimum_size=1000, exclude_opt_key="stream"
        ),
        openapi_config=openapi(),
    )
    app.state.contracts = contracts
    app.asgi_handler = Straight(app, remembered, explain)
    return app


def _limited(handlers: list[ControllerRouterHandler], largest: int) -> list[Any]:
    """Those that take files (opt `files`) with the limit of a file: every other body is read whole."""
    limited = []
    for one in handlers:
        if isinstance(one, HTTPRouteHandler) and one.opt.get("files"):
            one = copy(one)
            one.request_max_body_size = largest
        limited.append(one)
    return limited


def _pool(request: Request[Any, Any, Any]) -> ConnectionPool:
    return request.app.state.pool


def _held(codes: Codes) -> Callable[[Request[Any, Any, Any]], Codes]:
    """The code lists with the registers of our own databases as they were a minute ago at most."""

    def held(request: Request[Any, Any, Any]) -> Codes:
        if registers.due(codes):
            with request.app.state.pool.connection() as conn:
                registers.refresh(conn, codes)
        return codes

    return held


def _single(request: Request[Any, Any, Any]) -> RecordIntake:
    return request.app.state.single


def _streams(request: Request[Any, Any, Any]) -> Streams:
    return request.app.state.streams


def _actor(request: Request[Any, Any, Any]) -> Actor:
    return request.user


def openapi() -> OpenAPIConfig:
    """The description of the API for programs, served at /api/v1/openapi.json."""
    return OpenAPIConfig(
        title="lienthong",
        version=__version__,
        description="Send medical data, read receipts, findings, records and scores.",
        components=Components(
            security_schemes={
                "token": SecurityScheme(
                    type="http", scheme="bearer", description="A sender's token."
                )
            }
        ),
        security=[{"token": []}],
        use_handler_docstrings=True,
        # A place of its own: beside it the framework answers every unknown address with a page of HTML.
        openapi_router=Router(
            "/api/v1/openapi.json", route_handlers=[], opt={"public": True}, include_in_schema=False
        ),
        render_plugins=[JsonRenderPlugin(path="/")],
    )


def site() -> Litestar:
    """What a server process runs: the site over the database of the settings, which is already prepared."""
    logs.configure(all_settings.read().log_level)
    return create_app(start(prepared=False))


def serve(
    host: Annotated[str | None, typer.Option(help=words.say("Address to listen on."))] = None,
    port: Annotated[int | None, typer.Option(help=words.say("Port to listen on."))] = None,
    workers: Annotated[int, typer.Option(help=words.say("Server processes."))] = 1,
) -> None:
    """Serve the site and the API."""
    chosen = all_settings.read()
    must_be_free(host or chosen.host, port or chosen.port)
    with running(chosen) as database:
        address = chosen.public_url or f"http://{host or chosen.host}:{port or chosen.port}"
        typer.echo(words.say("The site is at %(address)s; Ctrl-C ends it.", address=address))
        serve_database(
            database, host or chosen.host, port or chosen.port, workers, jobs=chosen.jobs
        )


def serve_database(
    database: Database, host: str, port: int, workers: int = 1, *, jobs: bool = True
) -> None:
    """Serve until the program is told to stop; with `jobs` a process beside it does what waits."""
    from granian.constants import Interfaces
    from granian.server import Server

    from lienthong.worker import beside

    os.environ["LIENTHONG_DATABASE_URL"] = database.url
    server = Server(
        "lienthong.app:site", address=host, port=port, interface=Interfaces.ASGI, factory=True, workers=workers,
        log_access=False,
    )  # fmt: skip
    with beside(database) if jobs else nullcontext():
        server.serve()
