"""“Not among those” is carried to Spark as an absence it can hash; the rows found are the same, NULLs included."""

from __future__ import annotations

import duckdb
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from lienthong.warehouse.spark_sql import Carrier

ASKED = (
    "SELECT r.id FROM probes AS r WHERE NOT r.off AND (NOT (a, r._sender) IN"
    " (SELECT code, n._sender FROM listed AS n{where}){more})"
)
CODES = st.sampled_from(["01", "02", None])
SENDERS = st.sampled_from(["x", "y"])


def _answer(con: duckdb.DuckDBPyConnection, sql: str) -> list[int]:
    return sorted(row[0] for row in con.execute(sql).fetchall())


@given(
    probes=st.lists(st.tuples(CODES, SENDERS), max_size=6),
    listed=st.lists(st.tuples(CODES, SENDERS), max_size=4),
    where=st.sampled_from(["", " WHERE NOT code IS NULL", " WHERE code = '01'"]),
    more=st.sampled_from(["", " OR a = '02'", " AND NOT a IS NULL"]),
)
def test_the_same_rows_are_found(probes, listed, where, more):
    with duckdb.connect() as con:
        con.execute("CREATE TABLE probes (id INT, a VARCHAR, _sender VARCHAR, off BOOLEAN)")
        con.execute("CREATE TABLE listed (code VARCHAR, _sender VARCHAR)")
        for at, row in enumerate(probes):
            con.execute("INSERT INTO probes VALUES (?, ?, ?, false)", [at, *row])
        for row in listed:
            con.execute("INSERT INTO listed VALUES (?, ?)", row)
        asked = ASKED.format(where=where, more=more)
        carried = Carrier({}, {}, {}).carry(asked)
        assert "EXISTS" in carried and " IN " not in carried
        back = sqlglot.transpile(carried, read="spark", write="duckdb")[0]
        assert _answer(con, back) == _answer(con, asked)


def test_what_is_denied_again_stays_as_it_is():
    """Under a second NOT, unknown and no are no longer alike."""
    asked = "SELECT 1 FROM p AS r WHERE NOT (NOT (a, r.s) IN (SELECT c, n.s FROM l AS n))"
    assert " IN " in Carrier({}, {}, {}).carry(asked)


def test_a_question_that_looks_at_the_row_itself_stays_as_it_is():
    asked = "SELECT 1 FROM p AS r WHERE NOT (a, r.s) IN (SELECT c, n.s FROM l AS n WHERE n.d = r.d)"
    assert " IN " in Carrier({}, {}, {}).carry(asked)
