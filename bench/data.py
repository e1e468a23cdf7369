# ruff: noqa: E501 the SQL of a column stands on one line
"""Invents the data of the bench, the same for the same number of rows; nothing in it belongs to a person."""

from __future__ import annotations

from pathlib import Path

import duckdb

FACILITIES = 10_000

# Each column draws its own number from the row's number, so that a change of one column leaves the others alone.
_ROWS = """
SELECT
  'V' || lpad((CASE WHEN d(i, 1, 100000) < 2 AND i > 0 THEN i - 1 ELSE i END)::VARCHAR, 9, '0') AS visit,
  CASE WHEN d(i, 2, 1000) < 1 THEN NULL WHEN d(i, 2, 1000) < 3 THEN 'X' || d(i, 3, 90000) ELSE lpad((d(i, 3, {facilities}) * 9)::VARCHAR, 5, '0') END
    AS facility,
  CASE WHEN d(i, 4, 1000) < 1 THEN NULL ELSE
    ['Nguyễn','Trần','Lê','Phạm','Hoàng','Huỳnh','Phan','Vũ','Võ','Đặng'][1 + d(i, 5, 10)] || ' ' ||
    ['Văn','Thị','Hữu','Đức','Ngọc','Minh'][1 + d(i, 6, 6)] || ' ' ||
    ['An','Bình','Châu','Dũng','Giang','Hạnh','Khánh','Lan','Mỹ','Phúc','Quỳnh','Thảo'][1 + d(i, 7, 12)] END AS name,
  CASE WHEN d(i, 8, 100) < 5 THEN NULL WHEN d(i, 8, 1000) < 53 THEN (d(i, 9, 900000000))::VARCHAR
    ELSE lpad(d(i, 10, 96)::VARCHAR, 3, '0') || CASE WHEN d(i, 11, 1000) < 3 THEN 5 ELSE (sex_::INT + 1) % 2 + 2 * (d(i, 12, 5) // 4) END
      || lpad(d(i, 13, 99999999)::VARCHAR, 8, '0') END AS person,
  CASE WHEN d(i, 14, 100) < 15 THEN NULL WHEN d(i, 15, 1000) < 2 THEN 'dn4' || d(i, 16, 1000)
    ELSE ['DN','GD','HT','TE','HS'][1 + d(i, 17, 5)] || (1 + d(i, 18, 5)) || lpad(d(i, 19, 999999999)::VARCHAR, 12, '0') END AS card,
  CASE WHEN d(i, 20, 1000) < 1 THEN '4' WHEN d(i, 20, 1000) < 2 THEN NULL ELSE sex_ END AS sex,
  CASE WHEN d(i, 21, 10000) < 3 THEN NULL ELSE DATE '1935-01-01' + d(i, 22, 32000)::INT END AS born,
  CASE WHEN d(i, 23, 1000) < 1 THEN '1' ELSE '0' || (1 + d(i, 24, 9)) END AS kind,
  entered_ AS entered,
  CASE WHEN d(i, 25, 1000) < 2 THEN entered_ - 3 ELSE entered_ + stay_ END AS "left",
  CASE WHEN d(i, 26, 1000) < 1 THEN -1 WHEN d(i, 26, 1000) < 2 THEN 4000 ELSE stay_ END AS days,
  CASE WHEN d(i, 27, 10) < 1 THEN CASE WHEN d(i, 24, 9) = 2 AND d(i, 27, 1000) > 2 THEN 50.5 END
    WHEN d(i, 28, 1000) < 1 THEN 1200.0 ELSE round(3 + d(i, 29, 900) / 10.0, 1) END AS weight,
  CASE WHEN d(i, 30, 1000) < 2 THEN 'J1' ELSE chr((65 + d(i, 31, 26))::INT) || lpad(d(i, 32, 100)::VARCHAR, 2, '0') ||
    CASE WHEN d(i, 33, 2) = 0 THEN '.' || d(i, 34, 10) ELSE '' END END AS icd,
  CASE WHEN d(i, 35, 1000) < 1 THEN '9' ELSE (1 + d(i, 36, 7))::VARCHAR END AS outcome,
  CASE WHEN d(i, 37, 1000) < 1 THEN 'K' ELSE 'K' || lpad(d(i, 38, 50)::VARCHAR, 2, '0') END AS department,
  lpad(d(i, 39, 999999)::VARCHAR, 6, '0') || '/BYT-CCHN' AS doctor,
  insured_ + paid_ + CASE WHEN d(i, 40, 1000) < 2 THEN 1000 ELSE 0 END AS total,
  insured_ AS insured,
  CASE WHEN d(i, 41, 1000) < 1 THEN -paid_ - 1 ELSE paid_ END AS paid,
  lpad((1 + d(i, 42, 34))::VARCHAR, 2, '0') AS province,
  CASE WHEN d(i, 43, 1000) < 1 THEN 'x' ELSE lpad((d(i, 44, 3321) * 7)::VARCHAR, 5, '0') END AS commune,
  CASE WHEN d(i, 45, 3) = 0 THEN NULL ELSE '09' || lpad(d(i, 46, 99999999)::VARCHAR, 8, '0') END AS phone
FROM (
  SELECT i, (1 + d(i, 50, 2))::VARCHAR AS sex_, DATE '2026-01-01' + d(i, 51, 300)::INT AS entered_, d(i, 52, 15)::INT AS stay_,
    round(d(i, 53, 3000000) / 1.0, 2)::DOUBLE AS insured_, round(d(i, 54, 900000) / 1.0, 2)::DOUBLE AS paid_
  FROM range({rows}) t(i)
) ORDER BY i
"""


