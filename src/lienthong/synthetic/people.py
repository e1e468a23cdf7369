"""Invented people: names by real frequencies, households, personal numbers that agree with sex, birth year
and province.

A personal number is three digits of the province of birth registration (old codes), one of century and
sex, two of the birth year and six without meaning; there is no check digit (Decree 137/2015, Circular 59/2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from lienthong.synthetic.chance import Weighted, chance, declared
from lienthong.synthetic.places import Commune, places

MALE, FEMALE = "1", "2"


@dataclass(frozen=True)
class Person:
    """One invented person. `born` is a date; `card` is empty for the uninsured; codes are text."""

    number: int
    name: str
    sex: str
    born: date
    cccd: str
    bhxh: str
    card: str
    ethnicity: str
    province: str
    commune: str
    address: str
    phone: str
    blood: str
    weight: str

    def age(self, on: date) -> int:
        """Full years on that day."""
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))


@lru_cache
def _draws() -> dict[str, Any]:
    names, facts = declared("names"), declared("people")
    middle, given = names["middle"], names["given"]
    return {
        "family": Weighted(list(names["family"]), list(names["family"].values())),
        "middle": {MALE: Weighted.zipf(middle["male"]), FEMALE: Weighted.zipf(middle["female"])},
        "given": {MALE: Weighted.zipf(given["male"]), FEMALE: Weighted.zipf(given["female"])},
        "ages": Weighted(
            [band[:2] for band in facts["age_bands"]], [band[2] for band in facts["age_bands"]]
        ),
        "ethnicity": Weighted(list(facts["ethnicities"]), list(facts["ethnicities"].values())),
    }


def person(
    seed: int,
    number: int,
    province: str,
    on: date,
    *,
    ages: tuple[int, int] | None = None,
    sex: str | None = None,
) -> Person:
    """The person of that number, living in that province (code of today); `ages` are full years on the day `on`."""
    random = chance(seed, "person", number)
    draws, facts = _draws(), declared("people")
    sex = sex or (MALE if random.random() < 0.49 else FEMALE)
    low, high = ages or draws["ages"].draw(random)
    born = on - timedelta(days=random.randint(max(low * 366, 90), high * 365 + 364))
    home = chance(seed, f"home/{province}", number // facts["household"])
    family = draws["family"].draw(home)
    commune = home.choice(places().communes[province])
    street, house = home.choice(facts["streets"]), home.randint(1, 300)
    phone = f"0{home.choice('35789')}{home.randint(0, 99_999_999):08d}"
    prefix = _prefix(random, province, facts["born_elsewhere"])
    bhxh = f"{prefix}{(number * 31 + 7) % 100_000_000:08d}"
    return Person(
        number=number,
        name=f"{family} {draws['middle'][sex].draw(random)} {draws['given'][sex].draw(random)}",
        sex=sex,
        born=born,
        cccd=personal_number(prefix, sex, born.year, (number * 7919 + 101) % 1_000_000),
        bhxh=bhxh,
        card=_card(random, (on - born).days // 365.25, prefix, bhxh),
        ethnicity=draws["ethnicity"].draw(random),
        province=province,
        commune=commune.code,
        address=f"Số {house} đường {street}, {commune.name}, {places().provinces[province]}",
        phone=phone,
        blood=random.choice(facts["blood"]),
        weight=_weight(random, (on - born).days),
    )


@dataclass(frozen=True)
class Home:
    """Where a household lives, its family name and its telephone."""

    family: str
    province: str
    commune: str
    address: str
    phone: str
    ethnicity: str


def home_of(random: Random, province: str, commune: Commune) -> Home:
    """A home in that commune."""
    facts = declared("people")
    street, house = random.choice(facts["streets"]), random.randint(1, 300)
    return Home(
        family=_draws()["family"].draw(random),
        province=province,
        commune=commune.code,
        address=f"Số {house} đường {street}, {commune.name}, {places().provinces[province]}",
        phone=f"0{random.choice('35789')}{random.randint(0, 99_999_999):08d}",
        ethnicity=_draws()["ethnicity"].draw(random),
    )


def resident(random: Random, number: int, home: Home, born: date, on: date, *,
             sex: str | None = None, own: bool = False) -> Person:  # fmt: skip
    """A member of a household, born on that day; `own`: with another family name. `on` decides the card."""
    draws, facts = _draws(), declared("people")
    sex = sex or (MALE if random.random() < 0.49 else FEMALE)
    family = draws["family"].draw(random) if own else home.family
    prefix = _prefix(random, home.province, facts["born_elsewhere"])
    bhxh = f"{prefix}{(number * 31 + 7) % 100_000_000:08d}"
    days = (on - born).days
    return Person(
        number=number, name=f"{family} {draws['middle'][sex].draw(random)} {draws['given'][sex].draw(random)}", sex=sex,
        born=born, cccd=personal_number(prefix, sex, born.year, (number * 7919 + 101) % 1_000_000), bhxh=bhxh,
        card=_card(random, days // 365.25, prefix, bhxh), ethnicity=home.ethnicity, province=home.province,
        commune=home.commune, address=home.address, phone=home.phone, blood=random.choice(facts["blood"]),
        weight=_weight(random, days),
    )  # fmt: skip


def personal_number(prefix: str, sex: str, year: int, tail: int) -> str:
    """Twelve digits for a two-digit province code, sex 1 or 2, birth year and a number below one million."""
    century = (year - 1900) // 100 * 2 + (0 if sex == MALE else 1)
    return f"0{prefix}{century}{year % 100:02d}{tail:06d}"


def _prefix(random: Random, province: str, elsewhere: float) -> str:
    everywhere = places().old_provinces
    if random.random() * 100 < elsewhere:
        return random.choice(sorted(everywhere))
    return random.choice(places().prefixes[province])


def _card(random: Random, age: float, prefix: str, bhxh: str) -> str:
    facts = declared("people")
    kinds = [kind for kind in facts["insurance"] if kind["from"] <= age <= kind["to"]]
    kind = Weighted(kinds, [kind["share"] for kind in kinds]).draw(random)
    if age >= 18 and random.random() * 100 < facts["uninsured"]:
        return ""
    return f"{kind['object']}{kind['level']}{prefix}{bhxh}"


def _weight(random: Random, days: int) -> str:
    years = days / 365.25
    middle = 9 + 2.6 * years if years < 17 else 57.0
    return f"{max(3.0, random.gauss(middle, middle * 0.1)):.2f}"
