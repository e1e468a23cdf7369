"""Visits of the hospital: posted when they end, or put into an envelope every day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from lienthong.synthetic import programmes
from lienthong.synthetic.chance import chance
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.scene import Scene
from lienthong.synthetic.visits import Visit

ENVELOPES = 9
"""One hospital of so many has a program that writes envelopes."""


def emit(scene: Scene) -> Iterator[Parcel]:
    """One parcel for each visit, or one envelope for each day, a few minutes after the visit that ended last."""
    hospital = scene.hospital
    if hospital.silent:
        return
    for stop, made in scene.made:
        for name, row, sent in programmes.alone(scene, stop, made):
            yield scene.parcel(
                "care", hospital, {name: [row]}, sent, posted=True, facts={"right": True}
            )
    if scene.lives.catchment.place % ENVELOPES == 0:
        yield from _envelopes(scene)
        return
    for stop, made in scene.visits():
        random = chance(scene.seed, "sending", stop.number)
        late = timedelta(0)
        if scene.faults and hospital.factor > 1 and random.random() < 0.1:
            late = timedelta(days=15)
        sent = stop.left + late + timedelta(minutes=random.randint(2, 6))
        if late and sent > scene.span.until:
            sent, late = stop.left + timedelta(minutes=3), timedelta(0)
        yield scene.parcel(
            "care",
            hospital,
            dict(made.tables),
            sent,
            posted=True,
            late=late,
            facts={"visits": [made]},
        )


def _envelopes(scene: Scene) -> Iterator[Parcel]:
    for _, those in groupby(scene.visits(), key=lambda one: one[0].left.date()):
        pairs = list(those)
        visits = [made for _, made in pairs]
        sent = pairs[-1][0].left + timedelta(minutes=5)
        yield scene.parcel(
            "care", scene.hospital, together(visits), sent, form="xml", facts={"visits": visits}
        )


def together(visits: list[Visit]) -> dict[str, list[dict[str, str]]]:
    """The rows of several visits by table, in the order of the visits."""
    tables: dict[str, list[dict[str, str]]] = {}
    for one in visits:
        for name, rows in one.tables.items():
            tables.setdefault(name, []).extend(rows)
    return tables
