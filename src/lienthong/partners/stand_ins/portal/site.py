"""The stand-in Portal as one HTTP server: the exchange axis that our system calls, pages for people, an API for tests.

A line that breaks is a real one: the answer promises more bytes than come, and the connection ends.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any, cast

import httpx
from litestar import Litestar, asgi
from litestar.types import ASGIApp, Receive, Scope, Send

from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.partners.stand_ins.portal.moods import Moods
from lienthong.partners.stand_ins.portal.wire import LARGEST, Reply, Wire

AXIS = ["/mapi/login", "/mapi/g"]
NOT_STARTED = 30.0
"""Seconds after which a server that does not answer is given up."""


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


def create_app(wire: Wire) -> Litestar:
    """Everything the stand-in answers."""
    return Litestar(route_handlers=[axis(wire)], openapi_config=None, logging_config=None)


class StandIn:
    """A running stand-in on a real socket of this machine: `url` is where it answers. Use as a context manager."""

    def __init__(
        self,
        memory: Memory | None = None,
        moods: Moods | None = None,
        port: int = 0,
        file: Path | None = None,
    ) -> None:
        self.memory, self.moods = memory or Memory(file=file), moods or Moods()
        self.wire = Wire(self.memory, self.moods)
        self.services = self.wire.services
        self.port = port or _free()
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> StandIn:
        from granian.constants import Interfaces
        from granian.server.embed import Server

        self._server: Any = Server(
            create_app(self.wire), address="127.0.0.1", port=self.port, interface=Interfaces.ASGINL,
            log_enabled=False, websockets=False,
        )  # fmt: skip
        self._thread.start()
        self._until_it_answers()
        return self

    def __exit__(self, *about: object) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(NOT_STARTED)
        self.memory.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())

    def _until_it_answers(self) -> None:
        transport = httpx.HTTPTransport(retries=20)  # the transport waits longer each time
        with httpx.Client(transport=transport, timeout=NOT_STARTED) as asking:
            asking.get(self.url + "/no-such-page")


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
