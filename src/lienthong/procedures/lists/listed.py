"""One unit's list as it is read from a file: every line of it, or every fault of it with its line number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from lienthong.errors import Refused
from lienthong.findings import Text
from lienthong.procedures.lists.rules import Rules, rules
from lienthong.procedures.procedure import national_code
from lienthong.words import in_every_language

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 20_000
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How a table saved as “Unicode text” begins; nothing else may be taken for it."""
HEAD_WITHIN = 20
"""Lines among which the heads are looked for: official lists carry titles above their table."""


class Listed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One procedure as a unit's list has it. What the list does not say is empty, and contradicts nobody."""

    code: str
    name: str
    levels: tuple[str, ...] = ()
    status: str = ""
    online: str = ""
    group: str = ""
    priority: int | None = None
    field: str = ""
    line: int = 0


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a file and in which line (0: the file as a whole)."""

    line: int
    sentence: Text


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read. A list with faults is taken not at all."""

    entries: tuple[Listed, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_list(data: bytes, name: str) -> Reading:
    """A list from the bytes of a CSV (comma, semicolon or tab; UTF-8) or XLSX file; never raises for its content."""
    if len(data) > MOST_BYTES:
        return _bad(
            in_every_language(
                "The file is larger than %(size)s MB.", size=MOST_BYTES // 1024 // 1024
            )
        )
    try:
        rows = list(cells(data, name))
    except Refused as wrong:
        return Reading(
            faults=(Fault(line=0, sentence=in_every_language(wrong.message, **wrong.details)),)
        )
    if len(rows) > MOST_ROWS:
        return _bad(in_every_language("The list has more than %(count)s lines.", count=MOST_ROWS))
    return _read(rows, rules())


def _bad(sentence: Text) -> Reading:
    return Reading(faults=(Fault(line=0, sentence=sentence),))


def cells(data: bytes, name: str) -> Iterator[list[str]]:
    """The rows of a CSV or XLSX file as texts; raises Refused when it is neither."""
    if data[:4] == b"PK\x03\x04":
        yield from _workbook(data)
        return
    if name.lower().endswith((".xls", ".ods", ".pdf", ".doc", ".docx")) or (
        data[:2] not in UTF_16 and b"\x00" in data[:4096]
    ):
        raise Refused(
            "LIST-FORM", "The file is neither CSV nor XLSX. Save the list as one of them."
        )
    try:
        text = data.decode("utf-16" if data[:2] in UTF_16 else "utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Refused(
            "LIST-ENCODING", "The file is not UTF-8 (byte %(place)s). Save it as “CSV UTF-8” or as XLSX.",
            place=wrong.start,
        ) from wrong  # fmt: skip
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=False)
    except csv.Error as wrong:
        raise Refused(
            "LIST-FORM", "The file is neither CSV nor XLSX. Save the list as one of them."
        ) from wrong


def _workbook(data: bytes) -> Iterator[list[str]]:
    """The rows of the sheet that looks most like a list: covers and notes come before it in many books."""
    from python_calamine import CalamineError, CalamineWorkbook

    from lienthong.records.formats.spreadsheet import check_room

    check_room(io.BytesIO(data), len(data))
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [
            [
                [_text(cell) for cell in row]
                for row in book.get_sheet_by_index(at).to_python(skip_empty_area=False)
            ]
            for at in range(len(book.sheet_names))
        ]
    except (CalamineError, IndexError, ValueError) as wrong:
        raise Refused(
            "LIST-FORM", "The file is neither CSV nor XLSX. Save the list as one of them."
        ) from wrong
    yield from max(sheets, key=lambda rows: len(_heads(rows, rules())[1]), default=[])


def _text(cell: object) -> str:
    if isinstance(cell, bool) or cell is None:
        return "" if cell is None else str(cell)
    if isinstance(cell, float):
        # A spreadsheet turns 1.012270 into the number 1.01227; six digits after the point is the only form of a code.
        return f"{int(cell)}" if cell.is_integer() else f"{cell:.6f}"
    return str(cell)


