"""The index of service quality (Decision 766/QD-TTg): points of each indicator from its share and dated threshold.

What could not be measured is unknown: it is shown apart and never counted as zero or as full. Edition, formulas and
thresholds are data (declared/index766.yaml); a period is judged by the edition in force on its last day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from lienthong.errors import Refused
from lienthong.findings import Text
from lienthong.procedures.procedure import Procedure
from lienthong.reports.facts import Fact, Period
from lienthong.reports.forms import on_time_by_index

Shares = Mapping[str, tuple[int, int] | None]
"""Measure to (numerator, denominator); None or absent: nobody could measure it."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Something with a name in three languages."""

    vi: str
    en: str
    fr: str

    @property
    def label(self) -> Text:
        """The name."""
        return {"vi": self.vi, "en": self.en, "fr": self.fr}


class Band(Words, frozen=True, kw_only=True):
    """A word for a number of points."""

    from_: float = msgspec.field(name="from")


class Group(Words, frozen=True, kw_only=True):
    """One of the five groups."""

    code: str
    max: float


class Indicator(Words, frozen=True, kw_only=True):
    """One indicator with its formula's parts."""

    code: str
    max: float
    threshold: float
    measure: str
    zero: Literal["full", "none"] = "none"
    option: str = ""


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """The index as it holds from a day on."""

    from_: date = msgspec.field(name="from")
    basis: str
    groups: tuple[Group, ...]
    indicators: tuple[Indicator, ...]
    bands: tuple[Band, ...] = ()
    bands_evidence: str = "recalled"
    base: str = "received"


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator of one period: `points` is None when it could not be measured."""

    code: str
    label: Text
    max: float
    threshold: float
    numerator: int | None = None
    denominator: int | None = None
    points: float | None = None


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """The index of one period: known points of the points that could be known."""

    basis: str
    indicators: tuple[Points, ...]
    band: Text = {}

    @property
    def points(self) -> float:
        """Points of everything that could be measured."""
        return sum(one.points for one in self.indicators if one.points is not None)

    @property
    def known(self) -> float:
        """The most points that what was measured could give."""
        return sum(one.max for one in self.indicators if one.points is not None)

    @property
    def most(self) -> float:
        """The most points of all indicators."""
        return sum(one.max for one in self.indicators)


def points(indicator: Indicator, share: tuple[int, int] | None) -> float | None:
    """max when the ratio reaches the threshold, else in proportion; an empty denominator gives what is declared."""
    if share is None:
        return None
    numerator, denominator = share
    if denominator == 0:
        return indicator.max if indicator.zero == "full" else 0.0
    ratio = numerator / denominator
    return (
        indicator.max
        if ratio >= indicator.threshold
        else indicator.max * ratio / indicator.threshold
    )


def index(edition: Edition, shares: Shares) -> Index:
    """All indicators of an edition; the band only when everything was measured."""
    found = tuple(
        Points(
            code=one.code,
            label=one.label,
            max=one.max,
            threshold=one.threshold,
            numerator=(share := shares.get(one.measure)) and share[0],
            denominator=share and share[1],
            points=points(one, share),
        )
        for one in edition.indicators
    )
    made = Index(basis=edition.basis, indicators=found)
    if made.known < made.most:
        return made
    band = next((band for band in edition.bands if made.points >= band.from_), None)
    return msgspec.structs.replace(made, band=band.label if band else {})


def measures(
    facts: Iterable[Fact],
    period: Period,
    *,
    procedures: Iterable[Procedure] = (),
    synchronised: int | None = None,
    ratings: Mapping[str, int] | None = None,
) -> dict[str, tuple[int, int] | None]:
    """The shares that our own data can give.

    `synchronised` is how many of the dossiers received in the period the Portal has; `ratings` are satisfied and
    all. What depends on flags nobody filled is unknown.
    """
    all_facts = list(facts)
    received = [fact for fact in all_facts if period.holds(fact.received_at)]
    ended = [fact for fact in all_facts if period.holds(fact.ended_at)]
    settled = [fact for fact in ended if fact.state in ("settled", "returned")]
    published = list(procedures)
    online = [one for one in published if one.online in ("full", "partial")]
    used = {fact.procedure for fact in received if fact.channel == "online"}
    paying = [fact for fact in received if fact.asked_fee]
    return {
        "complete_parts": (sum(not one.missing() for one in published), len(published))
        if published
        else None,
        "synchronised": None if synchronised is None else (synchronised, len(received)),
        "on_time": (sum(on_time_by_index(fact, period) for fact in all_facts), len(all_facts)),
        "provided_online": (len(online), len(published))
        if published and all(one.online != "unknown" for one in published)
        else None,
        "online_with_dossiers": (sum(one.code in used for one in online), len(online))
        if online
        else None,
        "filed_online": (sum(fact.channel == "online" for fact in received), len(received)),
        "e_results": (sum(fact.e_result for fact in settled), len(settled)),
        "paid_online": _flagged(paying, "paid_online"),
        "digitised": _flagged(received, "digitised"),
        "vneid": _flagged(received, "vneid"),
        "from_store": _flagged(received, "from_store"),
        "satisfied": None
        if ratings is None
        else (ratings.get("satisfied", 0), ratings.get("all", 0)),
    }


def _flagged(facts: list[Fact], name: str) -> tuple[int, int] | None:
    """The share of a flag; None when it is not known of every dossier: what is not known is not a no."""
    values = [getattr(fact, name) for fact in facts]
    if any(value is None for value in values):
        return None
    return sum(values), len(values)


@lru_cache(maxsize=4)
def editions(home: Path | None = None) -> tuple[Edition, ...]:
    """All editions in their order; those of the data folder are added to the declared ones."""
    import yaml

    texts = [resources.files("lienthong").joinpath("declared", "index766.yaml").read_text("utf-8")]
    own = home / "index766.yaml" if home else None
    if own is not None and own.exists():
        texts.append(own.read_text("utf-8"))
    found = [
        edition
        for text in texts
        for edition in msgspec.convert(
            yaml.safe_load(text)["editions"], list[Edition], strict=False
        )
    ]
    return tuple(sorted(found, key=lambda edition: edition.from_))


def edition_for(period: Period, known: Iterable[Edition] | None = None) -> Edition:
    """The edition in force on the last day of a period; raises Refused before the first one."""
    fitting = [one for one in known or editions() if one.from_ <= period.last]
    if not fitting:
        raise Refused(
            "INDEX-EDITION",
            "No edition of the index was in force on %(day)s.",
            day=f"{period.last:%d/%m/%Y}",
        )
    return fitting[-1]
