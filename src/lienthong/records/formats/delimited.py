"""CSV as facilities write it: any separator, any encoding of the country, damaged rows included.

A well-formed file is read by DuckDB in place, in one parallel pass. Its strict mode refuses a file with any
ragged row, broken quote or broken byte; such a file is read again by `careful`, row by row, so that no row
is lost or moved.
"""

from __future__ import annotations

import csv
import io
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lienthong.contracts.contract import Contract, Table
from lienthong.records.formats.blank_rows import blank_lines
from lienthong.records.formats.encodings import (
    Encoding,
    detect,
    of_whole_file,
    pieces,
    transcode,
)
from lienthong.records.formats.faults import Fault, FaultList, fault
from lienthong.records.formats.header import Header, match_header, match_table, shared_names
from lienthong.records.formats.reading import Reading, ReadingOptions, Source
from lienthong.records.formats.sqltext import file_text, quoted, text, unit_sql

if TYPE_CHECKING:
    import duckdb

HEAD = 256 * 1024
MARKS_SEEN = 200_000
SEPARATORS = ",;\t|"


class Dialect(NamedTuple):
    """How a file is cut into cells. `skipped` counts the lines before the header."""

    separator: str
    header: tuple[str, ...]
    skipped: int
    declared: bool


def read_delimited(
    path: Path,
    hint: str | None,
    contract: Contract,
    reading: Reading,
    faults: FaultList,
    options: ReadingOptions,
) -> Source:
    """One CSV file as a source. Raises Refused when it is no table of the contract."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    encoding = detect(path, head)
    source = _read_as(encoding, path, hint, contract, reading, faults, options)
    if source is None:
        # Not what the head of the file looked like; now all of it is looked at.
        settled = of_whole_file(path)
        source = _read_as(settled, path, hint, contract, reading, faults, options)
    if source is None:
        raise AssertionError("a file whose encoding is settled is read row by row at worst")
    return source


def _read_as(
    encoding: Encoding,
    path: Path,
    hint: str | None,
    contract: Contract,
    reading: Reading,
    faults: FaultList,
    options: ReadingOptions,
) -> Source | None:
    """The file in this encoding; None when the encoding was only a guess that proved wrong."""
    dialect = sniff_dialect(_head_text(path, encoding), contract)
    table = match_table(contract, hint, path.stem, dialect.header)
    header = match_header(table, dialect.header)
    job = Job(path, table, header, dialect, encoding)
    if encoding.name != "utf-8":
        if reading.folder is None:
            raise ValueError("the reading is closed")
        target = reading.folder / f"{len(reading.sources):03d}.csv"
        transcode(path, encoding, target)
        job = job._replace(path=target, encoding=Encoding("utf-8"))
    source = _quick_source(job, options) if encoding.is_sound else None
    if source is None and not encoding.settled:
        return None
    faults.extend(header.faults)
    if source is not None:
        faults.extend(_blank_rows(job))
    if encoding.name == "cp1258":
        faults.add(fault("encoding-assumed", table=table.name, encoding="Windows-1258"))
    return source or carefully(job, reading, faults)


def _quick_source(job: Job, options: ReadingOptions) -> Source | None:
    """The file as DuckDB reads it in place, when it can."""
    if not trusted(job):
        return None
    source = fast_source(job)
    if options.optimistic:
        source.optimistic = True
        source.count = 0 if _is_header_only(job) else None
        return source
    return verified(source, job)


def _blank_rows(job: Job) -> list[Fault]:
    """What is told of the blank rows of a file that DuckDB reads, which passes over them in silence."""
    if len(job.dialect.header) == 1:
        return []  # a record without its only value
    with (
        job.path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        return list(blank_lines(data, job.table.name).faults())


class Job(NamedTuple):
    """One CSV file that is ready to be read."""

    path: Path
    table: Table
    header: Header
    dialect: Dialect
    encoding: Encoding


def _head_text(path: Path, encoding: Encoding) -> str:
    with path.open("rb") as stream:
        return next(pieces(stream, encoding), "")[:HEAD]


def sniff_dialect(head: str, contract: Contract) -> Dialect:
    """The separator and the header: the separator under which most columns are known, else most columns."""
    lines = head.split("\n")
    skipped = 0
    declared = ""
    while skipped < len(lines) - 1 and not lines[skipped].strip():
        skipped += 1
    first = lines[skipped].strip()
    if first[:4].lower() == "sep=" and len(first) == 5:
        # Excel's own first line.
        declared, skipped = first[4], skipped + 1
    rest = "\n".join(lines[skipped:])
    best: tuple[int, int, str, tuple[str, ...]] = (-1, -1, ",", ())
    for separator in declared or SEPARATORS:
        names = tuple(next(csv.reader(io.StringIO(rest, newline=""), delimiter=separator), []))
        known = max(len(shared_names(table, names)) for table in contract.tables)
        if (known, len(names)) > best[:2]:
            best = (known, len(names), separator, names)
    return Dialect(best[2], best[3], skipped, bool(declared))


def trusted(job: Job) -> bool:
    """Whether DuckDB may read the file: a usual header, no NUL, no doubtful quotes (at memory speed)."""
    usual = job.dialect.header and not job.dialect.skipped and not job.dialect.declared
    if not usual or len(job.dialect.header) > 2000 or not job.path.stat().st_size:
        return False
    with (
        job.path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        if data.find(b"\x00") >= 0:
            return False
        return data.find(b'"') < 0 or not _reopened(data, job.dialect.separator)


def _reopened(data: mmap.mmap, separator: str) -> bool:
    """Whether a quoted cell may end and begin again after spaces, which DuckDB joins without a word.

    A cell of nothing but spaces is usual and looks the same but for what stands around it.
    """
    around = {b"", b"\n", b"\r", separator.encode()}
    for mark in (b'" "', b'"  "'):
        at = -1
        for _ in range(MARKS_SEEN):
            at = data.find(mark, at + 1)
            if at < 0:
                break
            behind = at + len(mark)
            if data[max(at - 1, 0) : at] not in around or data[behind : behind + 1] not in around:
                return True
    return False


def _is_header_only(job: Job) -> bool:
    """Whether nothing stands under the names of the columns."""
    if job.path.stat().st_size > HEAD:
        return False
    return len(job.path.read_bytes().strip().splitlines()) < 2


def _has_wide_blanks(job: Job) -> bool:
    """Whether cells may hold more white space than the three blanks that DuckDB takes for no value."""
    if not job.path.stat().st_size:
        return False
    marks = [
        b"    ",
        b"\v",
        b"\f",
        b'"\n',
        *([b"\t"] if job.dialect.separator != "\t" else [b'"\t']),
    ]
    with (
        job.path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        return any(data.find(mark) >= 0 for mark in marks)


def _or_null(cell: str) -> str:
    """SQL of a cell, NULL when it holds nothing but white space; most cells are told by their first letter."""
    return f"CASE WHEN {cell} < '!' AND trim({cell}, ' \t\r\n\v\f') = '' THEN NULL ELSE {cell} END"


def fast_source(job: Job, *, parallel: bool = True) -> Source:
    """The file as DuckDB reads it in place.

    Its limit of 2 MB for a row stays as it is: with a larger one, cells over several lines fail.
    """
    names = [
        name if name is not None else f"_unread {at}" for at, name in enumerate(job.header.names)
    ]
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
    scan = (
        f"read_csv({file_text(job.path)}, auto_detect=false, header=true, "
        f"columns={{{columns}}}, delim={text(job.dialect.separator)}, quote='\"', escape='\"', "
        f"strict_mode=true, nullstr=['', ' ', '  ', '   ']{'' if parallel else ', parallel=false'})"
    )
    cells = [quoted(name) for name in job.header.columns]
    shown = [f"{_or_null(cell)} AS {cell}" for cell in cells] if _has_wide_blanks(job) else cells
    read = ", ".join(shown)
    return Source(
        job.table.name,
        job.header.columns,
        f"SELECT *, {unit_sql(job.table)} AS _unit FROM "
        f"(SELECT {read}, row_number() OVER () - 1 AS _row FROM {scan})",
        unnumbered=f"SELECT {read} FROM {scan}",
        in_sheet=True,
    )


def verified(source: Source, job: Job) -> Source | None:
    """The source when DuckDB reads every row, with their count. One pass at the speed of the disk."""
    import duckdb

    with duckdb.connect() as con:
        try:
            source.count = _count(con, source)
        except duckdb.NotImplementedException:
            # Cells over several lines can stand where no thread may begin.
            source = fast_source(job, parallel=False)
            try:
                source.count = _count(con, source)
            except duckdb.Error:
                return None
        except duckdb.Error:
            return None
    return source


def _count(con: duckdb.DuckDBPyConnection, source: Source) -> int:
    answer = con.execute(
        f"SELECT count(*), count(COLUMNS(*)) FROM ({source.unnumbered})"
    ).fetchone()
    return int(answer[0]) if answer else 0


def carefully(job: Job, reading: Reading, faults: FaultList) -> Source:
    """The file row by row."""
    from lienthong.records.formats.careful import spool_rows

    return spool_rows(job, reading, faults)