def make(folder: Path, rows: int) -> dict[str, Path]:
    """Files of `rows` visits: Parquet, CSV, the same CSV with malformed cells, and the list of facilities."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        name: folder / file
        for name, file in (
            ("parquet", "visits.parquet"),
            ("csv", "visits.csv"),
            ("malformed", "malformed.csv"),
            ("facilities", "facilities.parquet"),
            ("facilities_csv", "facilities.csv"),
        )
    }
    if all(file.exists() for file in files.values()):
        return files
    con = duckdb.connect()
    con.execute("CREATE MACRO d(row_, column_, upto) AS (hash(row_ * 64 + column_) % upto)::BIGINT")
    con.execute(f"CREATE TABLE visits AS {_ROWS.format(rows=rows, facilities=FACILITIES)}")
    con.execute(f"COPY visits TO '{files['parquet']}' (FORMAT PARQUET)")
    con.execute(f"COPY visits TO '{files['csv']}' (HEADER)")
    codes = f"SELECT lpad((i * 9)::VARCHAR, 5, '0') AS code FROM range({FACILITIES}) t(i)"
    con.execute(f"COPY ({codes}) TO '{files['facilities']}' (FORMAT PARQUET)")
    con.execute(f"COPY ({codes}) TO '{files['facilities_csv']}' (HEADER)")
    con.execute(f"COPY ({MALFORMED}) TO '{files['malformed']}' (HEADER)")
    con.close()
    return files


MALFORMED = """
SELECT * EXCLUDE (i) REPLACE (
  CASE i % 1000 WHEN 17 THEN '31/02/2026' WHEN 18 THEN '2026-02-30' ELSE entered::VARCHAR END AS entered,
  CASE i % 1000 WHEN 27 THEN '1.5' WHEN 28 THEN 'ba' ELSE days::VARCHAR END AS days,
  CASE i % 1000 WHEN 37 THEN '1.234,5' WHEN 38 THEN 'nan' WHEN 39 THEN '1_000' ELSE total::VARCHAR END AS total,
  CASE i % 1000 WHEN 47 THEN 'không rõ' ELSE weight::VARCHAR END AS weight
) FROM (SELECT *, rowid AS i FROM visits) ORDER BY i
"""
"""Eight kinds of cells that do not parse, each in one row of a thousand, in four columns."""

MALFORMED_CELLS = {"entered": 2, "days": 2, "total": 3, "weight": 1}
"""Column to malformed cells per thousand rows."""
