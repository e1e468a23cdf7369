"""The citizen's store of electronic results: what was issued to somebody and need not be asked for again.

Each look is for one dossier, by one official, for its applicant only, and is written to the read log by the gate.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg

from lienthong import audit
from lienthong.access import Actor
from lienthong.dossiers import dossier as dossiers
from lienthong.dossiers import gate
from lienthong.errors import Refused
from lienthong.partners.portal.client import Client
from lienthong.procedures import catalogue

OFFICER = "1"
"""KenhThucHien of a question that an official asks (2: the citizen)."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One result in the store; `replaces` are the components of the procedure that it may stand for."""

    code: str
    name: str
    number: str
    issuer: str
    files: tuple[tuple[str, str], ...] = ()
    replaces: tuple[str, ...] = ()


def look(conn: psycopg.Connection[Any], client: Client, actor: Actor, code: str) -> list[Stored]:
    """What the store holds of a dossier's applicant. Raises Refused when their number is not known."""
    gate.reads(conn, actor, code)
    found = dossiers.find(conn, code)
    row = conn.execute("SELECT applicant FROM dossiers.dossier WHERE code = %s", [code]).fetchone()
    applicant: Mapping[str, Any] = row[0] if row else {}
    if not applicant.get("number"):
        raise Refused("portal.lacks", "The message lacks %(name)s.", name="SoDinhDanh")
    procedure = catalogue.version(conn, found.procedure, found.procedure_version).procedure
    wanted = {
        one.result_code: one.code or one.name.get("vi", "")
        for one in procedure.components
        if one.result_code
    }
    answer = client.call("personal_store", {
        "SoDinhDanhChuSoHuu": applicant["number"], "HoTenNguoiYeuCau": actor.name or actor.id,
        "KenhThucHien": OFFICER, "MaThuTuc": found.procedure,
        "DanhSachDanhMucKetQua": [{"MaKetQua": result} for result in wanted],
    })  # fmt: skip
    audit.write(conn, actor, "portal.store_asked", {"dossier": code, "procedure": found.procedure})
    out = []
    for item in answer.result:
        for one in item.get("DanhSachGiayToKetQua") or () if isinstance(item, Mapping) else ():
            result = str(one.get("MaKetQua") or "")
            out.append(
                Stored(
                    code=result,
                    name=str(one.get("TenGiayTo") or ""),
                    number=str(one.get("SoKyHieu") or ""),
                    issuer=str(one.get("CoQuanChuQuan") or ""),
                    files=tuple(
                        (str(file.get("TenTep") or ""), str(file.get("DuongDan") or ""))
                        for file in one.get("DanhSachTepDinhKem") or ()
                    ),
                    replaces=(wanted[result],) if result in wanted else (),
                )
            )
    return out


def file(client: Client, stored: Stored, address: str) -> bytes:
    """One file of a stored result. Raises Refused when it comes empty or unreadable."""
    answer = client.call("personal_file", {"CoQuanChuQuan": stored.issuer, "DuongDan": address})
    said = next((one for one in answer.result if isinstance(one, str)), "")
    try:
        data = base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise Refused(
            "portal.paper-empty", "Paper “%(name)s” is empty or cannot be read.", name=stored.name
        )
    return data
