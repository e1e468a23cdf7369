# ruff: noqa: E501 a rule stands on one line
"""What each kind of rule says of which rows, in both engines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checking.tables import checked_of, contract_of, failing, masks, python_masks

T = "  - name: t\n    properties:\n"


def both(schema: str, codes: Any = None, **tables: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Failing rows by rule; the two engines must agree before they are told."""
    contract = contract_of(schema)
    checked = checked_of(contract, codes, **tables)
    assert not checked.broken()
    by_python = python_masks(contract, codes, **tables)
    assert {name: masks(checked, name) for name in tables} == by_python
    return failing(checked)


@pytest.mark.parametrize(
    ("declared", "cells", "rule", "wrong"),
    [
        ("logicalType: string, required: true", ["a", None], "required", [1]),
        (
            "logicalType: string, logicalTypeOptions: {minLength: 2}",
            ["a", "ab", "Đặ", None],
            "length",
            [0],
        ),
        (
            "logicalType: string, logicalTypeOptions: {maxLength: 2}",
            ["abc", "Đặ", "🦆🦆"],
            "length",
            [0],
        ),
        (
            "logicalType: string, logicalTypeOptions: {minLength: 2, maxLength: 2}",
            ["a", "ab", "abc"],
            "length",
            [0, 2],
        ),
        # A pattern is searched for, as ECMA-262 and datacontract-cli do; `$` is the very end of the text.
        (
            "logicalType: string, logicalTypeOptions: {pattern: '[0-9]'}",
            ["a1b", "ab", None],
            "pattern",
            [1],
        ),
        (
            "logicalType: string, logicalTypeOptions: {pattern: '^[a-z]+$'}",
            ["ab", "ab\n", "A"],
            "pattern",
            [1, 2],
        ),
        ("logicalType: integer, logicalTypeOptions: {minimum: 5}", ["4", "5"], "minimum", [0]),
        (
            "logicalType: integer, logicalTypeOptions: {exclusiveMinimum: 5}",
            ["4", "5", "6"],
            "minimum",
            [0, 1],
        ),
        (
            "logicalType: number, logicalTypeOptions: {maximum: 1.5}",
            ["1.5", "1.51"],
            "maximum",
            [1],
        ),
        (
            "logicalType: number, logicalTypeOptions: {exclusiveMaximum: 1.5}",
            ["1.5", "1.49"],
            "maximum",
            [0],
        ),
        (
            "logicalType: date, logicalTypeOptions: {minimum: '2026-01-01'}",
            ["2025-12-31", "2026-01-01"],
            "minimum",
            [0],
        ),
        (
            "logicalType: string, enum: [{value: 'a'}, {value: 'b'}]",
            ["a", "A", None, "c"],
            "enum",
            [1, 3],
        ),
        ("logicalType: integer, enum: [{value: 1}, {value: 2}]", ["1", "01", "3"], "enum", [2]),
        (
            "logicalType: string, unique: true",
            ["a", "b", "a", None, None, "a"],
            "unique",
            [0, 2, 5],
        ),
    ],
)
def test_declared(declared: str, cells: list[str | None], rule: str, wrong: list[int]) -> None:
    schema = f"{T}      - {{name: x, {declared}}}\n"
    assert both(schema, t=[{"x": cell} for cell in cells]).get(f"t.x.{rule}") == wrong


def test_a_key_is_required_and_counts_every_row_that_shares_it() -> None:
    schema = (
        T + "      - {name: a, logicalType: string, primaryKey: true, primaryKeyPosition: 1}\n"
        "      - {name: b, logicalType: integer, primaryKey: true, primaryKeyPosition: 2}\n"
    )
    rows = [("x", "1"), ("x", "2"), ("x", "01"), ("y", "1"), (None, "1"), (None, "1")]
    found = both(schema, t=[{"a": a, "b": b} for a, b in rows])
    assert found == {"t.a+b.unique": [0, 2], "t.a.required": [4, 5]}


def test_references() -> None:
    schema = (
        T + "      - {name: x, logicalType: string, relationships: [{to: u.code}]}\n"
        "  - name: u\n    properties:\n      - {name: code, logicalType: string}\n"
    )
    rows = [{"x": "a"}, {"x": "z"}, {"x": None}]
    assert both(schema, t=rows, u=[{"code": "a"}, {"code": None}]) == {"t.x.reference": [1]}
    # Without the other table nobody can say.
    checked = checked_of(contract_of(schema), t=rows)
    assert [
        (c.checked, c.failed, c.unknown) for c in checked.counts() if c.id.endswith("reference")
    ] == [(0, 0, 3)]


