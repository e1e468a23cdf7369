"""Each rule of `vital_events`: one change of right papers breaks it, and nothing else that is not named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.declared.worlds import broken, change, engine, undecided

WORLD: dict[str, list[dict[str, str | None]]] = {
    "birth_certificates": [
        {
            "MA_GCS": "01999.GCS.00001.26",
            "MACSKCB": "01999",
            "CAP_LAN_DAU": "1",
            "HOTEN_NND": "TRẦN THỊ MẪU",
            "NGAYSINH_NND": "19950612",
            "MA_BHXH_NND": "0123456789",
            "MA_DANTOC_NND": "01",
            "MA_QUOCTICH_NND": "000",
            "LOAI_GIAYTO_NND": "1",
            "SO_GIAYTO_NND": "001195012345",
            "DCHI_THUONGTRU_NND": "Số 2 phố Thử",
            "MATINH_THUONGTRU_NND": "01",
            "MAXA_THUONGTRU_NND": "00070",
            "TEN_CON": "NGUYỄN AN",
            "GIOI_TINH_CON": "1",
            "NGAY_SINH_CON": "202611200830",
            "NOI_SINH_CON": "Bệnh viện Mẫu",
            "SO_CON": "1",
            "LAN_SINH": "1",
            "SO_CON_SONG": "1",
            "CAN_NANG_CON": "3200",
            "SINHCON_PHAUTHUAT": "0",
            "SINHCON_DUOI32TUAN": "0",
            "NGAY_CT": "202611201400",
        }
    ],
    "death_notices": [
        {
            "MA_GBT": "GBT0001",
            "HO_TEN": "LÊ VĂN THỬ",
            "NGAY_SINH": "19500101",
            "GIOI_TINH": "1",
            "MA_DANTOC": "01",
            "MA_QUOCTICH": "000",
            "DCHI_THUONGTRU": "Số 3 phố Thử",
            "MATINH_THUONGTRU": "01",
            "MAXA_THUONGTRU": "00070",
            "LOAI_GIAYTO": "1",
            "SO_GIAYTO": "001050012345",
            "NGAYGIO_VV": "202611180830",
            "NGAY_TV": "202611200400",
            "NGUYENNHAN_TV": "không rõ",
            "NGAY_CAPGIAYBT": "202611201000",
            "MACSKCB": "01999",
            "BENH_ICD10_ID": "J18.9",
            "BENH_ICD10_TEN": "Viêm phổi",
        }
    ],
}
BIRTHS, DEATHS = "birth_certificates", "death_notices"
TWIN = {"MA_GCS": "01999.GCS.00002.26", "TEN_CON": "NGUYỄN BÌNH", "CAN_NANG_CON": "2500"}
ANOTHER = {"MA_GBT": "GBT0002", "SO_GIAYTO": "001150054321", "GIOI_TINH": "2"}
BABY = {
    "HO_TEN": "NGUYỄN AN",
    "NGAY_SINH": "20261120",
    "NGAYGIO_VV": None,
    "NGAY_TV": "202611201200",
    "LOAI_GIAYTO": "0",
    "SO_GIAYTO": None,
    "NGAY_CAPGIAYBT": "202611201430",
}
BOOK = {"SO_BAOTU": "5", "QUYEN_SO": "1"}
EARLIER = {
    "NGAY_SINH": "20261118",
    "NGAY_TV": "202611181200",
    "NGAY_CAPGIAYBT": "202611191000",
}
SURROGATE = {
    "HOTEN_MTH": "PHẠM THỊ HỘ",
    "NGAYSINH_MTH": "1990",
    "MA_BHXH_MTH": "0000000000",
    "LOAI_GIAYTO_MTH": "4",
    "SO_GIAYTO_MTH": "079190012345",
}


def birth(rule: str, *also: str, **cells: str | None) -> tuple[str, dict[str, Any], set[str]]:
    return rule, {BIRTHS: cells}, set(also)


def death(rule: str, *also: str, **cells: str | None) -> tuple[str, dict[str, Any], set[str]]:
    return rule, {DEATHS: cells}, set(also)


BREAKS: list[tuple[str, dict[str, Any], set[str]]] = [
    birth("VIT-001", MA_GCS="01999.GSC.00001.26"),
    birth("VIT-001", MA_GCS="1999.GCS.00001.26"),
    birth("VIT-002", MA_GCS="79999.GCS.00001.26"),
    birth("VIT-003", MA_GCS="01999.GCS.00001.24"),
    birth("VIT-004", NGAY_SINH_CON="202610320830"),
    birth("VIT-004", NGAY_SINH_CON="202611200860"),
    birth("VIT-005", "VIT-013", "VIT-050", NGAY_CT="20261100"),
    death("VIT-005", NGAY_TV="2026-11-20"),
    birth("VIT-006", NGAYSINH_NND="19950631"),
    death("VIT-006", NGAY_SINH="01/01/1950"[:8]),
    death("VIT-007", NGAY_CAP="20200230"),
    death("VIT-008", NGAY_CAP="20270101"),
    death("VIT-009", NGAYGIO_VV="20261118"),
    birth("VIT-010", "VIT-002", MACSKCB="8935"),
    birth("VIT-012", "VIT-013", NGAY_SINH_CON="202611210830"),
    birth("VIT-013", NGAY_CT="202611201300", NGAY_SINH_CON="202611201330"),
    birth("VIT-014", NGAY_CT="202611201600"),
    birth("VIT-015", NGAYSINH_NND="20170101", SO_GIAYTO_NND="001317012345"),
    birth("VIT-015", NGAYSINH_NND="20161231", SO_GIAYTO_NND="001316012345"),
    birth("VIT-016", NGAYSINH_NND="1960", SO_GIAYTO_NND="001160012345"),
    birth("VIT-017", MA_BHXH_NND="012345678"),
    birth("VIT-018", MA_THE_NND="GD9019999900001"),
    birth("VIT-020", SO_GIAYTO_NND=None),
    birth("VIT-021", LOAI_GIAYTO_NND="0"),
    birth("VIT-022", LOAI_GIAYTO_NND="2", SO_GIAYTO_NND="12345678"),
    birth("VIT-023", LOAI_GIAYTO_NND="3", SO_GIAYTO_NND="B12-45"),
    birth("VIT-025", CAN_NANG_CON="3,2"),
    birth("VIT-025", CAN_NANG_CON="3.2 kg"),
    birth("VIT-026", CAN_NANG_CON="250"),
    birth("VIT-027", SINHCON_DUOI32TUAN="1", GHI_CHU="Sinh con dưới 32 tuần tuổi"),
    birth("VIT-028", SINHCON_PHAUTHUAT="1"),
    birth("VIT-029", SINHCON_DUOI32TUAN="1", CAN_NANG_CON="1500", GHI_CHU="sinh non"),
    ("VIT-030", {f"{BIRTHS}+": TWIN}, set()),
    birth("VIT-031", SO_CON="2"),
    ("VIT-032", {BIRTHS: {"SO_CON": "2"}, f"{BIRTHS}+": TWIN | {"SO_CON": "2", "CAN_NANG_CON": "3200"}}, set()),
    birth("VIT-033", SO_CON_SONG="2"),
    birth("VIT-034", SO_GIAYTO_MTH="079190012345", LOAI_GIAYTO_MTH="4"),
    birth("VIT-035", MATINH_THUONGTRU_NND="02"),
    birth("VIT-036", MAXA_THUONGTRU_NND="00001"),
    birth("VIT-037", MA_DANTOC_NND="1"),
    birth("VIT-038", MA_QUOCTICH_NND="VN"),
    birth("VIT-040", TEN_CON="AN 1"),
    death("VIT-041", HO_TEN="Lª V¨n Thö"),
    birth("VIT-050", NGAY_CT="202611200859"),
    death("VIT-050", NGAY_CAPGIAYBT="202611200859"),
    death("VIT-061", SO_GIAYTO="0010500123"),
    death("VIT-062", SO_GIAYTO="001050 012345"),
    death("VIT-063", SO_GIAYTO="003050012345"),
    death("VIT-064", SO_GIAYTO="001450012345"),
    death("VIT-065", SO_GIAYTO="001051012345"),
    death("VIT-066", SO_GIAYTO="001150012345"),
    birth("VIT-066", SO_GIAYTO_NND="001095012345"),
    death("VIT-067", "VIT-063", SO_GIAYTO="000000000000", NGAY_SINH="1900"),
    death("VIT-070", f"{DEATHS}.NGAY_CAPGIAYBT.required", NGAY_TV="202611201600", NGAY_CAPGIAYBT=None),
    death("VIT-071", NGAY_SINH="20270101", LOAI_GIAYTO="0", SO_GIAYTO=None),
    death("VIT-072", "VIT-006", NGAY_SINH="18950101", LOAI_GIAYTO="0", SO_GIAYTO=None),
    death("VIT-073", NGAYGIO_VV="202611200500"),
    death("VIT-074", NGAY_TV="202611201100"),
    death("VIT-075", NGAY_CAPGIAYBT="202611201600"),
    death("VIT-076", BENH_ICD10_ID="J18,9"),
    death("VIT-077", BENH_ICD10_TEN=None),
    death("VIT-078", SO_BAOTU_BD="12"),
    ("VIT-079", {DEATHS: BOOK, f"{DEATHS}+": ANOTHER | BOOK}, set()),
    ("VIT-080", {f"{DEATHS}+": {"MA_GBT": "GBT0002"}}, set()),
    ("VIT-081", {DEATHS: BABY | {"GIOI_TINH": "2"}}, set()),
    ("VIT-082", {BIRTHS: {"NGAY_SINH_CON": "202611180830"}, DEATHS: BABY | EARLIER}, {"VIT-050"}),
]  # fmt: skip

HOLDS: dict[str, dict[str, Any]] = {
    "right as it is": {},
    "twins": {BIRTHS: {"SO_CON": "2", "SO_CON_SONG": "2"}, f"{BIRTHS}+": TWIN | {"SO_CON": "2", "SO_CON_SONG": "2"}},
    "facility as third part of the code": {BIRTHS: {"MA_GCS": "00001.GCS.01999.26"}},
    "two mothers of one name and birth date": {
        f"{BIRTHS}+": TWIN | {"SO_GIAYTO_NND": "001195054321", "CAN_NANG_CON": "3200"}
    },
    "not weighed": {BIRTHS: {"CAN_NANG_CON": "Không cân"}},
    "no insurance number": {BIRTHS: {"MA_BHXH_NND": "0000000000"}},
    "a surrogate mother": {BIRTHS: SURROGATE},
    "a mother with a passport": {BIRTHS: {"LOAI_GIAYTO_NND": "3", "SO_GIAYTO_NND": "B1234567"}},
    "a mother of exactly ten years": {
        BIRTHS: {"NGAYSINH_NND": "20161120", "SO_GIAYTO_NND": "001316012345"}
    },
    "only the year of the mother": {BIRTHS: {"NGAYSINH_NND": "1995"}},
    "surgery named": {BIRTHS: {"SINHCON_PHAUTHUAT": "1", "GHI_CHU": "Sinh con phải phẫu thuật"}},
    "sent within four working hours": {BIRTHS: {"NGAY_CT": "202611200900"}},
    "a new card with ten digits": {BIRTHS: {"MA_THE_NND": "0123456789"}},
    "an old identity card": {DEATHS: {"LOAI_GIAYTO": "2", "SO_GIAYTO": "012345678"}},
    "year of birth only": {DEATHS: {"NGAY_SINH": "1950"}},
    "no paper": {DEATHS: {"LOAI_GIAYTO": "0", "SO_GIAYTO": None}},
    "a newborn with both papers": {DEATHS: BABY},
    "two deaths": {f"{DEATHS}+": ANOTHER},
    "a former commune before July 2025": {
        DEATHS: {"NGAYGIO_VV": None, "NGAY_TV": "20250601", "MATINH_THUONGTRU": "02", "MAXA_THUONGTRU": "00694"}
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "changes", "also"), BREAKS, ids=[f"{case[0]}-{n}" for n, case in enumerate(BREAKS)]
)
def test_one_change_breaks_its_rule_and_no_other(rule, changes, also):
    assert broken("vital_events", change(WORLD, changes)) == {rule} | also


@pytest.mark.parametrize("changes", HOLDS.values(), ids=HOLDS)
def test_what_is_right_is_not_accused(changes):
    assert broken("vital_events", change(WORLD, changes)) == set()


def test_a_death_without_the_births_at_hand_leaves_the_order_undecided():
    alone = change(WORLD, {BIRTHS: None, DEATHS: BABY})
    assert broken("vital_events", alone) == set()
    assert {"VIT-081", "VIT-082"} <= undecided("vital_events", alone)


def test_every_rule_that_can_fail_is_tried_here():
    decided = {
        rule.rule.id
        for table in engine("vital_events").compiled.tables
        for rule in table.rules
        if rule.rule.id.startswith("VIT")
    }
    assert decided - {case[0] for case in BREAKS} == {"VIT-011", "VIT-039"}
