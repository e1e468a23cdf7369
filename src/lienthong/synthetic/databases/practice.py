"""Practitioners and facilities: each hospital sends its whole register when the days begin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from lienthong.synthetic import registers
from lienthong.synthetic.events import Span
from lienthong.synthetic.lines import Row
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.scene import Scene

BEFORE = 26
"""Days before the first day on which no operating licence was in force: longer than anybody stays."""


def closed_on(span: Span) -> date:
    """The one day between the old operating licence of a hospital and the new one."""
    return span.first - timedelta(days=BEFORE)


def renewed(rows: list[Row], closed: date) -> list[Row]:
    """The operating licence of a hospital as it ended before that day and was given again after it."""
    return [
        row
        for one in rows
        for row in (
            one | {"DEN_NGAY": f"{closed - timedelta(days=1):%Y%m%d}"},
            one | {"TU_NGAY": f"{closed + timedelta(days=1):%Y%m%d}"},
        )
    ]


def emit(scene: Scene) -> Iterator[Parcel]:
    """One workbook of the hospital with its departments, staff, licences, registrations and slots."""
    hospital = scene.hospital
    if hospital.silent:
        return
    tables = registers.practice(scene.seed, hospital)
    tables["facilities"] = renewed(tables["facilities"], closed_on(scene.span))
    yield scene.parcel(
        "practice",
        hospital,
        tables,
        scene.opening(1),
        form="xlsx",
    )
