"""Law: DuckDB and generated Python give the same answer to any rule across databases, and name the same records."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lienthong.contracts.contract import Contract
from lienthong.contracts.reading import parse_contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.others import Crossing, Record
from lienthong.contracts.rules.python import RecordEngine
from lienthong.records.checking import check
from lienthong.records.checking.across import names_of
from lienthong.records.checking.moments import ago
from tests.checking.tables import HEAD, RECEIVED, masks, reading_of

TEXTS = st.sampled_from([None, "a", "b", "A", "", " a", "ß", "20260131", "20260201", "x|y", "Đ"])
NUMBERS = st.sampled_from([None, "1", "2", "-1", "1.5", "x", "1e400", "007"])
DATES = st.sampled_from([None, "2026-01-31", "2026-02-01", "2026-02-30"])
ROW = st.fixed_dictionaries(
    {"id": st.sampled_from(["p", "q", "r", None]), "k": TEXTS, "l": TEXTS, "n": NUMBERS, "d": DATES}
)
OTHER = st.fixed_dictionaries(
    {
        "k": TEXTS,
        "l": TEXTS,
        "n": st.sampled_from([None, 1.0, 2.0, -0.5]),
        "d": st.sampled_from([None, "2026-01-31", "2026-02-01"]),
    }
)
KEYS = st.sampled_from(
    [("o.k = t.k", "k: k"), ("o.k = t.l", "k: l"), ("o.k = t.k AND t.l = o.l", "k: k, l: l")]
)
CONDITIONS = st.sampled_from(
    [
        "o.l > t.l",
        "o.n < t.n",
        "o.d <= t.d",
        "o.l IS NULL",
        "o.l <> t.k OR o.n = 1",
        "NOT (o.l = t.l)",
        "COALESCE(o.l, '9') >= SUBSTR(t.l, 1, 3)",
        "o.n = (SELECT MAX(v.n) FROM t v WHERE v.k = t.k)",
        "o._sender <> t._sender",
        "o._key IS NOT NULL",
        "TRUE",
    ]
)
OUTER = st.sampled_from(
    [
        "EXISTS ({0})",
        "NOT EXISTS ({0})",
        "t.l IS NOT NULL AND NOT EXISTS ({0})",
        "EXISTS ({0}) AND NOT EXISTS ({0} AND o.n > 0)",
        "(SELECT COUNT(*) FROM {1} o WHERE {2}) > 1",
        "(SELECT MAX(o.n) FROM {1} o WHERE {2}) > t.n",
        "(SELECT SUM(o.n) FROM {1} o WHERE {2}) IS NULL",
    ]
)
BEGINNINGS = st.sampled_from(
    [
        ("LEFT(o.l, 6) = LEFT(t.l, 6)", "'l[6]': 'l[6]'"),
        ("LEFT(t.k, 1) = LEFT(o.k, 1) AND o.l = t.l", "'k[1]': 'k[1]', l: l"),
    ]
)
FOUND = st.sampled_from(["EXISTS ({0})", "t.l IS NOT NULL AND (t.n = 1 OR EXISTS ({0}))"])
TABLE = st.sampled_from(["far.c", "near.t"])
RULE = st.one_of(
    st.tuples(TABLE, KEYS, CONDITIONS, OUTER),
    st.tuples(TABLE, KEYS, CONDITIONS, OUTER),
    st.tuples(TABLE, BEGINNINGS, CONDITIONS, FOUND),
)
FAR = "schema:\n  - name: c\n    properties:\n" + "".join(
    f"      - {{name: {name}, logicalType: {kind}}}\n"
    for name, kind in (("k", "string"), ("l", "string"), ("n", "number"), ("d", "date"))
)
NEAR = (
    "schema:\n  - name: t\n    properties:\n"
    "      - {name: id, logicalType: string, primaryKey: true, primaryKeyPosition: 1}\n"
    + "".join(
        f"      - {{name: {name}, logicalType: {kind}}}\n"
        for name, kind in (("k", "string"), ("l", "string"), ("n", "number"), ("d", "date"))
    )
    + "    quality:\n"
)


def head(name: str) -> str:
    return HEAD.replace("id: t", f"id: {name}").replace("name: t\n", f"name: {name}\n")


def contract_of(rules: list[tuple[Any, ...]]) -> Contract:
    lines = []
    for at, (table, (equal, on), condition, outer) in enumerate(rules):
        where = f"{equal} AND ({condition})"
        predicate = outer.format(f"SELECT 1 FROM {table} o WHERE {where}", table, where)
        shown = predicate.replace("'", "''")
        lines.append(
            f"      - {{id: P{at}, type: custom, engine: lienthong, implementation: {{predicate: '{shown}',"
            f" needs: [{table.partition('.')[0]}], other: [{{table: {table}, on: {{{on}}}}}]}}}}\n"
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "far.odcs.yaml").write_text(head("far") + FAR)
        file = Path(folder) / "near.odcs.yaml"
        file.write_text(head("near") + NEAR + "".join(lines))
        return parse_contract(file.read_bytes(), str(file))


class Given:
    """Rows of other databases in memory; all of them, whatever is asked."""

    def __init__(self, far: list[dict[str, Any]], stored: list[dict[str, Any]]) -> None:
        self.tables = {"far.c": far, "near.t": stored}

    def has(self, need: str) -> bool:
        return True

    def rows(self, asked: Any) -> list[pyarrow.Table]:
        return [self.table(one) for one in asked]

    def waiting(self, table: str, fields: Any, keys: Any) -> list[tuple[str, ...]]:
        """Keys that begin with a letter of the first half wait in quarantine, whatever they are."""
        return [tuple(row.values()) for row in keys.to_pylist() if "b" in row.values()]

    def table(self, asked: Any) -> pyarrow.Table:
        rows = self.tables[asked.table]
        kinds = {"n": pyarrow.float64(), "d": pyarrow.date32()}
        made = {}
        for name in asked.columns:
            cells = [row.get(name) for row in rows]
            made[name] = pyarrow.array(cells, pyarrow.string()).cast(
                kinds.get(name, pyarrow.string())
            ) if name != "n" else pyarrow.array(cells, pyarrow.float64())  # fmt: skip
        made["_key"] = pyarrow.array([f"s{at}" for at in range(len(rows))], pyarrow.string())
        made["_sender"] = pyarrow.array(["01" if at % 2 else "02" for at in range(len(rows))])
        return pyarrow.table(made)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(
    rules=st.lists(RULE, min_size=3, max_size=6),
    rows=st.lists(ROW, min_size=1, max_size=5),
    far=st.lists(OTHER, max_size=5),
    stored=st.lists(OTHER, max_size=3),
)
def test_any_rule_across_databases(
    rules: list[Any], rows: list[dict], far: list[dict], stored: list[dict]
) -> None:
    contract, others = contract_of(rules), Given(far, stored)
    compiled = compile_contract(contract)
    asked = {at for at, rule in enumerate(compiled.tables[0].rules) if rule.crossing}
    assert len(asked) == len(rules), [rule.reason for rule in compiled.tables[0].rules]
    checked = check(
        contract, reading_of(contract, t=rows), received=RECEIVED, sender="01", others=others
    )
    assert not checked.broken(), checked.broken()
    engine = RecordEngine(compiled, None)
    typed = engine.typed({"t": [row | {"_sender": "01"} for row in rows]}, RECEIVED, ago)
    keys = [(row["id"] or "").strip() or None for row in rows]
    crossed = Crossing(engine).decide(typed, {"t": [Record(key, "01") for key in keys]}, others)
    found = {
        row: sum(1 << at for at in asked if mask >> at & 1)
        for row, mask in masks(checked, "t").items()
    }
    assert {row: mask for row, mask in found.items() if mask} == {
        row: sum(1 << at for at in failed)
        for row, failed in enumerate(crossed.failed["t"])
        if failed
    }
    named = names_of(checked.con, "t", range(len(rows)))
    assert {place: set(names) for place, names in named.items()} == {
        (row, position): set(names) for (_, row, position), names in crossed.named.items() if names
    }
