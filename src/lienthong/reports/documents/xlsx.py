"""A sheet as a workbook laid out like the official form: joined headings, numbered columns, numbers as numbers."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from lienthong.reports.documents.sheet import Cell, Sheet


def xlsx(sheet: Sheet) -> bytes:
    """The bytes of the workbook; the same sheet gives the same cells. An unknown number is a dash, never zero."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        forms = _formats(book)
        page = book.add_worksheet("Báo cáo")
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
        page.set_column(0, 0, 6)
        page.set_column(1, 1, 44)
        page.set_column(2, sheet.width - 1, 11)
        top = _title(page, sheet, forms)
        at = _headings(page, sheet, forms, top)
        page.repeat_rows(top, at - 1)
        page.freeze_panes(at, 2)
        for place, line in enumerate((*sheet.lines, *((sheet.total,) if sheet.total else ()))):
            bold = line is sheet.total or place in sheet.strong
            for column, cell in enumerate(line):
                _cell(page, at, column, cell, forms, bold=bold)
            at += 1
        for note in sheet.notes:
            at += 1
            page.write_string(at, 0, note, forms["note"])
    return out.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    base = {"font_name": "Times New Roman", "font_size": 11, "valign": "vcenter"}
    lined = base | {"border": 1}
    return {
        "left": book.add_format(base | {"bold": True}),
        "title": book.add_format(
            base | {"bold": True, "align": "center", "font_size": 13, "text_wrap": True}
        ),
        "when": book.add_format(base | {"italic": True, "align": "center"}),
        "right": book.add_format(base | {"italic": True, "align": "right"}),
        "head": book.add_format(lined | {"bold": True, "align": "center", "text_wrap": True}),
        "order": book.add_format(lined | {"italic": True, "align": "center", "font_size": 9}),
        "text": book.add_format(lined | {"text_wrap": True}),
        "text_bold": book.add_format(lined | {"text_wrap": True, "bold": True}),
        "number": book.add_format(lined | {"align": "right", "num_format": "#,##0"}),
        "number_bold": book.add_format(
            lined | {"align": "right", "num_format": "#,##0", "bold": True}
        ),
        "points": book.add_format(lined | {"align": "right", "num_format": "#,##0.00"}),
        "points_bold": book.add_format(
            lined | {"align": "right", "num_format": "#,##0.00", "bold": True}
        ),
        "note": book.add_format(base | {"italic": True, "font_size": 9}),
    }


def _title(page: Any, sheet: Sheet, forms: dict[str, Any]) -> int:
    last = sheet.width - 1
    page.write_string(0, 0, sheet.code, forms["left"])
    page.write_string(1, 0, sheet.whose, forms["left"])
    page.merge_range(2, 0, 2, last, sheet.title, forms["title"])
    page.set_row(2, 34)
    page.merge_range(3, 0, 3, last, sheet.when, forms["when"])
    page.merge_range(4, 0, 4, last, sheet.unit, forms["right"])
    return 5


def _headings(page: Any, sheet: Sheet, forms: dict[str, Any], top: int) -> int:
    for head in sheet.heads:
        row, column = top + head.row, head.column
        if head.rows == head.columns == 1:
            page.write_string(row, column, head.text, forms["head"])
        else:
            last_row, last_column = row + head.rows - 1, column + head.columns - 1
            page.merge_range(row, column, last_row, last_column, head.text, forms["head"])
    for row in range(top, top + sheet.head_rows):
        page.set_row(row, 32)
    at = top + sheet.head_rows
    if sheet.numbers:
        for column, number in enumerate(sheet.numbers):
            page.write_string(at, column, number, forms["order"])
        at += 1
    return at


def _cell(
    page: Any, row: int, column: int, cell: Cell, forms: dict[str, Any], *, bold: bool
) -> None:
    end = "_bold" if bold else ""
    if cell is None:
        page.write_string(row, column, "–", forms[f"number{end}"])
    elif isinstance(cell, str):
        page.write_string(row, column, cell, forms[f"text{end}"])
    elif isinstance(cell, Decimal):
        page.write_number(row, column, cell, forms[f"points{end}"])
    else:
        page.write_number(row, column, cell, forms[f"number{end}"])
