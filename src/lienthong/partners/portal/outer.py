"""What relays put around a pushed message, taken off; and names of its members in other capitals, read as ours.

The message is kept as it came. Only when it is read further is it looked at through this, so that a relay which wraps,
encodes twice or changes capitals makes no dossier hang.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lienthong.partners.portal import envelope

KNOWN_BY = ("MaHoSo", "MaHoSoQG", "MaThamChieu", "HOIDAPID")
"""What a message is known by, in this order."""
WRAPS = ("data", "message", "body", "payload", "result", "request", "content")
"""Under what relays put a whole message (attested: data, message; the others inferred)."""
NAMES = (
    *KNOWN_BY, "MaTTHC", "MaDonViTiepNhan", "NgayNopHoSo", "KenhThucHien", "NguoiNop", "BieuMau", "TaiLieuNop",
    "TrichYeuHoSo", "TruongHop", "TechID", "LoaiTaiKhoan", "SoDinhDanh", "HoVaTen", "Email", "SoDienThoai", "VNeID",
    "MaThanhPhanHoSo", "TenTepDinhKem", "Url", "Sha256", "Base64", "ChuKySo", "MucDoHaiLong", "TieuChi", "NgayDanhGia",
    "LoaiBanTin", "MaLoi", "MaDoiTac", "SoTien", "MaTienTe", "MaGiaoDich", "MaNganHang", "ThoiGianGD",
    "ThongTinGiaoDich", "MaXacThuc", "NOIDUNG", "MADONVI", "MALINHVUC", "MATTHCDP", "TRANGTHAI", "NGAYHOI", "data",
)  # fmt: skip
AS_TYPED = ("BieuMau", "TieuChi")
"""Whose members are the names of a form: they stay as they are."""
LAYERS = 4


def read(said: Mapping[str, Any]) -> dict[str, Any]:
    """The message inside, in our spelling; the message itself when nothing is around it. Pure."""
    found: Mapping[str, Any] = said
    for _ in range(LAYERS):
        spelled = _spelled(found)
        if known_by(spelled):
            return spelled
        inner = _inside(found)
        if inner is None:
            break
        found = inner
    return _spelled(said)


def known_by(said: Mapping[str, Any]) -> str:
    """The number or reference of a message; '' without any."""
    return next((str(found).strip() for name in KNOWN_BY if _is_name(found := said.get(name))), "")


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip() != ""


def _inside(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The one object under a name that relays use, also written as text or alone in a list."""
    lowered = {str(name).lower(): value for name, value in said.items()}
    for name in WRAPS:
        value = envelope.opened(lowered.get(name))
        if isinstance(value, list) and len(value) == 1:
            value = envelope.opened(value[0])
        if isinstance(value, Mapping):
            return value
    return None


def _spelled(value: Any) -> Any:
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    out: dict[str, Any] = {}
    for name, inner in value.items():
        ours = name if name in _ALL else _BY_LOWER.get(str(name).lower(), str(name))
        if ours != name and ours in value:
            ours = name  # both spellings are there: nobody can say which is meant
        out[ours] = inner if ours in AS_TYPED else _spelled(inner)
    return out


_ALL = frozenset(NAMES)
_BY_LOWER = {name.lower(): name for name in reversed(NAMES)}
