"""What came out of a dossier, as data: a licence that is known here is not asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong.errors import Refused


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One decision with its result; `corrected_at` when it was taken back to be corrected. `data` is personal."""

    dossier: str
    event: int
    name: str
    code: str = ""
    number: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    data: dict[str, Any] = {}
    attachment: int | None = None
    corrected_at: datetime | None = None


def issue_result(
    conn: psycopg.Connection[Any], dossier: str, said: Mapping[str, Any], more: Mapping[str, Any]
) -> None:
    """Keep the result of the last event of a dossier; `more` is what the event does not tell (see acting.RESULT)."""
    first, last = _day(more.get("valid_from")), _day(more.get("valid_to"))
    if first and last and last < first:
        raise Refused("DOSSIER-VALIDITY", "A result is valid until a day after it begins.")
    attachment = _own_file(conn, dossier, more.get("attachment"))
    conn.execute(
        "INSERT INTO dossiers.result (dossier, event, name, code, number, valid_from, valid_to, data, attachment)"
        " SELECT %s, max(number), %s, %s, %s, %s, %s, %s, %s FROM dossiers.event WHERE dossier = %s",
        [
            dossier, str(said["result"]), str(said.get("result_code") or ""), str(more.get("number") or ""),
            first, last, Jsonb(dict(more.get("data") or {})), attachment, dossier,
        ],
    )  # fmt: skip


def _own_file(conn: psycopg.Connection[Any], dossier: str, said: Any) -> int | None:
    """The file of a result, one that lies with this dossier: the same number may be a paper of somebody else."""
    if said in (None, ""):
        return None
    row = conn.execute(
        "SELECT id FROM dossiers.attachment WHERE id::text = %s AND dossier = %s AND removed_at IS NULL",
        [str(said)[:20], dossier],
    ).fetchone()
    if row is None:
        raise Refused(
            "DOSSIER-RESULT-FILE",
            "The file of a result is one that lies with this dossier; %(file)s is none.",
            file=str(said)[:20],
        )
    return int(row[0])


def recall_result(conn: psycopg.Connection[Any], dossier: str, moment: datetime) -> None:
    """The present result is being corrected: it stays, marked, beside the one that will follow."""
    conn.execute(
        "UPDATE dossiers.result SET corrected_at = %s WHERE dossier = %s AND corrected_at IS NULL",
        [moment, dossier],
    )


def issued_files(conn: psycopg.Connection[Any], dossier: str) -> set[int]:
    """The files of the results that hold: those that are not being corrected."""
    rows = conn.execute(
        "SELECT attachment FROM dossiers.result WHERE dossier = %s AND corrected_at IS NULL"
        " AND attachment IS NOT NULL",
        [dossier],
    ).fetchall()
    return {attachment for (attachment,) in rows}


def check_not_issued(conn: psycopg.Connection[Any], dossier: str, attachment: int) -> None:
    """Raise Refused for the file of a result that holds: the applicant has it, a correction takes its place."""
    if attachment in issued_files(conn, dossier):
        raise Refused(
            "DOSSIER-RESULT-HOLDS",
            "This file is the result that was issued; correct the result instead of taking its file away.",
        )


def results(conn: psycopg.Connection[Any], dossier: str) -> list[Result]:
    """All results of a dossier, the newest first; behind the gate, for `data` is personal."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT dossier, event, name, code, number, valid_from, valid_to, data, attachment, corrected_at"
            " FROM dossiers.result WHERE dossier = %s ORDER BY event DESC",
            [dossier],
        ).fetchall()
    return [Result(**row) for row in rows]


def _day(said: Any) -> date | None:
    if said is None or said == "" or isinstance(said, date):
        return said or None
    try:
        return date.fromisoformat(str(said))
    except ValueError:
        raise Refused(
            "DOSSIER-DAY",
            "“%(written)s” is no day; write it like 2026-11-20.",
            written=str(said)[:20],
        ) from None
