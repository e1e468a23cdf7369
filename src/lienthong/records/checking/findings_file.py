"""Findings as a file for people and programs: Parquet, CSV, JSON lines or a spreadsheet, written as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lienthong.contracts.rules.casts import literal
from lienthong.errors import Refused
from lienthong.records.checking.messages import COLUMNS, file_sql

if TYPE_CHECKING:
    from lienthong.records.checking.checked import Checked

FORMATS = {
    ".parquet": "FORMAT PARQUET, COMPRESSION ZSTD",
    ".csv": "FORMAT CSV, HEADER",
    ".jsonl": "FORMAT JSON",
}
SHEET_ROWS = 1_048_575
"""Rows of one sheet below its header; a spreadsheet goes on to the next sheet."""


def require_format(path: Path) -> None:
    """Raises Refused when the suffix is not one that findings are written in."""
    if path.suffix.lower() not in (*FORMATS, ".xlsx"):
        raise Refused(
            "CHECK-OUT",
            "Findings are written as %(choices)s; “%(name)s” is none of these.",
            choices=", ".join((*FORMATS, ".xlsx")),
            name=path.name,
        )


def part_of(path: Path) -> Path:
    """Where findings are written until they are complete."""
    return path.with_name(f".{path.name}.part")


def write_findings(checked: Checked, path: Path, language: str) -> None:
    """Writes every finding with the columns COLUMNS; the file appears only when it is complete."""
    require_format(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    sql = file_sql(checked, language, guard=path.suffix.lower() == ".csv")
    try:
        if path.suffix.lower() == ".xlsx":
            _write_sheets(checked, sql, part)
        else:
            options = FORMATS[path.suffix.lower()]
            checked.con.execute(f"COPY ({sql}) TO {literal(str(part))} ({options})")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_sheets(checked: Checked, sql: str, part: Path) -> None:
    import xlsxwriter

    # Text that begins with = or looks like a link stays text: findings quote what a stranger sent.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(part), options) as book:
        bold = book.add_format({"bold": True})
        sheet: Any = None
        at = SHEET_ROWS + 1
        cursor = checked.con.cursor()
        cursor.execute(sql)
        while batch := cursor.fetchmany(2048):
            for row in batch:
                if at > SHEET_ROWS:
                    sheet, at = _new_sheet(book, bold), 1
                sheet.write_row(at, 0, row)
                at += 1
        if sheet is None:
            _new_sheet(book, bold)


def _new_sheet(book: object, bold: object) -> object:
    sheet = book.add_worksheet()  # type: ignore[attr-defined]
    sheet.set_column(7, 7, 80)
    sheet.write_row(0, 0, COLUMNS, bold)
    sheet.freeze_panes(1, 0)
    return sheet
