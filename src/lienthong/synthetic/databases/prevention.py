"""Prevention: notifiable diseases that visits found, and the doses of the children of the catchment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lienthong.synthetic.chance import declared
from lienthong.synthetic.events import Stop
from lienthong.synthetic.lines import Row, stamp
from lienthong.synthetic.lives import certificates
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.people import Person
from lienthong.synthetic.scene import Scene
from lienthong.synthetic.visits import Visit

YOUNGEST = 600
"""Days of age up to which children are followed."""
CENTRE = "01CSB"
"""The code under which the national programme sends its schedule."""


@dataclass(frozen=True)
class Child:
    """A child that is vaccinated: with a personal number, or as a newborn with the number of its certificate."""

    person: Person
    mother: Person | None
    certificate: str = ""

    @property
    def key(self) -> str:
        """The key in the immunisation system."""
        return f"TC{self.person.number:010d}"


@dataclass(frozen=True)
class Shot:
    """One vaccination."""

    child: Child
    fact: dict[str, Any]
    turn: int
    at: datetime


def emit(scene: Scene) -> Iterator[Parcel]:
    """The schedule once for the country; lots and subjects first, then doses in the evening and cases at once."""
    if scene.lives.catchment.place == 0:
        yield scene.parcel(
            "prevention", CENTRE, {"schedule": _schedule()}, scene.opening(0), form="csv"
        )
    if scene.silent:
        return
    followed = children(scene)
    known = {
        "vaccine_lots": _lots(scene),
        "subjects": [_subject(scene, one) for one in followed if not one.certificate],
    }
    yield scene.parcel("prevention", scene.hospital, known, scene.opening(5))
    for one in followed:
        if one.certificate:
            at = datetime.combine(one.person.born, datetime.min.time()) + timedelta(hours=23)
            if at < scene.span.until:
                subject = _subject(scene, one, at)
                yield scene.parcel(
                    "prevention", scene.hospital, {"subjects": [subject]}, at, posted=True
                )
    yield from _doses(scene, followed)
    for stop, made in scene.made:
        disease = declared("life")["notifiable_codes"].get(stop.condition.get("code"))
        if disease and made.key not in scene.spoiled:
            yield _case(scene, stop, made, disease)


def children(scene: Scene) -> list[Child]:
    """The children who are followed: those of the homes and those born in the days."""
    numbers = certificates(scene.lives)
    found = []
    for _, home in scene.lives.homes:
        mother = home.couple[1] if home.couple else home.members[0]
        found += [
            Child(one, mother)
            for one in home.children
            if one.born < scene.span.first and (scene.span.on - one.born).days < YOUNGEST
        ]
    for pregnancy, birth in scene.lives.births:
        for newborn in birth.children:
            code = numbers[newborn.person.number]
            if code not in scene.spoiled:
                found.append(Child(newborn.person, pregnancy.mother, code))
    return found


def _schedule() -> list[Row]:
    return [
        {"KHANG_NGUYEN": antigen, "MUI_SO": str(at), "TUOI_TOI_THIEU": str(age),
         "KHOANG_CACH": str(interval) if interval else "", "TU_NGAY": "20240101", "MA_DON_VI": CENTRE}
        for antigen, doses in declared("life")["schedule"].items()
        for at, (age, interval) in enumerate(doses, 1)
    ]  # fmt: skip


def lot(vaccine: str) -> str:
    """The lot of a vaccine that is in use everywhere."""
    return f"V{sum(map(ord, vaccine)) % 900 + 100}B26"


def _lots(scene: Scene) -> list[Row]:
    until = scene.span.until
    return [
        {"MA_VACXIN": fact["vaccine"], "SO_LO": lot(fact["vaccine"]), "MA_CSKCB": scene.hospital.code,
         "NHA_SX": "Công ty Vắc xin Mẫu", "NGAY_SX": f"{until.year - 1}0601", "HAN_DUNG": f"{until.year + 1}1231",
         "NGAY_NHAP": f"{scene.span.first - timedelta(days=40):%Y%m%d}", "SO_LIEU_NHAP": "5000",
         "TRANG_THAI": "luu_hanh"}
        for fact in declared("life")["vaccines"]
    ]  # fmt: skip


def _subject(scene: Scene, one: Child, at: datetime | None = None) -> Row:
    who = one.person
    return {
        "MA_DOI_TUONG": one.key, "HO_TEN": who.name, "SO_DINH_DANH": "" if one.certificate else who.cccd,
        "NGAY_SINH": f"{who.born:%Y%m%d}", "GIOI_TINH": who.sex, "MA_GCS": one.certificate,
        "MA_DANTOC": who.ethnicity, "MATINH_THUONGTRU": who.province, "MAXA_THUONGTRU": who.commune,
        "MATINH_HIENTAI": who.province, "MAXA_HIENTAI": who.commune,
        "HO_TEN_ME": one.mother.name if one.mother else "",
        "SO_DINH_DANH_ME": one.mother.cccd if one.mother and one.mother.sex == "2" else "",
        "DIEN_THOAI": who.phone, "MA_CSKCB": scene.hospital.code,
        "NGAY_CAP_NHAT": f"{at or scene.opening(5):%Y%m%d}",
    }  # fmt: skip


def shots(scene: Scene, child: Child) -> Iterator[Shot]:
    """Every vaccination of a child in the days, each a little after it is due."""
    random = scene.random("shots", child.person.number)
    taken: set[date] = set()
    delay = random.randint(0, 6)
    for fact in declared("life")["vaccines"]:
        for turn, age in enumerate(fact["at"]):
            day = child.person.born + timedelta(days=age + (delay if age > 1 else 0))
            minute = (
                8 * 60 + 30 + random.randint(0, 180) if age else 23 * 60 + random.randint(0, 50)
            )
            at = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
            taken.add(day)
            if scene.span.first <= day and at < scene.span.until:
                yield Shot(child, fact, turn, at)


def _doses(scene: Scene, followed: list[Child]) -> Iterator[Parcel]:
    made = [shot for child in followed for shot in shots(scene, child)]
    for shot in sorted(made, key=lambda one: (one.at, one.child.key)):
        sent = shot.at + timedelta(
            minutes=scene.random("dose", shot.child.person.number).randint(10, 200)
        )
        for antigen, numbers in shot.fact["antigens"].items():
            row = dose(scene, shot, antigen, numbers[shot.turn])
            yield scene.parcel(
                "prevention",
                scene.hospital,
                {"doses": [row]},
                min(sent, scene.span.until),
                posted=True,
            )


def dose(scene: Scene, shot: Shot, antigen: str, number: int) -> Row:
    """One antigen of a vaccination."""
    who, vaccine = shot.child.person, shot.fact["vaccine"]
    return {
        "MA_MUI": f"{shot.child.key}-{vaccine}-{shot.turn + 1}", "KHANG_NGUYEN": antigen,
        "MA_DOI_TUONG": shot.child.key, "SO_DINH_DANH": "" if shot.child.certificate else who.cccd,
        "NGAY_SINH": f"{who.born:%Y%m%d}", "MA_VACXIN": vaccine, "SO_LO": lot(vaccine),
        "HAN_DUNG": f"{scene.span.until.year + 1}1231", "MUI_SO": str(number), "NGAY_TIEM": stamp(shot.at),
        "MA_CSKCB": scene.hospital.code, "HINH_THUC": "tcmr", "DUONG_DUNG": shot.fact["route"],
        "NGUOI_TIEM": scene.hospital.staff[5].licence, "SANG_LOC": "1", "THEO_DOI_30": "binh_thuong",
    }  # fmt: skip


def _case(scene: Scene, stop: Stop, made: Visit, disease: str) -> Parcel:
    who = stop.who
    found = stop.left - timedelta(minutes=50)
    random = scene.random("case", stop.number)
    onset = (stop.left - timedelta(days=stop.nights + random.randint(1, 4))).date()
    day = f"{stop.left:%Y%m%d}"
    sure = bool(stop.nights) or random.random() < 0.6
    row = {
        "MA_CA_BENH": f"CB{scene.hospital.code}{stop.number:07d}", "MA_CSKCB": scene.hospital.code,
        "MA_BENH_TN": disease, "NHOM_BENH": "B", "MA_BENH": stop.condition["code"],
        "TRANG_THAI": "xac_dinh" if sure else "nghi_ngo", "HO_TEN": who.name, "SO_DINH_DANH": who.cccd,
        "NGAY_SINH": f"{who.born:%Y%m%d}", "GIOI_TINH": who.sex, "MA_DANTOC": who.ethnicity,
        "DIEN_THOAI": who.phone, "DIA_CHI": who.address, "MATINH_CU_TRU": who.province,
        "MAXA_CU_TRU": who.commune, "NGAY_KHOI_PHAT": f"{max(onset, who.born):%Y%m%d}",
        "NGAY_PHAT_HIEN": stamp(found), "NGAY_XAC_DINH": day if sure else "",
        "NHAP_VIEN": str(int(bool(stop.nights))), "MA_LK": made.key, "MUC_DO": "nhe", "LAY_MAU": "1",
        "NGAY_LAY_MAU": day, "LOAI_MAU": "Máu", "KET_QUA_XN": "duong_tinh" if sure else "khong_ro",
        "NGAY_XN": day, "NGAY_BAO_CAO": stamp(stop.left + timedelta(minutes=5)),
        "NGUOI_BAO_CAO": scene.hospital.staff[5].person.name,
    }  # fmt: skip
    sent = stop.left + timedelta(minutes=10)
    return scene.parcel(
        "prevention", scene.hospital, {"notifiable_cases": [row]}, sent, posted=True
    )
