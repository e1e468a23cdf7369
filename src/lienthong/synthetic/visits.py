"""One invented visit with all its tables (XML1 to XML5, XML7 to XML11, XML13, XML14), clean under every
rule of `care`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from lienthong.synthetic import papers
from lienthong.synthetic.chance import Weighted, chance, declared
from lienthong.synthetic.facilities import EXAMPLE, Facility
from lienthong.synthetic.lines import Bill, Row, stamp
from lienthong.synthetic.money import small, totals
from lienthong.synthetic.people import FEMALE, Person, person
from lienthong.synthetic.places import places

LENGTH = 170
"""Minutes from arrival to the end on the same clock: since each visit of a file ends in a minute of its
own, nobody starts two
procedures in one minute."""
LONGEST_DAY = 900
KINDS = Weighted(["exam", "stay", "short", "birth", "pregnancy"], [78, 15, 2, 3, 2])
_LEVELS = {"1": 100, "2": 100, "5": 100, "3": 95, "4": 80}


@dataclass
class Visit:
    """One unit of acceptance: its key (MA_LK) and its rows by table."""

    key: str
    facility: str
    number: int
    tables: dict[str, list[Row]]

    @property
    def summary(self) -> Row:
        """The row of XML1."""
        return self.tables["XML1"][0]


@dataclass(frozen=True)
class Newborn:
    """A child that a visit brought into the world, as the birth certificate tells of it."""

    person: Person
    at: datetime
    weight: int


@dataclass
class Case:
    """What is known of a visit before its rows are written."""

    key: str
    number: int
    kind: str
    random: Random
    facility: Facility
    who: Person
    condition: dict[str, Any]
    arrived: datetime
    admitted: datetime | None
    left: datetime
    nights: int
    route: Row
    children: tuple[Newborn, ...] = ()

    @property
    def neighbour(self) -> str:
        """The hospital to which patients are referred."""
        return neighbour(self.facility)

    @property
    def care_type(self) -> str:
        """MA_LOAI_KCB: 01 examination, 03 inpatient, 09 inpatient below four hours."""
        return {"exam": "01", "pregnancy": "01", "short": "09"}.get(self.kind, "03")


def visit(
    seed: int, number: int, facility: Facility, sent: datetime, people_as_of: date, place: int = 0
) -> Visit:
    """Visit `number`, ended within the hour before `sent` (Vietnam local time, naive). Ages are those of
    `people_as_of`."""
    return written(_case(seed, number, facility, sent, people_as_of, place))


def written(case: Case) -> Visit:
    """All rows of a visit of which the facts are known."""
    facility, number = case.facility, case.number
    bill = _bill(case)
    insured_total = bill.total() if bill.insured else 0
    level = _LEVELS.get(case.who.card[2:3], 0)
    if bill.insured and small(insured_total, int(f"{case.left:%Y%m%d}")):
        level = 100
    tables = {"XML1": [], **bill.settle(level)}
    papers.add(tables, case)
    tables["XML1"] = [_summary(case, tables)]
    papers.repeat(tables, case)
    return Visit(
        case.key, facility.code, number, {name: rows for name, rows in tables.items() if rows}
    )


def case_of(
    random: Random, number: int, kind: str, facility: Facility, who: Person, condition: dict[str, Any],
    left: datetime, nights: int = 0, children: tuple[Newborn, ...] = (),
) -> Case:  # fmt: skip
    """The facts of a visit that ended at `left` (Vietnam local time, naive, to the minute)."""
    longest = left.hour * 60 + left.minute - 1
    arrived = left - timedelta(days=nights, minutes=min(LENGTH, longest))
    admitted = arrived + timedelta(minutes=40) if kind in ("stay", "birth", "short") else None
    return Case(
        key=f"{facility.code}{arrived:%y%m%d}{number:07d}", number=number, kind=kind, random=random, facility=facility,
        who=who, condition=condition, arrived=arrived, admitted=admitted, left=left, nights=nights,
        route=_route(random, facility, who, kind, arrived), children=children,
    )  # fmt: skip


def _case(
    seed: int, number: int, facility: Facility, sent: datetime, as_of: date, place: int
) -> Case:
    random = chance(seed, "visit", number)
    kind = KINDS.draw(random)
    motherly = kind in ("birth", "pregnancy")
    clinic = declared("clinic")
    ages = tuple(clinic[kind]["ages"]) if motherly else None
    who = person(
        seed, number, facility.province, as_of, ages=ages, sex=FEMALE if motherly else None
    )
    condition = (
        clinic[kind]
        if motherly
        else condition_for(random, who.age(sent.date()), stay=kind in ("stay", "short"))
    )
    left = sent.replace(second=0, microsecond=0) - timedelta(minutes=4 + place % LONGEST_DAY)
    nights = random.randint(2, 7) if kind in ("stay", "birth") else 0
    return case_of(random, number, kind, facility, who, condition, left, nights)


@lru_cache
def _conditions(stay: bool) -> Weighted[dict[str, Any]]:
    kinds = [fact for fact in declared("clinic")["conditions"] if fact["stay"] == stay]
    return Weighted(kinds, [fact["weight"] for fact in kinds])


def condition_for(random: Random, age: int, *, stay: bool) -> dict[str, Any]:
    """Something that people of that age fall ill with."""
    while True:
        fact = _conditions(stay).draw(random)
        low, high = fact.get("ages", (0, 130))
        if low <= age <= high:
            return fact


def _route(random: Random, facility: Facility, who: Person, kind: str, arrived: datetime) -> Row:
    """How the patient comes under the insurance: at the registered place, referred, emergency, or without a card.

    A card holds for the year of the visit, a small child's until the year in which they turn six.
    """
    if not who.card:
        return {"MA_DOITUONG_KCB": "9"}
    year = arrived.year
    card = {"MA_THE_BHYT": who.card, "GT_THE_TU": f"{year}0101", "GT_THE_DEN": f"{year}1231"}
    if who.card.startswith("TE"):
        card["GT_THE_TU"] = max(f"{year - 1}0101", f"{who.born:%Y%m%d}")
        card["GT_THE_DEN"] = f"{max(who.born.year + 6, year)}1231"
    other = neighbour(facility)
    draw = random.random()
    if kind == "exam" and draw < 0.06:
        return card | {"MA_DKBD": other, "MA_DOITUONG_KCB": "1.3", "MA_NOI_DI": other,
                       "GIAY_CHUYEN_TUYEN": f"{random.randint(1, 9999):04d}/GCT"}  # fmt: skip
    if kind in ("stay", "short") and draw < 0.2:
        return card | {"MA_DKBD": other, "MA_DOITUONG_KCB": "2"}
    return card | {"MA_DKBD": facility.code, "MA_DOITUONG_KCB": "1.1"}


def neighbour(facility: Facility) -> str:
    """The code of another hospital: of the same province where there is one, else the one in the capital."""
    first = f"{places().prefixes[facility.province][0]}001"
    if facility.code != first:
        return first
    return EXAMPLE


def _bill(case: Case) -> Bill:
    department = {"exam": "K01", "pregnancy": "K01", "birth": "K27"}.get(case.kind, "K03")
    if "operation" in case.condition:
        department = "K19"
    doctors = case.facility.doctors(department)
    bill = Bill(
        key=case.key, facility=case.facility, number=case.number, random=case.random,
        doctor=doctors[case.number % len(doctors)], department=department, insured=bool(case.who.card),
    )  # fmt: skip
    bill.exam(case.arrived + timedelta(minutes=5))
    at = case.arrived + timedelta(minutes=22)
    for name in case.condition.get("tests", ["HH-CTM"] if case.kind == "birth" else []):
        at = bill.test(name, at)
    if case.admitted:
        at = _treat(case, bill, max(at, case.admitted) + timedelta(minutes=5))
    chronic = case.condition.get("chronic", False)
    days = 1 if case.kind == "short" else case.nights or (28 if chronic else 5)
    at = bill.clear_of_border(int(f"{case.left:%Y%m%d}"), at)
    for name in case.condition.get("drugs", ["OXYT5"] if case.kind == "birth" else ["PARA500"]):
        bill.drug(name, days, min(at + timedelta(minutes=3), case.left - timedelta(minutes=1)))
    return bill


def _treat(case: Case, bill: Bill, at: datetime) -> datetime:
    """Operation and beds of a stay."""
    if case.kind == "birth":
        if "surgical" not in case.condition:
            case.condition = dict(case.condition, surgical=case.random.random() < 0.3)
        at = bill.operation("PT-LT" if case.condition["surgical"] else "DE", at)
    elif "operation" in case.condition and case.nights:
        at = bill.operation(case.condition["operation"], at)
    if case.nights and case.admitted:
        bill.beds(case.admitted, case.nights, case.left)
    return at


def _summary(case: Case, tables: dict[str, list[Row]]) -> Row:
    who, left = case.who, case.left
    surgical = case.condition.get("surgical", False)
    code = case.condition["surgical_code"] if surgical else case.condition["code"]
    name = case.condition["surgical_vi"] if surgical else case.condition["vi"]
    old = who.age(left.date()) > 40
    lasting = case.kind == "stay" or case.condition.get("chronic", False)
    second = case.random.choice(declared("clinic")["second_codes"]) if old and lasting else ""
    departments = list(dict.fromkeys(row["MA_KHOA"] for row in tables["XML3"] + tables["XML2"]))
    procedures = [row["MA_PTTT_QT"] for row in tables["XML3"] if row.get("MA_PTTT_QT")]
    year_only = who.born.year < 1955 and case.random.random() < 0.25
    row = {
        "MA_LK": case.key, "STT": "1", "MA_BN": f"BN{case.facility.code}{who.number:08d}", "HO_TEN": who.name.upper(),
        "SO_CCCD": who.cccd, "NGAY_SINH": f"{who.born.year}00000000" if year_only else f"{who.born:%Y%m%d}0000",
        "GIOI_TINH": who.sex, "NHOM_MAU": who.blood, "MA_QUOCTICH": "000", "MA_DANTOC": who.ethnicity,
        "MA_NGHE_NGHIEP": "00000", "DIA_CHI": who.address, "MATINH_CU_TRU": who.province, "MAXA_CU_TRU": who.commune,
        "DIEN_THOAI": who.phone, "LY_DO_VV": f"Khám vì {name.lower()}" if not case.admitted else "Vào viện điều trị",
        "CHAN_DOAN_VAO": name, "CHAN_DOAN_RV": name, "MA_BENH_CHINH": code,
        "MA_BENH_KT": "" if second == code else second,
        "NGAY_VAO": stamp(case.arrived), "NGAY_RA": stamp(left), "SO_NGAY_DTRI": _days(case),
        "MA_PTTT_QT": ";".join(procedures),
        "PP_DIEU_TRI": "Phẫu thuật" if procedures else "Nội khoa", "KET_QUA_DTRI": "1" if case.kind == "birth" else "2",
        "MA_LOAI_RV": "1", "NGAY_TTOAN": stamp(left), "NAM_QT": str(left.year), "THANG_QT": str(left.month),
        "MA_LOAI_KCB": case.care_type, "MA_KHOA": ";".join(departments), "MA_CSKCB": case.facility.code,
        "CAN_NANG": who.weight, "MA_HSBA": f"BA{left:%y}{case.number:07d}", "MA_TTDV": case.facility.head.person.bhxh,
    }  # fmt: skip
    if case.admitted:
        row |= {"NGAY_VAO_NOI_TRU": stamp(case.admitted), "LY_DO_VNT": name, "MA_LY_DO_VNT": "1"}
    return row | totals(tables["XML2"], tables["XML3"]) | case.route


def _days(case: Case) -> str:
    if case.care_type != "03":
        return "0"
    return str((case.left.date() - case.arrived.date()).days + 1)


__all__ = ["Case", "Newborn", "Visit", "case_of", "condition_for", "neighbour", "visit", "written"]
