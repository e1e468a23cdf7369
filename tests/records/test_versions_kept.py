"""Dossiers of 2023 and 2025 in one file: kept side by side, each with what its own version says of it."""

from __future__ import annotations

import pytest
from tests.spec.dossiers import envelope, hoso, visit_of, without

from lienthong import clock
from lienthong.contracts.reading import read_contract
from lienthong.records import intake, store


@pytest.fixture(scope="module")
def care():
    return read_contract("care")


def file_of(care, **changes):
    """A dossier of 2023 in the form of QD 130 and one of 2025 in the form of QD 3176, each with a long department."""
    parts = []
    for number, (version, year) in enumerate({"130": 2023, "3176": 2025}.items(), 1):
        tables = without(visit_of(year, number), care, version)
        tables["XML1"][0]["MA_KHOA"] = "K01;K03;K0123456789ABCDEF"
        tables["XML2"][0]["MA_KHOA"] = "K0123456789ABCDEF"
        for place, value in changes.items():
            table, field = place.split("_", 1)
            tables[table][0][field] = value
        parts.append(hoso(care, tables, version))
    return envelope(*parts, day=f"{clock.today():%Y%m%d}")


def send(desk, data):
    given = intake.receive(
        desk.conn,
        data,
        contract="care",
        sender="01999",
        actor="his",
        name="dossiers.xml",
        channel="test",
        home=desk.home,
    )
    return intake.process(desk.conn, given.receipt, home=desk.home)


def blamed(desk, receipt):
    return {
        (key, f"{rule} {table}.{field}")
        for key, rule, table, field in desk.rows(
            "SELECT key, rule, table_name, field FROM records.finding WHERE receipt = %s"
            " AND severity <> 'information' AND rule NOT IN ('TIM-02', 'TIM-03', 'ENV-08')",
            receipt,
        )
    }


def test_both_are_kept_and_only_the_older_one_is_blamed(desk, care):
    given = send(desk, file_of(care))
    assert (given.received, given.kept, given.quarantined) == (2, 2, 0)
    found = blamed(desk, given.receipt)
    assert {rule for _, rule in found} == {"XML2.MA_KHOA.length@130 XML2.MA_KHOA"}
    assert len(found) == 1
    keys = desk.rows('SELECT "NGAY_RA", _version FROM care."XML1" ORDER BY 1')
    assert [(left[:4], version) for left, version in keys] == [("2023", 1), ("2025", 1)]
    desk.law_holds()


def test_a_field_of_a_later_version_is_kept_and_told(desk, care):
    given = send(desk, file_of(care, XML1_NHOM_MAU="O+"))
    assert given.kept == 2
    assert {rule for _, rule in blamed(desk, given.receipt)} == {
        "XML1.NHOM_MAU.version XML1.NHOM_MAU",
        "XML2.MA_KHOA.length@130 XML2.MA_KHOA",
    }
    key = desk.one(
        'SELECT _key FROM care."XML1" WHERE "NGAY_RA" LIKE \'2023%%\' LIMIT 1',
    )
    assert store.record(desk.conn, care, key, table="XML1").rows["XML1"][0]["NHOM_MAU"] == "O+"
