"""Sending a file by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.records.intake.receiving import receive
from lienthong.settings import Settings
from lienthong.web.contracts import contract_named
from lienthong.web.page import Page


class Upload(msgspec.Struct, kw_only=True):
    """The form of the page."""

    file: UploadFile
    contract: str
    sender: str
    test: str = ""


@get("/upload", opt={"action": "submission.send"}, sync_to_thread=True)
def upload_page(
    page: Page, settings: Settings, contracts: Mapping[str, Contract], contract: str = "care"
) -> Response[str]:
    """The form."""
    return page.show(
        "upload.html",
        contracts=list(contracts.values()),
        chosen=contract,
        sender="",
        senders=[],
        limit=settings.max_upload_mib * 1024 * 1024,
        problem="",
    )


@post(
    "/upload",
    opt={"action": "submission.send", "files": True},
    status_code=200,
    sync_to_thread=True,
)
def upload(
    request: Request[Any, Any, Any],
    page: Page,
    pool: ConnectionPool,
    settings: Settings,
    actor: Actor,
    contracts: Mapping[str, Contract],
    data: Annotated[Upload, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Keep the bytes and go to the receipt; a script is told where that is, so that it can show the progress."""
    contract = contract_named(contracts, data.contract)
    sender = data.sender.strip()
    if not sender:
        raise Refused("upload.sender", "Name the facility that sends the file.")
    with pool.connection() as conn:
        policy.allow(conn, actor, "submission.send", {"sender": sender, "contract": contract.name})
        submission = receive(
            conn,
            data.file.file,  # type: ignore[arg-type]  # a spooled file reads like any other
            contract=contract.name,
            sender=sender,
            actor=actor.id,
            name=PurePath(data.file.filename.replace("\\", "/")).name[:200],
            channel="web",
            home=settings.home,
            test=data.test == "yes",
            granted=actor.contracts,
        )
    address = f"/submissions/{submission.receipt}" + ("?again=true" if submission.again else "")
    if request.headers.get("x-upload") == "script":
        return Response({"location": address})
    return Redirect(address, status_code=303)


ROUTES = [upload_page, upload]
