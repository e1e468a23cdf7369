"""Records that may not change once they were sent (a prescription): the first stays, another content waits."""

from __future__ import annotations

import pytest

from lienthong.records.intake import few

FIRST, OTHER = "CODE,NAME\ns1,Mai\ns2,Lan\n", "CODE,NAME\ns1,Mai\ns2,Hoa\ns3,Tú\n"


@pytest.mark.parametrize("bytes_of_few", [few.BYTES, 0], ids=["small", "batch"])
def test_a_sealed_record_keeps_its_first_content(desk, trial, home, monkeypatch, bytes_of_few):
    monkeypatch.setattr(few, "BYTES", bytes_of_few)
    sealed = "    physicalType: table\n    customProperties: [{property: immutable, value: true}]\n"
    head, name, rest = trial.CONTRACT.partition("  - name: STAFF\n")
    text = head + name + rest.replace("    physicalType: table\n", sealed, 1)
    (home / "contracts" / "trial.odcs.yaml").write_text(text, encoding="utf-8")
    desk.send(FIRST, name="STAFF.csv")
    given = desk.send(OTHER, name="STAFF.csv")
    assert (given.received, given.kept, given.unchanged, given.quarantined) == (3, 1, 1, 1)
    names = dict(desk.rows('SELECT "CODE", "NAME" FROM trial."STAFF"'))
    assert names == {"s1": "Mai", "s2": "Lan", "s3": "Tú"}
    waiting = desk.rows("SELECT key, causes FROM records.quarantine WHERE state = 'open'")
    assert waiting == [("s2", ["STORE-06|"])]
    again = desk.send(FIRST + " ", name="STAFF.csv")
    assert (again.kept, again.unchanged, again.quarantined) == (0, 2, 0)
    desk.law_holds()
