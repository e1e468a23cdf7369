"""A dossier's form is a contract: its fields, its checks and its findings are those of a database's row."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.contracts.contract import Contract
from lienthong.contracts.rules.cache import cached_contract
from lienthong.dossiers import forms, sources
from lienthong.dossiers.forms import Values
from lienthong.findings import LANGUAGES, Severity
from tests.dossiers import desk

PERSON = {
    "kind": "person",
    "name": "Nguyễn Văn Mẫu",
    "number_kind": "cccd",
    "number": "001085012345",
}
ORGANISATION = {
    "TEN_TO_CHUC": "Công ty Mẫu",
    "MA_SO_DN": "0100000000",
    "DIA_CHI_TRU_SO": "Số 2 phố Thử Nghiệm",
}
DEVICE = {"TEN_THIET_BI": "Máy thở", "HANG_SX": "Hãng Mẫu", "NUOC_SX": "Nhật Bản"}
RIGHT = {
    "1.012279": {
        "SO_GPHD": "000123/BYT-GPHĐ", "TEN_CSKCB": "Phòng khám Mẫu", "DIA_CHI": "Số 1 phố Thử Nghiệm", "LY_DO": "mat",
    },
    "1.001699": {
        "HO_TEN": "Lê Thị Con", "NGAY_SINH": "2019-05-02", "GIOI_TINH": "2", "DIA_CHI": "Thôn Mẫu",
        "DANG_TAT": "nghe_noi;nhin",
    },
    "1.004087": {
        "TEN_THUOC": "Thuốc Mẫu", "HOAT_CHAT": "Chất mẫu 5 mg", "SO_LUONG": "20", "DON_VI_TINH": "viên",
        "LOAI_KIEM_SOAT": "huong_than", "SO_NGAY_DUNG": "20", "CUA_KHAU": "Nội Bài",
    },
    "1.000056": ORGANISATION | {"TEN_SAN_PHAM": "Thuốc lá Mẫu", "PHONG_KN": "PKN Mẫu", "NGAY_KN": "2026-06-01"},
    "1.002402": ORGANISATION | DEVICE | {"PHAN_LOAI": "C", "CHU_SO_HUU": "Hãng Mẫu"},
    "1.003039": ORGANISATION | {"NGUOI_PHU_TRACH": "Lê Mẫu", "DIA_CHI_KHO": "Kho Mẫu", "CHAT_MA_TUY": "false"},
    "1.003055": ORGANISATION | {"DIA_CHI_SX": "Xưởng Mẫu", "DAY_CHUYEN": "Kem"},
    "1.003125": ORGANISATION | {
        "TEN_NGAN_HANG": "Ngân hàng mô Mẫu", "DIA_CHI_NH": "Số 3", "SO_GPHN": "000001/HNO-GPHN", "LOAI_MO": "giác mạc",
    },
    "1.003844": ORGANISATION | DEVICE | {"SO_LUONG": "1", "MUC_DICH": "vien_tro"},
    "1.004946": {"NOI_O": "Thôn Mẫu", "SU_VIEC": "Trẻ bị đánh"},
    "1.009249": {"HO_TEN": "Lê Mẫu", "THANH_TICH": "30 năm chữa bệnh"},
    "1.013829": ORGANISATION | {"TEN_SAN_PHAM": "Chè", "NUOC_NK": "Pháp", "THEO_LO": "false"},
    "1.013871": {
        "HO_TEN": "Lê Mẫu", "LINH_VUC": "phap_y", "DON_VI": "Trung tâm Mẫu", "BANG_DAI_HOC": "Bác sĩ, 2010",
        "SO_NAM": "6",
    },
    "1.013876": {"HO_TEN": "Lê Mẫu", "LINH_VUC": "phap_y", "DON_VI": "Trung tâm Mẫu", "LY_DO": "Nghỉ hưu"},
    "1.013878": ORGANISATION | {
        "TEN_PXN": "PXN Mẫu", "DIA_CHI_PXN": "Số 4", "PHU_TRACH": "Lê Mẫu", "TAC_NHAN": "Vi khuẩn lao",
    },
    "2.000655": {
        "TEN_CSKCB": "Phòng khám Mẫu", "DIA_CHI": "Số 5", "NGUOI_DUNG_DAU": "Lê Mẫu", "DU_DIEU_KIEN": "true",
    },
}  # fmt: skip


def said(procedure, changes=None, applicant=None):
    form = forms.form_of(procedure)
    values = Values(
        applicant=PERSON | (applicant or {}), form=RIGHT.get(procedure, {}) | (changes or {})
    )
    return {
        (one.rule, one.field): one
        for one in forms.check(form, values, received=desk.at("2026-11-22 09:00"))
    }


@pytest.mark.parametrize("procedure", RIGHT)
def test_a_right_form_is_right(procedure):
    assert said(procedure) == {}


@pytest.mark.parametrize(
    ("procedure", "changes", "rule", "severity"),
    [
        ("1.012279", {"LY_DO": "khac"}, "licence_reissue.LY_DO.enum", "error"),
        ("1.012279", {"SO_GPHD": ""}, "licence_reissue.SO_GPHD.required", "error"),
        ("1.012279", {"LY_DO": "sai_thong_tin"}, "FRM-101", "error"),
        ("1.012279", {"LY_DO": "hu_hong", "BAN_GOC": "false"}, "FRM-102", "warning"),
        ("1.012279", {"NGAYCAP_GPHD": "31/02/2024"}, "licence_reissue.NGAYCAP_GPHD.type", "error"),
        ("1.001699", {"NGAY_SINH": "2027-01-01"}, "FRM-201", "error"),
        ("1.001699", {"DANG_TAT": "nghe_noi;bay"}, "FRM-202", "error"),
        ("1.001699", {"SO_DINH_DANH": "12"}, "disability_level.SO_DINH_DANH.pattern", "error"),
        ("1.004087", {"SO_LUONG": "0"}, "FRM-301", "error"),
        ("1.004087", {"SO_LUONG": "hai"}, "medicine_import.SO_LUONG.type", "error"),
        ("1.004087", {"SO_NGAY_DUNG": "10"}, "FRM-303", "warning"),
        ("1.004087", {"LOAI_KIEM_SOAT": "gay_nghien", "SO_NGAY_DUNG": "7"}, "FRM-302", "warning"),
        ("1.000056", {"NGAY_KN": "2025-11-21"}, "FRM-401", "error"),
        ("1.000056", {"MA_SO_DN": "12"}, "tobacco_conformity.MA_SO_DN.pattern", "error"),
        ("1.003039", {"CHAT_MA_TUY": "true"}, "FRM-411", "error"),
        ("1.003055", {"CO_CGMP": "true"}, "FRM-421", "error"),
        ("1.003844", {"SO_LUONG": "-1"}, "FRM-431", "error"),
        ("1.003844", {"MUC_DICH": "nghien_cuu"}, "FRM-432", "error"),
        ("1.003844", {"KHAN_CAP": "true"}, "FRM-433", "error"),
        ("1.004946", {"NGAY_SINH": "2027-01-01"}, "FRM-441", "error"),
        ("1.004946", {"GIOI_TINH": "9"}, "FRM-442", "error"),
        ("1.001699", {"GIOI_TINH": "9"}, "FRM-203", "error"),
        ("1.013829", {"THEO_LO": "true", "SO_LO": "7"}, "FRM-451", "error"),
        ("1.013871", {"BANG_NUOC_NGOAI": "true"}, "FRM-461", "error"),
        ("1.013878", {"NGAY_BAO_DUONG": "2027-01-01"}, "FRM-471", "error"),
        ("2.000655", {"DU_DIEU_KIEN": "false"}, "FRM-481", "error"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_at_its_field(procedure, changes, rule, severity):
    found = said(procedure, changes)
    assert [name for name, _ in found] == [rule]
    finding = next(iter(found.values()))
    assert finding.severity is Severity(severity) and set(finding.message) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"number": ""}, "FRM-001"),
        ({"number": "12345"}, "FRM-002"),
        ({"number_kind": ""}, "FRM-003"),
        ({"hand_over": "post"}, "FRM-004"),
        ({"phone": "gọi sau"}, "FRM-005"),
        ({"email": "ở nhà"}, "FRM-006"),
        ({"name": ""}, "applicant.name.required"),
    ],
)
def test_the_applicant_is_checked_for_every_procedure(changes, rule):
    assert rule in {name for name, _ in said("9.999999", applicant=changes)}


def test_a_procedure_without_a_form_of_its_own_asks_who_files():
    form = forms.form_of("1.003003")
    assert form.own is None and {one.part for one in forms.fields(form)} == {"applicant"}


def test_what_a_page_posts_becomes_values():
    form = forms.form_of("1.001699")
    posted = {
        "applicant.name": " Mẫu ",
        "form.DANG_TAT": ["nhin", "khac"],
        "form.MO_TA": "",
        "form.X": "y",
    }
    values = forms.read(form, posted)
    assert values == Values(applicant={"name": "Mẫu"}, form={"DANG_TAT": "nhin;khac"})
    placed = forms.by_input(form, forms.check(form, values))
    assert {"applicant.kind", "form.HO_TEN"} <= set(placed) and forms.in_the_way(
        placed["form.HO_TEN"]
    )


def test_every_form_names_real_places_and_says_how_sure_it_is():
    using = sources.declared()
    for name in forms.forms():
        contracts = [one for one in forms.form_of(name).contracts]
        for field in forms.fields(forms.form_of(name)):
            assert field.evidence in ("attested", "inferred"), field.input
            assert set(field.label) == set(LANGUAGES)
            for place in field.prefill:
                contract, table, column = place.split(".")
                assert f"{contract}.{table}" in using.sources, place
                assert _table(contract, table).field(column), place
        assert all(isinstance(one, Contract) for one in contracts)


def test_the_declared_sources_are_tables_of_the_databases():
    using = sources.declared()
    for place, source in using.sources.items():
        table = _table(*place.split("."))
        for field in (*source.by.values(), *source.gives.values(), *source.holds, source.until):
            assert not field or table.field(field), (place, field)
    assert {held.source for held in using.components.held} <= set(using.sources)


@functools.cache
def _contract(name):
    return cached_contract(name).contract


def _table(contract, table):
    return _contract(contract).table(table)


@pytest.mark.parametrize("name", ["applicant", "1.004946"])
def test_a_form_lints_as_any_odcs_user_would(name):
    from datacontract.data_contract import DataContract

    run = DataContract(data_contract_file=str(forms.forms()[name])).lint()
    assert [(check.result, check.reason) for check in run.checks if check.result != "passed"] == []


def test_every_described_procedure_with_a_code_has_its_form():
    from importlib import resources

    described = resources.files("lienthong") / "declared" / "procedures" / "described"
    coded = {
        file.name.removesuffix(".yaml") for file in described.iterdir() if file.name[0].isdigit()
    }
    assert coded <= set(RIGHT) and all(forms.form_of(code).own for code in coded)


def test_a_rule_of_a_form_has_a_number_of_its_own_and_a_case():
    used = [
        rule.id
        for name in forms.forms()
        for rule in forms.form_of("0" if name == "applicant" else name)
        .contracts[-1]
        .tables[0]
        .rules
        if rule.id.startswith("FRM-")
    ]
    assert len(used) == len(set(used))
    from pathlib import Path

    mine = Path(__file__).read_text("utf-8")
    assert [one for one in used if f'"{one}"' not in mine] == []


def test_an_official_adds_a_form_as_one_file(home):
    own = forms.forms()["1.012279"].read_text("utf-8").replace('["1.012279"]', '["1.003003"]')
    (home / "forms").mkdir()
    (home / "forms" / "mine.odcs.yaml").write_text(own.replace("form_1_012279", "form_mine"))
    assert forms.form_of("1.003003", home).own is not None


@given(
    st.dictionaries(
        st.sampled_from(["HO_TEN", "NGAY_SINH", "DANG_TAT", "MO_TA", "SO_DINH_DANH"]),
        st.text(max_size=60),
    )
)
def test_any_text_is_checked_and_crashes_nothing(changes):
    for finding in said("1.001699", changes).values():
        assert all(finding.message.values())
