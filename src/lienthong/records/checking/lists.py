"""Code lists as DuckDB macros, so that a rule asks `is_code_<list>(value, day)` whatever the list's length."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from lienthong.contracts.rules.casts import literal, quoted


def attach_lists(con: duckdb.DuckDBPyConnection, codes: Any, wanted: Iterable[str]) -> set[str]:
    """Makes tables and macros of the wanted lists that are at hand; returns the names of the others."""
    missing = set()
    for name in sorted(set(wanted)):
        if codes is None or not codes.has(name):
            missing.add(name)
            continue
        _attach(con, codes, name)
    return missing


def _attach(con: duckdb.DuckDBPyConnection, codes: Any, name: str) -> None:
    table = quoted(f"codes_{name}")
    file = codes.file(name) if hasattr(codes, "file") else None
    if file is not None:
        code = "parent || '-' || code AS code" if codes.is_pairs(name) else "code"
        con.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT {code}, coalesce(valid_from, '00000000') AS valid_from,"
            f" coalesce(valid_to, '99999999') AS valid_to FROM read_csv({literal(str(file))}, all_varchar=true,"
            " header=true, delim=',', quote='\"', escape='\"', auto_detect=false, columns="
            f"{{{_csv_columns(file)}}})"
        )
    else:
        con.execute(
            f"CREATE OR REPLACE TABLE {table} (code VARCHAR, valid_from VARCHAR, valid_to VARCHAR)"
        )
        listed = codes.table(name)
        con.register("_listed", listed)
        con.execute(
            f"INSERT INTO {table} SELECT code, coalesce(nullif(valid_from, ''), '00000000'),"
            " coalesce(nullif(valid_to, ''), '99999999') FROM _listed"
        )
        con.unregister("_listed")
    dated = con.execute(
        f"SELECT count(*) FROM {table} WHERE valid_from > '00000000' OR valid_to < '99999999'"
    ).fetchone()
    _macros(con, name, table, bool(dated and dated[0]))


def _csv_columns(file: Any) -> str:
    with Path(file).open(encoding="utf-8-sig") as lines:
        names = lines.readline().strip().split(",")
    return ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)


def _macros(con: duckdb.DuckDBPyConnection, name: str, table: str, dated: bool) -> None:
    word = name.replace("-", "_")
    one, every = bodies(table, dated)
    con.execute(f"CREATE OR REPLACE MACRO {quoted('is_code_' + word)}(value_, day_) AS {one}")
    con.execute(
        f"CREATE OR REPLACE MACRO {quoted('all_codes_' + word)}(value_, sep_, day_) AS {every}"
    )


def bodies(table: str, dated: bool) -> tuple[str, str]:
    """SQL of IS_CODE over `value_` and `day_`, and of ALL_CODES over `value_`, `sep_` and `day_`, for every engine.

    `table` holds the list (code, valid_from, valid_to); `dated`: some of its codes are not right for ever.
    """
    day = "substr(day_, 1, 8)"
    # A day that is not known lets any period do: the date itself has its own rule.
    if dated:
        inside = (
            f"(value_ IN (SELECT code FROM {table} WHERE valid_from = '00000000' AND valid_to = '99999999')"
            f" OR EXISTS (SELECT 1 FROM {table} c WHERE c.code = value_"
            f" AND coalesce({day} BETWEEN c.valid_from AND c.valid_to, true)))"
        )
        part = (
            f"EXISTS (SELECT 1 FROM {table} c WHERE c.code = trim(part_)"
            f" AND coalesce({day} BETWEEN c.valid_from AND c.valid_to, true))"
        )
    else:
        inside = f"(value_ IN (SELECT code FROM {table}))"
        part = f"(trim(part_) IN (SELECT code FROM {table}))"
    one = f"CASE WHEN value_ IS NULL THEN NULL ELSE {inside} END"
    every = (
        "CASE WHEN value_ IS NULL THEN NULL ELSE NOT EXISTS"
        f" (SELECT 1 FROM (SELECT unnest(string_split(value_, sep_)) AS part_) WHERE NOT {part}) END"
    )
    return one, every
