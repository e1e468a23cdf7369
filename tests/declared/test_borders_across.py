"""The last right and the first wrong moment of rules across databases, each side of the border named."""

from __future__ import annotations

import pytest

from tests.declared.worlds import broken_across

WHO = "001085012345"
DEATH = {"MA_GBT": "T1", "LOAI_GIAYTO": "4", "SO_GIAYTO": WHO}
DOCTOR = "000001/BYT-GPHN"
LICENCE = {
    "SO_GPHN": DOCTOR,
    "CHUC_DANH": "bac_sy",
    "NGAY_CAP": "20200101",
    "TRANG_THAI": "hieu_luc",
}
ORDER = {
    "MA_LK": "V1",
    "STT": "1",
    "MA_BAC_SI": DOCTOR,
    "SO_DANG_KY": "893110012326",
    "NGAY_YL": "202611200900",
}

AFTER_DEATH = [
    ("care", "XML1", "X-DEAD-01", {"MA_LK": "V1", "SO_CCCD": WHO, "NGAY_VAO": "202611200900"}),
    ("medicines", "prescriptions", "X-MED-27",
     {"MA_DON_THUOC": "P1", "MA_DINH_DANH_CONG_DAN": WHO, "NGAY_GIO_KE_DON": "202611200900"}),
    ("prevention", "doses", "X-PRV-11", {"MA_MUI": "M1", "SO_DINH_DANH": WHO, "NGAY_TIEM": "202611200900"}),
    ("traditional_medicine", "prescriptions", "X-YCT-47",
     {"MA_DON_THUOC": "P1", "SO_DINH_DANH": WHO, "NGAY_GIO_KE_DON": "202611200900"}),
]  # fmt: skip


@pytest.mark.parametrize(("contract", "table", "rule", "row"), AFTER_DEATH)
@pytest.mark.parametrize(
    ("died", "wrong"),
    [
        ("202611192359", True), ("202611200859", True), ("202611200900", False), ("202611201000", False),
        ("20261119", True), ("20261120", False), ("202611200000", False),
    ],
    ids=["day before", "minute before", "same minute", "later that day", "day alone before", "day alone", "no hour"],
)  # fmt: skip
def test_nothing_happens_to_a_person_after_the_hour_of_death(
    contract, table, rule, row, died, wrong
):
    notices = [DEATH | {"NGAY_TV": died}]
    found = broken_across(contract, {table: [row]}, {"vital_events.death_notices": notices})
    assert (rule in found) is wrong


def test_who_is_brought_dead_is_no_contradiction():
    row = AFTER_DEATH[0][3] | {"KET_QUA_DTRI": "5"}
    for died, wrong in (("202611200850", False), ("202611190850", True)):
        notices = [DEATH | {"NGAY_TV": died}]
        found = broken_across("care", {"XML1": [row]}, {"vital_events.death_notices": notices})
        assert ("X-DEAD-01" in found) is wrong


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"NGAY_HET_HAN": "20261120"}, False),
        ({"NGAY_HET_HAN": "20261119"}, True),
        ({"NGAY_CAP": "20261120"}, False),
        ({"NGAY_CAP": "20261121"}, True),
        ({"TRANG_THAI": "thu_hoi", "NGAY_QD": "20261121"}, False),
        ({"TRANG_THAI": "thu_hoi", "NGAY_QD": "20261120"}, True),
    ],
)
def test_a_licence_holds_on_its_first_and_last_day(changed, wrong):
    tables = {"XML1": [{"MA_LK": "V1", "MA_CSKCB": "01999"}], "XML2": [ORDER]}
    found = broken_across("care", tables, {"practice.licences": [LICENCE | changed]})
    assert ("X-LIC-02" in found) is wrong


@pytest.mark.parametrize(("revoked", "wrong"), [("20261121", False), ("20261120", True)])
def test_a_drug_is_not_ordered_from_the_day_it_is_revoked(revoked, wrong):
    drugs = [{"SO_DANG_KY": ORDER["SO_DANG_KY"], "TRANG_THAI": "thu_hoi", "NGAY_THU_HOI": revoked}]
    found = broken_across("care", {"XML2": [ORDER]}, {"medicines.drugs": drugs})
    assert ("X-DRUG-02" in found) is wrong


SCHEDULE = {
    "KHANG_NGUYEN": "MEASLES",
    "TUOI_TOI_THIEU": "270",
    "KHOANG_CACH": "28",
    "TU_NGAY": "20200101",
}
DOSE = {
    "MA_DOI_TUONG": "C1",
    "KHANG_NGUYEN": "MEASLES",
    "NGAY_SINH": "20260101",
    "MA_CSKCB": "01999",
}


@pytest.mark.parametrize(("given", "wrong"), [("20260928", False), ("20260927", True)])
def test_a_dose_is_given_at_the_least_age(given, wrong):
    """270 days after 1 January 2026 is 28 September."""
    dose = DOSE | {"MA_MUI": "M1", "MUI_SO": "1", "NGAY_TIEM": given}
    found = broken_across(
        "prevention", {"doses": [dose]}, {"prevention.schedule": [SCHEDULE | {"MUI_SO": "1"}]}
    )
    assert ("X-PRV-05" in found) is wrong


@pytest.mark.parametrize(("given", "wrong"), [("20261029", False), ("20261028", True)])
@pytest.mark.parametrize("later", [False, True], ids=["one schedule", "a longer one since"])
def test_a_dose_keeps_the_interval_of_its_day(given, wrong, later):
    """28 days after 1 October is 29 October; a schedule that came into force afterwards asks nothing of it."""
    first = DOSE | {"MA_MUI": "M1", "MUI_SO": "1", "NGAY_TIEM": "20261001"}
    second = DOSE | {"MA_MUI": "M2", "MUI_SO": "2", "NGAY_TIEM": given}
    schedule = [SCHEDULE | {"MUI_SO": "2"}]
    if later:
        schedule[0] |= {"DEN_NGAY": "20261031"}
        schedule.append(SCHEDULE | {"MUI_SO": "2", "TU_NGAY": "20261101", "KHOANG_CACH": "90"})
    elsewhere = {"prevention.doses": [first], "prevention.schedule": schedule}
    assert ("X-PRV-06" in broken_across("prevention", {"doses": [second]}, elsewhere)) is wrong
