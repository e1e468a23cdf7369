"""Figures that are kept: computed up to an event, with their definition, and the same again when computed again.

A kept figure is a copy for those who quote it; pages count afresh. What rests on something beside the events (what the
Portal has, what applicants said) may change without an event: there the arithmetic is verified, not the count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

from lienthong import clock
from lienthong.contracts.codes import Codes
from lienthong.reports import editions, forms, index766, measures, standing
from lienthong.reports.editions import Declared
from lienthong.reports.period import Period
from lienthong.reports.succession import following

OUTSIDE = frozenset(
    {
        "synchronised",
        "filed_online",
        "satisfied",
        "paid_online",
        "digitised",
        "reused",
        "online_payment_ready",
        "online_payment_used",
    }  # fmt: skip
)
"""Measures that rest on something beside the events."""
PLACES = 12


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number: what it is, whose, of which period; computed by `definition` over the events up to `position`."""

    what: str
    scope: str
    detail: str
    first: date
    last: date
    definition: str
    value: Decimal | None
    numerator: int | None
    denominator: int | None
    position: int

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same figure."""
        return self.what, self.scope, self.detail, self.first, self.last

    @property
    def outside(self) -> bool:
        """Whether it rests on something beside the events."""
        return self.what in _OUTSIDE


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying found: figures looked at, those that differ (kept, computed again)."""

    figures: int
    differing: tuple[tuple[Figure, Figure | None], ...]


def computed(
    conn: psycopg.Connection[Any],
    period: Period,
    codes: Codes | None,
    declared: Declared | None = None,
    position: int | None = None,
) -> Iterator[Figure]:
    """All figures of a period: forms by unit, field and province, the index of the nation and of each province."""
    upto = standing.position(conn) if position is None else position
    moment = _moment(conn, upto)
    follows = following(codes, period.last)

    def figure(
        what: str,
        scope: str,
        detail: str,
        by: str,
        value: Fraction | int | None,
        share: index766.Share,
    ) -> Figure:
        exact = None if value is None else index766.shown(Fraction(value), PLACES)
        return Figure(
            what=what, scope=scope, detail=detail, first=period.first, last=period.last, definition=by, value=exact,
            numerator=share and share[0], denominator=share and share[1], position=upto,
        )  # fmt: skip

    for form, by in (("II.06a", "unit"), ("II.06b", "field"), ("II.06", "province")):
        rows = forms.counted(conn, period, by, follows=follows, position=upto, moment=moment)  # type: ignore[arg-type]
        for line, row in rows.items():
            for column in forms.COLUMNS:
                number = getattr(row, column)
                scope, detail = ("nation", line) if by == "field" else (f"{by}:{line}", "")
                yield figure(
                    f"{form}.{column}", scope, detail, forms.DEFINITION, number, (number, 1)
                )
    edition = editions.edition(period, declared)
    lines: dict[str, measures.Measured] = {}
    for by_line, prefix in (("", ""), ("province", "province:")):
        found = measures.indices(
            conn, period, edition, by=by_line, follows=follows, position=upto, moment=moment  # type: ignore[arg-type]
        )  # fmt: skip
        lines |= {f"{prefix}{line}" or "nation": one for line, one in found.items()}
    for scope, measured in lines.items():
        for one in measured.index.indicators:
            share = None if one.denominator is None else (one.numerator or 0, one.denominator)
            yield figure(f"766.{one.rule.code}", scope, "", edition.definition, one.points, share)


def _moment(conn: psycopg.Connection[Any], position: int) -> datetime | None:
    """When an event happened: what was kept up to it is asked as of then, also in a period that still ran."""
    row = conn.execute("SELECT at FROM dossiers.event WHERE position = %s", [position]).fetchone()
    return row[0] if row else None


def keep(conn: psycopg.Connection[Any], figures: Iterable[Figure]) -> int:
    """Keep figures over those of before; returns how many."""
    now = clock.now()
    rows = [(*(getattr(one, name) for name in Figure.__struct_fields__), now) for one in figures]
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO reports.figure (what, scope, detail, first, last, definition, value, numerator, denominator,"
            " position, computed_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (what, scope, detail, first, last) DO UPDATE SET definition = excluded.definition,"
            " value = excluded.value, numerator = excluded.numerator, denominator = excluded.denominator,"
            " position = excluded.position, computed_at = excluded.computed_at",
            rows,
        )
    return len(rows)


def kept(conn: psycopg.Connection[Any], period: Period) -> list[Figure]:
    """The figures of a period that were kept."""
    with conn.cursor(row_factory=class_row(Figure)) as cursor:
        return cursor.execute(
            "SELECT what, scope, detail, first, last, definition, value, numerator, denominator, position"
            " FROM reports.figure WHERE first = %s AND last = %s ORDER BY what, scope, detail",
            [period.first, period.last],
        ).fetchall()


def of_index(conn: psycopg.Connection[Any], period: Period, scope: str) -> dict[str, Figure]:
    """The kept points of one authority's index, by indicator; empty when none were kept."""
    own = (one for one in kept(conn, period) if one.scope == scope)
    return {
        one.what.removeprefix("766."): one
        for one in own
        if one.what.startswith("766.") and not one.detail
    }


def changed(before: Mapping[str, Figure], now: index766.Index) -> list[str]:
    """The indicators whose points are no longer those that were kept."""
    return [
        one.rule.code
        for one in now.indicators
        if (old := before.get(one.rule.code)) is not None
        and old.value != index766.shown(one.points, PLACES)
    ]


def periods(conn: psycopg.Connection[Any]) -> list[Period]:
    """The periods of which figures are kept, the newest first."""
    rows = conn.execute(
        "SELECT DISTINCT first, last FROM reports.figure ORDER BY last DESC, first DESC"
    ).fetchall()
    return [Period(first, last) for first, last in rows]


def verify(
    conn: psycopg.Connection[Any],
    period: Period,
    codes: Codes | None,
    declared: Declared | None = None,
) -> Verified:
    """Compute the kept figures of a period again, each over the events up to its own position, and compare."""
    found = kept(conn, period)
    differing: list[tuple[Figure, Figure | None]] = []
    for position in sorted({one.position for one in found}):
        again = {one.key: one for one in computed(conn, period, codes, declared, position)}
        own = {one.key: one for one in found if one.position == position}
        for key, one in own.items():
            new = again.get(key)
            if new is None or not _same(one, new, declared, period):
                differing.append((one, new))
    return Verified(figures=len(found), differing=tuple(differing))


def _same(one: Figure, new: Figure, declared: Declared | None, period: Period) -> bool:
    if one.definition != new.definition:
        return False
    if not one.outside:
        return (one.value, one.numerator, one.denominator) == (
            new.value,
            new.numerator,
            new.denominator,
        )
    rule = next(r for r in editions.edition(period, declared).rules if f"766.{r.code}" == one.what)
    share = None if one.denominator is None else (one.numerator or 0, one.denominator)
    points = index766.points(rule, share)
    return one.value == (None if points is None else index766.shown(points, PLACES))


_OUTSIDE = frozenset(
    f"766.{rule.code}" for rule in editions.declared().indicators if rule.measure in OUTSIDE
)
