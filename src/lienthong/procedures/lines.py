"""A table of procedures read line by line: each line is a procedure, or says every reason why it is none.

What a line does not say stays unknown. Nothing is guessed: a code that lost its zeros, a formula, a word that nobody
knows or a code that stands twice refuses its line, and the others are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import msgspec

from lienthong.errors import Refused
from lienthong.findings import LANGUAGES, Text
from lienthong.procedures import columns
from lienthong.procedures.lists.listed import cells
from lienthong.procedures.procedure import (
    CODE,
    Component,
    Fee,
    Level,
    LimitUnit,
    Manner,
    Online,
    Procedure,
    TimeLimit,
    national_code,
)
from lienthong.procedures.sound import sound
from lienthong.words import in_every_language, say

MOST_BYTES = 8 * 1024 * 1024
MOST_LINES = 5_000
"""More than all procedures of the country."""
LONGEST = 20_000
LEVELS = ("ministry", "province", "commune", "facility", "social_insurance")
UNITS = ("working_days", "days", "months", "hours")
ONLINE = ("full", "partial", "information", "unknown")
STANDINGS = (
    "current", "listed_2025-07", "likely_replaced", "legal_basis_replaced", "abolished", "unknown",
)  # fmt: skip
ANSWERS = {"yes": True, "no": False, "unknown": None, "": None}
_FORMULA = re.compile(r"^\s*(=|@|\+(?![\d\s]))|^#(REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")
_MARKUP = re.compile(r"<[a-zA-Z/!][^<>]*>")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table: its number in the file, code and name as written, and the procedure or what is wrong."""

    number: int
    code: str
    name: str
    procedure: Procedure | None = None
    faults: tuple[Text, ...] = ()


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Every line of a table with something in it, and the heads of columns that nobody here knows."""

    lines: tuple[Line, ...]
    left_out: tuple[str, ...] = ()

    @property
    def procedures(self) -> tuple[Procedure, ...]:
        """The procedures of the lines that could be read."""
        return tuple(one.procedure for one in self.lines if one.procedure is not None)

    @property
    def refused(self) -> tuple[Line, ...]:
        """The lines that are no procedure."""
        return tuple(one for one in self.lines if one.faults)


class Wrong(Exception):
    """A cell that cannot be read; said in every language."""

    def __init__(self, sentence: Text) -> None:
        super().__init__()
        self.sentence = sentence


def read_bytes(data: bytes, name: str) -> Lines:
    """The lines of a CSV (comma, semicolon or tab; UTF-8) or XLSX file; Refused for a file that is no such table."""
    if len(data) > MOST_BYTES:
        raise Refused(
            "PROCEDURE-LARGE", "The file is larger than %(size)s MB.", size=MOST_BYTES // 1024**2
        )
    rows = list(cells(data, name))
    if len(rows) > MOST_LINES:
        raise Refused("PROCEDURE-LONG", "The list has more than %(count)s lines.", count=MOST_LINES)
    return read_table(rows, name)


def read_table(rows: Sequence[Sequence[str]], name: str) -> Lines:
    """The same of the cells of a table, under heads of ours or others (see columns.HEADS)."""
    found = columns.table(rows, name)
    read = [_line(number, row) for number, row in found.lines]
    places: dict[str, list[int]] = {}
    for one in read:
        if one.procedure is not None and one.procedure.code:
            places.setdefault(one.procedure.code, []).append(one.number)
    return Lines(lines=tuple(_alone(one, places) for one in read), left_out=found.left_out)


def _alone(line: Line, places: Mapping[str, list[int]]) -> Line:
    """The line; refused when its code stands in another one too, because nobody can say which of them is right."""
    others = places.get(line.procedure.code, []) if line.procedure else []
    if len(others) < 2:
        return line
    sentence = in_every_language(
        "Code %(code)s stands in several lines: %(lines)s. Leave the one that is right.",
        code=line.procedure.code if line.procedure else line.code,
        lines=", ".join(str(number) for number in others[:20]),
    )
    return msgspec.structs.replace(line, procedure=None, faults=(sentence,))


def _line(number: int, row: Mapping[str, str]) -> Line:
    code, name = row.get("code", "").strip(), row.get("name_vi", "").strip()
    shown = {"number": number, "code": code[:40], "name": name[:300]}
    faults = [*_unfit(row), *_unread(row)]
    if faults:
        return Line(faults=tuple(faults), **shown)  # type: ignore[arg-type]
    made = _procedure(row)
    try:
        # A line without a national code is read and kept, and cannot be published.
        sound(msgspec.structs.replace(made, code=made.code or "1.000000"))
    except Refused as wrong:
        told = in_every_language(wrong.message, **wrong.details)
        return Line(faults=(told,), **shown)  # type: ignore[arg-type]
    return Line(procedure=made, **shown)  # type: ignore[arg-type]


def _unfit(row: Mapping[str, str]) -> Iterator[Text]:
    """What no cell may hold, whatever its column is."""
    for column, cell in row.items():
        if _UNSEEN.search(cell):
            yield _say("“%(column)s” holds signs that cannot be shown.", column)
        elif _FORMULA.search(cell):
            yield _say(
                "“%(column)s” holds a formula or its error: %(written)s. Write the value.", column, cell
            )  # fmt: skip
        elif _MARKUP.search(cell):
            yield _say("“%(column)s” holds markup: %(written)s. Write it as plain text.", column, cell)  # fmt: skip
        elif len(cell) > LONGEST:
            yield _say("“%(column)s” is too long: at most %(count)s letters.", column, count=LONGEST)  # fmt: skip


def _unread(row: Mapping[str, str]) -> Iterator[Text]:
    """Every cell of a line that cannot be read."""
    if not row.get("name_vi", "").strip():
        yield in_every_language("The name is empty.")
    for read in (_code, _levels, _limits, _online, _decentralised, _standing, _successor):
        try:
            read(row)
        except Wrong as wrong:
            yield wrong.sentence


def _procedure(row: Mapping[str, str]) -> Procedure:
    fee = row.get("fee_vnd", "").strip()
    return Procedure(
        code=_code(row),
        name={"vi": row["name_vi"].strip()}
        | {one: row[f"name_{one}"] for one in ("en", "fr") if row.get(f"name_{one}")},
        field=row.get("field") or "",
        subfield=row.get("subfield") or "",
        levels=cast(tuple[Level, ...], _levels(row)),
        authority=row.get("authority") or "",
        manners=_manners(row),
        components=_components(row),
        legal_basis=tuple(_parts(row.get("legal_basis"), ";")),
        online=cast(Online, _online(row)),
        decentralised=_decentralised(row),
        decentralised_basis=row.get("decentralised_basis") or "",
        limit_text=row.get("limit_text") or "",
        fee_text=row.get("fee_text") or ("" if columns.amount(fee) is not None else fee),
        successor=_successor(row),
        standing=_standing(row),
        evidence=tuple(_parts(row.get("evidence"), ";")),
        sources=tuple(one for one in (row.get("source") or "").split() if one != ";"),
    )


def _code(row: Mapping[str, str]) -> str:
    written = row.get("code", "").strip()
    if not written:
        return ""
    try:
        return national_code(written)
    except Refused:
        pass
    probable = re.sub(r"^([123])[.,](\d{1,6})$", lambda m: f"{m[1]}.{m[2]:0<6}", written)
    if probable != written and CODE.match(probable):
        raise Wrong(in_every_language(
            "“%(written)s” is a number, not a code: a table program took zeros or the point away. Make the column"
            " text; was it %(code)s?", written=written, code=probable,
        ))  # fmt: skip
    raise Wrong(in_every_language(
        "“%(written)s” is no procedure code; it looks like 1.012279.", written=written[:40]
    ))  # fmt: skip


def _levels(row: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(columns.levels(row.get("levels", ""))))
    if any(one not in LEVELS for one in found):
        raise _unknown("levels", row["levels"], columns.LEVEL_WORDS)
    return found


def _limits(row: Mapping[str, str]) -> tuple[TimeLimit, ...]:
    written = (row.get("limit_value") or "").strip()
    if not written:
        return ()
    unit = columns.word(row.get("limit_unit") or "", columns.UNITS)
    if unit not in UNITS:
        raise _unknown("limit_unit", row.get("limit_unit") or "", columns.UNIT_WORDS)
    try:
        value = float(written.replace(",", "."))
    except ValueError:
        value = 0.0
    if not 0 < value < 10_000:
        raise Wrong(in_every_language(
            "“%(text)s” is no number of days or hours; halves are written 0,5.", text=written[:20]
        ))  # fmt: skip
    limit = TimeLimit(value=value, unit=cast(LimitUnit, unit), basis=row.get("limit_text") or "")
    return (limit,)


def _manners(row: Mapping[str, str]) -> tuple[Manner, ...]:
    """One manner for every channel: sources of this list do not tell channels apart."""
    limits = _limits(row)
    amount = columns.amount(row.get("fee_vnd", ""))
    fees = None if amount is None else (Fee(amount=amount),) if amount else ()
    return (Manner(limits=limits, fees=fees),) if limits or fees is not None else ()


def _components(row: Mapping[str, str]) -> tuple[Component, ...]:
    replaced = dict(_pair(part) for part in _parts(row.get("replaced_by_data"), "|"))
    replaced = replaced or dict(columns.replaced(row.get("notes", "")))
    named = [
        Component(name={"vi": name}, data=replaced.pop(name, ""))
        for name in _parts(row.get("components_vi"), ";")
    ]
    # A paper that a resolution replaces by data is a component even where no list of components was found.
    return (*named, *(Component(name={"vi": name}, data=data) for name, data in replaced.items()))


def _online(row: Mapping[str, str]) -> str:
    return _one(row, "online", ONLINE, "unknown", columns.ONLINE, columns.ONLINE_WORDS)


def _decentralised(row: Mapping[str, str]) -> bool | None:
    found = _one(row, "decentralised", tuple(ANSWERS), "", columns.ANSWERS, columns.ANSWER_WORDS)
    return ANSWERS[found]


def _standing(row: Mapping[str, str]) -> str:
    return _one(row, "status", STANDINGS, "unknown", {}, ", ".join(STANDINGS))


def _successor(row: Mapping[str, str]) -> str:
    return row.get("successor") or columns.newer(row.get("notes", ""))


def _one(
    row: Mapping[str, str], column: str, allowed: tuple[str, ...], otherwise: str,
    others: Mapping[str, str], choices: str,
) -> str:  # fmt: skip
    written = (row.get(column) or "").strip()
    found = columns.word(written, others) if written else otherwise
    if found not in allowed:
        raise _unknown(column, written, choices)
    return found


def _unknown(column: str, written: str, choices: str) -> Wrong:
    return Wrong(_say(
        "“%(written)s” is not known under “%(column)s”; write one of: %(choices)s.", column, written, choices=choices
    ))  # fmt: skip


def _say(sentence: str, column: str, written: str = "", **values: object) -> Text:
    """A sentence about a cell, with the column in the words of each language."""
    return {
        language: say(
            sentence,
            language,
            column=say(columns.LABELS[column], language),
            written=written.strip()[:40],
            **values,
        )
        for language in LANGUAGES
    }


def _pair(part: str) -> tuple[str, str]:
    database, _, component = part.partition(" = ")
    return component.strip(), database.strip()


def _parts(text: str | None, separator: str) -> list[str]:
    return [part.strip() for part in (text or "").split(separator) if part.strip()]
