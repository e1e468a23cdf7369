"""Legal time: aware moments, Vietnam's working days and hours, holidays and days swapped by decision.

Deadlines of the Ministry run in working time (Decree 309/2026 for dossiers, Decree 63/2024 for papers, the data
decisions for records). Which hours and which days are worked is data: declared/holidays/*.yaml, and files of the
same shape in LIENTHONG_HOME/holidays that an official adds when the Government swaps days.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Literal, overload
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Unit = Literal["minutes", "hours", "days", "months", "working_hours", "working_days"]

DECLARED = Path(__file__).parent / "declared" / "holidays"


def _vietnam() -> tzinfo:
    try:
        return ZoneInfo("Asia/Ho_Chi_Minh")
    except ZoneInfoNotFoundError:  # a machine without a time-zone database: +07:00 since 1975
        return timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


VIETNAM = _vietnam()


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def local(moment: datetime) -> datetime:
    """The moment on Vietnam's clocks; a moment without a zone is refused."""
    if moment.tzinfo is None:
        raise ValueError("a moment must say its time zone")
    return moment.astimezone(VIETNAM)


def today() -> date:
    """The date on Vietnam's clocks."""
    return local(now()).date()


@dataclass(frozen=True)
class Hours:
    """The sessions of a working day, from a date on (source and certainty stand in the data)."""

    since: date
    sessions: tuple[tuple[time, time], ...]

    @property
    def length(self) -> timedelta:
        """Working time of one full day; what `8 hours = 1 working day` is derived from."""
        return sum((_minutes(end) - _minutes(start) for start, end in self.sessions), timedelta())


