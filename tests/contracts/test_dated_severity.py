"""A rule that an official made milder from a day on: events before that day are judged as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.checking.tables import HEAD, checked_of, masks, python_masks
from tests.spec.test_care_envelope import findings

from lienthong.contracts.faults import ContractErrors
from lienthong.contracts.reading import contract_path, parse_contract
from lienthong.contracts.rules.declared import contract_rules

ITEM = """schema:
  - name: t
    properties:
      - {name: id, logicalType: string, primaryKey: true}
      - {name: at, logicalType: date}
      - {name: n, logicalType: integer}
    customProperties: [{property: event, value: at}]
    quality:
      - id: R
        type: sql
        query: SELECT count(*) FROM t WHERE n < 0
        mustBe: 0
        dimension: accuracy
        severity: error
        customProperties:
          - {property: severityFrom, value: CHANGES}
"""
SOFT = "[{from: '2026-03-01', severity: warning, basis: CV 1/2026}, {from: '20260601', severity: information}]"


def contract_with(changes: str):
    return parse_contract((HEAD + ITEM.replace("CHANGES", changes)).encode())


def test_each_period_has_its_severity_and_its_basis() -> None:
    contract = contract_with(SOFT)
    days = ("2026-02-28", "2026-03-01", "2026-05-31", "2026-06-01")
    rows = [{"id": str(at), "at": day, "n": "-1"} for at, day in enumerate(days)]
    checked = checked_of(contract, t=rows)
    told = {finding.row: finding.severity.value for finding in checked.findings()}
    assert told == {0: "error", 1: "warning", 2: "warning", 3: "information"}
    assert checked.rows_failed == 3
    assert python_masks(contract, t=rows)["t"] == masks(checked, "t")
    rules = [rule for rule in contract_rules(contract)["t"] if rule.id.startswith("R")]
    assert [rule.id for rule in rules] == ["R", "R#2", "R#3"]
    assert [rule.legal_basis for rule in rules] == [None, "CV 1/2026", None]


@pytest.mark.parametrize(
    "changes",
    [
        "[{from: '2026-13-01', severity: warning}]",
        "[{from: '2026-03-01', severity: mild}]",
        "[{from: '2026-03-01', severity: warning}, {from: '2026-02-01', severity: error}]",
        "soon",
    ],
)
def test_what_cannot_be_read_is_an_error_of_the_contract(changes: str) -> None:
    with pytest.raises(ContractErrors) as refused:
        contract_with(changes)
    (error,) = refused.value.errors
    assert "severityFrom of rule R" in str(error) and error.line == 15


def test_a_stated_count_that_does_not_fit_can_be_made_a_warning(tmp_path: Path) -> None:
    """ENV-04 sets a whole envelope aside, as the letter says, until an official decides otherwise from a day on."""
    text = contract_path("care").read_text(encoding="utf-8")
    at = text.index("- {property: source, value:", text.index("- id: ENV-04\n"))
    line = (
        "- {property: severityFrom, value: [{from: DAY, severity: warning, basis: CV}]}\n          "
    )
    said = {}
    for day in ("'20260301'", "'20260401'"):
        softened = text[:at] + line.replace("DAY", day) + text[at:]
        contract = parse_contract(softened.encode(), str(contract_path("care")))
        said[day] = set(findings(contract, tmp_path, count="3"))
    assert {"ENV-04#2"} == {rule for rule in said["'20260301'"] if rule.startswith("ENV-04")}
    assert {"ENV-04"} == {rule for rule in said["'20260401'"] if rule.startswith("ENV-04")}
