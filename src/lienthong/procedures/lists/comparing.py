"""What three lists do not agree on. Pure: the same lists give the same differences, in whatever order they came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from lienthong.procedures.lists.listed import Listed
from lienthong.procedures.lists.rules import rules, same_name

KINDS = ("missing", "name", "levels", "status", "online", "group", "priority")
"""What may differ, in the order in which it is told: a procedure that a list lacks, then its parts."""

MISSING = "missing"
HERE, ABSENT = "listed", "absent"

Lists = Mapping[str, Mapping[str, Listed]]
"""The newest list of each unit: unit to code to line."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: `said` holds the value of every unit that says one (for missing: listed or absent)."""

    code: str
    kind: str
    said: dict[str, Any]


def compare(lists: Lists) -> list[Found]:
    """All differences between the lists that are there, by code; one list alone differs from nothing."""
    codes = sorted({code for listed in lists.values() for code in listed})
    return [found for code in codes for found in _of(code, lists)]


def _of(code: str, lists: Lists) -> Iterator[Found]:
    has = {unit: listed[code] for unit, listed in sorted(lists.items()) if code in listed}
    if len(has) < len(lists):
        said = {unit: HERE if unit in has else ABSENT for unit in sorted(lists)}
        yield Found(code=code, kind=MISSING, said=said)
    for kind in KINDS[1:]:
        values = {unit: value_of(kind, one) for unit, one in has.items()}
        spoken = {unit: value for unit, value in values.items() if value not in ("", None, [])}
        if len({key_of(kind, value) for value in spoken.values()}) > 1:
            yield Found(code=code, kind=kind, said=spoken)


def value_of(kind: str, one: Listed) -> Any:
    """What a line says under a kind, as it is kept and shown."""
    if kind == "levels":
        return list(one.levels)
    return getattr(one, kind)


def key_of(kind: str, value: Any) -> Any:
    """A value as values are compared."""
    if kind == "name":
        return same_name(value)
    return tuple(sorted(value)) if kind == "levels" else value


def owner_of(found: Found) -> str:
    """Who should mend it first: the one unit that stands alone, else whoever decides."""
    by_value: Counter[Any] = Counter(key_of(found.kind, value) for value in found.said.values())
    if len(found.said) > 2:
        alone = [
            unit for unit, value in found.said.items() if by_value[key_of(found.kind, value)] == 1
        ]
        if len(alone) == 1:
            return alone[0]
    return rules().decider


def agreed_value(kind: str, lines: Iterable[Listed]) -> Any:
    """What those lines agree on; what none of them says stays empty. For lines without a difference of the kind."""
    for one in lines:
        value = value_of(kind, one)
        if value not in ("", None, []):
            return value
    return [] if kind == "levels" else None if kind == "priority" else ""
