"""The stand-in Portal as one HTTP server: the exchange axis that our system calls, pages for people, an API for tests.

A line that breaks is a real one: the answer promises more bytes than come, and the connection ends.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from pathlib import Path
from typing import Any, cast

import httpx
from litestar import Litestar, MediaType, Request, Response, Router, asgi, get
from litestar.exceptions import PermissionDeniedException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from lienthong.partners.stand_ins.portal import catalogue, citizen_pages, control, control_pages
from lienthong.partners.stand_ins.portal.citizens import Citizens
from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.partners.stand_ins.portal.moods import Moods
from lienthong.partners.stand_ins.portal.paying import Paying
from lienthong.partners.stand_ins.portal.pushing import Deliver, Pushing
from lienthong.partners.stand_ins.portal.view import STYLE, explain
from lienthong.partners.stand_ins.portal.wire import LARGEST, Reply, Wire

AXIS = ["/mapi/login", "/mapi/g"]
SECRET = "practise"  # noqa: S105 no secret: what is sealed with it is invented
MOST_UPLOAD = 24 * 1024 * 1024
BACKLOG = 128
NOT_STARTED = 120.0
"""Seconds after which a server that does not answer is given up."""
HEADERS = [
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
     b" base-uri 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]  # fmt: skip


class StandIn:
    """A stand-in on a real socket of this machine: `url` is where it answers. Use as a context manager.

    It listens from the moment it is made, so that nobody takes its port before it serves; what comes meanwhile waits.
    Raises OSError when somebody else listens there.
    `deliver` is how its pushes reach our system; with `by_itself` a thread sends them, else `pushing.round()` does.
    """

    def __init__(
        self,
        memory: Memory | None = None,
        moods: Moods | None = None,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        file: Path | None = None,
        address: str = "",
        deliver: Deliver | None = None,
        secret: str = SECRET,
        by_itself: bool = False,
    ) -> None:
        self.memory, self.moods = memory or Memory(file=file), moods or Moods()
        self._socket = _listening(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self.url = address or f"http://{host}:{self.port}"
        self.wire = Wire(self.memory, self.moods)
        self.services = self.wire.services
        self.pushing = Pushing(self.memory, self.moods, deliver)
        self.paying = Paying(self.memory, self.pushing, self.url, secret)
        self.citizens = Citizens(self.memory, self.pushing, self.paying, self.url)
        self._by_itself = by_itself
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> StandIn:
        """Serve from now on."""
        self._server: Any = _server(create_app(self), self._socket)
        self._thread.start()
        self._until_it_answers()
        if self._by_itself:
            self.pushing.begin()
        return self

    def __exit__(self, *about: object) -> None:
        self.pushing.end()
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(NOT_STARTED)
        self._socket.close()
        self.memory.close()

    def wait(self) -> None:
        """Wait until the server ends."""
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())

    def _until_it_answers(self) -> None:
        with httpx.Client(timeout=NOT_STARTED) as asking:
            asking.get(f"http://{self.host}:{self.port}/static/style.css")


def create_app(standin: StandIn) -> Litestar:
    """Everything the stand-in answers."""
    catalogue.fill(standin.memory)
    app = Litestar(
        route_handlers=[
            axis(standin.wire),
            Router("/", route_handlers=[style, *citizen_pages.ROUTES, *control_pages.ROUTES, *control.ROUTES]),
        ],
        request_max_body_size=MOST_UPLOAD,
        before_request=own_page,
        before_send=[protect],
        exception_handlers={Exception: explain},
        openapi_config=None,
        logging_config=None,
    )  # fmt: skip
    app.state.standin = standin
    return app


@get("/static/style.css", sync_to_thread=False)
def style() -> Response[bytes]:
    """The stylesheet of the site, which the stand-in looks like."""
    return Response(STYLE.read_bytes(), media_type=MediaType.CSS)


async def own_page(request: Request[Any, Any, Any]) -> None:
    """Refuse an act that a page of another place makes a browser do."""
    if request.method in ("GET", "HEAD"):
        return
    if request.headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
        raise PermissionDeniedException


async def protect(message: Message, scope: Scope) -> None:
    """The security headers of every answer."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message.get("headers", []), *HEADERS]


def axis(wire: Wire) -> ASGIApp:
    """The endpoint of the exchange axis, whatever query a relay adds."""

    @asgi(AXIS, copy_scope=False)
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        content = bytearray()
        while len(content) <= LARGEST:
            message = await receive()
            content += cast(bytes, message.get("body", b""))
            if not message.get("more_body"):
                break
        await send_reply(wire.take(bytes(content)), send)

    return handle  # type: ignore[return-value]


async def send_reply(reply: Reply, send: Send) -> None:
    """The reply on the line, or a line that breaks."""
    if reply.after:
        await asyncio.sleep(reply.after)
    length = 1 << 20 if reply.hang_up else len(reply.content)
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(length).encode()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.hang_up:  # an answer that ends before its promised length: the server cuts the line
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        return
    await send({"type": "http.response.body", "body": reply.content, "more_body": False})


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; at a free port for 0. It is ours alone: a second server is refused."""
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def _server(app: Litestar, listening: socket.socket) -> Any:
    """A server of this program on a socket that listens already."""
    from granian.constants import Interfaces
    from granian.net import SocketHolder
    from granian.server.embed import Server

    class Given(Server):
        def _init_shared_socket(self) -> None:
            mine = cast(Any, SocketHolder)(os.dup(listening.fileno()), False, BACKLOG)
            self._shd: Any = mine

    return Given(
        app, port=listening.getsockname()[1], interface=Interfaces.ASGINL, log_enabled=False, websockets=False
    )  # fmt: skip
