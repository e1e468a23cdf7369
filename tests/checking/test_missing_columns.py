"""A column that should be in the file and is not: its required values are missing, what asks it is unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lienthong.records.checking import Checked, check
from lienthong.records.formats.reading import ReadingOptions, read
from tests.checking.tables import RECEIVED, contract_of, failing

CONTRACT = """
  - name: t
    properties:
      - {name: a, logicalType: string, primaryKey: true}
      - name: b
        logicalType: integer
        required: true
        unique: true
        logicalTypeOptions: {minimum: 0}
        quality:
          - {id: NULLS, metric: nullValues, mustBe: 0}
          - {id: ROW, type: sql, query: 'SELECT count(*) FROM t WHERE b IS NULL', mustBe: 0}
          - {id: BEYOND, type: sql, query: 'SELECT count(*) FROM t WHERE sign(b) = -1', mustBe: 0}
          - {id: COUNTED, type: sql, query: 'SELECT count(DISTINCT b) FROM ${table}', mustBeLessThan: 9}
    quality:
      - {id: ROWS, type: sql, query: 'SELECT count(*) - count(DISTINCT a) FROM t', mustBe: 0}
"""


def write(folder: Path, suffix: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"t{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".jsonl":
        path.write_text("".join(json.dumps({"a": row["a"]}) + "\n" for row in rows))
    else:
        path.write_text("a\n" + "".join(f"{row['a']}\n" for row in rows))
    return path


def run(path: Path, folder: Path, schema: str = CONTRACT) -> Checked:
    contract = contract_of(schema)
    with read(path, contract, workdir=folder, options=ReadingOptions(optimistic=True)) as reading:
        return check(contract, reading, received=RECEIVED, workdir=folder)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_nothing_is_green_that_was_not_asked(tmp_path: Path, suffix: str) -> None:
    checked = run(write(tmp_path, suffix, [{"a": "x"}, {"a": "y"}]), tmp_path)
    counts = {count.id: (count.checked, count.failed, count.unknown) for count in checked.counts()}
    assert counts.pop("FILE-08") == (2, 1, 0)
    assert counts == {
        "t.a.required": (2, 0, 0),
        "t.a.unique": (2, 0, 0),
        "ROWS": (2, 0, 0),
        "t.b.required": (2, 2, 0),
        "NULLS": (2, 2, 0),
        **dict.fromkeys(
            ("t.b.type", "t.b.minimum", "t.b.unique", "ROW", "BEYOND", "COUNTED"), (0, 0, 2)
        ),
    }
    assert failing(checked) == {"t.b.required": [0, 1], "NULLS": [0, 1]}


def test_a_column_that_another_table_lacks(tmp_path: Path) -> None:
    schema = """
  - name: t
    properties: [{name: a, logicalType: string}]
    quality:
      - {id: Q, type: sql, mustBe: 0,
         query: 'SELECT count(*) FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.c = t.a)'}
  - name: u
    properties: [{name: c, logicalType: string}, {name: d, logicalType: string}]
"""
    sent = tmp_path / "sent"
    sent.mkdir()
    (sent / "t.csv").write_text("a\nx\n")
    (sent / "u.csv").write_text("d\nx\n")
    counts = {count.id: count.unknown for count in run(sent, tmp_path, schema).counts()}
    assert counts["Q"] == 1
