"""Citations of law in ordinary text: “Nghị định 63/2010/NĐ-CP, Điều 8”, “NĐ 54/2017 Đ32, 33”, “Luật Dược 2016 Đ24”.

What is written is recognised, never completed by guess: a short form is only read as a document that is declared
under that short form or that follows from its kind (a decree is the Government's: NĐ 54/2017 is 54/2017/NĐ-CP).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

KINDS = {
    "luật": "law", "bộ luật": "law", "pháp lệnh": "ordinance", "nghị quyết": "resolution", "nq": "resolution",
    "nghị định": "decree", "nđ": "decree", "thông tư liên tịch": "joint_circular", "ttlt": "joint_circular",
    "thông tư": "circular", "tt": "circular", "quyết định": "decision", "qđ": "decision", "công văn": "letter",
    "cv": "letter", "công điện": "dispatch", "cđ": "dispatch", "chỉ thị": "directive", "ct": "directive",
    "kế hoạch": "plan", "văn bản hợp nhất": "consolidated", "vbhn": "consolidated",
    "decree": "decree", "circular": "circular", "decision": "decision", "resolution": "resolution", "law": "law",
    "dispatch": "dispatch", "official letter": "letter", "letter": "letter",
}  # fmt: skip
"""Words before a number and the kind of document they mean."""

_KIND = "|".join(sorted((re.escape(word) for word in KINDS), key=len, reverse=True))
_SYMBOL = r"[A-ZĐ][A-ZĐƯƠÔÂÊĂ0-9]*(?:-[A-ZĐƯƠÔÂÊĂ][A-ZĐƯƠÔÂÊĂ0-9]*)*"
_FULL = re.compile(
    rf"(?<![\w/.-])(?:(?P<kind>{_KIND})\s*(?:số\s+)?)?(?P<serial>\d+(?:\.\d+)?)(?:/(?P<year>(?:19|20)\d\d))?/(?P<symbol>{_SYMBOL})"
    r"(?!\w)",
    re.I,
)
_SHORT = re.compile(
    rf"(?<!\w)(?P<kind>{_KIND})\s*(?:số\s+)?(?P<serial>\d+(?:\.\d+)?)(?:/(?P<year>(?:19|20)\d\d))?(?![\w/.]*/)(?!\w)",
    re.I,
)
_ARTICLES = re.compile(
    r"(?:Điều|điều|Art\.|Đ)\s*(?P<list>\d+[a-zđ]?(?:\s*(?:,|-|–|và|and)\s*\d+[a-zđ]?(?!\s*[/\d]))*)"
)
_DATE = re.compile(r"ngày\s+(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})")
_GOVERNMENT = {"decree": "NĐ-CP"}
"""Kinds that only one agency issues, so that the short form is the whole one."""


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """One document that a text cites, as written and as it is known; `number` empty: not recognised for sure."""

    text: str
    number: str
    kind: str = ""
    year: int | None = None
    articles: tuple[str, ...] = ()


@lru_cache(maxsize=8_192)
def normal(number: str) -> str:
    """A number as numbers are compared: composed Unicode, capital letters, no zero before the serial."""
    plain = unicodedata.normalize("NFC", number.strip()).upper().replace(" ", "")
    return re.sub(r"^0+(?=\d)", "", plain)


def key(number: str) -> str:
    """A number for comparing: sources write NĐ-CP and ND-CP for the same decree."""
    return normal(number).replace("Đ", "D")


def parse(text: str, names: Mapping[str, str] | None = None) -> list[Citation]:
    """Every document that a text cites, in order.

    `names` are declared short names (“Luật Dược 2016”) and the numbers they stand for.
    """
    text = unicodedata.normalize("NFC", text)
    spans: list[tuple[int, int, str, str, int | None]] = []
    for match in _FULL.finditer(text):
        if not (match["year"] or "-" in match["symbol"] or match["kind"]):
            continue  # “Mẫu 02/DM”, “Mẫu số 04/GPP”: forms, not documents
        number = "/".join(
            part for part in (match["serial"], match["year"], match["symbol"]) if part
        )
        spans.append((*match.span(), normal(number), _kind(match["kind"]), _year(match["year"])))
    spans += list(_named(text, names or {}, spans))
    for match in _SHORT.finditer(text):
        if any(match.start() < end and start < match.end() for start, end, *_ in spans):
            continue
        kind = _kind(match["kind"])
        spans.append(
            (
                *match.span(),
                _completed(kind, match["serial"], match["year"]),
                kind,
                _year(match["year"]),
            )
        )
    spans.sort()
    return [_citation(text, spans, at) for at in range(len(spans))]


def _named(
    text: str, names: Mapping[str, str], taken: list[tuple[int, int, str, str, int | None]]
) -> Iterable[tuple[int, int, str, str, int | None]]:
    folded = text.casefold()
    found: list[tuple[int, int, str, str, int | None]] = []
    for name in sorted(names, key=len, reverse=True):
        at = folded.find(name.casefold())
        while at >= 0:
            end = at + len(name)
            apart = not folded[end : end + 1].isalnum()
            if apart and not any(at < e and s < end for s, e, *_ in [*taken, *found]):
                found.append((at, end, normal(names[name]), "", None))
            at = folded.find(name.casefold(), end)
    return found


def _kind(word: str | None) -> str:
    return KINDS.get((word or "").casefold(), "")


def _year(text: str | None) -> int | None:
    return int(text) if text else None


def _completed(kind: str, serial: str, year: str | None) -> str:
    """The whole number where the kind says who issues it, else nothing."""
    symbol = _GOVERNMENT.get(kind)
    return normal(f"{serial}/{year}/{symbol}") if symbol and year else ""


def _citation(text: str, spans: list[tuple[int, int, str, str, int | None]], at: int) -> Citation:
    start, end, number, kind, year = spans[at]
    before = text[(spans[at - 1][1] if at else 0) : start]
    after = text[end : (spans[at + 1][0] if at + 1 < len(spans) else len(text))]
    issued = _DATE.match(after.strip())
    return Citation(
        text=text[start:end],
        number=number,
        kind=kind,
        year=year or (int(issued["year"]) if issued else None),
        articles=_articles_of(before, after),
    )


def _articles_of(before: str, after: str) -> tuple[str, ...]:
    """Articles right after a document, else right before it (“khoản 2 Điều 66 Nghị định …”), never of a neighbour's."""
    clause = re.split(r";|\||\n", after)[0]
    found = [_listed(match["list"]) for match in _ARTICLES.finditer(clause)]
    if not found:
        clause = re.split(r";|\||\n", before)[-1]
        near = list(_ARTICLES.finditer(clause))
        if near and not clause[near[-1].end() :].strip(" ,()-của"):
            found = [_listed(near[-1]["list"])]
    return tuple(dict.fromkeys(article for some in found for article in some))


def _listed(text: str) -> list[str]:
    """“4-6, 9” as 4, 5, 6, 9."""
    made: list[str] = []
    for part in re.split(r",|và|and", text):
        low, dash, high = (bit.strip() for bit in re.sub("–", "-", part).partition("-"))
        if dash and low.isdigit() and high.isdigit() and 0 < int(high) - int(low) < 200:
            made += [str(article) for article in range(int(low), int(high) + 1)]
        else:
            made += [bit for bit in (low, high) if bit]
    return made
