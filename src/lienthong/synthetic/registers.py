"""Registers of invented facilities: who may practise where (`practice`), who was born and who died (`vital_events`)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from lienthong.synthetic.chance import chance, declared
from lienthong.synthetic.facilities import TRADITIONAL, Facility, Worker
from lienthong.synthetic.lines import Row, certificate_number, stamp
from lienthong.synthetic.people import FEMALE, MALE, Person, person
from lienthong.synthetic.places import places

OPENS = "0730"
"""When everybody's hours begin."""
FIRST_MOTHER, FIRST_DEAD = 500_000_000, 700_000_000
_LICENCE_TITLES = {"1": "bac_sy", "3": "dieu_duong", "4": "ho_sinh", "5": "ky_thuat_y"}
_SCOPES = {
    "1": "Khám bệnh, chữa bệnh đa khoa",
    "3": "Điều dưỡng",
    "4": "Hộ sinh",
    "5": "Kỹ thuật y",
}
_CAUSES = (
    ("I63.9", "Nhồi máu não"), ("J18.9", "Viêm phổi"), ("I21.9", "Nhồi máu cơ tim cấp"),
    ("C34.9", "U ác của phế quản hoặc phổi"),
)  # fmt: skip


def practice(seed: int, facility: Facility) -> dict[str, list[Row]]:
    """All tables of `practice` for one facility; the same rows whenever it sends them."""
    tables: dict[str, list[Row]] = {
        "facilities": [_facility(seed, facility)],
        "departments": [
            {"MA_CSKCB": facility.code, "MA_KHOA": code, "TEN_KHOA": name, "BAN_KHAM": "2", "GIUONG_PD": "30",
             "GIUONG_TK": "32", "TU_NGAY": "20200101"}
            for code, name in declared("clinic")["department_names"].items()
        ],
        "practitioners": [], "licences": [], "registrations": [], "working_slots": [],
    }  # fmt: skip
    headed: set[str] = set()
    for place, worker in enumerate(facility.everybody, 1):
        position = "" if worker.department in headed else "2"
        headed.add(worker.department)
        tables["practitioners"].append(_practitioner(seed, worker))
        tables["licences"].append(_licence(facility, worker))
        tables["registrations"].append(
            _registration(facility, worker, place, "1" if place == 1 else position)
        )
        tables["working_slots"] += [
            {"MACCHN": worker.licence, "MA_CSKCB": facility.code, "NOI": "1", "THU": str(day), "TU_GIO": OPENS,
             "DEN_GIO": "1630", "TU_NGAY": since(worker)}
            for day in range(2, 7)
        ]  # fmt: skip
    return tables


