"""Laws of tickets: the clock only runs forward, and a ticket is closed exactly when no record holds it open."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong import clock
from lienthong.findings import Severity
from lienthong.quality.tickets import correction, ticket, upkeep
from tests.quality.conftest import DAY, RULES, count, remember_rules

DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 31))


@given(DAYS, DAYS)
def test_a_later_ticket_is_never_due_earlier(one, other):
    first, second = sorted((one, other))
    before, after = correction.due(first), correction.due(second)
    assert before.plan <= after.plan and before.mend <= after.mend and before.field <= after.field
    for last in (before, after):
        assert last.plan <= last.mend <= last.field
        assert all(clock.is_working_day(day) for day in (last.plan, last.mend, last.field))


@given(DAYS, st.integers(0, 60), st.integers(0, 20))
def test_lateness_and_who_is_told_only_grow(last, days, more):
    rules = correction.correction()
    now, later = last + timedelta(days=days), last + timedelta(days=days + more)
    early, late = correction.days_late(last, now), correction.days_late(last, later)
    assert 0 <= early <= late
    assert rules.level(early) <= rules.level(late)
    assert correction.days_late(last, last) == 0, "on the last day itself nobody is late"
    assert (early > 0) == (last < correction.judged(now)), "pages and lists judge alike"


Step = tuple[str, int]
"""A sender and the rules that one row of it breaks; a row stays until the step that takes it back."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["01999", "79001"]), st.integers(0, 2 ** len(RULES) - 1), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25)
@given(STEPS)
def test_a_ticket_is_closed_exactly_when_nothing_is_open(db, steps):
    with db.connect() as connection, connection.transaction(force_rollback=True):
        remember_rules(connection)
        there: list[Step] = []
        seen: set[tuple[str, str]] = set()
        for sender, mask, arrives in steps:
            if arrives or not there:
                there.append((sender, mask))
                count(connection, [(sender, "01", mask, 0)], day=DAY)
            else:
                sender, mask = there.pop(0)
                count(connection, [(sender, "01", mask, 0)], day=DAY, sign=-1)
            upkeep.keep_up(connection)
            open_now = Counter(
                (sender, rule.key)
                for sender, mask in there
                for at, rule in enumerate(RULES)
                if mask >> at & 1 and rule.severity is not Severity.INFORMATION
            )
            seen |= set(open_now)
            tickets = {
                (one.sender, one.rule_key): one
                for one in ticket.listed(connection, today=DAY, show="all", limit=1000)
            }
            assert set(tickets) == seen, "every finding has one ticket, and it stays"
            for name, one in tickets.items():
                assert one.open_rows == open_now[name]
                assert (one.state == "closed") == (open_now[name] == 0)
