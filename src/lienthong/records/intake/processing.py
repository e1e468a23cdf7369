"""Does what a receipt promises: reads, checks, compares, keeps and counts a submission in one transaction.

A process that is killed leaves the submission as it was received; the next one takes it up again. Submissions of
one sender under one contract are processed in the order of their arrival, whoever processes them.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock, settings
from lienthong.contracts.contract import Contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.contracts.senders import forbidden_tables, not_their_table
from lienthong.errors import Refused, Unavailable
from lienthong.records.crossing.judging import judge_across
from lienthong.records.formats import chosen
from lienthong.records.formats.chosen import reading_options
from lienthong.records.formats.reading import Reading, read
from lienthong.records.intake import blobs, few, keeping, spooling, terms, unfit, verdicts
from lienthong.records.intake.held import reading_of
from lienthong.records.intake.large import Large, Progress
from lienthong.records.intake.receipts import Submission, find, submission
from lienthong.records.intake.single import posted
from lienthong.records.store import schema
from lienthong.records.store.owner import as_owner

GIVE_UP = 3
"""How often a submission that fails through our own fault is tried again by itself."""

NOT_THE_DISK = (None, errno.EINVAL, errno.ENAMETOOLONG)
"""OSErrors that the bytes sent bring about: readers of formats raise them too. Waiting would not help."""


def process(
    conn: psycopg.Connection[Any],
    receipt: str,
    *,
    home: Path,
    progress: Progress | None = None,
    contract: Contract | None = None,
) -> Submission:
    """Process a submission, after those of the same sender that came before it; done ones are handed back.

    `contract` replaces the declared contract of the submission's name (tests, own contracts). Raises Unavailable
    when the database or the disk does not answer: the submission stays received and is taken up again.
    """
    given = submission(conn, receipt)
    settle(conn)
    if given.state in ("done", "refused"):
        return given
    terms.refresh(conn, home)
    settle(conn)
    with _queue(conn, given.contract, given.sender):
        for waiting in _waiting(conn, given):
            settle(conn)
            last = waiting.receipt == receipt
            _process(conn, waiting, home, progress if last else None, contract)
    final = submission(conn, receipt)
    settle(conn)
    return final


def unfinished(conn: psycopg.Connection[Any]) -> list[str]:
    """Receipts that were given and not processed, in the order of arrival."""
    rows = conn.execute(
        "SELECT receipt FROM records.submission WHERE state = 'received' AND attempts < %s"
        " ORDER BY number",
        [GIVE_UP],
    ).fetchall()
    settle(conn)
    return [row[0] for row in rows]


def resume(
    conn: psycopg.Connection[Any], receipt: str, *, home: Path, contract: Contract | None = None
) -> Submission | None:
    """Process one unfinished submission; None when another process works for its sender."""
    given = submission(conn, receipt)
    settle(conn)
    if given.state != "received" or _busy(conn, given.contract, given.sender):
        return None
    return process(conn, receipt, home=home, contract=contract)


def resume_unfinished(
    conn: psycopg.Connection[Any], *, home: Path, contract: Contract | None = None
) -> list[Submission]:
    """Process whatever was received and not finished; what another process works on is left to it."""
    tried = (resume(conn, receipt, home=home, contract=contract) for receipt in unfinished(conn))
    return [done for done in tried if done is not None]


def settle(conn: psycopg.Connection[Any]) -> None:
    """End a transaction that a statement began by itself, so that the next one is ours alone."""
    if conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
        conn.commit()


_QUEUE = "hashtextextended(%s, 11)"


@contextmanager
def _queue(conn: psycopg.Connection[Any], contract: str, sender: str) -> Iterator[None]:
    """Only one process works on the submissions of a sender under a contract; its death lets the next one in."""
    name = f"{contract}\n{sender}"
    conn.execute(f"SELECT pg_advisory_lock({_QUEUE})", [name])
    settle(conn)
    try:
        yield
    finally:
        if not conn.closed and not conn.broken:
            if conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                conn.rollback()
            conn.execute(f"SELECT pg_advisory_unlock({_QUEUE})", [name])
            settle(conn)


def _busy(conn: psycopg.Connection[Any], contract: str, sender: str) -> bool:
    name = f"{contract}\n{sender}"
    row = conn.execute(f"SELECT pg_try_advisory_lock({_QUEUE})", [name]).fetchone()
    free = bool(row and row[0])
    if free:
        conn.execute(f"SELECT pg_advisory_unlock({_QUEUE})", [name])
    settle(conn)
    return not free


def _waiting(conn: psycopg.Connection[Any], given: Submission) -> list[Submission]:
    return find(
        conn,
        "contract = %(contract)s AND sender = %(sender)s AND number <= %(number)s AND"
        " (state = 'received' AND attempts < %(most)s OR receipt = %(receipt)s AND state IN ('received', 'failed'))"
        " ORDER BY number",
        {
            "contract": given.contract,
            "sender": given.sender,
            "number": given.number,
            "receipt": given.receipt,
            "most": GIVE_UP,
        },
    )


def _process(
    conn: psycopg.Connection[Any],
    given: Submission,
    home: Path,
    progress: Progress | None,
    own: Contract | None,
) -> None:
    try:
        compiled = compile_contract(own) if own else terms.compiled(given.contract, home)
        schema.ensure(conn, compiled.contract)
        _take_in(conn, given, compiled, home, progress or (lambda stage, done, of: None))
    except Refused as refused:
        _end(conn, given, "refused", refused.message, refused.details, home)
    except Unavailable:  # something of ours is not in order: the submission waits
        raise
    except Exception as error:
        if not _silent(error):
            why = {"why": type(error).__name__}
            message = "The program failed on this submission: %(why)s"
            _end(conn, given, "failed", message, why, home)
            raise
        raise Unavailable(
            "intake.silent",
            "Submission %(receipt)s could not be processed now (%(why)s). Its bytes are safe; it will be"
            " taken up again.",
            receipt=given.receipt,
            why=type(error).__name__,
        ) from error


def _silent(error: Exception) -> bool:
    """Whether the database or the disk does not answer, so that the same bytes will do later."""
    if isinstance(error, OSError):
        return error.errno not in NOT_THE_DISK
    return isinstance(error, psycopg.OperationalError)


def _take_in(
    conn: psycopg.Connection[Any],
    given: Submission,
    compiled: CompiledContract,
    home: Path,
    progress: Progress,
) -> None:
    work = home / "work"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="intake-", dir=work) as name:
        folder = Path(name)
        with blobs.as_file(conn, home, given.sha256, given.name, folder) as file:
            settle(conn)
            try:
                _judge_and_keep(conn, given, compiled, file, home, folder, progress, fit=False)
            except psycopg.DataError:  # a cell that the database cannot hold
                _judge_and_keep(conn, given, compiled, file, home, folder, progress, fit=True)


def _judge_and_keep(
    conn: psycopg.Connection[Any],
    given: Submission,
    compiled: CompiledContract,
    file: Path,
    home: Path,
    folder: Path,
    progress: Progress,
    *,
    fit: bool,
) -> None:
    progress("read", 0, 0)
    with _read(file, given, compiled.contract, folder, home) as reading:
        _check_tables(reading, given, compiled.contract, home)
        if fit:
            unfit.take_out(reading)
        taken = None
        if given.bytes <= few.BYTES:
            progress("check", 0, 0)
            taken = few.take(reading, terms.engine(compiled, home), given)
        if taken is not None:
            _keep_few(conn, given, taken, compiled.contract, home, progress)
            return
        large = Large(conn, given, compiled, home, folder, progress)
        with large.checked(reading), conn.transaction():
            with as_owner(conn):
                numbers = large.keep()
            _finish(conn, given, compiled.contract, numbers, large.rows, large.warnings)
            if given.test:
                blobs.forget(conn, home, given.sha256)


def _read(file: Path, given: Submission, contract: Contract, folder: Path, home: Path) -> Reading:
    if given.name.endswith(posted.NAME):
        table = given.name.removesuffix(posted.NAME).rstrip(".") or None
        return reading_of(contract, [posted.rows_of(file.read_bytes(), contract, table)])
    options = reading_options(
        [home / chosen.FOLDER],
        unencoded_inner=settings.read().unencoded_inner,
        optimistic=given.bytes > spooling.LARGE,
    )
    return read(file, contract, workdir=folder, options=options)


def _check_tables(reading: Reading, given: Submission, contract: Contract, home: Path) -> None:
    """Raises Refused when the file has rows of a table that other kinds of senders send."""
    codes, day = terms.codes(home), clock.local(given.received_at).date()
    forbidden = forbidden_tables(contract, codes, given.sender, day)
    for table in forbidden.keys() & reading.sources.keys():
        if reading.rows(table):
            told = not_their_table(contract, codes, given.sender, day, table, forbidden[table])
            raise Refused(told.code, told.message, **told.details)


def _keep_few(
    conn: psycopg.Connection[Any],
    given: Submission,
    taken: few.Taken,
    contract: Contract,
    home: Path,
    progress: Progress,
) -> None:
    looked = judge_across(conn, taken.units, taken.absent)
    few.record_rulesets(conn, taken)
    progress("compare", 0, 0)
    with conn.transaction():
        with as_owner(conn):
            keeping.hold_sender(conn, contract.name, given.sender)
            progress("keep", 0, taken.rows)
            numbers, warnings, deltas = few.write(conn, taken, given, looked)
            progress("count", 0, 0)
            for name in sorted(deltas):
                deltas[name].write(conn, name)
        progress("done", numbers.received, numbers.received)
        _finish(conn, given, contract, numbers, taken.rows, warnings)
        if given.test:
            blobs.forget(conn, home, given.sha256)


def _finish(
    conn: psycopg.Connection[Any],
    given: Submission,
    contract: Contract,
    numbers: verdicts.Numbers,
    rows: int,
    warnings: int,
) -> None:
    """The receipt says what became of the units, and the trail who did it."""
    conn.execute(
        "UPDATE records.submission SET state = 'done', message = NULL, message_values = NULL, finished_at = %s,"
        " contract_version = %s, received = %s, kept = %s, unchanged = %s, quarantined = %s, row_count = %s,"
        " warnings = %s WHERE receipt = %s",
        [
            clock.now(),
            contract.version,
            numbers.received,
            numbers.kept,
            numbers.unchanged,
            numbers.quarantined,
            rows,
            warnings,
            given.receipt,
        ],
    )
    audit.write(
        conn,
        given.actor,
        "submission.processed",
        {
            "receipt": given.receipt,
            "contract": contract.name,
            "version": contract.version,
            "sender": given.sender,
            "test": given.test,
            "received": numbers.received,
            "kept": numbers.kept,
            "unchanged": numbers.unchanged,
            "quarantined": numbers.quarantined,
        },
    )


def _end(
    conn: psycopg.Connection[Any],
    given: Submission,
    state: str,
    message: str,
    details: dict[str, Any],
    home: Path,
) -> None:
    with conn.transaction():
        conn.execute(
            "UPDATE records.submission SET state = CASE WHEN %(state)s = 'failed' AND attempts + 1 < %(most)s"
            " THEN 'received' ELSE %(state)s END, attempts = attempts + 1, message = %(message)s,"
            " message_values = %(details)s, finished_at = %(moment)s WHERE receipt = %(receipt)s",
            {
                "state": state,
                "most": GIVE_UP,
                "message": message,
                "moment": clock.now(),
                "receipt": given.receipt,
                "details": Jsonb(
                    {
                        name: value if isinstance(value, dict) else str(value)
                        for name, value in details.items()
                    }
                ),
            },
        )
        audit.write(
            conn,
            given.actor,
            f"submission.{state}",
            {"receipt": given.receipt, "contract": given.contract},
        )
        if given.test:
            blobs.forget(conn, home, given.sha256)
