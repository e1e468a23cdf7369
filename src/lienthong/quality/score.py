"""Scores of a database, province, sender or day, from counts only; every score shows numerator,
denominator and unknown share.

The counts hold pseudo rules that sum up a table's rows: `*correct` (checked = rows, failed = rows that break a rule of
the criterion), `+correct` (checked, failed and unknown over all checks of the criterion) and `*` (rows with an error).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.findings import Criterion
from lienthong.quality.criteria import Criteria, Grade, criteria, evaluate
from lienthong.quality.expected import Expected
from lienthong.quality.sums import Slice, Sums, counted, is_summed, summed

GROUPS = ("contract", "table_name", "province", "old_province", "sender", "day")


class Measure(msgspec.Struct, frozen=True):
    """A share with both its numbers. `denominator` 0: nobody can say."""

    name: str
    numerator: int
    denominator: int

    @property
    def share(self) -> float | None:
        """Numerator over denominator, None without a denominator."""
        return min(1.0, self.numerator / self.denominator) if self.denominator > 0 else None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion of one part of the data. `unknown` is the share of checks that could not be decided."""

    criterion: Criterion
    value: float | None
    measures: tuple[Measure, ...]
    unknown: float
    grade: Grade

    def measure(self, name: str) -> Measure | None:
        """The measure of that name."""
        return next((measure for measure in self.measures if measure.name == name), None)


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The four scores of one part of the data. `versions` are the contract versions whose rules spoke."""

    rows: int
    rows_failed: int
    criteria: dict[Criterion, Score]
    overall: float | None
    versions: tuple[str, ...] = ()
    criteria_version: str = ""


class Senders(msgspec.Struct, frozen=True):
    """Of the senders of one part: how many sent lately, how many are fresh, how many are expected (0: unknown)."""

    heard: int = 0
    fresh: int = 0
    expected: int = 0


def scores(
    conn: psycopg.Connection[Any],
    slice: Slice | None = None,
    by: Sequence[str] = ("contract",),
    *,
    today: date,
    expected: Expected | None = None,
) -> dict[tuple[Any, ...], Card]:
    """The cards of a slice, one for each group of `by` (of GROUPS); `by=()` gives one card under the key ().

    Without `expected` the formulas leave coverage and freshness out.
    """
    slice = slice or Slice()
    found, versions = (summed if is_summed(slice, tuple(by)) else counted)(conn, slice, tuple(by))
    heard = _senders(conn, slice, by, expected, today) if expected else {}
    return {
        key: card(
            sums,
            heard.get(key) or _nobody(dict(zip(by, key, strict=True)), slice, expected),
            versions=versions.get(key, ()),
        )
        for key, sums in found.items()
    }


def card(sums: Sums, senders: Senders | None = None, *, versions: tuple[str, ...] = (),
         rules: Criteria | None = None) -> Card:  # fmt: skip
    """The card of summed counts. Pure: the same counts give the same card."""
    rules = rules or criteria()
    made = {criterion: _score(criterion, sums, senders, rules) for criterion in Criterion}
    weighted = [
        (score.value, rules.criteria[criterion].weight)
        for criterion, score in made.items()
        if score.value is not None
    ]
    weight = sum(part for _, part in weighted)
    rows, failed, _ = sums.get("*", (0, 0, 0))
    return Card(
        rows=rows, rows_failed=failed, criteria=made, versions=versions, criteria_version=rules.version,
        overall=sum(value * part for value, part in weighted) / weight if weight else None,
    )  # fmt: skip


def _score(criterion: Criterion, sums: Sums, senders: Senders | None, rules: Criteria) -> Score:
    about = rules.criteria[criterion]
    rows, broken, _ = sums.get(f"*{criterion}", (0, 0, 0))
    checked, failed, unknown = sums.get(f"+{criterion}", (0, 0, 0))
    measures = [Measure("rows", rows - broken, rows), Measure("checks", checked - failed, checked)]
    for name in ("coverage", "fresh"):
        if name in about.measures:
            part = senders or Senders()
            measures.append(
                Measure(name, part.heard if name == "coverage" else part.fresh, part.expected)
            )
    value = evaluate(about.formula, {measure.name: measure.share for measure in measures})
    asked = checked + unknown
    return Score(
        criterion=criterion, value=value, measures=tuple(measures), unknown=unknown / asked if asked else 0.0,
        grade=rules.grade(value),
    )  # fmt: skip


def _senders(
    conn: psycopg.Connection[Any], slice: Slice, by: Sequence[str], expected: Expected, today: date
) -> dict[tuple[Any, ...], Senders]:
    """Who was heard of, in each group that has a meaning for senders (a day or a table has none)."""
    if not set(by) <= {"contract", "province", "sender"}:
        return {}
    heard = expected.heard(
        conn, contract=slice.contract, province=slice.province, sender=slice.sender, today=today,
        each=slice.sender is not None or "sender" in by,
        apart=slice.province is not None or "province" in by,
    )  # fmt: skip
    found: dict[tuple[Any, ...], list[int]] = {}
    contracts: dict[tuple[Any, ...], set[str]] = {}
    for line in heard:
        values = {"contract": line.contract, "province": line.province, "sender": line.sender}
        key = tuple(values[name] for name in by)
        sums = found.setdefault(key, [0, 0])
        sums[0] += line.heard
        sums[1] += line.fresh
        contracts.setdefault(key, set()).add(line.contract)
    answer = {}
    for key, (part, fresh) in found.items():
        values = dict(zip(by, key, strict=True))
        province, sender = (
            values.get("province", slice.province),
            values.get("sender", slice.sender),
        )
        number = sum(expected.count(contract, province, sender) for contract in contracts[key])
        answer[key] = Senders(part, fresh, number)
    return answer


def _nobody(values: Mapping[str, Any], slice: Slice, expected: Expected | None) -> Senders | None:
    """None of those expected was heard: rows of a province may all come from senders of others."""
    contract = values.get("contract", slice.contract)
    if expected is None or contract is None or not set(values) <= {"contract", "province"}:
        return None
    province = values.get("province", slice.province)
    return Senders(0, 0, expected.count(contract, province, slice.sender))


def trend(
    conn: psycopg.Connection[Any], slice: Slice | None = None, *, days: int = 30, today: date
) -> list[tuple[date, Card]]:
    """The cards of the days of reception that have counts, oldest first."""
    slice = msgspec.structs.replace(
        slice or Slice(), since=today - timedelta(days=days - 1), until=today
    )
    return sorted(
        (key[0], card) for key, card in scores(conn, slice, ("day",), today=today).items()
    )


class SenderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One sender in one database: its card and the age of its newest data in days."""

    contract: str
    sender: str
    province: str
    newest: date
    age_days: int
    card: Card


def senders(
    conn: psycopg.Connection[Any], slice: Slice | None = None, *, today: date
) -> list[SenderLine]:
    """Every sender of a slice with its scores, the worst first: one line for a database, in the province of most of
    its rows."""
    slice = slice or Slice()
    where, values = msgspec.structs.replace(slice, table=None, since=None, until=None).where()
    newest: dict[tuple[Any, ...], tuple[date, str]] = {
        row[:2]: (row[2], row[3])
        for row in conn.execute(
            sql.SQL(
                "SELECT contract, sender, max(newest), (array_agg(province ORDER BY row_count DESC, province))[1]"
                " FROM quality.sender WHERE newest IS NOT NULL AND {where} GROUP BY 1, 2"
            ).format(where=where),
            values,
        )
    }
    lines = [
        SenderLine(
            contract=key[0],
            sender=key[1],
            province=newest[key][1],
            newest=newest[key][0],
            age_days=(today - newest[key][0]).days,
            card=card,
        )  # fmt: skip
        for key, card in scores(conn, slice, ("contract", "sender"), today=today).items()
        if key in newest
    ]
    return sorted(
        lines,
        key=lambda line: (1.0 if line.card.overall is None else line.card.overall, line.sender),
    )
