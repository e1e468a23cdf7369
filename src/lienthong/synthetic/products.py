"""What the country uses: drugs and devices with their registrations and lots, pharmacies, food, remedies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zlib import crc32

from lienthong.synthetic.chance import declared
from lienthong.synthetic.lines import Row, drug_number

DRUG_ADMINISTRATION, DEVICE_ADMINISTRATION = "01QLD", "01TBY"
"""Codes under which two administrations of the ministry send their registers."""


@dataclass(frozen=True)
class Drug:
    """A drug of the register: its key in clinic.yaml and what is known of it."""

    key: str
    number: str
    fact: dict[str, Any]

    @property
    def lot(self) -> str:
        """The lot that is in stock everywhere."""
        return f"LO{crc32(self.key.encode()) % 900 + 100}A"

    def expiry(self, on: datetime) -> str:
        """When the lot expires: in the second year after the days."""
        return f"{on.year + 2}0630"


@lru_cache
def drugs() -> tuple[Drug, ...]:
    """Every drug that is prescribed."""
    return tuple(
        Drug(key, drug_number(key), fact) for key, fact in declared("clinic")["drugs"].items()
    )


@lru_cache
def drug_by_code() -> dict[str, Drug]:
    """Drugs by their code in the claims (MA_THUOC)."""
    return {drug.fact["code"]: drug for drug in drugs()}


def drug_register(until: datetime) -> list[Row]:
    """The drugs as the administration registers them, and one that was revoked."""
    facts = declared("products")
    maker = facts["maker"]
    rows = []
    for drug in drugs():
        substance, atc = facts["substances"][drug.key]
        rows.append(
            _drug(drug.number, drug.fact["name"], substance, atc, drug.fact["strength"], drug.fact["form"],
                  drug.fact["unit"], maker["vi"], "0" if drug.key in facts["without_prescription"] else "1")
        )  # fmt: skip
    gone = facts["revoked_drug"]
    row = _drug(gone["number"], gone["name"], gone["substance"], gone["atc"], gone["strength"], gone["form"],
                gone["unit"], maker["vi"], "1")  # fmt: skip
    return [*rows, row | {
        "TRANG_THAI": "thu_hoi", "NGAY_THU_HOI": f"{until - timedelta(days=200):%Y%m%d}",
        "SO_QD_THU_HOI": "QĐ-MAU/2026", "LY_DO_THU_HOI": "Không đạt chất lượng (mẫu)",
    }]  # fmt: skip


def _drug(number: str, name: str, substance: str, atc: str, strength: str, form: str, unit: str, maker: str,
          prescribed: str) -> Row:  # fmt: skip
    return {
        "SO_DANG_KY": number, "TEN_THUOC": name, "HOAT_CHAT": substance, "HAM_LUONG": strength, "DANG_BAO_CHE": form,
        "QUY_CACH": f"Hộp 10 {unit}", "DON_VI_NN": unit, "MA_ATC": atc, "NHOM_THUOC": "1", "KE_DON": prescribed,
        "KIEM_SOAT": "0", "CO_SO_SX": maker, "NUOC_SX": "Việt Nam", "CO_SO_DK": maker, "TUOI_THO": "36",
        "NGAY_CAP": "20200601", "NGAY_HET_HAN": "20300601", "SO_QD_CAP": "QĐ-MAU/2020", "TRANG_THAI": "hieu_luc",
    }  # fmt: skip


def lot_register(until: datetime) -> list[Row]:
    """One lot of each drug."""
    return [
        {"SO_DANG_KY": drug.number, "SO_LO": drug.lot, "NGAY_SX": f"{until.year - 1}0630",
         "HAN_DUNG": drug.expiry(until), "SO_LUONG": "1000000", "TRANG_THAI": "luu_hanh"}
        for drug in drugs()
    ]  # fmt: skip


def device_number(key: str) -> str:
    """The registration number of a device as it is written."""
    kinds = {"A": "PCBA", "B": "PCBB", "C": "ĐKLH", "D": "ĐKLH"}
    fact = _device(key)
    serial = crc32(key.encode()) % 90000 + 10000
    issuer = "BYT" if fact["class"] in ("C", "D") else "HN"
    return f"23{serial:05d}{kinds[fact['class']]}/{issuer}"


def matched(number: str) -> str:
    """A device number as it is compared: capitals, without blanks, slashes and hyphens."""
    return number.upper().replace(" ", "").replace("/", "").replace("-", "")


def device_keys() -> tuple[str, ...]:
    """The machines of every hospital."""
    return tuple(declared("products")["devices"])


def _device(key: str) -> dict[str, Any]:
    facts = declared("products")
    found: dict[str, Any] = facts["devices"].get(key) or facts["revoked_device"]
    return found


def device_register(until: datetime) -> list[Row]:
    """The devices as they are declared or registered, and one that was revoked."""
    rows = []
    gone = declared("products")["revoked_device"]["key"]
    for key in (*device_keys(), gone):
        fact, number = _device(key), device_number(key)
        ministry = fact["class"] in ("C", "D")
        row = {
            "SO_LUU_HANH": number, "SO_CHUAN": matched(number),
            "KIEU_SO": {"A": "PCBA", "B": "PCBB"}.get(fact["class"], "ĐKLH"), "LOAI_TTB": fact["class"],
            "TEN_TB": fact["name"], "CHUNG_LOAI": fact["model"], "SO_PHAN_LOAI": f"PL-{key}-2023",
            "CONGTY_SX": fact["maker"], "NUOC_SX": fact["country"], "CHU_SO_LUU_HANH": "Công ty Thiết bị Mẫu",
            "TIEU_CHUAN": "ISO 13485", "NGAY_CAP": "20230510", "NOI_CAP": "BYT" if ministry else "01",
            "TRANG_THAI": "hieu_luc",
        }  # fmt: skip
        if key == gone:
            row |= {
                "TRANG_THAI": "thu_hoi", "NGAY_THU_HOI": f"{until - timedelta(days=150):%Y%m%d}",
                "SO_QD_THU_HOI": "QĐ-MAU-TB/2026", "LY_DO_THU_HOI": "chat_luong",
            }  # fmt: skip
        rows.append(row)
    return rows


def equipment(code: str, key: str, machine: str) -> Row:
    """A machine of a hospital, of a device in the register."""
    fact, number = _device(key), device_number(key)
    return {
        "MA_CSKCB": code, "MA_MAY": machine, "TEN_TB": fact["name"], "KY_HIEU": fact["model"],
        "CONGTY_SX": fact["maker"], "NUOC_SX": fact["country"], "NAM_SX": "2023", "NAM_SD": "2023",
        "SO_LUU_HANH": number, "SO_CHUAN": matched(number), "TINH_TRANG": "tot", "MA_KHOA": fact["department"],
        "TU_NGAY": "20231001",
    }  # fmt: skip
