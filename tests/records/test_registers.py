"""Registers of our own databases are code lists with dates; they accuse when somebody declares them complete."""

from __future__ import annotations

import pytest
from tests.declared.test_practice_rules import WORLD as PRACTICE

from lienthong.contracts.codes import Codes
from lienthong.contracts.replacements import explained
from lienthong.records import intake, registers

FACILITY = PRACTICE["facilities"][0]
RULE = """\
      - id: PLACE
        type: custom
        engine: lienthong
        implementation: {predicate: "NOT IS_CODE('facilities', PLACE, '20260301')", needs: [facilities]}
        dimension: conformity
        severity: warning
        customProperties: [{property: fields, value: [PLACE]}]
"""
CLOSED = {
    "MA_CSKCB": "01777",
    "MA_GLN": "8930000017772",
    "TEN_CSKCB": "Phòng khám đã đóng",
    "DEN_NGAY": "20251231",
}


@pytest.fixture
def kept(desk, trial):
    """A register with a facility that works and one that closed, and a contract that asks it."""
    lines = [{**FACILITY, "DEN_NGAY": None}, {**FACILITY, **CLOSED}]
    names = list(lines[0])
    rows = [",".join(f'"{line[name] or ""}"' for name in names) for line in lines]
    given = intake.receive(
        desk.conn,
        "\n".join([",".join(names), *rows]).encode(),
        contract="practice",
        sender="01999",
        actor="mai",
        name="facilities.csv",
        channel="test",
        home=desk.home,
    )
    intake.process(desk.conn, given.receipt, home=desk.home)
    assert desk.one("SELECT count(*) FROM practice.facilities") == 2
    text = trial.CONTRACT.replace(
        "      - {name: TOTAL, logicalType: number}\n",
        "      - {name: TOTAL, logicalType: number}\n"
        "      - {name: PLACE, logicalType: string, classification: internal}\n",
    ).replace("severity: warning}\n", "severity: warning}\n" + RULE, 1)
    (desk.home / "contracts" / "trial.odcs.yaml").write_text(text)
    return desk


def send(desk, trial, *places):
    rows = [(f"v{at}", 1, 20, 1, place) for at, place in enumerate(places)]
    return desk.send(trial.csv(*rows, columns="ID,SEX,AGE,TOTAL,PLACE"))


def blamed(desk):
    return dict(
        desk.rows(
            "SELECT key, message ->> 'en' FROM records.finding WHERE rule = 'PLACE' ORDER BY key"
        )
    )


def test_a_register_is_shown_with_its_dates_and_both_codes(kept):
    codes = Codes()
    assert registers.refresh(kept.conn, codes) and not registers.refresh(kept.conn, codes)
    (closed,) = codes.find("facilities", "01777")
    assert (closed.valid_to, closed.label["vi"]) == ("20251231", "Phòng khám đã đóng")
    assert codes.has("facilities") is False and codes.valid("facilities", "01777") is None
    assert "another code of 01777" in explained(codes, "facilities", "8930000017772")["en"]


def test_a_register_accuses_nobody_until_somebody_says_it_is_complete(kept, trial):
    assert send(kept, trial, "99999", FACILITY["MA_CSKCB"]).kept == 2
    assert blamed(kept) == {}


def test_a_complete_register_is_a_list_with_dates(kept, trial):
    (kept.home / "codes").mkdir()
    (kept.home / "codes" / "index.yaml").write_text("lists: {facilities: {complete: true}}\n")
    given = send(kept, trial, "99999", FACILITY["MA_CSKCB"], "01777", "8930000017772")
    assert given.kept == 4
    found = blamed(kept)
    assert set(found) == {"v0", "v2", "v3"}
    assert "was right until 31 Dec 2025" in found["v2"]
    assert "another code of 01777" in found["v3"]
    assert kept.rows("SELECT code FROM records.unmapped_code") == [("99999",)]
