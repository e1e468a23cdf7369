"""Files that are gone through in parallel: every row keeps its number, whatever the rules are."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from lienthong.records.checking import check
from lienthong.records.formats.reading import ReadingOptions, read
from tests.checking.tables import RECEIVED, contract_of

ROWS = 400_000
LONG_LIST = ", ".join(f"{{value: 'v{number}'}}" for number in range(40))
SCHEMA = f"""  - name: t
    properties:
      - {{name: id, logicalType: string, primaryKey: true}}
      - {{name: kind, logicalType: string, enum: [{LONG_LIST}]}}
      - {{name: number, logicalType: number}}
      - {{name: text, logicalType: string, logicalTypeOptions: {{pattern: '^[a-z0-9]+$'}}}}
    quality:
      - {{id: A, type: sql, mustBe: 0, query: "SELECT count(*) FROM t WHERE kind IN ('v1','v2','v3','v4','v5','v6','v7','v8','v9','v10','v11') AND number = 7"}}
"""  # noqa: E501


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_row_numbers_are_those_of_the_file(tmp_path: Path, form: str) -> None:
    file = tmp_path / f"t.{form}"
    duckdb.sql(
        f"""SELECT 'i' || CASE WHEN n = {ROWS} - 5 THEN 3 ELSE n END AS id,
        CASE WHEN n % 9973 = 5 THEN 'zz' ELSE 'v' || n % 40 END AS kind,
        CASE WHEN n % 9967 = 6 THEN 'x' ELSE (n % 100)::VARCHAR END AS number, md5(n::VARCHAR) AS text
        FROM range({ROWS}) t(n) ORDER BY n"""
    ).to_table("made")
    options = "HEADER" if form == "csv" else "FORMAT PARQUET"
    duckdb.sql(f"COPY made TO '{file}' ({options})")
    duckdb.sql("DROP TABLE made")
    contract = contract_of(SCHEMA)
    with read(file, contract, workdir=tmp_path, options=ReadingOptions(optimistic=True)) as reading:
        checked = check(contract, reading, received=RECEIVED, workdir=tmp_path)
        found = [(finding.rule, finding.row, finding.key) for finding in checked.findings()]
        checked.close()
    twins = {3, ROWS - 5}
    expected = [("t.id.unique", row, "i3") for row in sorted(twins)]
    expected += [("t.kind.enum", row, f"i{row}") for row in range(5, ROWS, 9973)]
    expected += [("t.number.type", row, f"i{row}") for row in range(6, ROWS, 9967)]
    expected += [
        ("A", row, f"i{row}")
        for row in range(ROWS)
        if row % 100 == 7 and 1 <= row % 40 <= 11 and row % 9973 != 5 and row % 9967 != 6
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
