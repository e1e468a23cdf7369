"""Spreadsheets (XLSX): a sheet per table, or the first sheet. Typed cells become the text a sender would write.

A spreadsheet forgets leading zeros of codes typed as numbers; they are not guessed back, the check says so.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.errors import Refused
from lienthong.records.formats.blank_rows import BlankRows
from lienthong.records.formats.faults import FaultList, fault
from lienthong.records.formats.header import Header, match_header, match_table, plain_name
from lienthong.records.formats.reading import Reading, Source
from lienthong.records.formats.rowspool import RowSpool
from lienthong.records.formats.sheet_extent import Extent

UNPACKED_LIMIT = 1024 * 1024 * 1024
RATIO_LIMIT = 300
OTHER_BOOKS = (".ods", ".xlsb")
"""The reader would open these by their name, past the look at the cells' places."""
RATIO_FREE = 50 * 1024 * 1024
"""Below this size any ratio is harmless; an honest sheet shrinks ten to forty times."""


def read_spreadsheet(
    path: Path, hint: str | None, contract: Contract, reading: Reading, faults: FaultList
) -> Iterator[Source]:
    """The tables of one spreadsheet. Raises Refused when it is damaged, a bomb, or no table fits."""
    from python_calamine import CalamineError, CalamineWorkbook

    unpacked_size(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = list(book.sheet_names)
        chosen = [name for name in names if contract.called(plain_name(name))]
        chosen = chosen if hint is None else []
        for name in chosen or names[:1]:
            rows = book.get_sheet_by_name(name).iter_rows()
            stem = name if chosen else path.stem
            yield _read_sheet(rows, hint, stem, contract, reading, faults)
    except (CalamineError, OSError) as error:
        raise Refused(
            "FILE-28", "The spreadsheet cannot be read; it may be damaged or locked."
        ) from error
    for name in names:
        if name not in (chosen or names[:1]):
            faults.add(fault("sheet-ignored", name=name[:80]))


def unpacked_size(path: Path) -> int:
    """Bytes inside a zip archive, found by unpacking it. Raises Refused for a bomb or a damaged archive."""
    if path.suffix.lower() in OTHER_BOOKS:
        raise Refused("FILE-28", "The spreadsheet cannot be read; it may be damaged or locked.")
    return check_room(path, path.stat().st_size)


def check_room(book: Path | BinaryIO, packed: int) -> int:
    """As `unpacked_size` of an archive of `packed` bytes that may also be held in memory."""
    total = 0
    try:
        with zipfile.ZipFile(book) as archive:
            for entry in archive.infolist():
                extent = Extent()
                with archive.open(entry) as stream:
                    while data := stream.read(1 << 20):
                        total += len(data)
                        extent.feed(data)
                        if total > UNPACKED_LIMIT or total > max(RATIO_FREE, RATIO_LIMIT * packed):
                            raise Refused(
                                "FILE-29",
                                "The file unpacks to far more than it should; it is refused.",
                            )
                if extent.explodes:
                    raise Refused(
                        "FILE-29", "The file unpacks to far more than it should; it is refused."
                    )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Refused(
            "FILE-28", "The spreadsheet cannot be read; it may be damaged or locked."
        ) from error
    return total


def _read_sheet(
    rows: Iterator[list[Any]],
    hint: str | None,
    stem: str,
    contract: Contract,
    reading: Reading,
    faults: FaultList,
) -> Source:
    header_cells: list[Any] = []
    before_header = 0
    for row in rows:
        if _filled(row):
            header_cells = row
            break
        before_header += 1
    while header_cells and header_cells[-1] in ("", None):
        header_cells = header_cells[:-1]
    names = [cell_text(cell) or "" for cell in header_cells]
    table = match_table(contract, hint, stem, names)
    header = match_header(table, names)
    faults.extend(header.faults)
    spool = RowSpool(reading, table, header.columns)
    blanks = BlankRows(table.name, before_header)
    for row in rows:
        if _filled(row):
            blanks.record(spool.rows)
            _keep(row, table, header, spool, faults)
        else:
            blanks.blank()
    faults.extend(blanks.faults())
    return spool.source(in_sheet=True)


def _keep(row: list[Any], table: Table, header: Header, spool: RowSpool, faults: FaultList) -> None:
    expected = len(header.names)
    if _filled(row[expected:]):
        found = max(at for at, cell in enumerate(row, 1) if cell not in ("", None))
        faults.add(fault("row-long", **spool.place(), found=found, expected=expected))
    padded = row[:expected] + [None] * (expected - len(row))
    spool.append(
        [
            cell_text(cell, table.field(name))
            for name, cell in zip(header.names, padded, strict=True)
            if name is not None
        ]
    )


def _filled(row: list[Any]) -> bool:
    return any(cell is not None and cell != "" and str(cell).strip() for cell in row)


def cell_text(cell: Any, field: Field | None = None) -> str | None:
    """A typed cell as text: 1.0 is "1", a date is ISO or as the field's message writes it."""
    if cell is None or isinstance(cell, str):
        return (cell.replace("\x00", "") if cell else None) or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, dt.datetime):
        return _moment(cell, field)
    if isinstance(cell, dt.date):
        return _moment(dt.datetime.combine(cell, dt.time()), field)
    return str(cell)


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def _moment(value: dt.datetime, field: Field | None) -> str:
    written = {"date8": "%Y%m%d", "datetime12": "%Y%m%d%H%M", "birth12": "%Y%m%d%H%M"}
    form = written.get(field.format or "") if field is not None else None
    if form is not None:
        return value.strftime(form)
    if value.time() == dt.time() and (field is None or field.type != "timestamp"):
        return value.date().isoformat()
    return value.isoformat(sep=" ")
