"""A year of invented dossiers in 34 provinces, under the procedures that are in force, by the people of the country."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

import psycopg

from lienthong import clock
from lienthong.access import operator
from lienthong.dossiers import bulk
from lienthong.dossiers.dossier import Filing, terms_of
from lienthong.dossiers.history import Event
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
from lienthong.synthetic.agencies import Unit, units
from lienthong.synthetic.applicants import Applicants
from lienthong.synthetic.chance import Weighted, chance, declared
from lienthong.synthetic.dossier_lives import Life, Setting
from lienthong.synthetic.places import places

TOGETHER = 1_000
"""Dossiers between two steps of the progress bar."""

Lived = tuple[Filing, Sequence[Event]]


@dataclass(frozen=True)
class Year:
    """So many dossiers filed in the `days` before `until`. The same seed and moment: the same dossiers.

    `holders` are accounts that work on the dossiers of a unit, by its code; `clerks` receive them, `heads` decide.
    """

    seed: int
    until: datetime
    citizens: int
    procedures: tuple[Procedure, ...]
    count: int = 0
    holders: tuple[tuple[str, tuple[str, ...]], ...] = ()
    clerks: tuple[tuple[str, str], ...] = ()
    heads: tuple[tuple[str, str], ...] = ()

    @cached_property
    def facts(self) -> Any:
        """The assumed shares."""
        return declared("dossiers")

    @cached_property
    def _units(self) -> dict[str, Weighted[Unit]]:
        """Units by level; those of a province weigh as much as it has communes."""
        found: dict[str, list[Unit]] = {}
        for one in units(self.seed):
            found.setdefault(one.level, []).append(one)
        sizes = {code: len(communes) for code, communes in places().communes.items()}
        return {
            level: Weighted(those, [sizes.get(one.province, 1) for one in those])
            for level, those in found.items()
        }

    @cached_property
    def _lateness(self) -> dict[str, float]:
        """How much later than others each province and unit of the ministry is."""
        factors = self.facts["factors"]
        return {
            key: chance(self.seed, f"lateness/{key}").choice(factors)
            for key in sorted({one.province or one.code for one in units(self.seed)})
        }

    @cached_property
    def _asked(self) -> dict[tuple[str, bool], Weighted[Procedure]]:
        """What is asked for at each level, with a known limit or without; a few things often, many rarely."""
        found: dict[tuple[str, bool], list[Procedure]] = {}
        for one in self.procedures:
            for level in one.levels:
                found.setdefault((level, bool(one.limits)), []).append(one)
        return {
            key: Weighted.zipf(_shuffled(self.seed, key, those)) for key, those in found.items()
        }

    @cached_property
    def _people(self) -> Applicants:
        return Applicants(self.seed, self.citizens, clock.local(self.until).date())

    def dossiers(self) -> Iterator[Lived]:
        """Every dossier with what happened to it, oldest filing first."""
        count = self.count or self.facts["dossiers"]
        moments = sorted(
            (self._filed(chance(self.seed, "filed", at), at / count), at) for at in range(count)
        )
        for filed, at in moments:
            yield self._one(chance(self.seed, "dossier", at), filed)

    def _filed(self, random: Random, place: float) -> datetime:
        """A moment of the year: more towards its end, most of them in working hours."""
        # Filings grow steadily: their density at the share t of the year is 1 + growth t, of which this is the inverse.
        growth = self.facts["growth"]
        share = (math.sqrt(1 + 2 * growth * place * (1 + growth / 2)) - 1) / growth
        back = self.facts["days"] * (1 - share)
        day = clock.local(self.until - timedelta(days=back))
        if not clock.is_working_day(day.date()) and random.random() < 0.85:
            day -= timedelta(days=random.randint(1, 3))
        minute = int(random.triangular(7 * 60, 17 * 60, 9 * 60))
        made = day.replace(
            hour=minute // 60, minute=minute % 60, second=random.randint(0, 59), microsecond=0
        )
        return min(made, clock.local(self.until))

    def _one(self, random: Random, filed: datetime) -> Lived:
        facts = self.facts
        level = Weighted(list(facts["levels"]), list(facts["levels"].values())).draw(random)
        unit = self._units[level].draw(random)
        known = random.random() * 100 < facts["known_limits"]
        asked = (self._asked.get((level, known)) or self._asked[level, not known]).draw(random)
        shares = facts["channels"][level]
        channel = Weighted(list(shares), list(shares.values())).draw(random)
        filed = (
            _any_hour(random, filed, self.until)
            if channel == "online"
            else _in_hours(random, filed)
        )
        province = unit.province or self._people.province(random)
        portal = channel == "online" and random.random() * 100 < facts["from_portal"]
        elsewhere = (
            channel == "direct"
            and level == "province"
            and random.random() * 100 < facts["elsewhere"]
        )
        desk = self._units[level].draw(random).code if elsewhere else unit.code
        case = next((limit.case for limit in asked.limits if limit.case), "")
        filing = Filing(
            procedure=asked.code, unit=unit.code, channel=channel, filed_at=filed, received_by=desk, case=case,
            applicant=self._people.draw(random, province, institution=level != "commune" and random.random() < 0.4)
            | {
                "digitised": random.random() * 100 < facts["digitised"][channel],
                "vneid": channel == "online" and random.random() * 100 < facts["vneid"],
            },
            province=province, origin="portal" if portal else "desk",
            central=level == "ministry",
        )  # fmt: skip
        return filing, Life(random, filed, self.until, self._setting(filing, asked, unit)).lived()

    def _setting(self, filing: Filing, asked: Procedure, unit: Unit) -> Setting:
        return Setting(
            terms=terms_of(asked, filing.channel, filing.case, filing.clock),
            online=filing.channel == "online",
            unit=unit.code,
            lateness=self._lateness[unit.province or unit.code],
            components=[one.name["vi"] for one in asked.components],
            result=asked.results[0].name["vi"] if asked.results else asked.name["vi"],
            result_code=(asked.results[0].code if asked.results else "")
            or self.facts["result_code"],
            holders=dict(self.holders).get(unit.code) or (f"thuly.{unit.code.lower()}",),
            clerk=dict(self.clerks).get(unit.code, ""),
            head=dict(self.heads).get(unit.code, ""),
        )


def load(
    conn: psycopg.Connection[Any],
    year: Year,
    advance: Callable[[int], object] = lambda count: None,
) -> int:
    """Keep the dossiers of a year in the caller's transaction; returns how many. `advance` hears of each thousand."""

    def heard() -> Iterator[Lived]:
        for at, one in enumerate(year.dossiers(), 1):
            yield one
            if at % TOGETHER == 0:
                advance(TOGETHER)

    return len(bulk.keep_many(conn, operator(), heard(), act="dossier.invented"))


def in_force(conn: psycopg.Connection[Any], since: date, until: date) -> tuple[Procedure, ...]:
    """The procedures that were in force all that time, as they are now."""
    codes = [
        code
        for (code,) in conn.execute(
            "SELECT code FROM procedures.version WHERE status IN ('published', 'abolished')"
            " GROUP BY code HAVING min(valid_from) <= %s AND bool_or(valid_to IS NULL) ORDER BY code",
            [since],
        ).fetchall()
    ]
    return tuple(catalogue.in_force(conn, code, until).procedure for code in codes)


def _any_hour(random: Random, filed: datetime, until: datetime) -> datetime:
    """Online, one in four files outside the hours of the office."""
    if random.random() < 0.25:
        filed = filed.replace(hour=random.choice((6, 12, 18, 19, 20, 21, 22)))
    return min(filed, clock.local(until))


def _in_hours(random: Random, filed: datetime) -> datetime:
    return clock.add_working_hours(filed, random.uniform(0.01, 0.5)).replace(microsecond=0)


def _shuffled(seed: int, key: tuple[str, bool], those: list[Procedure]) -> list[Procedure]:
    found = sorted(those, key=lambda one: one.code)
    chance(seed, f"asked/{key}").shuffle(found)
    return found
