"""Who may send a database: by kind, by the form of a code, by what an official decided, by a token's own list."""

from __future__ import annotations

import json
from datetime import date

import pytest
from msgspec.structs import replace

from lienthong.contracts.codes import COLUMNS, Codes
from lienthong.contracts.exports import export
from lienthong.contracts.exports.page import markdown
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.contracts.rules.lint import kind_errors
from lienthong.contracts.senders import KINDS, check_sender, forbidden_tables, kinds_of
from lienthong.errors import NotAllowed

DAY = date(2026, 11, 22)
LINES = """01999,Bệnh viện mẫu,,,,,,hospital
PHARM1,Nhà thuốc mẫu,,,,20261031,,pharmacy
TWO,Phòng khám tiêm chủng,,,,,,clinic
TWO,Phòng khám tiêm chủng,,,,,,vaccination_point
12345,Xã mẫu,,,,,,commune
"""


@pytest.fixture(scope="module")
def codes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codes")
    (folder / "senders.csv").write_text(",".join(COLUMNS) + "\n" + LINES, encoding="utf-8")
    return Codes([folder])


def test_every_kind_that_a_contract_names_is_on_the_list():
    known = {code.code for code in Codes().codes(KINDS)}
    forms = {one["kind"] for one in Codes().about("senders")["forms"]}
    for name in declared_contracts():
        contract = read_contract(name)
        assert contract.sender_kinds, name
        assert set(contract.sender_kinds) <= known, name
        assert set(contract.expected.get("kinds") or ()) <= set(contract.sender_kinds), name
        assert kind_errors(contract, Codes()) == []
    assert forms <= known


def test_the_list_comes_before_the_form_of_the_code_and_ends_with_its_days(codes):
    assert kinds_of(codes, "01999", DAY) == ("hospital",)
    assert kinds_of(codes, "79001", DAY) == ("care_facility",)  # on no list: five digits
    assert kinds_of(codes, "12345", DAY) == ("commune",)  # a listed commune is no facility of care
    assert kinds_of(codes, "TWO", DAY) == ("clinic", "vaccination_point")
    assert kinds_of(codes, "PHARM1", date(2026, 10, 31)) == ("pharmacy",)
    assert kinds_of(codes, "PHARM1", DAY) == kinds_of(codes, "NOBODY", DAY) == ()


@pytest.mark.parametrize(
    ("name", "sender", "granted", "code"),
    [
        ("care", "01999", None, None),
        ("vital_events", "01999", None, None),
        ("prevention", "TWO", None, None),
        ("social_assistance", "12345", None, None),
        ("food_safety", "01999", None, "sender.kind"),
        ("vital_events", "TWO", None, "sender.kind"),
        ("care", "12345", None, "sender.kind"),
        ("medicines", "PHARM1", None, "sender.unknown"),  # no pharmacy since October ended
        ("medicines", "PHARM1", ("medicines",), None),  # an official granted it to the token
        ("care", "01999", ("practice",), "sender.token"),  # narrower than the kind
        ("food_safety", "01999", ("food_safety",), "sender.kind"),  # never wider than it
    ],
)
def test_who_may_send(codes, name, sender, granted, code):
    contract = read_contract(name)
    if code is None:
        check_sender(contract, codes, sender, DAY, granted)
        return
    with pytest.raises(NotAllowed) as refused:
        check_sender(contract, codes, sender, DAY, granted)
    assert refused.value.code == code


def test_the_refusal_names_who_may_send_it(codes):
    from lienthong import words

    with pytest.raises(NotAllowed) as refused:
        check_sender(read_contract("food_safety"), codes, "01999", DAY)
    said = words.say(refused.value.message, "vi", **refused.value.details)
    assert said.startswith("01999 (Bệnh viện) không được gửi An toàn thực phẩm")
    assert "Sở Y tế" in said
    assert "Provincial health department" in str(refused.value)


def test_an_official_decides_otherwise_in_the_data_folder(tmp_path):
    (tmp_path / "index.yaml").write_text(
        "lists: {senders: {contracts: {food_safety: [hospital, care_facility]}}}", encoding="utf-8"
    )
    contract, codes = read_contract("food_safety"), Codes([tmp_path])
    check_sender(contract, codes, "01999", DAY)
    with pytest.raises(NotAllowed):
        check_sender(contract, Codes(), "01999", DAY)


@pytest.mark.parametrize(
    ("name", "sender", "forbidden"),
    [
        ("medicines", "01999", {"drugs", "drug_lots"}),
        ("medicines", "DAV", set()),
        ("devices", "01999", {"devices", "recalls"}),
        ("care", "01999", set()),
        ("medicines", "NOBODY", set()),  # only a token's grant let it in, which is for the whole database
    ],
)  # fmt: skip
def test_a_table_may_name_kinds_of_its_own(tmp_path, name, sender, forbidden):
    lines = LINES + "DAV,Cục Quản lý Dược,,,,,,drug_administration\n"
    (tmp_path / "senders.csv").write_text(",".join(COLUMNS) + "\n" + lines, encoding="utf-8")
    found = forbidden_tables(read_contract(name), Codes([tmp_path]), sender, DAY)
    assert set(found) == forbidden
    assert found.get("drugs", ("drug_administration",)) == ("drug_administration",)


def test_a_kind_that_sends_one_table_only_sends_the_database(codes):
    contract = read_contract("food_safety")
    products = replace(contract.table("products"), sender_kinds=("hospital",))
    tables = tuple(products if one.name == "products" else one for one in contract.tables)
    opened = replace(contract, tables=tables)
    check_sender(opened, codes, "01999", DAY)
    assert set(forbidden_tables(opened, codes, "01999", DAY)) == {
        one.name for one in opened.tables
    } - {"products"}


def test_nobody_is_bound_by_a_contract_without_kinds_but_by_its_table(codes):
    contract = replace(read_contract("medicines"), sender_kinds=())
    assert set(forbidden_tables(contract, codes, "NOBODY", DAY)) == {"drugs", "drug_lots"}


def test_an_official_decides_who_sends_a_table(tmp_path):
    (tmp_path / "index.yaml").write_text(
        "lists: {senders: {contracts: {medicines.drugs: [care_facility], devices.equipment: [school]}}}"
    )
    codes = Codes([tmp_path])
    assert set(forbidden_tables(read_contract("medicines"), codes, "01999", DAY)) == {"drug_lots"}
    assert "equipment" in forbidden_tables(read_contract("devices"), codes, "01999", DAY)


def test_a_kind_that_no_list_has_is_a_mistake_of_the_contract():
    contract = read_contract("medicines")
    assert kind_errors(contract, Codes()) == []
    wrong = replace(contract.tables[0], sender_kinds=("drugstore",))
    (error,) = kind_errors(replace(contract, tables=(wrong, *contract.tables[1:])), Codes())
    assert "drugs.senderKinds" in error.said() and "'drugstore'" in error.said()
    assert error.line == contract.tables[0].line


def test_the_exports_tell_who_sends_a_table():
    page = markdown(read_contract("medicines"), "en")
    assert page.count("This table is sent by: Drug Administration.") == 2
    schema = json.loads(export(read_contract("medicines"), "json-schema"))
    assert schema["$defs"]["drugs"]["x-senderKinds"] == ["drug_administration"]
    assert "x-senderKinds" not in schema["$defs"]["sales"]
