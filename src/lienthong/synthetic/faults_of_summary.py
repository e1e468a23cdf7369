"""Faults in the summary of a visit (XML1) and in its papers (XML5, XML7, XML8, XML9, XML11, XML14)."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from random import Random

from lienthong.synthetic.faults import Planted, kind
from lienthong.synthetic.lines import moment, stamp
from lienthong.synthetic.money import cents, dong
from lienthong.synthetic.places import places
from lienthong.synthetic.visits import Visit

_REPEATING = ("XML13", "XML14")


def _blank(visit: Visit, table: str, field: str, rule: str = "required") -> Planted | None:
    if not visit.tables.get(table) or not visit.tables[table][0].get(field):
        return None
    visit.tables[table][0][field] = ""
    return Planted(table, 0, field, rule)


def _repeated(visit: Visit) -> bool:
    return any(name in visit.tables for name in _REPEATING)


def _write(visit: Visit, field: str, value: str, rule: str) -> Planted:
    visit.summary[field] = value
    return Planted("XML1", 0, field, rule)


@kind(1)
def name_missing(visit: Visit, random: Random) -> Planted | None:
    """A visit without the person's name."""
    return None if _repeated(visit) else _blank(visit, "XML1", "HO_TEN")


@kind(1)
def reason_missing(visit: Visit, random: Random) -> Planted | None:
    """A visit without its reason."""
    return _blank(visit, "XML1", "LY_DO_VV")


@kind(1, rare=True)
def medical_code_missing(visit: Visit, random: Random) -> Planted | None:
    """A discharge paper without the patient's medical code (empty in 1,049 of 1,050 papers of one hospital)."""
    return _blank(visit, "XML7", "MA_YTE")


@kind(1)
def number_missing(visit: Visit, random: Random) -> Planted | None:
    """A person without a personal number."""
    return _blank(visit, "XML1", "SO_CCCD", "CMP-12")


@kind(1, rare=True)
def admission_reason_missing(visit: Visit, random: Random) -> Planted | None:
    """A stay without the reason of admission in words."""
    return _blank(visit, "XML1", "LY_DO_VNT", "CMP-03")


@kind(1, rare=True)
def discharge_paper_missing(visit: Visit, random: Random) -> Planted | None:
    """A stay without its discharge paper."""
    if visit.summary["MA_LOAI_KCB"] not in ("03", "09"):
        return None
    del visit.tables["XML7"]
    return Planted("XML1", 0, "MA_LOAI_KCB", "LNK-08")


@kind(2)
def weight_absurd(visit: Visit, random: Random) -> Planted | None:
    """A person of several hundred kilograms."""
    return _write(visit, "CAN_NANG", f"{random.randint(400, 900)}.00", "FMT-14")


@kind(2)
def sex_outside_list(visit: Visit, random: Random) -> Planted | None:
    """A sex that is no code."""
    if _repeated(visit) or "XML9" in visit.tables:
        return None
    return _write(visit, "GIOI_TINH", "5", "enum")


@kind(2)
def category_outside_list(visit: Visit, random: Random) -> Planted | None:
    """A category of attendance that cannot be one; it is also not the one the registered place asks for."""
    if _repeated(visit) or visit.summary["MA_DOITUONG_KCB"] != "1.1":
        return None
    visit.summary["MA_DOITUONG_KCB"] = "1,1"
    return Planted("XML1", 0, "MA_DOITUONG_KCB", "COD-09", (("XML1", 0, "", "INS-05"),))


@kind(3, rare=True)
def duplicate_note(visit: Visit, random: Random) -> Planted | None:
    """The same progress note twice."""
    notes = visit.tables.get("XML5")
    if not notes:
        return None
    notes.append(dict(notes[-1], STT=str(len(notes) + 1)))
    last = len(notes) - 1
    return Planted("XML5", last, "DIEN_BIEN_LS", "DUP-01", (("XML5", last - 1, "", "DUP-01"),))


@kind(4)
def leading_zero_lost(visit: Visit, random: Random) -> Planted | None:
    """A code that lost its zero in a spreadsheet."""
    if _repeated(visit) or not visit.summary["MA_DANTOC"].startswith("0"):
        return None
    return _write(visit, "MA_DANTOC", visit.summary["MA_DANTOC"][1:], "FMT-07")


@kind(4)
def vendor_province(visit: Visit, random: Random) -> Planted | None:
    """A province code of a software vendor instead of the official one."""
    return _write(visit, "MATINH_CU_TRU", "2" + visit.summary["MATINH_CU_TRU"], "FMT-08")


@kind(4)
def date_local(visit: Visit, random: Random) -> Planted | None:
    """A moment written as people write it."""
    paid = moment(visit.summary["NGAY_TTOAN"])
    return _write(visit, "NGAY_TTOAN", f"{paid:%d/%m/%Y}", "FMT-01")


@kind(4)
def leading_separator(visit: Visit, random: Random) -> Planted | None:
    """A list of secondary diseases that begins with its separator."""
    if not visit.summary["MA_BENH_KT"] or _repeated(visit):
        return None
    return _write(visit, "MA_BENH_KT", ";" + visit.summary["MA_BENH_KT"], "FMT-15")


@kind(4)
def name_decomposed(visit: Visit, random: Random) -> Planted | None:
    """A name in Unicode NFD, as some systems export it."""
    name = unicodedata.normalize("NFD", visit.summary["HO_TEN"])
    if _repeated(visit) or name == visit.summary["HO_TEN"]:
        return None
    return _write(visit, "HO_TEN", name, "FMT-16")


