"""Social assistance: people with a reason of age or disability, their decisions and what they are paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from lienthong.synthetic.chance import declared
from lienthong.synthetic.lines import Row
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.people import Person
from lienthong.synthetic.scene import Scene

STANDARD = 500_000
"""Dong a month that a coefficient of one is worth (Decree 76/2024)."""
PROGRAMMES = {
    "CT-HTXH": ("huu_tri_xh", "Trợ cấp hưu trí xã hội"),
    "CT-TXTX": ("thuong_xuyen", "Trợ cấp xã hội hằng tháng"),
}
PENSION_AGE = 75
_DISABILITIES = ("van_dong", "nhin", "nghe_noi", "tri_tue")


def emit(scene: Scene) -> Iterator[Parcel]:
    """One workbook of the health department on the first day, the payments of the month on the last."""
    if scene.silent:
        return
    body = scene.department
    tables: dict[str, list[Row]] = {
        "programmes": [_programme(code, body) for code in PROGRAMMES],
        "beneficiaries": [], "disability_certificates": [], "decisions": [],
    }  # fmt: skip
    paid: list[Row] = []
    for _, who in scene.lives.people:
        reason = _reason(scene, who)
        if reason is None or who.number in scene.lives.died:
            continue
        tables["beneficiaries"].append(_beneficiary(scene, who, reason))
        if reason == "khuyet_tat":
            tables["disability_certificates"].append(_certificate(scene, who))
        decision = _decision(scene, who, reason)
        tables["decisions"].append(decision)
        paid.append(_payment(scene, who, decision))
    yield scene.parcel("social_assistance", scene.department, tables, scene.opening(7))
    if paid:
        yield scene.parcel(
            "social_assistance",
            scene.department,
            {"allowances": paid},
            scene.closing(2),
            form="csv",
        )


def _reason(scene: Scene, who: Person) -> str | None:
    random = scene.random("assistance", who.number)
    if who.age(scene.span.first) >= PENSION_AGE and not who.card.startswith("HT"):
        return "huu_tri_xh"
    if (
        random.random() * 100 < declared("life")["rates"]["disability"]
        and who.age(scene.span.on) >= 6
    ):
        return "khuyet_tat"
    return None


def _programme(code: str, body: str) -> Row:
    kind, name = PROGRAMMES[code]
    return {
        "MA_CT": f"{code}-{body}", "TEN_CT": name, "MA_DON_VI": body, "LOAI": kind,
        "CAN_CU": "Nghị định 76/2024/NĐ-CP; Nghị định 176/2025/NĐ-CP", "MUC_CHUAN": str(STANDARD),
        "NGUON": "trung_uong", "TU_NGAY": "20250701",
    }  # fmt: skip


def _key(who: Person) -> str:
    return f"BT{who.number:010d}"


def _beneficiary(scene: Scene, who: Person, reason: str) -> Row:
    child = who.age(scene.span.on) < 18
    return {
        "MA_DOI_TUONG": _key(who), "MA_DON_VI": scene.department, "SO_DINH_DANH": who.cccd, "HO_TEN": who.name,
        "NGAY_SINH": f"{who.born:%Y%m%d}", "GIOI_TINH": who.sex, "MA_DANTOC": who.ethnicity, "DIEN_THOAI": who.phone,
        "DIA_CHI": who.address, "MATINH_CU_TRU": who.province, "MAXA_CU_TRU": who.commune, "NHOM_DT": reason,
        "HO_NGHEO": "0", "HO_TEN_NGH": f"{who.name.split()[0]} Thị Mẫu" if child else "", "TRANG_THAI": "dang_huong",
        "NGAY_CAP_NHAT": f"{scene.span.first:%Y%m%d}",
    }  # fmt: skip


def _certificate(scene: Scene, who: Person) -> Row:
    random = scene.random("disability", who.number)
    return {
        "SO_GXN": f"GXN{who.number:010d}", "MA_DON_VI": scene.department, "MA_DOI_TUONG": _key(who),
        "DANG_TAT": random.choice(_DISABILITIES), "MUC_DO": random.choice("12"), "NGAY_CAP": "20230615",
        "HOI_DONG": "xa",
    }  # fmt: skip


def _decision(scene: Scene, who: Person, reason: str) -> Row:
    random = scene.random("decision", who.number)
    since = date(2025, 8, 1)
    if reason == "huu_tri_xh":
        since = max(since, date(who.born.year + PENSION_AGE, who.born.month, 1))
    factor = 1.0 if reason == "huu_tri_xh" else random.choice((1.5, 2.0))
    code = "CT-HTXH" if reason == "huu_tri_xh" else "CT-TXTX"
    signed = min(since, scene.span.first - timedelta(days=3))
    return {
        "SO_QD": f"QD{who.number:010d}", "MA_DON_VI": scene.department, "MA_DOI_TUONG": _key(who),
        "LOAI_QD": "huong", "MA_CT": f"{code}-{scene.department}",
        "NGAY_NHAN_HS": f"{signed - timedelta(days=5):%Y%m%d}", "NGAY_QD": f"{signed:%Y%m%d}",
        "NGAY_HIEU_LUC": f"{signed:%Y%m%d}", "CO_QUAN": "Ủy ban nhân dân cấp xã", "HE_SO": f"{factor:.1f}",
        "MUC_TRO_CAP": str(round(STANDARD * factor)), "TU_THANG": f"{signed:%Y%m}",
    }  # fmt: skip


def _payment(scene: Scene, who: Person, decision: Row) -> Row:
    day = scene.span.until.replace(day=min(5, scene.span.until.day))
    return {
        "MA_DOI_TUONG": _key(who), "KY": f"{day:%Y%m}", "SO_QD": decision["SO_QD"],
        "MA_DON_VI": scene.department, "SO_DINH_DANH": who.cccd, "SO_TIEN": decision["MUC_TRO_CAP"],
        "NGAY_CHI": f"{day:%Y%m%d}", "HINH_THUC": "tai_khoan", "TRANG_THAI": "da_chi",
    }  # fmt: skip
