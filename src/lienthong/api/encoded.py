"""Answers that are JSON bytes already: for what is asked thousands of times a second nothing is looked at again."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
from litestar import Response
from litestar.types import Receive, Scope, Send

T = TypeVar("T")


class Encoded(Response[T], Generic[T]):
    """What `made` says as JSON, with status 200 and no header beside its length; the type is for the description."""

    def __init__(self, made: T) -> None:
        super().__init__(made, status_code=200, media_type="application/json")

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """The answer as it leaves."""
        body = msgspec.json.encode(self.content)
        lines = lines_of(body)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": lines})
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return answer


def lines_of(body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of JSON bytes."""
    return [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
