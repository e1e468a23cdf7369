"""The declared contracts are whole: every field, label, closed list, key and mark of evidence is there."""

from __future__ import annotations

import csv
import re
from functools import cache

import pytest
import yaml

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract, Field, Table
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.findings import LANGUAGES

CONTRACTS = tuple(declared_contracts())
MARKS = {"attested", "inferred", "recalled"}
DECISION = {
    "XML0": 26, "XML1": 66, "XML2": 39, "XML3": 47, "XML4": 12, "XML5": 9, "XML6": 47, "XML7": 26,
    "XML8": 22, "XML9": 35, "XML10": 13, "XML11": 23, "XML12": 35, "XML13": 39, "XML14": 22,
    "XML15": 20,
}  # fmt: skip
"""Fields of QD 4750/QD-BYT by table, without those of later editions."""

BUSINESSES = {"facilities", "outlets", "declarations", "establishments"}
"""Tables whose names, addresses and phones are those of a business and not of a person."""

OWN_SERVICE = {"XML0", "XML1", "XML12"}
"""Tables of care activity that open their own unit: XML0 and XML12 travel by their own services."""


@cache
def contract(name: str) -> Contract:
    return read_contract(name)


def fields(name: str) -> list[tuple[Table, Field]]:
    return [(table, field) for table in contract(name).tables for field in table.fields]


def lacking(text: dict[str, str]) -> list[str]:
    return [language for language in LANGUAGES if not text.get(language, "").strip()]


@pytest.mark.parametrize("name", CONTRACTS)
def test_contracts_lint_as_any_odcs_user_would(name):
    from datacontract.data_contract import DataContract

    run = DataContract(data_contract_file=str(declared_contracts()[name])).lint()
    assert [(check.result, check.reason) for check in run.checks if check.result != "passed"] == []
    assert run.result == "passed"


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_says_who_owns_it_by_what_law_and_how_fast(name):
    head = contract(name)
    assert head.owner
    for text in (head.label, head.description, head.owner_label, head.senders, head.retention):
        assert lacking(text) == []
    assert head.legal_basis and head.clocks and head.purposes and head.expected
    for basis in head.legal_basis:
        assert basis["text"] and lacking(basis["about"]) == [] and basis["evidence"] in MARKS
    for clock in head.clocks:
        assert clock.within > 0 and clock.basis and lacking(clock.event) == []
        assert clock.evidence in MARKS
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", e["validFrom"]) for e in head.properties["history"])


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_field_has_labels_evidence_and_a_description(name):
    for table, field in fields(name):
        place = f"{table.name}.{field.name}"
        assert lacking(field.label) == [], place
        assert field.description.get("en"), place
        assert field.evidence in MARKS, place
        assert field.sensitivity in ("public", "internal", "personal", "sensitive"), place


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_value_of_a_closed_list_has_labels(name):
    for table, field in fields(name):
        for value in field.values:
            assert lacking(value.label) == [], f"{table.name}.{field.name} {value.value}"
        for part in field.properties.get("partValues") or ():
            assert lacking(part["label"]) == [], f"{table.name}.{field.name} {part['value']}"


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_table_has_a_key_and_labels(name):
    for table in contract(name).tables:
        assert table.key, table.name
        assert lacking(table.label) == [] and lacking(table.description) == [], table.name
        assert all(table.field(part) for part in table.key)
        for what in (table.event, table.facility, table.link):
            assert what is None or table.field(what), f"{table.name}: {what}"


@pytest.mark.parametrize("name", [name for name in CONTRACTS if name != "care"])
def test_every_rule_tells_what_is_wrong_and_what_to_do(name):
    for table in contract(name).tables:
        for rule in table.rules:
            place = f"{table.name}.{rule.id}"
            assert lacking(rule.sentence) == [] and lacking(rule.remedy) == [], place
            assert rule.evidence in MARKS and rule.fields, place


@pytest.mark.parametrize("name", CONTRACTS)
def test_people_are_marked_wherever_they_appear(name):
    names = re.compile(
        r"^(HO_?TEN|SO_CCCD|SO_DINH_DANH|SO_GIAYTO|DIA_CHI|DCHI_|DIEN_THOAI|MA_THE_|MA_BHXH)"
    )
    open_cells = [
        f"{table.name}.{field.name}"
        for table, field in fields(name)
        if names.match(field.name)
        and field.sensitivity not in ("personal", "sensitive")
        and table.name not in BUSINESSES
    ]
    assert open_cells == []


def versions(field):
    return field.properties.get("versions") or {}


def field_of_decision(field):
    """Whether QD 4750 has the field: it came before QD 3176 and outlived QD 4210."""
    return versions(field).get("since") != "3176" and versions(field).get("until") != "4210"


def test_care_has_the_fields_of_the_decision_in_its_order():
    care = contract("care")
    assert [table.name for table in care.tables] == list(DECISION)
    counted = {
        table.name: sum(field_of_decision(field) for field in table.fields) for table in care.tables
    }
    assert counted == DECISION
    assert sum(counted.values()) == 481
    later = [f.name for t in care.tables for f in t.fields if versions(f).get("since") == "3176"]
    assert later == ["MA_CSKCB_DI", "MA_CSKCB_DEN", "TINH_TRANG_CT"]


