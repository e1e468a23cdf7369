"""The catalogue that the stand-in Portal holds: procedures in the shape of LayThuTuc, agencies old and new.

It begins with the procedures that public sources name; one that no ministry has is added on purpose, so that a push
with an unmapped procedure can be shown. Procedures are added, changed and withdrawn on its page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lienthong.partners.stand_ins.portal.memory import Memory
from lienthong.procedures.agencies import Agencies
from lienthong.procedures.agencies import agencies as declared_agencies
from lienthong.procedures.known import known
from lienthong.procedures.procedure import Procedure

UNMAPPED = "1.999001"
"""A procedure that stands here and in no catalogue of a ministry."""
UNITS = {
    "working_days": "Ngày làm việc", "days": "Ngày", "months": "Tháng", "hours": "Giờ", "working_hours": "Giờ làm việc",
    "immediate": "Ngay",
}  # fmt: skip
ATTESTED = {"An toàn thực phẩm và Dinh dưỡng": "G18-YT01", "Tài chính y tế": "G18-YT09"}
"""The two codes of fields that public sources show; the others are numbered here, from 51 on, and invented."""
FIRST_INVENTED = 51
CHANNELS = {"direct": "1", "online": "2", "post": "3", "any": ""}
LEVELS = {"ministry": ("1", "Cấp Bộ"), "province": ("2", "Cấp Tỉnh"), "commune": ("4", "Cấp Xã")}


def fill(memory: Memory, own: Agencies | None = None) -> None:
    """Give an empty stand-in its first catalogue."""
    if memory.procedures:
        return
    coded = [one for one in known() if one.code]
    fields = field_codes(coded)
    shapes = [shape(one, fields) for one in coded]
    memory.change("procedures", all=[*shapes, _unmapped()])
    listed = (own or declared_agencies()).by_code.values()
    memory.change("agencies", all=[
        {"MADONVI": one.code, "TENDONVI": one.vi, "CAPDONVI": "2" if one.province else "1",
         "HIEULUC": "0" if one.until else "1", "MADONVICHA": one.parent}
        for one in listed
    ])  # fmt: skip


def field_codes(procedures: Iterable[Procedure]) -> dict[str, str]:
    """A code for each field by its name; without one the Portal takes no dossier."""
    names = sorted({one.field for one in procedures if one.field} - ATTESTED.keys())
    return ATTESTED | {name: f"G18-YT{number}" for number, name in enumerate(names, FIRST_INVENTED)}


def shape(procedure: Procedure, fields: Mapping[str, str]) -> dict[str, Any]:
    """A procedure as LayThuTuc gives it; what no source says is left empty."""
    name = procedure.field
    return {
        "MATTHC": procedure.code,
        "TENTTHC": procedure.name.get("vi", ""),
        "MACOQUANCONGBO": "G18",
        "TRANGTHAI": "1",
        "QUYETDINH": procedure.decision.number if procedure.decision else "",
        "MOTADOITUONGTHUCHIEN": ", ".join(procedure.subjects),
        "MOTACOQUANTHUCHIEN": procedure.authority,
        "YEUCAU": procedure.conditions,
        "CAPTHUCHIEN": [
            {"CAPTHUCHIEN": LEVELS[one][0], "TENCAP": LEVELS[one][1]} for one in procedure.levels if one in LEVELS
        ],
        "LINHVUCTHUCHIEN": [{"MALINHVUC": fields.get(name, ""), "TENLINHVUC": name}] if name else [],
        "CACHTHUCTHUCHIEN": [_manner(one) for one in procedure.manners],
        "THANHPHANHOSO": _components(procedure),
        "KETQUATHUCHIEN": [
            {"MAKETQUA": one.code, "TENKETQUA": one.name.get("vi", "")} for one in procedure.results
        ],
        "CANCUPHAPLY": [{"SOVANBAN": one} for one in procedure.legal_basis],
        "TRINHTUTHUCHIEN": [
            {"TRUONGHOP": "", "TRINHTU": [{"TENTRINHTU": one.name.get("vi", "")} for one in procedure.steps]}
        ] if procedure.steps else [],
    }  # fmt: skip


def components(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The papers that a procedure of this catalogue asks for; a single application where it says nothing."""
    found = [paper for case in fields.get("THANHPHANHOSO", ()) for paper in case.get("GIAYTO", ())]
    return found or [
        {"MAGIAYTO": "TP01", "TENGIAYTO": "Đơn đề nghị", "SOBANCHINH": "1", "SOBANSAO": "0"}
    ]


def _manner(manner: Any) -> dict[str, Any]:
    fees = [
        {"MAPHILEPHI": one.code, "SOTIEN": str(one.amount), "DONVI": "Đồng", "MOTA": one.name.get("vi", "")}
        for one in manner.fees or ()
    ]  # fmt: skip
    return {
        "KENH": CHANNELS.get(manner.channel, ""),
        "THOIGIAN": [
            {"THOIGIANGIAIQUYET": f"{one.value:g}" if one.value else "", "DONVITINH": UNITS[one.unit], "MOTA": one.case,
             "PHILEPHI": fees}
            for one in manner.limits
        ] or ([{"THOIGIANGIAIQUYET": "", "DONVITINH": "", "MOTA": "", "PHILEPHI": fees}] if fees else []),
    }  # fmt: skip


def _components(procedure: Procedure) -> list[dict[str, Any]]:
    cases: dict[str, list[dict[str, Any]]] = {}
    for number, one in enumerate(procedure.components, 1):
        cases.setdefault(one.case, []).append({
            "MAGIAYTO": one.code or f"TP{number:02d}", "TENGIAYTO": one.name.get("vi", ""),
            "SOBANCHINH": "" if one.originals is None else str(one.originals),
            "SOBANSAO": "" if one.copies is None else str(one.copies),
            "MA_KQ_THAYTHE": one.result_code, "TENMAUDON": one.form,
        })  # fmt: skip
    return [{"TRUONGHOP": case, "GIAYTO": papers} for case, papers in cases.items()]


def _unmapped() -> dict[str, Any]:
    return {
        "MATTHC": UNMAPPED, "TENTTHC": "Thủ tục thử, chưa có trong danh mục của Bộ nào", "MACOQUANCONGBO": "G99",
        "TRANGTHAI": "1", "LINHVUCTHUCHIEN": [{"MALINHVUC": "G99-TH01", "TENLINHVUC": "Thử nghiệm"}],
    }  # fmt: skip
