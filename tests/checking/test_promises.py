"""What a plain contract promises of numbers of wrong rows: kept, broken, or not said at all."""

from __future__ import annotations

import pytest

from lienthong.contracts.faults import ContractErrors
from tests.checking.tables import checked_of, contract_of, failing, masks, python_masks

ROWS = [
    {"a": "x", "n": "1"},
    {"a": None, "n": "2"},
    {"a": "x", "n": None},
    {"a": "NA", "n": "-5"},
    {"a": "q", "n": "abc"},
]


def item(promise: str, kind: str = "string", name: str = "a") -> str:
    return f"""
  - name: t
    properties:
      - name: {name}
        logicalType: {kind}
        quality: [{{id: Q, {promise}}}]
"""


@pytest.mark.parametrize(
    ("promise", "rows", "failed"),
    [
        ("metric: nullValues, mustBeLessThan: 10, unit: percent", [1], 1),
        ("metric: nullValues, mustBeLessThan: 30, unit: percent", None, 0),
        ("metric: nullValues, mustNotBe: 1", None, 1),
        (
            "metric: missingValues, arguments: {missingValues: [NA]}, mustBeLessOrEqualTo: 1",
            [1, 3],
            2,
        ),
        (
            "metric: missingValues, arguments: {missingValues: [NA]}, mustBeLessOrEqualTo: 2",
            None,
            0,
        ),
        ("metric: invalidValues, arguments: {validValues: [x]}, mustBeBetween: [0, 1]", [3, 4], 2),
        # Two rows share a value: 40 percent of five; ODCS counts one value that occurs more than once.
        ("metric: duplicateValues, mustBeLessThan: 40, unit: percent", [0, 2], 2),
        ("metric: duplicateValues, mustBeLessOrEqualTo: 40, unit: '%'", None, 0),
        ("metric: duplicateValues, mustBeLessThan: 2", None, 0),
        ("metric: duplicateValues, mustBeBetween: [0, 0]", [0, 2], 2),
    ],
)
def test_rows_are_named_when_a_promise_is_broken(
    promise: str, rows: list[int] | None, failed: int
) -> None:
    checked = checked_of(contract_of(item(promise)), t=ROWS)
    assert failing(checked).get("Q") == rows
    assert {count.id: count.failed for count in checked.counts()}["Q"] == failed
    # Red as a whole too: the measured number stands in a finding of its own.
    whole = [finding for finding in checked.findings() if finding.row is None]
    means_none = "[0, 0]" in promise
    assert len(whole) == (1 if failed and not means_none else 0)


def test_a_kept_promise_leaves_no_row_wrong() -> None:
    contract = contract_of(item("metric: nullValues, mustBeLessThan: 90, unit: percent"))
    checked = checked_of(contract, t=ROWS)
    assert masks(checked, "t") == {}
    assert checked.rows_failed == 0


def test_sql_beyond_the_subset_names_rows_too() -> None:
    promise = "type: sql, query: 'SELECT count(*) FROM t WHERE ascii(a) = 120', mustBeLessThan: 2"
    assert failing(checked_of(contract_of(item(promise)), t=ROWS)) == {"Q": [0, 2]}


def test_what_stands_for_missing_is_looked_for_as_it_was_sent() -> None:
    promise = "metric: missingValues, arguments: {missingValues: [abc, -5]}, mustBe: 0"
    contract = contract_of(item(promise, kind="integer", name="n"))
    checked = checked_of(contract, t=ROWS)
    assert failing(checked)["Q"] == [2, 3, 4]
    assert python_masks(contract, t=ROWS)["t"] == masks(checked, "t")


@pytest.mark.parametrize(
    ("promise", "reason"),
    [
        ("metric: rowCount", "does not say what its number must be"),
        ("type: sql, query: SELECT avg(n) FROM t", "does not say what its number must be"),
        ("metric: duplicateValues, mustBe: 0", "properties"),
        ("metric: duplicateValues, arguments: {properties: [zz]}, mustBe: 0", "properties"),
        ("metric: nullValues, mustBe: 0", "needs a property"),
    ],
)
@pytest.mark.parametrize("rows", [ROWS, []])
def test_a_rule_without_what_it_needs_is_red(promise: str, reason: str, rows: list[object]) -> None:
    contract = contract_of(f"""
  - name: t
    properties: [{{name: a, logicalType: string}}, {{name: n, logicalType: integer}}]
    quality: [{{id: Q, {promise}}}]
""")
    checked = checked_of(contract, t=rows)
    counts = {count.id: (count.checked, count.failed) for count in checked.counts()}
    assert counts["Q"] == (0, 1)
    assert reason in checked.broken()[0].broken


def test_two_promises_of_one_item_are_two_rules() -> None:
    contract = contract_of("""
  - name: t
    properties: [{name: a, logicalType: string}]
    quality: [{id: Q, metric: rowCount, mustBeGreaterThan: 1, mustBeLessThan: 4}]
""")
    counts = {count.id: count.failed for count in checked_of(contract, t=ROWS).counts()}
    assert counts == {"Q": 0, "Q#2": 1}


def test_rules_of_one_name_are_no_mistake_and_those_of_one_id_are() -> None:
    twice = "metric: nullValues, mustBe: 0}, {%s: same, metric: duplicateValues, mustBe: 0"
    schema = item(twice % "name").replace("id: Q", "name: same")
    assert failing(checked_of(contract_of(schema), t=ROWS)) == {"same": [1], "same#2": [0, 2]}
    with pytest.raises(ContractErrors):
        contract_of(item(twice % "id").replace("id: Q", "id: same"))


