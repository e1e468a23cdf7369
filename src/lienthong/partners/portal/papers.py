"""Papers of pushed messages: noted with the message, fetched from the Portal afterwards, attached when they are whole.

Only the Portal's own address is asked: a link to anywhere else is refused and shown. What does not arrive is tried
again; what is no paper that may be attached, or another one than was announced, waits for a person.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from lienthong.dossiers import attachments
from lienthong.errors import Conflict, Failure, Refused, Unavailable
from lienthong.partners.portal import sayings
from lienthong.partners.portal.client import Client

ACTOR = "portal"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One announced paper. `state`: waiting to be fetched, kept, or refused with its failure."""

    position: int
    number: int
    dossier: str
    kind: str
    component: str
    name: str
    address: str | None
    sha256: str | None
    state: str
    attempts: int
    failure: str | None


_COLUMNS = ", ".join(Paper.__struct_fields__)


def announce(
    conn: psycopg.Connection[Any],
    position: int,
    dossier: str,
    kind: str,
    papers: Sequence[Any],
) -> int:
    """Note the papers of a message; returns how many. The same message again notes nothing new."""
    rows = [
        (
            position, number, dossier, kind, str(one.get("MaThanhPhanHoSo") or "")[:80],
            str(one.get("TenTepDinhKem") or one.get("TenTep") or f"{number}")[:200], _address(one),
            str(one.get("Sha256") or "").lower() or None,
        )
        for number, one in enumerate(papers, 1)
        if isinstance(one, Mapping) and (_address(one) or one.get("Base64"))
    ]  # fmt: skip
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO portal.paper (position, number, dossier, kind, component, name, address, sha256)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            rows,
        )
    return len(rows)


def _address(one: Mapping[str, Any]) -> str | None:
    found = one.get("Url") or one.get("DuongDanTaiTepTin") or one.get("URL")
    return str(found)[:2000] if found else None


def fetch_due(
    conn: psycopg.Connection[Any],
    client: Client,
    home: Path,
    now: datetime,
    *,
    check: str | None = None,
    limit: int = 100,
) -> int:
    """Fetch what is announced and due; returns how many were attached. `conn` in autocommit."""
    done = 0
    for one in _listed(
        conn, "state = 'waiting' AND next_at <= %s ORDER BY position, number LIMIT %s", [now, limit]
    ):
        try:
            with conn.transaction():
                kept = _attach(conn, one, _bytes(conn, one, client), home, check)
                conn.execute(
                    "UPDATE portal.paper SET state = 'kept', attachment = %s, failure = NULL"
                    " WHERE position = %s AND number = %s",
                    [kept, one.position, one.number],
                )
            done += 1
        except Unavailable as silent:
            _later(conn, one, silent, now)
        except Failure as refused:
            conn.execute(
                "UPDATE portal.paper SET state = 'refused', failure = %s WHERE position = %s AND number = %s",
                [sayings.kept(refused), one.position, one.number],
            )
    return done


def of(conn: psycopg.Connection[Any], dossier: str) -> list[Paper]:
    """The announced papers of a dossier."""
    return _listed(conn, "dossier = %s ORDER BY position, number", [dossier])


def refused(conn: psycopg.Connection[Any], limit: int) -> list[str]:
    """Dossiers with a paper that could not be attached, the newest last."""
    rows = conn.execute(
        "SELECT DISTINCT p.dossier FROM portal.paper p JOIN dossiers.dossier d ON d.code = p.dossier"
        " WHERE p.state = 'refused' ORDER BY 1 LIMIT %s",
        [limit],
    ).fetchall()
    return [code for (code,) in rows]


def again(conn: psycopg.Connection[Any], dossier: str) -> int:
    """Try the papers of a dossier again that were refused."""
    made = conn.execute(
        "UPDATE portal.paper SET state = 'waiting', next_at = '-infinity' WHERE dossier = %s AND state = 'refused'",
        [dossier],
    )
    return made.rowcount


def _bytes(conn: psycopg.Connection[Any], one: Paper, client: Client) -> bytes:
    if one.address:
        data = client.fetch(one.address)
    else:
        row = conn.execute(
            "SELECT coalesce(body -> 'TaiLieuNop', body #> '{data,TaiLieuNop}') -> (%s::int - 1) ->> 'Base64'"
            " FROM portal.inbound WHERE position = %s",
            [one.number, one.position],
        ).fetchone()
        try:
            data = base64.b64decode(row[0] if row and row[0] else "", validate=True)
        except (binascii.Error, ValueError):
            data = b""
    if not data:
        raise Refused(
            "portal.paper-empty", "Paper “%(name)s” is empty or cannot be read.", name=one.name
        )
    if one.sha256 and hashlib.sha256(data).hexdigest() != one.sha256:
        raise Refused(
            "portal.paper-changed",
            "Paper “%(name)s” is another one than the Portal announced.",
            name=one.name,
        )
    return data


def _attach(
    conn: psycopg.Connection[Any], one: Paper, data: bytes, home: Path, check: str | None
) -> int | None:
    kind = "supplement" if one.kind == "supplement" else "component"
    try:
        with conn.transaction():
            return attachments.attach(
                conn, ACTOR, one.dossier, data, name=one.name, home=home, kind=kind, component=one.component,
                check=check,
            ).id  # fmt: skip
    except Conflict:
        return None  # the same bytes are there already


def _later(conn: psycopg.Connection[Any], one: Paper, failure: Unavailable, now: datetime) -> None:
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(one.attempts, 10))
    conn.execute(
        "UPDATE portal.paper SET attempts = attempts + 1, next_at = %s, failure = %s"
        " WHERE position = %s AND number = %s",
        [now + wait, sayings.kept(failure), one.position, one.number],
    )


def _listed(conn: psycopg.Connection[Any], where: str, values: list[Any]) -> list[Paper]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT {_COLUMNS} FROM portal.paper WHERE {where}",  # noqa: S608 fixed conditions
            values,
        ).fetchall()
    return [Paper(**row) for row in rows]