@kind(4)
def name_padded(visit: Visit, random: Random) -> Planted | None:
    """A name with blanks around it."""
    return (
        None
        if _repeated(visit)
        else _write(visit, "HO_TEN", f" {visit.summary['HO_TEN']} ", "FMT-16")
    )


@kind(4)
def number_short(visit: Visit, random: Random) -> Planted | None:
    """A personal number that lost its leading zeros."""
    number = visit.summary["SO_CCCD"].lstrip("0")
    return _write(visit, "SO_CCCD", number, "FMT-04") if len(number) in (10, 11) else None


@kind(4)
def card_with_blank(visit: Visit, random: Random) -> Planted | None:
    """An insurance card written with a blank inside."""
    card = visit.summary.get("MA_THE_BHYT", "")
    if not card or _repeated(visit) or any(name in visit.tables for name in ("XML9", "XML11")):
        return None
    return _write(visit, "MA_THE_BHYT", card[:3] + " " + card[4:], "FMT-10")


@kind(5)
def main_disease_unknown(visit: Visit, random: Random) -> Planted | None:
    """One digit more than the catalogue has (S06.00)."""
    return (
        None
        if _repeated(visit)
        else _write(visit, "MA_BENH_CHINH", random.choice(("S06.00", "M10.00", "J96.00")), "COD-01")
    )


@kind(5)
def commune_elsewhere(visit: Visit, random: Random) -> Planted | None:
    """A commune of another province."""
    others = sorted(set(places().communes) - {visit.summary["MATINH_CU_TRU"]})
    return _write(
        visit, "MAXA_CU_TRU", random.choice(places().communes[random.choice(others)]).code, "FMT-08"
    )


@kind(5, rare=True)
def note_of_another_visit(visit: Visit, random: Random) -> Planted | None:
    """A progress note that carries another visit's key."""
    notes = visit.tables.get("XML5", [])
    if len(notes) < 2:
        return None
    notes[-1]["MA_LK"] = notes[-1]["MA_LK"][:-1] + "X"
    last = len(notes) - 1
    return Planted("XML5", last, "MA_LK", "LNK-01", (("XML5", last, "", "LNK-03"),))


@kind(6)
def sex_against_number(visit: Visit, random: Random) -> Planted | None:
    """Sex and personal number disagree."""
    if _repeated(visit) or visit.summary["MA_BENH_CHINH"].startswith("O"):
        return None
    visit.summary["GIOI_TINH"] = "2" if visit.summary["GIOI_TINH"] == "1" else "1"
    return Planted("XML1", 0, "SO_CCCD", "FMT-05")


@kind(6, rare=True)
def admitted_before_arrival(visit: Visit, random: Random) -> Planted | None:
    """A stay ordered before the patient came."""
    if not visit.summary.get("NGAY_VAO_NOI_TRU"):
        return None
    arrived = moment(visit.summary["NGAY_VAO"])
    return _write(visit, "NGAY_VAO_NOI_TRU", stamp(arrived - timedelta(hours=2)), "DAT-02")


@kind(6)
def drug_total_wrong(visit: Visit, random: Random) -> Planted | None:
    """The drug total is not the sum of the drug lines."""
    return _write(visit, "T_THUOC", dong(cents(visit.summary["T_THUOC"]) + 50_000), "MON-08")


@kind(6, rare=True)
def days_wrong(visit: Visit, random: Random) -> Planted | None:
    """One treatment day too many."""
    if visit.summary["MA_LOAI_KCB"] != "03":
        return None
    return _write(visit, "SO_NGAY_DTRI", str(int(visit.summary["SO_NGAY_DTRI"]) + 1), "DAT-09")


@kind(6, rare=True)
def result_of_treatment_differs(visit: Visit, random: Random) -> Planted | None:
    """The record summary tells another result than the visit."""
    if "XML8" not in visit.tables:
        return None
    visit.tables["XML8"][0]["KET_QUA_DTRI"] = "3"
    return Planted("XML8", 0, "KET_QUA_DTRI", "LNK-16")


@kind(6, rare=True)
def leave_days_wrong(visit: Visit, random: Random) -> Planted | None:
    """Sick-leave days that do not fit their dates."""
    if "XML11" not in visit.tables:
        return None
    row = visit.tables["XML11"][0]
    row["SO_NGAY_NGHI"] = str(int(row["SO_NGAY_NGHI"]) + 2)
    return Planted("XML11", 0, "SO_NGAY_NGHI", "DAT-18")


@kind(6, rare=True)
def appointment_not_in_summary(visit: Visit, random: Random) -> Planted | None:
    """A re-examination paper without the date in the summary."""
    if "XML14" not in visit.tables:
        return None
    visit.summary["NGAY_TAI_KHAM"] = ""
    return Planted("XML1", 0, "NGAY_TAI_KHAM", "LNK-12")


@kind(6, rare=True)
def discharge_date_differs(visit: Visit, random: Random) -> Planted | None:
    """A discharge paper dated on another day than the discharge."""
    if "XML7" not in visit.tables:
        return None
    left = moment(visit.summary["NGAY_RA"])
    visit.tables["XML7"][0]["NGAY_CT"] = f"{left - timedelta(days=1):%Y%m%d}"
    return Planted("XML7", 0, "NGAY_CT", "DAT-15")
