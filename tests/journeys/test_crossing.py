"""A death is told of after a visit: the hospital sees it on its receipt, on the record and by API."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from lienthong.__main__ import app as commands
from lienthong.worker import Worker
from tests.records import crossed


@pytest.fixture(scope="module", autouse=True)
def laid(folder):
    """Two small databases beside those of the program."""
    return crossed.contracts(folder)


@pytest.fixture(scope="module")
def receipt(send, db, chosen):
    """The receipt of two visits; a death notice on the second person came later, and the worker looked again."""
    send(b"NR,SINCE,UNTIL\nL1,20200101,\n", "LICENCE.csv", "registers", "79001")
    visits = b"ID,DOC,PERSON,DAY\nv1,L1,p1,20260110\nv2,L1,p2,20260110\n"
    given = send(visits, "VISIT.csv", "wards", "01999")
    send(b"NR,PERSON,DAY\nD7,p2,20260105\n", "DEATH.csv", "registers", "79001")
    with db.connect(autocommit=True) as conn:
        assert Worker(db, chosen.home).across(conn) >= 1
    return given.receipt


def test_the_receipt_says_what_was_found_since(signed_in, receipt):
    page = signed_in("officer").get(f"/submissions/{receipt}").text
    assert "Phát hiện sau khi nhận" in page and "T-DEAD" in page
    assert "/records?contract=registers&amp;table=DEATH&amp;key=D7" in page


def test_the_record_names_the_other_record(signed_in, receipt):
    page = signed_in("officer").get("/records/wards/VISIT?key=v2&purpose=quality").text
    assert "Đã có giấy báo tử D7." in page
    assert "/records?contract=registers&amp;table=DEATH&amp;key=D7" in page
    assert "79001" not in page, "which facility reported the death is not this one's business"
    assert (
        "báo tử" not in signed_in("officer").get("/records/wards/VISIT?key=v1&purpose=quality").text
    )


def test_programs_read_it_too(site, token, receipt):
    asked = {"authorization": f"Bearer {token}"}
    found = site.get(f"/api/v1/submissions/{receipt}/findings", headers=asked).json()
    (later,) = found["later"]
    assert (later["rule"], later["key"], later["until"]) == ("T-DEAD", "v2", None)
    assert later["others"][0]["key"] == "D7"
    record = site.get("/api/v1/records/wards/VISIT/v2?purpose=care", headers=asked).json()
    (finding,) = record["findings"]
    assert finding["others"] == [
        {"contract": "registers", "table": "DEATH", "root": "DEATH", "key": "D7", "sender": "", "personal": False}
    ]  # fmt: skip


def test_everything_is_asked_again_by_a_command(db, chosen, receipt, monkeypatch):
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", db.url)
    given = CliRunner().invoke(commands, ["recheck", "wards"])
    assert given.exit_code == 0, given.output
    assert "Đã kiểm tra lại 2 bản ghi." in given.output
