"""How long records took from the event to those who read them, counted in classes as they pass.

Three steps: `received` since the event, `kept` since it was received, `served` since it was kept. A class is a
quarter of a doubling, so that a percentile read from the counts is at most a fifth too high and never too low.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from math import ceil, log2
from typing import Any, Literal

import msgspec
import psycopg

Step = Literal["received", "kept", "served"]
STEPS: tuple[Step, ...] = ("received", "kept", "served")
LAST = 167
"""The last class: from about 110 years on."""


def class_of(microseconds: int) -> int:
    """The class of a delay; what is negative (clocks differ) counts as nothing."""
    return max(0, min(LAST, ceil(4 * log2(max(microseconds, 1) / 1000))))


def class_sql(microseconds: str) -> str:
    """The same in DuckDB's SQL."""
    return f"greatest(0, least({LAST}, ceil(4 * log2(greatest({microseconds}, 1) / 1000.0))))::SMALLINT"


def bound(number: int) -> float:
    """The upper end of a class, in seconds."""
    return 2.0 ** (number / 4) / 1000


class Delays:
    """Delays under way: how many records of one sender fell into which class."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, date, str, str, int], int] = defaultdict(int)

    def add(
        self, contract: str, sender: str, province: str, day: date, step: Step, at: int, number: int
    ) -> None:
        """`number` records whose step ended on this day (Vietnam) in class `at`."""
        self._sums[contract, sender, day, province, step, at] += number

    def write(self, conn: psycopg.Connection[Any]) -> None:
        """Add them to records.delay, in one order for everybody."""
        if not self._sums:
            return
        lines = sorted((*key, number) for key, number in self._sums.items())
        columns = [list(column) for column in zip(*lines, strict=True)]
        conn.execute(
            "INSERT INTO records.delay AS d (contract, sender, day, province, step, class, number)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[], %s::text[], %s::smallint[],"
            " %s::bigint[]) ON CONFLICT (contract, sender, day, province, step, class)"
            " DO UPDATE SET number = d.number + excluded.number",
            columns,
        )


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The delays of one step: how many, and the seconds under which half, 90 % and 99 % of them lie."""

    step: Step
    number: int
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    classes: list[tuple[float, int]] = []
    """(upper end in seconds, how many records), empty classes left out."""


def spread(step: Step, classes: Iterable[tuple[int, int]]) -> Spread:
    """The distribution of (class, number)."""
    counted = sorted((at, number) for at, number in classes if number > 0)
    total = sum(number for _, number in counted)
    return Spread(
        step=step,
        number=total,
        p50=_percentile(counted, total, 0.5),
        p90=_percentile(counted, total, 0.9),
        p99=_percentile(counted, total, 0.99),
        classes=[(bound(at), number) for at, number in counted],
    )


def _percentile(counted: list[tuple[int, int]], total: int, share: float) -> float | None:
    seen = 0
    for at, number in counted:
        seen += number
        if seen >= share * total:
            return bound(at)
    return None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The three steps of one database, or of one sender to it."""

    contract: str
    sender: str | None
    steps: dict[str, Spread]


def lines(
    conn: psycopg.Connection[Any],
    *,
    contract: str | None = None,
    sender: str | None = None,
    since: date | None = None,
    until: date | None = None,
    by_sender: bool = False,
) -> list[Line]:
    """Distributions per database, or per database and sender, from the counts alone."""
    whose = "sender" if by_sender else "NULL::text"
    rows = conn.execute(
        f"SELECT contract, {whose} AS whose, step, class, sum(number)::bigint FROM records.delay"
        " WHERE (%(contract)s::text IS NULL OR contract = %(contract)s)"
        " AND (%(sender)s::text IS NULL OR sender = %(sender)s)"
        " AND (%(since)s::date IS NULL OR day >= %(since)s) AND (%(until)s::date IS NULL OR day <= %(until)s)"
        " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2",
        {"contract": contract, "sender": sender, "since": since, "until": until},
    ).fetchall()
    found: dict[tuple[str, str | None], dict[str, list[tuple[int, int]]]] = {}
    for name, one, step, at, number in rows:
        found.setdefault((name, one), {}).setdefault(step, []).append((at, number))
    return [
        Line(
            contract=name,
            sender=one,
            steps={step: spread(step, steps.get(step, ())) for step in STEPS},
        )
        for (name, one), steps in found.items()
    ]


def between(first: datetime, then: datetime) -> int:
    """Microseconds from one moment to another."""
    return round((then - first).total_seconds() * 1_000_000)
