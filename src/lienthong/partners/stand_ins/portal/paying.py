"""The payment platform of the stand-in: INIT, QUERY and GET_BILL from us, a page where a citizen pays, the callback.

A message is sealed by SHA-256 over its values joined with “|”, the secret last, as the sheet describes it.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Mapping
from typing import Any

import msgspec

from lienthong.clock import local
from lienthong.dossiers.papers import printing
from lienthong.dossiers.papers.filling import Part, Piece, Sheet, Text
from lienthong.partners.stand_ins.portal.memory import Memory, moment
from lienthong.partners.stand_ins.portal.pushing import Pushing

ORDER = {
    "INIT": (
        "LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "SoTien", "LoaiHinhThanhToan", "MaKenhThanhToan",
        "MaThietBi", "NgonNgu", "MaTienTe", "MaNganHang", "ThongTinGiaoDich", "ThoiGianGD", "Ip",
    ),
    "CALLBACK": (
        "LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich", "MaNganHang",
        "ThoiGianGD", "ThongTinGiaoDich",
    ),
    "QUERY": ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD"),
    "GET_BILL": ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD"),
}  # fmt: skip
PAID, OPEN = "00", "01"


def seal(kind: str, said: Mapping[str, Any], secret: str) -> str:
    """The MaXacThuc of a message."""
    parts = [str(said.get(name) or "") for name in ORDER[kind]]
    return hashlib.sha256("|".join([*parts, secret]).encode()).hexdigest()


class Paying:
    """Payments by their reference; what citizens pay is called back through the pushes."""

    def __init__(self, memory: Memory, pushing: Pushing, address: str, secret: str) -> None:
        self.memory, self.pushing, self.address, self.secret = memory, pushing, address, secret
        self._numbers = itertools.count(1)

    def answer(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one message of ours."""
        kind = str(said.get("LoaiBanTin") or "")
        self.memory.count(f"payment {kind}")
        reference = str(said.get("MaThamChieu") or "")
        if kind not in ORDER or kind == "CALLBACK":
            return {"error_code": "-1", "message": f"LoaiBanTin {kind[:20]}"}
        if not hmac.compare_digest(str(said.get("MaXacThuc") or ""), seal(kind, said, self.secret)):
            return {"error_code": "-1", "message": "Sai mã xác thực"}
        if kind == "INIT":
            return self._init(reference, said)
        held = self.memory.payments.get(reference)
        if held is None:
            return {"error_code": "-1", "message": "Không tìm thấy giao dịch", "MaLoi": "-1"}
        state = PAID if held.get("paid_at") else OPEN
        known = {"MaThamChieu": reference, "SoTien": held["amount"], "TrangThaiGD": state, "MaLoi": "00",
                 "MaGiaoDich": held.get("transaction", ""), "MaDoiTac": held["partner"]}  # fmt: skip
        return {"error_code": "0", "message": msgspec.json.encode(known).decode(), **known}

    def _init(self, reference: str, said: Mapping[str, Any]) -> dict[str, Any]:
        about = said.get("ThongTinBienLai") or {}
        if not self.memory.payments.get(reference):
            self.memory.change("payment", key=reference, fields={
                "amount": str(said.get("SoTien") or "0"), "partner": str(said.get("MaDoiTac") or ""),
                "dossier": str(about.get("MaHoSo") or ""), "about": str(said.get("ThongTinGiaoDich") or ""),
                "asked_at": self.memory.now().isoformat(), "paid_at": "",
            })  # fmt: skip
        link = {"UrlThanhToan": f"{self.address}/pay/{reference}"}
        return {"error_code": "0", "message": msgspec.json.encode(link).decode()}

    def pay(self, reference: str) -> str:
        """A citizen pays: the money is there, the callback goes out. The dossier it is for."""
        held = self.memory.payments[reference]
        if not held.get("paid_at"):
            now = self.memory.now()
            transaction = f"GD{local(now):%Y%m%d%H%M%S}{next(self._numbers):04d}"
            self.memory.change(
                "payment",
                key=reference,
                fields={"paid_at": now.isoformat(), "transaction": transaction},
            )
            self.pushing.add("payment", held["dossier"], self.callback(reference))
        return str(held["dossier"])

    def callback(self, reference: str) -> dict[str, Any]:
        """The message that says that a fee was paid."""
        held = self.memory.payments[reference]
        said = {
            "LoaiBanTin": "PAY", "MaLoi": PAID, "MaDoiTac": held["partner"], "MaThamChieu": reference,
            "SoTien": held["amount"], "MaTienTe": "VND", "MaGiaoDich": held["transaction"], "MaNganHang": "NHM",
            "ThoiGianGD": f"{local(self.memory.now()):%Y%m%d%H%M%S}", "ThongTinGiaoDich": held["about"],
        }  # fmt: skip
        return said | {"MaXacThuc": seal("CALLBACK", said, self.secret)}

    def bill(self, reference: str) -> bytes | None:
        """The bill of a paid fee as a PDF that says what it is; None before it is paid."""
        held = self.memory.payments.get(reference, {})
        paid = moment(held.get("paid_at"))
        if paid is None:
            return None
        lines = (
            "BIÊN LAI THU PHÍ, LỆ PHÍ", "Hệ thống đóng thế – không có giá trị thanh toán",
            f"Số tham chiếu: {reference}",
            f"Số tiền: {held['amount']} đồng", f"Mã giao dịch: {held.get('transaction', '')}",
            f"Nội dung: {held.get('about', '')}", f"Thời gian: {local(paid):%d/%m/%Y %H:%M:%S}",
        )  # fmt: skip
        parts: list[Part] = [
            Text(pieces=[Piece(text=line)], level=int(not at)) for at, line in enumerate(lines)
        ]
        return printing.pdf(Sheet(title=lines[0], parts=parts), paid).pdf

    def of(self, dossier: str) -> list[tuple[str, dict[str, Any]]]:
        """The payments of a dossier, the newest last."""
        return [
            (ref, one) for ref, one in self.memory.payments.items() if one["dossier"] == dossier
        ]
