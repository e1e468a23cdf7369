"""Records that meet on one day, whatever the minute: the beginning of a moment is the key by which they are found."""

from __future__ import annotations

import pytest
from tests.records.crossed import WARDS, Town

from lienthong.records.intake import few

HEADER = "ID,DOC,PERSON,DAY\n"
NEAR = WARDS.replace(
    "o.DAY = VISIT.DAY", "LEFT(o.DAY, 8) = LEFT(VISIT.DAY, 8) AND o.DAY <> VISIT.DAY"
).replace("DOC: DOC, DAY: DAY", "DOC: DOC, 'DAY[8]': 'DAY[8]'")


@pytest.mark.parametrize("largest", [few.BYTES, -1], ids=["small", "large"])
def test_both_sides_are_found_whichever_comes_first(fresh_db, home, monkeypatch, largest):
    assert NEAR.count("[8]") == 2
    monkeypatch.setattr(few, "BYTES", largest)
    town = Town(fresh_db, home, NEAR)
    town.send("wards", "VISIT.csv", HEADER + "v1,L1,p,202601100800\nv2,L1,p,202601110800\n")
    town.again()
    assert town.found() == set()
    town.send(
        "wards", "VISIT.csv", HEADER + "x1,L1,p,202601100930\nx2,L2,p,202601110930\n", "79001"
    )
    town.again()
    assert town.found() == {
        ("T-TWO", "01999", "v1", ("VISIT x1",)),
        ("T-TWO", "79001", "x1", ("VISIT v1",)),
    }
    town.holds()
    town.send("wards", "VISIT.csv", HEADER + "x1,L1,p,202601110800\n", "79001")
    town.again()
    assert town.found() == set(), "the same minute of the next day is not another minute of it"
    town.send("wards", "VISIT.csv", HEADER + "x1,L1,p,202601110801\n", "79001")
    town.again()
    assert {one[:3] for one in town.found()} == {
        ("T-TWO", "01999", "v2"),
        ("T-TWO", "79001", "x1"),
    }
    town.holds()
    (index,) = town.rows(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'wards' AND indexdef LIKE '%%\"left\"%%'"
    )
    assert '"left"("DAY", 8)' in index[0]
    town.conn.close()
