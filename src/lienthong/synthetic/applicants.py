"""Who files invented dossiers: people of the invented country, its hospitals, and nobody who is real."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from random import Random
from typing import Any

from lienthong.synthetic.facilities import facility
from lienthong.synthetic.households import catchments, households
from lienthong.synthetic.people import Person

ADULT = 18


@lru_cache(maxsize=2)
def _adults(seed: int, citizens: int, on: date) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for catchment in catchments(seed, citizens):
        for _, home in households(seed, catchment, on):
            grown = [one for one in home.members if one.age(on) >= ADULT]
            found.setdefault(catchment.province, []).extend(grown)
    return found


@lru_cache(maxsize=2)
def _hospitals(seed: int, citizens: int) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for one in catchments(seed, citizens):
        found.setdefault(one.province, []).append((one.hospital, facility(seed, one.hospital).name))
    return found


class Applicants:
    """The people and hospitals of a country of that seed and size, as they are on a day."""

    def __init__(self, seed: int, citizens: int, on: date) -> None:
        self._people = _adults(seed, citizens, on)
        self._hospitals = _hospitals(seed, citizens)
        self._provinces = sorted(self._people)

    def province(self, random: Random) -> str:
        """Any province where people live."""
        return random.choice(self._provinces)

    def draw(self, random: Random, province: str, *, institution: bool) -> dict[str, Any]:
        """An applicant of that province as the applicant's form names it."""
        person = random.choice(self._people[province])
        if institution and province in self._hospitals:
            # Who files for it is known by their own number.
            _, name = random.choice(self._hospitals[province])
            return {
                "kind": "organisation", "name": name, "phone": person.phone, "address": person.address,
                "number": person.cccd, "number_kind": "cccd", "hand_over": "counter",
            }  # fmt: skip
        by_post = random.random() < 0.2
        return {
            "kind": "person", "name": person.name, "number": person.cccd, "number_kind": "cccd",
            "birth_date": person.born.isoformat(), "phone": person.phone, "address": person.address,
            "hand_over": "post" if by_post else "counter",
        }  # fmt: skip