def test_library_metrics_that_promise_none_name_the_rows() -> None:
    schema = (
        T
        + """      - name: x
        logicalType: string
        quality:
          - {id: A, type: library, metric: nullValues, mustBe: 0}
          - {id: B, type: library, metric: missingValues, arguments: {missingValues: ['N/A', '']}, mustBe: 0}
          - {id: C, type: library, metric: invalidValues, arguments: {validValues: ['a', 'N/A']}, mustBe: 0}
          - {id: D, type: library, metric: duplicateValues, mustBe: 0}
          - {id: E, type: library, rule: nullValues, mustBe: 0}
"""
    )
    rows = [{"x": cell} for cell in ["a", None, "N/A", "q", "a"]]
    found = both(schema, t=rows)
    assert found == {"A": [1], "B": [1, 2], "C": [3], "D": [0, 4], "E": [1]}


@pytest.mark.parametrize(
    ("promise", "red"),
    [
        ("metric: rowCount, mustBeGreaterThan: 2", 0),
        ("metric: rowCount, mustBeGreaterThan: 4", 1),
        ("metric: rowCount, mustBeBetween: [1, 3]", 1),
        ("metric: nullValues, mustBeLessThan: 3", 0),
        ("metric: nullValues, mustBeLessThan: 2", 2),
        ("metric: nullValues, unit: percent, mustBeLessOrEqualTo: 50", 0),
        ("metric: nullValues, unit: percent, mustBeLessThan: 50", 2),
        ("metric: duplicateValues, arguments: {properties: [x]}, mustBe: 1", 0),
        ("metric: duplicateValues, arguments: {properties: [x]}, mustBeLessThan: 1", 2),
    ],
)
def test_promises_about_a_number_are_kept_or_red(promise: str, red: int) -> None:
    at_table = "rowCount" in promise or "duplicate" in promise
    item = f"{{id: Q, type: library, {promise}}}"
    schema = T + "      - name: x\n        logicalType: string\n"
    schema += f"    quality: [{item}]\n" if at_table else f"        quality: [{item}]\n"
    checked = checked_of(contract_of(schema), t=[{"x": cell} for cell in ["a", None, "a", None]])
    assert [count.failed for count in checked.counts() if count.id == "Q"] == [red]
    assert checked.failed_any() is bool(red)


def test_a_count_over_one_table_is_the_predicate_of_its_rows() -> None:
    shapes = [
        "SELECT COUNT(*) FROM t WHERE x > 1",
        "select count(1) from t as v where v.x > 1",
        "SELECT count(*) AS wrong FROM T WHERE T.X > 1",
        "SELECT COUNT(*) FROM ${table} WHERE ${column} > 1",
        "SELECT COUNT(*) FROM {model} WHERE {field} > 1",
        "SELECT COUNT(*) FROM {object} WHERE {property} > 1",
    ]
    for shape in shapes:
        schema = (
            T + "      - name: x\n        logicalType: integer\n"
            f"        quality: [{{id: Q, type: sql, query: '{shape}', mustBe: 0}}]\n"
        )
        assert both(schema, t=[{"x": "1"}, {"x": "2"}, {"x": None}, {"x": "b"}]) == {
            "Q": [1],
            "t.x.type": [3],
        }, shape


def test_other_queries_are_counted() -> None:
    schema = (
        T + "      - {name: x, logicalType: integer}\n    quality:\n"
        "      - {id: Q, type: sql, query: 'SELECT count(DISTINCT x) FROM t', mustBe: 0}\n"
        "      - {id: R, type: sql, query: 'SELECT max(x) FROM t', mustBeLessThan: 100}\n"
    )
    checked = checked_of(contract_of(schema), t=[{"x": "1"}, {"x": "2"}, {"x": "2"}])
    assert [(count.id, count.failed) for count in checked.counts() if count.failed] == [("Q", 2)]
    assert [finding.row for finding in checked.findings()] == [None]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM t WHERE nonsense(x)",
        "SELECT count(*) FROM t WHERE unknown_column > 1",
        "SELECT count(* FROM t",
        "SELECT count(*) FROM read_csv(''/etc/passwd'')",
        "COPY t TO ''/tmp/stolen.csv''",
        "SELECT count(*) FROM t; DROP TABLE t",
        "SELECT count(*) FROM information_schema.tables",
        "SELECT NULL FROM t",
    ],
)
def test_a_rule_that_cannot_run_is_red(query: str) -> None:
    schema = (
        T
        + f"      - {{name: x, logicalType: integer}}\n    quality: [{{id: Q, type: sql, query: '{query}', mustBe: 0}}]\n"
    )
    checked = checked_of(contract_of(schema), t=[{"x": "1"}])
    assert [(count.failed, count.severity) for count in checked.counts() if count.id == "Q"] == [
        (1, "error")
    ]
    assert checked.failed_any()
    assert any(finding.rule == "Q" for finding in checked.findings())


