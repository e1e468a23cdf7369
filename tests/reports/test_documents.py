"""Reports as files opened again: the shape of the forms, numbers as numbers, Vietnamese letters, unknown as a dash."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

import pypdf
import pytest
from python_calamine import CalamineWorkbook

from lienthong.errors import NotFound, Refused
from lienthong.procedures.procedure import Procedure, Step
from lienthong.reports import editions, index766, making, period, procedure_form
from lienthong.reports.documents import pdf, sheet, xlsx
from lienthong.reports.forms import Row, total

WHEN = period.quarter(2026, 3)
MADE = datetime(2026, 10, 2, tzinfo=UTC)
ROWS = {
    "H15.50": Row(received_online=3, received_other=2, carried_over=1, early=1, on_time=1, late=1, within=2, overdue=1),
    "H61.50": Row(received_online=1200, early=1200),
}  # fmt: skip
NAMES = {"H15.50": "H15.50 Trung tâm Phục vụ hành chính công tỉnh Đắk Lắk"}
LINES = [(NAMES.get(unit, unit), row, False) for unit, row in ROWS.items()]
FORM = sheet.settling(
    "II.06a", WHEN, "BỘ Y TẾ", LINES, total(ROWS.values()), ["Đếm đến sự kiện số 7."]
)


def cells_of(data: bytes) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


def text_of(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def test_a_workbook_has_the_columns_of_the_form():
    rows = cells_of(xlsx.xlsx(FORM))
    numbers = next(row for row in rows if "(1)" in row)
    assert [cell for cell in numbers if cell] == [f"({n})" for n in range(1, 14)]
    line = next(row for row in rows if NAMES["H15.50"] in row)
    assert [int(cell) for cell in line[2:13]] == [6, 3, 2, 1, 3, 1, 1, 1, 3, 2, 1]
    last = next(row for row in rows if "Tổng cộng" in row)
    assert [int(cell) for cell in last[2:13]] == list(total(ROWS.values()).columns())


def test_a_pdf_says_the_same_in_vietnamese():
    said = text_of(pdf.pdf(FORM, MADE))
    for words in ("II.06a/VPCP/KSTT", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Từ ngày 01/07/2026 đến ngày 30/09/2026",
                  "Trực tiếp, dịch vụ bưu", "1.203", "Đếm đến sự kiện số 7."):  # fmt: skip
        assert words in said
    assert pdf.pdf(FORM, MADE) == pdf.pdf(FORM, MADE), "the same sheet gives the same bytes"


def test_many_lines_make_many_pages_with_the_headings_again():
    rows = {f"H{n:02d}.50": Row(received_online=n, early=n) for n in range(1, 90)}
    lines = [
        ("Cấp tỉnh", total(rows.values()), True),
        *((name, row, False) for name, row in rows.items()),
    ]
    made = sheet.settling("II.06b", WHEN, "BỘ Y TẾ", lines, total(rows.values()))
    assert (made.strong, made.lines[0][:2], made.lines[1][0]) == ((0,), ("", "Cấp tỉnh"), 1)
    pages = pypdf.PdfReader(io.BytesIO(pdf.pdf(made, MADE))).pages
    assert len(pages) > 1
    assert all("Trước hạn" in page.extract_text() for page in pages)


def test_an_index_keeps_unknown_as_a_dash():
    edition = editions.edition(WHEN)
    made = index766.index(edition, {"on_time": (7, 12), "e_results": (4, 7)})
    drawn = sheet.index_sheet(WHEN, "Sở Y tế", made, "Xếp hạng 3/34.")
    rows = {row[0]: row for row in cells_of(xlsx.xlsx(drawn))}
    assert rows["2.1"][3:6] == [7, 12, 11.67]
    assert rows["4.1"][5] == 3.43
    assert rows["1.1"][3:6] == ["–", "–", "–"]
    said = text_of(pdf.pdf(drawn, MADE))
    assert "11,67" in said
    assert "26,00 điểm đo được" in said
    assert drawn.lines[0][5] is None
    assert drawn.total is not None
    assert drawn.total[5] == Decimal("15.10")


def test_form_ii_07b_has_fourteen_columns_and_unknown_is_no_zero():
    listed = [
        Procedure(name={"vi": "a"}, code="1.000001", levels=("ministry",)),
        Procedure(name={"vi": "b"}, code="1.000002", levels=("province",), steps=(Step(name={"vi": "x"}),)),
        Procedure(name={"vi": "c"}, code="1.000003", levels=("province", "commune")),
        Procedure(name={"vi": "d"}, code="1.000004", levels=("commune",)),
    ]  # fmt: skip
    own, ministry = procedure_form.line(listed), procedure_form.line(listed, ministry=True)
    assert own.columns() == (3, 2, 0, 2, None, None, None, None, 1, 1, 0, None)
    assert ministry.columns()[0] == 1
    made = sheet.competence(WHEN, "BỘ Y TẾ", {"66": own}, {"66": "Tỉnh Đắk Lắk"})
    assert made.width == 14
    row = next(row for row in cells_of(xlsx.xlsx(made)) if "Tỉnh Đắk Lắk" in row)
    assert row[6:10] == ["–"] * 4
    assert "Cấp huyện" in text_of(pdf.pdf(made, MADE))


def test_another_kind_of_file_is_not_there():
    with pytest.raises(NotFound):
        making.written(FORM, "docx", MADE)


@pytest.mark.parametrize(
    ("text", "first", "last", "kind"),
    [
        ("2026", "2026-01-01", "2026-12-31", "year"), ("2026-H1", "2026-01-01", "2026-06-30", "half"),
        ("2026-Q4", "2026-10-01", "2026-12-31", "quarter"), ("2028-02", "2028-02-01", "2028-02-29", "month"),
        ("2026-09-15..2026-12-14", "2026-09-15", "2026-12-14", "days"),
        (" 2026-q1 ", "2026-01-01", "2026-03-31", "quarter"),
    ],
)  # fmt: skip
def test_periods_are_read_and_written(text, first, last, kind):
    one = period.parse(text)
    assert (one.first.isoformat(), one.last.isoformat(), one.kind) == (first, last, kind)
    assert period.parse(one.code) == one
    assert one.before().last.toordinal() == one.first.toordinal() - 1
    assert one.before().kind == kind


@pytest.mark.parametrize(
    "text",
    ["", "2026-13", "2026-Q5", "26", "2026-02-30..2026-03-01", "2026-03-02..2026-03-01", "nay"],
)
def test_what_is_no_period_is_refused(text):
    with pytest.raises(Refused):
        period.parse(text)
