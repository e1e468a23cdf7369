"""Traditional medicine: the department of each hospital, healers of the communes, remedies and prescriptions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from lienthong.synthetic.chance import declared
from lienthong.synthetic.databases.medicines import prescription_number
from lienthong.synthetic.lines import Row, stamp
from lienthong.synthetic.lives import VISITS_EACH, moment_in
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.people import Person
from lienthong.synthetic.scene import Scene

FIRST_PRESCRIPTION = 50_000
"""Number of the first prescription of a catchment; those of visits are numbered from 0."""
PAINS = (("M54.5", "Đau lưng dưới"), ("M17.9", "Thoái hóa khớp gối"), ("G47.0", "Mất ngủ"))


def emit(scene: Scene) -> Iterator[Parcel]:
    """One workbook of the hospital, then prescriptions."""
    if scene.silent:
        return
    hospital = scene.hospital
    tables: dict[str, list[Row]] = {
        "facilities": [{
            "MA_CSKCB": hospital.code, "TEN_CSKCB": f"Khoa Y học cổ truyền {hospital.name}", "LOAI": "khoa_yhct",
            "NGUOI_CTN": hospital.healer.licence, "GIUONG_YHCT": "20", "SO_LUONG_Y": "1", "CHE_BIEN": "0",
            "MATINH": hospital.province, "TU_NGAY": "20250701",
        }],
        "healers": [row for at in range(len(scene.lives.catchment.communes)) for row in _healer(scene, at)],
        "remedies": [], "remedy_ingredients": [], "materials": [],
    }  # fmt: skip
    used: dict[str, str] = {}
    for at, remedy in enumerate(_remedies()):
        code = f"BT{hospital.code}{at:02d}"
        tables["remedies"].append({
            "MA_BAI_THUOC": code, "TEN": remedy["name"], "LOAI": "co_phuong", "CHI_DINH": remedy["for"],
            "CACH_DUNG": "Sắc uống ngày một thang", "TRANG_THAI": "hieu_luc",
        })  # fmt: skip
        for line, (material, grams) in enumerate(remedy["of"].items(), 1):
            used[material] = _name(material)
            tables["remedy_ingredients"].append({
                "MA_BAI_THUOC": code, "STT": str(line), "MA_DUOC_LIEU": material, "TEN_VI_THUOC": _name(material),
                "KHOI_LUONG": str(grams), "DOC_TINH": "thuong",
            })  # fmt: skip
    if scene.lives.catchment.place == 0:
        tables["materials"] = [_material(code, name) for code, name in used.items()]
    yield scene.parcel("traditional_medicine", hospital, tables, scene.opening(9))
    yield from _prescriptions(scene)


def _remedies() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = declared("products")["remedies"]
    return found


def _name(material: str) -> str:
    return material.replace("_", " ").capitalize()


def _material(code: str, name: str) -> Row:
    return {
        "MA_DUOC_LIEU": code, "TEN": name, "TEN_KHOA_HOC": f"Radix {name.lower()}", "BO_PHAN": "Rễ",
        "NGUON": "thuc_vat",
        "DOC_TINH": "thuong", "TU_NGAY": "20240101",
    }  # fmt: skip


def _healer(scene: Scene, at: int) -> Iterator[Row]:
    elders = [who for where, who in scene.lives.people if where == at and 50 <= who.age(scene.span.on) < 72
              and who.number not in scene.lives.died]  # fmt: skip
    if not elders:
        return
    who = scene.random("healer", at).choice(elders)
    yield {
        "SO_CHUNG_NHAN": f"LY{who.number:010d}", "LOAI": "luong_y", "HO_TEN": who.name, "SO_DINH_DANH": who.cccd,
        "NGAY_SINH": f"{who.born:%Y%m%d}", "GIOI_TINH": who.sex, "DIA_CHI": who.address, "MATINH": who.province,
        "MAXA": who.commune, "PHAM_VI": "Khám bệnh, chữa bệnh bằng y học cổ truyền", "NGAY_CAP": "20250901",
        "NOI_CAP": "Sở Y tế", "TRANG_THAI": "hieu_luc",
    }  # fmt: skip


def _prescriptions(scene: Scene) -> Iterator[Parcel]:
    number = scene.lives.catchment.place * VISITS_EACH + FIRST_PRESCRIPTION
    yearly = declared("life")["rates"]["traditional"]
    for _, who in scene.lives.people:
        random = scene.random("traditional", who.number)
        at = moment_in(scene.span, random)
        if who.age(scene.span.on) < 30 or random.random() >= scene.span.expected(
            "traditional", yearly
        ):
            continue
        if not scene.lives.alive(who, at):
            continue
        sent = min(at + timedelta(minutes=30), scene.span.until)
        tables = _prescription(scene, who, number, at, random.randrange(len(PAINS)))
        yield scene.parcel("traditional_medicine", scene.hospital, tables, sent, posted=True)
        number += 1


def _prescription(
    scene: Scene, who: Person, number: int, at: datetime, pain: int
) -> dict[str, list[Row]]:
    code, name = PAINS[pain]
    choice = number % len(_remedies())
    remedy = _remedies()[choice]
    key = prescription_number(scene.hospital.code, number, "T")
    row = {
        "MA_DON_THUOC": key, "MA_CSKCB": scene.hospital.code, "MA_NGUOI_KE": scene.hospital.healer.licence,
        "HO_TEN": who.name, "SO_DINH_DANH": who.cccd, "NGAY_SINH": f"{who.born:%Y%m%d}", "GIOI_TINH": who.sex,
        "CHAN_DOAN": name, "MA_BENH": code, "MA_BAI_THUOC": f"BT{scene.hospital.code}{choice:02d}",
        "SO_THANG": "7", "CO_THAI": "0", "LOI_DAN": "Sắc uống ngày một thang", "NGAY_GIO_KE_DON": stamp(at),
    }  # fmt: skip
    lines = [
        {"MA_DON_THUOC": key, "STT": str(line), "MA_DUOC_LIEU": material, "TEN_VI_THUOC": _name(material),
         "KHOI_LUONG": str(grams), "DON_VI_TINH": "gam", "DOC_TINH": "thuong", "DA_CHE_BIEN": "1",
         "CACH_DUNG": "Sắc uống"}
        for line, (material, grams) in enumerate(remedy["of"].items(), 1)
    ]  # fmt: skip
    return {"prescriptions": [row], "prescription_lines": lines}
