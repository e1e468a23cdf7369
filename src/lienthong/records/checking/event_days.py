"""Which dated rules the rows of a batch are asked: most batches lie within one version of the contract, and then
nothing is compared row by row.
"""

from __future__ import annotations

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.contracts.rules.casts import quoted
from lienthong.contracts.rules.days import DAY, Days, day_sql, days_of, formed_sql, received_day
from lienthong.records.checking.moments import ago
from lienthong.records.checking.plan import Plan, Situation
from lienthong.records.checking.relations import (
    attach_typed,
    matched_columns,
    source_name,
    typed_columns,
)


def settle_days(situation: Situation, contract: Contract, plans: list[Plan]) -> None:
    """Drops the dated rules that no row of a table is asked, and puts a condition on those that some are asked."""
    for plan in plans:
        dated = [p for p in (*plan.local, *plan.hits) if plan.compiled.rules[p].rule.dated]
        if not dated:
            continue
        days = days_of(contract, plan.compiled.table)
        if plan.unnumbered and days.root is None:
            # The file is gone through once anyway: to look at its days first would be a second time.
            _in_passing(situation, plan, days, dated)
            continue
        low, high = _span(situation, plan, days)
        some = []
        for position in dated:
            rule = plan.compiled.rules[position].rule
            if rule.last < low or rule.first > high:
                _drop(plan, position)
            elif not (rule.first <= low and high <= rule.last):
                some.append(position)
        if some:
            _give_days(situation, plan, days)
            _ask_some(plan, some)


def rows_by_day(situation: Situation, contract: Contract, name: str) -> dict[int, int]:
    """How many rows of a table tell of each day."""
    table = contract.table(name)
    if table is None or name not in situation.columns:
        return {}
    told = _with_day(situation, table, days_of(contract, table), source_name(name))
    rows = situation.con.execute(f"SELECT {DAY}, count(*) FROM ({told}) GROUP BY 1").fetchall()
    return {int(day): int(count) for day, count in rows}


def _drop(plan: Plan, position: int) -> None:
    plan.local.pop(position, None)
    if position in plan.hits:
        plan.hits.remove(position)


def _ask_some(plan: Plan, positions: list[int]) -> None:
    """Puts the days of rules into what they ask of a row."""
    plan.days = {
        position: (rule.first, rule.last)
        for position in positions
        for rule in (plan.compiled.rules[position].rule,)
    }
    for position in positions:
        if position in plan.local:
            first, last = plan.days[position]
            plan.local[position] = (
                f'"{DAY}" BETWEEN {first} AND {last} AND ({plan.local[position]})'
            )


def _span(situation: Situation, plan: Plan, days: Days) -> tuple[int, int]:
    """The first and the last day of the rows of a table."""
    told = _with_day(situation, plan.compiled.table, days, source_name(plan.name))
    row = situation.con.execute(f"SELECT min({DAY}), max({DAY}) FROM ({told})").fetchone()
    today = received_day(situation.received, ago)
    return (row[0] or today, row[1] or today) if row else (today, today)


def _in_passing(situation: Situation, plan: Plan, days: Days, positions: list[int]) -> None:
    plan.unnumbered = _with_day(situation, plan.compiled.table, days, f"({plan.unnumbered})")
    _give_days(situation, plan, days)
    _ask_some(plan, positions)


def _give_days(situation: Situation, plan: Plan, days: Days) -> None:
    """Gives `src_<table>` and `typed_<table>` the column of the day."""
    found, table = situation.columns[plan.name], plan.compiled.table
    if DAY in found:
        return
    undated = quoted(f"undated_{plan.name}")
    situation.con.execute(f"ALTER VIEW {source_name(plan.name)} RENAME TO {undated}")
    situation.con.execute(
        f"CREATE OR REPLACE VIEW {source_name(plan.name)} AS {_with_day(situation, plan.compiled.table, days, undated)}"
    )
    found[DAY] = "BIGINT"
    attach_typed(situation.con, table, found)
    if days.root is not None:
        # Rows that go through a join come out in any order: they must be numbered first.
        plan.unnumbered = None


def _with_day(situation: Situation, table: Table, days: Days, relation: str) -> str:
    """SELECT of a relation with the cells as sent, and the day of each row beside them."""
    found = situation.columns[table.name]
    told: list[str] = []
    join = ""
    names = matched_columns(table, found)
    if days.root and days.link in names:
        _root_days(situation, days)
        join = (
            f" LEFT JOIN {quoted(f'days_{days.root}')} _d"
            f" ON _d._link = s.{quoted(names[days.link])}"
        )
        told.append("_d._root_day")
    if days.field is not None and days.field.name in names:
        typed: dict[str, str] = typed_columns(table, found)
        day = day_sql(days.field, typed[days.field.name])
        told.append(day if days.root else formed_sql(days.forms, day, typed.__getitem__))
    told.append(str(received_day(situation.received, ago)))
    return f"SELECT s.*, coalesce({', '.join(told)}) AS {DAY} FROM {relation} s{join}"


def _root_days(situation: Situation, days: Days) -> None:
    """Makes `days_<root>`: the day of each unit by its link."""
    if days.root is None or days.root_field is None or days.link is None:
        return
    link = quoted(days.link)
    situation.con.execute(
        f"CREATE TABLE IF NOT EXISTS {quoted(f'days_{days.root}')} AS SELECT {link} AS _link,"
        f" max({_root_day(days, days.root_field)}) AS _root_day"
        f" FROM {quoted(f'typed_{days.root}')} WHERE {link} IS NOT NULL GROUP BY {link}"
    )


def _root_day(days: Days, event: Field) -> str:
    return formed_sql(days.forms, day_sql(event, quoted(event.name)), quoted)
