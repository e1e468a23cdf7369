"""The procedures that public sources name: 309 rows, of which only those with a national code count as catalogued.

They stand in declared/procedures/known.csv with source and evidence; whatever a row does not say stays unknown.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from lienthong.errors import Refused
from lienthong.procedures.procedure import (
    CODE,
    Component,
    Fee,
    Level,
    LimitUnit,
    Manner,
    Online,
    Procedure,
    TimeLimit,
)

LEVELS = ("ministry", "province", "commune", "facility", "social_insurance")
UNITS = ("working_days", "days", "months", "hours")
ONLINE = ("full", "partial", "information", "unknown")
ANSWERS = {"yes": True, "no": False, "unknown": None, "": None}


@cache
def known() -> tuple[Procedure, ...]:
    """All declared rows, with and without a code, in the order of the file."""
    path = resources.files("lienthong").joinpath("declared", "procedures", "known.csv")
    return tuple(read_rows(io.StringIO(path.read_text("utf-8")), "known.csv"))


def catalogued() -> dict[str, Procedure]:
    """The rows with a national code, by code."""
    return {one.code: one for one in known() if one.code}


def read_file(path: Path) -> list[Procedure]:
    """The procedures of a CSV file of the same columns (UTF-8, with or without a byte-order mark)."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(read_rows(lines, path.name))


def read_rows(lines: Iterable[str], name: str) -> Iterator[Procedure]:
    """Procedures of CSV lines; raises Refused naming every line and cell that cannot be read."""
    wrong: list[str] = []
    made: list[Procedure] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(csv.DictReader(lines), 2):
        try:
            procedure = _procedure(row)
        except ValueError as error:
            wrong.append(f"{number}: {error}")
            continue
        if procedure.code:
            if procedure.code in seen:
                wrong.append(f"{number}: {procedure.code} ({seen[procedure.code]})")
                continue
            seen[procedure.code] = number
        made.append(procedure)
    if wrong:
        raise Refused(
            "PROCEDURE-ROWS",
            "%(name)s has %(count)s lines that cannot be read: %(lines)s",
            name=name,
            count=len(wrong),
            lines="; ".join(wrong[:20]),
        )
    yield from made


def _procedure(row: dict[str, Any]) -> Procedure:
    code = (row.get("code") or "").strip()
    if code and not CODE.match(code):
        raise ValueError(f"code={code}")
    if not (row.get("name_vi") or "").strip():
        raise ValueError("name_vi=")
    return Procedure(
        code=code,
        name={name: row[f"name_{name}"] for name in ("vi", "en", "fr") if row.get(f"name_{name}")},
        field=row.get("field") or "",
        subfield=row.get("subfield") or "",
        levels=cast(tuple[Level, ...], _of(row, "levels", LEVELS)),
        authority=row.get("authority") or "",
        manners=_manners(row),
        components=_components(row),
        legal_basis=tuple(_parts(row.get("legal_basis"), ";")),
        online=cast(Online, _one(row, "online", ONLINE, "unknown")),
        decentralised=ANSWERS[_one(row, "decentralised", tuple(ANSWERS), "")],
        decentralised_basis=row.get("decentralised_basis") or "",
        limit_text=row.get("limit_text") or "",
        fee_text=row.get("fee_text") or "",
        successor=row.get("successor") or "",
        standing=row.get("status") or "unknown",
        evidence=tuple(_parts(row.get("evidence"), ";")),
        sources=tuple((row.get("source") or "").split()),
    )


def _manners(row: dict[str, Any]) -> tuple[Manner, ...]:
    """One manner for every channel: sources of this list do not tell channels apart."""
    limits: tuple[TimeLimit, ...] = ()
    if row.get("limit_value"):
        unit = cast(LimitUnit, _one(row, "limit_unit", UNITS, ""))
        limits = (
            TimeLimit(
                value=float(row["limit_value"]), unit=unit, basis=row.get("limit_text") or ""
            ),
        )
    fees = None
    if row.get("fee_vnd"):
        amount = int(row["fee_vnd"])
        fees = (Fee(amount=amount),) if amount else ()
    return (Manner(limits=limits, fees=fees),) if limits or fees is not None else ()


def _components(row: dict[str, Any]) -> tuple[Component, ...]:
    replaced = dict(_pair(part) for part in _parts(row.get("replaced_by_data"), "|"))
    named = [
        Component(name={"vi": name}, data=replaced.pop(name, ""))
        for name in _parts(row.get("components_vi"), ";")
    ]
    # A paper that a resolution replaces by data is a component even where no list of components was found.
    return (*named, *(Component(name={"vi": name}, data=data) for name, data in replaced.items()))


def _pair(part: str) -> tuple[str, str]:
    database, _, component = part.partition(" = ")
    return component.strip(), database.strip()


def _parts(text: str | None, separator: str) -> list[str]:
    return [part.strip() for part in (text or "").split(separator) if part.strip()]


def _of(row: dict[str, Any], column: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(_parts(row.get(column), ";"))
    if any(one not in allowed for one in found):
        raise ValueError(f"{column}={row[column]}")
    return found


def _one(row: dict[str, Any], column: str, allowed: tuple[str, ...], otherwise: str) -> str:
    found = (row.get(column) or otherwise).strip()
    if found not in allowed:
        raise ValueError(f"{column}={found}")
    return found
