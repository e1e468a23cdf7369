"""The number of a dossier: unit, day, serial. Issued without gaps or repeats, read as others write it, never changed.

Formats: `{unit}-{yyMMdd}-{serial}`, with four digits or more of a unit's own day; in a ministry's central system
the serial begins with the number of the ministry (18 = health; Circular 03/2025/TT-VPCP Art. 13.3 as amended by
04/2025). Since 5 August 2026 the Minister of Public Security rules on it, so the grammar is tolerant in reading.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import msgspec
import psycopg

from lienthong.errors import Refused

MINISTRY = "18"
"""The ministry's number in the codes of its central system."""
UNIT = re.compile(r"^(?:[A-Z]\d{2}(?:\.\d{2,3})*|\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})$")
_CODE = re.compile(
    r"^(?P<unit>[A-Z]\d{2}(?:\.\d{2,3})*|\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})-(?P<day>\d{6})-(?P<serial>\d{4,7})$"
)


class Parsed(msgspec.Struct, frozen=True):
    """What a code says: unit, day, serial as written, and whether a ministry's central system made it."""

    unit: str
    day: date
    serial: str

    @property
    def central(self) -> bool:
        """Whether the serial is one of a ministry's central system (six digits or more)."""
        return len(self.serial) >= 6


def parse(text: str) -> Parsed:
    """The parts of a code as any system writes it; raises Refused with the form it should have."""
    found = _CODE.match(text.strip())
    try:
        if found is None:
            raise ValueError
        day = found["day"]
        when = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        raise Refused(
            "DOSSIER-CODE",
            "“%(written)s” is no dossier code; it looks like H15.50-261120-0001.",
            written=text[:60],
        ) from None
    return Parsed(found["unit"], when, found["serial"])


def written(unit: str, day: date, serial: int, *, central: bool) -> str:
    """The code of the `serial`-th dossier of a unit on a day; past 9,999 the serial grows by a digit."""
    prefix = MINISTRY if central else ""
    return f"{unit}-{day:%y%m%d}-{prefix}{serial:04d}"


def check_unit(unit: str) -> None:
    """Raise Refused for what cannot be the code of an agency."""
    if not UNIT.match(unit):
        raise Refused(
            "DOSSIER-UNIT",
            "“%(unit)s” is no agency code; it looks like G18.12 or H15.50.",
            unit=unit[:40],
        )


def issue(conn: psycopg.Connection[Any], unit: str, day: date, *, central: bool) -> str:
    """The next code of a unit on a day of Vietnam's calendar, in the caller's transaction.

    Whoever comes second waits for the first: a transaction that is rolled back gives its number back.
    """
    check_unit(unit)
    row = conn.execute(
        "INSERT INTO dossiers.counter (unit, day, last) VALUES (%s, %s, 1)"
        " ON CONFLICT (unit, day) DO UPDATE SET last = counter.last + 1 RETURNING last",
        [unit, day],
    ).fetchone()
    assert row
    return written(unit, day, row[0], central=central)
