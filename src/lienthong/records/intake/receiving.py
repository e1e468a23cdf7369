"""Takes a submission in: bytes made safe, a receipt given, nothing parsed yet.

The same bytes from the same sender under the same contract get the receipt they got the first time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from lienthong import audit, clock
from lienthong.contracts.senders import check_sender
from lienthong.errors import NotAllowed, Unavailable
from lienthong.records.intake import blobs, terms
from lienthong.records.intake.provinces import home_province
from lienthong.records.intake.receipts import Submission, find, number_receipt, submission


def receive(
    conn: psycopg.Connection[Any],
    data: blobs.Data,
    *,
    contract: str,
    sender: str,
    actor: str,
    name: str,
    channel: str,
    home: Path,
    province: str | None = None,
    test: bool = False,
    received: datetime | None = None,
    granted: Collection[str] | None = None,
) -> Submission:
    """Keep the bytes and give a receipt; `process` does the rest.

    `received` is the moment of arrival (default: now); `province` the two-digit code of the sender's province
    (default: the first two characters of a facility code). With `test` the submission is checked and not kept.
    `granted` are the databases to which the sender's token is narrowed. Raises NotAllowed when this sender does not
    send this database, Unavailable when the disk or the database does not answer; then nothing was taken.
    """
    moment = received or clock.now()
    try:
        check_sender(
            terms.contract(contract, home),
            terms.codes(home),
            sender,
            clock.local(moment).date(),
            granted,
        )
    except NotAllowed as refused:
        tell_refused(conn, refused, contract=contract, sender=sender, actor=actor, channel=channel)
        raise
    kept = blobs.keep(data, home)
    try:
        with _answering(), conn.transaction():
            first = None if test else _first(conn, contract, sender, kept.sha256)
            if first is not None:
                return first
            blobs.settle(conn, kept, home)
            # Whoever held these bytes while we waited may have given the receipt.
            first = None if test else _first(conn, contract, sender, kept.sha256)
            if first is not None:
                return first
            return _open(
                conn,
                kept,
                moment,
                {
                    "contract": contract,
                    "sender": sender,
                    "actor": actor,
                    "name": name,
                    "channel": channel,
                    "province": home_province(sender) if province is None else province,
                    "test": test,
                },
            )
    finally:
        blobs.drop(kept)


def tell_refused(
    conn: psycopg.Connection[Any],
    refused: NotAllowed,
    *,
    contract: str,
    sender: str,
    actor: str,
    channel: str,
) -> None:
    """Write into the trail who tried to send what is not theirs, though the request itself ends without effect."""
    with _answering():
        conn.rollback()
        about = {"contract": contract, "sender": sender, "channel": channel, "why": refused.code}
        audit.write(conn, actor, "submission.not_allowed", about)
        conn.commit()


def _first(
    conn: psycopg.Connection[Any], contract: str, sender: str, sha256: str
) -> Submission | None:
    found = find(
        conn,
        "contract = %(contract)s AND sender = %(sender)s AND sha256 = %(sha256)s AND NOT test",
        {"contract": contract, "sender": sender, "sha256": sha256},
    )
    return Submission(**{**_fields(found[0]), "again": True}) if found else None


def _fields(given: Submission) -> dict[str, Any]:
    return {name: getattr(given, name) for name in Submission.__struct_fields__}


def _open(
    conn: psycopg.Connection[Any], kept: blobs.Kept, moment: datetime, about: dict[str, Any]
) -> Submission:
    number = next_number(conn)
    receipt = number_receipt(number, moment)
    conn.execute(
        "INSERT INTO records.submission (receipt, number, contract, sender, province, actor, channel, name, sha256,"
        " bytes, test, received_at) VALUES (%(receipt)s, %(number)s, %(contract)s, %(sender)s, %(province)s,"
        " %(actor)s, %(channel)s, %(name)s, %(sha256)s, %(bytes)s, %(test)s, %(moment)s)",
        {
            **about,
            "receipt": receipt,
            "number": number,
            "sha256": kept.sha256,
            "bytes": kept.size,
            "moment": moment,
        },
    )
    audit.write(
        conn,
        about["actor"],
        "submission.received",
        {
            "receipt": receipt,
            "contract": about["contract"],
            "sender": about["sender"],
            "sha256": kept.sha256,
            "bytes": kept.size,
            "test": about["test"],
        },
    )
    conn.execute("SELECT pg_notify('lienthong_submission', %s)", [receipt])
    return submission(conn, receipt)


def next_number(conn: psycopg.Connection[Any]) -> int:
    """The next number in the order of arrival."""
    row = conn.execute("SELECT nextval('records.receipt_number')").fetchone()
    assert row is not None
    return int(row[0])


@contextlib.contextmanager
def _answering() -> Any:
    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable(
            "database.silent",
            "The database does not answer. Nothing was taken; try again in a moment.",
        ) from error
