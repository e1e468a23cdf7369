"""Names and values of a file inside SQL text."""

from __future__ import annotations

import re
from pathlib import Path

from lienthong.contracts.contract import Table


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A value as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def file_text(path: Path) -> str:
    """A path as an SQL string in which DuckDB sees no pattern."""
    return text(re.sub(r"([*?\[])", r"[\1]", str(path)))


def unit_sql(table: Table) -> str:
    """The unit of a row outside an envelope: the row itself where the table opens its own units."""
    return "_row" if table.root in (None, table.name) else "NULL::BIGINT"


def empty_relation(columns: tuple[str, ...]) -> str:
    """A relation of these columns without rows."""
    names = "".join(f"NULL::VARCHAR AS {quoted(name)}, " for name in columns)
    return f"SELECT {names}NULL::BIGINT AS _row, NULL::BIGINT AS _unit WHERE false"
