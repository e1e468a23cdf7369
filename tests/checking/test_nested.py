"""Promises of values inside a cell: lists and objects of JSON lines and Parquet are asked like any other value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lienthong.records.checking import check
from lienthong.records.formats.reading import read
from tests.checking.tables import RECEIVED, checked_of, contract_of, failing

CONTRACT = """
  - name: t
    properties:
      - {name: id, logicalType: string, primaryKey: true}
      - name: tags
        logicalType: array
        logicalTypeOptions: {minItems: 1, maxItems: 3, uniqueItems: true}
        items: {logicalType: string, required: true, enum: [{value: a}, {value: b}, {value: c}]}
      - name: place
        logicalType: object
        logicalTypeOptions: {minProperties: 1}
        properties:
          - {name: city, logicalType: string, required: true, logicalTypeOptions: {minLength: 2, pattern: '^[A-Z]'}}
          - {name: since, logicalType: date, logicalTypeOptions: {minimum: '2000-01-01'}}
      - name: lines
        logicalType: array
        items:
          logicalType: object
          properties:
            - {name: "số", logicalType: integer, required: true, logicalTypeOptions: {minimum: 1, exclusiveMaximum: 10}}
            - {name: price, logicalType: number}
            - {name: codes, logicalType: array, items: {logicalType: string, logicalTypeOptions: {maxLength: 2}}}
            - {name: free, logicalType: string, quality: [{type: sql, query: 'SELECT 1', mustBe: 1}]}
"""
ROWS: list[dict[str, Any]] = [
    {"id": "0", "tags": ["a"], "place": {"city": "Huế", "since": "2001-02-03"},
     "lines": [{"số": 1, "price": 2.5, "codes": ["x", "yy"]}, {"số": 9, "price": None}]},
    {"id": "1", "tags": [], "place": {}, "lines": [{"price": 1}]},
    {"id": "2", "tags": ["a", "a"], "place": {"city": " "}, "lines": [{"số": None}]},
    {"id": "3", "tags": ["a", None], "place": {"city": "h"}, "lines": [{"số": "x"}]},
    {"id": "4", "tags": ["a", "z"], "place": {"city": "Đ"}, "lines": [{"số": 0}, {"số": 10}]},
    {"id": "5", "tags": ["a", "b", "c", "a"], "place": {"city": ["H"]}, "lines": [{"số": 1.5}]},
    {"id": "6", "tags": {"a": 1}, "place": [], "lines": [{"số": 3, "codes": ["yyy"]}]},
    {"id": "7", "tags": None, "place": None, "lines": None},
    {"id": "8", "tags": ["b"], "place": {"city": "An", "since": "1999-12-31"}, "lines": []},
    {"id": "9", "tags": ["b"], "place": {"city": "An", "since": "x"}, "lines": [{"số": 2, "price": "y"}]},
]  # fmt: skip
WRONG = {
    "t.tags.type": [6],
    "t.tags.minItems": [1],
    "t.tags.maxItems": [5],
    "t.tags.uniqueItems": [2, 5],
    "t.tags[].required": [3],
    "t.tags[].enum": [4],
    "t.place.type": [6],
    "t.place.minProperties": [1],
    "t.place.city.required": [1, 2],
    "t.place.city.type": [5],
    "t.place.city.minLength": [3, 4],
    "t.place.city.pattern": [3, 4],
    "t.place.since.type": [9],
    "t.place.since.minimum": [8],
    "t.lines[].số.required": [1, 2],
    "t.lines[].số.type": [3, 5],
    "t.lines[].số.minimum": [4],
    "t.lines[].số.exclusiveMaximum": [4],
    "t.lines[].price.type": [9],
    "t.lines[].codes[].maxLength": [6],
}


def checked_file(path: Path, tmp_path: Path) -> Any:
    contract = contract_of(CONTRACT)
    with read([("t", path)], contract, workdir=tmp_path) as reading:
        return check(contract, reading, received=RECEIVED, workdir=tmp_path)


def test_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS))
    checked = checked_file(file, tmp_path)
    assert failing(checked) == WRONG
    counts = {count.id: (count.failed, count.unknown) for count in checked.counts()}
    # What nobody here can ask of an inner value is told apart.
    assert counts["t.lines[].free.nested"] == (0, len(ROWS))
    said = {finding.rule: finding.message for finding in checked.findings()}
    assert said["t.lines[].số.minimum"]["en"].startswith("lines[].số must be at least 1.")
    assert said["t.tags[].enum"]["vi"].startswith("tags[] phải là một trong: a, b, c.")
    checked.close()


def test_parquet(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    duckdb.sql(
        "SELECT * FROM (VALUES ('0', ['a'], {'city': 'Huế', 'since': '2001-02-03'},"
        " [{'số': 1, 'price': 2.5}]), ('1', ['a', 'z'], {'city': NULL, 'since': '1999-01-01'},"
        " [{'số': 12, 'price': NULL}])) AS t(id, tags, place, lines)"
    ).write_parquet(str(file))
    checked = checked_file(file, tmp_path)
    assert failing(checked) == {
        "t.tags[].enum": [1],
        "t.place.city.required": [1],
        "t.place.since.minimum": [1],
        "t.lines[].số.exclusiveMaximum": [1],
    }
    checked.close()


@pytest.mark.parametrize("cell", ["a;b", "[1", "'a'", "7"])
def test_a_cell_that_is_no_json_is_named_once(cell: str) -> None:
    checked = checked_of(contract_of(CONTRACT), t=[{"id": "0", "tags": cell}, {"id": "1"}])
    assert failing(checked) == {"t.tags.type": [0]}


def test_a_bound_that_is_no_number_makes_its_rule_red() -> None:
    wrong = CONTRACT.replace("minimum: 1, exclusive", "minimum: {a: b}, exclusive")
    checked = checked_of(contract_of(wrong), t=[{"id": "0", "lines": "[]"}])
    assert [one.rule.id for one in checked.broken()] == ["t.lines[].số.minimum"]
