"""Messages to the payment platform: INIT for a fee, QUERY for one that nobody called back about, then its bill."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from lienthong.dossiers import dossier as dossiers
from lienthong.errors import Refused
from lienthong.partners.portal import envelope, payments, sayings, times
from lienthong.partners.portal.bills import fetch_bills
from lienthong.partners.portal.client import Client
from lienthong.partners.portal.payments import Payment, Terms
from lienthong.procedures import catalogue


class Platform:
    """The payment platform at an address, spoken to with the connections of the Portal's client."""

    def __init__(self, client: Client, url: str, home: Path, check: str | None = None) -> None:
        self.client, self._url, self._home, self._check = client, url.rstrip("/"), home, check
        self._words = client.profile.payment

    def round(self, conn: psycopg.Connection[Any], now: datetime) -> int:
        """Ask for what is to be paid, ask about what was not called back, let go on what was paid; how many changed."""
        known = payments.terms(self._home)
        changed = payments.collect(conn, now)
        for one in payments.due(conn, now):
            try:
                with conn.transaction():
                    changed += self._one(conn, one, known, now)
                failure = None
            except Refused as refused:
                failure = sayings.kept(refused)
            if failure is not None or one.state == "open":
                self._later(conn, one, failure, now)
        return changed + fetch_bills(
            conn, self.client, self._url, self._home, now, check=self._check
        )

    def _one(
        self, conn: psycopg.Connection[Any], one: Payment, known: Terms, now: datetime
    ) -> bool:
        if one.state == "asked":
            address = self._ask(self._init(conn, one, known, now), "init").get("UrlThanhToan")
            if not address:
                raise Refused("portal.payment-address", "The platform gave no address to pay at.")
            conn.execute(
                "UPDATE portal.payment SET state = 'open', address = %s, opened_at = %s, next_at = %s, failure = NULL"
                " WHERE reference = %s AND state = 'asked'",
                [str(address)[:2000], now, now + payments.FIRST_WAIT, one.reference],
            )
            return True
        if one.state == "paid":
            return payments.go_on(conn, one.reference, now)
        return self._query(conn, one, known, now)

    def _query(
        self, conn: psycopg.Connection[Any], one: Payment, known: Terms, now: datetime
    ) -> bool:
        said = self._ask(self._signed("QUERY", {
            "LoaiBanTin": "QUERY", "PhienBan": self._words["version"], "MaDoiTac": known.partner,
            "MaThamChieu": one.reference, "ThoiGianGD": times.written(now),
        }, known), "query")  # fmt: skip
        if str(said.get("TrangThaiGD") or "") not in self._words["settled"]:
            return False
        code = str(said.get("MaLoi") or "").strip()
        if code and code not in self._words["success"]:
            # Paid in one word and failed in another: nobody's money is counted on such an answer.
            raise Refused(
                "portal.payment-refused",
                "The payment platform refused (%(number)s): %(said)s",
                number=code[:20],
                said=str(said.get("MoTaLoi") or "–")[:200],
            )
        if str(said.get("MaThamChieu") or "") != one.reference:
            raise Refused(
                "portal.payment-other",
                "The platform answered about another payment than %(reference)s.",
                reference=one.reference,
            )
        if str(said.get("SoTien") or "") != str(one.amount):
            raise Refused(
                "portal.payment-amount",
                "Another sum was paid than the %(amount)s đồng that were asked for.",
                amount=one.amount,
            )
        payments.settle(conn, one.reference, str(said.get("MaGiaoDich") or ""), now)
        return True

    def _init(
        self, conn: psycopg.Connection[Any], one: Payment, known: Terms, now: datetime
    ) -> dict[str, Any]:
        """The INIT message; raises Refused naming what nobody here knows."""
        found = dossiers.find(conn, one.dossier)
        row = conn.execute(
            "SELECT applicant FROM dossiers.dossier WHERE code = %s", [one.dossier]
        ).fetchone()
        applicant: Mapping[str, Any] = row[0] if row else {}
        procedure = catalogue.version(conn, found.procedure, found.procedure_version).procedure
        payee = known.payee(found.unit)
        lacking = [
            name
            for name, value in {
                "TKThuHuong": payee,
                "HoTenNguoiNop": applicant.get("name"),
                "SoCMNDNguoiNop": applicant.get("number"),
                "Ip": known.ip,
            }.items()
            if not value
        ]
        if lacking or payee is None:
            raise Refused(
                "portal.unsayable",
                "The dossier cannot be sent without inventing: %(missing)s.",
                missing=", ".join(lacking),
            )
        name = procedure.name.get("vi", "")
        return self._signed("INIT", {
            "LoaiBanTin": "INIT", "PhienBan": self._words["version"], "MaDoiTac": known.partner,
            "MaThamChieu": one.reference, "SoTien": one.amount, **self._words["fixed"], "MaNganHang": "",
            "ThongTinGiaoDich": f"Phi {one.dossier}", "ThoiGianGD": times.written(now), "Ip": known.ip,
            "ThongTinBienLai": {
                "MaDichVu": self._words["service"], "MaDVC": f"{found.procedure}{self._suffix()}", "TenDVC": name[:250],
                "MaTTHC": found.procedure, "TenTTHC": name[:250], "MaDonVi": found.unit, "MaHoSo": one.dossier,
                "TKThuHuong": payee.account, "MaNHThuHuong": payee.bank, "TenTKThuHuong": payee.holder,
                "NoiDungThanhToan": f"Phi {one.dossier}", "HoTenNguoiNop": applicant["name"],
                "SoCMNDNguoiNop": applicant["number"],
                "PhiLePhi": [
                    {"MaPhiLePhi": fee.get("code"), "TenPhiLePhi": fee.get("name"), "SoTien": fee["amount"]}
                    for fee in one.fees
                ],
                "DSKhoanNop": [
                    {"NoiDung": fee.get("name") or fee.get("code"), "SoTien": fee["amount"]} for fee in one.fees
                ],
            },
        }, known)  # fmt: skip

    def _suffix(self) -> str:
        return str(self._words["service_suffix"])

    def _signed(self, kind: str, said: dict[str, Any], known: Terms) -> dict[str, Any]:
        return said | {"MaXacThuc": payments.seal(kind, said, known.secret, self.client.profile)}

    def _ask(self, said: Mapping[str, Any], endpoint: str) -> Mapping[str, Any]:
        """The answer of the platform with what its message holds; raises Refused when it says no."""
        answer = self.client.post(self._url + self._words["endpoints"][endpoint], said)
        inner = envelope.opened(answer.get("message") or "")
        code = str(answer.get("error_code", answer.get("MaLoi", ""))).strip()
        if code not in ("0", "00"):
            raise Refused(
                "portal.payment-refused",
                "The payment platform refused (%(number)s): %(said)s",
                number=code or "–",
                said=str(inner)[:200],
            )
        if not isinstance(inner, Mapping):
            inner = {}
        return {**answer, **inner}

    def _later(
        self, conn: psycopg.Connection[Any], one: Payment, failure: str | None, now: datetime
    ) -> None:
        wait = min(payments.LONGEST_WAIT, payments.FIRST_WAIT * 2 ** min(one.attempts, 10))
        conn.execute(
            "UPDATE portal.payment SET attempts = attempts + 1, next_at = %s, failure = coalesce(%s, failure)"
            " WHERE reference = %s",
            [now + wait, failure, one.reference],
        )
