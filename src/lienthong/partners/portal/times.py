"""Moments as the Portal writes them: yyyyMMddHHmmss on Vietnam's clocks, without an offset. One codec for all."""

from __future__ import annotations

import re
from datetime import datetime

from lienthong.clock import VIETNAM, local
from lienthong.errors import Refused

FORM = "%Y%m%d%H%M%S"
FIRST_YEAR, LAST_YEAR = 1950, 2200
"""What lies outside is a slip or a trap: the first day of year 1 can be kept, and nobody can read it again."""
LONGEST = 64
"""Characters of a moment, generously. What is longer is none, and is looked at no further: among many blanks a pattern
would look for as long as they squared."""


_DAY = r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})"
_HOUR = r"(?P<hour>\d{1,2})[:hg](?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?\s*(?P<half>SA|CH|AM|PM)?"
_DAY_FIRST = re.compile(rf"^{_DAY}(?:[ T,]+{_HOUR})?$", re.IGNORECASE)
_HOUR_FIRST = re.compile(rf"^{_HOUR}(?:,|\s|ngày)+{_DAY}$", re.IGNORECASE)
_DOTNET = re.compile(r"^/Date\((\d{13})(?:[+-]\d{4})?\)/$")
_COMPACT = re.compile(r"^(\d{8})(\d{6}(?=[Z+-]))")


def written(moment: datetime | None) -> str | None:
    """The moment for the Portal, to the second, on a 24-hour clock; None stays None: no moment is made up."""
    return None if moment is None else local(moment).strftime(FORM)


def read(text: str | None) -> datetime | None:
    """The aware moment of a text of 14, 12 or 8 digits; empty is None. Raises Refused for anything else.

    Relays and other systems write otherwise, and are read: with separators and an offset ('+07:00', 'Z'), the day
    first as Vietnam writes it (20/11/2026 08:30), with SA or CH (AM, PM), as milliseconds since 1970.
    """
    if text is None or not str(text).strip():
        return None
    given = str(text).strip()
    try:
        if len(given) > LONGEST:
            raise ValueError
        moment = _moment(given)
        if not FIRST_YEAR <= moment.year < LAST_YEAR:
            raise ValueError
        return moment
    except (ValueError, OverflowError, OSError):
        raise Refused(
            "PORTAL-TIME",
            "“%(text)s” is no moment of the Portal; it looks like 20261120083000.",
            text=given[:40],
        ) from None


def _moment(given: str) -> datetime:
    if found := _DAY_FIRST.match(given) or _HOUR_FIRST.match(given):
        return _spoken(**found.groupdict())
    if found := _DOTNET.match(given):
        given = found[1]
    if not given.isdigit():
        moment = datetime.fromisoformat(_COMPACT.sub(r"\1T\2", given).replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
    if len(given) == 13:
        return datetime.fromtimestamp(int(given) / 1000, VIETNAM)
    if len(given) not in (8, 12, 14):
        raise ValueError
    return datetime.strptime(given.ljust(14, "0"), FORM).replace(tzinfo=VIETNAM)


def _spoken(
    day: str,
    month: str,
    year: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    half: str | None,
) -> datetime:
    """A moment in Vietnam's own order; 12 SA is midnight, 12 CH is noon."""
    at = int(hour or 0)
    if half:
        if not 1 <= at <= 12:
            raise ValueError
        at = at % 12 + (12 if half.upper() in ("CH", "PM") else 0)
    return datetime(
        int(year), int(month), int(day), at, int(minute or 0), int(second or 0), tzinfo=VIETNAM
    )
