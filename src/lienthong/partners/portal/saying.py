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
from lienthong.dossiers.history import FILED, Event, account
from lienthong.dossiers.moves import Moves, moves
from lienthong.errors import Refused
from lienthong.partners.portal.ledger import Work
from lienthong.partners.portal.profile import Profile
from lienthong.partners.portal.times import written


class Unsayable(Refused):
    """Something the Portal insists on is not known; `missing` names its fields."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            "portal.unsayable",
            "The dossier cannot be sent without inventing: %(missing)s.",
            missing=", ".join(missing),
        )
        self.missing = tuple(missing)


def dossier_fields(work: Work, words: Profile) -> dict[str, Any]:
    """One dossier for DongBoHoSoMC, as of its last event, in the profile's generation. Raises Unsayable."""
    dossier, applicant, events = work.dossier, work.applicant, work.events
    said = {
        "MaHoSo": dossier.code,
        "MaTTHC": dossier.procedure,
        "TenTTHC": work.procedure.name.get("vi"),
        "MaLinhVuc": work.field_code or None,
        "TenLinhVuc": work.procedure.field or None,
        "KenhThucHien": words.channel.get(dossier.channel),
        "ChuHoSo": applicant.get("name"),
        "SoGiayToChuHoSo": applicant.get("number"),
        "LoaiDoiTuong": words.applicant.get(str(applicant.get("kind"))),
        "MaDoiTuong": applicant.get("technical_id") or work.technical_id,
        "DinhDanhCHS": _identities(applicant, words),
        "Email": applicant.get("email"),
        "SoDienThoai": applicant.get("phone"),
        "TrichYeuHoSo": _cut(dossier.summary, words.limits["TrichYeuHoSo"]),
        "NgayNopHoSo": written(dossier.filed_at),
        "NgayTiepNhan": written(dossier.received_at),
        "NgayHenTra": written(dossier.due_at),
        "TrangThaiHoSo": words.states.get(dossier.state),
        "NgayTra": written(dossier.returned_at),
        # Nobody asked for the post: then the result lies at the counter, which is a fact about us.
        "HinhThuc": words.hand_over.get(str(applicant.get("hand_over") or "counter")),
        "NgayKetThucXuLy": written(dossier.settled_at),
        "NgayTuChoi": written(next((e.at for e in events if e.to_state == "not_received"), None)),
        "DonViXuLy": work.unit_name or dossier.unit,
        "NoiNopHoSo": words.filed_at["portal" if dossier.origin == "portal" else "here"],
        "HoSoCoThanhPhanSoHoa": _flag(_digitised(work)),
        "TaiKhoanDuocXacThucVoiVNeID": _flag(applicant.get("vneid")),
        "DuocThanhToanTrucTuyen": _paid(work, words),
        "DSKetNoiCSDL": _databases(applicant, words),
        "TaiLieuNop": [_paper(one, words) for one in work.papers],
        "DanhSachLePhi": [_fee(one) for one in work.fees],
        # Rounds of the dossier itself: what a correction asked for goes out as steps and counts against nobody.
        "DanhSachHoSoBoSung": _supplements(account(events, moves()), work),
        "DanhSachGiayToKetQua": _results(work, words),
    }
    missing = [name for name in _mandatory(work, words) if not said.get(name)]
    if missing:
        raise Unsayable(missing)
    left_out = words.left_out
    return {
        name: _without(value, left_out)
        for name, value in said.items()
        if value is not None and name not in left_out
    }


def _mandatory(work: Work, words: Profile) -> list[str]:
    """What the profile insists on for this dossier: some fields only for one channel."""
    return [
        name
        for name, condition in words.mandatory.items()
        if condition in ("always", work.dossier.channel)
    ]


def needs_technical_id(work: Work, words: Profile) -> bool:
    """Whether the Portal's own id of the applicant is asked for and not known yet."""
    known = work.applicant.get("technical_id") or work.technical_id
    return not known and "MaDoiTuong" in _mandatory(work, words)


TELLS_WHY = ("not_received", "stopped")
"""States that the citizen must be told the reason of; no other field of the exchange carries it."""
LONGEST_STEP = 500
"""Characters of what is said of a step (ours: no source sets a limit)."""


def step_fields(
    dossier: Dossier, event: Event, table: Moves, words: Profile, work: Work | None = None
) -> dict[str, Any]:
    """One step for CapNhatTienDoHoSoMC. People and units are called by their names where those are known."""
    unit = (work.unit_name if work else "") or dossier.unit
    # Whoever has no name here (an account that is gone, the clock) acted for the agency: an account is nobody's name.
    who = (work.names if work else {}).get(event.actor) or unit
    label = next((m.vi for m in table.moves if m.act == event.act and m.to == event.to_state), None)
    said = label or table.states[event.to_state].vi
    reason = event.about.get("reason")
    if event.to_state in TELLS_WHY and isinstance(reason, str) and reason.strip():
        said = f"{said}: {' '.join(reason.split())}"
    return {
        "MaHoSo": dossier.code,
        "NguoiXuLy": _cut(who, words.limits["NguoiXuLy"]),
        "ThoiDiemXuLy": written(event.at),
        "PhongBanXuLy": unit,
        "NoiDungXuLy": said[:LONGEST_STEP],
        "TrangThai": words.states[event.to_state],
    }


