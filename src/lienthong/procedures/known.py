"""The procedures that public sources name: 309 rows, of which only those with a national code count as catalogued.

They stand in declared/procedures/known.csv with source and evidence; whatever a row does not say stays unknown.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec

from lienthong.errors import Refused
from lienthong.procedures import lines
from lienthong.procedures.procedure import Procedure
from lienthong.words import language


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
    return _whole(lines.read_bytes(path.read_bytes(), path.name), path.name)


def read_rows(rows: Iterable[str], name: str) -> tuple[Procedure, ...]:
    """Procedures of CSV lines; raises Refused naming every line and cell that cannot be read."""
    return read_table(list(csv.reader(rows)), name).procedures


def read_table(rows: Sequence[Sequence[str]], name: str) -> Read:
    """The same of the cells of a table, under heads of ours or others (see columns.HEADS)."""
    return _whole(lines.read_table(rows, name), name)


def _whole(read: lines.Lines, name: str) -> Read:
    """Everything of a table, when no line of it is refused."""
    if read.refused:
        told = [
            f"{one.number}: {fault[language()]}" for one in read.refused for fault in one.faults
        ]
        raise Refused(
            "PROCEDURE-ROWS",
            "%(name)s has %(count)s lines that cannot be read: %(lines)s",
            name=name,
            count=len(read.refused),
            lines="; ".join(told[:20]),
        )
    return Read(read.procedures, read.left_out)
