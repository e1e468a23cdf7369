"""What became of a code: the one that replaced it, or the several among which a list does not decide."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from lienthong import words
from lienthong.contracts.codes import Code, Codes
from lienthong.findings import LANGUAGES, Text

NAMED = 6
"""Candidates that a sentence names before it breaks off."""


class Replacement(NamedTuple):
    """A code that took over from a retired one; `whole` when all of it went there."""

    code: Code
    whole: bool


def replacements(codes: Codes, name: str, retired: Code) -> list[Replacement]:
    """Every code that a retired one may have become, as the list's map says; none is chosen among several."""
    told = str(codes.about(name).get("successors") or "")
    if told:
        ends = _map(told, codes).get((retired.parent, _bare(retired)), ())
        found = [(new, parent, kind == "whole") for new, parent, kind in ends]
    else:
        found = [(part, "", True) for part in retired.successor.split(";") if part]
        found = [(new, parent, len(found) == 1) for new, parent, _ in found]
    made = []
    for new, parent, whole in found:
        wanted = f"{parent}-{new}" if codes.is_pairs(name) else new
        period = _present(codes, name, wanted, parent)
        if period is not None:
            made.append(Replacement(period, whole))
    return made


def _bare(code: Code) -> str:
    return code.code.removeprefix(f"{code.parent}-") if code.parent else code.code


def _present(codes: Codes, name: str, code: str, parent: str) -> Code | None:
    """The period of a code that goes on; a successor that ended itself is named all the same."""
    periods = [p for p in codes.find(name, code) if not parent or p.parent == parent]
    return next((p for p in reversed(periods) if not p.valid_to), periods[-1] if periods else None)


def _map(name: str, codes: Codes) -> dict[tuple[str, str], tuple[tuple[str, str, str], ...]]:
    declared = Path(str(resources.files("lienthong") / "declared" / "codes" / "maps"))
    own = next(
        (f for folder in codes.folders if (f := folder / "maps" / f"{name}.csv").is_file()), None
    )
    return _read(str(own or declared / f"{name}.csv"))


@cache
def _read(file: str) -> dict[tuple[str, str], tuple[tuple[str, str, str], ...]]:
    found: dict[tuple[str, str], tuple[tuple[str, str, str], ...]] = {}
    with Path(file).open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            key = (row["old_parent"], row["old_code"])
            new = (row["new_code"], row["new_parent"], row["kind"])
            found[key] = (*found.get(key, ()), new)
    return found


def explained(codes: Codes, name: str, code: str, *, hidden: bool = False) -> Text:
    """What a list says of a code that is not right on its day, in every language; empty when it knows nothing.

    `hidden`: the cell may not be shown, so neither the code nor its replacements are named.
    """
    periods = codes.find(name, code)
    if not periods:
        return _another_code(codes, name, code, hidden=hidden)
    retired = next((p for p in reversed(periods) if p.valid_to), None)
    if retired is None:
        begins = min(period.valid_from for period in periods)
        return _said("This code is right from %(day)s.", day=begins) if begins else {}
    became = replacements(codes, name, retired)
    if hidden:
        sentence = "The code was right until %(day)s; the list names %(count)s that replaced it."
        return _said(sentence, day=retired.valid_to, count=len(became))
    label = retired.label
    if not became:
        sentence = "%(code)s (%(label)s) was right until %(day)s; no replacement is recorded."
        return _said(sentence, day=retired.valid_to, code=code, label=label)
    if len(became) == 1:
        sentence = "%(code)s (%(label)s) was right until %(day)s; it became %(new)s."
        if not became[0].whole:
            sentence = "%(code)s (%(label)s) was right until %(day)s; part of it became %(new)s."
    else:
        sentence = (
            "%(code)s (%(label)s) was right until %(day)s; it was divided among %(new)s:"
            " only the address tells which."
        )
    return _said(sentence, day=retired.valid_to, code=code, label=label, new=became)


def _another_code(codes: Codes, name: str, code: str, *, hidden: bool) -> Text:
    """That a code is right in another list of the same things: a facility has one of 5 and one of 13 characters."""
    if (target := codes.decided.get((name, code))) and not hidden:
        meant = codes.find(name, target)
        label = meant[-1].label if meant else {}
        sentence = "%(code)s is in no list; it is read as %(new)s (%(label)s)."
        return _said(sentence, code=code, new=target, label=label)
    other = str(codes.about(name).get("otherCodes") or "")
    found = codes.find(other, code) if other else []
    if not found:
        return {}
    if hidden or not found[-1].successor:
        return _said("This is another code of the same thing.")
    sentence = "%(code)s is another code of %(new)s (%(label)s): write that one here."
    return _said(sentence, code=code, new=found[-1].successor, label=found[-1].label)


def _said(sentence: str, **values: object) -> Text:
    return {
        language: words.say(
            sentence, language, **{name: _value(value, language) for name, value in values.items()}
        )
        for language in LANGUAGES
    }


def _value(value: object, language: str) -> object:
    if isinstance(value, dict):
        return words.pick(value, language)
    if isinstance(value, list):
        named = [f"{one.code.code} {words.pick(one.code.label, language)}" for one in value[:NAMED]]
        return ", ".join(named) + (", …" if len(value) > NAMED else "")
    if isinstance(value, str) and len(value) == 8 and value.isdigit():
        return words.date(date(int(value[:4]), int(value[4:6]), int(value[6:])), language)
    return value
