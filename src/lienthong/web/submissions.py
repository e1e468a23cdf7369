"""Submissions and their receipts: what came in, what became of it, what is wrong in it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

from litestar import Response, get
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.errors import NotFound
from lienthong.findings import Finding
from lienthong.records import quarantine
from lienthong.records.crossing.reading import found_later
from lienthong.records.intake import receipts
from lienthong.records.intake.findings import (
    FindingCount,
    export_findings,
    finding_counts,
    findings,
)
from lienthong.settings import Settings
from lienthong.web.page import Page
from lienthong.web.row_numbers import row_numbers

PAGE = 50
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
}


@get("/submissions", opt={"action": "submission.read"}, sync_to_thread=True)
def submission_list(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    contract: str = "",
    sender: str = "",
    standing: Annotated[str, Parameter(query="state")] = "",
    before: int | None = None,
) -> Response[str]:
    """The newest submissions first, of those this reader may see."""
    states = get_args(receipts.State)
    with pool.connection() as conn:
        policy.allow(conn, actor, "submission.read")
        found = receipts.submissions(
            conn,
            contract=contract or None,
            sender=actor.facility or sender or None,
            state=standing if standing in states else None,  # type: ignore[arg-type]
            before=before,
            limit=PAGE + 1,
        )
    chosen = {"contract": contract, "sender": sender, "state": standing}
    return page.show(
        "submissions.html",
        submissions=found[:PAGE],
        older=found[PAGE - 1].number if len(found) > PAGE else None,
        first=before is None,
        contracts=list(contracts.values()),
        chosen=chosen,
        states=states,
    )


@get("/submissions/{receipt:str}", opt={"action": "submission.read"}, sync_to_thread=True)
def submission_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    receipt: str,
    again: bool = False,
) -> Response[str]:
    """One receipt; a script asks only for its moving part while the check runs."""
    with pool.connection() as conn:
        submission = readable(conn, actor, receipt)
        listed = finding_counts(conn, receipt)
        examples = findings(conn, receipt, limit=5000)
        later = found_later(conn, receipt)
        settled = quarantine.settled(conn, receipt)
        shown = row_numbers(conn, receipt, submission.name)
    message = (
        page.say(submission.message, **(submission.message_values or {}))
        if submission.message
        else ""
    )
    return page.show(
        "receipt.html" if page.fragment else "submission.html",
        submission=submission,
        contract=contracts.get(submission.contract),
        groups=[(count, _of(count, examples)[:3]) for count in listed if count.failed],
        unknown=[count for count in listed if count.unknown],
        later=later,
        settled=settled,
        row_shown=shown,
        message=message,
        again=again,
    )


def _of(count: FindingCount, examples: list[Finding]) -> list[Finding]:
    return [
        finding
        for finding in examples
        if (finding.rule, finding.table, finding.field or "")
        == (count.rule, count.table_name, count.field)
    ]


@get(
    "/submissions/{receipt:str}/findings/{ending:str}",
    opt={"action": "submission.read"},
    sync_to_thread=True,
)
def submission_findings(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, receipt: str, ending: str
) -> Response[bytes]:
    """Every finding of a receipt as a table to download."""
    if ending not in MEDIA:
        raise NotFound("findings.form", "Findings come as: %(choices)s.", choices=", ".join(MEDIA))
    with tempfile.TemporaryDirectory() as folder, pool.connection() as conn:
        readable(conn, actor, receipt)
        file = Path(folder) / f"findings.{ending}"
        export_findings(conn, receipt, file, settings.home, page.language)
        content = file.read_bytes()
    return Response(
        content,
        media_type=MEDIA[ending],
        headers={"content-disposition": f'attachment; filename="{receipt}-findings.{ending}"'},
    )


def readable(conn: Any, actor: Actor, receipt: str) -> receipts.Submission:
    """The submission, when the gate lets this actor read it. Raises NotFound, NotAllowed."""
    submission = receipts.submission(conn, receipt)
    policy.allow(
        conn,
        actor,
        "submission.read",
        {"receipt": receipt, "sender": submission.sender, "province": submission.province},
    )
    return submission


ROUTES = [submission_list, submission_page, submission_findings]
