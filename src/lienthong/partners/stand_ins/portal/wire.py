"""The stand-in Portal on a real socket of this machine, with its moods; pages of it are in `site`."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.partners.stand_ins.portal.moods import Moods

LARGEST = 16 * 1024 * 1024


class StandIn:
    """A running stand-in: `url` is where it answers. Use as a context manager."""

    def __init__(
        self, memory: Memory | None = None, moods: Moods | None = None, port: int = 0
    ) -> None:
        self.memory, self.moods = memory or Memory(), moods or Moods()
        standin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                standin.serve(self)

            def log_message(self, *arguments: Any) -> None:
                """Silent: what was said stands in the memory."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StandIn:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *about: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """One call, in the mood it draws."""
        length = int(request.headers.get("content-length") or 0)
        content = request.rfile.read(min(length, LARGEST))
        mood = self.moods.draw()
        if mood == "drop_before":
            _hang_up(request)
            return
        if mood == "error_500":
            _send(request, 500, b"<html>Internal Server Error</html>")
            return
        if mood == "expire":
            self.memory.expire()
        try:
            body = msgspec.json.decode(content)
        except msgspec.DecodeError:
            _send(request, 200, b'{"error_code": -1, "message": "JSON"}')
            return
        if "service" not in body:
            answer = self.memory.log_in(body)
        else:
            upto = max(1, len(body.get("data") or ()) // 2) if mood == "part" else None
            answer = self.memory.answer(body, upto=upto)
        if mood == "slow":
            time.sleep(self.moods.rates.slow_seconds)
        if mood == "drop_after":
            _hang_up(request)
        elif mood == "garbage":
            _send(request, 200, b"<html>Bad gateway")
        else:
            _send(request, 200, msgspec.json.encode(answer))


def _send(request: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
    request.send_response(status)
    request.send_header("content-type", "application/json; charset=utf-8")
    request.send_header("content-length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def _hang_up(request: BaseHTTPRequestHandler) -> None:
    """The line breaks without an answer."""
    request.close_connection = True
    request.connection.shutdown(socket.SHUT_RDWR)
