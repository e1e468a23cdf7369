"""Law: rows that are right change nothing that is said of the others, wherever in the file they stand."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checking.tables import checked_of, contract_of

SCHEMA = """  - name: t
    properties:
      - {name: id, logicalType: string, primaryKey: true}
      - {name: kind, logicalType: string, enum: [{value: '01'}, {value: '02'}]}
      - {name: days, logicalType: integer, logicalTypeOptions: {minimum: 0}}
      - {name: day, logicalType: date}
      - {name: other, logicalType: string, relationships: [{to: u.code}]}
    quality:
      - {id: A, type: sql, query: 'SELECT count(*) FROM t WHERE days > 10 AND kind = ''01''', mustBe: 0}
      - {id: B, type: sql, query: 'SELECT count(*) FROM t x WHERE (SELECT count(*) FROM t y WHERE y.kind = x.kind AND y.days = x.days AND y.id <> x.id AND x.days > 5) > 0', mustBe: 0}
  - name: u
    properties:
      - {name: code, logicalType: string}
"""  # noqa: E501
CELLS = {
    "id": st.sampled_from([None, "a", "b", "c"]),
    "kind": st.sampled_from([None, "01", "02", "1"]),
    "days": st.sampled_from([None, "-1", "0", "7", "12", "1.5"]),
    "day": st.sampled_from([None, "2026-01-31", "2026-02-30"]),
    "other": st.sampled_from([None, "x", "y"]),
}


def said(rows: list[dict[str, Any]], places: list[int]) -> list[tuple[Any, ...]]:
    """What is said of the rows, each called by its place among the generated ones."""
    checked = checked_of(contract_of(SCHEMA), t=rows, u=[{"code": "x"}])
    found = sorted(
        (f.rule, places[f.row], f.field, f.value) for f in checked.findings() if f.row is not None
    )
    checked.close()
    return found


@settings(max_examples=20)
@given(rows=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=6), data=st.data())
def test_right_rows_change_nothing(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    mixed, places = list(rows), list(range(len(rows)))
    for number in range(data.draw(st.integers(1, 8))):
        right = {
            "id": f"right{number}",
            "kind": "02",
            "days": str(number % 5),
            "day": "2026-03-01",
            "other": "x",
        }
        at = data.draw(st.integers(0, len(mixed)))
        mixed.insert(at, right)
        places.insert(at, -1)
    assert said(mixed, places) == said(rows, list(range(len(rows))))
