"""Reads a cell of text as the type that its field declares, as softly and as strictly as the SQL of `casts`."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from typing import Any

from lienthong.contracts.rules.casts import FALSE_WORDS, TRUE_WORDS, spellings, strptime_format

_SPACES = " \t\n\v\f\r"
_INTEGER = re.compile(r" *[+-]?[0-9]+ *")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
LOW, HIGH = -(2**63), 2**63 - 1
"""The bounds of an integer, as DuckDB's BIGINT."""


def to_integer(text: str | None) -> int | None:
    """A whole number as `casts.from_text` reads it."""
    if text is None or not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if LOW <= value <= HIGH else None


def to_number(text: str | None) -> float | None:
    """A finite number as `casts.from_text` reads it."""
    if text is None:
        return None
    text = text.strip(_SPACES)
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def to_boolean(text: str | None) -> bool | None:
    """true, t, 1 / false, f, 0 in any case."""
    if text is None:
        return None
    word = text.lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def to_date(text: str | None) -> date | None:
    """A date year-month-day, strictly."""
    if text is None or not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def to_timestamp(text: str | None) -> datetime | None:
    """A date with a time; one with an offset is read in UTC."""
    if text is None or not (found := _STAMP.fullmatch(text)):
        return None
    day, clock, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{_six(clock)}")
        if zone and zone != "Z":
            aware = datetime.fromisoformat(f"{day}T{_six(clock)}{zone}")
            offset = aware.utcoffset()
            moment = moment - offset if offset else moment
        return moment
    except (ValueError, OverflowError):
        return None


def to_time(text: str | None) -> time | None:
    """A time of day."""
    if text is None or not _TIME.fullmatch(text):
        return None
    try:
        return time.fromisoformat(_six(text))
    except ValueError:
        return None


def _six(clock: str) -> str:
    """Six digits of a second's fraction, as Python 3.11 wants three or six."""
    whole, point, fraction = clock.partition(".")
    return f"{whole}.{fraction:0<6}" if point else whole


CASTS = {
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
    "date": to_date,
    "timestamp": to_timestamp,
    "time": to_time,
}


def caster(kind: str, declared: str | None) -> Any:
    """The function that reads a cell of a logical type; None for text, which stays as it is."""
    if kind == "string":
        return None
    made = strptime_format(kind, declared)
    if not made:
        return CASTS[kind]

    written = spellings(made)

    def formatted(text: str | None) -> Any:
        if text is None:
            return None
        try:
            moment = datetime.strptime(text, written[-1])  # noqa: DTZ007 a date as written has no zone
        except ValueError:
            return None
        if all(moment.strftime(form) != text for form in written):
            return None
        return {"date": moment.date(), "timestamp": moment, "time": moment.time()}[kind]

    return formatted
