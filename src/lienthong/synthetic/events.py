"""What can happen to the people of the country, as facts: each is decided once, and every database tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lienthong.synthetic.people import Person
from lienthong.synthetic.visits import Newborn

YEAR = 365.25


@dataclass(frozen=True)
class Span:
    """The days of which we speak: `days` full days up to `until` (Vietnam local time, naive)."""

    until: datetime
    days: int
    many: tuple[tuple[str, float], ...] = ()

    @property
    def first(self) -> date:
        """The first day."""
        return (self.until - timedelta(days=self.days - 1)).date()

    @property
    def on(self) -> date:
        """The last day, of which ages are told."""
        return self.until.date()

    def expected(self, what: str, yearly: float, days: float | None = None) -> float:
        """How often something happens that happens so often in a year."""
        return yearly * (self.days if days is None else days) / YEAR * dict(self.many).get(what, 1)


@dataclass(frozen=True)
class Contact:
    """One antenatal examination in a week of the pregnancy."""

    at: datetime
    week: int
    number: int


@dataclass(frozen=True)
class Birth:
    """One delivery: `children` in their order, `weeks` of pregnancy, `order` of this birth for the mother."""

    at: datetime
    children: tuple[Newborn, ...]
    weeks: int
    order: int
    surgical: bool
    left: datetime

    @property
    def early(self) -> bool:
        """Before week 32."""
        return self.weeks < 32


@dataclass(frozen=True)
class Pregnancy:
    """A pregnancy that ended within the days (`birth`) or goes on."""

    mother: Person
    father: Person | None
    last_period: date
    due: date
    contacts: tuple[Contact, ...]
    station: str
    order: int
    birth: Birth | None = None


@dataclass(frozen=True)
class Death:
    """A death in the hospital."""

    who: Person
    number: int
    arrived: datetime
    at: datetime
    code: str
    cause: str


@dataclass(frozen=True)
class Stop:
    """A visit of the hospital that is still to be written: it ended at `left`."""

    who: Person
    number: int
    kind: str
    condition: dict[str, Any]
    left: datetime
    nights: int = 0
    children: tuple[Newborn, ...] = ()

    @property
    def come(self) -> date:
        """The day of arrival."""
        return (self.left - timedelta(days=self.nights)).date()


@dataclass(frozen=True)
class Outbreak:
    """People of one commune whom one meal made ill; each came to the hospital (`numbers` of their visits)."""

    number: int
    commune: int
    meal: datetime
    numbers: tuple[int, ...]
