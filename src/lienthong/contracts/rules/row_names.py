"""The names under which compiled statements see the row that is judged and the tables beside it.

Apart from the compiling itself, so that a check with compiled rules starts without a parser of SQL.
"""

from __future__ import annotations

from lienthong.contracts.rules.casts import quoted

ROW = "_r"
"""The alias of the row that is judged."""
INNER = "_v"
"""The alias of the table that a Look groups."""


def typed_name(table: str) -> str:
    """The relation that holds a table's softly cast columns."""
    return quoted(f"typed_{table}")
