"""Faults in what a visit costs: drugs (XML2), services and beds (XML3), results (XML4)."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from lienthong.synthetic.faults import Planted, kind
from lienthong.synthetic.lines import Row, moment, stamp
from lienthong.synthetic.money import Amounts, cents, dong, totals
from lienthong.synthetic.visits import Visit


def _drugs(visit: Visit) -> list[Row]:
    return visit.tables.get("XML2", [])


def _services(visit: Visit) -> list[Row]:
    return visit.tables.get("XML3", [])


def _resum(visit: Visit) -> None:
    visit.summary.update(totals(_drugs(visit), _services(visit)))


def _find(rows: list[Row], field: str, *values: str) -> int | None:
    return next((place for place, row in enumerate(rows) if row.get(field) in values), None)


@kind(1)
def dose_missing(visit: Visit, random: Random) -> Planted | None:
    """A drug without its dose."""
    if not _drugs(visit):
        return None
    _drugs(visit)[0]["LIEU_DUNG"] = ""
    return Planted("XML2", 0, "LIEU_DUNG", "CMP-06")


@kind(1, rare=True)
def performer_missing(visit: Visit, random: Random) -> Planted | None:
    """A test without the person who did it."""
    place = _find(_services(visit), "MA_NHOM", "1", "2", "3")
    if place is None:
        return None
    _services(visit)[place]["NGUOI_THUC_HIEN"] = ""
    return Planted("XML3", place, "NGUOI_THUC_HIEN", "STA-02", (("XML3", place, "", "CMP-02"),))


@kind(1, rare=True)
def machine_missing(visit: Visit, random: Random) -> Planted | None:
    """A test without its machine."""
    place = _find(_services(visit), "MA_NHOM", "1", "2", "3")
    if place is None:
        return None
    _services(visit)[place]["MA_MAY"] = ""
    return Planted("XML3", place, "MA_MAY", "STA-04")


@kind(2, rare=True)
def quantity_zero(visit: Visit, random: Random) -> Planted | None:
    """A drug of which nothing was given."""
    if not _drugs(visit) or visit.summary["MA_LOAI_KCB"] == "01":
        return None
    row = _drugs(visit)[0]
    row.update(Amounts(0, 0, int(row["MUC_HUONG"])).cells(), SO_LUONG="0")
    _resum(visit)
    return Planted("XML2", 0, "SO_LUONG", "MON-20")


@kind(3)
def drug_twice(visit: Visit, random: Random) -> Planted | None:
    """The same drug order twice."""
    if not _drugs(visit):
        return None
    _drugs(visit).append(dict(_drugs(visit)[0], STT=str(len(_drugs(visit)) + 1)))
    _resum(visit)
    return Planted(
        "XML2", len(_drugs(visit)) - 1, "MA_THUOC", "DUP-02", (("XML2", 0, "", "DUP-02"),)
    )


@kind(3, rare=True)
def row_number_twice(visit: Visit, random: Random) -> Planted | None:
    """Two service rows with one number; the second is left out of the count, so the numbers also have a gap."""
    if len(_services(visit)) < 2:
        return None
    last = len(_services(visit)) - 1
    _services(visit)[last]["STT"] = str(last)
    return Planted("XML3", last, "STT", "LNK-03", (("XML3", last - 1, "", "LNK-03"),))


@kind(4)
def decimal_comma(visit: Visit, random: Random) -> Planted | None:
    """A price with a comma."""
    place = _find(_drugs(visit), "DON_GIA", "480.5")
    if place is None:
        return None
    _drugs(visit)[place]["DON_GIA"] = "480,5"
    return Planted("XML2", place, "DON_GIA", "type", (("XML2", place, "DON_GIA", "FMT-13"),))


@kind(4)
def dose_unreadable(visit: Visit, random: Random) -> Planted | None:
    """A dose in free words."""
    if not _drugs(visit):
        return None
    _drugs(visit)[0]["LIEU_DUNG"] = "ngày uống hai lần sáng chiều"
    return Planted("XML2", 0, "LIEU_DUNG", "FMT-24")


@kind(4, rare=True)
def bed_code_wrong(visit: Visit, random: Random) -> Planted | None:
    """A bed that is named as the ward names it."""
    place = _find(_services(visit), "MA_NHOM", "15")
    if place is None:
        return None
    _services(visit)[place]["MA_GIUONG"] = "Giường 5"
    return Planted("XML3", place, "MA_GIUONG", "FMT-17")


@kind(4)
def tender_wrong(visit: Visit, random: Random) -> Planted | None:
    """Tender information without its parts."""
    if not _drugs(visit):
        return None
    _drugs(visit)[0]["TT_THAU"] = "99/QĐ-MAU 2025"
    return Planted("XML2", 0, "TT_THAU", "FMT-19")


@kind(5)
def result_without_service(visit: Visit, random: Random) -> Planted | None:
    """A result of a service that is not in the record."""
    results = visit.tables.get("XML4", [])
    if not results:
        return None
    results.append(dict(results[0], STT=str(len(results) + 1), MA_DICH_VU="99.9999.9999"))
    return Planted("XML4", len(results) - 1, "MA_DICH_VU", "LNK-05")


@kind(5)
def department_unknown(visit: Visit, random: Random) -> Planted | None:
    """A drug ordered by a department the visit never passed."""
    if not _drugs(visit):
        return None
    _drugs(visit)[0]["MA_KHOA"] = "K99"
    return Planted("XML2", 0, "MA_KHOA", "COD-07")


@kind(6)
def ordered_before_arrival(visit: Visit, random: Random) -> Planted | None:
    """A drug ordered the day before the patient came."""
    if not _drugs(visit):
        return None
    _drugs(visit)[0]["NGAY_YL"] = stamp(moment(visit.summary["NGAY_VAO"]) - timedelta(days=1))
    return Planted("XML2", 0, "NGAY_YL", "DAT-03")


@kind(6, rare=True)
def result_before_start(visit: Visit, random: Random) -> Planted | None:
    """A test whose result is older than its beginning."""
    place = _find(_services(visit), "MA_NHOM", "1", "2", "3")
    if place is None:
        return None
    row = _services(visit)[place]
    early = stamp(moment(row["NGAY_TH_YL"]) - timedelta(minutes=2))
    row["NGAY_KQ"] = early
    for result in visit.tables.get("XML4", []):
        if result["MA_DICH_VU"] == row["MA_DICH_VU"]:
            result["NGAY_KQ"] = early
    return Planted("XML3", place, "NGAY_KQ", "DAT-04", (("XML3", place, "", "DAT-07"),))


@kind(6)
def line_amount_wrong(visit: Visit, random: Random) -> Planted | None:
    """A line whose amount is not quantity times price; its shares and the totals follow the wrong amount."""
    if not _drugs(visit):
        return None
    row = _drugs(visit)[0]
    row["THANH_TIEN_BV"] = dong(cents(row["THANH_TIEN_BV"]) + 100_000)
    row["T_BNTT"] = dong(cents(row["T_BNTT"]) + 100_000)
    _resum(visit)
    return Planted("XML2", 0, "THANH_TIEN_BV", "MON-01")


@kind(6, rare=True)
def benefit_level_wrong(visit: Visit, random: Random) -> Planted | None:
    """100 percent where the card gives 80; the shares and the totals follow."""
    place = _find(_services(visit), "MUC_HUONG", "80")
    if place is None:
        return None
    row = _services(visit)[place]
    row.update(Amounts(cents(row["THANH_TIEN_BV"]), cents(row["THANH_TIEN_BH"]), 100).cells())
    _resum(visit)
    return Planted("XML3", place, "MUC_HUONG", "INS-02")


@kind(6, rare=True)
def ordered_and_done_by_one(visit: Visit, random: Random) -> Planted | None:
    """The one who ordered the test also did it."""
    place = _find(_services(visit), "MA_NHOM", "1", "2", "3")
    if place is None:
        return None
    row = _services(visit)[place]
    row["NGUOI_THUC_HIEN"] = row["MA_BAC_SI"]
    return Planted("XML3", place, "NGUOI_THUC_HIEN", "STA-03")
