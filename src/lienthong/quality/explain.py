"""Which causes cost most: "mending rule X at sender Y lifts the score of criterion Z by so many points",
exact from counts.

The counts of a rule hold `sole`: rows for which it is the only broken rule of its criterion. Mending the
rule makes exactly those
rows good, so the new score is known without reading a row again.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.findings import Criterion, Severity, Text
from lienthong.quality.criteria import Criteria, criteria, evaluate
from lienthong.quality.expected import Expected
from lienthong.quality.score import Card, Score, Slice, scores
from lienthong.records.store.rulesets import RuleSaid
from lienthong.words import number, say

LIFT = "Mending rule %(rule)s at %(sender)s lifts “%(criterion)s” by %(points)s points (%(rows)s rows)."


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One rule broken at one sender. `old_province` is known when the slice tells former provinces ("" of nobody knows
    which). `failed` rows break it, `sole` of them break nothing else of the criterion.

    `points` is the lift of the criterion's score in hundredths when the rule is mended there and nothing else changes;
    `checks_points` the lift of the share of passed checks.
    """

    criterion: Criterion
    severity: Severity
    contract: str
    table: str
    rule: str
    field: str
    sender: str
    province: str
    old_province: str | None = None
    failed: int
    sole: int
    points: float
    checks_points: float
    sentence: Text = {}
    remedy: Text = {}

    def promise(self, language: str | None = None) -> str:
        """The promise in words, in the reader's language."""
        label = criteria().criteria[self.criterion].label
        return say(
            LIFT, language, rule=self.rule, sender=self.sender or "–", rows=number(self.failed, 0, language),
            criterion=label.get(language or "vi", label["en"]), points=number(self.points, 2, language),
        )  # fmt: skip


def causes(
    conn: psycopg.Connection[Any],
    slice: Slice | None = None,
    *,
    today: date,
    expected: Expected | None = None,
    limit: int = 10,
) -> list[Cause]:
    """The causes whose mending lifts a score of the slice most, the greatest lift first; ties by failed rows.

    Under the former provinces nobody knows how many senders were expected, so `expected` is left out there.
    """
    slice = slice or Slice()
    expected = None if slice.old else expected
    whole = scores(conn, slice, (), today=today, expected=expected).get(())
    if whole is None:
        return []
    where, values = slice.where()
    source, given = slice.source("records.count")
    rows = conn.execute(
        sql.SQL(
            "SELECT contract, table_name, rule, sender, province, {old}, sum(failed)::bigint, sum(sole)::bigint"
            " FROM {source} WHERE failed > 0 AND rule COLLATE \"C\" > '-' AND {where} GROUP BY 1, 2, 3, 4, 5, 6"
        ).format(
            where=where, source=source, old=sql.SQL("old_province" if slice.old else "NULL::text")
        ),
        [*given, *values],
    ).fetchall()
    said = known_rules(conn)
    found = []
    for contract, table, key, sender, province, old, failed, sole in rows:
        rule = said.get((contract, table, key))
        if rule is None or rule.severity is Severity.INFORMATION or failed <= 0:
            continue
        points, checks = lift(whole, rule.criterion, failed, sole)
        found.append(
            Cause(
                criterion=rule.criterion,
                severity=rule.severity,
                contract=contract,
                table=table,
                rule=rule.id,
                field=rule.field,
                sender=sender,
                province=province,
                old_province=old,
                failed=failed,
                sole=sole,
                points=points,
                checks_points=checks,
                sentence=rule.sentence,
                remedy=rule.remedy,
            )  # fmt: skip
        )
    found.sort(
        key=lambda cause: (
            -cause.points,
            -cause.checks_points,
            -cause.failed,
            cause.rule,
            cause.sender,
        )
    )
    return found[:limit]


def lift(
    card: Card, criterion: Criterion, failed: int, sole: int, rules: Criteria | None = None
) -> tuple[float, float]:
    """Points (hundredths) by which mending so many checks and rows lifts the score, and the share of passed checks."""
    rules = rules or criteria()
    score = card.criteria[criterion]
    after = {
        measure.name: _share(
            measure.numerator + {"rows": sole, "checks": failed}.get(measure.name, 0),
            measure.denominator,
        )
        for measure in score.measures
    }
    value = evaluate(rules.criteria[criterion].formula, after)
    points = 0.0 if value is None or score.value is None else (value - score.value) * 100
    return points, (after["checks"] or 0.0) * 100 - _checks(score) * 100


def known_rules(conn: psycopg.Connection[Any]) -> dict[tuple[str, str, str], RuleSaid]:
    """What every rule in the counts says, by contract, table and rule key, from the newest ruleset of each table."""
    newest = conn.execute("SELECT max(id), max(digest) FROM records.ruleset").fetchone()
    key = (conn.info.dsn, *(newest or ()))
    cached = _KNOWN.get(key)
    if cached is None:
        rows = conn.execute(
            "SELECT DISTINCT ON (contract, table_name) contract, table_name, rules FROM records.ruleset"
            " ORDER BY contract, table_name, id DESC"
        )
        cached = {
            (contract, table, rule.key): rule
            for contract, table, rules in rows
            for rule in msgspec.convert(rules, list[RuleSaid])
        }
        _KNOWN.clear()
        _KNOWN[key] = cached
    return cached


_KNOWN: dict[tuple[Any, ...], dict[tuple[str, str, str], RuleSaid]] = {}


def _share(numerator: int, denominator: int) -> float | None:
    return min(1.0, numerator / denominator) if denominator > 0 else None


def _checks(score: Score) -> float:
    measure = score.measure("checks")
    return (measure.share or 0.0) if measure else 0.0
