"""Births and deaths of the catchment, each sent within minutes of its paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from lienthong.synthetic import registers
from lienthong.synthetic.chance import chance
from lienthong.synthetic.lives import VISITS_EACH
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.scene import Scene


def emit(scene: Scene) -> Iterator[Parcel]:
    """One posted certificate for each child, one posted notice for each death in the hospital."""
    if scene.hospital.silent:
        return
    yield from _births(scene)
    hospital = scene.hospital
    for death in scene.lives.deaths:
        random = chance(scene.seed, "notice", death.who.number)
        issued = death.at + timedelta(minutes=random.randint(20, 50))
        row = registers.death_row(
            hospital, death.number, death.who, come=death.arrived, died=death.at, issued=issued,
            cause=(death.code, death.cause),
        )  # fmt: skip
        yield scene.parcel(
            "vital_events",
            hospital,
            {"death_notices": [row]},
            issued + timedelta(minutes=5),
            posted=True,
        )


def _births(scene: Scene) -> Iterator[Parcel]:
    hospital = scene.hospital
    number = scene.lives.catchment.place * VISITS_EACH
    for pregnancy, birth in scene.lives.births:
        random = chance(scene.seed, "certificate", pregnancy.mother.number)
        issued = birth.left - timedelta(minutes=random.randint(10, 30))
        for child in birth.children:
            row = registers.birth_row(
                hospital, number, pregnancy.mother, issued=issued, born=child.at, sex=child.person.sex,
                weight=child.weight, name=child.person.name, order=birth.order, surgical=birth.surgical,
                early=birth.early, together=len(birth.children),
            )  # fmt: skip
            number += 1
            yield scene.parcel(
                "vital_events",
                hospital,
                {"birth_certificates": [row]},
                issued + timedelta(minutes=5),
                posted=True,
            )
