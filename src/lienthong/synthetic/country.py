"""A country's submissions in the order of their sending: who sends which visits when, and with which planted faults."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from random import Random

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
class Register:
    """One register that one facility sends: all tables of `practice`, or births or deaths `first` to
    `first + count - 1`."""

    name: str
    contract: str
    table: str
    facility: Facility
    sent: datetime
    first: int = 0
    count: int = 0


@dataclass(frozen=True)
class Country:
    """So many visits over so many days, the last file sent at `until`. The same seed and `until` give the
    same country."""

    seed: int
    visits: int
    until: datetime
    days: int = 1
    per_file: int = 25
    first: int = 0
    registers: int = 0
    per_old_province: int = 2
    faults: bool = True
    kinds: tuple[str, ...] = field(default=())

    @cached_property
    def facilities(self) -> tuple[Facility, ...]:
        """The hospitals of the country, 01999 first."""
        return facilities(self.seed, per_old_province=self.per_old_province)

    @cached_property
    def senders(self) -> tuple[Facility, ...]:
        """Those that do send."""
        return tuple(hospital for hospital in self.facilities if not hospital.silent)

    @cached_property
    def files(self) -> int:
        """How many envelopes there will be."""
        return -(-self.visits // self.per_file)

    def sendings(self) -> Iterator[Sending]:
        """Every envelope, oldest first; every facility in turn, half of them in the last quarter of the days."""
        for place in range(self.files):
            random = chance(self.seed, "sending", place)
            sent = self._sent(int(self.days * (1 - (1 - place / self.files) ** 2)), random)
            first = self.first + place * self.per_file
            hospital = self.senders[place % len(self.senders)]
            late = timedelta(0)
            if self.faults and hospital.factor > 1 and random.random() < 0.15:
                late = timedelta(days=15)
            yield Sending(
                name=f"care-{sent:%Y%m%d}-{hospital.code}-{place:06d}.xml", facility=hospital, sent=sent, first=first,
                count=min(self.per_file, self.first + self.visits - first), late=late,
            )  # fmt: skip

    def clean(self, sending: Sending) -> Iterator[Visit]:
        """The visits of one envelope before any fault is planted."""
        for number in range(sending.first, sending.first + sending.count):
            yield visit(
                self.seed, number, sending.facility, sending.sent - sending.late, self.until.date(),
                place=number - sending.first,
            )  # fmt: skip

    def _sent(self, day: int, random: Random) -> datetime:
        """A moment of the afternoon of that day of the run; on its last day `until` itself."""
        back = self.days - 1 - day
        if not back:
            return self.until
        return (self.until - timedelta(days=back)).replace(hour=14, minute=0, second=0) + timedelta(
            minutes=random.randint(0, 240)
        )

    def register_sendings(self) -> Iterator[Register]:
        """Registers of staff once for each facility, births and deaths in several kinds of file."""
        for place in range(self.registers):
            hospital = self.senders[place % len(self.senders)]
            random = chance(self.seed, "register", place)
            for contract, table, suffix in (
                ("practice", "practice", "xlsx"),
                ("vital_events", "birth_certificates", random.choice(("jsonl", "csv", "parquet"))),
                ("vital_events", "death_notices", random.choice(("jsonl", "csv"))),
            ):
                sent = self._sent(random.randrange(self.days), random)
                yield Register(
                    name=f"{table}-{sent:%Y%m%d}-{hospital.code}-{place:06d}.{suffix}", contract=contract, table=table,
                    facility=hospital, sent=sent, first=place * 20, count=random.randint(6, 20),
                )  # fmt: skip

    def everything(self) -> Iterator[Sending | Register]:
        """Envelopes and registers in the order of their sending; only the registers are held in memory."""
        return heapq.merge(
            self.sendings(),
            sorted(self.register_sendings(), key=lambda one: one.sent),
            key=lambda one: one.sent.date(),
        )
