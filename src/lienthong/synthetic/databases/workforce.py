"""Health workforce: everybody who works in the hospital, those without a licence too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from lienthong.synthetic.lines import Row
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.people import Person, person
from lienthong.synthetic.scene import Scene

FIRST_OTHER = 800_000_000
OTHERS = ("ke_toan", "cntt", "lai_xe", "ho_ly")
_POSITIONS = {"1": "bac_si", "3": "dieu_duong", "4": "ho_sinh", "5": "ky_thuat_y"}
_GRADES = {"1": "V.08.01.03", "3": "V.08.05.12", "4": "V.08.06.15", "5": "V.08.07.18"}
_LEVELS = {"1": "bac_si", "3": "cao_dang", "4": "cao_dang", "5": "cao_dang"}


@dataclass(frozen=True)
class Employee:
    """One employee: `title` is the claims code of the profession (9: another), `licence` is empty without one."""

    key: str
    person: Person
    title: str
    position: str
    licence: str
    since: date
    department: str = ""

    @property
    def level(self) -> str:
        """The qualification."""
        return _LEVELS.get(self.title, "dai_hoc")


def employees(scene: Scene) -> list[Employee]:
    """The licensed staff of the hospital and some others."""
    hospital = scene.hospital
    found = [
        Employee(
            key=f"NL{hospital.code}{place:03d}", person=worker.person, title=worker.title,
            position=_POSITIONS[worker.title], licence=worker.licence, since=worker.licensed,
            department=worker.department,
        )
        for place, worker in enumerate(hospital.everybody)
    ]  # fmt: skip
    for place, position in enumerate(OTHERS, len(found)):
        number = FIRST_OTHER + scene.lives.catchment.place * 10 + place % 10
        who = person(scene.seed, number, hospital.province, scene.span.on, ages=(25, 57))
        found.append(
            Employee(
                key=f"NL{hospital.code}{place:03d}", person=who, title="9", position=position, licence="",
                since=date(who.born.year + 24, 3, 1),
            )
        )  # fmt: skip
    return found


def emit(scene: Scene) -> Iterator[Parcel]:
    """One workbook of the hospital with all its staff."""
    if scene.silent:
        return
    hospital = scene.hospital
    day = f"{scene.span.first:%Y%m%d}"
    commune = scene.lives.catchment.communes[0]
    tables: dict[str, list[Row]] = {
        "employers": [{
            "MA_DON_VI": hospital.code, "TEN_DON_VI": hospital.name, "LOAI_DON_VI": "benh_vien",
            "MA_CSKCB": hospital.code, "LOAI_HINH": "cong", "BIEN_CHE": "120", "MATINH": hospital.province,
            "MAXA": commune.code, "TU_NGAY": "20250701",
        }],
        "staff": [], "posts": [], "qualifications": [], "training": [],
    }  # fmt: skip
    for place, one in enumerate(employees(scene)):
        tables["staff"].append(_staff(scene, one, day))
        tables["posts"].append(_post(scene, one, place))
        tables["qualifications"].append(_qualification(scene, one, place))
        if one.licence:
            tables["training"].append(_training(scene, one, place))
    yield scene.parcel("workforce", hospital, tables, scene.opening(2))


def _staff(scene: Scene, one: Employee, day: str) -> Row:
    who, random = one.person, scene.random("staff", one.person.number)
    return {
        "MA_NHAN_LUC": one.key, "MA_DON_VI": scene.hospital.code, "SO_DINH_DANH": who.cccd,
        "MA_HO_SO": f"HS{who.number}", "MA_BHXH": who.bhxh, "HO_TEN": who.name, "NGAY_SINH": f"{who.born:%Y%m%d}",
        "GIOI_TINH": who.sex, "MA_DANTOC": who.ethnicity, "MA_QUOCTICH": "000", "DCHI_HIENTAI": who.address,
        "MATINH_HIENTAI": who.province, "MAXA_HIENTAI": who.commune, "DIEN_THOAI": who.phone,
        "CHUCDANH_NN": one.title, "HANH_NGHE": str(int(bool(one.licence))), "SO_GPHN": one.licence,
        "NGAYCAP_GPHN": f"{one.since:%Y%m%d}" if one.licence else "",
        "LOAI_NHAN_LUC": random.choice(("vien_chuc", "vien_chuc", "hop_dong")), "TRANG_THAI": "dang_lam",
        "KQ_XAC_THUC": "khop", "NGAY_XAC_THUC": day, "NGAY_CAP_NHAT": day,
    }  # fmt: skip


def _post(scene: Scene, one: Employee, place: int) -> Row:
    since = f"{max(one.since, date(2015, 1, 1)):%Y%m%d}"
    return {
        "MA_NHAN_LUC": one.key, "MA_DON_VI": scene.hospital.code, "MA_KHOA": one.department,
        "VI_TRI": one.position, "CHUC_VU": "giam_doc" if place == 0 else "",
        "MA_CDNN": _GRADES.get(one.title, ""), "THOIGIAN_DK": "1", "TY_LE": "1",
        "HE_SO_LUONG": f"{scene.random('pay', place).randint(234, 498) / 100:.2f}",
        "NGAY_TUYEN_DUNG": since, "TU_NGAY": since,
    }  # fmt: skip


def _qualification(scene: Scene, one: Employee, place: int) -> Row:
    graduated = one.since.year - 1
    return {
        "MA_NHAN_LUC": one.key, "MA_DON_VI": scene.hospital.code,
        "SO_VAN_BANG": f"VB{scene.hospital.code}{place:03d}", "TRINH_DO": one.level,
        "NGANH": "Y khoa" if one.licence else "Kinh tế", "CO_SO_DAO_TAO": "Trường Đại học Mẫu",
        "HINH_THUC_DT": "chinh_quy", "NAM_TOT_NGHIEP": str(graduated), "NGAY_CAP": f"{graduated}0701",
    }  # fmt: skip


def _training(scene: Scene, one: Employee, place: int) -> Row:
    return {
        "MA_NHAN_LUC": one.key, "MA_DON_VI": scene.hospital.code, "MA_LOP": f"CME{place:03d}-2025", "LOAI": "cme",
        "TEN_LOP": "Cập nhật kiến thức y khoa (mẫu)", "CO_SO_DAO_TAO": "Trường Đại học Mẫu",
        "TU_NGAY": "20251103", "DEN_NGAY": "20251107", "GIO_TIN_CHI": "40",
        "TONG_5_NAM": str(scene.random("hours", place).randint(124, 190)),
        "SO_CHUNG_NHAN": f"CN{scene.hospital.code}{place:03d}",
    }  # fmt: skip
