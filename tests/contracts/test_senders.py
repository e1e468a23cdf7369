"""Who may send a database: by kind, by the form of a code, by what an official decided, by a token's own list."""

from __future__ import annotations

from datetime import date

import pytest

from lienthong.contracts.codes import COLUMNS, Codes
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.contracts.senders import KINDS, check_sender, kinds_of
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
