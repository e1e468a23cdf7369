"""Every sentence a person reads, in Vietnamese, English and French, and dates and sums as officials write them.

The key of a sentence is its English text. Translations are gettext catalogues, one per part of the program,
in declared/locale/<language>/<part>.po; they are read as they are and need no compiling.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date as Date
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

from lienthong.findings import LANGUAGES

LOCALE = Path(__file__).parent / "declared" / "locale"
NO_BREAK = "\u00a0"

_language: ContextVar[str | None] = ContextVar("language", default=None)


def language() -> str:
    """The language of whoever is being spoken to: chosen for this task, else by LIENTHONG_LANGUAGE, else vi."""
    chosen = _language.get() or os.environ.get("LIENTHONG_LANGUAGE", "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


@contextmanager
def speaking(chosen: str) -> Iterator[None]:
    """Speak `chosen` (vi, en, fr) inside this block; anything else leaves the language as it is."""
    token = _language.set(chosen if chosen in LANGUAGES else _language.get())
    try:
        yield
    finally:
        _language.reset(token)


@cache
def catalogue(chosen: str) -> Mapping[str, str]:
    """All translations of one language: English sentence to its translation."""
    sentences: dict[str, str] = {}
    for path in sorted((LOCALE / chosen).glob("*.po")):
        for sentence, translation in read_catalogue(path):
            if sentence and translation:
                sentences.setdefault(sentence, translation)
    return sentences


def read_catalogue(path: Path) -> list[tuple[str, str]]:
    """The (msgid, msgstr) pairs of one .po file, its header first.

    Only what our catalogues use: no plurals, no contexts. Reading with babel costs every command 0.1 s; a test
    holds both readings equal. Raises ValueError with the line that is not understood.
    """
    pairs: list[tuple[str, str]] = []
    parts: list[list[str]] = []
    for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        keyword, _, quoted = line.strip().partition('"')
        if not quoted:
            if keyword and not keyword.startswith("#"):
                raise ValueError(f"{path.name}:{at}: {line}")
            continue
        if keyword.startswith("#"):
            continue
        if keyword.strip() in ("msgid", "msgstr"):
            parts.append([])
        elif keyword or not parts:
            raise ValueError(f"{path.name}:{at}: {line}")
        parts[-1].append(ast.literal_eval('"' + quoted))
    texts = ["".join(part) for part in parts]
    pairs.extend(zip(texts[::2], texts[1::2], strict=True))
    return pairs


def say(sentence: str, to: str | None = None, /, **values: object) -> str:
    """The sentence in the language `to` (default: the reader's), its %(name)s places filled.

    A sentence without a translation is said in English: a test, not the reader, complains about it. A value that is
    a {vi, en, fr} text is said in the same language.
    """
    chosen = to if to in LANGUAGES else language()
    text = catalogue(chosen).get(sentence, sentence)
    if not values:
        return text
    return text % {k: pick(v, chosen) if isinstance(v, Mapping) else v for k, v in values.items()}


def in_every_language(sentence: str, **values: object) -> dict[str, str]:
    """The sentence as {vi, en, fr}, the shape that findings carry."""
    return {chosen: say(sentence, chosen, **values) for chosen in LANGUAGES}


def pick(text: Mapping[str, str], to: str | None = None) -> str:
    """One language of a {vi, en, fr} text; the nearest other one when it is missing."""
    for chosen in (to if to in LANGUAGES else language(), *LANGUAGES):
        if chosen and text.get(chosen):
            return text[chosen]
    return ""


_POINTS = {"vi": (".", ","), "en": (",", "."), "fr": ("\u202f", ",")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: float | Decimal, places: int | None = None, to: str | None = None) -> str:
    """1.234.567,8 (vi), 1,234,567.8 (en), 1 234 567,8 (fr); `places` fixes the decimals, rounded half up."""
    thousands, point = _POINTS[to if to in LANGUAGES else language()]
    exact = Decimal(str(value))
    if not exact.is_finite():
        return "–"
    if places is not None:
        exact = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _, fraction = f"{abs(exact):f}".partition(".")
    if places is None:
        fraction = fraction.rstrip("0")
    groups = f"{int(whole):,}".replace(",", thousands)
    sign = "-" if exact < 0 and (int(whole) or fraction.strip("0")) else ""
    return sign + groups + (point + fraction if fraction else "")


def percent(share: float | Decimal | None, places: int = 1, to: str | None = None) -> str:
    """A share of 1 as per cent: 0.9876 is 98,8 %; None is a dash. Never rounded up to 100 or down to 0."""
    if share is None:
        return "–"
    exact = Decimal(str(share)) * 100
    shown = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    step = Decimal(1).scaleb(-places)
    if shown >= 100 > exact:
        shown = 100 - step
    if shown <= 0 < exact:
        shown = step
    gap = "" if (to or language()) != "fr" else NO_BREAK
    return number(shown, places, to) + gap + "%"


def money(value: float | Decimal, to: str | None = None) -> str:
    """1.500.000 đồng (vi), VND 1,500,000 (en), 1 500 000 VND (fr); the đồng has no smaller part in use."""
    chosen = to if to in LANGUAGES else language()
    sum_ = number(value, 0, chosen)
    return {"vi": f"{sum_} đồng", "en": f"VND {sum_}", "fr": f"{sum_}{NO_BREAK}VND"}[chosen]


def date(value: Date | datetime | None, to: str | None = None) -> str:
    """22/11/2026 (vi, fr), 22 Nov 2026 (en: no doubt about day and month). A moment is read in Vietnam's time."""
    if value is None:
        return "–"
    day = _local(value) if isinstance(value, datetime) else value
    if (to if to in LANGUAGES else language()) == "en":
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year:04d}"
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def clock_time(value: datetime | time, to: str | None = None) -> str:
    """13:30 (vi, en), 13 h 30 (fr)."""
    moment = _local(value) if isinstance(value, datetime) else value
    if (to if to in LANGUAGES else language()) == "fr":
        return f"{moment.hour}{NO_BREAK}h{NO_BREAK}{moment.minute:02d}"
    return f"{moment.hour:02d}:{moment.minute:02d}"


def moment(value: datetime | None, to: str | None = None) -> str:
    """Time and day, in the order officials write them: 13:30 22/11/2026; French and English put the day first."""
    if value is None:
        return "–"
    day, hour = date(value, to), clock_time(value, to)
    return f"{hour} {day}" if (to if to in LANGUAGES else language()) == "vi" else f"{day}, {hour}"


def size(count: int, to: str | None = None) -> str:
    """A number of bytes a person can read: 1,5 MB."""
    amount, unit = Decimal(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    places = 0 if unit == "B" or amount >= 100 else 1
    return f"{number(amount, places, to)}{NO_BREAK}{unit}"


def _local(value: datetime) -> datetime:
    from lienthong.clock import VIETNAM

    if value.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be shown")
    return value.astimezone(VIETNAM)
