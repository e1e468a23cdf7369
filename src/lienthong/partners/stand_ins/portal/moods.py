"""How the stand-in Portal misbehaves: by chance at given rates, or with exactly what a test or a person asks for next.

Moods are data: a share for each fault and a seed, so that the same calls meet the same faults again.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from typing import Any, Literal, get_args

import msgspec

from lienthong.errors import Refused

Mood = Literal[
    "well", "drop_before", "drop_after", "error_500", "garbage", "expire", "part", "slow", "late", "busy",
    "code_3", "code_minus_3",
]  # fmt: skip
MOODS: tuple[Mood, ...] = get_args(Mood)[1:]
"""What can go wrong with a call of ours.

drop_before/drop_after: the line breaks before/after the act is done; part: half a chunk is taken, then an error;
late: the line breaks and the act is done a while later, out of order; busy: refused, nothing done;
code_3, code_minus_3: done, and said with these codes as systems in service have seen.
"""
PushFault = Literal[
    "repeat", "unmapped", "no_technical_id", "old_agency", "bad_signature", "held_back", "wrong_hash",
    "wrong_amount",
]  # fmt: skip
PUSH_FAULTS: tuple[PushFault, ...] = get_args(PushFault)
"""What can be wrong with a message of the Portal to us: sent again, a procedure that nobody has, no TechID, an agency
that ended, a signature nobody can read, held back so that later ones come first; payments: wrong hash, wrong sum."""


class Rates(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Share of calls for each mood, together at most 1; share of pushes for each fault, each for itself.

    `slow_seconds` is how slow slow is, `late_seconds` how much later a late act is done.
    """

    drop_before: float = 0.0
    drop_after: float = 0.0
    error_500: float = 0.0
    garbage: float = 0.0
    expire: float = 0.0
    part: float = 0.0
    slow: float = 0.0
    late: float = 0.0
    busy: float = 0.0
    code_3: float = 0.0
    code_minus_3: float = 0.0
    slow_seconds: float = 2.0
    late_seconds: float = 5.0
    repeat: float = 0.0
    unmapped: float = 0.0
    no_technical_id: float = 0.0
    old_agency: float = 0.0
    bad_signature: float = 0.0
    held_back: float = 0.0
    wrong_hash: float = 0.0
    wrong_amount: float = 0.0

    def total(self) -> float:
        """The share of calls that go wrong or are said oddly."""
        return sum(getattr(self, mood) for mood in MOODS)


def checked(rates: Rates) -> Rates:
    """The rates, when they are shares and the moods of a call together at most 1. Raises Refused."""
    shares = [getattr(rates, name) for name in (*MOODS, *PUSH_FAULTS)]
    if any(not 0 <= share <= 1 for share in shares) or rates.total() > 1 + 1e-9:
        raise Refused(
            "stand_in.rates",
            "Each share lies between 0 and 100 %, and those of the calls together make at most 100 %.",
        )
    if not 0 <= rates.slow_seconds <= 600 or not 0 <= rates.late_seconds <= 600:
        raise Refused("stand_in.seconds", "Seconds lie between 0 and 600.")
    return rates


class Moods:
    """Decides for each call and each push; with a seed the same calls get the same moods."""

    def __init__(self, rates: Rates | None = None, seed: int = 1) -> None:
        self.rates, self.down, self.seed = rates or Rates(), False, seed
        self._lock = threading.Lock()
        self._next: deque[Mood] = deque()
        self._next_faults: deque[frozenset[PushFault]] = deque()
        self._random = random.Random(seed)  # noqa: S311 dice of a stand-in

    def choose(self, rates: Rates, *, seed: int | None = None, down: bool | None = None) -> None:
        """New rates from the next call on; a seed begins its dice again. Raises Refused."""
        kept = checked(rates)
        with self._lock:
            self.rates = kept
            self.down = self.down if down is None else down
            if seed is not None:
                self.seed, self._random = seed, random.Random(seed)  # noqa: S311 dice of a stand-in

    def then(self, *moods: Mood) -> None:
        """The next calls get exactly these."""
        with self._lock:
            self._next.extend(moods)

    def then_push(self, *faults: PushFault) -> None:
        """The next message that a citizen causes has these faults, and no others."""
        with self._lock:
            self._next_faults.append(frozenset(faults))

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

    def draw_push(self) -> frozenset[PushFault]:
        """The faults of a message that goes out to us."""
        with self._lock:
            if self._next_faults:
                return self._next_faults.popleft()
            drawn = [one for one in PUSH_FAULTS if getattr(self.rates, one)]
            return frozenset(
                one for one in drawn if self._random.random() < getattr(self.rates, one)
            )

    def said(self) -> dict[str, Any]:
        """The moods as data, for the API."""
        return {"down": self.down, "seed": self.seed, "rates": msgspec.to_builtins(self.rates)}
