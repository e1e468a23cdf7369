"""Mothers and children: antenatal examinations, deliveries, newborns and children, told when a month has ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from lienthong.synthetic.events import Birth, Contact, Pregnancy
from lienthong.synthetic.lines import Row, stamp
from lienthong.synthetic.lives import certificates
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.people import Person
from lienthong.synthetic.scene import Scene


def emit(scene: Scene) -> Iterator[Parcel]:
    """One workbook when a month has ended, within the working days that the rules give, and one at the end."""
    if scene.silent:
        return
    times = [*_month_ends(scene), scene.closing(5)]
    earlier = datetime.combine(scene.span.first, datetime.min.time())
    for until in times:
        tables = _tables(scene, earlier, until)
        if any(tables.values()):
            yield scene.parcel("mother_child", scene.hospital, tables, until)
        earlier = until


def _month_ends(scene: Scene) -> list[datetime]:
    """The afternoon of the fifth day of each month that begins within the days."""
    first = scene.span.first
    every = (first + timedelta(days=at) for at in range(scene.span.days - 1))
    return [
        datetime.combine(day, datetime.min.time()) + timedelta(hours=15)
        for day in every
        if day.day == 5
    ]


def _tables(scene: Scene, since: datetime, until: datetime) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {
        "antenatal_visits": [], "deliveries": [], "newborns": [], "children": [],
    }  # fmt: skip
    numbers = certificates(scene.lives)
    # Women were seen before the first day too; a month is told of as a whole.
    seen = since.replace(day=1) if since.date() == scene.span.first else since
    for one in scene.lives.pregnancies:
        key = f"TK{scene.hospital.code}{one.mother.number}"
        tables["antenatal_visits"] += [
            _visit(scene, one, contact, key)
            for contact in one.contacts
            if seen <= contact.at < until
        ]
        birth = one.birth
        if birth is None or not since <= birth.left < until:
            continue
        codes = [numbers[child.person.number] for child in birth.children]
        if scene.spoiled & {*codes, key}:
            continue
        tables["deliveries"].append(_delivery(scene, one, birth, key))
        make = partial(_newborn, scene, birth, key)
        tables["newborns"] += [make(place, code) for place, code in enumerate(codes)]
        tables["children"] += [
            _child(scene, one, child.person, code, until)
            for child, code in zip(birth.children, codes, strict=True)
        ]
    return tables


def _mother(who: Person) -> Row:
    return {
        "SO_DINH_DANH": who.cccd, "HO_TEN": who.name, "NGAY_SINH": f"{who.born:%Y%m%d}", "MA_DANTOC": who.ethnicity,
        "DIEN_THOAI": who.phone, "MA_THE_BHYT": who.card, "MATINH_CU_TRU": who.province, "MAXA_CU_TRU": who.commune,
    }  # fmt: skip


def _visit(scene: Scene, one: Pregnancy, contact: Contact, key: str) -> Row:
    random = scene.random("antenatal", one.mother.number * 10 + contact.number)
    low = random.randint(60, 78)
    late = contact.week >= 20
    return {
        "MA_LAN_KHAM": f"{key}-{contact.number}", "MA_CSKCB": scene.hospital.code, "MA_THAI_KY": key,
        **_mother(one.mother), "NGAY_KHAM": stamp(contact.at), "LAN_KHAM": str(contact.number),
        "NGAY_KINH_CUOI": f"{one.last_period:%Y%m%d}", "TUAN_THAI": str(contact.week),
        "NGAY_DU_SINH": f"{one.last_period + timedelta(days=280):%Y%m%d}", "PARA": _parity(one),
        "CAN_NANG": f"{random.uniform(46, 70):.1f}", "HUYET_AP": f"{low + random.randint(35, 48)}/{low}",
        "CAO_TU_CUNG": str(contact.week - 3) if late else "", "TIM_THAI": str(random.randint(125, 155)) if late else "",
        "PROTEIN_NIEU": "am_tinh", "XN_HIV": "da_xn", "XN_GIANG_MAI": "am_tinh", "XN_VGB": "am_tinh",
        "TIEM_UV": "2" if late else "1", "BO_SUNG_SAT": "1", "NGUY_CO": "khong",
        "NGUOI_KHAM": scene.hospital.staff[8].licence,
    }  # fmt: skip


def _parity(one: Pregnancy) -> str:
    """Births at term, before term, abortions, living children."""
    before = min(one.order - 1, 9)
    return f"{before}00{before}"


def _delivery(scene: Scene, one: Pregnancy, birth: Birth, key: str) -> Row:
    return {
        "MA_LAN_DE": f"DE-{key}", "MA_CSKCB": scene.hospital.code, "MA_THAI_KY": key, **_mother(one.mother),
        "NGAY_DE": stamp(birth.at), "NOI_DE": "co_so", "TUAN_THAI": str(birth.weeks),
        "CACH_DE": "mo" if birth.surgical else "thuong", "SO_LAN_KHAM": str(len(one.contacts)),
        "SO_CON": str(len(birth.children)), "SO_CON_SONG": str(len(birth.children)), "TAI_BIEN": "khong",
        "TINH_TRANG_ME": "on_dinh", "NGUOI_DO": scene.hospital.staff[8].licence,
    }  # fmt: skip


def _newborn(scene: Scene, birth: Birth, key: str, place: int, code: str) -> Row:
    child = birth.children[place]
    random = scene.random("newborn", child.person.number)
    return {
        "MA_LAN_DE": f"DE-{key}", "STT_CON": str(place + 1), "MA_CSKCB": scene.hospital.code, "MA_GCS": code,
        "NGAY_SINH": stamp(child.at), "GIOI_TINH": child.person.sex, "CAN_NANG": str(child.weight),
        "CHIEU_DAI": str(random.randint(46, 52) if child.weight > 2000 else random.randint(38, 43)),
        "APGAR_1": str(random.randint(7, 8)), "APGAR_5": str(random.randint(8, 10)), "TINH_TRANG": "song",
        "DA_KE_DA": "1", "NGAY_TIEM_VGB": stamp(child.at + timedelta(hours=6)), "VITAMIN_K": "1",
    }  # fmt: skip


def _child(scene: Scene, one: Pregnancy, child: Person, code: str, at: datetime) -> Row:
    father = one.father
    return {
        "MA_TRE": f"TR{child.number}", "MA_DON_VI": scene.hospital.code, "MA_GCS": code, "HO_TEN": child.name,
        "NGAY_SINH": f"{child.born:%Y%m%d}", "GIOI_TINH": child.sex, "MA_DANTOC": child.ethnicity,
        "DA_KHAI_SINH": "0", "DIA_CHI": child.address, "MATINH_CU_TRU": child.province,
        "MAXA_CU_TRU": child.commune, "HO_TEN_ME": one.mother.name, "SO_DINH_DANH_ME": one.mother.cccd,
        "HO_TEN_CHA": father.name if father else "", "SO_DINH_DANH_CHA": father.cccd if father else "",
        "HO_NGHEO": "0", "NGAY_CAP_NHAT": f"{at:%Y%m%d}",
    }  # fmt: skip
