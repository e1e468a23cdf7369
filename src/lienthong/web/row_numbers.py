"""Under which number a person finds a row of what was sent: a sheet has a header and maybe blank rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg import Connection

from lienthong.records.formats.blank_rows import (
    RULE,
    Stretch,
    is_sheet,
    row_in_sheet,
    told_rows,
)
from lienthong.records.intake.findings import findings
from lienthong.records.intake.folders import SUFFIX

TABLES = 50


def row_numbers(conn: Connection[Any], receipt: str, name: str) -> Callable[[str, int], int]:
    """From table and position (from 0) in a submission to the number (from 1) that its sender sees."""
    if not is_sheet(name) and not name.endswith(SUFFIX):
        return lambda table, row: row + 1
    blanks: dict[str, list[Stretch]] = {
        one.table or "": told_rows(one.message["en"])
        for one in findings(conn, receipt, RULE, TABLES)
    }
    return lambda table, row: row_in_sheet(row, blanks.get(table, ()))
