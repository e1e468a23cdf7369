"""Plain ODCS contracts of other hands: names of columns, older places of lists, relationships, ways to say none."""

from __future__ import annotations

import pytest

from lienthong.contracts.faults import ContractErrors
from lienthong.contracts.reading import parse_contract
from tests.checking.tables import checked_of, contract_of, failing, python_masks

PHYSICAL = """
  - name: visits
    physicalName: tbl_visits
    properties:
      - {name: code, physicalName: ma, logicalType: string, unique: true}
      - name: cost
        physicalName: chi_phi
        logicalType: number
        quality:
          - {id: OWN, type: sql, query: 'SELECT count(*) FROM visits WHERE cost < 0', mustBe: 0}
          - {id: PHYSICAL, type: sql, query: 'SELECT count(*) FROM tbl_visits v WHERE v.CHI_PHI < 0', mustBe: 0}
          - {id: PLACE, type: sql, query: 'SELECT count(*) FROM ${table} WHERE ${column} < 0', mustBe: 0}
          - {id: TICKS, type: sql, query: 'SELECT count(*) FROM `visits` WHERE `cost` < 0', mustBe: 0}
          - {id: BEYOND, type: sql, query: 'SELECT count(*) FROM tbl_visits WHERE sign(chi_phi) = -1', mustBe: 0}
          - {id: COUNTED, type: sql, query: 'SELECT min(chi_phi) FROM tbl_visits', mustBeGreaterOrEqualTo: 0}
    quality:
      - {id: TWICE, metric: duplicateValues, arguments: {properties: [ma, cost]}, mustBe: 0}
"""


def test_sql_knows_columns_by_both_names() -> None:
    rows = [{"code": "a", "cost": "-1"}, {"code": "a", "cost": "-1"}, {"code": "b", "cost": "2"}]
    found = failing(checked_of(contract_of(PHYSICAL), visits=rows))
    assert found == {
        "visits.code.unique": [0, 1],
        "TWICE": [0, 1],
        **dict.fromkeys(("OWN", "PHYSICAL", "PLACE", "TICKS", "BEYOND"), [0, 1]),
    }


def test_a_counted_query_sees_the_contracts_columns_only() -> None:
    contract = contract_of("""
  - name: t
    properties: [{name: a, logicalType: integer}]
    quality:
      - {id: Q, type: sql, query: 'SELECT count(*) FROM (SELECT DISTINCT * FROM t)', mustBe: 1}
""")
    checked = checked_of(contract, t=[{"a": "1", "b": "x"}, {"a": "01", "b": "y"}])
    assert not checked.failed_any()


@pytest.mark.parametrize(
    "place",
    [
        "enum: [{value: x}, {value: y}]",
        "logicalTypeOptions: {enum: [x, y]}",
        "customProperties: [{property: enum, value: [x, y, null]}]",
        """customProperties: [{property: enum, value: '["x", "y"]'}]""",
    ],
)
def test_a_closed_list_in_any_of_its_places(place: str) -> None:
    contract = contract_of(f"""
  - name: t
    properties:
      - name: a
        logicalType: string
        {place}
""")
    rows = [{"a": "x"}, {"a": "z"}, {"a": None}]
    assert failing(checked_of(contract, t=rows)) == {"t.a.enum": [1]}


def test_null_among_valid_values_is_no_mistake() -> None:
    contract = contract_of("""
  - name: t
    properties:
      - name: a
        logicalType: string
        quality: [{id: V, metric: invalidValues, arguments: {validValues: ['', null, n/a]}, mustBe: 0}]
""")
    assert failing(checked_of(contract, t=[{"a": "n/a"}, {"a": "q"}, {"a": None}])) == {"V": [1]}


@pytest.mark.parametrize(
    ("promise", "named"),
    [
        ("mustBe: 0", True),
        ("mustBeLessOrEqualTo: 0", True),
        ("mustBeLessThan: 1", True),
        ("mustBeBetween: [0, 0]", True),
        ("mustBeLessThan: 2", True),
        ("mustBeBetween: [0, 1]", True),
        ("mustBeGreaterThan: 5", False),
    ],
)
def test_a_broken_promise_names_the_rows_that_broke_it(promise: str, named: bool) -> None:
    contract = contract_of(f"""
  - name: t
    properties: [{{name: a, logicalType: integer}}]
    quality: [{{id: Q, type: sql, query: 'SELECT count(*) FROM t WHERE a < 0', {promise}}}]
""")
    checked = checked_of(contract, t=[{"a": "-1"}, {"a": "1"}, {"a": "-2"}])
    assert failing(checked).get("Q") == ([0, 2] if named else None)
    assert [count.failed for count in checked.counts() if count.id == "Q"] == [2 if named else 1]


