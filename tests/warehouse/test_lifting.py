"""Spark looks out of one subquery at a time: no declared rule may look out of two over a snapshot."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.duckdb_sql import ROW
from lienthong.warehouse.lifting import lift
from lienthong.warehouse.questions import scoped


def deep(tree):
    """Columns of the judged row within two subqueries."""
    return [
        column.sql()
        for column in tree.find_all(exp.Column)
        if column.table == ROW
        and (inner := column.find_ancestor(exp.Select)) is not None
        and inner.find_ancestor(exp.Select) is not None
    ]


@pytest.mark.parametrize("name", sorted(declared_contracts()))
def test_no_declared_rule_looks_out_of_two_subqueries(name):
    contract = read_contract(name)
    own = {table.name for table in contract.tables}
    left = {}
    for table in compile_contract(contract).tables:
        for rule in table.rules:
            if rule.how == "hits" and rule.crossing and rule.portable:
                tree, _ = lift(scoped(rule, own, ROW), ROW)
                left[rule.rule.id] = deep(tree)
    assert {rule: columns for rule, columns in left.items() if columns} == {}


def test_what_is_lifted_becomes_a_column_of_the_row():
    tree = sqlglot.parse_one(
        'NOT EXISTS(SELECT 1 FROM g WHERE g.p = _r.p AND g.f = (SELECT MAX(v.f) FROM v WHERE v.k = _r.k))'
        " AND (SELECT COUNT(*) FROM v WHERE v.k = _r.k) > 1",
        dialect="duckdb",
    )  # fmt: skip
    assert deep(tree)
    made, columns = lift(tree, "_r")
    assert deep(made) == []
    assert [one.sql() for one in columns] == ["(SELECT MAX(v.f) FROM v WHERE v.k = _r.k)"]
    assert 'g.f = "_r"."_lifted0"' in made.sql()


def test_existence_becomes_a_count():
    tree = sqlglot.parse_one(
        "EXISTS(SELECT 1 FROM g WHERE g.p = _r.p AND (g.s = '1' AND EXISTS(SELECT 1 FROM v WHERE v.k = _r.k)))",
        dialect="duckdb",
    )
    made, columns = lift(tree, "_r")
    assert deep(made) == []
    assert [one.sql() for one in columns] == ["(SELECT COUNT(*) FROM v WHERE v.k = _r.k)"]
    assert 'AND ("_r"."_lifted0" > 0)' in made.sql()


def test_what_speaks_of_the_row_between_stays():
    text = "EXISTS(SELECT 1 FROM g WHERE g.f = (SELECT MAX(v.f) FROM v WHERE v.k = g.k))"
    made, columns = lift(sqlglot.parse_one(text, dialect="duckdb"), "_r")
    assert columns == () and made.sql() == text
