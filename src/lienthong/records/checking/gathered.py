"""Rules that ask alike of other rows: each Look is grouped once, then one statement judges a table by all of them."""

from __future__ import annotations

from functools import partial

import duckdb

from lienthong.contracts.rules.casts import quoted
from lienthong.contracts.rules.compiled_form import Look
from lienthong.contracts.rules.days import DAY
from lienthong.contracts.rules.row_names import INNER, ROW, typed_name
from lienthong.records.checking.moments import fill
from lienthong.records.checking.passes import find_hits, judged_rows, named
from lienthong.records.checking.plan import Plan, Situation
from lienthong.records.checking.turns import side_by_side


def find_gathered(situation: Situation, plans: list[Plan]) -> None:
    """Adds to `hits_<table>` the rows that gathered rules hit; what fails is left to run rule by rule."""
    asked = {
        plan.name: [p for p in plan.hits if plan.compiled.rules[p].gathered]
        for plan in plans
        if plan.checked.rows
    }
    wanted: dict[int, set[int]] = {}
    for plan in plans:
        for position in asked.get(plan.name, ()):
            for use in plan.compiled.rules[position].uses:
                wanted.setdefault(use.look, set()).add(use.aggregate)
    looks = situation.looks
    side_by_side(
        situation,
        [partial(_group, look=looks[at], number=at, wanted=wanted[at]) for at in sorted(wanted)],
    )
    judged = [(plan, asked[plan.name]) for plan in plans if asked.get(plan.name)]
    side_by_side(situation, [partial(_judge, plan=plan, positions=some) for plan, some in judged])
    for at in wanted:
        situation.con.execute(f"DROP TABLE IF EXISTS look_{at}")


def _group(situation: Situation, look: Look, number: int, wanted: set[int]) -> None:
    keys = ", ".join(f"{key} AS k{at}" for at, key in enumerate(look.keys))
    answers = ", ".join(f"{sql} AS a{at}" for at, sql in enumerate(look.aggregates) if at in wanted)
    known = " AND ".join(f"({key}) IS NOT NULL" for key in look.keys)
    groups = ", ".join(str(at) for at in range(1, len(look.keys) + 1))
    situation.con.execute(
        f"CREATE OR REPLACE TABLE look_{number} AS SELECT {keys}, {answers}"
        f" FROM {typed_name(look.table)} {quoted(INNER)} WHERE {known} GROUP BY {groups}"
    )


def _judge(situation: Situation, plan: Plan, positions: list[int]) -> None:
    rules = [plan.compiled.rules[position] for position in positions]
    numbers = sorted({use.look for rule in rules for use in rule.uses})
    joins = " ".join(_joined(situation.looks[at], at) for at in numbers)
    tests = ", ".join(
        f"CASE WHEN {_on_days(plan, position)}({fill(rule.gathered, rule.agos, situation.received)})"
        f" THEN {position} END"
        for rule, position in zip(rules, positions, strict=True)
    )
    try:
        situation.con.execute(
            f"INSERT INTO {named('hits', plan.name)} SELECT _row, position FROM (SELECT _row,"
            f" unnest(list_filter(tests, lambda x: x IS NOT NULL)) AS position FROM"
            f" (SELECT {quoted(ROW)}._row, [{tests}] AS tests"
            f" FROM {judged_rows(plan, rules[0])} AS {quoted(ROW)} {joins}))"
        )
    except duckdb.Error:
        if situation.trusting:
            raise
        for position in positions:  # the one to blame is found by itself
            find_hits(situation, plan, position)


def _on_days(plan: Plan, position: int) -> str:
    """The condition that a row is asked at all, for a rule of some days only."""
    if position not in plan.days:
        return ""
    first, last = plan.days[position]
    return f"{quoted(ROW)}.{DAY} BETWEEN {first} AND {last} AND "


def _joined(look: Look, number: int) -> str:
    alias = quoted(f"_g{number}")
    alike = " AND ".join(f"{alias}.k{at} = ({key})" for at, key in enumerate(look.row_keys))
    return f"LEFT JOIN look_{number} {alias} ON {alike}"
