"""A contract that an official drops into the data folder gets invented rows of its own, right by its own rules."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

from lienthong.demo_loading import invent, nation_of
from lienthong.records.intake import terms
from lienthong.synthetic.files import read_list
from lienthong.synthetic.judging import judge

UNTIL = datetime(2026, 11, 20, 16, 0)
BLOOD = """
apiVersion: v3.2.0
kind: DataContract
id: blood
name: blood
version: 1.0.0
status: active
customProperties:
  - {property: label, value: {vi: Hiến máu, en: Blood donation, fr: Don du sang}}
schema:
  - name: donations
    physicalType: table
    customProperties:
      - {property: event, value: NGAY_HIEN}
      - {property: facility, value: MA_CSKCB}
    properties:
      - {name: MA_TUI, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1}
      - name: MA_CSKCB
        logicalType: string
        required: true
        customProperties: [{property: identityRole, value: facility_code}]
      - name: SO_DINH_DANH
        logicalType: string
        required: true
        customProperties: [{property: identityRole, value: person_number}]
      - name: NHOM_MAU
        logicalType: string
        required: true
        customProperties:
          - property: enum
            value: [{value: A}, {value: B}, {value: AB}, {value: O}]
      - name: NGAY_HIEN
        logicalType: string
        logicalTypeOptions: {maxLength: 8}
        required: true
        customProperties: [{property: format, value: date8}]
      - name: THE_TICH
        logicalType: integer
        logicalTypeOptions: {minimum: 250, maximum: 450}
        required: true
        quality:
          - id: BLD-001
            type: sql
            query: SELECT count(*) FROM donations WHERE THE_TICH NOT IN (250, 350, 450)
            mustBe: 0
            dimension: accuracy
            severity: error
            description: A bag holds 250, 350 or 450 ml.
      - name: SO_PHIEU
        logicalType: string
        required: true
        quality:
          - id: BLD-002
            type: sql
            query: SELECT count(*) FROM donations WHERE NOT REGEXP_MATCHES(SO_PHIEU, '^HM-[0-9]{4}/[A-C]$')
            mustBe: 0
            dimension: conformity
            severity: error
            description: A form number.
"""


def test_a_thirteenth_database_needs_no_code(home: Path, tmp_path: Path):
    (home / "contracts").mkdir(parents=True, exist_ok=True)
    (home / "contracts" / "blood.odcs.yaml").write_text(BLOOD, encoding="utf-8")
    nation = nation_of(
        home, seed=7, citizens=7000, until=UNTIL, days=5, small=True, faults=False, hospitals=1
    )  # fmt: skip
    assert nation.names[-1] == "blood"
    assert len(nation.names) == 13
    nation = dataclasses.replace(nation, contracts=("blood",))
    list(invent(nation, tmp_path, lambda done: None))
    sent = [one for one in read_list(tmp_path / "submissions.jsonl") if one.contract == "blood"]
    assert len(sent) > 3
    assert all(one.posted and one.rows == {"donations": 1} for one in sent)
    path = terms.path_of("blood", home)
    people = {who.cccd for _, who in _people(nation)}
    for parcel, _ in nation.parcels(nation.catchments[0]):
        if parcel.contract == "blood":
            assert judge(str(path)).said(parcel.tables, parcel.sent, parcel.sender) == []
            assert parcel.tables["donations"][0]["SO_DINH_DANH"] in people
            assert parcel.tables["donations"][0]["MA_CSKCB"] == parcel.sender


def _people(nation):
    from lienthong.synthetic.lives import lives

    return lives(nation.seed, nation.catchments[0], nation.span).people


def test_nothing_is_planted_where_another_database_is_asked_whatever_its_rule_is_called():
    """What a mistake there breaks, the rules of one database cannot tell."""
    from lienthong.contracts.reading import parse_contract
    from lienthong.synthetic.any_faults import _free

    rule = """\
    quality:
      - id: BLD-9
        type: custom
        engine: lienthong
        implementation:
          predicate: NOT EXISTS (SELECT 1 FROM practice.licences l WHERE l.SO_GPHN = t.DOC)
          needs: [practice.licences]
          other: [{table: practice.licences, on: {SO_GPHN: DOC}}]
        dimension: consistency
        severity: warning
        customProperties: [{property: fields, value: [DOC]}]
"""
    head = BLOOD.partition("schema:")[0] + "schema:\n  - name: t\n    properties:\n"
    fields = "      - {name: DOC, logicalType: string, required: true}\n      - {name: AT, logicalType: date}\n"
    table = parse_contract((head + fields + rule).encode(), "blood.odcs.yaml").tables[0]
    assert [one.name for one in _free(table)] == ["AT"]
