"""One catchment as the databases see it: its people and what happened to them, its hospital, stations and visits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from random import Random

from lienthong.synthetic import programmes
from lienthong.synthetic.anything import Around, filler_of
from lienthong.synthetic.chance import chance
from lienthong.synthetic.events import Span, Stop
from lienthong.synthetic.facilities import Facility
from lienthong.synthetic.households import department_code
from lienthong.synthetic.lines import Row
from lienthong.synthetic.lives import Lives
from lienthong.synthetic.parcels import Parcel, Tables
from lienthong.synthetic.people import Person
from lienthong.synthetic.visits import Visit, case_of, written


@dataclass
class Scene:
    """What emitters are given. `faults`: whether some are late; `spoiled`: keys of what carries a fault already;
    `certified`: mothers and days of the birth certificates that are kept, with
    their numbers; `waiting`: mothers of those that wait."""

    lives: Lives
    faults: bool = False
    spoiled: set[str] = field(default_factory=set)
    certified: dict[tuple[str, str], str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)

    @property
    def seed(self) -> int:
        """The seed of the country."""
        return self.lives.seed

    @property
    def span(self) -> Span:
        """The days of the country."""
        return self.lives.span

    @property
    def hospital(self) -> Facility:
        """The hospital of the catchment."""
        return self.lives.hospital

    def opening(self, turn: int) -> datetime:
        """A moment of the first morning for registers: `turn` says in which order they come."""
        begun = datetime.combine(self.span.first, datetime.min.time()) + timedelta(hours=6)
        return begun + timedelta(minutes=20 * turn + self.lives.catchment.place % 20)

    @cached_property
    def made(self) -> list[tuple[Stop, Visit]]:
        """Every visit of the hospital with its rows, in the order of their end. Copy before changing."""
        made = []
        for stop in self.lives.stops:
            visit = written(
                case_of(
                    chance(self.seed, "visit", stop.number), stop.number, stop.kind, self.hospital, stop.who,
                    stop.condition, stop.left, stop.nights, stop.children,
                )
            )  # fmt: skip
            programmes.add(self, stop, visit)
            made.append((stop, visit))
        return made

    def visits(self) -> Iterator[tuple[Stop, Visit]]:
        """Copies of the visits, so that faults can be planted in them."""
        for stop, made in self.made:
            tables = {name: [dict(row) for row in rows] for name, rows in made.tables.items()}
            yield stop, Visit(made.key, made.facility, made.number, tables)

    @property
    def silent(self) -> bool:
        """Whether the hospital never sends anything."""
        return self.hospital.silent

    @property
    def department(self) -> str:
        """The code under which the health department of the province sends."""
        return department_code(self.hospital.code)

    def closing(self, turn: int) -> datetime:
        """A moment of the last day for what is told at the end."""
        return self.span.until - timedelta(minutes=30 + turn + self.lives.catchment.place % 20)

    def random(self, about: str, position: int = 0) -> Random:
        """Decisions about one thing of this catchment."""
        return chance(self.seed, f"{about}/{self.lives.catchment.place}", position)

    def whole(
        self, contract: str, known: Mapping[str, Sequence[Row]], at: datetime, sender: str,
        who: Sequence[Person] = (),
    ) -> Tables:  # fmt: skip
        """Rows of which some cells are known, completed and mended; what cannot be right is left out."""
        filler = filler_of(contract)
        random = self.random(f"whole/{contract}", len(known))
        persons = list(who) or [self.hospital.head.person]
        around = [
            Around(random=random, at=at, who=one, facility=self.hospital.code, worker=self.hospital.head.licence)
            for one in persons
        ]  # fmt: skip
        tables: Tables = {}
        for name, rows in known.items():
            table = filler.contract.table(name)
            if table is not None and rows:
                tables[name] = [
                    filler.row(table, around[place % len(around)], row, sparse=True)
                    for place, row in enumerate(rows)
                ]
        return filler.mended(tables, around, at, sender)

    def parcel(
        self, contract: str, sender: Facility | str, tables: Tables, sent: datetime, *, posted: bool = False,
        form: str = "xlsx", late: timedelta = timedelta(0), facts: Mapping[str, object] | None = None,
    ) -> Parcel:  # fmt: skip
        """A parcel of somebody in this catchment."""
        code = sender if isinstance(sender, str) else sender.code
        return Parcel(
            contract=contract, sender=code, province=self.lives.catchment.province, sent=sent, tables=tables,
            posted=posted, form=form, factor=self.hospital.factor, late=late, facts=facts or {},
        )  # fmt: skip
