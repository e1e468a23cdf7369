"""Makes dossiers, supplements, withdrawals, payments, questions and ratings of the messages that the Portal pushed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from lienthong import audit, clock
from lienthong.dossiers import acting, codes
from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers.dossier import Filing
from lienthong.errors import Conflict, Refused
from lienthong.partners.portal import mapping, payments, questions, ratings, times
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.papers import announce
from lienthong.partners.portal.profile import profile
from lienthong.procedures.agencies import agencies
from lienthong.procedures.procedure import national_code

ACTOR = "portal"
AHEAD = timedelta(minutes=5)
"""How far the Portal's clock may run before ours."""


class Context(NamedTuple):
    """What resolving needs beside the message."""

    home: Path | None
    now: datetime
    client: Client | None = None
    position: int = 0


def _dossier(
    conn: psycopg.Connection[Any], code: str, body: Mapping[str, Any], context: Context
) -> None:
    words = context.client.profile if context.client else profile()
    filed = times.read(body.get("NgayNopHoSo"))
    if filed is None:
        raise Refused("portal.lacks", "The message lacks %(name)s.", name="NgayNopHoSo")
    if filed > context.now + AHEAD:
        # Nothing could be done to it before that moment; when it is only a clock that runs ahead, it is tried again.
        raise Refused(
            "portal.future",
            "The message says that it was filed in the future: %(moment)s.",
            moment=f"{clock.local(filed):%d/%m/%Y %H:%M}",
        )
    if not isinstance(body.get("BieuMau") or {}, Mapping):
        raise ValueError("BieuMau")
    on: date = clock.local(context.now).date()
    asked = str(body.get("MaDonViTiepNhan") or codes.parse(code).unit)
    unit = agencies(context.home).today(mapping.mapped(conn, "agency", asked, on), on)
    procedure = mapping.mapped(conn, "procedure", str(body.get("MaTTHC") or ""), on)
    person = body.get("NguoiNop") or {}
    technical_id = person.get("TechID") or _technical_id(person, context)
    if not technical_id:
        raise Refused("portal.lacks", "The message lacks %(name)s.", name="TechID")
    papers = body.get("TaiLieuNop") or []
    _readable_signatures(papers)
    channels = {number: name for name, number in words.channel.items()}
    kinds = {number: name for name, number in words.applicant.items()}
    filing = Filing(
        code=code,
        procedure=national_code(procedure),
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
                "kind": kinds.get(str(person.get("LoaiTaiKhoan"))),
                "technical_id": technical_id,
                "email": person.get("Email"),
                "phone": person.get("SoDienThoai"),
                "vneid": person.get("VNeID"),
            }.items()
            if value is not None
        },
        form={"fields": body.get("BieuMau") or {}, "papers": [_paper(one) for one in papers]},
    )
    try:
        with conn.transaction():
            acting.file(conn, ACTOR, filing)
    except Conflict:
        there = dossiers.find(conn, code)
        if there.origin != "portal" or there.filed_at != filed:
            raise  # a desk gave the same code to somebody else: a person must see it, nothing may swallow it
        # Pushed again with other words: the dossier is there, what came stands beside it.
        audit.write(conn, ACTOR, "portal.again", {"dossier": code})
    announce(conn, context.position, code, "dossier", papers)


def _paper(one: Mapping[str, Any]) -> dict[str, str]:
    """A paper of the message in our words; its bytes stay with the message."""
    said = {"component": one.get("MaThanhPhanHoSo"), "name": one.get("TenTepDinhKem")}
    return {name: str(value) for name, value in said.items() if value}


def _technical_id(person: Mapping[str, Any], context: Context) -> str | None:
    """A message without the Portal's own id of the person: asked for by the person's number."""
    number = person.get("SoDinhDanh")
    if not number or context.client is None:
        return None
    return context.client.technical_id(str(number))


def _readable_signatures(papers: Any) -> None:
    """An electronic signature that came with a paper must be one; else a person looks at it and tells the applicant."""
    for paper in papers:
        said = paper.get("ChuKySo")
        if said is None or said == "":
            continue
        try:
            found = base64.b64decode(str(said), validate=True)
        except (binascii.Error, ValueError):
            found = b""
        if found[:1] not in (b"\x30", b"<"):  # CMS begins with a sequence, XML-DSig with a mark
            raise Refused(
                "portal.signature",
                "The electronic signature of paper %(paper)s cannot be read.",
                paper=str(paper.get("MaThanhPhanHoSo") or "?")[:40],
            )


def _supplement(
    conn: psycopg.Connection[Any], code: str, body: Mapping[str, Any], context: Context
) -> None:
    found = dossiers.find(conn, code)
    inner = body.get("data") or body
    papers = inner.get("TaiLieuNop") or body.get("TaiLieuNop") or []
    _readable_signatures(papers)
    acting.move(
        conn,
        ACTOR,
        frozenset({"receiver"}),
        code,
        "supplement",
        {"papers": len(papers)},
        at=max(context.now, found.filed_at),
    )
    announce(conn, context.position, code, "supplement", papers)


def _withdrawal(
    conn: psycopg.Connection[Any], code: str, body: Mapping[str, Any], context: Context
) -> None:
    """The applicant takes it back. One that has ended meanwhile cannot be: a person sees it and tells them."""
    found = dossiers.find(conn, code)
    if found.state == "withdrawn":
        return  # taken back at the desk too: both want the same
    inner = body.get("data") or body
    reason = str(inner.get("LyDo") or "").strip()[:1000]
    last = dossiers.events(conn, code)[-1].at
    acting.move(
        conn,
        ACTOR,
        frozenset({"applicant"}),
        code,
        "withdraw",
        {"reason": reason} if reason else {},
        at=max(context.now, last),
    )


def _payment(
    conn: psycopg.Connection[Any], code: str, body: Mapping[str, Any], context: Context
) -> None:
    payments.called_back(conn, body, context.home, context.now)


def _question(
    conn: psycopg.Connection[Any], code: str, body: Mapping[str, Any], context: Context
) -> None:
    questions.keep(conn, body, context.now)


def _rating(
    conn: psycopg.Connection[Any], code: str, body: Mapping[str, Any], context: Context
) -> None:
    ratings.keep(conn, code, body, context.now)


KINDS: dict[str, Callable[[psycopg.Connection[Any], str, Mapping[str, Any], Context], None]] = {
    "dossier": _dossier,
    "supplement": _supplement,
    "withdrawal": _withdrawal,
    "payment": _payment,
    "question": _question,
    "rating": _rating,
}
"""What is made of each kind of message."""
