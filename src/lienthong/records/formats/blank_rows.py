"""Blank rows of a table: they are left out, and the rows after them keep the number under which a sheet shows them."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator

from lienthong.records.formats.faults import Fault, fault

KIND = "rows-blank"
RULE = "FILE-16"
SHEETS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
"""Files that a person opens in a spreadsheet program: the header stands in row 1, the first record in row 2."""
STRETCHES = 500
"""Stretches of blank rows that are told one by one."""

Stretch = tuple[int, int]
"""First and last row of a stretch, as a sheet numbers them (from 1)."""

_TOLD = re.compile(r"\d+(?:-\d+)?(?:, \d+(?:-\d+)?)*")


class BlankRows:
    """The blank rows of one table as they are met. Those behind the last record matter to nobody."""

    def __init__(self, table: str, before_header: int = 0) -> None:
        self._table = table
        self.stretches: list[Stretch] = [(1, before_header)] if before_header else []
        self._count = before_header
        self._waiting = 0
        self.whole = True

    def blank(self, rows: int = 1) -> None:
        """Blank rows stand here."""
        self._waiting += rows

    def record(self, before: int) -> None:
        """A record stands here; `before` records came before it."""
        if not self._waiting:
            return
        first = before + 2 + self._count
        if len(self.stretches) < STRETCHES:
            self.stretches.append((first, first + self._waiting - 1))
        else:
            self.whole = False
        self._count += self._waiting
        self._waiting = 0

    def faults(self) -> Iterator[Fault]:
        """What is said of them; of some hundred stretches the rest is only hinted at."""
        if self.stretches:
            told = ", ".join(
                str(first) if first == last else f"{first}-{last}" for first, last in self.stretches
            )
            yield fault(KIND, table=self._table, rows=told if self.whole else told + ", …")


def told_rows(sentence: str) -> list[Stretch]:
    """The stretches of blank rows that the sentence of the fault names, in whatever language."""
    found = _TOLD.search(sentence)
    parts = found.group().split(", ") if found else []
    return [
        (int(first), int(last or first)) for first, _, last in (p.partition("-") for p in parts)
    ]


def row_in_sheet(row: int, blanks: Iterable[Stretch] = ()) -> int:
    """The number (from 1) under which a sheet shows a record; `row` is its position from 0."""
    number = row + 2
    for first, last in blanks:
        if first > number:
            break
        number += last - first + 1
    return number


def is_sheet(name: str) -> bool:
    """Whether people see rows of a file of this name under a spreadsheet's numbers."""
    return name.lower().endswith(SHEETS)


_EMPTY_LINES = (b"\n\n", b"\n\r\n")


def blank_lines(data: mmap.mmap, table: str) -> BlankRows:
    """The blank rows of a well-formed CSV of several columns, whose header stands in its first line."""
    found = BlankRows(table)
    end = _end_of_records(data)
    state, empty = _Counted(data), _EmptyLines(data, end)
    at = 0
    while (at := empty.after(at)) >= 0:
        inside, records = state.up_to(at + 1)
        after = at + 1
        while data[after : after + 1] == b"\n" or data[after : after + 2] == b"\r\n":
            after += 1 if data[after : after + 1] == b"\n" else 2
            if not inside:
                found.blank()
        if not inside:
            found.record(records - 1)
            state.pass_over(after)
        at = after - 1
    return found


def _end_of_records(data: mmap.mmap) -> int:
    end = len(data)
    while end and data[end - 1 : end] in (b"\n", b"\r"):
        end -= 1
    return end


class _EmptyLines:
    """Finds line ends that an empty line follows; each way to write one is looked for once through the file."""

    def __init__(self, data: mmap.mmap, end: int) -> None:
        self._data, self._end = data, end
        self._next = dict.fromkeys(_EMPTY_LINES, -1)

    def after(self, start: int) -> int:
        """The first one from `start` on and before the end; -1 when there is none."""
        for mark, place in list(self._next.items()):
            if place < start:
                found = self._data.find(mark, start, self._end)
                self._next[mark] = self._end if found < 0 else found
        first = min(self._next.values())
        return first if first < self._end else -1


class _Counted:
    """Counts line ends outside quotation marks, going through a file once."""

    PIECE = 1 << 20

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = self._records = 0
        self._inside = False

    def up_to(self, place: int) -> tuple[bool, int]:
        """Whether `place` is inside a quoted cell, and how many records (with the header) end before it."""
        while self._at < place:
            piece = self._data[self._at : min(place, self._at + self.PIECE)]
            self._at += len(piece)
            if b'"' not in piece:
                self._records += 0 if self._inside else piece.count(b"\n")
                continue
            parts = piece.split(b'"')
            outside = parts[1::2] if self._inside else parts[::2]
            self._records += sum(part.count(b"\n") for part in outside)
            self._inside ^= len(parts) % 2 == 0
        return self._inside, self._records

    def pass_over(self, place: int) -> None:
        """Go on behind blank lines, which are no records."""
        self._at = place
