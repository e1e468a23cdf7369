"""Where a kept record comes from: the receipt, the bytes, the place in them, the contract and what people changed."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg

from lienthong.contracts.contract import Contract
from lienthong.records.intake.receipts import Submission, submission
from lienthong.records.quarantine.entries import Act, history
from lienthong.records.store.reading import Record


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The way of one version into the store. `entry` is its quarantine entry when it went through quarantine."""

    submission: Submission
    unit: int
    contract_version: str | None
    entry: int | None = None
    acts: tuple[Act, ...] = ()


def origin(conn: psycopg.Connection[Any], contract: Contract, given: Record) -> Origin:
    """How this version came here."""
    sent = submission(conn, given.receipt)
    row = conn.execute(
        "SELECT id FROM records.quarantine WHERE contract = %s AND receipt = %s AND sender = %s AND key = %s"
        " AND state = 'mended' AND closed_by = receipt ORDER BY id DESC LIMIT 1",
        [contract.name, given.receipt, given.sender, given.key],
    ).fetchone()
    return Origin(
        submission=sent,
        unit=given.unit,
        contract_version=sent.contract_version,
        entry=row[0] if row else None,
        acts=tuple(history(conn, row[0])) if row else (),
    )
