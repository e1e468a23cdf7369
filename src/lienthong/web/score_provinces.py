"""Provinces on pages of scores: those of today or the 63 before 1 July 2025, and why one of them stands where it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from psycopg import Connection

from lienthong import clock
from lienthong.contracts.codes import Codes
from lienthong.quality import expected, explain, old_provinces, score

UNKNOWN = "-"
"""The province of senders of which nobody knows it, in addresses."""
CAUSES = 8


class Provinces(msgspec.Struct, frozen=True, kw_only=True):
    """The cards of provinces, the worst first; of the chosen one what weighs most in it."""

    map: str
    lines: tuple[tuple[str, score.Card], ...]
    names: dict[str, Mapping[str, str]]
    chosen: str | None = None
    card: score.Card | None = None
    causes: tuple[explain.Cause, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines)


def province_names(codes: Codes) -> dict[str, Mapping[str, str]]:
    """Province code to its present name."""
    day = f"{clock.today():%Y%m%d}"
    return {code.code: code.label for code in codes.codes("provinces") if code.holds(day)}


def provinces(
    conn: Connection[Any],
    codes: Codes,
    part: score.Slice,
    *,
    map: str,
    chosen: str | None,
    day: date,
    wanted: expected.Expected | None,
) -> Provinces:
    """The provinces of a slice under the map of that name (34, 63), and the causes of the chosen one.

    Under the former map nobody says how many senders were expected where, so `wanted` is for today's only.
    """
    former = map == "63"
    column, named = "province", province_names(codes)
    if former:
        part = msgspec.structs.replace(part, old=old_provinces.load(conn, codes))
        column, named, wanted = "old_province", dict(old_provinces.names(codes)), None
    cards = score.scores(conn, part, (column,), today=day)
    lines = sorted(
        ((key[0], card) for key, card in cards.items()),
        key=lambda line: 1.0 if line[1].overall is None else line[1].overall,
    )
    made = Provinces(map="63" if former else "34", lines=tuple(lines), names=named)
    code = "" if chosen == UNKNOWN else chosen
    if code is None or (code,) not in cards:
        return made
    there = msgspec.structs.replace(part, **{column: code})
    causes = explain.causes(conn, there, today=day, expected=wanted, limit=CAUSES)
    return msgspec.structs.replace(made, chosen=code, card=cards[(code,)], causes=tuple(causes))
