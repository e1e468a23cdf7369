"""How the stand-in Portal misbehaves: by chance at given rates, or with exactly what a test asks for next."""

from __future__ import annotations

import random
import threading
from collections import deque
from typing import Literal

import msgspec

Mood = Literal[
    "well", "drop_before", "drop_after", "error_500", "garbage", "expire", "part", "slow"
]
MOODS: tuple[Mood, ...] = (
    "drop_before",
    "drop_after",
    "error_500",
    "garbage",
    "expire",
    "part",
    "slow",
)
"""drop_before/drop_after: the line breaks before/after the act is done; part: half a chunk is taken, then an error."""


class Rates(msgspec.Struct, kw_only=True):
    """Share of calls for each mood; together at most 1. `slow_seconds` is how slow slow is."""

    drop_before: float = 0.0
    drop_after: float = 0.0
    error_500: float = 0.0
    garbage: float = 0.0
    expire: float = 0.0
    part: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 2.0


class Moods:
    """Decides for each call; with a seed the same calls get the same moods."""

    def __init__(self, rates: Rates | None = None, seed: int = 1) -> None:
        self.rates, self.down = rates or Rates(), False
        self._random, self._lock = random.Random(seed), threading.Lock()  # noqa: S311 dice of a stand-in
        self._next: deque[Mood] = deque()

    def then(self, *moods: Mood) -> None:
        """The next calls get exactly these."""
        with self._lock:
            self._next.extend(moods)

    def draw(self) -> Mood:
        """The mood of this call."""
        with self._lock:
            if self.down:
                return "drop_before"
            if self._next:
                return self._next.popleft()
            dice = self._random.random()
            for mood in MOODS:
                dice -= getattr(self.rates, mood)
                if dice < 0:
                    return mood
            return "well"
