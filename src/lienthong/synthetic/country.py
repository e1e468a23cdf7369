"""A country's submissions in the order of their sending: who sends which visits when, and with which planted faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from lienthong.synthetic.chance import chance
from lienthong.synthetic.facilities import Facility, facilities
from lienthong.synthetic.visits import Visit, visit


@dataclass(frozen=True)
class Sending:
    """One file that one facility sends at one moment (`sent`: Vietnam local time, naive) with visits
    `first` to `first + count - 1`."""

    name: str
    facility: Facility
    sent: datetime
    first: int
    count: int
    late: timedelta = timedelta(0)


@dataclass(frozen=True)
class Country:
    """So many visits over so many days, the last file sent at `until`. The same seed and `until` give the
    same country."""

    seed: int
    visits: int
    until: datetime
    days: int = 1
    per_file: int = 25
    faults: bool = True
    kinds: tuple[str, ...] = field(default=())

    @cached_property
    def facilities(self) -> tuple[Facility, ...]:
        """The hospitals that send, 01999 first."""
        return facilities(self.seed)

    @cached_property
    def files(self) -> int:
        """How many envelopes there will be."""
        return -(-self.visits // self.per_file)

    def sendings(self) -> Iterator[Sending]:
        """Every envelope, oldest first; every facility in turn, each day about as many as any other."""
        for place in range(self.files):
            day = place * self.days // self.files
            back = self.days - 1 - day
            random = chance(self.seed, "sending", place)
            sent = self.until
            if back:
                minutes = random.randint(0, 240)
                sent = (self.until - timedelta(days=back)).replace(hour=14, minute=0) + timedelta(
                    minutes=minutes
                )
            first = place * self.per_file
            hospital = self.facilities[place % len(self.facilities)]
            late = timedelta(0)
            if self.faults and hospital.factor > 1 and random.random() < 0.15:
                late = timedelta(days=15)
            yield Sending(
                name=f"care-{sent:%Y%m%d}-{hospital.code}-{place:06d}.xml", facility=hospital, sent=sent, first=first,
                count=min(self.per_file, self.visits - first), late=late,
            )  # fmt: skip

    def clean(self, sending: Sending) -> Iterator[Visit]:
        """The visits of one envelope before any fault is planted."""
        for number in range(sending.first, sending.first + sending.count):
            yield visit(
                self.seed, number, sending.facility, sending.sent - sending.late, self.until.date(),
                place=number - sending.first,
            )  # fmt: skip
