"""Food safety: establishments of each commune, their papers and inspections, and outbreaks with their cases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from lienthong.synthetic.chance import declared
from lienthong.synthetic.events import Outbreak
from lienthong.synthetic.lines import Row, stamp
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.places import places
from lienthong.synthetic.scene import Scene

MEALS = ("bep_tap_the", "suat_an_san")
_SETTING = {
    "bep_tap_the": "truong_hoc", "dich_vu_an_uong": "nha_hang", "san_xuat": "khac", "suat_an_san": "bep_kcn",
}  # fmt: skip


def emit(scene: Scene) -> Iterator[Parcel]:
    """One workbook when the days begin, and every outbreak within hours."""
    if scene.silent:
        return
    establishments = [
        row for at in range(len(scene.lives.catchment.communes)) for row in _places(scene, at)
    ]
    tables = {
        "establishments": establishments,
        "eligibility_certificates": [_certificate(scene, row) for row in establishments],
        "products": [_product(scene, row) for row in establishments if row["LOAI_HINH"] == "san_xuat"],
        "inspections": [
            _inspection(scene, row) for row in establishments
            if scene.random("inspected", int(row["MA_CO_SO"][3:])).random() < 0.5
        ],
    }  # fmt: skip
    yield scene.parcel("food_safety", scene.department, tables, scene.opening(8))
    for one in scene.lives.outbreaks:
        yield _outbreak(scene, one, establishments)


def _places(scene: Scene, at: int) -> Iterator[Row]:
    commune = scene.lives.catchment.communes[at]
    kinds = declared("products")["food"]["establishments"]
    owners = [
        who
        for where, who in scene.lives.people
        if where == at and 25 <= who.age(scene.span.on) < 65
    ]
    for turn, (kind, name) in enumerate(kinds.items()):
        if not owners:
            return
        owner = scene.random("owner", at * 10 + turn).choice(owners)
        serial = scene.lives.catchment.place * 1000 + at * 10 + turn
        workers = scene.random("workers", serial).randint(3, 30)
        yield {
            "MA_CO_SO": f"{commune.province}-{serial:08d}", "TEN_CO_SO": f"{name} {commune.name}", "LOAI_HINH": kind,
            "CHU_CO_SO": owner.name, "SO_DINH_DANH": owner.cccd, "SO_LAO_DONG": str(workers),
            "SO_TAP_HUAN": str(workers - 1), "SUAT_AN": str(workers * 20) if kind in MEALS else "",
            "CAP_QUAN_LY": "tinh", "DIA_CHI": f"{commune.name}, {places().provinces[commune.province]}",
            "MATINH": commune.province, "MAXA": commune.code, "DIEN_THOAI": owner.phone, "TRANG_THAI": "hoat_dong",
            "TU_NGAY": "20250801",
        }  # fmt: skip


def _certificate(scene: Scene, row: Row) -> Row:
    issued = scene.span.until.year - 1  # it holds for three years
    return {
        "SO_GCN": f"{int(row['MA_CO_SO'][3:])}/{issued}/ATTP-CNĐK", "MA_CO_SO": row["MA_CO_SO"],
        "CO_QUAN_CAP": "Chi cục An toàn vệ sinh thực phẩm", "MATINH_CAP": row["MATINH"], "NGAY_CAP": f"{issued}0820",
        "NGAY_HET_HAN": f"{issued + 3}0819", "TRANG_THAI": "hieu_luc",
    }  # fmt: skip


def _product(scene: Scene, row: Row) -> Row:
    return {
        "SO_CONG_BO": f"01/{row['MA_CO_SO']}/2025", "HINH_THUC": "tu_cong_bo",
        "TEN_SP": f"Nước uống mẫu {row['MA_CO_SO']}",
        "NHOM_SP": "nuoc_uong", "MA_CO_SO": row["MA_CO_SO"], "CO_SO_SX": row["TEN_CO_SO"], "NUOC_SX": "Việt Nam",
        "TIEU_CHUAN": "QCVN 6-1:2010/BYT", "NGAY_CONG_BO": "20250901", "CO_QUAN": row["MATINH"],
        "TRANG_THAI": "hieu_luc",
    }  # fmt: skip


def _inspection(scene: Scene, row: Row) -> Row:
    random = scene.random("inspection", int(row["MA_CO_SO"][3:]))
    bad = random.random() < 0.2
    day = scene.span.first - timedelta(days=random.randint(1, 20))
    return {
        "SO_BIEN_BAN": f"BB{row['MA_CO_SO'][3:]}", "MA_CO_SO": row["MA_CO_SO"], "LOAI_KT": "dinh_ky",
        "CO_QUAN": "Chi cục An toàn vệ sinh thực phẩm", "NGAY_KT": f"{day:%Y%m%d}", "SO_MAU": "3",
        "SO_MAU_KHONG_DAT": "1" if bad else "0", "KET_LUAN": "khong_dat" if bad else "dat",
        "HANH_VI": "Không bảo đảm điều kiện bảo quản" if bad else "", "XU_LY": "phat_tien" if bad else "",
        "SO_TIEN": "3000000" if bad else "",
        "HAN_KHAC_PHUC": f"{day + timedelta(days=15):%Y%m%d}" if bad else "",
    }  # fmt: skip


def _outbreak(scene: Scene, one: Outbreak, establishments: list[Row]) -> Parcel:
    random = scene.random("outbreak", one.number)
    commune = scene.lives.catchment.communes[one.commune]
    here = [
        row
        for row in establishments
        if row["MAXA"] == commune.code and row["LOAI_HINH"] != "san_xuat"
    ]
    place = random.choice(here) if here else None
    ill = [(stop, made) for stop, made in scene.made if stop.number in one.numbers]
    reported = max(stop.left for stop, _ in ill) + timedelta(minutes=20)
    key = f"NDTP{scene.hospital.code}{one.number:06d}"
    event = {
        "MA_VU": key, "THOI_GIAN": stamp(one.meal), "MATINH": commune.province, "MAXA": commune.code,
        "DIA_DIEM": place["TEN_CO_SO"] if place else commune.name, "MA_CO_SO": place["MA_CO_SO"] if place else "",
        "NOI_AN": _SETTING[place["LOAI_HINH"]] if place else "gia_dinh",
        "THUC_AN": random.choice(declared("products")["food"]["dishes"]), "SO_AN": str(len(ill) * 4),
        "SO_MAC": str(len(ill)), "SO_NHAP_VIEN": "0", "SO_CHET": "0", "TAC_NHAN": "vi_sinh", "MAU_XN": "2",
        "NGAY_BAO_CAO": stamp(min(reported, scene.span.until)), "TRANG_THAI": "dieu_tra",
    }  # fmt: skip
    cases = [
        {"MA_VU": key, "STT": str(at), "HO_TEN": stop.who.name, "SO_DINH_DANH": stop.who.cccd,
         "NGAY_SINH": f"{stop.who.born:%Y%m%d}", "GIOI_TINH": stop.who.sex, "MA_CSKCB": scene.hospital.code,
         "MA_LK": made.key, "NGAY_VAO": made.summary["NGAY_VAO"], "MA_BENH": stop.condition["code"],
         "KET_CUC": "dang_dieu_tri"}
        for at, (stop, made) in enumerate(ill, 1)
    ]  # fmt: skip
    sent = min(reported + timedelta(minutes=15), scene.span.until)
    return scene.parcel(
        "food_safety",
        scene.department,
        {"poisoning_events": [event], "poisoning_cases": cases},
        sent,
        posted=True,
    )
