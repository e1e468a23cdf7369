"""Formats that a property names: widths of whole numbers, and the personal number of a citizen."""

from __future__ import annotations

import pytest

from lienthong.contracts.codes import Codes
from tests.checking.tables import checked_of, contract_of, failing, masks, python_masks

WIDTHS = """
  - name: t
    properties:
      - {name: byte, logicalType: integer, logicalTypeOptions: {format: i8}}
      - {name: short, logicalType: integer, logicalTypeOptions: {format: i16, minimum: -5}}
      - {name: usual, logicalType: integer, logicalTypeOptions: {format: i32}}
      - {name: long, logicalType: integer, logicalTypeOptions: {format: i64}}
      - {name: ubyte, logicalType: integer, logicalTypeOptions: {format: u8, maximum: 1000}}
      - {name: ushort, logicalType: integer, logicalTypeOptions: {format: u16, exclusiveMinimum: 3}}
      - {name: uusual, logicalType: integer, logicalTypeOptions: {format: u32}}
      - {name: ulong, logicalType: integer, logicalTypeOptions: {format: u64}}
"""
NAMES = ("byte", "short", "usual", "long", "ubyte", "ushort", "uusual", "ulong")
LOWEST = ("-128", "-5", "-2147483648", "-9223372036854775808", "0", "4", "0", "0")
HIGHEST = ("127", "32767", "2147483647", "9223372036854775807", "255", "65535", "4294967295", "9")
TOO_LOW = ("-129", "-6", "-2147483649", "0", "-1", "3", "-1", "-1")
TOO_HIGH = ("128", "32768", "2147483648", "0", "256", "65536", "4294967296", "0")


def test_a_whole_number_fits_the_width_that_its_format_names() -> None:
    contract = contract_of(WIDTHS)
    rows = [dict(zip(NAMES, cells, strict=True)) for cells in (LOWEST, HIGHEST, TOO_LOW, TOO_HIGH)]
    checked = checked_of(contract, t=[*rows, dict.fromkeys(NAMES)])
    low = {f"t.{name}.minimum": [2] for name in NAMES if name != "long"}
    high = {f"t.{name}.maximum": [3] for name in NAMES if name not in ("long", "ulong")}
    assert failing(checked) == low | high
    assert python_masks(contract, t=rows)["t"] == masks(checked, "t")
    said = {finding.rule: finding.message["en"] for finding in checked.findings()}
    assert said["t.usual.maximum"].startswith("usual must be at most 2147483647.")
    assert said["t.short.minimum"].startswith("short must be at least -5.")


PERSONS = """
  - name: t
    properties:
      - {name: number, logicalType: string, customProperties: [{property: format, value: person_number}]}
"""
RIGHT = (None, "001088012345", "001 088 012345", "001.188-012345", "096326000001", "079199000001")
WRONG = (
    "01088012345",  # eleven digits
    "0010880123456",
    "00108801234x",
    "001488012345",  # born in the 22nd century
    "001227012345",  # 2027 has not come
    "111111111111",
    "012345678912",
    "123456789",  # the paper of nine digits ended with 2024
)


def test_a_personal_number_is_checked_where_nothing_else_speaks_of_it() -> None:
    contract = contract_of(PERSONS)
    rows = [{"number": number} for number in (*RIGHT, *WRONG)]
    checked = checked_of(contract, t=rows, codes=Codes())
    wrong = list(range(len(RIGHT), len(rows)))
    assert failing(checked)["t.number.type"] == wrong
    assert python_masks(contract, t=rows, codes=Codes())["t"] == masks(checked, "t")
    finding = next(one for one in checked.findings() if one.rule == "t.number.type")
    assert finding.message["vi"].startswith("number phải là số định danh cá nhân: 12 chữ số")


def test_a_prefix_from_abroad_is_told_and_not_refused() -> None:
    checked = checked_of(
        contract_of(PERSONS), t=[{"number": "001088012345"}, {"number": "500088012345"}], codes=Codes()
    )  # fmt: skip
    assert failing(checked) == {"t.number.province": [1]}
    assert {count.severity for count in checked.counts() if count.failed} == {"information"}
    assert checked.rows_failed == 0


def test_a_contract_that_speaks_of_the_number_itself_is_left_to_its_words() -> None:
    own = PERSONS.replace("{name: number,", "{name: number, quality: [{id: OWN, type: sql,"
        " query: \"SELECT count(*) FROM t WHERE number = 'x'\", mustBe: 0}],")  # fmt: skip
    checked = checked_of(contract_of(own), t=[{"number": "x"}, {"number": "y"}], codes=Codes())
    assert failing(checked) == {"OWN": [0]}


@pytest.mark.parametrize("severity", ["warning", "information"])
def test_the_severity_of_the_format_is_the_contracts_to_say(severity: str) -> None:
    mild = PERSONS.replace(
        "customProperties: [",
        f"customProperties: [{{property: severities, value: {{type: {severity}}}}}, ",
    )
    checked = checked_of(contract_of(mild), t=[{"number": "1"}], codes=Codes())
    told = {count.id: count.severity for count in checked.counts()}
    assert told["t.number.type"] == severity
