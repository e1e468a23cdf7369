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
from typing import NamedTuple

from lienthong.contracts.contract import Contract, Table
from lienthong.records.formats.encodings import Encoding, detect, pieces, transcode
from lienthong.records.formats.faults import FaultList, fault
from lienthong.records.formats.header import Header, match_header, match_table, shared_names
from lienthong.records.formats.reading import Reading, ReadingOptions, Source
from lienthong.records.formats.sqltext import quoted, text, unit_sql

HEAD = 256 * 1024
SEPARATORS = ",;\t|"
LONGEST_ROW = 8 * 1024 * 1024


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
    dialect = sniff_dialect(_head_text(path, encoding), contract)
    table = match_table(contract, hint, path.stem, dialect.header)
    header = match_header(table, dialect.header)
    faults.extend(header.faults)
    if encoding.name != "utf-8":
        assert reading.folder is not None
        target = reading.folder / f"{len(reading.sources):03d}.csv"
        transcode(path, encoding, target)
        path, readable = target, Encoding("utf-8")
        if not encoding.certain:
            faults.add(fault("encoding-assumed", table=table.name, encoding="Windows-1258"))
    else:
        readable = encoding
    job = Job(path, table, header, dialect, readable)
    if not encoding.certain and encoding.name == "utf-8" or not trusted(job):
        return carefully(job, reading, faults)
    source = fast_source(job)
    if options.optimistic:
        source.optimistic = True
        return source
    return source if verified(source) else carefully(job, reading, faults)


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
    """Whether DuckDB may read the file: a usual header and no NUL character (a scan of memory speed)."""
    usual = job.dialect.header and not job.dialect.skipped and not job.dialect.declared
    if not usual or len(job.dialect.header) > 2000 or not job.path.stat().st_size:
        return False
    with (
        job.path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        return data.find(b"\x00") < 0


def fast_source(job: Job) -> Source:
    """The file as DuckDB reads it in place."""
    names = [
        name if name is not None else f"_unread {at}" for at, name in enumerate(job.header.names)
    ]
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
    scan = (
        f"read_csv({text(str(job.path))}, auto_detect=false, header=true, columns={{{columns}}}, "
        f"delim={text(job.dialect.separator)}, quote='\"', escape='\"', strict_mode=true, "
        f"nullstr=['', ' ', '  ', '   '], max_line_size={LONGEST_ROW}, buffer_size={2 * LONGEST_ROW})"
    )
    read = ", ".join(quoted(name) for name in job.header.columns)
    return Source(
        job.table.name,
        job.header.columns,
        f"SELECT *, {unit_sql(job.table)} AS _unit FROM "
        f"(SELECT {read}, row_number() OVER () - 1 AS _row FROM {scan})",
        unnumbered=f"SELECT {read} FROM {scan}",
    )


def verified(source: Source) -> bool:
    """Whether DuckDB reads every row; counts them. One pass at the speed of the disk."""
    import duckdb

    with duckdb.connect() as con:
        try:
            answer = con.execute(
                f"SELECT count(*), count(COLUMNS(*)) FROM ({source.unnumbered})"
            ).fetchone()
        except duckdb.Error:
            return False
    source.count = int(answer[0]) if answer else 0
    return True


def carefully(job: Job, reading: Reading, faults: FaultList) -> Source:
    """The file row by row."""
    from lienthong.records.formats.careful import spool_rows

    return spool_rows(job, reading, faults)
