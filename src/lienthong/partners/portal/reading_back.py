"""What the Portal has of one dossier (TraCuuHoSo), however it writes it: one spelling of names, numbers and moments.

What is compared with the ledger decides whether a step goes out again, and a repeated step doubles over there. So a
number as a number, a moment with separators or a name in other capitals must not look like something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lienthong.errors import Refused
from lienthong.partners.portal import envelope, times

NAMES = (
    "MaHoSo", "TrangThaiHoSo", "NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy", "NgayTuChoi",
    "TienDo", "ThoiDiemXuLy", "TrangThai", "NguoiXuLy", "PhongBanXuLy", "NoiDungXuLy",
)  # fmt: skip
"""The fields that we read back."""
_NAMES = {name.lower(): name for name in NAMES}
_NUMBERS = ("TrangThaiHoSo", "TrangThai")


def one_of(result: tuple[Any, ...], code: str) -> Mapping[str, Any] | None:
    """The dossier of that code among what was found, in one spelling; None when nothing was found.

    {} when something was found that says nothing. Raises Refused when only other dossiers were found.
    """
    found = [
        plain(item, code) for item in map(envelope.opened, result) if isinstance(item, Mapping)
    ]
    own = [item for item in found if item["MaHoSo"] == code]
    if own:
        return own[0]
    if found:
        raise Refused(
            "portal.other-dossier",
            "The Portal answered about another dossier than %(number)s.",
            number=code,
        )
    return {} if result else None


def plain(said: Mapping[str, Any], code: str) -> dict[str, Any]:
    """One dossier with its steps in our spelling; what cannot be read stays as it was written."""
    out = _spelled(said)
    out["MaHoSo"] = str(out.get("MaHoSo") or code).strip()
    if "TienDo" in out:
        steps = envelope.opened(out["TienDo"])
        listed = [steps] if isinstance(steps, Mapping) else steps
        if listed is None or listed == "":
            listed = []
        out["TienDo"] = (
            [{"MaHoSo": code, **_spelled(one)} for one in listed if isinstance(one, Mapping)]
            if isinstance(listed, list)
            else None
        )
    return out


def _spelled(said: Mapping[str, Any]) -> dict[str, Any]:
    out = {_NAMES.get(str(name).lower(), str(name)): value for name, value in said.items()}
    for name in _NUMBERS:
        if name in out:
            out[name] = _number(out[name])
    for name, value in out.items():
        if name.startswith(("Ngay", "ThoiDiem")):
            out[name] = _moment(value)
    return {name: value for name, value in out.items() if value is not None}


def _number(value: Any) -> Any:
    """9, 9.0, '9' and '09' are the same state."""
    try:
        found = float(str(value).strip())
        return str(int(found)) if found == int(found) else value
    except (ValueError, OverflowError):  # text, NaN, a number without end
        return value


def _moment(value: Any) -> Any:
    try:
        return times.written(times.read(value))
    except Refused:
        return value
