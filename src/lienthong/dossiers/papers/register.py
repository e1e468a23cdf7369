"""Form 07, the register: the dossiers that an agency received in a period, as one paper."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong import audit, clock, words
from lienthong.dossiers.papers import issuing, kept, letterhead, template, wording
from lienthong.dossiers.papers.filling import MOST_ROWS, Sheet, Values, fill
from lienthong.dossiers.papers.issuing import Paper
from lienthong.dossiers.papers.knowing import agency_name
from lienthong.errors import NotFound, Refused
from lienthong.procedures.agencies import Agencies, agencies

FORM = "register"


def make(
    conn: psycopg.Connection[Any],
    actor: audit.Acting,
    unit: str,
    first: date,
    last: date,
    *,
    name: str = "",
    home: Path | None = None,
    at: datetime | None = None,
) -> Paper:
    """Print the register of the dossiers that were handed in at a unit from one day to another, and keep it.

    The caller has passed the gate. Raises Refused when the period ends before it begins or holds too many.
    """
    if last < first:
        raise Refused("PAPER-PERIOD", "The period ends before it begins.")
    moment = clock.local(at or clock.now()).replace(microsecond=0)
    used = kept.in_use(conn, unit, FORM)
    head, _ = kept.head_in_use(conn, unit, home, moment.date())
    read = template.parse(FORM, used.text)
    rows = _rows(conn, unit, first, last, agencies(home))
    sign = issuing.take_number(conn, unit, read.symbol, moment.year)
    said = Values(
        places=_places(head, sign, moment, name or actor.id, first, last, len(rows)),
        lists={"dossiers": rows},
    )
    province = agencies(home).by_code.get(unit)
    paper = Paper(
        dossier=None, number=1, unit=unit, form=FORM, sign=sign, event=None, copy=1, made_by=actor.id, made_at=moment,
        template_unit=used.unit, template_version=used.version, template=used.sha256, unshown="", sha256="",
    )  # fmt: skip
    return issuing.keep(
        conn, actor, paper, fill(read, said), province.province if province else "", home
    )


def made(conn: psycopg.Connection[Any], unit: str) -> list[Paper]:
    """The registers of a unit, the newest first."""
    return issuing.read(
        conn,
        "dossier IS NULL AND unit = %s AND form = 'register' ORDER BY position DESC LIMIT 100",
        [unit],
    )


def pdf(conn: psycopg.Connection[Any], unit: str, sign: str) -> bytes:
    """The bytes of a register as it went out. Raises NotFound."""
    return bytes(_one(conn, "pdf", unit, sign))


def sheet_of(conn: psycopg.Connection[Any], unit: str, sign: str) -> Sheet:
    """What stands in a register. Raises NotFound."""
    return msgspec.convert(_one(conn, "content", unit, sign), Sheet)


def _one(conn: psycopg.Connection[Any], column: str, unit: str, sign: str) -> Any:
    row = conn.execute(
        "SELECT pdf, content FROM dossiers.paper WHERE dossier IS NULL AND unit = %s AND form = 'register'"
        " AND sign = %s",
        [unit, sign],
    ).fetchone()
    if row is None:
        raise NotFound(
            "PAPER-REGISTER", "There is no register %(number)s of this agency.", number=sign[:40]
        )
    return row[0] if column == "pdf" else row[1]


def _places(
    head: letterhead.Letterhead,
    sign: str,
    moment: datetime,
    name: str,
    first: date,
    last: date,
    count: int,
) -> dict[str, str]:
    return head.places() | {
        "paper.sign": sign,
        "paper.date": wording.day(moment.date()),
        "officer.name": name,
        "period.from": words.date(first, "vi"),
        "period.to": words.date(last, "vi"),
        "period.count": words.number(count, to="vi"),
    }


def _rows(
    conn: psycopg.Connection[Any], unit: str, first: date, last: date, units: Agencies
) -> list[dict[str, str]]:
    begins = datetime.combine(first, time.min, clock.VIETNAM)
    ends = datetime.combine(last + timedelta(days=1), time.min, clock.VIETNAM)
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            "SELECT d.code, d.unit, d.received_at, d.due_at, d.returned_at, d.state, d.applicant, v.name,"
            " v.document->>'sets' AS sets FROM dossiers.dossier d LEFT JOIN procedures.version v"
            " ON v.code = d.procedure AND v.version = d.procedure_version"
            " WHERE d.received_by = %s AND d.received_at >= %s AND d.received_at < %s"
            " ORDER BY d.received_at, d.code LIMIT %s",
            [unit, begins, ends, MOST_ROWS + 1],
        ).fetchall()
    if len(found) > MOST_ROWS:
        raise Refused(
            "PAPER-MANY", "More than %(most)s dossiers were received then; choose a shorter period.",
            most=words.number(MOST_ROWS),
        )  # fmt: skip
    return [_row(at, one, units) for at, one in enumerate(found, 1)]


def _row(at: int, one: dict[str, Any], units: Agencies) -> dict[str, str]:
    from lienthong.dossiers.moves import moves

    applicant = one["applicant"] or {}
    contact = [str(applicant[name]) for name in ("address", "phone") if applicant.get(name)]
    post = applicant.get("hand_over") == "post"
    return {
        "at": str(at),
        "code": one["code"],
        "procedure": one["name"] or "",
        "sets": one["sets"] or "",
        "applicant": str(applicant.get("name") or ""),
        "contact": "; ".join(contact),
        "unit": agency_name(units, one["unit"]),
        "received": wording.short_moment(one["received_at"]),
        "due": wording.short_moment(one["due_at"]),
        "returned": wording.short_moment(one["returned_at"]),
        "how": "Bưu chính" if post else "Trực tiếp",
        "note": "" if one["returned_at"] else moves().states[one["state"]].vi,
    }
