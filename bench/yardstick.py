# ruff: noqa: E501
"""The yardstick of a check: what a skilled person writes by hand in DuckDB for these very rules, and nothing more.

Run as its own process: `python yardstick.py FILE FACILITIES OUT`. Names every wrong row with a mask of its rules.
"""

from __future__ import annotations

import sys

import duckdb


def query(visits: str, facilities: str) -> str:
    """One SELECT of (row, mask) for every wrong row."""
    csv = visits.endswith(".csv")
    row = "row_number() OVER () - 1" if csv else "file_row_number"
    source = (
        f"read_csv('{visits}', all_varchar=true)"
        if csv
        else f"read_parquet('{visits}', file_row_number=true)"
    )
    codes = (
        f"read_csv('{facilities}', all_varchar=true)"
        if facilities.endswith(".csv")
        else f"'{facilities}'"
    )
    casts = (
        """, TRY_CAST(born AS DATE) AS born_, TRY_CAST(entered AS DATE) AS entered_, TRY_CAST("left" AS DATE) AS left_,
        TRY_CAST(days AS BIGINT) AS days_, TRY_CAST(weight AS DOUBLE) AS weight_, TRY_CAST(total AS DOUBLE) AS total_,
        TRY_CAST(insured AS DOUBLE) AS insured_, TRY_CAST(paid AS DOUBLE) AS paid_"""
        if csv
        else """, born AS born_, entered AS entered_, "left" AS left_, days AS days_, weight AS weight_, total AS total_,
        insured AS insured_, paid AS paid_"""
    )
    rules = [
        "visit IS NULL",
        "facility IS NULL",
        "name IS NULL",
        "sex IS NULL",
        "born IS NULL",
        "length(name) > 60",
        "NOT regexp_matches(person, '^[0-9]{12}$')",
        "NOT regexp_matches(card, '^[A-Z]{2}[1-5][0-9]{12}$')",
        r"NOT regexp_matches(icd, '^[A-Z][0-9]{2}(\.[0-9])?$')",
        "sex NOT IN ('1','2','3')",
        "kind NOT IN ('01','02','03','04','05','06','07','08','09')",
        "outcome NOT IN ('1','2','3','4','5','6','7')",
        "days_ < 0 OR days_ > 365",
        "weight_ < 0.3 OR weight_ > 300",
        "length(department) NOT BETWEEN 3 AND 6",
        "total_ < 0",
        "insured_ < 0",
        "paid_ < 0",
        "length(province) <> 2",
        "length(commune) <> 5",
        "left_ < entered_",
        "abs(total_ - insured_ - paid_) > 0.5",
        "born_ > entered_",
        "(substr(person, 4, 1) IN ('0','2') AND sex = '2') OR (substr(person, 4, 1) IN ('1','3') AND sex = '1')",
        "kind = '03' AND weight_ IS NULL",
        f"facility NOT IN (SELECT code FROM {codes})",
        "twin",
    ]
    if csv:
        rules += [
            f"{name} IS NOT NULL AND {name}_ IS NULL"
            for name in ("born", "entered", '"left"', "days", "weight", "total", "insured", "paid")
        ]
        rules = [rule.replace('"left"_', "left_") for rule in rules]
    mask = " | ".join(
        f"(CASE WHEN {rule} THEN {1 << bit} ELSE 0 END)" for bit, rule in enumerate(rules)
    )
    return f"""
      WITH v AS (SELECT *, {row} AS row{casts} FROM {source}),
           t AS (SELECT visit AS twice FROM {source} WHERE visit IS NOT NULL GROUP BY visit HAVING count(*) > 1),
           m AS (SELECT row, visit, {mask} AS mask FROM (SELECT v.*, visit IN (SELECT twice FROM t) AS twin FROM v))
      SELECT row, visit, mask FROM m WHERE mask <> 0"""


if __name__ == "__main__":
    con = duckdb.connect()
    con.execute(f"COPY ({query(sys.argv[1], sys.argv[2])}) TO '{sys.argv[3]}' (FORMAT PARQUET)")
