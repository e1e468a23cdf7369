"""From bytes to tables: a submission is read as text, one relation per table of its contract.

Nothing malformed stops a file: what cannot be read becomes a fault at its place and the rest goes on.
Only a file that is no submission at all (unknown format, compressed, DOCTYPE) is refused.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lienthong.contracts.contract import Contract
from lienthong.records.formats.faults import Fault, FaultList, fault
from lienthong.records.formats.presence import split
from lienthong.records.formats.sniffing import Format, sniff, xml_root

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class ReadingOptions:
    """How a submission is read.

    `unencoded_inner` accepts inner XML that is not in base64; `certificates` (PEM) switch on the
    verification of CHUKYDONVI; `processes` is the number of cores for large envelopes (None: all);
    `optimistic` leaves the verification of a CSV to the query that reads it (see Reading.careful).
    """

    unencoded_inner: bool = False
    inner_limit: int = 32 * 1024 * 1024
    certificates: tuple[str, ...] = ()
    processes: int | None = None
    optimistic: bool = False


@dataclass
class Source:
    """One table of a submission, as DuckDB reads it.

    `relation` is a SELECT statement (put it in parentheses) that yields `columns` and then `_row` BIGINT
    (position in the table from 0), `_unit` BIGINT (ordinal of the HOSO; the row itself where a table opens
    its own units; NULL for child tables outside an envelope) and, on the root table of an envelope,
    `_envelope_facility`, `_envelope_date`, `_envelope_count` (as written) and `_envelope_units` (found).
    Cells are text unless `typed`. `unnumbered`, where it is given, is the same without `_row` and `_unit`:
    numbering rows keeps DuckDB to one thread, while `CREATE TABLE t AS SELECT .. FROM (unnumbered)` runs on
    all of them and keeps the order of the file, so that `t.rowid` is `_row`. `in_sheet`: people see its rows
    under the numbers of a spreadsheet, below a header.
    """

    table: str
    columns: tuple[str, ...]
    relation: str
    typed: bool = False
    count: int | None = None
    optimistic: bool = False
    unnumbered: str | None = None
    in_sheet: bool = False
    attaching: Callable[[duckdb.DuckDBPyConnection], None] | None = None

    def attach(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make whatever `relation` needs known to the connection."""
        if self.attaching is not None:
            self.attaching(con)


@dataclass
class Reading:
    """A submission that was read: one source per table found, and what only the reader could see.

    `units` counts the HOSO of envelopes (None elsewhere); `envelope` holds facility, date, count, units
    and signature as written in the first envelope. `dated` are faults of names that only some versions of the
    contract have: the days of the rows will tell which of them hold (`presence.settle_names`). `unsaid` are tables
    of other records, of which units that are told apart say nothing.
    """

    sources: dict[str, Source] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    dated: list[Fault] = field(default_factory=list)
    units: int | None = None
    unsaid: frozenset[str] = frozenset()
    envelope: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    rereading: Callable[[Reading], None] | None = None

    def rows(self, table: str) -> int:
        """How many rows the table has; 0 when the submission has no such table."""
        source = self.sources.get(table)
        if source is None:
            return 0
        if source.count is None:
            import duckdb

            with duckdb.connect() as con:
                source.attach(con)
                answer = con.execute(f"SELECT count(*) FROM ({source.relation})").fetchone()
            source.count = int(answer[0]) if answer else 0
        return source.count

    @property
    def optimistic(self) -> bool:
        """Whether a source may still turn out to be malformed when it is queried."""
        return any(source.optimistic for source in self.sources.values())

    def careful(self) -> bool:
        """Read again, row by row, the sources that were taken on trust; True when there were any.

        Call it when a query over the sources raised duckdb.Error, then run the query again.
        """
        if not self.optimistic or self.rereading is None:
            return False
        self.rereading(self)
        return True

    def close(self) -> None:
        """Remove the spooled files."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(
    source: Path | Sequence[tuple[str | None, Path]],
    contract: Contract,
    *,
    workdir: Path | None = None,
    options: ReadingOptions | None = None,
) -> Reading:
    """Read one file, a folder (one file per table, or many messages) or (table, file) pairs.

    Raises Refused when a file is no submission of this contract, FileNotFoundError when it is missing.
    """
    options = options or ReadingOptions()
    pairs, left = _files(source, contract)
    reading = Reading(folder=Path(tempfile.mkdtemp(prefix="reading-", dir=workdir)))
    try:
        _read_files(pairs, left, contract, reading, options)
    except BaseException:
        reading.close()
        raise
    return reading


def _files(
    source: Path | Sequence[tuple[str | None, Path]], contract: Contract
) -> tuple[list[tuple[str | None, Path]], list[Path]]:
    """(table or None, file) of all that is to be read, and the files of a folder that are left aside."""
    if not isinstance(source, Path):
        return [(table, Path(path)) for table, path in source], []
    if not source.is_dir():
        return [(None, source)], []
    from lienthong.records.formats.folder import files_of

    chosen, left = files_of(source, contract)
    return [(None, path) for path in chosen], left


def _read_files(
    pairs: list[tuple[str | None, Path]],
    left: list[Path],
    contract: Contract,
    reading: Reading,
    options: ReadingOptions,
) -> None:
    from lienthong.records.formats.tables import read_tables

    faults = FaultList()
    faults.extend(fault("file-ignored", name=path.name[:80]) for path in left)
    tables: list[tuple[str | None, Path, Format]] = []
    messages: list[tuple[Path, str]] = []
    for table, path in pairs:
        kind = sniff(path)
        if kind is Format.XML:
            messages.append((path, xml_root(path)))
        else:
            tables.append((table, path, kind))
    if messages:
        from lienthong.records.formats.messages import read_messages

        read_messages(messages, contract, reading, faults, options)
    if tables:
        read_tables(tables, contract, reading, faults, options)
    reading.faults, reading.dated = split(contract, faults)
