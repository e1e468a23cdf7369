"""Rules of one number: a count, a share or what a query gives, held against what the contract promises of it."""

from __future__ import annotations

from typing import Any

import duckdb

from lienthong.contracts.contract import Rule
from lienthong.contracts.rules.metrics import is_share
from lienthong.records.checking.checked import Measured
from lienthong.records.checking.passes import find_hits, named
from lienthong.records.checking.plan import Plan, Situation, broken, filled


def measure(situation: Situation, plan: Plan, position: int) -> None:
    """Puts into `plan.checked.measured` what a counted rule gives; a broken promise is red, and so is a query
    that fails. The rows that broke a promise are added to `hits_<table>`.
    """
    rule, rows = plan.compiled.rules[position], plan.checked.rows
    if rule.rows:
        find_hits(situation, plan, position)
        if position in plan.checked.measured:
            return  # it could not be run
    try:
        value = _number(situation, plan, position)
    except duckdb.Error as error:
        if situation.trusting:
            raise
        plan.checked.measured[position] = broken(rule, str(error))
        return
    if value is None:
        plan.checked.measured[position] = broken(rule, "the query gave no number")
        return
    try:
        kept = holds(value, rule.rule.operator, rule.rule.threshold)
    except TypeError as error:
        plan.checked.measured[position] = broken(rule, str(error))
        return
    too_many = not kept and _is_too_many(value, rule.rule)
    failed = _hits(situation, plan, position) if rule.rows and too_many else 0
    if rule.rows and not failed:
        situation.con.execute(f"DELETE FROM {named('hits', plan.name)} WHERE position = {position}")
    if not kept and not failed:
        whole = too_many and isinstance(value, int) and 1 <= value <= rows
        failed = value if whole and not _counts_rows(rule.rule) else 1
    plan.checked.measured[position] = Measured(
        rule=rule.rule, table=plan.name, value=value, failed=failed
    )


def _number(situation: Situation, plan: Plan, position: int) -> Any:
    rule = plan.compiled.rules[position]
    if rule.sql:
        row = situation.con.execute(filled(situation, rule)).fetchone()
        return row[0] if row else None
    hits = _hits(situation, plan, position)
    return round(hits * 100 / max(plan.checked.rows, 1), 6) if is_share(rule.rule) else hits


def _hits(situation: Situation, plan: Plan, position: int) -> int:
    row = situation.con.execute(
        f"SELECT count(*) FROM {named('hits', plan.name)} WHERE position = {position}"
    ).fetchone()
    return int(row[0])


def _counts_rows(rule: Rule) -> bool:
    return isinstance(rule.argument, dict) and rule.argument.get("metric") == "rowCount"


def _is_too_many(value: Any, rule: Rule) -> bool:
    """Whether a number broke its promise by being too large, as numbers of wrong rows do."""
    if rule.operator == "mustBeBetween":
        return bool(value > rule.threshold[1])
    if rule.operator == "mustBe":
        return bool(value > rule.threshold)
    return rule.operator in ("mustBeLessThan", "mustBeLessOrEqualTo")


def holds(value: Any, operator: str, threshold: Any) -> bool:
    """Whether a measured number keeps to an ODCS threshold."""
    if operator in ("mustBeBetween", "mustNotBeBetween"):
        inside = threshold[0] <= value <= threshold[1]
        return inside if operator == "mustBeBetween" else not inside
    return {
        "mustBe": lambda: value == threshold,
        "mustNotBe": lambda: value != threshold,
        "mustBeGreaterThan": lambda: value > threshold,
        "mustBeGreaterOrEqualTo": lambda: value >= threshold,
        "mustBeLessThan": lambda: value < threshold,
        "mustBeLessOrEqualTo": lambda: value <= threshold,
    }[operator]()
