"""One message to one subscriber, within bounds: so many seconds, so many bytes of answer, no other place."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Literal, NamedTuple

from lienthong.errors import Refused
from lienthong.partners.subscribers.guarding import Target, target

SECONDS = 10.0
"""How long a subscriber may take for one message, from the first packet to the end of the answer's headers."""

Verdict = Literal["accepted", "refused", "ill", "gone"]
"""refused: this content is not taken; ill: nothing is taken now; gone: nothing will be taken ever again."""


class Answer(NamedTuple):
    """What a subscriber made of a message."""

    verdict: Verdict
    status: int | None
    failure: str
    retry_after: float | None = None


class _Pinned(http.client.HTTPConnection):
    """Goes to the address that was looked at, whatever the name says by now."""

    def __init__(self, place: Target, context: ssl.SSLContext | None) -> None:
        super().__init__(place.host, place.port, timeout=SECONDS)
        self._place, self._context = place, context
        self._over = threading.Event()

    def connect(self) -> None:
        """Connect and, for https, ask for a certificate of the host's name."""
        self.sock = socket.create_connection((self._place.address, self._place.port), SECONDS)
        if self._context is not None:
            self.sock = self._context.wrap_socket(
                self.sock, server_hostname=self._place.host, do_handshake_on_connect=False
            )
        if self._over.is_set():
            raise TimeoutError
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def cut(self) -> None:
        """The time is over, whatever goes on; a connection that is only being made ends as soon as it is there."""
        self._over.set()
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                self.sock.close()


def post(url: str, body: bytes, headers: Mapping[str, str], allowed: frozenset[str]) -> Answer:
    """Send a message and say what became of it; never raises for what the other side does."""
    try:
        place = target(url, allowed)
    except Refused as refused:
        return Answer("ill", None, refused.message)
    except OSError:
        return Answer("ill", None, "The name of the receiver has no address.")
    context = ssl.create_default_context() if place.secure else None
    connection = _Pinned(place, context)
    # Each packet may take its time, all of them together may not.
    watch = threading.Timer(SECONDS, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        connection.request("POST", place.path, body, {**headers, "connection": "close"})
        answer = connection.getresponse()
        return _answer(answer.status, answer.getheader("retry-after"))
    except ssl.SSLError:
        return Answer("ill", None, "The receiver's certificate cannot be trusted.")
    except TimeoutError:
        return Answer("ill", None, "The receiver took too long.")
    except (OSError, http.client.HTTPException):
        return Answer("ill", None, "The receiver did not answer.")
    finally:
        watch.cancel()
        connection.close()


def _answer(status: int, retry_after: str | None) -> Answer:
    if 200 <= status < 300:
        return Answer("accepted", status, "")
    if status == 410:
        return Answer("gone", status, "The receiver wants no more messages.")
    wait = None
    if retry_after and retry_after.isascii() and retry_after.isdigit():
        wait = float(retry_after)
    if status in (408, 425, 429) or status >= 500:
        return Answer("ill", status, "The receiver answered with a failure.", wait)
    if 300 <= status < 400:
        return Answer(
            "ill", status, "The receiver points to another address; that is not followed."
        )
    return Answer("refused", status, "The receiver refused the message.")
