"""A submission and its receipt: one file or message sent by a facility, and what became of its units."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong.clock import local
from lienthong.errors import NotFound

State = Literal["received", "done", "refused", "failed"]
"""received: bytes are safe, not yet processed; done; refused: cannot be read at all; failed: our fault, tried again."""


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One line of records.submission. The four numbers count units; received = kept + unchanged + quarantined."""

    receipt: str
    number: int
    contract: str
    contract_version: str | None
    sender: str
    province: str
    actor: str
    channel: str
    name: str
    sha256: str
    bytes: int
    test: bool
    state: State
    message: str | None
    message_values: dict[str, Any] | None
    attempts: int
    received_at: datetime
    finished_at: datetime | None
    received: int
    kept: int
    unchanged: int
    quarantined: int
    row_count: int
    warnings: int
    findings_sha256: str | None
    again: bool = False
    """Whether the same bytes were sent before, so that this is the receipt given then."""


COLUMNS = ", ".join(field for field in Submission.__struct_fields__ if field != "again")


def number_receipt(number: int, moment: datetime) -> str:
    """TN-20261122-000123: the day in Vietnam and the order of arrival."""
    return f"TN-{local(moment):%Y%m%d}-{number:06d}"


def find(conn: psycopg.Connection[Any], where: str, values: dict[str, Any]) -> list[Submission]:
    """Submissions for a condition that the callers of this package write.

    Planned each time: a plan that is kept from when the table was empty reads all submissions of a sender.
    """
    query = f"SELECT {COLUMNS} FROM records.submission WHERE {where}"
    with conn.cursor(row_factory=dict_row) as cursor:
        return [Submission(**row) for row in cursor.execute(query, values, prepare=False)]


def submission(conn: psycopg.Connection[Any], receipt: str) -> Submission:
    """The submission of a receipt. Raises NotFound."""
    found = find(conn, "receipt = %(receipt)s", {"receipt": receipt})
    if not found:
        raise NotFound("receipt.unknown", "There is no receipt %(receipt)s.", receipt=receipt)
    return found[0]


def submissions(
    conn: psycopg.Connection[Any],
    *,
    contract: str | None = None,
    sender: str | None = None,
    state: State | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Submission]:
    """The newest submissions first; `before` is the number of the last one of the page seen."""
    conditions = {
        "contract = %(contract)s": contract,
        "sender = %(sender)s": sender,
        "state = %(state)s": state,
        "number < %(before)s": before,
    }
    where = " AND ".join(text for text, value in conditions.items() if value is not None) or "true"
    values = {
        "contract": contract,
        "sender": sender,
        "state": state,
        "before": before,
        "limit": limit,
    }
    return find(conn, where + " ORDER BY number DESC LIMIT %(limit)s", values)
