"""The list that the units agree on, and the tables counted from it. What is still open is counted apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import psycopg

from lienthong.procedures.lists import bringing, comparing, differences
from lienthong.procedures.lists.comparing import ABSENT, KINDS, MISSING, Lists
from lienthong.procedures.lists.differences import Difference
from lienthong.procedures.lists.listed import Listed
from lienthong.procedures.lists.rules import rules

OPEN = "?"
"""Stands for a value on which the lists do not agree yet."""


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """One procedure of the agreed list. `open` names the kinds not agreed yet; their values stay empty."""

    code: str
    name: str
    levels: tuple[str, ...]
    status: str
    online: str
    group: str
    priority: int | None
    field: str
    open: tuple[str, ...] = ()

    @property
    def central(self) -> bool:
        """Whether the Ministry settles it: what the share still settled centrally counts."""
        return "ministry" in self.levels


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the agreed list; `open_codes` are in the tables with what is agreed of them, `doubtful` not at all."""

    total: int
    groups: dict[str, int]
    priorities: dict[str, int]
    levels: dict[str, int]
    fields: dict[str, int]
    online: dict[str, int]
    status: dict[str, int]
    central: int
    open_codes: int
    doubtful: int


def agreed_list(conn: psycopg.Connection[Any]) -> list[Agreed]:
    """The agreed list of this moment; empty until every unit has brought a list."""
    given = bringing.lists(conn)
    if set(given) != set(rules().units):
        return []
    decided = {(one.code, one.kind): one for one in _decided(conn)}
    return settle(given, decided)


def _decided(conn: psycopg.Connection[Any]) -> Iterable[Difference]:
    from lienthong import clock

    return (
        one
        for one in differences.listed(conn, clock.today(), show="closed")
        if one.state == "decided"
    )


def settle(lists: Lists, decided: Mapping[tuple[str, str], Difference]) -> list[Agreed]:
    """What the lists and the decisions make together; a decision counts while the units say what they said then."""
    found = {(one.code, one.kind): one for one in comparing.compare(lists)}
    ruled = {
        key: decided[key].decision
        for key, one in found.items()
        if key in decided and decided[key].said == one.said
    }
    codes = sorted({code for listed in lists.values() for code in listed})
    made = []
    for code in codes:
        if (code, MISSING) in found and ruled.get((code, MISSING)) == ABSENT:
            continue
        open_kinds = tuple(
            kind for kind in KINDS if (code, kind) in found and (code, kind) not in ruled
        )
        made.append(
            _one(
                code,
                [listed[code] for listed in lists.values() if code in listed],
                open_kinds,
                ruled,
            )
        )
    return made


def _one(
    code: str,
    lines: list[Listed],
    open_kinds: tuple[str, ...],
    ruled: Mapping[tuple[str, str], Any],
) -> Agreed:
    def value(kind: str) -> Any:
        if kind in open_kinds:
            return [] if kind == "levels" else None if kind == "priority" else ""
        return ruled[(code, kind)] if (code, kind) in ruled else comparing.agreed_value(kind, lines)

    return Agreed(
        code=code,
        name=value("name") or lines[0].name,
        levels=tuple(value("levels")),
        status=value("status"),
        online=value("online"),
        group=value("group"),
        priority=value("priority"),
        field=next((one.field for one in lines if one.field), ""),
        open=open_kinds,
    )


def counted(agreed: Iterable[Agreed]) -> Tables:
    """The statistical tables. A procedure that some list lacks is doubtful: counted apart until it is decided."""
    everything = list(agreed)
    sure = [one for one in everything if MISSING not in one.open]
    return Tables(
        total=len(sure),
        groups=_by("group", sure),
        priorities=_ordered(
            Counter(
                OPEN if "priority" in one.open else str(one.priority or "")
                for one in sure
                if one.group == "connect"
            )
        ),
        levels=_ordered(
            Counter(
                level for one in sure for level in (_open(one, "levels") or one.levels or ("",))
            )
        ),
        fields=_ordered(Counter(one.field for one in sure)),
        online=_by("online", sure),
        status=_by("status", sure),
        central=sum(one.central for one in sure),
        open_codes=sum(bool(one.open) for one in sure),
        doubtful=len(everything) - len(sure),
    )


def _by(kind: str, those: Iterable[Agreed]) -> dict[str, int]:
    return _ordered(Counter(OPEN if kind in one.open else getattr(one, kind) for one in those))


def _open(one: Agreed, kind: str) -> tuple[str, ...]:
    return (OPEN,) if kind in one.open else ()


def _ordered(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
