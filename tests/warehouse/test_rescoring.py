"""Rescoring a snapshot gives the scores of the store, and names what today's rules see otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from lienthong.records.intake import terms
from lienthong.records.store import counts
from lienthong.warehouse import counted
from lienthong.warehouse.command import _print
from lienthong.warehouse.duck import Duck
from lienthong.warehouse.manifest import Warehouse
from lienthong.warehouse.rescoring import rescore, results
from lienthong.words import speaking
from tests.warehouse.conftest import STAYS


def ours(store, result, contract):
    return counted.read(Path(result.folder) / f"counts-{contract}.parquet")


def names(store, result, contract, table):
    return pq.read_table(Path(result.folder) / f"names-{contract}-{table}.parquet").to_pylist()


def test_the_scores_of_a_country_are_those_of_the_store(country):
    manifest = country.take()
    result = country.rescored(manifest)
    assert [(d.contract, d.table, d.rule) for d in result.differences] == []
    for name in ("care", "practice", "vital_events"):
        live = counts.counted(country.conn, terms.contract(name, country.home))
        assert counted.differences(ours(country, result, name), live) == {}
        assert any(sums[1] for sums in live.values()), "a country without a fault shows nothing"
    assert result.rows == manifest.rows > 300
    assert [one.id for one in results(country.warehouse)] == [result.id]


ROWS = (
    "A,2026-10-01,01,1,30,5,X1",
    "B,2026-11-19,01,1,130,5.5,X2",
    "C,2026-11-19,01,2,thirty,,X2",
    "D,2026-11-19,79,9,-1,1,X4",
    "E,19/11/2026,79,1,20,1,X5",
)


def test_every_way_of_asking_agrees_with_the_store(stays):
    stays.stays(*ROWS)
    stays.stays("F,2026-11-19,79,1,20,1,X6", sender="79001", province="79", sent="2026-11-20T10:00")
    result = stays.rescored(stays.take(), name_rows=True)
    assert result.differences == ()
    found = {(row["rule"], row["key"]) for row in names(stays, result, "stays", "STAY")}
    assert {(rule.split("|")[0], key) for rule, key in found} == {
        ("OLD", "B"),
        ("STAY.CARD.unique", "B"),
        ("STAY.CARD.unique", "C"),
        ("LATE", "A"),
        ("STAY.AGE.type", "C"),
        ("STAY.SEX.enum", "D"),
        ("STAY.AGE.minimum", "D"),
        ("STAY.OUT.type", "E"),
    }


def test_a_rule_of_today_is_asked_of_the_rows_of_yesterday(stays):
    stays.stays(*ROWS)
    manifest = stays.take()
    stays.declare("stays", STAYS.replace("AGE > 100", "AGE > 25").replace("1.0.0", "1.1.0"))
    result = stays.rescored(manifest)
    changed = {(d.rule.split("|")[0], d.failed, d.failed_in_store) for d in result.differences}
    assert ("OLD", 2, 1) in changed
    assert {rule for rule, _, _ in changed} <= {"OLD", "*correct", "+correct", "*"}


def test_what_the_reader_of_a_file_saw_is_carried(country):
    manifest = country.take()
    result = country.rescored(manifest, "care")
    visits = next(t for t in result.tables if t.table == "XML1")
    assert visits.carried > 0
    assert visits.asked > 200


def test_results_stay_with_their_summary(stays):
    stays.stays(*ROWS)
    result = stays.rescored(stays.take())
    summary = json.loads((Path(result.folder) / "summary.json").read_text())
    assert {one["table"]: one["rows"] for one in summary["tables"]} == {"STAY": 5, "LINE": 0}
    assert summary["snapshot"] == stays.warehouse.ids()[0]


def test_what_a_snapshot_of_one_database_lacks_is_named(country, capsys):
    whole = country.rescored(country.take(), "care")
    assert whole.lacking and {"care", "practice", "vital_events"}.isdisjoint(whole.lacking)
    alone = country.take("care", to=Warehouse(country.folder / "alone"))
    engine = Duck(
        country.folder / "alone", country.folder / "alone-work", memory="300MB", threads=2
    )
    try:
        result = rescore(Warehouse(country.folder / "alone"), alone, engine, home=country.home)
    finally:
        engine.close()
    assert set(result.lacking) == {*whole.lacking, "practice", "vital_events"}
    summary = json.loads((Path(result.folder) / "summary.json").read_text())
    assert summary["lacking"] == list(result.lacking)
    told = {}
    for language in ("vi", "en", "fr"):
        with speaking(language):
            _print(result)
        told[language] = " ".join(capsys.readouterr().out.split())
    assert all("practice, " in said or "practice." in said for said in told.values())
    assert "Bản chụp không có các cơ sở dữ liệu sau" in told["vi"]
    assert len(set(told.values())) == 3
