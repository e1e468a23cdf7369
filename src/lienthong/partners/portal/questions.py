"""Questions that citizens ask through the Portal: fetched or pushed, answered by a person, sent back once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import audit
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.partners.portal import sayings, times
from lienthong.partners.portal.client import Client

DONE = ("2", "3")
"""TRANGTHAI of a question that was answered over there (inferred)."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question without who asks. `asked` is what was asked: personal when it names somebody."""

    id: str
    unit: str
    field: str
    procedure: str
    asked: str
    asked_at: datetime
    state: str
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    sent_at: datetime | None = None
    failure: str | None = None


_SELECT = (
    "SELECT id, unit, field, procedure, coalesce(body ->> 'NOIDUNG', '') AS asked, asked_at, state, answer,"
    " answered_by, answered_at, sent_at, failure FROM portal.question"
)


def keep(conn: psycopg.Connection[Any], body: Mapping[str, Any], now: datetime) -> bool:
    """Keep a question; the same number again changes nothing. Returns whether it is new."""
    number = str(body.get("HOIDAPID") or "").strip()
    if not number or len(number) > 60 or not str(body.get("NOIDUNG") or "").strip():
        raise Refused("portal.lacks", "The message lacks %(name)s.", name="HOIDAPID, NOIDUNG")
    asked = times.read(body.get("NGAYHOI")) or now
    made = conn.execute(
        "INSERT INTO portal.question (id, unit, field, procedure, body, asked_at, state)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
        [
            number, str(body.get("MADONVI") or "")[:60], str(body.get("MALINHVUC") or "")[:60],
            str(body.get("MATTHCDP") or "")[:60], Jsonb(dict(body)), asked,
            "sent" if str(body.get("TRANGTHAI") or "") in DONE else "open",
        ],
    )  # fmt: skip
    if made.rowcount:
        audit.write(conn, "portal", "portal.asked-us", {"question": number})
    return bool(made.rowcount)


def fetch(conn: psycopg.Connection[Any], client: Client, now: datetime) -> int:
    """Ask the Portal for questions to us; returns how many are new."""
    new = 0
    for line in client.listed("questions"):
        try:
            with conn.transaction():
                new += keep(conn, line, now)
        except Refused:
            continue  # a line without number or words: there is nothing that could be answered
    return new


def listed(conn: psycopg.Connection[Any], state: str = "open", limit: int = 100) -> list[Question]:
    """Questions in a state, the oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _SELECT + " WHERE state = %s ORDER BY asked_at LIMIT %s", [state, limit]
        ).fetchall()
    return [Question(**row) for row in rows]


def one(conn: psycopg.Connection[Any], id: str) -> Question:
    """One question; raises NotFound."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_SELECT + " WHERE id = %s", [id]).fetchone()
    if row is None:
        raise NotFound("portal.no-question", "There is no question %(number)s.", number=id[:60])
    return Question(**row)


def answer(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, id: str, text: str, now: datetime
) -> None:
    """An official answers; the worker sends it. An answer that was sent is not changed any more."""
    said = text.strip()
    if len(said) < 5 or len(said) > 8000:
        raise Refused("portal.answer", "An answer has 5 to 8,000 letters.")
    who = actor if isinstance(actor, str) else actor.id
    row = conn.execute(
        "UPDATE portal.question SET answer = %s, answered_by = %s, answered_at = %s, state = 'answered', failure = NULL"
        " WHERE id = %s AND state <> 'sent' RETURNING id",
        [said, who, now, one(conn, id).id],
    ).fetchone()
    if row is None:
        raise Conflict("portal.answered", "Question %(number)s was answered already.", number=id)
    audit.write(conn, actor, "portal.answered", {"question": id})


def send(
    conn: psycopg.Connection[Any], client: Client, now: datetime, names: Mapping[str, str]
) -> int:
    """Send the answers that wait; the Portal knows them by their question, so that repeating does no harm."""
    done = 0
    for question in listed(conn, "answered", 500):
        try:
            client.call("answer", {"data": [{
                "HOIDAPID": question.id, "NGUOITRALOI": names.get(question.answered_by or "", question.answered_by),
                "NGAYTRALOI": times.written(question.answered_at), "NOIDUNGTRALOI": question.answer,
            }]})  # fmt: skip
        except Refused as refused:
            conn.execute(
                "UPDATE portal.question SET failure = %s WHERE id = %s",
                [sayings.kept(refused), question.id],
            )
            continue
        conn.execute(
            "UPDATE portal.question SET state = 'sent', sent_at = %s, failure = NULL WHERE id = %s",
            [now, question.id],
        )
        done += 1
    return done
