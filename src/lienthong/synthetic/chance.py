"""Decisions that are random to look at and fixed by a seed, a name and a position."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from random import Random
from typing import Any, Generic, TypeVar

import yaml

T = TypeVar("T")


def chance(seed: int, about: str, position: int = 0) -> Random:
    """A generator of its own for one thing: the same answers whatever was asked of others before."""
    return Random(f"{seed}/{about}/{position}")  # noqa: S311  invented data, no secret


class Weighted(Generic[T]):
    """Things with weights, drawn in the time of a binary search."""

    def __init__(self, items: Sequence[T], weights: Sequence[float]) -> None:
        self.items = list(items)
        self.sums = list(itertools.accumulate(weights))

    def draw(self, random: Random) -> T:
        """One of the items, with the probability of its weight."""
        at = bisect.bisect(self.sums, random.random() * self.sums[-1])
        return self.items[min(at, len(self.items) - 1)]

    @classmethod
    def zipf(cls, items: Sequence[T]) -> Weighted[T]:
        """Weights that fall as one over the place, as name frequencies do."""
        return cls(items, [1 / (place + 1) for place in range(len(items))])


@lru_cache
def declared(name: str) -> Any:
    """The parsed file `declared/synthetic/<name>.yaml`. Shared: read it, never change it."""
    text = (
        resources.files("lienthong")
        .joinpath("declared", "synthetic", f"{name}.yaml")
        .read_text("utf-8")
    )
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
