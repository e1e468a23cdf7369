"""A record lies in a province of today, by whatever code of its day it is told; its cells stay as they were sent."""

from __future__ import annotations

import pytest

from lienthong.records import intake
from lienthong.records.intake import few

HOMES = """\
apiVersion: v3.2.0
kind: DataContract
id: homes
name: homes
version: 1.0.0
status: active
schema:
  - name: HOME
    properties:
      - {name: ID, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: TINH, logicalType: string}
    customProperties:
      - {property: province, value: TINH}
"""
TOLD = {"a": "02", "b": "08", "c": "24", "d": "27", "e": "99", "f": "", "g": "7"}
TODAY = {"a": "08", "b": "08", "c": "24", "d": "24", "e": "01", "f": "01", "g": "01"}
"""Ha Giang lies in Tuyen Quang, Bac Ninh (27) in the province that has the code 24; what names none is the sender's."""


@pytest.mark.parametrize("largest", [few.BYTES, -1], ids=["small", "large"])
def test_an_old_code_is_kept_and_counted_where_it_lies_today(desk, home, monkeypatch, largest):
    monkeypatch.setattr(few, "BYTES", largest)
    (home / "contracts" / "homes.odcs.yaml").write_text(HOMES, encoding="utf-8")
    text = "ID,TINH\n" + "".join(f"{key},{code}\n" for key, code in TOLD.items())
    given = intake.receive(
        desk.conn, text.encode(), contract="homes", sender="01999", actor="mai", name="HOME.csv",
        channel="test", home=home,
    )  # fmt: skip
    assert intake.process(desk.conn, given.receipt, home=home).kept == len(TOLD)
    rows = desk.rows('SELECT "ID", coalesce("TINH", \'\'), _province FROM homes."HOME"')
    assert {key: code for key, code, _ in rows} == TOLD
    assert {key: province for key, _, province in rows} == TODAY
    counted = dict(
        desk.rows(
            "SELECT province, sum(checked)::int FROM records.count WHERE rule = '*' GROUP BY 1"
        )
    )
    assert counted == {"01": 3, "08": 2, "24": 2}
