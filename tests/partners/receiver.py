"""A subscriber as a system outside would build it: a real HTTP server that can be slow, wrong, or drop what it took.

It checks signatures, keeps each change under its position (so that one which comes twice has its effect once) and
remembers every message it was sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lienthong.errors import NotAllowed
from lienthong.partners.subscribers import signing


class Receiver:
    """`answer` says what becomes of a message: a status, or "drop" (keep it and hang up), or "hang" (say nothing)."""

    def __init__(self) -> None:
        self.secret = ""
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.answer: Callable[[dict[str, Any]], int | str] = lambda message: 200
        self.location = ""
        self.kept: dict[int, dict[str, Any]] = {}
        self.order: list[int] = []
        self.messages: list[dict[str, Any]] = []
        self.forged = 0
        self.released = threading.Event()
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/changes"

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        with self._lock:
            try:
                headers = {name.lower(): value for name, value in request.headers.items()}
                signing.verify(headers, body, self.secret, self.now())
            except NotAllowed:
                self.forged += 1
                self._say(request, 401)
                return
            message = json.loads(body)
            self.messages.append(message)
            said = self.answer(message)
            if said == "drop" or (isinstance(said, int) and 200 <= said < 300):
                for change in message["changes"]:
                    if change["position"] not in self.kept:
                        self.kept[change["position"]] = change
                        self.order.append(change["position"])
        if said == "hang":
            self.released.wait(600)
        elif said != "drop" and isinstance(said, int):
            self._say(request, said)
        request.close_connection = True

    def _say(self, request: BaseHTTPRequestHandler, status: int) -> None:
        request.send_response(status)
        if self.location:
            request.send_header("location", self.location)
        request.send_header("content-length", "0")
        request.end_headers()

    def in_order(self) -> bool:
        """Whether each record's changes had their effect in their order."""
        last: dict[tuple[str, ...], int] = {}
        for position in self.order:
            change = self.kept[position]
            record = tuple(change[name] for name in ("contract", "table", "sender", "key"))
            if last.get(record, -1) > change["version"]:
                return False
            last[record] = change["version"]
        return True


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that answers on the loopback for the length of this block."""
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.released.set()
        made.server.shutdown()
        made.server.server_close()
