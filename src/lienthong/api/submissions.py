"""Sending by a program: a file or message is kept and gets a receipt; its findings come as JSON or CSV."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Parameter
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.api.asking import contract_named, limited
from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.findings import Finding
from lienthong.records.crossing.reading import Later, found_later
from lienthong.records.intake import receipts
from lienthong.records.intake.findings import FindingCount, export_findings, finding_counts
from lienthong.records.intake.findings import findings as examples_of
from lienthong.records.intake.processing import process
from lienthong.records.intake.receiving import receive
from lienthong.settings import Settings

SPOOL = 1024 * 1024


class Findings(msgspec.Struct, kw_only=True):
    """What is wrong in a submission: every rule with its numbers, and examples of rows.

    `later` are findings on its records that began or ended since, because another database changed.
    """

    receipt: str
    rules: list[FindingCount]
    examples: list[Finding]
    later: list[Later] = []


@post(
    "/submissions",
    opt={"action": "submission.send", "files": True},
    status_code=202,
    summary="Send a file",
)
async def send(
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    settings: Settings,
    contracts: Mapping[str, Contract],
    contract: Annotated[str, Parameter(description="Name of the data contract.")],
    sender: Annotated[
        str | None, Parameter(description="Facility code; the token's own by default.")
    ] = None,
    name: Annotated[
        str, Parameter(description="Name of the file; its ending tells the format.")
    ] = "",
    test: Annotated[bool, Parameter(description="Check and keep nothing.")] = False,
    wait: Annotated[bool, Parameter(description="Answer when the check is done.")] = False,
) -> Response[receipts.Submission]:
    """Keep the body (raw, or the part `file` of a form) and give a receipt.

    202 with the receipt while it is being checked, 200 for bytes that were sent before, 201 with `wait`.
    """
    actor: Actor = request.user
    chosen = contract_named(contracts, contract)
    whose = sender or actor.facility
    if not whose:
        raise Refused("api.sender", "Name the facility that sends (sender=…).")
    with tempfile.SpooledTemporaryFile(max_size=SPOOL) as spool:
        named = await _body(request, spool, name)
        spool.seek(0)

        def keep() -> receipts.Submission:
            with pool.connection() as conn:
                policy.allow(
                    conn, actor, "submission.send", {"sender": whose, "contract": chosen.name}
                )
                given = receive(
                    conn,
                    cast(BinaryIO, spool),
                    contract=chosen.name,
                    sender=whose,
                    actor=actor.id,
                    name=named,
                    channel="api",
                    home=settings.home,
                    test=test,
                    granted=actor.contracts,
                )
            if not wait:
                return given
            with pool.connection() as conn:
                done = process(conn, given.receipt, home=settings.home)
            return msgspec.structs.replace(done, again=given.again)

        given = await to_thread.run_sync(keep)
    status = 200 if given.again else 201 if wait else 202
    return Response(
        given, status_code=status, headers={"location": f"/api/v1/submissions/{given.receipt}"}
    )


async def _body(request: Request[Any, Any, Any], spool: Any, name: str) -> str:
    """Copy the body into the spool; returns the file's name."""
    if request.content_type[0] == RequestEncodingType.MULTI_PART:
        file = (await request.form()).get("file")
        if not isinstance(file, UploadFile):
            raise Refused("api.file", "The form has no part called file.")
        while piece := await file.read(SPOOL):
            spool.write(piece)
        return name or file.filename
    size = 0
    async for piece in request.stream():
        size += len(piece)
        spool.write(piece)
    if not size:
        raise Refused("api.empty", "The body is empty.")
    return name or "submission"


@get(
    "/submissions",
    opt={"action": "submission.read"},
    sync_to_thread=True,
    summary="List submissions",
)
def listed(
    pool: ConnectionPool,
    actor: Actor,
    contract: str | None = None,
    sender: str | None = None,
    standing: Annotated[receipts.State | None, Parameter(query="state")] = None,
    before: Annotated[int | None, Parameter(description="The number of the last one seen.")] = None,
    limit: int = 50,
) -> list[receipts.Submission]:
    """The newest submissions first, of those this actor may see."""
    with pool.connection() as conn:
        permit = policy.allow(conn, actor, "submission.read", {"sender": sender} if sender else {})
        return receipts.submissions(
            conn,
            contract=contract,
            sender=permit.facility or sender,
            state=standing,
            before=before,
            limit=limited(limit),
        )


def readable(conn: Connection[Any], actor: Actor, receipt: str) -> receipts.Submission:
    """The submission, when the gate lets this actor read it. Raises NotFound, NotAllowed."""
    found = receipts.submission(conn, receipt)
    about = {"receipt": receipt, "sender": found.sender, "province": found.province}
    policy.allow(conn, actor, "submission.read", about)
    return found


@get(
    "/submissions/{receipt:str}",
    opt={"action": "submission.read"},
    sync_to_thread=True,
    summary="A receipt",
)
def one(pool: ConnectionPool, actor: Actor, receipt: str) -> receipts.Submission:
    """What became of a submission: received = kept + unchanged + quarantined."""
    with pool.connection() as conn:
        return readable(conn, actor, receipt)


@get(
    "/submissions/{receipt:str}/findings",
    opt={"action": "submission.read"},
    sync_to_thread=True,
    summary="Findings of a submission",
)
def findings(
    pool: ConnectionPool,
    actor: Actor,
    receipt: str,
    rule: Annotated[str | None, Parameter(description="Only this rule.")] = None,
    limit: int = 100,
) -> Findings:
    """Rules with their numbers, and examples; /findings/csv gives every finding."""
    with pool.connection() as conn:
        readable(conn, actor, receipt)
        rules = finding_counts(conn, receipt)
        examples = examples_of(conn, receipt, rule, limited(limit))
        later = [
            one for one in found_later(conn, receipt, limited(limit)) if rule in (None, one.rule)
        ]
    if rule is not None:
        rules = [count for count in rules if count.rule == rule]
    return Findings(receipt=receipt, rules=rules, examples=examples, later=later)


@get(
    "/submissions/{receipt:str}/findings/csv",
    opt={"action": "submission.read"},
    sync_to_thread=True,
    media_type="text/csv; charset=utf-8",
    summary="All findings of a submission as CSV",
)
def findings_csv(
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    receipt: str,
) -> bytes:
    """Every finding, one a line, sentences in the language that Accept-Language asks for."""
    from lienthong.api.problems import language_of

    with tempfile.TemporaryDirectory() as folder, pool.connection() as conn:
        readable(conn, actor, receipt)
        file = Path(folder) / "findings.csv"
        export_findings(conn, receipt, file, settings.home, language_of(request))
        return file.read_bytes()


ROUTES = [send, listed, one, findings, findings_csv]
