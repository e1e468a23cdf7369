"""From what an engine found and what the row brought with it to the verdict of each rule on a row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from lienthong.records.store.rulesets import Ruleset, bits, mask_of
from lienthong.warehouse.questions import Question


class Kept(msgspec.Struct, frozen=True):
    """What the bits of kept masks mean: rules by their key in bit order, and those undecided on every row."""

    keys: tuple[str, ...]
    unknown: str


class Group(NamedTuple):
    """Rows of one table that share all this; masks of asked rules, and the kept ones as hexadecimal text."""

    ruleset: int | None
    failed: str | None
    unknown: str | None
    waiting: bool
    sender: str
    province: str
    counted: date
    found: int
    rows: int


def write_rulesets(rulesets: dict[int, Ruleset], folder: Path) -> Path:
    """Keep what the masks mean, in a file named by its content."""
    kept = {
        str(id): Kept(keys=tuple(rule.key for rule in one.rules), unknown=f"{one.unknown:x}")
        for id, one in sorted(rulesets.items())
    }
    content = msgspec.json.encode(kept)
    path = folder / f"rulesets-{hashlib.sha256(content).hexdigest()[:24]}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".new")
        aside.write_bytes(content)
        aside.replace(path)
    return path


def read_rulesets(path: Path) -> dict[int, Kept]:
    """What the masks of a snapshot mean."""
    kept = msgspec.json.decode(path.read_bytes(), type=dict[str, Kept])
    return {int(id): one for id, one in kept.items()}


class Verdicts:
    """The verdicts on the rows of one table; each combination is worked out once."""

    def __init__(self, question: Question, rulesets: dict[int, Kept]) -> None:
        self.question = question
        self._rulesets = rulesets
        self._keys = {rule.key: at for at, rule in enumerate(question.said())}
        self._local = mask_of(question.local)
        self._others = mask_of(question.looking)
        self._carried = mask_of(question.carried)
        self._undecided = mask_of(question.undecided)
        # A code list or a database that has come since decides; a table or column that was not sent does not.
        self._stays = self._local | mask_of(
            at
            for at in question.looking
            if not question.rules[at].lists and not question.rules[at].crossing
        )
        self._crossing = mask_of(at for at in question.looking if question.rules[at].crossing)
        self._memory: dict[tuple[object, ...], tuple[int, int]] = {}

    def of(
        self,
        ruleset: int | None,
        failed: str | None,
        unknown: str | None,
        waiting: bool,
        found: int,
    ) -> tuple[int, int]:
        """(failed, unknown) masks over the question's rules."""
        key = (ruleset, failed, unknown, waiting, found)
        if key not in self._memory:
            self._memory[key] = self._decide(*key)
        return self._memory[key]

    def _decide(
        self,
        ruleset: int | None,
        failed: str | None,
        unknown: str | None,
        waiting: bool,
        found: int,
    ) -> tuple[int, int]:
        kept = self._rulesets.get(ruleset) if ruleset is not None else None
        carried = self._carried | (self._others if waiting else 0)
        asked = (self._local | self._others) & ~carried
        kept_failed = self._translated(kept, int(failed or "0", 16))
        kept_unknown = self._translated(
            kept, int(unknown or "0", 16) | int(kept.unknown if kept else "0", 16)
        )
        known = self._translated(kept, (1 << len(kept.keys)) - 1) if kept else 0
        # What a row lacked waited in quarantine, and it is lacking still: nobody can say now either.
        lacking = self._translated(kept, int(unknown or "0", 16)) & self._crossing & found
        open_ = (
            lacking
            | self._undecided
            | (carried & ~known)
            | (kept_unknown & (carried | self._stays))
        )
        return (found & asked | kept_failed & carried) & ~open_, open_

    def _translated(self, kept: Kept | None, mask: int) -> int:
        """A kept mask with the rules where they stand today; rules that are no more fall away."""
        if kept is None:
            return 0
        return mask_of(
            self._keys[kept.keys[at]] for at in bits(mask) if kept.keys[at] in self._keys
        )


def mask(words: Iterable[int | None], word: int) -> int:
    """One number of the mask words of a row."""
    return sum((one or 0) << (word * at) for at, one in enumerate(words))
