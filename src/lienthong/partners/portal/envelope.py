"""Messages of the Portal: tolerant in reading (numbers or text, doubly encoded, bare lists), strict in writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lienthong.errors import Unavailable

MOST = 64 * 1024 * 1024
"""Bytes of an answer that are read at most."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: the code as a number (None when there is none), the message, the result as a list."""

    code: int | None
    message: str = ""
    result: tuple[Any, ...] = ()
    session: str = ""


def read(content: bytes) -> Answer:
    """The answer in these bytes, whatever relay it came through.

    Raises Unavailable when it is no JSON at all: then nobody knows what the other side did.
    """
    try:
        body = _decoded(_unmarked(content[:MOST]))
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unavailable(
            "portal.unreadable",
            "The Portal answered with something that is no JSON (%(size)s bytes).",
            size=len(content),
        ) from error
    body = opened(body)
    if isinstance(body, list):
        return Answer(code=0, result=tuple(body))
    if not isinstance(body, Mapping):
        return Answer(code=None, message=str(body)[:500])
    named = {str(name).lower(): value for name, value in body.items()}
    message = named.get("message", "")
    inner = opened(message) if isinstance(message, str) and message[:1] in "{[" else None
    if isinstance(inner, Mapping | list) and "error_code" not in named:
        return read(msgspec.json.encode(inner))
    return Answer(
        code=_code(named.get("error_code", named.get("errorcode", named.get("maloi")))),
        message=message
        if isinstance(message, str)
        else msgspec.json.encode(message).decode()[:500],
        result=_listed(named.get("result", inner if inner is not None else named.get("data"))),
        session=str(named.get("session") or ""),
    )


def write(service: str, session: str, unit: str, parameters: Mapping[str, Any]) -> bytes:
    """A request: session, madonvi, service and parameters; scalars travel as text, nothing is sent for None."""
    head = {"session": session, "madonvi": unit, "service": service}
    return msgspec.json.encode(
        head | {name: _plain(value) for name, value in parameters.items() if value is not None}
    )


def bare(data: Any) -> bytes:
    """A request of a relay that takes the data alone."""
    return msgspec.json.encode(_plain(data))


def plain(body: Mapping[str, Any]) -> bytes:
    """A message without an envelope; scalars travel as text."""
    return msgspec.json.encode(_plain(body))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return [_plain(inner) for inner in value if inner is not None]
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value)


def opened(value: Any) -> Any:
    """A value that is JSON written as text or bytes, decoded; at most three layers deep."""
    if isinstance(value, bytes):
        try:
            value = _decoded(_unmarked(value[:MOST]))
        except (msgspec.DecodeError, RecursionError):
            value = value[:500].decode("utf-8", "replace").replace("\0", "")
    for _ in range(3):
        if not isinstance(value, str) or value[:1] not in ("{", "[", '"'):
            return value
        try:
            value = _decoded(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    return value


def _decoded(text: str | bytes) -> Any:
    """The value of a JSON text without NUL, which no column takes: one answer must not stop those of others."""
    value = msgspec.json.decode(text)
    written = b"u0000" in text if isinstance(text, bytes) else "u0000" in text
    return _kept(value) if written else value


def _kept(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {_kept(name): _kept(inner) for name, inner in value.items()}
    return [_kept(inner) for inner in value] if isinstance(value, list) else value


def _unmarked(content: bytes) -> bytes:
    """The bytes without the mark that some servers put before a text in UTF-8."""
    return content.removeprefix(b"\xef\xbb\xbf")


def _code(value: Any) -> int | None:
    try:
        found = float(str(value).strip())
        return int(found) if found == int(found) else None
    except (ValueError, OverflowError):
        return None


def _listed(value: Any) -> tuple[Any, ...]:
    found = opened(value)
    if found is None or found == "":
        return ()
    return tuple(found) if isinstance(found, list) else (found,)
