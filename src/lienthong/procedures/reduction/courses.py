"""Every definition of the share with its course: where it starts, where it stands today, where the plans lead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from lienthong.procedures.reduction.ledger import Cut
from lienthong.procedures.reduction.shares import Definition, Point, Share, course, shares


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One definition: where it starts, stands and is forecast to end."""

    definition: Definition
    points: tuple[Point, ...]

    @property
    def now(self) -> Share:
        """After what is done."""
        return [point for point in self.points if not point.forecast][-1].share

    @property
    def end(self) -> Share:
        """After what is planned too."""
        return self.points[-1].share


def courses(cuts: Iterable[Cut], today: date) -> list[Course]:
    """Every definition with its course."""
    known, listed = shares(), list(cuts)
    return [
        Course(definition=one, points=tuple(course(one, listed, today, known.baseline.day)))
        for one in known.definitions
    ]
