"""The straight way to one record: what is asked thousands of times a second does not pass through the framework.

It answers the plain question only (a GET by a token seen a moment ago, its purpose and perhaps its sender, nothing
escaped, nothing compressed) and reads by the very function of the route; whatever is asked otherwise, and whatever is
refused before anything is read, takes the long way, which finds the same words for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from litestar import Litestar, Request, Response
from litestar.types import Receive, Scope, Send

from lienthong.access import Actor, tokens
from lienthong.access.reading_line import Reading
from lienthong.api import records
from lienthong.api.encoded import lines_of
from lienthong.errors import Failure

PREFIX = "/api/v1/records/"

Explain = Callable[[Request[Any, Any, Any], Exception], Response[Any]]


class Asked(NamedTuple):
    """A question that the gate has permitted."""

    actor: Actor
    purpose: str
    reading: Reading


class Straight:
    """The site with the straight way before it; `explain` makes the answer of an error."""

    def __init__(self, site: Litestar, remembered: tokens.Remembered, explain: Explain) -> None:
        self._site, self._long_way = site, site.asgi_handler
        self._remembered, self._explain = remembered, explain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; `send` is the site's own, which adds the headers of every answer."""
        asked = self._asked(scope)
        if asked is None:
            await self._long_way(scope, receive, send)
            return
        try:
            found = await records.read_one(
                self._site.state, asked.actor, asked.purpose, asked.reading
            )
            body = msgspec.json.encode(found)
        except Exception as failure:
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            answer = self._explain(request, failure).to_asgi_response(None, request)
            await answer(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": lines_of(body)})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _asked(self, scope: Scope) -> Asked | None:
        """What is read for whom; None: the long way knows what to say."""
        path: str = scope["path"]
        if scope["type"] != "http" or scope.get("method") != "GET" or not path.startswith(PREFIX):
            return None
        if not (path.isascii() and path.isprintable()):
            return None
        places = path[len(PREFIX) :].split("/")
        said = _said(scope["query_string"])
        lines = list(scope["headers"])
        headers = dict(lines)
        if len(places) != 3 or said is None or len(headers) != len(lines):
            return None
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        actor = self._remembered.actor(token.strip()) if scheme.lower() == "bearer" else None
        if actor is None or b"gzip" in headers.get(b"accept-encoding", b"") or not all(places):
            return None
        contract, table, key = places
        try:
            purpose = said["purpose"]
            reading = records.reading_of(
                self._site.state, actor, contract, table, key, purpose, said.get("sender")
            )
        except (KeyError, Failure):
            return None
        return Asked(actor, purpose, reading)


KNOWN = {"purpose", "sender"}


def _said(query: bytes) -> dict[str, str] | None:
    """The parameters; None when one is escaped, unknown, empty or said twice."""
    said: dict[str, str] = {}
    for part in query.decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        if name not in KNOWN or name in said or not value.isalnum() or not value.isascii():
            return None
        said[name] = value
    return said
