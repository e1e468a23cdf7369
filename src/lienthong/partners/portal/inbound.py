"""What the Portal pushes: kept as it came before anything else, resolved into dossiers later, never dropped.

A message that cannot be resolved (a procedure that is not in the catalogue, an agency code that ended, a missing
technical id) waits in a visible queue with its reason and its age. The same message again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.dossiers import acting, codes
from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers.dossier import Filing
from lienthong.errors import Conflict, Failure, Refused
from lienthong.partners.portal import times
from lienthong.partners.portal.profile import profile
from lienthong.procedures.agencies import agencies
from lienthong.procedures.procedure import national_code

ACTOR = "portal"
ALARM = timedelta(hours=8)
"""A message that waits longer raises the alarm of its page: a dossier hangs with a code and nobody works on it."""


UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, psycopg.DataError)
"""What a message of another shape than the profile's runs into: a list where a person is expected, a foreign date."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One message that waits, without its content."""

    position: int
    kind: str
    code: str
    received_at: datetime
    reason: str | None
    tried_at: datetime | None

    def alarming(self, now: datetime) -> bool:
        """Whether it has waited too long."""
        return now - self.received_at > ALARM


def take(
    conn: psycopg.Connection[Any], kind: str, body: Mapping[str, Any], *, at: datetime | None = None
) -> tuple[int, str]:
    """Keep a pushed message; the answer the Portal gets: (0, taken), (1, there already), (-1, without a code).

    Only a message without a dossier code is not kept: there is nothing to keep it under.
    """
    code = str(body.get("MaHoSo") or body.get("MaHoSoQG") or "").strip()
    if not code or len(code) > 60:
        return -1, "Thiếu mã hồ sơ"
    content = msgspec.json.encode(body, order="sorted")
    row = conn.execute(
        "INSERT INTO portal.inbound (kind, code, sha256, body, received_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (kind, code, sha256) DO NOTHING RETURNING position",
        [kind, code, hashlib.sha256(content).hexdigest(), Jsonb(dict(body)), at or clock.now()],
    ).fetchone()
    if row is None:
        return 1, "Hồ sơ đã tồn tại"
    audit.write(conn, ACTOR, "portal.taken", {"dossier": code, "kind": kind})
    return 0, "Đã tiếp nhận bản tin"


def resolve(
    conn: psycopg.Connection[Any],
    home: Path | None = None,
    *,
    now: datetime | None = None,
    limit: int = 500,
) -> int:
    """Make dossiers and supplements of what waits, in the order it came; returns how many. None stops the others."""
    moment, done = now or clock.now(), 0
    positions = conn.execute(
        "SELECT position FROM portal.inbound WHERE state = 'waiting' ORDER BY position LIMIT %s",
        [limit],
    ).fetchall()
    for (position,) in positions:
        with conn.transaction():
            done += _resolve_one(conn, position, home, moment)
    return done


