"""One catchment as the databases see it: its people and what happened to them, its hospital, stations and visits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lienthong.synthetic.chance import chance
from lienthong.synthetic.facilities import Facility
from lienthong.synthetic.lives import Lives, Span, Stop
from lienthong.synthetic.parcels import Parcel, Tables
from lienthong.synthetic.visits import Visit, case_of, written


@dataclass
class Scene:
    """What emitters are given. `faults`: whether some senders may be late."""

    lives: Lives
    faults: bool = False
    sent: dict[str, Any] = field(default_factory=dict)

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

    def visits(self) -> Iterator[tuple[Stop, Visit]]:
        """Every visit of the hospital with its rows, in the order of their end."""
        for stop in self.lives.stops:
            random = chance(self.seed, "visit", stop.number)
            yield (
                stop,
                written(
                    case_of(
                        random, stop.number, stop.kind, self.hospital, stop.who, stop.condition,
                        stop.left, stop.nights, stop.children,
                    )
                ),
            )  # fmt: skip

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