@dataclass(frozen=True)
class Calendar:
    """Which days are worked and when.

    `decided` holds the days that differ from Monday to Friday: True is worked, False is off. In the years of
    `complete` that is all there is to know; in other years the library `holidays` is asked about the rest.
    """

    hours: tuple[Hours, ...]
    decided: dict[date, bool] = field(default_factory=dict)
    complete: tuple[int, int] = (0, 0)
    _known: dict[date, list[tuple[datetime, datetime]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday without public holidays, plus swapped Saturdays."""
        decided = self.decided.get(day)
        if decided is not None:
            return decided
        if self.complete[0] <= day.year <= self.complete[1]:
            return day.weekday() < 5
        return _public_working_day(day)

    def sessions(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working sessions of that day as aware local moments; empty on a day off.

        A deadline asks for dozens of days and thousands of dossiers for the same ones, so each is worked out once.
        """
        found = self._known.get(day)
        if found is None:
            found = self._known[day] = self._sessions(day)
        return found

    def _sessions(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.is_working_day(day):
            return []
        at = bisect_right(self.hours, day, key=lambda hours: hours.since) - 1
        if at < 0:
            raise ValueError(f"no working hours are declared for {day}")
        return [
            (datetime.combine(day, start, VIETNAM), datetime.combine(day, end, VIETNAM))
            for start, end in self.hours[at].sessions
        ]


_KINDS = {"work": True, "off": False}


def read_calendar(*folders: Path) -> Calendar:
    """The calendar that these folders' YAML files declare; a later file overrides an earlier one.

    Raises ValueError naming the file and what is wrong in it.
    """
    import yaml

    quick = getattr(
        yaml, "CSafeLoader", yaml.SafeLoader
    )  # safe both; the first is ten times faster
    hours: dict[date, Hours] = {}
    decided: dict[date, bool] = {}
    complete = (0, 0)
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        content = yaml.load(path.read_text(encoding="utf-8"), quick) or {}  # noqa: S506
        item: Any = "complete_years"
        try:
            first, last = content.get("complete_years", complete)
            complete = (int(first), int(last))
            for item in content.get("hours", ()):
                read = _read_hours(item)
                hours[read.since] = read
            for item in content.get("days", ()):
                decided[date.fromisoformat(item["date"])] = _KINDS[item["kind"]]
        except (KeyError, TypeError, ValueError) as wrong:
            raise ValueError(f"{path.name}: {wrong!r} in {item!r}") from wrong
    return Calendar(tuple(sorted(hours.values(), key=lambda item: item.since)), decided, complete)


def _read_hours(item: dict) -> Hours:
    sessions = tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in item["sessions"])
    moments = [moment for session in sessions for moment in session]
    if not sessions or moments != sorted(set(moments)):
        raise ValueError("sessions must follow one another")
    return Hours(date.fromisoformat(item["since"]), sessions)


@cache
def calendar() -> Calendar:
    """The declared calendar with the official's own files on top; read once per process."""
    from lienthong import settings

    return read_calendar(DECLARED, settings.read().home / "holidays")


def is_working_day(day: date) -> bool:
    """Whether offices work on that date."""
    return calendar().is_working_day(day)


@overload
def add_working_days(start: datetime, count: int, using: Calendar | None = None) -> datetime: ...
@overload
def add_working_days(start: date, count: int, using: Calendar | None = None) -> date: ...
def add_working_days(start: date, count: int, using: Calendar | None = None) -> date:
    """The `count`-th working day after `start` (before it when negative); the first day is not counted.

    A date gives a date; a moment keeps its time of day on Vietnam's clocks. 0 gives `start` itself.
    """
    if isinstance(start, datetime):
        here = local(start)
        return datetime.combine(add_working_days(here.date(), count, using), here.timetz())
    used, day = using or calendar(), start
    step = timedelta(days=1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= used.is_working_day(day)
    return day


def working_days_between(start: date, end: date, using: Calendar | None = None) -> int:
    """How many working days lie after `start` up to and with `end`; negative when `end` is earlier."""
    if end < start:
        return -working_days_between(end, start, using)
    used = using or calendar()
    return sum(
        used.is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1)
    )


def add_working_hours(start: datetime, count: float, using: Calendar | None = None) -> datetime:
    """The earliest moment at which `count` working hours have passed since `start`, on Vietnam's clocks.

    Time outside the sessions does not count. A negative `count` gives the earliest moment from which that much
    working time leads to `start`, so that an event before it is late exactly when its due moment has passed.
    """
    used, left = using or calendar(), timedelta(hours=abs(count))
    if not left:
        return local(start)
    if count < 0:
        return _back(local(start), left, used)
    moment = local(start)
    day = moment.date()
    while True:
        for opens, closes in used.sessions(day):
            begin = max(opens, moment)
            if closes - begin >= left:
                return begin + left
            left -= max(closes - begin, timedelta())
        day += timedelta(days=1)


def _back(moment: datetime, left: timedelta, used: Calendar) -> datetime:
    day = moment.date()
    while True:
        for opens, closes in reversed(used.sessions(day)):
            if not left and closes <= moment:
                return closes
            end = min(closes, moment)
            if end - opens > left:
                return end - left
            left -= max(end - opens, timedelta())
        day -= timedelta(days=1)


def working_time_between(
    start: datetime, end: datetime, using: Calendar | None = None
) -> timedelta:
    """Working time that passes from `start` to `end`; negative when `end` is earlier."""
    if end < start:
        return -working_time_between(end, start, using)
    used, first, last = using or calendar(), local(start), local(end)
    passed, day = timedelta(), first.date()
    while day <= last.date():
        for opens, closes in used.sessions(day):
            passed += max(min(closes, last) - max(opens, first), timedelta())
        day += timedelta(days=1)
    return passed


def working_hours_between(start: datetime, end: datetime, using: Calendar | None = None) -> float:
    """The same in hours."""
    return working_time_between(start, end, using) / timedelta(hours=1)


def ago(received: datetime, count: float, unit: Unit, using: Calendar | None = None) -> datetime:
    """The moment that lies `count` units before `received`: what happened before it was sent too late.

    Aware, on Vietnam's clocks. A month that is too short ends on its last day.
    """
    return after(received, -count, unit, using)


def after(event: datetime, count: float, unit: Unit, using: Calendar | None = None) -> datetime:
    """The moment at which a limit of `count` units since `event` ends, on Vietnam's clocks."""
    here = local(event)
    if unit == "working_hours":
        return add_working_hours(here, count, using)
    if unit == "working_days":
        return add_working_days(here, int(count), using)
    if unit == "months":
        return _add_months(here, int(count))
    if unit == "minutes":
        return here + timedelta(minutes=count)
    if unit == "hours":
        return here + timedelta(hours=count)
    if unit == "days":
        return here + timedelta(days=count)
    raise ValueError(f"{unit!r} is no unit of time")


def _add_months(moment: datetime, count: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    for last in (31, 30, 29, 28):
        try:
            return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _minutes(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)


@cache
def _public_holidays() -> object:
    import holidays

    return holidays.country_holidays("VN")


def _public_working_day(day: date) -> bool:
    return bool(_public_holidays().is_working_day(day))  # type: ignore[attr-defined]