def waiting(conn: psycopg.Connection[Any], limit: int = 200) -> list[Waiting]:
    """What waits, the oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT position, kind, code, received_at, reason, tried_at FROM portal.inbound WHERE state = 'waiting'"
            " ORDER BY received_at LIMIT %s",
            [limit],
        ).fetchall()
    return [Waiting(**row) for row in rows]


def reject(
    conn: psycopg.Connection[Any], actor: audit.Acting | str, position: int, reason: str
) -> None:
    """A person decides that a message will not become a dossier; it stays kept with who said so and why."""
    if not reason.strip():
        raise Refused("DOSSIER-NEEDS", "This act needs: %(what)s.", what="reason")
    row = conn.execute(
        "UPDATE portal.inbound SET state = 'rejected', reason = %s, resolved_at = %s WHERE position = %s"
        " AND state = 'waiting' RETURNING code",
        [reason, clock.now(), position],
    ).fetchone()
    if row is None:
        raise Conflict(
            "portal.not-waiting", "Message %(position)s does not wait any more.", position=position
        )
    audit.write(conn, actor, "portal.rejected", {"dossier": row[0], "position": position})


def _resolve_one(
    conn: psycopg.Connection[Any], position: int, home: Path | None, moment: datetime
) -> bool:
    row = conn.execute(
        "SELECT kind, code, body FROM portal.inbound WHERE position = %s AND state = 'waiting' FOR UPDATE SKIP LOCKED",
        [position],
    ).fetchone()
    if row is None:
        return False
    kind, code, body = row
    try:
        with conn.transaction():
            if kind == "dossier":
                _file(conn, code, body, home, moment)
            else:
                _supplement(conn, code, body, moment)
    except Failure as failure:
        conn.execute(
            "UPDATE portal.inbound SET reason = %s, tried_at = %s WHERE position = %s",
            [f"{failure.code}: {failure}"[:500], moment, position],
        )
        return False
    except UNREADABLE as failure:
        # What no profile foresees waits like the others; its words stay in the message and out of the reason.
        conn.execute(
            "UPDATE portal.inbound SET reason = %s, tried_at = %s WHERE position = %s",
            [f"portal.shape: {type(failure).__name__}", moment, position],
        )
        return False
    conn.execute(
        "UPDATE portal.inbound SET state = 'resolved', reason = NULL, resolved_at = %s, tried_at = %s, dossier = %s"
        " WHERE position = %s",
        [moment, moment, code, position],
    )
    return True


def _file(
    conn: psycopg.Connection[Any],
    code: str,
    body: Mapping[str, Any],
    home: Path | None,
    moment: datetime,
) -> None:
    words = profile()
    filed = times.read(body.get("NgayNopHoSo"))
    if filed is None:
        raise Refused("portal.lacks", "The message lacks %(name)s.", name="NgayNopHoSo")
    on: date = clock.local(moment).date()
    unit = agencies(home).today(str(body.get("MaDonViTiepNhan") or codes.parse(code).unit), on)
    person = body.get("NguoiNop") or {}
    if not person.get("TechID"):
        raise Refused("portal.lacks", "The message lacks %(name)s.", name="TechID")
    channels = {number: name for name, number in words.channel.items()}
    kinds = {number: name for name, number in words.applicant.items()}
    filing = Filing(
        code=code,
        procedure=national_code(str(body.get("MaTTHC") or "")),
        unit=unit.code,
        province=unit.province,
        received_by=str(body.get("MaDonViTiepNhan") or ""),
        channel=channels.get(str(body.get("KenhThucHien") or "2"), "online"),  # type: ignore[arg-type]
        filed_at=filed,
        summary=str(body.get("TrichYeuHoSo") or ""),
        origin="portal",
        case=str(body.get("TruongHop") or ""),
        applicant={
            name: value
            for name, value in {
                "name": person.get("HoVaTen"),
                "number": person.get("SoDinhDanh"),
                "kind": kinds.get(str(person.get("LoaiTaiKhoan") or "1"), "person"),
                "technical_id": person.get("TechID"),
                "email": person.get("Email"),
                "phone": person.get("SoDienThoai"),
                "vneid": person.get("VNeID"),
            }.items()
            if value is not None
        },
        form={"fields": body.get("BieuMau") or {}, "papers": body.get("TaiLieuNop") or []},
    )
    try:
        acting.file(conn, ACTOR, filing)
    except Conflict:
        # Pushed again with other words: the dossier is there, what came stands beside it.
        audit.write(conn, ACTOR, "portal.again", {"dossier": code})


def _supplement(
    conn: psycopg.Connection[Any], code: str, body: Mapping[str, Any], moment: datetime
) -> None:
    found = dossiers.find(conn, code)
    papers = body.get("data", body).get("TaiLieuNop") or body.get("TaiLieuNop") or []
    acting.move(
        conn,
        ACTOR,
        frozenset({"receiver"}),
        code,
        "supplement",
        {"papers": len(papers)},
        at=max(moment, found.filed_at),
    )
