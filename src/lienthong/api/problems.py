"""An error of the API as an RFC 9457 problem; the one place where a Failure becomes an HTTP answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from lienthong import words
from lienthong.errors import Failure
from lienthong.findings import LANGUAGES

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457 with our stable `code`; `detail` is in the language that Accept-Language asks for."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    code: str = ""
    errors: list[dict[str, Any]] = []


def language_of(request: Request[Any, Any, Any]) -> str:
    """The first language of Accept-Language that we speak, else Vietnamese."""
    for part in request.headers.get("accept-language", "").split(","):
        wanted = part.strip()[:2].lower()
        if wanted in LANGUAGES:
            return wanted
    return "vi"


def problem_response(request: Request[Any, Any, Any], failure: Exception) -> Response[bytes]:
    """The problem for a Failure, an HTTP error of the framework, or anything unforeseen (500, no details)."""
    language = language_of(request)
    status, detail, code, errors = 500, "", "", []
    if isinstance(failure, Failure):
        status, code = failure.status, failure.code
        detail = words.say(failure.message, language, **failure.details)
    elif isinstance(failure, HTTPException):
        status, detail = failure.status_code, failure.detail
        if isinstance(failure.extra, list):
            errors = [error for error in failure.extra if isinstance(error, dict)]
    problem = Problem(
        type=f"urn:lienthong:problem:{code}" if code else "about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        code=code,
        errors=errors,
    )
    headers = {"content-language": language}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="lienthong"'
    return Response(
        msgspec.json.encode(problem), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )
