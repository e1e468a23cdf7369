"""Values and functions of predicates in Python, one by one the same as DuckDB's: text, rounding, order.

Every function takes None for an unknown value and gives None for an unknown answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from lienthong.contracts.rules.python_casts import (
    HIGH,
    LOW,
)

_SEPARATORS = "\u0020\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"


def truth(failed: bool, passed: bool) -> bool | None:
    """A three-valued answer out of `is it true` and `is it false`."""
    return True if failed else False if passed else None


def number_order(left: float, right: float) -> int:
    """-1, 0, 1; as in DuckDB a NaN equals itself and is above every number."""
    if left != left or right != right:
        return (left != left) - (right != right)
    return (left > right) - (left < right)


def add(left: Any, right: Any) -> Any:
    """left + right"""
    return None if left is None or right is None else left + right


def subtract(left: Any, right: Any) -> Any:
    """left - right; days between two dates."""
    if left is None or right is None:
        return None
    gap = left - right
    return gap.days if hasattr(gap, "days") else gap


def multiply(left: Any, right: Any) -> Any:
    """left * right"""
    return None if left is None or right is None else left * right


def divide(left: Any, right: Any) -> float | None:
    """left / right as floating point does it: by zero it is infinite, or no number for 0 / 0."""
    if left is None or right is None:
        return None
    if right == 0:
        if left == 0 or left != left:
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1.0, right)
    return left / right


def remainder(left: Any, right: Any) -> float | None:
    """left % right with the sign of left."""
    if left is None or right is None:
        return None
    try:
        return math.fmod(left, right)
    except ValueError:
        return math.nan


def negative(value: Any) -> Any:
    """-value"""
    return None if value is None else -value


def absolute(value: Any) -> Any:
    """Without its sign."""
    return None if value is None else abs(value)


def rounded(value: float | None, places: int | None = 0) -> float | None:
    """Half away from zero, computed as DuckDB does it (2.675 to two places is 2.68, 1.005 is 1.0)."""
    if value is None or places is None:
        return None
    if not math.isfinite(value):
        return value
    try:
        factor = 10.0 ** abs(places)
        scaled = value / factor if places < 0 else value * factor
    except OverflowError:
        return 0.0 if places < 0 else value
    if not math.isfinite(scaled) or not math.isfinite(factor):
        return 0.0 if places < 0 else value
    whole = _half_away(scaled)
    result = whole * factor if places < 0 else whole / factor
    return result if math.isfinite(result) else 0.0 if places < 0 else value


def _half_away(value: float) -> float:
    floor = math.floor(abs(value))
    part = abs(value) - floor
    return math.copysign(float(floor + (1 if part >= 0.5 else 0)), value)


def floored(value: float | None) -> float | None:
    """The whole number below."""
    if value is None or not math.isfinite(value):
        return value
    return (
        math.copysign(float(math.floor(value)), value)
        if math.floor(value) == 0
        else float(math.floor(value))
    )


def ceiled(value: float | None) -> float | None:
    """The whole number above."""
    if value is None or not math.isfinite(value):
        return value
    return (
        math.copysign(float(math.ceil(value)), value)
        if math.ceil(value) == 0
        else float(math.ceil(value))
    )


def length(text: str | list[str] | None) -> int | None:
    """Characters (code points) of a text, parts of a list."""
    return None if text is None else len(text)


def parts(text: str | None, separator: str | None) -> list[str] | None:
    """The parts of a text between separators; an empty text has one part."""
    if text is None or separator is None:
        return None
    return text.split(separator) if separator else list(text)


def distinct_parts(listed: list[str] | None) -> list[str] | None:
    """Each part once."""
    return None if listed is None else list(dict.fromkeys(listed))


def substring(text: str | None, start: int | None, count: int | None = HIGH) -> str | None:
    """From 1; a start below 0 counts from the end, a count below 0 goes to the left."""
    if text is None or start is None or count is None:
        return None
    size = len(text)
    begin = start - 1 if start > 0 else size + start if start < 0 else -1
    end = begin + count
    if count < 0:
        begin, end = end, begin
    return text[max(0, begin) : max(0, min(size, end))]


def left(text: str | None, count: int | None) -> str | None:
    """The first characters; below 0: all but the last ones."""
    return None if text is None or count is None else text[:count]


def right(text: str | None, count: int | None) -> str | None:
    """The last characters; below 0: all but the first ones."""
    if text is None or count is None:
        return None
    return text[-count:] if count else ""


@lru_cache(maxsize=4096)
def upper(text: str | None) -> str | None:
    """Capital letters, letter by letter (ß becomes ẞ)."""
    return None if text is None else "".join(map(_upper, text))


def _upper(letter: str) -> str:
    made = letter.upper()
    if len(made) == 1:
        return made
    if letter == "ß":
        return "ẞ"
    made = letter.title()
    return made if len(made) == 1 else letter


@lru_cache(maxsize=4096)
def lower(text: str | None) -> str | None:
    """Small letters, letter by letter."""
    return None if text is None else "".join(letter.lower()[0] for letter in text)


def trim(text: str | None) -> str | None:
    """Without the spaces around it (Unicode separators; not tabs)."""
    return None if text is None else text.strip(_SEPARATORS)


def replace(text: str | None, old: str | None, new: str | None) -> str | None:
    """Every `old` by `new`; an empty `old` changes nothing."""
    if text is None or old is None or new is None:
        return None
    return text.replace(old, new) if old else text


def concat(*parts: str | None) -> str:
    """Joined; unknown parts count as empty."""
    return "".join(part for part in parts if part is not None)


def joined(left_: str | None, right_: str | None) -> str | None:
    """left || right"""
    return None if left_ is None or right_ is None else left_ + right_


def position(text: str | None, part: str | None) -> int | None:
    """Where `part` begins, from 1; 0 when it is not there."""
    return None if text is None or part is None else text.find(part) + 1


def as_text(value: Any) -> str | None:
    """CAST to VARCHAR."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, datetime):
        return (
            value.isoformat(" ").rstrip("0").rstrip(".")
            if value.microsecond
            else value.isoformat(" ")
        )
    return str(value)