def _read(rows: Sequence[Sequence[str]], known: Rules) -> Reading:
    at, columns = _heads(rows, known)
    lacking = [name for name, one in known.columns.items() if one.required and name not in columns]
    if lacking:
        return Reading(faults=tuple(_lacks(name, known, at) for name in lacking))
    entries: list[Listed] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows[at + 1 :], at + 2):
        found = {n: row[i].strip() if i < len(row) else "" for n, i in columns.items()}
        if not any(found.values()):
            continue
        made = _line(number, found, known, seen)
        if isinstance(made, Listed):
            entries.append(made)
            seen[made.code] = number
        else:
            faults.extend(made)
    if not entries and not faults:
        return _bad(in_every_language("The list has no procedure."))
    return Reading(entries=() if faults else tuple(entries), faults=tuple(faults))


def _heads(rows: Sequence[Sequence[str]], known: Rules) -> tuple[int, dict[str, int]]:
    """The line of the heads (from 0) and the place of each column: the line that names most columns."""
    best: tuple[int, dict[str, int]] = (0, {})
    for at, row in enumerate(rows[:HEAD_WITHIN]):
        found: dict[str, int] = {}
        for place, cell in enumerate(row):
            name = known.column(cell)
            if name and name not in found:
                found[name] = place
        if len(found) > len(best[1]):
            best = (at, found)
    return best


def _lacks(name: str, known: Rules, at: int) -> Fault:
    one = known.columns[name]
    return Fault(
        line=at + 1,
        sentence={
            language: in_every_language(
                "The column “%(column)s” is missing. Its head may be: %(heads)s.",
                column=one.label.get(language, name), heads=", ".join(one.heads),
            )[language]
            for language in ("vi", "en", "fr")
        },
    )  # fmt: skip


def _line(
    number: int, cells: Mapping[str, str], known: Rules, seen: Mapping[str, int]
) -> Listed | list[Fault]:
    faults: list[Fault] = []
    code = _code(number, cells["code"], seen, faults)
    if not cells["name"]:
        faults.append(Fault(line=number, sentence=in_every_language("The name is empty.")))
    levels = _levels(number, cells["levels"], known, faults)
    chosen = {
        column: _value(number, column, cells.get(column, ""), known, faults)
        for column in ("status", "online", "group")
    }
    priority = _priority(number, cells.get("priority", ""), known, faults)
    if faults:
        return faults
    return Listed(
        code=code, name=cells["name"], levels=levels, priority=priority, field=cells.get("field", ""),
        line=number, **chosen,
    )  # fmt: skip


def _code(number: int, cell: str, seen: Mapping[str, int], faults: list[Fault]) -> str:
    try:
        code = national_code(cell)
    except Refused:
        faults.append(
            Fault(
                line=number,
                sentence=in_every_language(
                    "“%(written)s” is no procedure code; it looks like 1.012279.", written=cell[:40]
                ),
            )
        )
        return ""
    if code in seen:
        faults.append(
            Fault(
                line=number,
                sentence=in_every_language(
                    "Code %(code)s stands already in line %(first)s.", code=code, first=seen[code]
                ),
            )
        )
    return code


def _levels(number: int, cell: str, known: Rules, faults: list[Fault]) -> tuple[str, ...]:
    if known.says_nothing(cell):
        return ()
    whole = known.value("levels", cell)
    if whole:
        return (whole,)
    parts = [
        part
        for part in cell.replace(",", ";").replace("/", ";").replace("+", ";").split(";")
        if part.strip()
    ]
    found = [_value(number, "levels", part, known, faults) for part in parts]
    order = list(known.words["levels"])
    return tuple(sorted({one for one in found if one}, key=order.index))


def _value(number: int, column: str, cell: str, known: Rules, faults: list[Fault]) -> str:
    if known.says_nothing(cell):
        return ""
    value = known.value(column, cell)
    if value is None:
        one = known.columns[column]
        faults.append(
            Fault(
                line=number,
                sentence={
                    language: in_every_language(
                        "“%(written)s” is not known under “%(column)s”; write one of: %(choices)s.",
                        written=cell[:40], column=one.label.get(language, column),
                        choices=", ".join(w.label.get(language, v) for v, w in known.words[column].items()),
                    )[language]
                    for language in ("vi", "en", "fr")
                },
            )
        )  # fmt: skip
        return ""
    return value


def _priority(number: int, cell: str, known: Rules, faults: list[Fault]) -> int | None:
    if known.says_nothing(cell):
        return None
    digits = "".join(letter for letter in cell if letter.isdigit())
    if len(digits) != 1 or digits == "0":
        faults.append(
            Fault(
                line=number,
                sentence=in_every_language(
                    "“%(written)s” is no priority; write 1, 2, 3 …", written=cell[:40]
                ),
            )
        )
        return None
    return int(digits)
