"""The procedures that public sources name: 309 rows, of which only those with a national code count as catalogued.

They stand in declared/procedures/known.csv with source and evidence; whatever a row does not say stays unknown.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import cast

import msgspec

from lienthong.errors import Refused
from lienthong.procedures import columns
from lienthong.procedures.lists.listed import cells
from lienthong.procedures.procedure import (
    Component,
    Fee,
    Level,
    LimitUnit,
    Manner,
    Online,
    Procedure,
    TimeLimit,
    national_code,
)

LEVELS = ("ministry", "province", "commune", "facility", "social_insurance")
UNITS = ("working_days", "days", "months", "hours")
ONLINE = ("full", "partial", "information", "unknown")
ANSWERS = {"yes": True, "no": False, "unknown": None, "": None}


@cache
def known() -> tuple[Procedure, ...]:
    """All declared rows, with and without a code, in the order of the file."""
    path = resources.files("lienthong").joinpath("declared", "procedures", "known.csv")
    return read_rows(io.StringIO(path.read_text("utf-8")), "known.csv")


def catalogued() -> dict[str, Procedure]:
    """The rows with a national code, by code."""
    return {one.code: one for one in known() if one.code}


class Read(msgspec.Struct, frozen=True):
    """The procedures of a file, and the heads of its columns that nobody here knows."""

    procedures: tuple[Procedure, ...]
    left_out: tuple[str, ...] = ()


def read_file(path: Path) -> Read:
    """The procedures of a CSV (comma, semicolon or tab; UTF-8) or XLSX file; raises Refused for what cannot be read."""
    return read_table(list(cells(path.read_bytes(), path.name)), path.name)


def read_rows(lines: Iterable[str], name: str) -> tuple[Procedure, ...]:
    """Procedures of CSV lines; raises Refused naming every line and cell that cannot be read."""
    return read_table(list(csv.reader(lines)), name).procedures


def read_table(rows: Sequence[Sequence[str]], name: str) -> Read:
    """The same of the cells of a table, under heads of ours or others (see columns.HEADS)."""
    found = columns.table(rows, name)
    wrong: list[str] = []
    made: list[Procedure] = []
    seen: dict[str, int] = {}
    for number, row in found.lines:
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
    return Read(tuple(made), found.left_out)


def _procedure(row: dict[str, str]) -> Procedure:
    name = row.get("name_vi", "").strip()
    if not name:
        raise ValueError("name_vi=")
    fee = row.get("fee_vnd", "").strip()
    return Procedure(
        code=_code(row.get("code", "").strip()),
        name={"vi": name}
        | {one: row[f"name_{one}"] for one in ("en", "fr") if row.get(f"name_{one}")},
        field=row.get("field") or "",
        subfield=row.get("subfield") or "",
        levels=cast(tuple[Level, ...], _levels(row)),
        authority=row.get("authority") or "",
        manners=_manners(row),
        components=_components(row),
        legal_basis=tuple(_parts(row.get("legal_basis"), ";")),
        online=cast(Online, _one(row, "online", ONLINE, "unknown", columns.ONLINE)),
        decentralised=ANSWERS[_one(row, "decentralised", tuple(ANSWERS), "")],
        decentralised_basis=row.get("decentralised_basis") or "",
        limit_text=row.get("limit_text") or "",
        fee_text=row.get("fee_text") or ("" if columns.amount(fee) is not None else fee),
        successor=row.get("successor") or columns.newer(row.get("notes", "")),
        standing=row.get("status") or "unknown",
        evidence=tuple(_parts(row.get("evidence"), ";")),
        sources=tuple(one for one in (row.get("source") or "").split() if one != ";"),
    )


def _code(written: str) -> str:
    if not written:
        return ""
    try:
        return national_code(written)
    except Refused:
        raise ValueError(f"code={written}") from None


def _levels(row: dict[str, str]) -> tuple[str, ...]:
    found = tuple(columns.levels(row.get("levels", "")))
    if any(one not in LEVELS for one in found):
        raise ValueError(f"levels={row['levels']}")
    return found


def _manners(row: dict[str, str]) -> tuple[Manner, ...]:
    """One manner for every channel: sources of this list do not tell channels apart."""
    limits: tuple[TimeLimit, ...] = ()
    if row.get("limit_value"):
        unit = cast(LimitUnit, _one(row, "limit_unit", UNITS, "", columns.UNITS))
        limits = (
            TimeLimit(
                value=_number(row["limit_value"]), unit=unit, basis=row.get("limit_text") or ""
            ),
        )
    amount = columns.amount(row.get("fee_vnd", ""))
    fees = None if amount is None else (Fee(amount=amount),) if amount else ()
    return (Manner(limits=limits, fees=fees),) if limits or fees is not None else ()


def _components(row: dict[str, str]) -> tuple[Component, ...]:
    replaced = dict(_pair(part) for part in _parts(row.get("replaced_by_data"), "|"))
    replaced = replaced or dict(columns.replaced(row.get("notes", "")))
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


def _number(written: str) -> float:
    try:
        found = float(written.strip().replace(",", "."))
    except ValueError:
        found = 0.0
    if not 0 < found < 10_000:
        raise ValueError(f"limit_value={written}")
    return found


def _one(
    row: dict[str, str],
    column: str,
    allowed: tuple[str, ...],
    otherwise: str,
    words: Mapping[str, str] | None = None,
) -> str:
    written = (row.get(column) or "").strip()
    found = columns.word(written, words or {}) if written else otherwise
    if found not in allowed:
        raise ValueError(f"{column}={written}")
    return found