def _float_text(value: float) -> str:
    if value != value:
        return "nan"
    return repr(value)


def as_integer(value: Any) -> int | None:
    """TRY_CAST of a number to BIGINT: rounds half to even."""
    if value is None or isinstance(value, int):
        return None if value is None else int(value)
    if not math.isfinite(value):
        return None
    made = round(value)
    return made if LOW <= made <= HIGH else None


def as_number(value: Any) -> float | None:
    """TRY_CAST of a number to DOUBLE."""
    return None if value is None else float(value)


def as_date(value: Any) -> date | None:
    """CAST of a timestamp or date to DATE."""
    return value.date() if isinstance(value, datetime) else value


def days(start: date | None, end: date | None) -> int | None:
    """DATE_DIFF('day', start, end)"""
    return None if start is None or end is None else (end - start).days


def least(*values: Any) -> Any:
    """The smallest of the known values."""
    known = [value for value in values if value is not None]
    return min(known) if known else None


def greatest(*values: Any) -> Any:
    """The largest of the known values."""
    known = [value for value in values if value is not None]
    return max(known) if known else None


def coalesce(*values: Any) -> Any:
    """The first known value."""
    return next((value for value in values if value is not None), None)


def total(values: Iterable[Any]) -> float | None:
    """SUM: unknown when no value is known."""
    known = [float(value) for value in values if value is not None]
    return (
        math.fsum(known)
        if known and all(map(math.isfinite, known))
        else sum(known)
        if known
        else None
    )


def smallest(values: Iterable[Any]) -> Any:
    """MIN"""
    return least(*values)


def largest(values: Iterable[Any]) -> Any:
    """MAX"""
    return greatest(*values)


def counted(values: Iterable[Any]) -> int:
    """COUNT of known values."""
    return sum(1 for value in values if value is not None)


def distinct(values: Iterable[Any]) -> set[Any]:
    """The different known values."""
    return {value for value in values if value is not None}


@lru_cache(maxsize=1024)
def expression(pattern: str, flags: str = "") -> re.Pattern[str]:
    """A pattern as RE2 reads it: ASCII classes, `$` only at the very end."""
    made = re.sub(r"(?<!\\)((?:\\\\)*)\$", r"\1\\Z", _outside_classes(pattern))
    chosen = re.ASCII if "i" not in flags else re.IGNORECASE
    return re.compile(made, chosen)


def _outside_classes(pattern: str) -> str:
    """`$` inside [...] stays itself: written as \\x24 so that it is not taken for the end."""
    out, inside, escaped = [], False, False
    for letter in pattern:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == "[":
            inside = True
        elif letter == "]":
            inside = False
        elif letter == "$" and inside:
            letter = "\\x24"
        out.append(letter)
    return "".join(out)


@lru_cache(maxsize=1024)
def like(pattern: str) -> re.Pattern[str]:
    """A LIKE pattern: % any text, _ one character."""
    parts = [
        ".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern
    ]
    return re.compile("".join(parts), re.DOTALL)
