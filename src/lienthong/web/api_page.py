"""The API for those who write programs: every operation with its parameters, read from the program itself."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get

from lienthong.web.page import Page

EXAMPLE = """\
curl -H "Authorization: Bearer $TOKEN" --data-binary @hoso.xml \\
  "{address}/api/v1/submissions?contract=care&name=hoso.xml&wait=true"
curl -H "Authorization: Bearer $TOKEN" {address}/api/v1/submissions/$RECEIPT/findings"""
METHODS = ("get", "post", "put", "delete")


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a program may ask."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[dict[str, Any]]


def operations(schema: dict[str, Any]) -> list[Operation]:
    """The operations of an OpenAPI document in the order of their addresses."""
    return [
        Operation(
            method=method.upper(),
            path=path,
            summary=item[method].get("summary", ""),
            description=item[method].get("description", ""),
            parameters=item[method].get("parameters", []),
        )
        for path, item in sorted(schema["paths"].items())
        for method in METHODS
        if method in item
    ]


@get("/api", opt={"public": True}, sync_to_thread=True)
def api_page(request: Request[Any, Any, Any], page: Page) -> Response[str]:
    """How to send and read by program."""
    schema = request.app.openapi_schema.to_schema()
    example = EXAMPLE.format(address=str(request.base_url).rstrip("/"))
    return page.show("api.html", operations=operations(schema), example=example)


ROUTES = [api_page]
