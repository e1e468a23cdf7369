"""What a visit costs: drugs (XML2), services, tests and beds (XML3), results (XML4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zlib import crc32

from lienthong.synthetic.chance import declared
from lienthong.synthetic.facilities import Facility, Worker
from lienthong.synthetic.money import Amounts, small

Row = dict[str, str]


def stamp(moment: datetime) -> str:
    """A moment as the file writes it: yyyymmddHHMM."""
    return moment.strftime("%Y%m%d%H%M")


def moment(text: str) -> datetime:
    """The inverse of `stamp`: Vietnam local time without a zone, as in the file."""
    return datetime.strptime(text, "%Y%m%d%H%M")  # noqa: DTZ007  the file has no zone


def drug_number(name: str) -> str:
    """The registration number of a drug of clinic.yaml."""
    return f"VD-{crc32(name.encode()) % 90000 + 10000}-20"


def certificate_number(facility: str, number: int, born: datetime) -> str:
    """The number of a birth certificate: the facility, GCS, a sequence and the year (TT 22/2025)."""
    return f"{facility}.GCS.{number % 100_000:05d}.{born:%y}"


@dataclass
class Bill:
    """The lines of one visit while it is made: rows and what each costs, before the benefit level is known."""

    key: str
    facility: Facility
    number: int
    random: Random
    doctor: Worker
    department: str
    insured: bool
    drugs: list[tuple[Row, int]] = field(default_factory=list)
    services: list[tuple[Row, int]] = field(default_factory=list)
    results: list[Row] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def drug(self, name: str, days: int, at: datetime) -> None:
        """Prescribe a drug for so many days."""
        fact = declared("clinic")["drugs"][name]
        quantity = fact["per_dose"] * fact["per_day"] * days
        unit, total = fact["unit"], fact["per_dose"] * fact["per_day"]
        row = {
            "MA_THUOC": fact["code"], "MA_NHOM": "4", "TEN_THUOC": fact["name"], "DON_VI_TINH": unit,
            "HAM_LUONG": fact["strength"], "DUONG_DUNG": fact["route"], "DANG_BAO_CHE": fact["form"],
            "LIEU_DUNG": (
                f"{fact['per_dose']} {unit}/lần * {fact['per_day']} lần/ngày * {days} ngày "
                f"[{total} {unit}/ngày]"
            ),
            "CACH_DUNG": "Uống sau ăn" if fact["route"] == "1.01" else "Tiêm theo y lệnh",
            "SO_DANG_KY": drug_number(name), "TT_THAU": "99/QĐ-MAU;G1;N1;2025",
            "SO_LUONG": str(quantity), "DON_GIA": _price(fact["price"]), "NGAY_YL": stamp(at),
            "NGAY_TH_YL": stamp(at), "MA_BAC_SI": self.doctor.licence, "MA_KHOA": self.department,
        }  # fmt: skip
        self.drugs.append((row, round(fact["price"] * 100) * quantity))

    def service(
        self, fact: dict[str, Any], group: str, start: datetime, end: datetime | None, **more: str
    ) -> Row:
        """Add one service ordered and begun at `start`, finished at `end`."""
        row = {
            "MA_DICH_VU": fact["code"], "MA_NHOM": group, "TEN_DICH_VU": fact["name"], "DON_VI_TINH":
            "Lần", "SO_LUONG": "1",
            "DON_GIA_BV": str(fact["price"]), "DON_GIA_BH": str(fact["price"]), "TYLE_TT_DV": "100",
            "MA_KHOA": self.department, "MA_BAC_SI": self.doctor.licence, "NGAY_YL": stamp(start),
            "NGAY_TH_YL": stamp(start), "NGAY_KQ": stamp(end) if end else "",
        } | more  # fmt: skip
        self.services.append((row, fact["price"] * 100))
        return row

    def exam(self, at: datetime) -> None:
        """The examination fee at the examination department."""
        self.service(declared("clinic")["exam"], "13", at, at + timedelta(minutes=15), MA_KHOA="K01",
                     NGUOI_THUC_HIEN=self.doctor.licence)  # fmt: skip

    def test(self, name: str, at: datetime) -> datetime:
        """A test ordered at `at`, with its result; gives back the time of the result."""
        fact = declared("clinic")["tests"][name]
        self.used.add(name)
        start = at + timedelta(minutes=4)
        end = start + timedelta(minutes=self.random.randint(4, 8))
        hands = self.facility.hands()
        performer = hands[(len(self.used) - 1) % len(hands)].licence
        machine = f"{fact['machine']}.1.{self.facility.code}.M{self.number % 997:03d}"
        self.service(
            fact,
            fact["group"],
            at,
            end,
            NGAY_TH_YL=stamp(start),
            NGUOI_THUC_HIEN=performer,
            MA_MAY=machine,
        )
        row = {"MA_DICH_VU": fact["code"], "NGAY_KQ": stamp(end), "MA_BS_DOC_KQ": performer}
        if "index" in fact:
            value = self.random.uniform(fact["low"], fact["high"])
            row |= {
                "MA_CHI_SO": fact["index"],
                "TEN_CHI_SO": fact["index_name"],
                "GIA_TRI": f"{value:.1f}",
                "DON_VI_DO": fact["unit"],
            }
        else:
            row |= {
                "TEN_CHI_SO": fact["name"],
                "MO_TA": fact["finding"],
                "KET_LUAN": fact["conclusion"],
            }
        self.results.append(row)
        return start + timedelta(minutes=8)

    def operation(self, name: str, at: datetime) -> datetime:
        """An operation of about an hour, with its way of anaesthesia."""
        fact = declared("clinic")["operations"][name]
        start, end = (
            at + timedelta(minutes=10),
            at + timedelta(minutes=10 + self.random.randint(35, 80)),
        )
        self.service(fact, "8" if "anaesthesia" in fact else "18", at, end, NGAY_TH_YL=stamp(start),
                     NGUOI_THUC_HIEN=self.facility.head.licence, PP_VO_CAM=fact.get("anaesthesia", ""),
                     MA_PTTT_QT=fact["procedure"])  # fmt: skip
        return end

    def beds(self, admitted: datetime, nights: int, left: datetime) -> None:
        """One bed row for each night."""
        fact = declared("clinic")["bed"]
        for night in range(nights):
            start = admitted + timedelta(days=night)
            self.service(fact, "15", start, min(start + timedelta(days=1), left), NGAY_TH_YL="", DON_VI_TINH="Ngày",
                         MA_GIUONG=f"H{self.number % 999 + 1:03d}", TEN_DICH_VU=fact["name"])  # fmt: skip

    def total(self) -> int:
        """All lines at hospital price, in cents."""
        return sum(amount for _, amount in self.drugs + self.services)

    def clear_of_border(self, day: int, at: datetime) -> datetime:
        """Add tests until nobody can argue whether the visit is below 15 % of the base salary."""
        for name in declared("clinic")["tests"]:
            if small(self.total(), day) is not None:
                break
            if name not in self.used:
                at = self.test(name, at)
        return at

    def settle(self, level: int) -> dict[str, list[Row]]:
        """The finished tables: every line with its share, numbered from 1."""
        pays = {"PHAM_VI": "1", "TYLE_TT_BH": "100", "MA_PTTT": "1"}
        if not self.insured:
            pays = {"PHAM_VI": "2", "TYLE_TT_BH": "0", "MA_PTTT": "1"}
        source = {"NGUON_CTRA": "1" if self.insured else "4"}
        tables: dict[str, list[Row]] = {"XML2": [], "XML3": [], "XML4": self.results}
        for table, lines, more in (("XML2", self.drugs, source), ("XML3", self.services, {})):
            for row, amount in lines:
                insured = amount if self.insured else 0
                tables[table].append(row | pays | more | Amounts(amount, insured, level).cells())
        for rows in tables.values():
            for place, row in enumerate(rows, 1):
                row |= {"MA_LK": self.key, "STT": str(place)}
        return tables


def _price(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
