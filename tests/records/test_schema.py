"""A contract's tables grow with it; what would lose or retype what is kept is refused with the reason."""

from __future__ import annotations

import pytest

from lienthong.errors import Refused
from lienthong.records.store import layout, schema


def columns(desk, table):
    return [
        row[0]
        for row in desk.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'trial' AND table_name = %s",
            table,
        )
    ]


def test_a_new_field_and_a_new_table_widen_the_store(desk, trial):
    desk.send(trial.csv(("a", 1, 20, 1)))
    wider = trial.CONTRACT.replace(
        "      - {name: TOTAL, logicalType: number}\n",
        "      - {name: TOTAL, logicalType: number}\n      - {name: WARD, logicalType: string}\n",
    )
    wider += """\
  - name: NOTE
    physicalType: table
    properties:
      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
"""
    (desk.home / "contracts" / "trial.odcs.yaml").write_text(wider)
    given = desk.send(trial.csv(("a", 1, 20, 1, "K01"), columns="ID,SEX,AGE,TOTAL,WARD"))
    assert given.kept == 1
    assert desk.rows('SELECT "WARD" FROM trial."VISIT"') == [("K01",)]
    assert desk.rows('SELECT "WARD" FROM trial."VISIT_history"') == [(None,)]
    assert "_to" in columns(desk, "NOTE_history") and "_to" not in columns(desk, "NOTE")
    plans = desk.rows("SELECT number, plan FROM records.contract_version ORDER BY number")
    assert [number for number, _ in plans] == [1, 2]
    assert any("ADD COLUMN" in statement for statement in plans[1][1])
    desk.counts_hold()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "name: CODE, logicalType: string, primaryKey: true, primaryKeyPosition: 1,",
            "name: CODE, logicalType: string,",
            "STAFF key",
        ),
    ],
)
def test_what_breaks_the_store_is_refused(desk, trial, contract, old, new, reason):
    schema.ensure(desk.conn, contract)
    assert old in trial.CONTRACT
    with pytest.raises(Refused, match=reason):
        schema.ensure(desk.conn, trial.read(trial.CONTRACT.replace(old, new)))
    assert len(desk.rows("SELECT 1 FROM records.contract_version")) == 1


@pytest.mark.parametrize("name", ["records", "pg_catalog", "access"])
def test_a_contract_may_not_take_a_name_of_the_program(desk, trial, name):
    text = trial.CONTRACT.replace("name: trial", f"name: {name}").replace(
        "id: trial", f"id: {name}"
    )
    with pytest.raises(Refused):
        schema.ensure(desk.conn, trial.read(text))


def test_tables_are_under_row_security(desk, trial, contract):
    from lienthong import database

    desk.send(trial.csv(("a", 1, 20, 1)))
    desk.send(trial.csv(("b", 1, 20, 1), ("c", 9, 1, 1)), sender="79001")
    with desk.db.connect() as narrow:
        database.visible_to(narrow, facility="79001")
        assert narrow.execute('SELECT "ID" FROM trial."VISIT"').fetchall() == [("b",)]
        assert narrow.execute("SELECT DISTINCT sender FROM records.submission").fetchall() == [
            ("79001",)
        ]
        assert narrow.execute("SELECT count(*) FROM records.quarantine").fetchone() == (1,)
        assert narrow.execute("SELECT count(*) FROM records.finding").fetchone() == (1,)


def test_units_of_a_contract(contract):
    assert [table.name for table in layout.roots(contract)] == ["VISIT", "STAFF"]
    assert [t.name for t in layout.members(contract, contract.tables[0])] == ["VISIT", "LINE"]
