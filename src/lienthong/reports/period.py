"""Periods that reports speak of: months, quarters, halves, years, or any days from one to another.

Written 2026-11, 2026-Q4, 2026-H2, 2026, or 2026-09-15..2026-12-14 (offices may close their books on another day).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import msgspec

from lienthong.clock import VIETNAM
from lienthong.errors import Refused


class Period(msgspec.Struct, frozen=True):
    """Days from `first` to `last`, both inside, on Vietnam's calendar."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        """The first moment inside."""
        return datetime.combine(self.first, time.min, VIETNAM)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time.min, VIETNAM)

    def holds(self, moment: datetime | None) -> bool:
        """Whether a moment lies inside."""
        return moment is not None and self.begins <= moment < self.ends

    @property
    def code(self) -> str:
        """As it is written in addresses and commands."""
        for code in _codes(self.first.year, self.first.month):
            if parse(code) == self:
                return code
        return f"{self.first.isoformat()}..{self.last.isoformat()}"

    @property
    def kind(self) -> str:
        """month, quarter, half, year or days."""
        code = self.code
        if ".." in code:
            return "days"
        return {"Q": "quarter", "H": "half", "": "year"}.get(code[5:6], "month")

    def before(self) -> Period:
        """The period of the same kind before this one; for days, as many days."""
        last = self.first - timedelta(days=1)
        if self.kind == "days":
            return Period(last - (self.last - self.first), last)
        return next(
            one for code in _codes(last.year, last.month) if (one := parse(code)).kind == self.kind
        )

    def months(self) -> list[Period]:
        """The months that lie wholly or partly inside, as whole months."""
        found, day = [], self.first.replace(day=1)
        while day <= self.last:
            found.append(month(day.year, day.month))
            day = found[-1].last + timedelta(days=1)
        return found


def month(year: int, number: int) -> Period:
    """One month."""
    return Period(date(year, number, 1), _last(year, number))


def quarter(year: int, number: int) -> Period:
    """One quarter, 1 to 4."""
    return Period(date(year, 3 * number - 2, 1), _last(year, 3 * number))


def half(year: int, number: int) -> Period:
    """One half of a year, 1 or 2."""
    return Period(date(year, 6 * number - 5, 1), _last(year, 6 * number))


def year(number: int) -> Period:
    """One year."""
    return Period(date(number, 1, 1), date(number, 12, 31))


_CODE = re.compile(
    r"^(?P<year>20\d\d)(?:-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])|H(?P<half>[12])))?$"
)
_DAYS = re.compile(r"^(?P<first>\d{4}-\d\d-\d\d)\.\.(?P<last>\d{4}-\d\d-\d\d)$")


def parse(text: str) -> Period:
    """The period that a text names; raises Refused with the forms it may have."""
    written = text.strip().upper()
    if found := _CODE.match(written):
        number = int(found["year"])
        if found["month"]:
            return month(number, int(found["month"]))
        if found["quarter"]:
            return quarter(number, int(found["quarter"]))
        return half(number, int(found["half"])) if found["half"] else year(number)
    if days := _DAYS.match(written):
        try:
            first, last = date.fromisoformat(days["first"]), date.fromisoformat(days["last"])
        except ValueError:
            raise _unread(text) from None
        if first <= last and last.year < 2100:
            return Period(first, last)
    raise _unread(text)


def closed(today: date) -> Iterator[Period]:
    """The month, quarter, half and year that ended last before a day, the shortest first."""
    for kind in ("month", "quarter", "half", "year"):
        yield running(today, kind).before()


def running(today: date, kind: str) -> Period:
    """The period of a kind in which a day lies."""
    return next(
        one for code in _codes(today.year, today.month) if (one := parse(code)).kind == kind
    )


def _codes(number: int, of: int) -> tuple[str, ...]:
    """The month, quarter, half and year in which a month lies."""
    return (
        f"{number}-{of:02d}",
        f"{number}-Q{(of + 2) // 3}",
        f"{number}-H{(of + 5) // 6}",
        f"{number}",
    )


def _last(year_: int, number: int) -> date:
    following = date(year_ + number // 12, number % 12 + 1, 1)
    return following - timedelta(days=1)


def _unread(text: str) -> Refused:
    return Refused(
        "REPORT-PERIOD",
        "“%(written)s” is no period; write it like 2026-11, 2026-Q4, 2026-H2, 2026 or 2026-09-15..2026-12-14.",
        written=text[:40],
    )
