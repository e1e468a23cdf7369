"""Keys by which rows of another database are found: a field, or the beginning of one (`NGAY_TH_YL[8]`: its day).

The beginning of a text of digits (yyyymmddHHMM) stands for the day or the month of a moment, so that rows near in
time are found by an equality, which every engine and every index answers quickly.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_FORM = re.compile(r"(?P<field>.+)\[(?P<first>[1-9]\d?)\]")


class Key(NamedTuple):
    """A field, and how many of its first characters count (None: all of it)."""

    field: str
    first: int | None = None

    def __str__(self) -> str:
        return self.field if self.first is None else f"{self.field}[{self.first}]"

    def sql(self, column: str) -> str:
        """SQL of the key over the SQL of the field; DuckDB, Spark and PostgreSQL read it alike."""
        return column if self.first is None else f"LEFT({column}, {self.first})"

    def of(self, value: str | None) -> str | None:
        """The key of a row in memory, of the value of its field."""
        return value if self.first is None or value is None else value[: self.first]


@lru_cache(maxsize=512)
def key_of(written: str) -> Key:
    """A key as a contract writes it."""
    found = _FORM.fullmatch(written)
    return Key(found["field"], int(found["first"])) if found else Key(written)
