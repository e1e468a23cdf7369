"""One country: a population from whose lives the submissions of all databases follow, with planted faults.

It is gone through a catchment at a time, each decided by the seed alone, so memory holds one catchment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from importlib import import_module
from importlib.util import find_spec

from lienthong.contracts.contract import Contract
from lienthong.contracts.reading import declared_contracts
from lienthong.records.store import layout
from lienthong.synthetic import across_faults
from lienthong.synthetic.chance import declared
from lienthong.synthetic.databases import unknown
from lienthong.synthetic.events import Span
from lienthong.synthetic.facilities import Facility, facility
from lienthong.synthetic.households import Catchment, catchments
from lienthong.synthetic.judging import Judge, judge
from lienthong.synthetic.ledger import Fault
from lienthong.synthetic.lives import lives
from lienthong.synthetic.parcels import Parcel, numbered
from lienthong.synthetic.planting import plant
from lienthong.synthetic.scene import Scene

ORDER = (
    "practice", "workforce", "medicines", "devices", "food_safety", "traditional_medicine", "social_assistance",
    "vital_events", "care", "mother_child", "prevention", "personal_health",
)  # fmt: skip
"""Registers come before what refers to them; contracts that are not named here come last."""

Emitter = Callable[[Scene], Iterator[Parcel]]


@dataclass(frozen=True)
class Nation:
    """So many citizens over so many days, the last parcel sent at `until`. The same seed and size: the same country.

    `small`: what is rare happens more often than in life, so that a few thousand people show everything.
    `contracts` names the databases (empty: the twelve), `own` the files of those that the program has not;
    `kinds` the kinds of faults (("all",): all of them, often);
    `hospitals_only`: only the catchments of so many hospitals (0: all).
    """

    seed: int
    citizens: int
    until: datetime
    days: int = 30
    small: bool = False
    faults: bool = True
    contracts: tuple[str, ...] = ()
    own: tuple[tuple[str, str], ...] = ()
    kinds: tuple[str, ...] = ()
    hospitals_only: int = 0

    @cached_property
    def span(self) -> Span:
        """The days."""
        many = tuple(declared("life")["many"].items()) if self.small else ()
        return Span(until=self.until, days=self.days, many=many)

    @property
    def catchments(self) -> tuple[Catchment, ...]:
        """Where the citizens live, and which hospital serves them."""
        found = catchments(self.seed, self.citizens)
        return found[: self.hospitals_only or None]

    @property
    def hospitals(self) -> tuple[Facility, ...]:
        """The hospitals of the country, 01999 first."""
        return tuple(facility(self.seed, one.hospital) for one in self.catchments)

    @property
    def names(self) -> tuple[str, ...]:
        """The databases in the order of their sending."""
        known = declared_contracts()
        return self.contracts or tuple(name for name in ORDER if name in known)

    def judge(self, name: str) -> Judge:
        """The rules of a database of the country."""
        return judge(dict(self.own).get(name, name))

    def contract(self, name: str) -> Contract:
        """What a database of the country promises."""
        return self.judge(name).contract

    def units(self, parcel: Parcel) -> int:
        """How many units of acceptance a parcel holds: its visits, else the rows of the tables that open one."""
        visits = parcel.facts.get("visits")
        if isinstance(visits, list):
            return len(visits)
        roots = {root.name for root in layout.roots(self.contract(parcel.contract))}
        return sum(count for name, count in parcel.rows.items() if name in roots)

    def parcels(self, catchment: Catchment) -> Iterator[tuple[Parcel, list[Fault]]]:
        """Everything that the senders of a catchment send, database by database, with what is wrong in it."""
        made = lives(self.seed, catchment, self.span)
        scene = Scene(made, faults=self.faults)
        for parcel in numbered(self._clean(scene)):
            yield plant(self, parcel, scene) if self.faults else (parcel, [])
        if self.faults:
            for parcel, fault in across_faults.plant(scene):
                if parcel.contract in self.names:
                    yield parcel, [fault] if fault else []

    def _clean(self, scene: Scene) -> Iterator[Parcel]:
        for name in self.names:
            yield from emitter(name, dict(self.own).get(name, name))(scene)


def emitter(contract: str, source: str) -> Emitter:
    """What tells the lives of a catchment under a contract (`source`: its name or file)."""
    module = f"lienthong.synthetic.databases.{contract}"
    if contract == source and contract in ORDER and find_spec(module) is not None:
        found: Emitter = import_module(module).emit
        return found
    return partial(unknown.emit, name=contract, source=source)
