"""Practitioners and facilities: each hospital sends its whole register when the days begin."""

from __future__ import annotations

from collections.abc import Iterator

from lienthong.synthetic import registers
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.scene import Scene


def emit(scene: Scene) -> Iterator[Parcel]:
    """One workbook of the hospital with its departments, staff, licences, registrations and slots."""
    hospital = scene.hospital
    if hospital.silent:
        return
    yield scene.parcel(
        "practice",
        hospital,
        registers.practice(scene.seed, hospital),
        scene.opening(1),
        form="xlsx",
    )
