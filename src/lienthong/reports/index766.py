"""The index of service quality (Decision 766/QĐ-TTg): points of each indicator from its share and dated threshold.

Exact: shares, thresholds and points are fractions, rounded only where they are shown. What could not be measured is
unknown: it is shown apart and never counted as zero or as full. Which terms hold on a day says editions.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

import msgspec

from lienthong.findings import Text
from lienthong.reports.editions import Edition, Rule

Share = tuple[int, int] | None
"""Numerator and denominator; None: nobody could measure it."""
Shares = Mapping[str, Share]
"""Measure to share; absent is None."""


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator of one period: `points` is None when it could not be measured."""

    rule: Rule
    numerator: int | None = None
    denominator: int | None = None
    points: Fraction | None = None

    @property
    def share(self) -> Fraction | None:
        """numerator / denominator."""
        return Fraction(self.numerator or 0, self.denominator) if self.denominator else None


class GroupPoints(msgspec.Struct, frozen=True, kw_only=True):
    """One of the five groups: points of what was measured, the most that it could give, the most of all."""

    code: str
    label: Text
    points: Fraction
    known: Fraction
    most: Fraction
    indicators: tuple[Points, ...]


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """The index of one period: points of everything that could be measured."""

    edition: Edition
    indicators: tuple[Points, ...]

    @property
    def points(self) -> Fraction:
        """Points of everything that could be measured."""
        return sum((one.points for one in self.indicators if one.points is not None), Fraction())

    @property
    def known(self) -> Fraction:
        """The most points that what was measured could give."""
        return sum((o.rule.max for o in self.indicators if o.points is not None), Fraction())

    @property
    def most(self) -> Fraction:
        """The most points of all indicators."""
        return sum((one.rule.max for one in self.indicators), Fraction())

    @property
    def rate(self) -> Fraction | None:
        """points / known: what ranks are made of while not everything is measured; None without anything known."""
        return self.points / self.known if self.known else None

    @property
    def band(self) -> Text:
        """The word for the points; none for an index that is not whole."""
        if self.known < self.most:
            return {}
        found = next((b for b in self.edition.bands if self.points >= b.at), None)
        return found.label if found else {}

    def groups(self) -> list[GroupPoints]:
        """The indicators by group, in their order."""
        made = []
        for group in self.edition.groups:
            own = tuple(o for o in self.indicators if o.rule.code.split(".")[0] == group.code)
            part = Index(edition=self.edition, indicators=own)
            made.append(
                GroupPoints(
                    code=group.code, label=group.label, points=part.points, known=part.known, most=part.most,
                    indicators=own,
                )
            )  # fmt: skip
        return made


def points(rule: Rule, share: Share) -> Fraction | None:
    """max when the share reaches the threshold, else in proportion; an empty denominator gives what is declared."""
    if share is None:
        return None
    numerator, denominator = share
    if denominator == 0:
        return {"full": rule.max, "none": Fraction(), "unknown": None}[rule.zero]
    ratio = Fraction(numerator, denominator)
    return rule.max if ratio >= rule.threshold else rule.max * ratio / rule.threshold


def index(edition: Edition, shares: Shares) -> Index:
    """All indicators of an edition."""
    found = []
    for rule in edition.rules:
        share = shares.get(rule.measure)
        found.append(
            Points(
                rule=rule,
                numerator=share[0] if share else None,
                denominator=share[1] if share else None,
                points=points(rule, share),
            )
        )
    return Index(edition=edition, indicators=tuple(found))


def ranks(indices: Mapping[str, Index]) -> dict[str, int | None]:
    """Rank by points of the points that could be known, 1 for the best; equals share a rank, unknown has none."""
    rates = {name: one.rate for name, one in indices.items()}
    return {
        name: None
        if rate is None
        else 1 + sum(other > rate for other in rates.values() if other is not None)
        for name, rate in rates.items()
    }


def shown(value: Fraction | None, places: int = 2) -> Decimal | None:
    """A fraction rounded half up, for showing only."""
    if value is None:
        return None
    scale = 10**places
    whole = (abs(value.numerator) * scale * 2 + value.denominator) // (2 * value.denominator)
    sign = -1 if value < 0 else 1
    return Decimal(sign * whole).scaleb(-places)


def total(shares: Iterable[Share]) -> Share:
    """The sum of shares; unknown when one of them is."""
    numerator = denominator = 0
    for share in shares:
        if share is None:
            return None
        numerator, denominator = numerator + share[0], denominator + share[1]
    return numerator, denominator
