"""A rule that cannot be run is a mistake of its contract, told at its line before any file is checked."""

from __future__ import annotations

import pytest

from lienthong.contracts.reading import declared_contracts, parse_contract, read_contract
from lienthong.contracts.rules.lint import rule_errors

BODY = """\
apiVersion: v3.2.0
kind: DataContract
id: t
version: 1.0.0
status: active
schema:
  - name: visits
    properties:
      - {{name: cost, logicalType: number}}
    quality:
      - id: R1
        type: custom
        engine: lienthong
        implementation: {{predicate: "{predicate}"}}
"""


@pytest.mark.parametrize("name", list(declared_contracts()))
def test_every_rule_of_every_declared_contract_can_be_run(name: str) -> None:
    assert [error.said() for error in rule_errors(read_contract(name))] == []


@pytest.mark.parametrize(
    "predicate", ["cost >", "price > 1", "pg_sleep(1) > cost", "cost > 1; DROP TABLE visits"]
)
def test_a_rule_that_cannot_be_run_is_named_with_its_line(predicate: str) -> None:
    contract = parse_contract(BODY.format(predicate=predicate).encode(), "t.yaml")
    errors = rule_errors(contract)
    assert errors and errors[0].line == 11


def test_a_right_rule_is_left_alone() -> None:
    assert rule_errors(parse_contract(BODY.format(predicate="cost > 1").encode(), "t.yaml")) == []
