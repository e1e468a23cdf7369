"""The papers of a visit: progress notes (XML5), discharge (XML7), summary (XML8), birth (XML9), rest and
sick leave (XML10, XML11),
referral (XML13) and re-examination (XML14). Fields that repeat the summary are copied from it, so they agree."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lienthong.synthetic.chance import declared
from lienthong.synthetic.lines import Row, stamp

if TYPE_CHECKING:
    from lienthong.synthetic.visits import Case

REPEATED = (
    "HO_TEN", "NGAY_SINH", "GIOI_TINH", "DIA_CHI", "MA_QUOCTICH", "MA_DANTOC", "MA_NGHE_NGHIEP",
    "MA_THE_BHYT", "GT_THE_DEN",
    "NGAY_VAO", "NGAY_VAO_NOI_TRU", "NGAY_RA", "MA_CSKCB", "MA_NOI_DI", "MA_NOI_DEN", "CHAN_DOAN_RV",
    "MA_BENH_CHINH", "MA_BENH_KT",
    "MA_DOITUONG_KCB", "MA_LOAI_RV",
)  # fmt: skip
"""Fields of XML13 and XML14 that must equal XML1 when present."""
_NOT_APPOINTMENT = (
    "MA_QUOCTICH", "MA_DANTOC", "MA_NGHE_NGHIEP", "MA_NOI_DI", "MA_NOI_DEN", "MA_LOAI_RV",
)  # fmt: skip
_SINCE_3176 = {"MA_NOI_DI": "MA_CSKCB_DI", "MA_NOI_DEN": "MA_CSKCB_DEN"}
"""Fields of XML1 that the referral letter calls otherwise since QD 3176."""
_DIAGNOSIS = {"CHAN_DOAN_RV": "CHAN_DOAN_RV"}
_METHOD = {"PP_DIEUTRI": "PP_DIEU_TRI"}
_COPIED = {
    "XML13": {
        _SINCE_3176.get(field, field): field for field in REPEATED if field != "MA_DOITUONG_KCB"
    },
    "XML14": {field: field for field in REPEATED if field not in _NOT_APPOINTMENT},
    "XML7": _DIAGNOSIS | _METHOD,
    "XML8": _DIAGNOSIS
    | _METHOD
    | {"CHAN_DOAN_VAO": "CHAN_DOAN_VAO", "KET_QUA_DTRI": "KET_QUA_DTRI"},
    "XML10": _DIAGNOSIS,
    "XML11": _DIAGNOSIS | _METHOD,
}
"""By paper: its field and the field of XML1 it is copied from."""


def add(tables: dict[str, list[Row]], case: Case) -> None:
    """Put the papers this visit needs into `tables` (without the fields that repeat XML1)."""
    if case.care_type in ("03", "09"):
        tables["XML5"] = _notes(case)
        tables["XML7"] = [_discharge(case)]
    if case.care_type == "03":
        tables["XML8"] = [_record_summary(case)]
    if case.kind == "birth":
        tables["XML9"] = _births(case)
        case.route["CAN_NANG_CON"] = ";".join(row["CAN_NANG_CON"] for row in tables["XML9"])
    if case.care_type == "01":
        _outpatient(tables, case)


def _outpatient(tables: dict[str, list[Row]], case: Case) -> None:
    employed = case.who.card.startswith("DN")
    if case.kind == "pregnancy":
        if employed:
            tables["XML10"] = [_pregnancy_rest(case)]
    elif case.condition.get("chronic") and case.random.random() < 0.6:
        again = case.left + timedelta(days=28)
        case.route["NGAY_TAI_KHAM"] = f"{again:%Y%m%d}"
        tables["XML14"] = [{
            "SO_GIAYHEN_KL": f"HK{case.number:07d}", "NGAY_HEN_KL": f"{again:%Y%m%d}0800", "MA_BAC_SI": _doctor(case),
            "MA_TTDV": case.facility.head.person.bhxh, "NGAY_CT": f"{case.left:%Y%m%d}",
        }]  # fmt: skip
    elif case.random.random() < 0.03:
        tables["XML13"] = [_referral(case)]
    elif employed and case.random.random() < 0.2:
        tables["XML11"] = [_sick_leave(case)]


def repeat(tables: dict[str, list[Row]], case: Case) -> None:
    """Copy from XML1 what the papers repeat, and give every row its key and number."""
    summary = tables["XML1"][0]
    for table, copied in _COPIED.items():
        for row in tables.get(table, []):
            row |= {
                field: summary[source] for field, source in copied.items() if summary.get(source)
            }
    for rows in tables.values():
        for row in rows:
            row["MA_LK"] = case.key


def _notes(case: Case) -> list[Row]:
    texts = declared("clinic")["notes"]
    start = case.admitted or case.arrived
    count = max(1, case.nights * 2)
    step = (case.left - start) / (count + 1)
    rows = []
    for place in range(count):
        low = case.random.randint(65, 85)
        text = texts[place % len(texts)].format(
            pulse=case.random.randint(68, 96),
            high=low + case.random.randint(35, 50),
            low=low,
            heat=f"{case.random.uniform(36.5, 37.9):.1f}",
        )
        rows.append({"STT": str(place + 1), "DIEN_BIEN_LS": text, "THOI_DIEM_DBLS": stamp(start + step * (place + 1)),
                     "NGUOI_THUC_HIEN": _doctor(case)})  # fmt: skip
    return rows


def _doctor(case: Case) -> str:
    doctors = case.facility.doctors("K27" if case.kind == "birth" else "K03")
    return doctors[case.number % len(doctors)].licence


def _discharge(case: Case) -> Row:
    department = (
        "K27" if case.kind == "birth" else "K19" if "operation" in case.condition else "K03"
    )
    signer = case.facility.doctors(department)[0]
    row = {
        "SO_LUU_TRU": f"LT{case.left:%y}{case.number:07d}", "MA_YTE": f"BN{case.facility.code}{case.who.number:08d}",
        "MA_KHOA_RV": department, "NGAY_VAO": stamp(case.arrived), "NGAY_RA": stamp(case.left), "MA_DINH_CHI_THAI": "0",
        "MA_TTDV": case.facility.head.person.bhxh, "MA_BS": signer.person.bhxh, "TEN_BS": signer.person.name,
        "NGAY_CT": f"{case.left:%Y%m%d}",
    }  # fmt: skip
    return row | _parents(case)


def _parents(case: Case) -> Row:
    if case.who.age(case.left.date()) >= 16:
        return {}
    return {"HO_TEN_ME": f"{case.who.name.split()[0]} Thị Mẫu".upper()}


def _record_summary(case: Case) -> Row:
    row = {
        "MA_LOAI_KCB": case.care_type, "NGAY_VAO": stamp(case.arrived), "NGAY_RA": stamp(case.left),
        "QT_BENHLY": "Bệnh diễn biến trước khi vào viện, được theo dõi và điều trị tại khoa",
        "TOMTAT_KQ": "Các kết quả xét nghiệm và chẩn đoán hình ảnh phù hợp với chẩn đoán", "DON_VI": "",
        "MA_TTDV": case.facility.head.person.bhxh, "NGAY_CT": f"{case.left:%Y%m%d}",
    }  # fmt: skip
    return row | _parents(case)


def _births(case: Case) -> list[Row]:
    mother, random = case.who, case.random
    given = case.children
    children = len(given) or (2 if random.random() < 0.03 else 1)
    surgical = case.condition["surgical"]
    born = (case.admitted or case.arrived) + timedelta(minutes=40)
    order = case.condition.get("order") or random.randint(1, 2)
    early = str(int(case.condition.get("early", False)))
    rows = []
    for child in range(children):
        number = case.number * 3 + child
        sex, weight = (
            random.choice("12"),
            random.randint(*((2200, 2600) if children > 1 else (2700, 3900))),
        )
        at = born + timedelta(minutes=4 * child)
        if given:
            sex, weight, at = given[child].person.sex, given[child].weight, given[child].at
        rows.append({
            "MA_BHXH_NND": mother.bhxh, "MA_THE_NND": mother.card, "HO_TEN_NND": mother.name.upper(),
            "NGAYSINH_NND": f"{mother.born:%Y%m%d}", "MA_DANTOC_NND": mother.ethnicity, "SO_CCCD_NND": mother.cccd,
            "NGAYCAP_CCCD_NND": "20220615", "NOICAP_CCCD_NND": "Cục Cảnh sát quản lý hành chính về trật tự xã hội",
            "NOI_CU_TRU_NND": mother.address, "MA_QUOCTICH": "000", "MATINH_CU_TRU": mother.province,
            "MAXA_CU_TRU": mother.commune,
            "MA_THE_TAM": f"TE1{case.facility.code[:2]}{number % 10**10:010d}", "GIOI_TINH_CON": sex,
            "SO_CON": str(children), "LAN_SINH": str(order), "SO_CON_SONG": str(order + children - 1),
            "CAN_NANG_CON": str(weight), "NGAY_SINH_CON": stamp(at), "NOI_SINH_CON": case.facility.name,
            "TINH_TRANG_CON": "Khóc ngay, hồng hào", "SINHCON_PHAUTHUAT": "1" if surgical else "0",
            "SINHCON_DUOI32TUAN": early,
            "GHI_CHU": _birth_notes(surgical, early == "1"), "NGUOI_DO_DE":
            case.facility.head.person.name,
            "NGUOI_GHI_PHIEU": case.facility.staff[8].person.name, "NGAY_CT": f"{case.left:%Y%m%d}",
            "SO": f"{number:08d}", "QUYEN_SO": f"Q{case.left:%y}", "MA_TTDV": case.facility.head.person.bhxh,
        })  # fmt: skip
    return rows


def _birth_notes(surgical: bool, early: bool) -> str:
    notes = ["Sinh con phải phẫu thuật"] * surgical + ["Sinh con dưới 32 tuần tuổi"] * early
    return "; ".join(notes) or "Sinh thường"


def _pregnancy_rest(case: Case) -> Row:
    days = case.random.randint(5, 10)
    signer = case.facility.doctors("K27")[0]
    return {
        "SO_SERI": f"DT{case.number:08d}", "SO_CT": f"CTD{case.number:08d}", "SO_NGAY": str(days),
        "DON_VI": _employer(case),
        "TU_NGAY": f"{case.left:%Y%m%d}", "DEN_NGAY": f"{case.left + timedelta(days=days - 1):%Y%m%d}",
        "MA_TTDV": case.facility.head.person.bhxh, "TEN_BS": signer.person.name, "MA_BS": signer.person.bhxh,
        "NGAY_CT": f"{case.left:%Y%m%d}",
    }  # fmt: skip


def _sick_leave(case: Case) -> Row:
    days = case.random.randint(1, 3)
    return {
        "SO_CT": f"CTN{case.number:08d}", "SO_SERI": f"NO{case.number:08d}", "SO_KCB": f"KB{case.number:08d}",
        "DON_VI": _employer(case), "MA_BHXH": case.who.bhxh, "MA_THE_BHYT": case.who.card, "SO_NGAY_NGHI": str(days),
        "TU_NGAY": f"{case.left:%Y%m%d}", "DEN_NGAY": f"{case.left + timedelta(days=days - 1):%Y%m%d}",
        "MAU_SO": "CT07",
        "MA_TTDV": case.facility.head.person.bhxh, "MA_BS": case.facility.doctors("K01")[0].person.bhxh,
        "NGAY_CT": f"{case.left:%Y%m%d}", "MA_DINH_CHI_THAI": "0",
    }  # fmt: skip


def _referral(case: Case) -> Row:
    case.route["MA_NOI_DEN"] = case.neighbour
    case.route["MA_LOAI_RV"] = "2"
    return {
        "SO_HOSO": f"HS{case.number:08d}", "SO_CHUYENTUYEN": f"CT{case.number:08d}",
        "GIAY_CHUYEN_TUYEN": f"GCT{case.number:08d}",
        "DAU_HIEU_LS": "Mạch và huyết áp ổn định, cần điều trị chuyên khoa", "QT_BENHLY": "Khám tại khoa Khám bệnh",
        "TOMTAT_KQ": "Các kết quả gửi kèm theo phiếu", "TINH_TRANG_CT": "Tỉnh, tiếp xúc tốt", "MA_LYDO_CT": "1",
        "HUONG_DIEU_TRI": "Điều trị chuyên khoa", "PHUONGTIEN_VC": "Xe cứu thương",
        "MA_BAC_SI": case.facility.doctors("K01")[0].licence,
        "MA_TTDV": case.facility.head.person.bhxh,
    }  # fmt: skip


def _employer(case: Case) -> str:
    return str(case.random.choice(declared("people")["employers"]))