def test_a_rule_that_breaks_on_some_cells_spares_the_others() -> None:
    """Text compared with a number is cast softly in the subset; outside of it the engine may still stumble."""
    schema = (
        T + "      - {name: x, logicalType: string}\n    quality:\n"
        "      - {id: Q, type: sql, query: 'SELECT count(*) FROM t WHERE x = 1', mustBe: 0}\n"
        "      - {id: R, type: sql, query: 'SELECT count(*) FROM t WHERE chr(x::INT) = ''A''', mustBe: 0}\n"
        "      - {id: S, type: sql, query: 'SELECT count(*) FROM t WHERE x = ''b''', mustBe: 0}\n"
    )
    checked = checked_of(contract_of(schema), t=[{"x": "1"}, {"x": "b"}])
    assert [broken.rule.id for broken in checked.broken()] == ["R"]
    assert failing(checked) == {"Q": [0], "S": [1]}


class Lists:
    """Two code lists: one for ever, one with a code that ended."""

    content = {
        "colours": [("red", "", ""), ("blue", "", "")],
        "places": [("old", "", "20250630"), ("new", "20250701", "")],
    }

    def has(self, name: str) -> bool:
        return name in self.content

    def file(self, name: str) -> None:
        return None

    def is_pairs(self, name: str) -> bool:
        return False

    def table(self, name: str) -> Any:
        import pyarrow

        columns = list(zip(*self.content[name], strict=True))
        return pyarrow.table(dict(zip(("code", "valid_from", "valid_to"), columns, strict=True)))

    def valid(self, name: str, code: str, day: str | None = None) -> bool | None:
        if not self.has(name):
            return None
        return any(
            code == one and (not day or (start or "0") <= day <= (end or "9"))
            for one, start, end in self.content[name]
        )


def test_code_lists_know_their_day() -> None:
    def rule(name: str, predicate: str) -> str:
        return f'      - {{id: {name}, type: custom, engine: lienthong, implementation: {{predicate: "{predicate}"}}}}\n'

    schema = (
        T
        + "      - {name: x, logicalType: string}\n      - {name: at, logicalType: string}\n    quality:\n"
        + rule("P", "NOT IS_CODE('places', x, at)")
        + rule("A", "NOT ALL_CODES('colours', x, ';', NULL)")
        + rule("U", "NOT IS_CODE('not-loaded', x, at)")
    )
    rows = [
        {"x": "old", "at": "202506300900"},
        {"x": "old", "at": "202507010900"},
        {"x": "new", "at": "20250701"},
        {"x": "new", "at": "20250630"},
        {"x": "old", "at": None},
        {"x": None, "at": "20250701"},
        {"x": "red; blue", "at": None},
        {"x": "red;", "at": None},
    ]
    found = both(schema, Lists(), t=rows)
    assert found == {"P": [1, 3, 6, 7], "A": [0, 1, 2, 3, 4, 7]}
    checked = checked_of(contract_of(schema), Lists(), t=rows)
    assert [(c.checked, c.failed, c.unknown) for c in checked.counts() if c.id == "U"] == [
        (0, 0, 8)
    ]


def test_severity_and_criterion_come_with_the_counts() -> None:
    schema = (
        T + "      - {name: x, logicalType: string, required: true}\n    quality:\n"
        "      - {id: Q, type: sql, query: 'SELECT count(*) FROM t WHERE x = ''a''', mustBe: 0, severity: warning,"
        " dimension: timeliness}\n"
        "      - {id: I, type: sql, query: 'SELECT count(*) FROM t WHERE x = ''b''', mustBe: 0, severity: information}\n"
    )
    checked = checked_of(contract_of(schema), t=[{"x": "b"}])
    assert not checked.failed_any()
    assert checked.rows_failed == 0
    told = {count.id: (count.criterion, count.severity) for count in checked.counts()}
    assert told == {
        "t.x.required": ("sufficient", "error"),
        "Q": ("alive", "warning"),
        "I": ("correct", "information"),
    }
