"""Medicines: the register, pharmacies with their stock, and a prescription for each visit that ends with drugs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from lienthong.synthetic import products
from lienthong.synthetic.chance import declared
from lienthong.synthetic.events import Stop
from lienthong.synthetic.lines import Row, moment, stamp
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.people import Person
from lienthong.synthetic.places import places
from lienthong.synthetic.scene import Scene
from lienthong.synthetic.visits import Visit

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
SOLD = 0.3
"""Share of prescriptions of which the pharmacy of the commune tells the sale."""


def emit(scene: Scene) -> Iterator[Parcel]:
    """Registers first, then stock, then prescriptions and sales as they happen."""
    until = scene.span.until
    if scene.lives.catchment.place == 0:
        yield scene.parcel(
            "medicines", products.DRUG_ADMINISTRATION,
            {"drugs": products.drug_register(until), "drug_lots": products.lot_register(until)},
            scene.opening(0),
        )  # fmt: skip
    if scene.silent:
        return
    yield scene.parcel(
        "medicines", scene.hospital, {"outlets": _outlets(scene), "stock_movements": list(_stock(scene))},
        scene.opening(3),
    )  # fmt: skip
    for stop, made in scene.made:
        if stop.kind == "exam" and made.tables.get("XML2"):
            yield from _prescribed(scene, stop, made)


def hospital_pharmacy(code: str) -> str:
    """The 12 characters of a hospital's own pharmacy."""
    return f"{code}KD00001"


def commune_pharmacy(station: str) -> str:
    """The 12 characters of the pharmacy of the commune of that station."""
    return f"{station}NT00001"


def _outlets(scene: Scene) -> list[Row]:
    hospital, catchment = scene.hospital, scene.lives.catchment
    rows = [
        _outlet(
            hospital_pharmacy(hospital.code), f"Khoa Dược {hospital.name}", "khoa_duoc", scene, 0
        )
        | {"MA_CSKCB": hospital.code}
    ]
    for at, (commune, station) in enumerate(
        zip(catchment.communes, catchment.stations(), strict=True)
    ):
        code = commune_pharmacy(station)
        rows.append(
            _outlet(code, f"Nhà thuốc mẫu {commune.name}", "nha_thuoc", scene, at)
            | {"SO_GCN": f"{code}/ĐKKDD", "SO_GPP": f"{code}/GPP", "NGAY_CAP": "20210301"}
        )
    return rows


def _outlet(code: str, name: str, kind: str, scene: Scene, commune: int) -> Row:
    place = scene.lives.catchment.communes[commune]
    return {
        "MA_CO_SO": code, "TEN_CO_SO": name, "LOAI_CO_SO": kind, "PHAM_VI": "thuong",
        "NGUOI_CTN": scene.hospital.staff[-1].person.name, "SO_CCHN_DUOC": f"{code[:5]}/CCHN-D",
        "DIA_CHI": f"{place.name}, {places().provinces[place.province]}", "MATINH": place.province,
        "MAXA": place.code, "TRANG_THAI": "hoat_dong", "TU_NGAY": "20210315",
    }  # fmt: skip


def _stock(scene: Scene) -> Iterator[Row]:
    """What each pharmacy bought on the first morning."""
    outlets = [hospital_pharmacy(scene.hospital.code)]
    outlets += [commune_pharmacy(station) for station in scene.lives.catchment.stations()]
    supplier = declared("products")["maker"]["supplier"]
    maker = declared("products")["maker"]["vi"]
    bought = scene.opening(3) - timedelta(minutes=30)
    for outlet in outlets:
        for at, drug in enumerate(products.drugs()):
            yield {
                "MA_CO_SO": outlet, "MA_GIAO_DICH": f"N{bought:%y%m%d}{at:04d}", "LOAI_GD": "nhap",
                "THOI_GIAN": stamp(bought), "MA_THUOC": drug.fact["code"], "TEN_THUOC": drug.fact["name"],
                "SO_DANG_KY": drug.number, "HOAT_CHAT": declared("products")["substances"][drug.key][0],
                "HAM_LUONG": drug.fact["strength"], "CO_SO_SX": maker, "NUOC_SX": "Việt Nam",
                "DANG_BAO_CHE": drug.fact["form"], "DON_VI_NN": drug.fact["unit"],
                "GIA_BAN_LE": str(round(drug.fact["price"] * 1.1)), "SO_LO": drug.lot,
                "HAN_DUNG": drug.expiry(scene.span.until), "SL_NHAP": "50000", "SL_TON": "50000",
                "NHA_CUNG_CAP": supplier, "SO_HOA_DON": f"HD{outlet[:5]}{at:04d}", "MA_CS_BAN_LE": outlet,
            }  # fmt: skip


