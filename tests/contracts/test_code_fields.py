"""A field that names a code list is asked for it on the day of the event, without a rule being written."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from tests.checking.tables import checked_of, contract_of, failing, masks, python_masks

from lienthong.contracts.codes import Codes
from lienthong.records.checking.findings_file import write_findings

FIELDS = """\
  - name: t
    properties:
      - name: order
        logicalType: string
        customProperties: [{property: codeList, value: provinces}%s]
      - {name: at, logicalType: %s}
"""
EVENT = "    customProperties: [{property: event, value: at}]\n"
OWN = """\
    quality:
      - {id: OWN, type: custom, engine: lienthong, dimension: conformity, severity: warning,
         implementation: {predicate: "NOT IS_CODE('provinces', \\"order\\", '20260101')", needs: [provinces]}}
"""
GONE, STAYS = (
    "02",
    "01",
)  # Ha Giang was a province until 30 June 2025; Ha Noi is one on both sides of that day
BEFORE = {"date": "2025-06-30", "timestamp": "2025-06-30T23:59", "string": "202506302359"}
AFTER = {"date": "2025-07-01", "timestamp": "2025-07-01T00:00", "string": "20250701"}


def said(schema: str, codes: Any, rows: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Failing rows by rule, from both engines."""
    contract = contract_of(schema)
    checked = checked_of(contract, codes, t=rows)
    assert not checked.broken()
    assert {"t": masks(checked, "t")} == python_masks(contract, codes, t=rows)
    return failing(checked)


@pytest.mark.parametrize("kind", list(BEFORE))
def test_a_code_is_asked_on_the_day_of_its_event(kind: str) -> None:
    rows = [
        {"order": GONE, "at": BEFORE[kind]}, {"order": GONE, "at": AFTER[kind]}, {"order": STAYS, "at": AFTER[kind]},
        {"order": None, "at": AFTER[kind]}, {"order": "999", "at": None},
    ]  # fmt: skip
    assert said(FIELDS % ("", kind) + EVENT, Codes(), rows) == {"t.order.code": [1, 4]}


def test_without_an_event_the_day_of_receipt_counts() -> None:
    rows = [{"order": GONE, "at": BEFORE["date"]}, {"order": STAYS, "at": None}]
    assert said(FIELDS % ("", "date"), Codes(), rows) == {"t.order.code": [0]}


def test_each_of_several_codes_is_asked() -> None:
    rows = [{"order": value, "at": AFTER["date"]} for value in ("01;04", "01;02", "01", "01,04")]
    several = ', {property: separator, value: ";"}'
    assert said(FIELDS % (several, "date") + EVENT, Codes(), rows) == {"t.order.code": [1, 3]}


def test_a_table_that_asks_for_several_codes_itself_is_not_asked_twice() -> None:
    own = OWN.replace(
        "IS_CODE('provinces', \\\"order\\\",", "ALL_CODES('provinces', \\\"order\\\", ';',"
    )
    assert own != OWN
    rows = [{"order": "01;04", "at": AFTER["date"]}]
    assert said(FIELDS % ("", "date") + EVENT + own, Codes(), rows) == {}


def test_a_list_that_is_not_here_accuses_nobody() -> None:
    rows = [{"order": "999", "at": AFTER["date"]}]
    assert said((FIELDS % ("", "date") + EVENT).replace("provinces", "drugs"), Codes(), rows) == {}


def test_a_table_that_asks_lists_by_its_own_rules_is_left_to_them() -> None:
    rows = [{"order": GONE, "at": AFTER["date"]}]
    assert said(FIELDS % ("", "date") + EVENT + OWN, Codes(), rows) == {"OWN": [0]}


def test_its_severity_can_be_declared() -> None:
    softer = ", {property: severities, value: {code: warning}}"
    contract = contract_of(FIELDS % (softer, "date") + EVENT)
    checked = checked_of(contract, Codes(), t=[{"order": GONE, "at": AFTER["date"]}])
    assert [(one.rule, one.severity) for one in checked.findings()] == [("t.order.code", "warning")]


def test_a_file_of_findings_says_what_became_of_a_retired_code(tmp_path) -> None:
    contract = contract_of(FIELDS % ("", "date") + EVENT)
    rows = [{"order": GONE, "at": AFTER["date"]}, {"order": "zz", "at": AFTER["date"]}]
    checked = checked_of(contract, Codes(), t=rows)
    on_screen = [finding.message["vi"] for finding in checked.findings()]
    write_findings(checked, tmp_path / "found.csv", "vi")
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        written = [line["message"] for line in csv.DictReader(file)]
    assert "30/06/2025" in written[0] and "Tuyên Quang" in written[0]
    assert written == on_screen
