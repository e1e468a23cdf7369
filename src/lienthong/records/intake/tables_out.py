"""A query's rows as a file for people and programs: Parquet, CSV, JSON lines or a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lienthong.contracts.rules.casts import literal, quoted
from lienthong.records.checking.findings_file import FORMATS, SHEET_ROWS, require_format


def write(con: Any, query: str, path: Path) -> int:
    """Write the rows of a DuckDB query to `path`, its suffix says how; returns how many.

    Raises Refused for another suffix. A spreadsheet goes on to the next sheet when one is full.
    """
    require_format(path)
    rows = con.execute(f"SELECT count(*) FROM ({query})").fetchone()[0]
    if path.suffix.lower() == ".xlsx":
        _spreadsheet(con, query, path)
    else:
        if path.suffix.lower() == ".csv":
            query = without_formulas(con, query)
        con.execute(f"COPY ({query}) TO {literal(str(path))} ({FORMATS[path.suffix.lower()]})")
    return int(rows)


def without_formulas(con: Any, query: str) -> str:
    """The query with an apostrophe before each text that a spreadsheet would take for a formula (numbers stay)."""
    columns = con.execute(f"DESCRIBE {query}").fetchall()
    shown = []
    for name, kind, *_ in columns:
        column = quoted(name)
        formula = (
            f"regexp_matches({column}, '^[=+@\\t\\r\\n-]') AND TRY_CAST({column} AS DOUBLE) IS NULL"
        )
        safe = f"CASE WHEN {formula} THEN chr(39) || {column} ELSE {column} END AS {column}"
        shown.append(safe if kind == "VARCHAR" else column)
    return f"SELECT {', '.join(shown)} FROM ({query})"


def _spreadsheet(con: Any, query: str, path: Path) -> None:
    import xlsxwriter

    # Text that begins with = stays text: the cells quote what a stranger sent.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        cursor = con.execute(query)
        names = [column[0] for column in cursor.description]
        sheet, at = None, SHEET_ROWS
        while batch := cursor.fetchmany(2048):
            for row in batch:
                if sheet is None or at >= SHEET_ROWS:
                    sheet, at = book.add_worksheet(), 0
                    sheet.write_row(0, 0, names)
                at += 1
                sheet.write_row(at, 0, row)
        if sheet is None:
            book.add_worksheet().write_row(0, 0, names)
