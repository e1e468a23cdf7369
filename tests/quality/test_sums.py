"""The sums that stand ready say what the counts say, whatever is counted and taken back; nobody else writes them."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.quality.score import Slice
from lienthong.quality.sums import counted, summed

DAY = date(2026, 11, 20)
sender = st.sampled_from([("01001", "01"), ("01002", "01"), ("79001", "79")])
row = st.tuples(sender, st.integers(0, 3), st.integers(0, 255), st.integers(0, 255))
SLICES = [
    (Slice(), ()),
    (Slice(), ("contract", "province")),
    (Slice(), ("day",)),
    (Slice(province="01"), ("contract",)),
    (Slice(sender="01002"), ("contract", "sender")),
    (Slice(), ("contract", "province", "sender")),
    (Slice(contract="care", since=DAY - timedelta(days=1)), ("province", "day")),
]


@settings(max_examples=25)
@given(st.lists(row, max_size=10), st.data())
def test_sums_follow_the_counts(db, counting, rows, data):
    with db.connect() as conn:
        for (code, province), back, failed, unknown in rows:
            counting.count(
                conn, [(code, province, failed, unknown)], day=DAY - timedelta(days=back)
            )
        if rows:
            for (code, province), back, failed, unknown in data.draw(
                st.lists(st.sampled_from(rows), unique=True)
            ):
                counting.count(
                    conn,
                    [(code, province, failed, unknown)],
                    day=DAY - timedelta(days=back),
                    sign=-1,
                )
        for slice, by in SLICES:
            expected = {
                key: {rule: sums for rule, sums in found.items()}
                for key, found in counted(conn, slice, by)[0].items()
                if found.get("*", (0, 0, 0))[0] > 0
            }
            assert summed(conn, slice, by)[0] == expected
        newest = conn.execute(
            "SELECT sender, max(day) FROM records.count WHERE rule = '*' AND checked > 0 GROUP BY sender"
        ).fetchall()
        kept = conn.execute(
            "SELECT sender, newest FROM quality.sender WHERE newest IS NOT NULL"
        ).fetchall()
        assert sorted(newest) == sorted(kept)
        conn.rollback()


@pytest.mark.parametrize("table", ["quality.daily", "quality.sender"])
def test_the_program_cannot_write_sums(connection, table):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"DELETE FROM {table}")


def test_deleted_counts_are_taken_back(connection, counting):
    counting.count(connection, [("01001", "01", 1, 0)])
    connection.execute("DELETE FROM records.count")
    assert summed(connection, Slice(), ())[0] == {}
