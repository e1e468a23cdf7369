"""Spreadsheets: typed cells become the text a sender would have written."""

import datetime as dt
import io
import zipfile

import pytest
import xlsxwriter

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.errors import Refused
from lienthong.records.formats import spreadsheet
from lienthong.records.formats.spreadsheet import cell_text
from tests.formats.making import VISIT, read_bytes, single

ABC = single("a", "b", "c")


def book(**sheets):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        day = made.add_format({"num_format": "dd/mm/yyyy"})
        moment = made.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.datetime):
                        sheet.write_datetime(at, column, cell, moment)
                    elif isinstance(cell, dt.date):
                        sheet.write_datetime(at, column, dt.datetime.combine(cell, dt.time()), day)
                    elif isinstance(cell, str):
                        sheet.write_string(at, column, cell)
                    else:
                        sheet.write(at, column, cell)
    return out.getvalue()


def test_cells_as_text(tmp_path):
    rows = [
        ("a", " B ", "c"),
        ("01", 1, 1.5),
        (True, dt.date(2026, 3, 4), dt.datetime(2026, 3, 4, 8, 10)),
        ("  ", None, ""),
        (None, "x", 12345678901),
        (1e-7, 1e20, -0.1),
    ]
    found = read_bytes(tmp_path, book(any=rows), ABC)
    assert found.rows["T"] == [
        ("01", "1", "1.5", 0, 0),
        ("true", "2026-03-04", "2026-03-04 08:10:00", 1, 1),
        (None, "x", "12345678901", 2, 2),
        ("0.0000001", "100000000000000000000", "-0.1", 3, 3),
    ]
    assert [(one.kind, one.params) for one in found.faults] == [("rows-blank", {"rows": "4"})]


def test_a_real_date_is_written_as_the_message_writes_it(tmp_path):
    contract = Contract(
        name="x",
        version="1",
        tables=(
            Table(
                name="T",
                fields=(Field(name="d", format="date8"), Field(name="m", format="datetime12")),
            ),
        ),
    )
    rows = [
        ("d", "m"),
        (dt.date(2026, 3, 4), dt.datetime(2026, 3, 4, 8, 10)),
        ("4/3/2026", 20260304),
    ]
    found = read_bytes(tmp_path, book(any=rows), contract)
    assert [row[:2] for row in found.rows["T"]] == [
        ("20260304", "202603040810"),
        ("4/3/2026", "20260304"),
    ]


def test_a_sheet_for_each_table(tmp_path):
    data = book(
        xml1=[("MA_LK", "HO_TEN", "NGAY_RA"), ("a", "Lê Thị Bé", "1")],
        XML2=[("MA_LK", "STT", "TEN_THUOC"), ("a", 1, "x")],
        Notes=[("anything",)],
    )
    found = read_bytes(tmp_path, data)
    assert found.rows == {
        "XML1": [("a", "Lê Thị Bé", "1", 0, 0)],
        "XML2": [("a", "1", "x", 0, None)],
    }
    assert [(one.kind, one.params) for one in found.faults] == [
        ("sheet-ignored", {"name": "Notes"})
    ]


def test_cells_beyond_the_header_are_a_fault_of_their_row(tmp_path):
    rows = [("a", "b", "c"), ("1", "2"), ("1", "2", "3", None, "5"), ("1",)]
    found = read_bytes(tmp_path, book(T=rows), ABC)
    assert [row[:3] for row in found.rows["T"]] == [
        ("1", "2", None),
        ("1", "2", "3"),
        ("1", None, None),
    ]
    assert found.places() == [("row-long", 1, "T", 1)]
    assert found.faults[0].params == {"found": 5, "expected": 3}


def test_an_empty_book(tmp_path):
    found = read_bytes(tmp_path, book(T=[]), ABC)
    assert found.rows["T"] == []
    assert "file-empty" in found.kinds()


def test_other_zip_archives_are_refused(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.xml", "<x/>")
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, out.getvalue(), VISIT)
    assert refusal.value.code == "FILE-21"


@pytest.mark.parametrize("cut", [200, 1000, -30])
def test_a_damaged_book_is_refused(tmp_path, cut):
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, book(T=[("a", "b", "c")])[:cut], ABC)
    assert refusal.value.code in ("FILE-28", "FILE-21")


def bomb(size):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as entry:
            for _ in range(size // 1_000_000):
                entry.write(b" " * 1_000_000)
    return out.getvalue()


def test_a_decompression_bomb_is_refused(tmp_path):
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, bomb(100_000_000), ABC)
    assert refusal.value.code == "FILE-29"


def test_a_book_that_is_too_large_unpacked_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(spreadsheet, "UNPACKED_LIMIT", 1000)
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, book(T=[("a", "b", "c")]), ABC)
    assert refusal.value.code == "FILE-29"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (float("nan"), "nan"),
        (dt.time(8, 5), "08:05:00"),
        (dt.timedelta(hours=30), "1 day, 6:00:00"),
        ("a\x00b", "ab"),
    ],
)
def test_rare_cells(cell, text):
    assert cell_text(cell) == text


def far(corner, *, row=""):
    """A book of a header and one cell far away, written as `corner` says."""
    out = io.BytesIO(book(T=[("a", "b"), ("1", "2")]))
    made = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                extra = f"<row {row}>{corner}</row></sheetData>"
                content = content.replace(b"</sheetData>", extra.encode())
            new.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("corner", "row"),
    [
        ('<c r="XFD1048576"><v>1</v></c>', 'r="1048576"'),
        ("<c  r = 'xfd1048576'><v>1</v></c>", ""),
        ("<c><v>1</v></c>" * 2000, "r='1048576'"),
        ('<c s=">" r="AAA1048576"><v>1</v></c>', ""),
    ],
)
def test_two_cells_in_far_corners_are_refused_before_the_grid_is_made(tmp_path, corner, row):
    with pytest.raises(Refused) as refused:
        read_bytes(tmp_path, far(corner, row=row), ABC)
    assert refused.value.code == "FILE-29"


def test_a_cell_some_way_off_is_only_a_long_row(tmp_path):
    found = read_bytes(tmp_path, far('<c r="Z900"><v>1</v></c>', row='r="900"'), ABC)
    assert found.rows["T"][0][:2] == ("1", "2")


def test_a_book_of_another_kind_is_not_opened_by_its_name(tmp_path):
    path = tmp_path / "T.ods"
    path.write_bytes(book(T=[("a",)]))
    with pytest.raises(Refused):
        spreadsheet.unpacked_size(path)
