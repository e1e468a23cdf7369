"""Damaged CSV, row by row: every row keeps its place, every damage becomes a fault on its row.

A quotation mark that is never closed would swallow the rest of the file. A row is therefore read over
several lines only when that gives the right number of cells; otherwise its quotation marks are taken
literally and the next line starts the next row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lienthong.records.formats.blank_rows import BlankRows
from lienthong.records.formats.encodings import BROKEN, pieces
from lienthong.records.formats.faults import FaultList, fault
from lienthong.records.formats.reading import Reading, Source
from lienthong.records.formats.rowspool import RowSpool

if TYPE_CHECKING:
    from lienthong.records.formats.delimited import Job

LINES_OF_A_ROW = 200
_MARK = "\x01"
_LONE_RETURN = re.compile(r"\r(?!\n)")
csv.field_size_limit(64 * 1024 * 1024)


class Row(NamedTuple):
    """The cells of one row and the kinds of damage seen in it."""

    cells: list[str]
    damage: tuple[str, ...] = ()


def spool_rows(job: Job, reading: Reading, faults: FaultList) -> Source:
    """Read the file of a job into Parquet; faults go to the list with their rows."""
    names = job.header.names
    kept = [at for at, name in enumerate(names) if name is not None]
    everything = len(kept) == len(names)
    spool = RowSpool(reading, job.table, job.header.columns)
    before_header = job.dialect.skipped - job.dialect.declared
    blanks = BlankRows(job.table.name, before_header)
    for row in rows(job, blanks):
        blanks.record(spool.rows)
        cells = row.cells
        if row.damage or len(cells) != len(names):
            place = spool.place()
            for kind in row.damage:
                values = {"encoding": "UTF-8"} if kind == "bytes-broken" else {}
                faults.add(fault(kind, **place, **values))
            cells = _fitted(cells, len(names), place, faults)
        spool.append(cells if everything else [cells[index] for index in kept])
    faults.extend(blanks.faults())
    return spool.source(in_sheet=True)


def _fitted(
    cells: list[str], expected: int, place: dict[str, object], faults: FaultList
) -> list[str]:
    if len(cells) < expected:
        faults.add(fault("row-short", **place, found=len(cells), expected=expected))
        return cells + [""] * (expected - len(cells))
    if any(cell.strip() for cell in cells[expected:]):
        faults.add(fault("row-long", **place, found=len(cells), expected=expected))
    return cells[:expected]


class FileLines:
    """The lines of a file, that end in CRLF, LF or CR, also mixed; of CRLF they keep the CR.

    `doubtful` says whether the stretch of the file they come from has one of `marks`; asking once per
    stretch is a hundred times faster than asking once per line.
    """

    def __init__(self, job: Job, marks: tuple[str, ...]) -> None:
        self._job, self.marks = job, marks
        self.doubtful = False

    def __iter__(self) -> Iterator[str]:
        held, before = "", False
        with self._job.path.open("rb") as stream:
            for piece in pieces(stream, self._job.encoding):
                # Only these end a line; str.splitlines would also cut at U+2028 and others.
                stretch = held + piece
                if stretch.count("\r") != stretch.count("\r\n"):
                    stretch = _LONE_RETURN.sub("\n", stretch)
                found = any(mark in stretch for mark in self.marks)
                # A row may have begun in the stretch before.
                self.doubtful, before = found or before, found
                whole = stretch.split("\n")
                held = whole.pop()
                yield from whole
        if held:
            yield held


def rows(job: Job, blanks: BlankRows | None = None) -> Iterator[Row]:
    """The rows after the header, in the order of the file; blank lines are passed over and told to `blanks`."""
    separator, expected = job.dialect.separator, len(job.header.names)
    source = Lines(FileLines(job, (' "', BROKEN, "\x00")))
    for _ in range(job.dialect.skipped):
        source.take()
    _header(source, separator, expected)
    while True:
        # The usual rows at the speed of the csv module, which stops at the first doubtful one.
        yield from _usual_rows(source, separator, expected)
        line = source.take()
        if line is None:
            return
        if expected == 1 or line.strip(" \t\r\ufeff"):
            yield _row(line, source, separator, expected)
        elif blanks is not None:
            blanks.blank()


def _usual_rows(source: Lines, separator: str, expected: int) -> Iterator[Row]:
    """Rows without any doubt; the lines of the first doubtful one are put back."""
    source.record()
    reader = csv.reader(source, delimiter=separator, strict=True)
    try:
        for cells in reader:
            if len(cells) != expected or (source.file.doubtful and source.recorded_doubt()):
                break
            source.record()
            yield Row(cells)
    except (csv.Error, TooLong):
        pass
    source.put_back_recorded()


class TooLong(Exception):
    """A row goes on over more lines than any real one."""


class Lines:
    """Lines that can be put back. As an iterator it records what it gives, for one row at a time."""

    def __init__(self, file: FileLines) -> None:
        self.file = file
        self._source = iter(file)
        self._back: list[str] = []
        self._recorded: list[str] = []

    def take(self) -> str | None:
        """The next line, None at the end."""
        return self._back.pop() if self._back else next(self._source, None)

    def put_back(self, taken: list[str]) -> None:
        """Give lines back, in their order."""
        self._back.extend(reversed(taken))

    def record(self) -> None:
        """Forget what was recorded: the row it made is good."""
        self._recorded.clear()

    def recorded_doubt(self) -> bool:
        """Whether a recorded line has one of the marks."""
        return any(mark in line for line in self._recorded for mark in self.file.marks)

    def put_back_recorded(self) -> None:
        """Give back the lines of the row that is not good."""
        self.put_back(self._recorded)
        self._recorded = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._recorded) > LINES_OF_A_ROW:
            raise TooLong
        line = self._back.pop() if self._back else next(self._source)
        self._recorded.append(line)
        # The csv module wants to see where a line ends.
        return line + "\n"


def _header(source: Lines, separator: str, expected: int) -> None:
    line = source.take()
    if line is not None:
        _row(line, source, separator, expected)


def _row(line: str, source: Lines, separator: str, expected: int) -> Row:
    damage: list[str] = []
    taken: list[str] = []
    cells, sound = _cells(line, separator)
    if cells is None:
        cells, sound = _longer(line, taken, source, separator, expected), True
    if cells is None:
        source.put_back(taken)
        cells = [
            cell.strip('"') if cell.count('"') == 2 else cell
            for cell in line.removesuffix("\r").split(separator)
        ]
        sound = False
    if not sound:
        damage.append("quote-broken")
    joined = "".join(cells)
    if BROKEN in joined:
        damage.append("bytes-broken")
    if "\x00" in joined:
        damage.append("nul-removed")
        cells = [cell.replace("\x00", "") for cell in cells]
    return Row(cells, tuple(damage))


def _cells(record: str, separator: str) -> tuple[list[str] | None, bool]:
    """The cells of one record (None when a quotation mark is still open) and whether they are certain.

    They are not when text follows a closing quotation mark, which a reader can only guess.
    """
    record = record.removesuffix("\r")
    if '"' not in record:
        return record.split(separator), True
    cut = re.escape(separator)
    # Some programs write a space before a quoted cell or some behind it, as DuckDB knows, too.
    before = re.sub(rf'(^|{cut}) (?=")', r"\1", record)
    for text in (before, re.sub(rf'(?<=") +(?={cut}|$)', "", before)):
        cells = _parsed(text, separator, strict=True)
        if cells is not None:
            return cells, True
    return _parsed(before, separator, strict=False), False


def _parsed(record: str, separator: str, *, strict: bool) -> list[str] | None:
    # Only inside quotes can a line go on: then the mark stands in the same cell as the line end.
    lines = io.StringIO(f"{record}\n{_MARK}", newline="")
    try:
        found = list(csv.reader(lines, delimiter=separator, strict=strict))
    except csv.Error:
        return None
    return found[0] if len(found) == 2 and found[1] == [_MARK] else None


def _longer(
    line: str, taken: list[str], source: Lines, separator: str, expected: int
) -> list[str] | None:
    """The cells when the row goes on over the next lines and then has the right number of cells."""
    record = line
    while len(taken) < LINES_OF_A_ROW:
        following = source.take()
        if following is None:
            return None
        taken.append(following)
        record = f"{record}\n{following}"
        if '"' in following:
            cells, sound = _cells(record, separator)
            if cells is not None:
                return cells if sound and _fits(cells, expected) else None
    return None


def _fits(cells: list[str], expected: int) -> bool:
    """Whether a row has its cells, and beyond them at most empty ones."""
    return len(cells) >= expected and not any(cell.strip() for cell in cells[expected:])
