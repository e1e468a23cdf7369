"""Personal health: books and episodes of patients, check-ups and checks of drivers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from lienthong.synthetic.anything import filler_of
from lienthong.synthetic.chance import declared
from lienthong.synthetic.events import Stop
from lienthong.synthetic.lines import Row, stamp
from lienthong.synthetic.lives import moment_in
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.people import Home, Person
from lienthong.synthetic.scene import Scene
from lienthong.synthetic.visits import Visit

WITH_BOOK = 0.5
"""Share of people with an electronic health book."""
_ADULT, _CHILD = ("noi", "mat", "rang_ham_mat"), ("nhi", "mat")


def emit(scene: Scene) -> Iterator[Parcel]:
    """Books when the days begin; episodes, check-ups and checks of drivers within hours."""
    if scene.silent:
        return
    holders = {
        who.number: who for _, who in scene.lives.people
        if who.age(scene.span.on) >= 6 and scene.random("book", who.number).random() < WITH_BOOK
    }  # fmt: skip
    stops = [(stop, made) for stop, made in scene.made if stop.who.number in holders]
    books = {one.mother.number: one.mother for one in scene.lives.pregnancies}
    books |= {stop.who.number: stop.who for stop, _ in stops}
    movers = {who.number: (who, day, before) for who, day, before in _moved(scene)}
    books |= {number: who for number, (who, _, _) in movers.items()}
    if books:
        rows = [
            _book(scene, who) | (_lived(movers[number][2]) if number in movers else {})
            for number, who in books.items()
        ]
        yield scene.parcel(
            "personal_health", scene.hospital, {"books": rows}, scene.opening(6), form="jsonl"
        )
    for turn, (who, day, _) in enumerate(movers.values()):
        at = datetime.combine(day, time(8, 30)) + timedelta(minutes=turn % 400)
        told = _book(scene, who) | {"NGAY_CAP_NHAT": f"{day:%Y%m%d}"}
        yield scene.parcel(
            "personal_health", scene.hospital, {"books": [told]}, at, posted=True,
            facts={"right": True, "moved": True},
        )  # fmt: skip
    for stop, made in stops:
        if made.key not in scene.spoiled and stop.left + timedelta(hours=3) < scene.span.until:
            yield _episode(scene, stop, made)
    for _, who in scene.lives.people:
        yield from _checked(scene, who)


def _moved(scene: Scene) -> Iterator[tuple[Person, date, Home]]:
    """Who came from another commune in these days, when and from where: their book is told of it the same day."""
    for _, household in scene.lives.homes:
        day, before = household.moved, household.before
        if day and before and scene.span.first < day < scene.span.on:
            for who in household.members:
                if who.age(scene.span.on) >= 6 and who.number not in scene.lives.died:
                    yield who, day, before


def _lived(before: Home) -> Row:
    return {
        "DIA_CHI": before.address, "MATINH_CU_TRU": before.province, "MAXA_CU_TRU": before.commune,
    }  # fmt: skip


def _book(scene: Scene, who: Person) -> Row:
    child = who.age(scene.span.on) < 18
    row = {
        "MA_SO": f"SK{who.number:010d}", "SO_CCCD": who.cccd, "HO_TEN": who.name, "NGAY_SINH": f"{who.born:%Y%m%d}",
        "GIOI_TINH": who.sex, "MA_DANTOC": who.ethnicity, "MA_QUOCTICH": "000", "DIEN_THOAI": who.phone,
        "DIA_CHI": who.address, "MATINH_CU_TRU": who.province, "MAXA_CU_TRU": who.commune, "NHOM_MAU": who.blood,
        "DONG_Y": "1", "MA_CSKCB": scene.hospital.code, "NGAY_CAP_NHAT": f"{scene.span.first:%Y%m%d}",
        "HO_TEN_NDD": f"{who.name.split()[0]} Thị Mẫu" if child else "", "QUAN_HE_NDD": "me" if child else "",
    }  # fmt: skip
    if who.card:
        row |= {
            "MA_THE_BHYT": who.card, "MA_DKBD": scene.hospital.code,
            "GT_THE_DEN": f"{scene.span.until.year}1231",
        }  # fmt: skip
    return row


def _episode(scene: Scene, stop: Stop, made: Visit) -> Parcel:
    summary = made.summary
    drugs = [line["TEN_THUOC"] for line in made.tables.get("XML2", [])]
    row = {
        "MA_SO": f"SK{stop.who.number:010d}", "MA_LUOT": f"L{made.key}", "MA_LK": made.key,
        "MA_CSKCB": scene.hospital.code, "NGAY_VAO": summary["NGAY_VAO"], "NGAY_RA": summary["NGAY_RA"],
        "MA_LOAI_KCB": summary["MA_LOAI_KCB"], "CO_BHYT": str(int(bool(stop.who.card))),
        "LY_DO_VV": summary["LY_DO_VV"], "KET_QUA_DTRI": summary["KET_QUA_DTRI"],
        "CHAN_DOAN": summary["CHAN_DOAN_RV"], "MA_BENH_CHINH": summary["MA_BENH_CHINH"],
        "MA_BENH_KT": summary["MA_BENH_KT"], "CAN_NANG": stop.who.weight, "THUOC": "; ".join(drugs),
    }  # fmt: skip
    sent = stop.left + timedelta(hours=2, minutes=stop.number % 50)
    return scene.parcel("personal_health", scene.hospital, {"episodes": [row]}, sent, posted=True)


def _checked(scene: Scene, who: Person) -> Iterator[Parcel]:
    age = who.age(scene.span.on)
    rates = declared("life")["rates"]
    random = scene.random("check-up", who.number)
    yearly = [rate for start, rate in rates["check_up"].items() if int(start) <= age][-1]
    at = moment_in(scene.span, random)
    if (
        age >= 3
        and random.random() < scene.span.expected("check_up", yearly)
        and scene.lives.alive(who, at)
    ):
        yield _check_up(scene, who, age, at)
    at = moment_in(scene.span, random)
    if (
        18 <= age < 65
        and random.random() < scene.span.expected("driver_check", rates["driver_check"])
        and scene.lives.alive(who, at)
    ):
        yield _driver(scene, who, at)


@lru_cache
def _first_codes() -> tuple[str, str]:
    """A category and a payer of the lists that the contract names, while they are known."""
    filler = filler_of("personal_health")
    table = filler.contract.table("checkups")
    found = []
    codes = filler.judge.codes
    for name in ("DOI_TUONG", "NGUON_CHI_TRA"):
        field = table.field(name) if table else None
        listed = (field.code_list if field else None) or ""
        known = next(iter(codes.codes(listed)), None) if listed and codes.has(listed) else None
        found.append(known.code if known else "1")
    return found[0], found[1]


def _check_up(scene: Scene, who: Person, age: int, at: datetime) -> Parcel:
    hospital, random = scene.hospital, scene.random("vitals", who.number)
    key = f"KSK{hospital.code}{at:%y%m%d}{who.number:010d}"
    begun = at - timedelta(minutes=75)
    grade = str(random.choice((1, 2, 2, 3)))
    category, payer = _first_codes()
    height = _height(age, who.sex, random.uniform(-6, 6))
    weight = float(who.weight)
    low = random.randint(60, 80)
    doctors = [worker for worker in hospital.staff if worker.title == "1"]
    tables: dict[str, list[Row]] = {
        "checkups": [{
            "MA_LK": key, "MA_CSKCB": hospital.code, "DOI_TUONG": category, "NGUON_CHI_TRA": payer,
            "MA_LOAI_KCB": "15", "NGAY_VAO": stamp(begun), "NGAY_RA": stamp(at),
            "LY_DO_VV": "Khám sức khỏe định kỳ",
        }],
        "checkup_persons": [{
            "MA_LK": key, "HO_TEN": who.name, "NGAY_SINH": f"{who.born:%Y%m%d}", "SO_CCCD": who.cccd,
            "GIOI_TINH": who.sex, "MA_DAN_TOC": who.ethnicity, "NHOM_MAU": who.blood, "DIA_CHI": who.address,
            "MATINH_CU_TRU": who.province, "MAXA_CU_TRU": who.commune, "DIEN_THOAI": who.phone,
            "HO_TEN_NGH": f"{who.name.split()[0]} Thị Mẫu" if age < 18 else "",
        }],
        "checkup_vitals": [{
            "MA_LK": key, "CHIEU_CAO": f"{height:.1f}", "CAN_NANG": f"{weight:.1f}",
            "CHI_SO_BMI": f"{weight / (height / 100) ** 2:.1f}", "MACH": str(random.randint(62, 96)),
            "HUYET_AP": f"{low + random.randint(35, 50)}/{low}", "NHIET_DO": "36.7", "NHIP_THO": "18",
        }],
        "checkup_specialties": [
            {"MA_LK": key, "CHUYEN_KHOA": name, "KET_QUA": "Bình thường", "PHAN_LOAI": grade,
             "NGUOI_KHAM": doctors[place % len(doctors)].licence}
            for place, name in enumerate(_CHILD if age < 16 else _ADULT)
        ],
        "checkup_conclusions": [{
            "MA_LK": key, "PHAN_LOAI_SK": grade, "DE_NGHI": "Khám lại sau một năm",
            "NGUOI_KET_LUAN": hospital.head.licence, "NGAY_KET_LUAN": stamp(at), "DA_KY": "1",
        }],
    }  # fmt: skip
    sent = min(at + timedelta(minutes=random.randint(15, 300)), scene.span.until)
    return scene.parcel("personal_health", hospital, tables, sent, posted=True)


def _height(age: int, sex: str, more: float) -> float:
    grown = 164 if sex == "1" else 154
    return max(60.0, min(grown, 76 + 5.6 * age) + more)


def _driver(scene: Scene, who: Person, at: datetime) -> Parcel:
    hospital = scene.hospital
    row = {
        "SO_GKSK": f"LX{who.number:010d}", "MA_CSKCB": hospital.code, "SO_CCCD": who.cccd, "HO_TEN": who.name,
        "NGAY_SINH": f"{who.born:%Y%m%d}", "GIOI_TINH": who.sex, "DIA_CHI": who.address,
        "MATINH_CU_TRU": who.province, "MAXA_CU_TRU": who.commune,
        "HANG_LAI_XE": scene.random("class", who.number).choice(("A1", "A1", "B", "B")), "NGAY_KHAM": f"{at:%Y%m%d}",
        "MA_TUY": "0", "NONG_DO_CON": "0", "KET_LUAN": "du", "NGUOI_KET_LUAN": hospital.head.licence,
        "NGAY_KET_LUAN": stamp(at),
    }  # fmt: skip
    sent = min(at + timedelta(minutes=40), scene.span.until)
    return scene.parcel("personal_health", hospital, {"driver_checks": [row]}, sent, posted=True)
