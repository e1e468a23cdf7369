"""What a pushed message has and what it lacks, without any value of a person: enough to decide what to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lienthong.errors import Refused
from lienthong.partners.portal import times


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One member: its name as the Portal writes it, its meaning, and its value when that tells of nobody.

    `value` is None when it is there and personal, '' when it is missing.
    """

    name: str
    meaning: str
    value: Any = None
    wrong: bool = False


OPEN = {
    "dossier": [
        ("MaTTHC", "Procedure"), ("MaDonViTiepNhan", "Agency"), ("NgayNopHoSo", "Filed at"),
        ("KenhThucHien", "Channel"),
    ],
    "supplement": [("MaTTHC", "Procedure"), ("NgayBoSung", "Sent at")],
    "withdrawal": [("MaTTHC", "Procedure"), ("NgayRutHoSo", "Sent at")],
    "payment": [
        ("MaThamChieu", "Reference"), ("SoTien", "Amount"), ("MaGiaoDich", "Transaction"), ("MaLoi", "Result code"),
        ("ThoiGianGD", "Paid at"), ("MaDoiTac", "Partner"),
    ],
    "question": [
        ("HOIDAPID", "Number of the question"), ("MADONVI", "Agency"), ("MATTHCDP", "Procedure"),
        ("NGAYHOI", "Asked at"),
    ],
    "rating": [("MucDoHaiLong", "Overall"), ("NgayDanhGia", "Rated at")],
}  # fmt: skip
"""Members that tell of nobody, with an English word (a gettext key) for each."""
PERSON = [
    ("TechID", "The Portal's id of the applicant"), ("HoVaTen", "Applicant's name"),
    ("SoDinhDanh", "Applicant's number"), ("LoaiTaiKhoan", "Kind of applicant"),
]  # fmt: skip
MOMENTS = ("NgayNopHoSo", "NgayBoSung", "NgayRutHoSo", "ThoiGianGD", "NGAYHOI", "NgayDanhGia")


def outline(kind: str, body: Mapping[str, Any]) -> list[Part]:
    """The parts of a message; tolerant of any shape."""
    if "unreadable" in body:
        return [
            Part(name="–", meaning="The message could not be read at all", value="", wrong=True)
        ]
    inner = body.get("data")
    data = inner if isinstance(inner, Mapping) else {}
    out = [_open(name, meaning, body.get(name, data.get(name))) for name, meaning in OPEN[kind]]
    if kind == "dossier":
        person = body.get("NguoiNop")
        held = person if isinstance(person, Mapping) else {}
        out += [
            Part(
                name=name,
                meaning=meaning,
                value=None if held.get(name) else "",
                wrong=not held.get(name),
            )
            for name, meaning in PERSON
        ]
    if kind in ("dossier", "supplement"):
        out += _papers(body.get("TaiLieuNop") or data.get("TaiLieuNop"))
    if kind == "payment":
        out.append(
            Part(
                name="MaXacThuc",
                meaning="Hash of the platform",
                value=None if body.get("MaXacThuc") else "",
            )
        )
    return out


def _open(name: str, meaning: str, value: Any) -> Part:
    said = "" if value is None else str(value)[:100]
    if name in MOMENTS and said:
        try:
            return Part(name=name, meaning=meaning, value=times.read(said))
        except Refused:
            return Part(name=name, meaning=meaning, value=said, wrong=True)
    return Part(name=name, meaning=meaning, value=said, wrong=not said)


def _papers(papers: Any) -> list[Part]:
    if not isinstance(papers, list):
        return [Part(name="TaiLieuNop", meaning="Papers", value="0")]
    signed = sum(isinstance(one, Mapping) and bool(one.get("ChuKySo")) for one in papers)
    return [
        Part(name="TaiLieuNop", meaning="Papers", value=str(len(papers))),
        Part(name="ChuKySo", meaning="Papers with an electronic signature", value=str(signed)),
    ]
