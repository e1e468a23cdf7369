"""A dossier and its steps in the Portal's words. Only here are the Portal's field names written.

Honesty: nothing is made up. A field that we do not know is left out; when it is one that the Portal insists on, the
dossier is not sent and the reason is shown to a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lienthong.dossiers.dossier import Dossier
from lienthong.dossiers.history import ASSIGN, EXTEND, FILED, Event
from lienthong.dossiers.moves import Moves
from lienthong.errors import Refused
from lienthong.partners.portal.profile import Profile
from lienthong.partners.portal.times import written
from lienthong.procedures.procedure import Procedure

MANDATORY = (
    "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "SoGiayToChuHoSo", "LoaiDoiTuong", "DinhDanhCHS",
    "NgayNopHoSo", "TrangThaiHoSo", "HinhThuc", "DonViXuLy", "NoiNopHoSo", "KenhThucHien",
)  # fmt: skip
SILENT = (ASSIGN, EXTEND)
"""Acts that are no step of the Portal: they move no state."""


class Unsayable(Refused):
    """Something the Portal insists on is not known; `missing` names its fields."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            "portal.unsayable",
            "The dossier cannot be sent without inventing: %(missing)s.",
            missing=", ".join(missing),
        )
        self.missing = tuple(missing)


def dossier_fields(
    dossier: Dossier,
    applicant: Mapping[str, Any],
    procedure: Procedure,
    events: Sequence[Event],
    words: Profile,
) -> dict[str, Any]:
    """One dossier for DongBoHoSoMC, as of its last event. Raises Unsayable."""
    received_at = dossier.received_at
    said = {
        "MaHoSo": dossier.code,
        "MaTTHC": dossier.procedure,
        "TenTTHC": procedure.name.get("vi"),
        "MaLinhVuc": applicant.get("field_code") or procedure.field or None,
        "TenLinhVuc": procedure.field or None,
        "KenhThucHien": words.channel.get(dossier.channel),
        "ChuHoSo": applicant.get("name"),
        "SoGiayToChuHoSo": applicant.get("number"),
        "LoaiDoiTuong": words.applicant.get(str(applicant.get("kind", "person"))),
        "MaDoiTuong": applicant.get("technical_id"),
        "DinhDanhCHS": _identities(applicant, words),
        "Email": applicant.get("email"),
        "SoDienThoai": applicant.get("phone"),
        "TrichYeuHoSo": _cut(dossier.summary, words.limits["TrichYeuHoSo"]),
        "NgayNopHoSo": written(dossier.filed_at),
        "NgayTiepNhan": written(received_at),
        "NgayHenTra": written(dossier.due_at),
        "TrangThaiHoSo": words.states.get(dossier.state),
        "NgayTra": written(dossier.returned_at),
        "HinhThuc": words.hand_over.get(str(applicant.get("hand_over", "counter"))),
        "NgayKetThucXuLy": written(dossier.settled_at),
        "NgayTuChoi": written(next((e.at for e in events if e.to_state == "not_received"), None)),
        "DonViXuLy": dossier.unit,
        "NoiNopHoSo": words.filed_at["portal" if dossier.origin == "portal" else "here"],
        "HoSoCoThanhPhanSoHoa": _flag(applicant.get("digitised")),
        "TaiKhoanDuocXacThucVoiVNeID": _flag(applicant.get("vneid")),
        "DuocThanhToanTrucTuyen": applicant.get("paid_online"),
        "DanhSachHoSoBoSung": _supplements(events),
        "DanhSachGiayToKetQua": _results(events),
    }
    missing = [name for name in MANDATORY if not said.get(name)]
    if missing:
        raise Unsayable(missing)
    return {name: value for name, value in said.items() if value is not None}


def step_fields(dossier: Dossier, event: Event, table: Moves, words: Profile) -> dict[str, Any]:
    """One step for CapNhatTienDoHoSoMC."""
    label = next((m.vi for m in table.moves if m.act == event.act and m.to == event.to_state), None)
    said = label or table.states[event.to_state].vi
    return {
        "MaHoSo": dossier.code,
        "NguoiXuLy": _cut(event.actor, words.limits["NguoiXuLy"]),
        "ThoiDiemXuLy": written(event.at),
        "PhongBanXuLy": dossier.unit,
        "NoiDungXuLy": said,
        "TrangThai": words.states[event.to_state],
    }


def steps_of(events: Sequence[Event]) -> list[Event]:
    """The events that are steps over there: every move between states, not the filing itself."""
    return [event for event in events if event.act != FILED and event.act not in SILENT]


PRINTED = ("MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai")


def fingerprint(step: Mapping[str, Any]) -> str:
    """What tells a step from another one on both sides: it has no number on the wire."""
    parts = [str(step.get(name, "") or "") for name in PRINTED]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]


def _identities(applicant: Mapping[str, Any], words: Profile) -> list[dict[str, str]] | None:
    kind, number = (
        words.identity.get(str(applicant.get("number_kind", "cccd"))),
        applicant.get("number"),
    )
    return [{"LoaiDinhDanh": kind, "SoDinhDanh": str(number)}] if kind and number else None


def _supplements(events: Sequence[Event]) -> list[dict[str, Any]]:
    rounds: list[dict[str, Any]] = []
    for event in events:
        if event.to_state == "supplement":
            asked = ", ".join(str(part) for part in event.about.get("components", ()))
            rounds.append({
                "HoSoBoSungId": len(rounds) + 1, "NguoiYeuCauBoSung": event.actor, "NoiDungBoSung": asked or None,
                "NgayBoSung": written(event.at), "TrangThaiBoSung": False,
            })  # fmt: skip
        elif event.from_state == "supplement" and rounds:
            rounds[-1] |= {
                "NgayTiepNhanBoSung": written(event.at),
                "TrangThaiBoSung": event.act == "supplement",
            }
    return rounds


def _results(events: Sequence[Event]) -> list[dict[str, Any]]:
    settled = [event for event in events if event.to_state == "settled"]
    if not settled:
        return []
    about = settled[-1].about
    return [{
        "TenGiayTo": str(about["result"]), "MaGiayToKetQua": about.get("result_code"),
        "DuongDanTepTinKetQua": about.get("file"),
    }]  # fmt: skip


def _flag(value: Any) -> str | None:
    """A yes or no that is known; what is not known is not sent as a no."""
    return None if value is None else ("1" if value else "0")


def _cut(text: str, most: int) -> str | None:
    return text[:most] or None
