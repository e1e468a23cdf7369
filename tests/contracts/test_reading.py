"""A contract file is read whole, or refused with every mistake, its line and what is allowed."""

from __future__ import annotations

import textwrap

import pytest

from lienthong.contracts.contract import Contract
from lienthong.contracts.faults import ContractErrors
from lienthong.contracts.reading import parse_contract
from lienthong.findings import Criterion, Severity

HEAD = """\
apiVersion: v3.2.0
kind: DataContract
id: clinic
name: clinic
version: 1.0.0
status: active
"""


def read(body: str, head: str = HEAD) -> Contract:
    return parse_contract((head + textwrap.dedent(body)).encode(), "clinic.odcs.yaml")


def mistakes(body: str, head: str = HEAD) -> list[tuple[int, str]]:
    with pytest.raises(ContractErrors) as refused:
        read(body, head)
    return [(error.line, error.said()) for error in refused.value.errors]


VISITS = """\
schema:
  - name: visits
    customProperties:
      - {property: event, value: day}
    properties:
      - name: code
        logicalType: string
        primaryKey: true
        enum: [{value: '08', label: Tám}, {value: '10'}]
      - name: day
        logicalType: date
        required: true
      - name: cost
        logicalType: number
        logicalTypeOptions: {minimum: 0, maximum: 10}
        quality:
          - id: COST-1
            type: sql
            query: SELECT count(*) FROM visits WHERE cost > 5
            mustBe: 0
            dimension: timeliness
            severity: warning
"""


def test_tables_fields_and_rules_are_read() -> None:
    table = read(VISITS).tables[0]
    assert table.key == ("code",)
    assert table.event == "day"
    assert [value.value for value in table.fields[0].values] == ["08", "10"]
    rule = table.rules[0]
    assert (rule.id, rule.fields, rule.criterion, rule.severity) == (
        "COST-1",
        ("cost",),
        Criterion.ALIVE,
        Severity.WARNING,
    )


@pytest.mark.parametrize("bare", ["08", "8", "1.10", "010"])
def test_a_code_written_as_a_number_is_refused(bare: str) -> None:
    found = mistakes(VISITS.replace("'08'", bare))
    assert [line for line, _ in found] == [15]
    assert "quotes" in found[0][1]


def test_valid_values_written_as_numbers_are_refused() -> None:
    found = mistakes("""\
        schema:
          - name: visits
            properties:
              - name: code
                logicalType: string
                quality:
                  - {metric: invalidValues, arguments: {validValues: [01, '02']}, mustBe: 0}
        """)
    assert len(found) == 1 and found[0][0] == 13


def test_all_mistakes_come_together() -> None:
    body = VISITS.replace("required: true", "requird: true").replace("kind", "kind")
    body = body.replace("  - name: visits", "  - name: visits\n    colour: red")
    found = mistakes(body)
    assert [line for line, _ in found] == [9, 19]
    assert "required" in found[1][1]


def test_contradictions_are_named_at_their_line() -> None:
    body = VISITS.replace("minimum: 0", "minimum: 11").replace("timeliness", "speed")
    body = body.replace("value: day}", "value: night}")
    texts = [text for _, text in mistakes(body)]
    assert any("minimum of cost is above" in text for text in texts)
    assert any("dimension is 'speed'" in text and "accuracy" in text for text in texts)
    assert any("event of visits is 'night'" in text for text in texts)


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"a: [1]]", 1), (b"\xff\xfe\x00", 1), (b"- just\n- a list", 1), (b"", 1)],
)
def test_what_is_no_contract_is_refused_with_a_place(content: bytes, line: int) -> None:
    with pytest.raises(ContractErrors) as refused:
        parse_contract(content, "x.yaml")
    assert refused.value.errors[0].line == line


def test_aliases_cannot_blow_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ContractErrors):
        parse_contract("\n".join(lines).encode(), "bomb.yaml")


def test_half_translated_labels_are_refused() -> None:
    body = VISITS.replace(
        "      - name: day",
        "        customProperties: [{property: label, value: {vi: Mã, en: Code}}]\n      - name: day",
    )
    assert any("lacks fr" in text for _, text in mistakes(body))


def test_plain_odcs_of_another_tool_is_read() -> None:
    contract = read(
        """\
        schema:
          - name: orders
            physicalName: orders
            properties:
              - {name: id, logicalType: integer, primaryKey: true}
              - name: customer
                physicalType: VARCHAR(10)
                relationships: [{to: customers.id}]
          - name: customers
            properties:
              - {name: id, physicalType: "BIGINT", unique: true}
            quality:
              - {metric: rowCount, mustBeGreaterThan: 0}
              - {type: text, description: only words}
              - {type: custom, engine: soda, implementation: whatever}
        """,
        HEAD.replace("v3.2.0", "v3.1.0"),
    )
    assert contract.tables[0].fields[1].reference == ("customers", "id")
    assert contract.tables[1].fields[0].type == "integer"
    counted, foreign = contract.tables[1].rules
    assert counted.operator == "mustBeGreaterThan"
    assert foreign.needs == ("engine soda",)


def test_slips_of_the_pen_hide_no_other_mistake() -> None:
    found = mistakes(
        VISITS.replace("required: true", "requird: true")
        .replace("minimum: 0, maximum: 10", "minimum: 20, maximum: 10")
        .replace("dimension: timeliness", "dimension: speed")
    )
    assert [line for line, _ in found] == [18, 21, 27]
    assert "requird" in found[0][1] and "above" in found[1][1] and "speed" in found[2][1]


def test_what_is_not_built_like_a_contract_is_told_without_guessing_further() -> None:
    found = mistakes("schema:\n  - [a, b]\n  - {name: t, properties: {a: b}}\n")
    told = " ".join(said for _, said in found)
    assert {line for line, _ in found} == {8, 9}
    assert "schema[0]" in told and "schema[1].properties is of another kind" in told
