"""What holds for all care rules together: empty and malformed cells, and plain SQL that counts the same rows."""

from __future__ import annotations

import duckdb
import pytest

from lienthong.contracts.reading import read_contract
from lienthong.findings import Criterion
from tests.spec.care_records import Visit, check_tables, check_visits, every_visit, write_tables

TYPES = {"integer": "BIGINT", "number": "DOUBLE"}
CONSEQUENCES = ("DAT", "TIM", "MON", "DUP", "INS")
"""Groups of rules that compare well-formed cells: a malformed one is not their matter."""


@pytest.fixture(scope="module")
def contract():
    return read_contract("care")


def test_a_missing_cell_is_accused_of_missing_and_of_nothing_else(contract, tmp_path):
    criteria = {
        (rule.id, table.name, field): rule.criterion
        for table in contract.tables
        for rule in table.rules
        for field in rule.fields[:1]
    }
    empty = {
        table.name: [{"MA_LK": "01999{n}"} if table.field("MA_LK") else {"HO_TEN": "A"}]
        for table in contract.tables
    }
    (found,) = check_visits(contract, [Visit("empty", empty, number=1)], tmp_path).values()
    blamed = set()
    for name in found:
        rule, _, place = name.partition(" ")
        table, _, field = place.partition(".")
        if (
            not rule.endswith(".required")
            and criteria.get((rule, table, field)) != Criterion.SUFFICIENT
        ):
            blamed.add(name)
    # Tables that are there or not are themselves a contradiction: a birth certificate without a birth weight.
    assert blamed == {"LNK-10 XML1.CAN_NANG_CON", "LNK-12 XML1.NGAY_TAI_KHAM"}


RUBBISH = ("?", "99/99/9999", "1,5", "20269999", "202602309999")


def test_a_malformed_cell_draws_no_consequences(contract, tmp_path):
    visits = []
    for number, rubbish in enumerate(RUBBISH, 1):
        tables = {
            table.name: [
                {
                    field.name: "01999{n}" if field.name == "MA_LK" else rubbish
                    for field in table.fields
                }
            ]
            for table in contract.tables
        }
        visits.append(Visit("malformed", tables, number=number))
    found = check_visits(contract, visits, tmp_path)
    dates = {
        f"{table.name}.{field.name}"
        for table in contract.tables
        for field in table.fields
        if field.type == "string" and (field.format or "").startswith(("date", "birth"))
    }
    for visit, rubbish in zip(visits, RUBBISH, strict=True):
        drawn = {name for name in found[visit.number] if name.startswith(CONSEQUENCES)}
        if rubbish.isdigit():
            # A number where a number is asked may be wrong in itself, a date that is none is not compared.
            drawn = {name for name in drawn if name.split(" ")[1] in dates}
        assert drawn == set(), rubbish


def test_a_plain_sql_engine_counts_the_same_rows(contract, tmp_path):
    """The rules as they stand in the file, run by DuckDB alone over tables with the contract's types."""
    written = write_tables(contract, every_visit(), tmp_path)
    checked = check_tables(contract, written, tmp_path)
    ours = {(count.id, count.table, count.field): count.failed for count in checked.counts()}
    con = duckdb.connect()
    for table in contract.tables:
        columns = ", ".join(
            f'TRY_CAST("{field.name}" AS {TYPES.get(field.type, "VARCHAR")}) AS "{field.name}"'
            for field in table.fields
        )
        path = str(written[table.name][0])
        con.execute("CREATE OR REPLACE TABLE sent AS FROM read_csv(?, all_varchar = true)", [path])
        con.execute(f"CREATE TABLE {table.name} AS SELECT {columns} FROM sent")
    compared = 0
    for table in contract.tables:
        for rule in table.rules:
            if not rule.query:
                continue
            field = rule.fields[0] if rule.fields else None
            row = con.execute(rule.query).fetchone()
            assert row and row[0] == ours[(rule.id, table.name, field)], (
                rule.id,
                table.name,
                field,
            )
            compared += 1
    assert compared > 700
