"""One population: households in communes, each commune in the catchment of one hospital.

A household is made from its own position alone, so the country can be gone through a catchment at a time and
memory does not grow with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from lienthong.synthetic.chance import Weighted, chance, declared
from lienthong.synthetic.facilities import EXAMPLE
from lienthong.synthetic.people import FEMALE, MALE, Home, Person, home_of, resident
from lienthong.synthetic.places import Commune, places

SLOTS = 10
"""Numbers kept for each household: members from 0, children born within the days from BABIES."""
BABIES = 7
FIRST_HOUSEHOLD = 1_000


def department_code(hospital: str) -> str:
    """The code under which the health department of the province sends what happens around a hospital."""
    return f"{hospital[:2]}SYT{hospital[2:]}"


@dataclass(frozen=True)
class Catchment:
    """The people whom one hospital serves: `communes` with their stations, `households` in all."""

    place: int
    hospital: str
    province: str
    communes: tuple[Commune, ...]
    households: int

    def stations(self) -> tuple[str, ...]:
        """Codes of the commune health stations, in the order of `communes`."""
        return tuple(
            station_code(self.hospital, self.place, at) for at in range(len(self.communes))
        )


@dataclass(frozen=True)
class Household:
    """People under one roof. `moved` is the day on which they came from `before`."""

    number: int
    home: Home
    members: tuple[Person, ...]
    couple: tuple[Person, Person] | None = None
    children: tuple[Person, ...] = ()
    moved: date | None = None
    before: Home | None = None


def station_code(hospital: str, place: int, at: int) -> str:
    """The five characters of a commune health station: the province of its hospital, a letter, and a number."""
    serial = place * 8 + at
    return f"{hospital[:2]}{'TUVXY'[serial // 100 % 5]}{serial % 100:02d}"


@lru_cache(maxsize=8)
def catchments(seed: int, citizens: int) -> tuple[Catchment, ...]:
    """All catchments of a country of so many people: at least one in each of the 34 provinces, and 01999."""
    facts = declared("life")["catchment"]
    provinces = sorted(places().provinces)
    count = max(len(provinces) + 1, -(-citizens // facts["hospital"]))
    share = citizens / count
    each = max(1, round(share / facts["commune"]))
    turns: dict[str, int] = {}
    found = []
    for place, code in enumerate(_codes(count)):
        province = places().old_provinces[code[:2]]
        communes = _shuffled(seed, province)
        first = turns.get(province, 0)
        turns[province] = first + each
        found.append(
            Catchment(
                place=place,
                hospital=code,
                province=province,
                communes=tuple(communes[(first + at) % len(communes)] for at in range(each)),
                households=max(1, round(share / declared("life")["size"])),
            )
        )
    return tuple(found)


def _codes(count: int) -> list[str]:
    """01999, the first hospital of each province, then further ones of every old province in turn."""
    codes = [EXAMPLE]
    codes += [f"{places().prefixes[province][0]}001" for province in sorted(places().provinces)]
    taken = set(codes)
    serial = 1
    while len(codes) < count:
        more = [f"{old}{serial:03d}" for old in sorted(places().old_provinces)]
        codes += [code for code in more if code not in taken]
        serial += 1
    return codes[:count]


@lru_cache(maxsize=256)
def _shuffled(seed: int, province: str) -> tuple[Commune, ...]:
    communes = list(places().communes[province])
    chance(seed, f"communes/{province}").shuffle(communes)
    return tuple(communes)


def households(seed: int, catchment: Catchment, on: date) -> Iterator[tuple[int, Household]]:
    """Every household of a catchment with the place of its commune, as it is on the day `on`."""
    for at in range(catchment.households):
        commune = at % len(catchment.communes)
        yield commune, household(seed, catchment, at, on)


def household(seed: int, catchment: Catchment, at: int, on: date) -> Household:
    """Household `at` of a catchment on the day `on`."""
    number = FIRST_HOUSEHOLD + catchment.place * (catchment.households + 1) + at
    random = chance(seed, "household", number)
    kind = _kinds().draw(random)
    commune = catchment.communes[at % len(catchment.communes)]
    home = home_of(random, catchment.province, commune)
    maker = _Maker(random, number * SLOTS, home, on)
    low, high = kind["ages"]
    made = getattr(maker, kind["kind"])(random.randint(low, high))
    moved, before = None, None
    if random.random() * 100 < declared("life")["moved"]:
        moved = on - timedelta(days=random.randint(5, 360))
        other = random.choice(places().communes[catchment.province])
        before = replace(home_of(random, catchment.province, other), family=home.family)
    return Household(number=number, home=home, moved=moved, before=before, **made)


@lru_cache
def _kinds() -> Weighted[dict[str, Any]]:
    kinds = declared("life")["households"]
    return Weighted(kinds, [kind["share"] for kind in kinds])


class _Maker:
    """Makes the members of one household, numbered from its first number."""

    def __init__(self, random: Random, first: int, home: Home, on: date) -> None:
        self.random, self.first, self.home, self.on = random, first, home, on
        self.made = 0

    def single(self, age: int) -> dict[str, Any]:
        return {"members": (self._one(age),)}

    def elders(self, age: int) -> dict[str, Any]:
        man, woman = self._pair(age)
        return {"members": (man, woman), "couple": (man, woman)}

    def couple(self, age: int) -> dict[str, Any]:
        man, woman = self._pair(age)
        return {"members": (man, woman), "couple": (man, woman)}

    def family(self, age: int) -> dict[str, Any]:
        man, woman = self._pair(age)
        children = self._children(woman)
        more: tuple[Person, ...] = ()
        if self.random.random() * 100 < declared("life")["grandparent"]:
            more = (self._one(min(95, max(age, 30) + self.random.randint(21, 34))),)
        return {
            "members": (man, woman, *children, *more),
            "couple": (man, woman),
            "children": children,
        }

    def one_parent(self, age: int) -> dict[str, Any]:
        parent = self._one(age, sex=FEMALE if self.random.random() < 0.8 else MALE)
        children = self._children(parent)[:2]
        return {"members": (parent, *children), "children": children}

    def _pair(self, age: int) -> tuple[Person, Person]:
        low, high = declared("life")["years_between_spouses"]
        man = self._one(max(20, age + self.random.randint(low, high)), sex=MALE)
        return man, self._one(max(19, age), sex=FEMALE, own_family=True)

    def _children(self, parent: Person) -> tuple[Person, ...]:
        low, high = declared("life")["mothers"]
        age = parent.age(self.on)
        oldest = min(age - low, 17)
        if oldest < 0:
            return ()
        youngest = max(0, age - high)
        if youngest > oldest:
            return ()
        count = self.random.choice(declared("life")["children"])
        ages = sorted(
            {self.random.randint(youngest, oldest) for _ in range(count)}, reverse=True
        )  # one a year at most
        return tuple(self._one(age) for age in ages)

    def _one(self, age: int, *, sex: str | None = None, own_family: bool = False) -> Person:
        """A member of that age in full years; wives keep the name of their own family."""
        number = self.first + self.made
        self.made += 1
        born = _birthday(self.on, age) - timedelta(days=self.random.randint(1, 364))
        return resident(self.random, number, self.home, born, self.on, sex=sex, own=own_family)


def _birthday(on: date, age: int) -> date:
    """The day on which somebody who turns that age today was born (28 February stands for the 29th)."""
    return on.replace(year=on.year - age, day=28 if (on.month, on.day) == (2, 29) else on.day)