RELATED = """
  - name: child
    properties:
      - name: a
        logicalType: string
        relationships: [{to: parent.a}, {to: other.a}, {to: elsewhere.yaml#/schema/x/properties/y}]
      - {name: b, logicalType: integer, relationships: [{to: /schema/p1/properties/b}]}
    relationships:
      - {from: [child.a, child.b], to: [parent.a, parent.b]}
      - {from: child.b, to: nowhere.b}
  - id: p1
    name: parent
    properties: [{name: a, logicalType: string}, {name: b, logicalType: integer}]
  - name: other
    properties: [{name: a, logicalType: string}]
"""


def test_every_relationship_is_checked() -> None:
    checked = checked_of(
        contract_of(RELATED),
        child=[
            {"a": "x", "b": "1"},
            {"a": "y", "b": "1"},
            {"a": "x", "b": "2"},
            {"a": None, "b": "9"},
        ],
        parent=[{"a": "x", "b": "1"}, {"a": "y", "b": "2"}],
        other=[{"a": "y"}],
    )
    counts = {count.id: (count.checked, count.failed, count.unknown) for count in checked.counts()}
    found = failing(checked)
    assert "child.a.reference" not in found
    assert found["child.a.reference#2"] == [0, 2]
    assert found["child.b.reference"] == [3]
    assert found["child.a+b.reference"] == [1, 2]
    # A relationship into another contract cannot be decided here, one to nowhere cannot be run.
    assert counts["child.a.reference#3"] == (0, 0, 4)
    assert counts["child.b.reference#2"] == (0, 1, 0)


def test_patterns_with_classes_of_unicode_are_no_mistake() -> None:
    contract = contract_of(r"""
  - name: t
    properties: [{name: a, logicalType: string, logicalTypeOptions: {pattern: '^\p{L}+$'}}]
""")
    rows = [{"a": "Đặng"}, {"a": "a1"}]
    assert failing(checked_of(contract, t=rows)) == {"t.a.pattern": [1]}
    # Python has no such classes; where it checks single records it leaves the rule undecided.
    assert python_masks(contract, t=rows) == {"t": {}}


def test_nested_values_are_read_as_text() -> None:
    head = "apiVersion: v3.1.0\nkind: DataContract\nid: t\nname: t\nversion: 1.0.0\nstatus: draft\nschema:\n"
    body = "  - name: t\n    properties: [{name: a, logicalType: array, items: {logicalType: string}}]\n"
    assert parse_contract((head + body).encode()).tables[0].fields[0].type == "string"


def test_old_library_rules_with_their_arguments_beside_them() -> None:
    head = "apiVersion: v3.0.2\nkind: DataContract\nid: t\nname: t\nversion: 1.0.0\nstatus: active\nschema:\n"
    contract = parse_contract(
        (
            head
            + """
  - name: t
    properties:
      - name: a
        logicalType: string
        quality:
          - {name: N, rule: nullCheck, mustBe: 0}
          - {name: D, rule: duplicateCount, mustBe: 0, severity: P1}
          - {name: V, type: library, rule: validValues, validValues: [x, y], mustBe: 0}
          - {name: S, type: custom, engine: soda, implementation: whatever}
    quality:
      - {name: R, rule: rowCount, mustBeGreaterThan: 9}
"""
        ).encode()
    )
    checked = checked_of(contract, t=[{"a": "x"}, {"a": "x"}, {"a": "z"}, {"a": None}])
    assert failing(checked) == {"N": [3], "D": [0, 1], "V": [2]}
    counts = {count.id: (count.checked, count.failed, count.unknown) for count in checked.counts()}
    assert counts["R"] == (4, 1, 0)
    assert counts["S"] == (0, 0, 4)


def test_names_of_our_own_columns_are_refused() -> None:
    with pytest.raises(ContractErrors) as refused:
        contract_of("  - name: t\n    properties: [{name: _row, logicalType: integer}]\n")
    assert "_row" in refused.value.errors[0].said()