def _facility(seed: int, facility: Facility) -> Row:
    random = chance(seed, f"register/{facility.code}")
    commune = random.choice(places().communes[facility.province])
    beds = random.randint(60, 400)
    hospital = facility.code[2:] in ("001", "999")
    return {
        "MA_CSKCB": facility.code, "MA_GLN": _gln(int(facility.code)), "TEN_CSKCB": facility.name,
        "SO_GPHD": f"{facility.code}/SYT-GPHĐ", "NGAYCAP_GPHD": "20180115", "NOICAP_GPHD": "Sở Y tế",
        "PHAM_VI_HD": "Khám bệnh, chữa bệnh đa khoa", "NGUOI_CTN": facility.head.licence, "HINH_THUC": "benh_vien",
        "CAP_CMKT": "co_ban", "HANG": "2" if hospital else "3", "CO_QUAN_CHU_QUAN": "Sở Y tế", "LOAI_HINH": "cong",
        "THOI_GIAN_HD": "24/24", "NAM_HD": str(random.randint(1960, 2015)), "GIUONG_KH": str(beds),
        "GIUONG_DK": str(beds),
        "GIUONG_TT": str(beds + 10), "GIUONG_ICU": str(beds // 20), "GIUONG_ALA": "2", "BAN_MO": str(beds // 40),
        "DIA_CHI": f"{commune.name}, {places().provinces[facility.province]}", "MATINH": facility.province,
        "MAXA": commune.code, "DIEN_THOAI": f"09{random.randint(0, 99_999_999):08d}", "TU_NGAY": "20180201",
    }  # fmt: skip


def _gln(number: int) -> str:
    """A 13-digit GLN: 893 for Viet Nam, nine digits of ours, the check digit of GS1."""
    body = f"893{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _practitioner(seed: int, worker: Worker) -> Row:
    who = worker.person
    random = chance(seed, "education", who.number)
    return {
        "MA_NGUOI_HN": f"HN{who.number}", "SO_DINH_DANH": who.cccd, "HO_TEN": who.name,
        "NGAY_SINH": f"{who.born:%Y%m%d}",
        "GIOI_TINH": who.sex, "MA_QUOCTICH": "000", "MA_BHXH": who.bhxh, "CHUCDANH_NN": worker.title,
        "VAN_BANG": "Bằng tốt nghiệp mẫu",
        "DIEN_THOAI": f"0{random.choice('35789')}{random.randint(0, 99_999_999):08d}",
        "CME_GIO": str(random.randint(120, 200)), "CME_TU_NGAY": "20210101", "CME_DEN_NGAY": "20260101",
    }  # fmt: skip


def _scope(worker: Worker) -> str:
    if worker.department == TRADITIONAL:
        return "Khám bệnh, chữa bệnh y học cổ truyền"
    return _SCOPES[worker.title]


def _licence(facility: Facility, worker: Worker) -> Row:
    return {
        "SO_GPHN": worker.licence, "LOAI": "CCHN", "MA_NGUOI_HN": f"HN{worker.person.number}",
        "CHUC_DANH": _LICENCE_TITLES[worker.title], "PHAM_VI": _scope(worker),
        "NGAY_CAP": f"{worker.licensed:%Y%m%d}",
        "CO_QUAN_CAP": _issuer(facility, worker), "HINH_THUC_CAP": "cap_moi", "TRANG_THAI": "hieu_luc",
    }  # fmt: skip


def _registration(facility: Facility, worker: Worker, place: int, position: str) -> Row:
    return {
        "STT": str(place), "MA_KHOA": worker.department,
        "TEN_KHOA": declared("clinic")["department_names"][worker.department],
        "HO_TEN": worker.person.name, "GIOI_TINH": worker.person.sex, "SO_DINH_DANH": worker.person.cccd,
        "CHUCDANH_NN": worker.title, "VI_TRI": position, "MACCHN": worker.licence,
        "NGAYCAP_CCHN": f"{worker.licensed:%Y%m%d}",
        "NOICAP_CCHN": _issuer(facility, worker), "PHAMVI_CM": _scope(worker), "THOIGIAN_DK": "1",
        "THOIGIAN_NGAY": "0730-1630", "THOIGIAN_TUAN": "T2T3T4T5T6", "TU_NGAY": since(worker),
        "MA_CSKCB": facility.code,
    }  # fmt: skip


def _issuer(facility: Facility, worker: Worker) -> str:
    return (
        "Bộ Y tế" if "BYT" in worker.licence else f"Sở Y tế {places().provinces[facility.province]}"
    )


def since(worker: Worker) -> str:
    """The day from which somebody practises where they are registered."""
    return f"{worker.licensed + timedelta(days=60):%Y%m%d}"


def births(
    seed: int, facility: Facility, sent: datetime, first: int, count: int, as_of: date
) -> list[Row]:
    """Birth certificates `first` to `first + count - 1`, issued within the half hour before `sent`."""
    return [_birth(seed, facility, sent, number, as_of) for number in range(first, first + count)]


def _birth(seed: int, facility: Facility, sent: datetime, number: int, as_of: date) -> Row:
    random = chance(seed, "birth", number)
    mother = person(
        seed, FIRST_MOTHER + number, facility.province, as_of, ages=(19, 39), sex=FEMALE
    )
    issued = sent - timedelta(minutes=random.randint(3, 30))
    born = issued - timedelta(hours=random.randint(20, 70))
    surgical, early = random.random() < 0.3, random.random() < 0.02
    weight = random.randint(1100, 1900) if early else random.randint(2500, 3900)
    order = random.choice((1, 1, 2, 2, 3))
    named = child_name(random, mother.name)
    return birth_row(
        facility, number, mother, issued=issued, born=born, sex=random.choice((MALE, FEMALE)), weight=weight,
        name=named, order=order, surgical=surgical, early=early,
    )  # fmt: skip


def birth_row(
    facility: Facility, number: int, mother: Person, *, issued: datetime, born: datetime, sex: str, weight: int,
    name: str, order: int, surgical: bool, early: bool, together: int = 1,
) -> Row:  # fmt: skip
    """The birth certificate of one child; `together` children were born."""
    notes = ["Sinh con phải phẫu thuật"] * surgical + ["Sinh con dưới 32 tuần tuổi"] * early
    return {
        "MA_GCS": certificate_number(facility.code, number, born), "MACSKCB": facility.code,
        "MA_BN": f"BN{facility.code}{mother.number}", "CAP_LAN_DAU": "1", "HOTEN_NND": mother.name,
        "NGAYSINH_NND": f"{mother.born:%Y%m%d}", "MA_BHXH_NND": mother.bhxh, "MA_THE_NND": mother.card,
        "MA_DANTOC_NND": mother.ethnicity, "MA_QUOCTICH_NND": "000", "LOAI_GIAYTO_NND": "1",
        "SO_GIAYTO_NND": mother.cccd,
        "NGAY_CAP_NND": "20220615", "NOI_CAP_NND": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
        "DCHI_THUONGTRU_NND": mother.address, "MATINH_THUONGTRU_NND": mother.province,
        "MAXA_THUONGTRU_NND": mother.commune,
        "TEN_CON": name, "GIOI_TINH_CON": sex,
        "NGAY_SINH_CON": stamp(born), "NOI_SINH_CON": facility.name, "SO_CON": str(together), "LAN_SINH": str(order),
        "SO_CON_SONG": str(order + together - 1), "CAN_NANG_CON": str(weight), "TINH_TRANG_CON": "Khóc ngay, hồng hào",
        "SINHCON_PHAUTHUAT": str(int(surgical)), "SINHCON_DUOI32TUAN": str(int(early)), "GHI_CHU": "; ".join(notes),
        "NGUOI_DO_DE": facility.staff[8].person.name, "NGUOI_GHI_PHIEU": facility.staff[5].person.name,
        "TTRUONG_DVI": facility.head.person.name, "NGAY_CT": stamp(issued), "SO_CHUNGSINH": f"{number:08d}",
        "QUYEN_SO": f"{issued:%Y}",
    }  # fmt: skip


def child_name(random: Random, mother: str) -> str:
    """The name that parents intend for a child."""
    given = declared("names")["given"]["female"]
    return f"{mother.split()[0]} {random.choice(('Bảo', 'Gia', 'Minh', 'Khánh'))} {random.choice(given[:20])}"


def deaths(
    seed: int, facility: Facility, sent: datetime, first: int, count: int, as_of: date
) -> list[Row]:
    """Death notices `first` to `first + count - 1`, issued within the half hour before `sent`."""
    return [_death(seed, facility, sent, number, as_of) for number in range(first, first + count)]


def _death(seed: int, facility: Facility, sent: datetime, number: int, as_of: date) -> Row:
    random = chance(seed, "death", number)
    who = person(seed, FIRST_DEAD + number, facility.province, as_of, ages=(50, 95))
    issued = sent - timedelta(minutes=random.randint(3, 30))
    died = issued - timedelta(hours=random.randint(1, 5))
    cause = random.choice(_CAUSES)
    come = died - timedelta(hours=random.randint(8, 90))
    return death_row(facility, number, who, come=come, died=died, issued=issued, cause=cause)


def death_row(
    facility: Facility, number: int, who: Person, *, come: datetime, died: datetime, issued: datetime,
    cause: tuple[str, str],
) -> Row:  # fmt: skip
    """The death notice of one person; `cause` is a code of ICD-10 and its name."""
    code, name = cause
    return {
        "MA_GBT": f"{facility.code}.GBT.{number % 100_000:05d}.{died:%y}", "MA_BN": f"BN{facility.code}{who.number}",
        "HO_TEN": who.name, "NGAY_SINH": f"{who.born:%Y%m%d}", "GIOI_TINH": who.sex, "MA_THE": who.card,
        "MA_DANTOC": who.ethnicity, "MA_QUOCTICH": "000", "DCHI_THUONGTRU": who.address,
        "MATINH_THUONGTRU": who.province,
        "MAXA_THUONGTRU": who.commune, "LOAI_GIAYTO": "1", "SO_GIAYTO": who.cccd, "NGAY_CAP": "20220615",
        "NOI_CAP": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
        "NGAYGIO_VV": stamp(come), "NGAY_TV": stamp(died),
        "TINH_TRANG_TV": "Tử vong tại cơ sở", "NGUYENNHAN_TV": name, "NGUOI_GHIGIAY": facility.staff[5].person.name,
        "TTRUONG_DVI": facility.head.person.name, "SO_BAOTU": f"{number:08d}", "QUYEN_SO": f"{issued:%Y}",
        "NGAY_CAPGIAYBT": stamp(issued), "MACSKCB": facility.code, "MA_BHXH": who.bhxh,
        "BENH_ICD10_ID": code, "BENH_ICD10_TEN": name,
    }  # fmt: skip