@pytest.mark.parametrize("ends", ["[1]", "5", "[a, b]", "[1, 2, 3]"])
def test_a_range_is_two_numbers(ends: str) -> None:
    with pytest.raises(ContractErrors):
        contract_of(item(f"metric: nullValues, mustBeBetween: {ends}"))


def test_promises_are_told_in_words() -> None:
    contract = contract_of(item("metric: nullValues, mustBeLessThan: 2.5, unit: percent"))
    found = next(one for one in checked_of(contract, t=ROWS).findings() if one.row is None)
    assert found.message == {
        "vi": "a phải được điền. Đo được 20 %, cam kết nhỏ hơn 2.5 %.",
        "en": "a must be filled in. Measured 20 %, promised less than 2.5 %.",
        "fr": "a doit être rempli. Mesuré : 20 %, promis : moins de 2.5 %.",
    }


@pytest.mark.parametrize(
    ("quality", "said"),
    [
        ("type: sql, query: \"SELECT count(*) FROM t WHERE a = 'x'\", mustBe: 0", "where a = 'x'."),
        ("metric: invalidValues, arguments: {validValues: [q, NA]}, mustBe: 0", "one of: q, NA."),
        ("metric: duplicateValues, mustBe: 0", "occurs more than once."),
        ("metric: duplicateValues, description: Own words., mustBe: 0", "Own words."),
    ],
)
def test_a_rule_without_words_of_its_own_is_told_by_what_it_asks(quality: str, said: str) -> None:
    found = next(iter(checked_of(contract_of(item(quality)), t=ROWS).findings()))
    assert said in found.message["en"]


FORMATS = """
  - name: t
    properties:
      - {name: u, logicalType: string, logicalTypeOptions: {format: uuid}}
      - {name: m, logicalType: string, logicalTypeOptions: {format: email}}
      - {name: w, logicalType: string, logicalTypeOptions: {format: uri}}
      - {name: h, logicalType: string, logicalTypeOptions: {format: hostname}}
      - {name: i, logicalType: string, logicalTypeOptions: {format: ipv4}}
      - {name: n, logicalType: integer, logicalTypeOptions: {format: i32, multipleOf: 5}}
      - {name: d, logicalType: number, logicalTypeOptions: {multipleOf: 0.01}}
      - {name: p, logicalType: string, logicalTypeOptions: {format: password}}
"""


def test_formats_of_text_and_multiples() -> None:
    contract = contract_of(FORMATS)
    right = [
        "6c84fb90-12c4-11e1-840d-7b25c5ee775a",
        "a@b.vn",
        "https://a.vn/b?c",
        "a-1.vn",
        "10.0.0.255",
    ]
    wrong = ["6c84fb90", "a@b@c", "a.vn", "-a.vn", "10.0.0.256"]
    names = ["u", "m", "w", "h", "i", "n", "d", "p"]
    rows = [
        dict(zip(names, [*right, "-15", "2.07", "any"], strict=True)),
        dict(zip(names, [*wrong, "7", "2.075", "x"], strict=True)),
        dict.fromkeys(names),
    ]
    checked = checked_of(contract, t=rows)
    assert failing(checked) == {
        **{f"t.{name}.type": [1] for name in "umwhi"},
        "t.n.multipleOf": [1],
        "t.d.multipleOf": [1],
    }
    assert python_masks(contract, t=rows)["t"] == masks(checked, "t")
    said = {finding.rule: finding.message["en"] for finding in checked.findings()}
    assert said["t.u.type"].startswith("u must be written as uuid.")
    assert said["t.n.multipleOf"].startswith("n must be a multiple of 5.")


def test_how_a_number_is_kept_is_not_how_it_is_written() -> None:
    found = next(iter(checked_of(contract_of(FORMATS), t=[{"n": "x"}]).findings()))
    assert found.message["en"].startswith("n must be a whole number.")


def test_promises_of_inner_values_that_nobody_can_ask_are_told_of_as_unknown() -> None:
    contract = contract_of("""
  - name: t
    properties:
      - {name: l, logicalType: array, items: {logicalType: string, unique: true}}
      - name: o
        logicalType: object
        properties:
          - {name: free, logicalType: string}
          - name: p
            logicalType: object
            properties: [{name: q, logicalType: string, quality: [{metric: nullValues, mustBe: 0}]}]
""")
    checked = checked_of(contract, t=[{"l": "[]", "o": "{}"}])
    counts = {count.id: (count.checked, count.failed, count.unknown) for count in checked.counts()}
    unknown = {name: numbers for name, numbers in counts.items() if numbers != (1, 0, 0)}
    assert unknown == dict.fromkeys(("t.l[].nested", "t.o.p.q.nested"), (0, 0, 1))


def test_a_rule_about_the_file_shows_no_cell_as_if_it_were_wrong() -> None:
    contract = contract_of("""
  - name: t
    properties:
      - name: a
        logicalType: string
        quality:
          - {id: FILE, type: custom, engine: lienthong, implementation: {predicate: _row > 0}}
          - {id: CELL, type: custom, engine: lienthong, implementation: {predicate: "a = 'y' AND _row > 0"}}
""")
    checked = checked_of(contract, t=[{"a": "x"}, {"a": "y"}])
    assert {one.rule: one.value for one in checked.findings()} == {"FILE": None, "CELL": "y"}
