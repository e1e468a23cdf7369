"""The 63 provinces of before 1 July 2025: under which of them a sender is counted.

The records and their counts are not touched. A facility's commune tells, when the practice register is kept here and
the commune lay in one former province; else the first two of the five characters of its code, which are the province
of the former list (QD 384/2019); else the former province is unknown.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec
import psycopg
from psycopg import sql

from lienthong.contracts.codes import Codes
from lienthong.findings import Text

Map = Literal["34", "63"]
LAST_DAY = "20250630"
"""The last day of the 63 provinces (Resolution 202/2025/QH15)."""
REGISTER = ("practice", "facilities")


class OldProvinces(msgspec.Struct, frozen=True):
    """Former province by the beginning of a facility's code, and of the facilities of which more is known."""

    prefixes: tuple[tuple[str, str], ...]
    own: tuple[tuple[str, str], ...] = ()

    def of(self, sender: str) -> str:
        """The former province of a sender, empty when it is unknown."""
        found = dict(self.own).get(sender)
        if found is None and len(sender) == 5:
            found = dict(self.prefixes).get(sender[:2])
        return found or ""

    def over(self, source: sql.Composable) -> tuple[sql.Composed, list[Any]]:
        """A relation with the sender's former province beside its columns (`old_province`), and its values."""
        pairs = [*zip(*self.own, strict=True)] or [(), ()]
        starts = [*zip(*self.prefixes, strict=True)] or [(), ()]
        relation = sql.SQL(
            "(SELECT s.*, coalesce(o.old, p.old, '') AS old_province FROM {} s"
            " LEFT JOIN unnest(%s::text[], %s::text[]) o(code, old) ON o.code = s.sender"
            " LEFT JOIN unnest(%s::text[], %s::text[]) p(start, old)"
            " ON length(s.sender) = 5 AND p.start = left(s.sender, 2)) s"
        ).format(source)
        return relation, [list(part) for part in (*pairs, *starts)]


def load(conn: psycopg.Connection[Any], codes: Codes) -> OldProvinces:
    """The former provinces of the senders, as the lists and the register of facilities tell."""
    known = {code.code for code in codes.codes("provinces") if code.holds(LAST_DAY)}
    prefixes = tuple(sorted((code, code) for code in known))
    by_code = OldProvinces(prefixes)
    own = {
        facility: old
        for facility, commune in _register(conn)
        if (old := _of_commune(commune, by_code.of(facility))) is not None
        and old != by_code.of(facility)
    }
    return OldProvinces(prefixes, tuple(sorted(own.items())))


def names(codes: Codes) -> dict[str, Text]:
    """Former province code to its name."""
    return {code.code: code.label for code in codes.codes("provinces") if code.holds(LAST_DAY)}


def _register(conn: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """(code, commune of today) of the facilities in the practice register, if it is kept here."""
    schema, table = REGISTER
    there = conn.execute("SELECT to_regclass(%s)", [f'{schema}."{table}"']).fetchone()
    if there is None or there[0] is None:
        return []
    query = sql.SQL(
        'SELECT DISTINCT ON ("MA_CSKCB") "MA_CSKCB", "MAXA" FROM {} WHERE "MA_CSKCB" IS NOT NULL'
        ' AND "MAXA" IS NOT NULL AND "DEN_NGAY" IS NULL ORDER BY "MA_CSKCB", "TU_NGAY" DESC'
    ).format(sql.Identifier(schema, table))
    return [(str(code), str(commune)) for code, commune in conn.execute(query)]


def _of_commune(commune: str, by_code: str) -> str | None:
    """The former province of a commune of today; empty when it was made of several and the code does not decide."""
    before = _former().get(commune)
    if before is None:
        return None
    if len(before) == 1:
        return next(iter(before))
    return by_code if by_code in before else ""


@cache
def _former() -> dict[str, frozenset[str]]:
    """Commune of today to the former provinces in which its parts lay."""
    file = Path(str(resources.files("lienthong") / "declared/codes/maps/commune_successors.csv"))
    found: dict[str, set[str]] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["new_code"], set()).add(row["old_parent"])
    return {commune: frozenset(old) for commune, old in found.items()}
