"""What only the reader of a file can see: broken base64, a row with too many cells, a name nobody knows.

A fault says what and where; its sentences stand in `declared/locale/<language>/formats.po`. Faults whose
rule is one of the envelope rules (ENV-..) take their severity from the contract when it declares the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

from lienthong.findings import Severity
from lienthong.records.formats.kinds import KINDS

ROWS_NAMED = 200_000
"""How many faults one reading names one by one; beyond it they are counted per kind."""


PLACES = ("unit", "table", "row", "field")


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault at one place.

    `unit` is the ordinal of the unit of acceptance (None: the file as a whole, no unit is to blame),
    `row` the position in the table from 0, `params` the values of the sentence: names, numbers and lines
    of the file, never what a cell says about a person.
    """

    rule: str
    kind: str
    unit: int | None = None
    table: str | None = None
    row: int | None = None
    field: str | None = None
    params: dict[str, Any] = {}


def fault(kind: str, /, **place: Any) -> Fault:
    """A fault of a declared kind; `place` are the fields of Fault and, for the rest, the sentence's values."""
    declared = KINDS[kind]
    fields = {name: place.pop(name) for name in PLACES if name in place}
    place |= {name: value for name, value in fields.items() if f"%({name})s" in declared.sentence}
    return Fault(rule=declared.rule, kind=kind, params=_shared(tuple(place.items())), **fields)


@lru_cache(maxsize=4096)
def _shared(items: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """One dictionary for equal values: a million ragged rows differ in their row only."""
    return dict(items)


class FaultList:
    """Faults in the order of the file, bounded: past ROWS_NAMED they are counted by kind."""

    def __init__(self, limit: int = ROWS_NAMED) -> None:
        self._named: list[Fault] = []
        self._counted: dict[str, int] = {}
        self._limit = limit

    def add(self, found: Fault) -> None:
        """Keep one fault; a fault that blocks a unit is always kept, whatever the number."""
        blocks = found.unit is not None and KINDS[found.kind].severity is Severity.ERROR
        if blocks or len(self._named) < self._limit:
            self._named.append(found)
        else:
            self._counted[found.kind] = self._counted.get(found.kind, 0) + 1

    def extend(self, found: Iterable[Fault]) -> None:
        """Keep several."""
        for one in found:
            self.add(one)

    def __iter__(self) -> Iterator[Fault]:
        yield from self._named
        for kind, count in sorted(self._counted.items()):
            yield fault("faults-counted", kind=kind, count=count)

    def __len__(self) -> int:
        return len(self._named) + len(self._counted)
