"""A new version of a contract changes no record: what was sent is read as it was sent, now and as of any moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lienthong.records.intake.folders import as_submission
from lienthong.records.store import reading

NEXT = (
    ("      - {name: TOTAL, logicalType: number}\n", ""),  # removed
    ("{name: AGE, logicalType: integer,", "{name: AGE, logicalType: string,"),  # retyped
    ("logicalTypeOptions: {minimum: 0, maximum: 150}}", "logicalTypeOptions: {maxLength: 9}}"),
    (
        "      - {name: SEX, logicalType: string,",
        "      - {name: GENDER, customProperties: [{property: replaces, value: SEX}], logicalType: string,",
    ),  # renamed
    ("WHERE AGE > 100", "WHERE AGE = 'x'"),
)
ADDED = "      - {name: WARD, logicalType: string}\n    quality:\n"


def next_version(text):
    for old, new in NEXT:
        assert old in text
        text = text.replace(old, new)
    return text.replace("    quality:\n", ADDED, 1).replace("version: 1.0.0", "version: 2.0.0")


@pytest.fixture
def upgraded(desk, trial):
    """A unit sent under the first contract, and again under the next one; the moment between them."""
    first = desk.send(trial.csv(("a", 1, 20, 7), ("b", 2, 30, 8)))
    assert first.kept == 2
    (desk.home / "contracts" / "trial.odcs.yaml").write_text(next_version(trial.CONTRACT))
    contract = trial.read(next_version(trial.CONTRACT))
    second = desk.send(trial.csv(("a", 2, "old", "K01"), columns="ID,GENDER,AGE,WARD"))
    assert second.kept == 1
    return desk, contract


def test_a_record_of_the_old_contract_is_read_as_it_was_sent(upgraded):
    desk, contract = upgraded
    kept = reading.record(desk.conn, contract, "b", table="VISIT")
    assert kept.rows["VISIT"] == [{"ID": "b", "GENDER": "2", "AGE": 30, "WARD": None, "TOTAL": 8.0}]
    assert kept.version == 1


def test_the_replaced_version_keeps_what_the_new_contract_does_not_have(upgraded):
    desk, contract = upgraded
    now = reading.record(desk.conn, contract, "a", table="VISIT")
    assert now.rows["VISIT"] == [{"ID": "a", "GENDER": "2", "AGE": "old", "WARD": "K01"}]
    before = reading.record(
        desk.conn, contract, "a", table="VISIT", as_of=now.since - timedelta(microseconds=1)
    )
    assert before.rows["VISIT"] == [
        {"ID": "a", "GENDER": "1", "AGE": 20, "WARD": None, "TOTAL": 7.0}
    ]
    assert (before.version, now.version) == (1, 2)


def test_no_row_was_rewritten_and_the_plan_is_recorded(upgraded):
    desk, _ = upgraded
    plans = desk.rows("SELECT number, version, plan FROM records.contract_version ORDER BY number")
    assert [(number, version) for number, version, _ in plans] == [(1, "1.0.0"), (2, "2.0.0")]
    told = " ".join(plans[1][2])
    assert 'RENAME COLUMN "SEX" TO "GENDER"' in told and 'ADD COLUMN "WARD"' in told
    assert 'RENAME COLUMN "AGE" TO "AGE~2"' in told
    assert not any(word in told for word in ("UPDATE", "DROP", "TYPE "))
    assert desk.rows('SELECT "ID", "AGE~2", "TOTAL" FROM trial."VISIT" WHERE "ID" = %s', "b") == [
        ("b", 30, 8.0)
    ]
    desk.counts_hold()
    desk.law_holds()


def test_a_contract_that_goes_back_finds_its_columns_again(upgraded, trial):
    desk, _ = upgraded
    (desk.home / "contracts" / "trial.odcs.yaml").write_text(
        trial.CONTRACT.replace("version: 1.0.0", "version: 3.0.0")
    )
    given = desk.send(trial.csv(("c", 1, 40, 9)))
    assert given.kept == 1
    contract = trial.read(trial.CONTRACT.replace("version: 1.0.0", "version: 3.0.0"))
    third = reading.record(desk.conn, contract, "c", table="VISIT")
    assert third.rows["VISIT"][0]["TOTAL"] == 9.0
    second = reading.record(desk.conn, contract, "a", table="VISIT").rows["VISIT"][0]
    assert (second["AGE"], second["GENDER"], second["WARD"]) == ("old", "2", "K01")
    first = reading.record(desk.conn, contract, "b", table="VISIT").rows["VISIT"][0]
    assert (first["TOTAL"], first["AGE"], first["GENDER"]) == (8.0, 30, "2")


def test_a_table_that_the_contract_drops_goes_with_its_unit(desk, trial, tmp_path):
    """Lines were sent with a visit; the next contract has none: the old version still shows them."""
    folder = tmp_path / "november"
    folder.mkdir()
    (folder / "VISIT.csv").write_text(trial.csv(("a", 1, 20, 7)))
    (folder / "LINE.csv").write_text("ID,NR,SUM\na,1,5\n")
    with as_submission(folder, desk.home) as (packed, name):
        assert desk.send(packed.read_bytes(), name=name).kept == 1
    start = trial.CONTRACT.index("  - name: LINE")
    less = trial.CONTRACT[:start] + trial.CONTRACT[trial.CONTRACT.index("  - name: STAFF") :]
    less = less.replace("version: 1.0.0", "version: 2.0.0")
    (desk.home / "contracts" / "trial.odcs.yaml").write_text(less)
    contract = trial.read(less)
    assert desk.send(trial.csv(("b", 1, 20, 7))).kept == 1
    held = reading.record(desk.conn, contract, "a", table="VISIT")
    assert held.rows["LINE"] == [{"ID": "a", "NR": "1", "SUM": 5.0}]
    assert desk.send(trial.csv(("a", 2, 21, 7))).kept == 1
    now = reading.record(desk.conn, contract, "a", table="VISIT")
    assert "LINE" not in now.rows
    before = reading.record(
        desk.conn, contract, "a", table="VISIT", as_of=now.since - timedelta(microseconds=1)
    )
    assert before.rows["LINE"] == [{"ID": "a", "NR": "1", "SUM": 5.0}]