def steps_of(events: Sequence[Event]) -> list[Event]:
    """The events that are steps over there: every move between states, nothing else."""
    return [one for one in events if one.act != FILED and one.from_state != one.to_state]


PRINTED = ("MaHoSo", "ThoiDiemXuLy", "TrangThai")


def fingerprint(step: Mapping[str, Any]) -> str:
    """What tells a step from another one on both sides: it has no number on the wire.

    Texts are left out: the Portal may cut them, and a person may be renamed.
    """
    parts = [str(step.get(name, "") or "") for name in PRINTED]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]


def _identities(applicant: Mapping[str, Any], words: Profile) -> list[dict[str, str]] | None:
    """The personal number with its kind, which its length tells: 12 digits, or 9 of the old card."""
    number = str(applicant.get("number") or "")
    told = {12: "cccd", 9: "cmnd"}.get(len(number)) if number.isdigit() else None
    kind = words.identity.get(str(applicant.get("number_kind") or told))
    return [{"LoaiDinhDanh": kind, "SoDinhDanh": number}] if kind and number else None


def _digitised(work: Work) -> bool | None:
    said = work.applicant.get("digitised")
    if said is not None or not work.papers:
        return said
    return any(one["digitised"] for one in work.papers)


def _paid(work: Work, words: Profile) -> str | None:
    """How it was paid, when we know: through the Portal's platform, or nothing was to be paid at all."""
    said = work.applicant.get("paid_online")
    if said is not None:
        return str(said)
    if any(one["paid"] for one in work.fees):
        return words.paid["portal"]
    return words.paid["none"] if work.procedure.free else None


def _databases(applicant: Mapping[str, Any], words: Profile) -> list[dict[str, str]] | None:
    """The databases that were really asked for this dossier."""
    asked = [words.databases.get(str(name)) for name in applicant.get("databases") or ()]
    return [{"MaCSDL": code} for code in asked if code] or None


def _paper(one: Mapping[str, Any], words: Profile) -> dict[str, Any]:
    """A paper of the applicant with the signed link under which the Portal fetches it."""
    return {
        "TepDinhKemId": str(one["id"]),
        "TenTepDinhKem": _cut(one["name"], words.limits["TenTepDinhKem"]),
        "IsDeleted": "False",
        "MaThanhPhanHoSo": one["component"] or None,
        "DuongDanTaiTepTin": one["link"],
        "DuocSoHoa": _flag(one["digitised"]),
        "DuocLayTuKhoDMQG": _flag(one.get("from_store")),
    }


def _fee(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "TenPhiLePhi": one.get("name") or None,
        "MaPhiLePhi": one.get("code") or None,
        "Gia": one["amount"],
    }


def _supplements(events: Sequence[Event], work: Work) -> list[dict[str, Any]]:
    rounds: list[dict[str, Any]] = []
    for event in events:
        if event.to_state == "supplement":
            asked = ", ".join(str(part) for part in event.about.get("components", ()))
            rounds.append({
                "HoSoBoSungId": len(rounds) + 1, "NguoiYeuCauBoSung": work.names.get(event.actor, event.actor),
                "NoiDungBoSung": asked or None, "NgayBoSung": written(event.at), "TrangThaiBoSung": False,
            })  # fmt: skip
        elif event.from_state == "supplement" and rounds:
            rounds[-1] |= {
                "NgayTiepNhanBoSung": written(event.at),
                "TrangThaiBoSung": event.act == "supplement",
            }
    return rounds


def _results(work: Work, words: Profile) -> list[dict[str, Any]]:
    """What came out, only when it is settled: as kept with its file, else as the decision named it."""
    settled = [event for event in work.events if event.to_state == "settled"]
    if not settled or work.dossier.state not in ("settled", "returned"):
        return []
    most = words.limits["TenGiayTo"]
    if work.results:
        return [
            {
                "TenGiayTo": _cut(one["name"], most),
                "MaGiayToKetQua": one["code"] or None,
                "GiayToId": one["id"],
                "DuongDanTepTinKetQua": one["link"],
            }
            for one in work.results
        ]
    about = settled[-1].about
    named = about.get("result")
    if not isinstance(named, str):
        named = str(named.get("name") or "") if isinstance(named, dict) else ""
    return [{"TenGiayTo": _cut(named, most), "MaGiayToKetQua": about.get("result_code")}]


def _without(value: Any, left_out: frozenset[str]) -> Any:
    """Lines of a list without the fields that this generation does not know."""
    if not left_out or not isinstance(value, list):
        return value
    return [{name: said for name, said in one.items() if name not in left_out} for one in value]


def _flag(value: Any) -> str | None:
    """A yes or no that is known; what is not known is not sent as a no."""
    return None if value is None else ("1" if value else "0")


def _cut(text: str, most: int) -> str | None:
    return text[:most] or None