def test_a_visit_is_accepted_as_a_whole():
    for table in contract("care").tables:
        assert (table.root is None) == (table.name in OWN_SERVICE)
        assert table.link == (None if table.root is None else "MA_LK")
    assert contract("care").table("XML1").key == ("MA_CSKCB", "MA_LK")


def test_every_message_of_care_has_its_own_root():
    roots = [table.xml["root"] for table in contract("care").tables if table.xml["root"]]
    assert len(set(roots)) == len(roots) == 15


def test_hiv_and_tuberculosis_are_sensitive():
    keys = {"MA_LK", "STT", "MA_CSKCB", "DU_PHONG"}
    for name in ("XML6", "XML15"):
        open_cells = [
            f.name for f in contract("care").table(name).fields if f.sensitivity != "sensitive"
        ]
        assert set(open_cells) <= keys


@pytest.mark.parametrize(
    "name", ("GIOI_TINH", "MA_LOAI_KCB", "MA_DANTOC", "MATINH_CU_TRU", "MA_QUOCTICH")
)
def test_codes_are_text_so_that_leading_zeros_live(name):
    assert {field.type for _, field in fields("care") if field.name == name} == {"string"}


def test_new_types_of_care_hold_from_august_2026():
    values = {v.value: v for v in contract("care").table("XML1").field("MA_LOAI_KCB").values}
    assert list(values) == [f"{number:02}" for number in range(1, 17)]
    assert {v for v, code in values.items() if code.valid_from == "2026-08-01"} == set(
        map(str, range(11, 17))
    )


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_code_list_that_a_field_names_is_in_the_index(name):
    lists = {field.code_list for _, field in fields(name) if field.code_list}
    assert sorted(lists - set(index())) == []


def index() -> dict[str, dict]:
    folder = declared_contracts()["care"].parent.parent / "codes"
    return yaml.safe_load((folder / "index.yaml").read_text(encoding="utf-8"))["lists"]


def test_every_list_tells_its_title_source_and_evidence():
    for name, about in index().items():
        assert lacking(about["title"]) == [], name
        assert about["source"] and about["evidence"] in MARKS, name
        assert isinstance(about["complete"], bool), name


def test_lists_not_here_never_accuse():
    absent = [name for name, about in index().items() if about.get("file") == "none"]
    assert absent
    assert all(not index()[name]["complete"] and not Codes().has(name) for name in absent)


def test_provinces_change_their_meaning_on_the_first_of_july_2025():
    codes = Codes()
    for code, before, after in (
        ("15", "Tỉnh Yên Bái", "Tỉnh Lào Cai"), ("24", "Tỉnh Bắc Giang", "Tỉnh Bắc Ninh"),
        ("44", "Tỉnh Quảng Bình", "Tỉnh Quảng Trị"), ("52", "Tỉnh Bình Định", "Tỉnh Gia Lai"),
        ("80", "Tỉnh Long An", "Tỉnh Tây Ninh"), ("82", "Tỉnh Tiền Giang", "Tỉnh Đồng Tháp"),
        ("91", "Tỉnh Kiên Giang", "Tỉnh An Giang"),
    ):  # fmt: skip
        periods = codes.find("provinces", code)
        assert [one.label["vi"] for one in periods] == [before, after]
        assert [one.holds("20250630") for one in periods] == [True, False]
        assert [one.holds("20250701") for one in periods] == [False, True]


@pytest.mark.parametrize(
    ("name", "day", "count"),
    [("provinces", "20250630", 63), ("provinces", "20250701", 34), ("communes", "20250701", 3321),
     ("communes", "20250630", 10035), ("cccd_provinces", "20260101", 63), ("ethnic_groups", "20260101", 55)],
)  # fmt: skip
def test_lists_have_as_many_codes_as_the_country(name, day, count):
    codes = list(Codes().codes(name))
    assert sum(code.holds(day) for code in codes) == count
    assert all(lacking(code.label) == [] for code in codes)


def test_every_commune_lies_in_a_province_of_its_time():
    codes = Codes()
    for commune in codes.codes("communes"):
        day = commune.valid_to or commune.valid_from
        assert codes.valid("provinces", commune.parent, day), commune


def test_every_successor_is_a_commune_of_today():
    codes = Codes()
    file = declared_contracts()["care"].parent.parent / "codes" / "maps" / "commune_successors.csv"
    with file.open(encoding="utf-8", newline="") as rows:
        pairs = list(csv.DictReader(rows))
    assert {pair["kind"] for pair in pairs} == {"whole", "split"}
    assert [p for p in pairs if not codes.valid("communes", p["new_code"], "20250701")] == []
    named = [c for c in codes.codes("communes") if c.successor]
    assert [c for c in named if not codes.valid("communes", c.successor, "20250701")] == []
