"""Shares as they are defined, exactly: numerator and denominator are named, and a cut moves them as the data say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import Literal, Protocol

import msgspec

from lienthong.findings import Text

Place = Literal["above", "inside", "below"]


class Share(msgspec.Struct, frozen=True):
    """A share as two whole numbers; `value` is its decimal to 28 digits, `exact` the fraction itself."""

    numerator: int
    denominator: int

    @property
    def exact(self) -> Fraction | None:
        """The fraction; None of nothing."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    @property
    def value(self) -> Decimal | None:
        """The decimal; None of nothing."""
        return Decimal(self.numerator) / Decimal(self.denominator) if self.denominator else None

    def written(self, places: int) -> Decimal | None:
        """Per cent with so many decimals, rounded half up as it is written."""
        if self.value is None:
            return None
        return (self.value * 100).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Numerator or denominator of a definition: what it counts and where it starts."""

    label: Text
    start: int


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One definition of a share, with what a cut of each kind does to both numbers."""

    name: str
    label: Text
    numerator: Part
    denominator: Part
    central: dict[str, tuple[int, int]]
    other: dict[str, tuple[int, int]]
    evidence: str
    source: str
    working: bool = False
    band: bool = False

    @property
    def start(self) -> Share:
        """The share before any cut of the ledger."""
        return Share(self.numerator.start, self.denominator.start)

    def after(self, cuts: Iterable[Leaving], start: Share | None = None) -> Share:
        """The share after cuts, from the start of the definition or another one."""
        share = start or self.start
        numerator, denominator = share.numerator, share.denominator
        for cut in cuts:
            up, down = (self.central if cut.central else self.other).get(cut.kind, (0, 0))
            numerator, denominator = numerator + up, denominator + down
        return Share(max(0, numerator), max(0, denominator))


class Leaving(Protocol):
    """All that a share needs of a cut."""

    @property
    def kind(self) -> str: ...
    @property
    def central(self) -> bool: ...


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """The target: two bounds, and with how many decimals of a per cent they are written."""

    low: Decimal = msgspec.field(name="from")
    high: Decimal = msgspec.field(name="to")
    written_places: int
    evidence: str
    label: Text

    def place(self, share: Share) -> Place | None:
        """Where a share lies, exactly."""
        return None if share.exact is None else self._place(share.exact)

    def place_as_written(self, share: Share) -> Place | None:
        """Where it lies when it is rounded as the target is written."""
        written = share.written(self.written_places)
        return None if written is None else self._place(Fraction(written) / 100)

    def _place(self, value: Fraction) -> Place:
        if value > Fraction(self.high):
            return "above"
        return "below" if value < Fraction(self.low) else "inside"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A reading of published numbers: the one that is taken, others, and rejected ones."""

    numerator: int
    denominator: int
    label: Text
    evidence: str
    taken: bool = False
    rejected: bool = False

    @property
    def share(self) -> Share:
        """What it gives."""
        return Share(self.numerator, self.denominator)


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of cut; one that leaves takes the procedure away from where it is settled now."""

    label: Text
    leaves: bool = False


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers from which all cuts are counted."""

    day: date
    total: int
    central: int
    evidence: str


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """declared/procedures/reduction/shares.yaml."""

    baseline: Baseline
    band: Band
    kinds: dict[str, Kind]
    definitions: tuple[Definition, ...]
    readings: tuple[Reading, ...]

    @property
    def working(self) -> Definition:
        """The definition in use."""
        return next(one for one in self.definitions if one.working)


@lru_cache(maxsize=1)
def shares() -> Shares:
    """The definitions as declared."""
    import yaml

    path = resources.files("lienthong").joinpath(
        "declared", "procedures", "reduction", "shares.yaml"
    )
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Shares, strict=False)


class Move(msgspec.Struct, frozen=True):
    """A cut that is only imagined."""

    kind: str = "decentralised"
    central: bool = True


def needed(
    definition: Definition, band: Band, start: Share, kind: str = "decentralised"
) -> tuple[int, int] | None:
    """How many more central procedures must leave so that the share, as written, is inside: (least, most).

    None when no number of them does.
    """
    inside = [
        count
        for count in range(start.numerator + 1)
        if band.place_as_written(definition.after([Move(kind)] * count, start)) == "inside"
    ]
    return (inside[0], inside[-1]) if inside else None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """The share from a day on: after what is done, then as forecast from what is planned."""

    day: date
    share: Share
    cuts: int
    forecast: bool


class Dated(Leaving, Protocol):
    """All that a forecast needs of a cut."""

    @property
    def done(self) -> date | None: ...
    @property
    def planned(self) -> date | None: ...
    @property
    def given_up(self) -> date | None: ...


def course(definition: Definition, cuts: Iterable[Dated], today: date, since: date) -> list[Point]:
    """The share day by day of change: cuts done count from their day, planned ones from theirs but not before today."""
    standing = [cut for cut in cuts if cut.given_up is None]
    by_day: dict[tuple[date, bool], list[Dated]] = {}
    for cut in standing:
        if cut.done is not None and cut.done <= today:
            by_day.setdefault((max(cut.done, since), False), []).append(cut)
        elif day := cut.done or cut.planned:
            by_day.setdefault((max(day, today), True), []).append(cut)
    share = definition.start
    points = [Point(day=since, share=share, cuts=0, forecast=False)]
    for (day, forecast), those in sorted(by_day.items(), key=lambda item: (item[0][1], item[0][0])):
        share = definition.after(those, share)
        points.append(Point(day=day, share=share, cuts=len(those), forecast=forecast))
    return points


def started(counts: Mapping[str, int]) -> Share:
    """A share from counts {central, total}: the agreed list instead of the report."""
    return Share(counts["central"], counts["total"])
