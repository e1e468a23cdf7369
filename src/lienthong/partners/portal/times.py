"""Moments as the Portal writes them: yyyyMMddHHmmss on Vietnam's clocks, without an offset. One codec for all."""

from __future__ import annotations

from datetime import datetime

from lienthong.clock import VIETNAM, local
from lienthong.errors import Refused

FORM = "%Y%m%d%H%M%S"
FIRST_YEAR, LAST_YEAR = 1950, 2200
"""What lies outside is a slip or a trap: the first day of year 1 can be kept, and nobody can read it again."""


def written(moment: datetime | None) -> str | None:
    """The moment for the Portal, to the second, on a 24-hour clock; None stays None: no moment is made up."""
    return None if moment is None else local(moment).strftime(FORM)


def read(text: str | None) -> datetime | None:
    """The aware moment of a text of 14, 12 or 8 digits; empty is None. Raises Refused for anything else.

    An offset at the end ('+07:00', 'Z') and separators are accepted: relays add them.
    """
    if text is None or not str(text).strip():
        return None
    given = str(text).strip()
    try:
        moment = _moment(given)
        if not FIRST_YEAR <= moment.year < LAST_YEAR:
            raise ValueError
        return moment
    except ValueError:
        raise Refused(
            "PORTAL-TIME",
            "“%(text)s” is no moment of the Portal; it looks like 20261120083000.",
            text=given[:40],
        ) from None


def _moment(given: str) -> datetime:
    if not given.isdigit():
        moment = datetime.fromisoformat(given.replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
    if len(given) not in (8, 12, 14):
        raise ValueError
    return datetime.strptime(given.ljust(14, "0"), FORM).replace(tzinfo=VIETNAM)
