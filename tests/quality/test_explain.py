"""What mending a rule at a sender would lift, held against the score after it is really mended."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.findings import Criterion
from lienthong.quality.explain import causes
from lienthong.quality.score import Slice, scores

DAY = date(2026, 11, 20)

TODAY = DAY + timedelta(days=1)
rows = st.lists(
    st.tuples(
        st.sampled_from(["01001", "01002", "79001"]),
        st.just("01"),
        st.integers(0, 2**8 - 1),
        st.integers(0, 2**8 - 1),
    ),
    min_size=1,
    max_size=12,
)


def _value(conn, criterion):
    return scores(conn, Slice(), (), today=TODAY)[()].criteria[criterion].value


@settings(max_examples=25)
@given(rows)
def test_the_promise_is_kept(db, counting, table):
    with db.connect() as conn:
        counting.remember_rules(conn)
        counting.count(conn, table)
        promised = causes(conn, today=TODAY, limit=100)
        before = {criterion: _value(conn, criterion) for criterion in Criterion}
        for cause in promised:
            bit = 1 << next(at for at, rule in enumerate(counting.RULES) if rule.id == cause.rule)
            mended = [
                (sender, province, failed & ~(bit if sender == cause.sender else 0), unknown)
                for sender, province, failed, unknown in table
            ]
            conn.execute("DELETE FROM records.count")
            counting.count(conn, mended)
            lifted = (_value(conn, cause.criterion) - before[cause.criterion]) * 100
            assert lifted == pytest.approx(cause.points)
        conn.rollback()


def test_causes_are_ranked_and_spoken(connection, counting):
    counting.remember_rules(connection)
    counting.count(
        connection,
        [("01001", "01", 0b1, 0)] * 3
        + [("01002", "01", 0b11, 0)] * 2
        + [("01001", "01", 0, 0)] * 5,
    )
    first, *rest = causes(connection, today=TODAY)
    assert (first.rule, first.sender, first.failed, first.sole) == ("C-1", "01001", 3, 3)
    assert first.points == pytest.approx(30)
    assert "C-1" in first.promise("vi")
    assert "30" in first.promise("en")
    assert all(
        cause.points == 0 for cause in rest
    )  # each of the two rules alone frees no row of 01002
    assert all(cause.checks_points > 0 for cause in rest)


def test_information_is_no_cause(connection, counting):
    counting.remember_rules(connection)
    counting.count(connection, [("01001", "01", 0b1000_0000, 0)])
    assert causes(connection, today=TODAY) == []
