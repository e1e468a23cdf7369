"""Law: both engines choose the same version of a contract for any row, whatever stands beside it."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lienthong.contracts.reading import parse_contract
from tests.checking.tables import HEAD, checked_of, masks, python_masks

CONTRACT = parse_contract(
    (
        HEAD
        + """\
customProperties:
  - property: versions
    value:
      - {id: a, from: "2020-01-01", accepted: "2024-06-30", sign: OLD, known: names, rules: [KEPT]}
      - {id: b, from: "2023-01-01"}
      - {id: c, from: "2025-01-01"}
schema:
  - name: V
    properties:
      - {name: K, logicalType: string, required: true}
      - {name: D, logicalType: string}
      - name: X
        logicalType: string
        logicalTypeOptions: {maxLength: 3}
        required: true
        customProperties: [{property: versions, value: {b: {maxLength: 1, required: false, logicalType: number}}}]
      - name: Y
        logicalType: integer
        enum:
          - {value: '1', customProperties: [{property: validTo, value: "2025-06-30"}]}
          - {value: '2'}
        customProperties: [{property: versions, value: {since: c}}]
      - {name: OLD, logicalType: number, customProperties: [{property: versions, value: {until: a}}]}
    quality:
      - {id: KEPT, type: sql, query: "SELECT count(*) FROM V WHERE X = K", mustBe: 0}
      - {id: LATER, type: sql, query: "SELECT count(*) FROM V WHERE X = K", mustBe: 0,
         customProperties: [{property: validFrom, value: "2025-03-01"}]}
    customProperties:
      - {property: event, value: D}
      - {property: versions, value: {a: {names: [K, D, {W: X}, OLD]}}}
  - name: L
    properties:
      - {name: K, logicalType: string}
      - {name: E, logicalType: date}
      - {name: N, logicalType: string, required: true, customProperties: [{property: versions, value: {since: b}}]}
    quality:
      - {id: FAR, type: sql, query: "SELECT count(*) FROM L WHERE NOT EXISTS (SELECT 1 FROM V v WHERE v.X = L.N)",
         mustBe: 0, customProperties: [{property: validTo, value: "2024-12-31"}, {property: fields, value: [N]}]}
    customProperties:
      - {property: root, value: V}
      - {property: link, value: K}
      - {property: event, value: E}
      - {property: versions, value: {since: b}}
"""
    ).encode()
)

DAYS = st.one_of(
    st.none(),
    st.sampled_from(
        ["20191231", "20221231", "20230101", "202406301200", "20240701", "20241231", "20250101", "20250228",
         "2025-03-01", "20250630", "20250701", "", " ", "x", "99999999", "0", "+2025010", "2025010"]
    ),
    st.integers(20190101, 20261231).map(str),
)  # fmt: skip
CELL = st.one_of(st.none(), st.sampled_from(["", "1", "2", "12", "x", "abcd", "k1", " 1 "]))
VISIT = st.fixed_dictionaries(
    {"K": st.sampled_from(["k1", "k2", "k3", None]), "D": DAYS, "X": CELL, "Y": CELL, "OLD": CELL}
)
LINE = st.fixed_dictionaries(
    {
        "K": st.sampled_from(["k1", "k2", "k9", None]),
        "E": st.sampled_from(["2022-12-31", "2024-12-31", "2025-01-01", None, "x"]),
        "N": CELL,
    }
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.generate, Phase.shrink],
)
@given(st.lists(VISIT, min_size=1, max_size=5), st.lists(LINE, max_size=4))
def test_both_engines_choose_the_same_version(visits, lines):
    checked = checked_of(CONTRACT, V=visits, L=lines)
    try:
        answers = python_masks(CONTRACT, V=visits, L=lines)
        for table in ("V", "L"):
            batch = masks(checked, table)
            assert {row: mask for row, mask in answers[table].items() if mask} == batch
    finally:
        checked.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(VISIT, min_size=1, max_size=5))
def test_a_row_is_judged_by_its_own_version_whatever_stands_beside_it(visits):
    together = python_masks(CONTRACT, V=visits)["V"]
    for at, visit in enumerate(visits):
        assert python_masks(CONTRACT, V=[visit])["V"].get(0) == together.get(at)
