"""Damaged CSV, row by row: every row keeps its place, every damage becomes a fault on its row.

A quotation mark that is never closed would swallow the rest of the file. A row is therefore read over
several lines only when that gives the right number of cells; otherwise its quotation marks are taken
literally and the next line starts the next row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lienthong.records.formats.encodings import BROKEN, pieces
from lienthong.records.formats.faults import FaultList, fault
from lienthong.records.formats.reading import Reading, Source
from lienthong.records.formats.rowspool import RowSpool

if TYPE_CHECKING:
    from lienthong.records.formats.delimited import Job

LINES_OF_A_ROW = 200
csv.field_size_limit(64 * 1024 * 1024)


class Row(NamedTuple):
    """The cells of one row and the kinds of damage seen in it."""

    cells: list[str]
    damage: tuple[str, ...] = ()


def spool_rows(job: Job, reading: Reading, faults: FaultList) -> Source:
    """Read the file of a job into Parquet; faults go to the list with their rows."""
    from lienthong.records.formats.spool import or_null

    names = job.header.names
    kept = [at for at, name in enumerate(names) if name is not None]
    spool = RowSpool(reading, job.table, job.header.columns)
    for row in rows(job):
        place = spool.place()
        for kind in row.damage:
            values = {"encoding": "UTF-8"} if kind == "bytes-broken" else {}
            faults.add(fault(kind, **place, **values))
        cells = _fitted(row.cells, len(names), place, faults)
        spool.append([or_null(cells[index]) for index in kept])
    return spool.source()


def _fitted(
    cells: list[str], expected: int, place: dict[str, object], faults: FaultList
) -> list[str]:
    if len(cells) < expected:
        faults.add(fault("row-short", **place, found=len(cells), expected=expected))
        return cells + [""] * (expected - len(cells))
    if any(cell.strip() for cell in cells[expected:]):
        faults.add(fault("row-long", **place, found=len(cells), expected=expected))
    return cells


def lines(job: Job) -> Iterator[str]:
    """The lines of the file with their ends: CRLF, LF or CR, also mixed."""
    held = ""
    with job.path.open("rb") as stream:
        for piece in pieces(stream, job.encoding):
            # Only these end a line; str.splitlines would also cut at U+2028 and others.
            whole = (held + piece).replace("\r\n", "\n").replace("\r", "\n").split("\n")
            held = whole.pop()
            yield from whole
    if held:
        yield held


def rows(job: Job) -> Iterator[Row]:
    """The rows after the header, in the order of the file."""
    separator, expected = job.dialect.separator, len(job.header.names)
    source = Lines(lines(job))
    for _ in range(job.dialect.skipped):
        source.take()
    _header(source, separator, expected)
    single = expected == 1
    while (line := source.take()) is not None:
        if not single and not line.strip(" \t\ufeff"):
            continue
        yield _row(line, source, separator, expected)


class Lines:
    """Lines that can be put back."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._back: list[str] = []

    def take(self) -> str | None:
        """The next line, None at the end."""
        return self._back.pop() if self._back else next(self._source, None)

    def put_back(self, taken: list[str]) -> None:
        """Give lines back, in their order."""
        self._back.extend(reversed(taken))


def _header(source: Lines, separator: str, expected: int) -> None:
    line = source.take()
    if line is not None:
        _row(line, source, separator, expected)


def _row(line: str, source: Lines, separator: str, expected: int) -> Row:
    damage: list[str] = []
    taken: list[str] = []
    cells = _cells(line, separator)
    if cells is None:
        cells = _longer(line, taken, source, separator, expected)
    if cells is None:
        source.put_back(taken)
        cells = [
            cell.strip('"') if cell.count('"') == 2 else cell for cell in line.split(separator)
        ]
        damage.append("quote-broken")
    elif _misquoted("\n".join([line, *taken]), separator):
        damage.append("quote-broken")
    joined = "".join(cells)
    if BROKEN in joined:
        damage.append("bytes-broken")
    if "\x00" in joined:
        damage.append("nul-removed")
        cells = [cell.replace("\x00", "") for cell in cells]
    return Row(cells, tuple(damage))


def _cells(record: str, separator: str) -> list[str] | None:
    """The cells of one record; None when a quotation mark is still open."""
    if '"' not in record:
        return record.split(separator)
    # csv cannot say that a quote is open, but then the end of the text belongs to the last cell.
    mark = "\x01"
    found = next(csv.reader([record + mark], delimiter=separator, strict=False), [])
    if not found or not _closed(record, separator):
        return None
    found[-1] = found[-1].removesuffix(mark)
    return found


def _closed(record: str, separator: str) -> bool:
    """Whether every quoted cell ends before the record does."""
    inside = False
    at_start = True
    position = 0
    while position < len(record):
        char = record[position]
        if inside:
            if char == '"':
                if record[position + 1 : position + 2] == '"':
                    position += 1
                else:
                    inside = False
        elif char == '"' and at_start:
            inside = True
        at_start = not inside and (char == separator or (at_start and char == " "))
        position += 1
    return not inside


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
            cells = _cells(record, separator)
            if cells is not None:
                right = len(cells) == expected and not _misquoted(record, separator)
                return cells if right else None
    return None


def _misquoted(record: str, separator: str) -> bool:
    """Whether text follows a closing quotation mark, which a reader can only guess."""
    if '"' not in record:
        return False
    try:
        list(csv.reader([record], delimiter=separator, strict=True, skipinitialspace=True))
    except csv.Error:
        return True
    return False
