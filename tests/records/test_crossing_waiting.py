"""What a record lacks while it waits in quarantine: nobody can say, whichever came first and however it was sent."""

from __future__ import annotations

import pytest
from tests.records.test_crossing import town  # noqa: F401  a fixture

from lienthong.access import operator
from lienthong.records import quarantine
from lienthong.records.crossing import due
from lienthong.records.intake import few

KEPT = "NR,SINCE,UNTIL\nL1,20250101,\n"
WAITS = "NR,SINCE,UNTIL\nL2,,\n"  # SINCE is required: the licence goes into quarantine
VISIT = "ID,DOC,PERSON,DAY\nv1,L2,p1,20260110\nv2,L9,p1,20260110\n"


def licences(one) -> set[str]:
    """The visits that lack a licence, as the findings that hold say it."""
    return {key for rule, _, key, _ in one.found() if rule == "T-LIC"}


def told(one) -> set[str]:
    """The visits of which a receipt ever said that they lack a licence."""
    rows = one.rows("SELECT DISTINCT key FROM records.finding WHERE rule = 'T-LIC'")
    return {row[0] for row in rows}


@pytest.mark.parametrize("largest", [few.BYTES, -1], ids=["small", "large"])
def test_a_visit_is_not_accused_of_what_waits(town, monkeypatch, largest):  # noqa: F811
    monkeypatch.setattr(few, "BYTES", largest)
    one = town()
    one.send("registers", "LICENCE.csv", KEPT)
    assert one.send("registers", "LICENCE.csv", WAITS).quarantined == 1
    one.send("wards", "VISIT.csv", VISIT, "01001")
    assert told(one) == {"v2"}
    one.again()
    one.holds()
    assert licences(one) == {"v2"}
    assert one.counted()["wards", "T-LIC|DOC"] == (
        1,
        1,
        1,
    )  # v1 is unknown, neither right nor wrong

    one.send("registers", "LICENCE.csv", "NR,SINCE,UNTIL\nL2,20250101,\n")  # mended at the source
    one.again()
    one.holds()
    assert licences(one) == {"v2"}
    assert one.counted()["wards", "T-LIC|DOC"] == (2, 1, 0)


@pytest.mark.parametrize("largest", [few.BYTES, -1], ids=["small", "large"])
def test_an_accusation_ends_when_what_was_lacking_comes_and_waits(town, monkeypatch, largest):  # noqa: F811
    monkeypatch.setattr(few, "BYTES", largest)
    one = town()
    one.send("registers", "LICENCE.csv", KEPT)
    one.send("wards", "VISIT.csv", VISIT, "01001")
    one.again()
    assert licences(one) == {"v1", "v2"}
    one.send("registers", "LICENCE.csv", WAITS)
    one.again()
    one.holds()
    assert licences(one) == {"v2"}
    ((entry,),) = one.rows("SELECT id FROM records.quarantine WHERE state = 'open'")
    quarantine.abandon(one.conn, entry, "sent by mistake", "mai")
    one.again()
    one.holds()
    assert licences(one) == {"v1", "v2"}
    assert one.counted()["wards", "T-LIC|DOC"] == (2, 2, 0)


def test_what_was_given_up_holds_up_no_cleaning_and_is_served_when_asked_for(town):  # noqa: F811
    one = town()
    one.send("registers", "LICENCE.csv", KEPT)
    one.send("wards", "VISIT.csv", VISIT, "01001")
    one.conn.execute("UPDATE records.crossing_due SET attempts = 3, why = 'QueryCanceled'")
    one.send("registers", "LICENCE.csv", "NR,SINCE,UNTIL\nL2,20250101,\n")
    one.again()
    (lost,) = [left for left in due.given_up(one.conn) if left.contract == "wards"]
    assert (lost.acts, lost.receipts, lost.why) == (1, 1, "QueryCanceled")
    one.conn.execute(
        "UPDATE records.crossing_due SET done_at = now() - interval '3 days' WHERE done_at IS NOT NULL"
    )
    one.send("registers", "LICENCE.csv", "NR,SINCE,UNTIL\nL3,20250101,\n")
    one.again()
    old = "SELECT count(*) FROM records.crossing_due WHERE done_at < now() - interval '2 days'"
    assert one.rows(old) == [(0,)]
    due.try_again(one.conn, "wards", operator())
    one.again()
    assert due.given_up(one.conn) == []