def prescription_number(facility: str, number: int, kind: str = "C") -> str:
    """Fourteen characters: facility, seven of 0-9a-z, and the kind."""
    value, text = number + 36**6, ""
    for _ in range(7):
        value, digit = divmod(value, 36)
        text = _DIGITS[digit] + text
    return f"{facility}{text}-{kind}"


def _prescribed(scene: Scene, stop: Stop, made: Visit) -> Iterator[Parcel]:
    row, lines = prescription(scene.hospital.code, stop, made)
    at = moment(row["NGAY_GIO_KE_DON"])
    sent = stop.left + timedelta(minutes=1)
    yield scene.parcel(
        "medicines", scene.hospital, {"prescriptions": [row], "prescription_lines": lines}, sent, posted=True,
        facts={"stop": stop},
    )  # fmt: skip
    random = scene.random("sale", stop.number)
    sold = max(at, stop.left) + timedelta(minutes=random.randint(20, 90))
    if random.random() < SOLD and _told(sold) < scene.span.until:
        yield _sale(scene, stop, row, lines[0], sold)


def prescription(facility: str, stop: Stop, made: Visit) -> tuple[Row, list[Row]]:
    """The prescription of a visit and its lines."""
    who, drugs = stop.who, made.tables["XML2"]
    number = prescription_number(facility, stop.number)
    child = who.age(stop.left.date()) < 16
    row = {
        "MA_DON_THUOC": number, "LOAI_DON": "C", "MA_CSKCB": facility, "MA_LK": made.key,
        "MA_BAC_SI": drugs[0]["MA_BAC_SI"], "HO_TEN_BENH_NHAN": who.name, "MA_DINH_DANH_CONG_DAN": who.cccd,
        "NGAY_SINH": f"{who.born:%Y%m%d}", "GIOI_TINH": who.sex, "CAN_NANG": who.weight, "MA_SO_THE_BHYT": who.card,
        "DIA_CHI": who.address, "CHAN_DOAN": made.summary["CHAN_DOAN_RV"], "MA_BENH": made.summary["MA_BENH_CHINH"],
        "HINH_THUC_DIEU_TRI": "1", "BENH_MAN_TINH": str(int(bool(stop.condition.get("chronic")))),
        "LOI_DAN": "Uống thuốc theo đơn", "NGAY_GIO_KE_DON": drugs[0]["NGAY_YL"],
        "NGUOI_GIAM_HO": _guardian(who) if child else "",
    }  # fmt: skip
    days = 28 if stop.condition.get("chronic") else 5
    lines = [
        {
            "MA_DON_THUOC": number, "STT": str(place), "MA_THUOC": line["MA_THUOC"],
            "SO_DANG_KY": line["SO_DANG_KY"], "TEN_THUOC": line["TEN_THUOC"], "HAM_LUONG": line["HAM_LUONG"],
            "DON_VI_TINH": line["DON_VI_TINH"], "SO_LUONG": line["SO_LUONG"], "SO_NGAY": str(days),
            "CACH_DUNG": line["LIEU_DUNG"],
        }
        for place, line in enumerate(drugs, 1)
    ]  # fmt: skip
    return row, lines


def _told(sold: datetime) -> datetime:
    """Pharmacies tell of a day's sales the next morning."""
    return sold.replace(hour=6, minute=30) + timedelta(days=1, minutes=sold.minute)


def _guardian(who: Person) -> str:
    return f"{who.name.split()[0]} Thị Mẫu"


def _sale(scene: Scene, stop: Stop, row: Row, line: Row, sold: datetime) -> Parcel:
    drug = products.drug_by_code()[line["MA_THUOC"]]
    stations = scene.lives.catchment.stations()
    outlet = commune_pharmacy(stations[stop.number % len(stations)])
    return scene.parcel(
        "medicines", outlet,
        {"sales": [{
            "MA_CO_SO": outlet, "MA_HOA_DON": f"B{stop.number:08d}", "STT": "1", "MA_DON_THUOC": row["MA_DON_THUOC"],
            "MA_THUOC": line["MA_THUOC"], "SO_DANG_KY": line["SO_DANG_KY"], "SO_LO": drug.lot,
            "HAN_DUNG": drug.expiry(scene.span.until), "SO_LUONG_BAN": line["SO_LUONG"],
            "DON_VI_TINH": line["DON_VI_TINH"], "DON_GIA": str(round(drug.fact["price"] * 1.1)),
            "THOI_GIAN_BAN": stamp(sold),
        }]},
        _told(sold), posted=True,
    )  # fmt: skip
