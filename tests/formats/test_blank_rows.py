"""Blank rows in a sheet or a CSV: left out, told of, and the rows behind them keep the sheet's numbers."""

import random
from itertools import pairwise

import pytest

from lienthong.records.formats.blank_rows import (
    STRETCHES,
    BlankRows,
    is_sheet,
    row_in_sheet,
    told_rows,
)
from tests.formats.making import read_bytes, single
from tests.formats.test_spreadsheet import book

AB = single("a", "b")


def blank(found):
    """What is told of blank rows."""
    return [one.params["rows"] for one in found.faults if one.kind == "rows-blank"]


@pytest.mark.parametrize(
    ("data", "told", "values"),
    [
        (b"a,b\n1,2\n\n3,4\n", ["3"], ["1", "3"]),
        (
            b"a,b\r\n1,2\r\n\r\n\r\n3,4\r\n5,6\r\n\r\n7,8\r\n\r\n",
            ["3-4, 7"],
            ["1", "3", "5", "7"],
        ),
        (b"a,b\n\n1,2\n", ["2"], ["1"]),
        (b"a,b\n1,2\n\n\n\n", [], ["1"]),
        (b"a,b\n1,2\n3,4", [], ["1", "3"]),
        # In a quoted cell an empty line is text; a record over several lines is one row of the sheet.
        (b'a,b\n"1\n\nx",2\n\n3,"4\n\n\n"\n\n5,6\n', ["3, 5"], ["1\n\nx", "3", "5"]),
        # Read row by row: lines before the header, a separator that is declared, blanks of spaces, ragged rows.
        (b"\n\na,b\n1,2\n  \n3,4", ["1-2, 5"], ["1", "3"]),
        (b"sep=;\na;b\n1;2\n\n3;4\n", ["3"], ["1", "3"]),
        (b"a,b\n1\n\n3,4\n", ["3"], ["1", "3"]),
    ],
)
def test_blank_lines_of_a_csv_are_told(tmp_path, data, told, values):
    found = read_bytes(tmp_path, data, AB)
    assert blank(found) == told
    assert [row[0] for row in found.rows["T"]] == values
    assert [row[2] for row in found.rows["T"]] == list(range(len(values)))


def test_a_record_of_a_single_column_may_be_blank(tmp_path):
    found = read_bytes(tmp_path, b"a\n1\n\n2\n", single("a"))
    assert [row[0] for row in found.rows["T"]] == ["1", None, "2"]
    assert not blank(found)


def test_blank_rows_of_a_sheet_are_told(tmp_path):
    rows = [(None,), ("",), ("a", "b"), (1, 2), (None,), ("  ", None), (3, 4), (None,)]
    found = read_bytes(tmp_path, book(any=rows), AB)
    assert found.rows["T"] == [("1", "2", 0, 0), ("3", "4", 1, 1)]
    assert blank(found) == ["1-2, 5-6"]
    assert [row_in_sheet(row, told_rows(blank(found)[0])) for row in (0, 1)] == [4, 7]


@pytest.mark.parametrize("seed", range(40))
def test_every_record_keeps_the_number_of_its_row(tmp_path, seed):
    """A file whose cells say in which row they stand, read in place and row by row."""
    chance = random.Random(seed)
    end = chance.choice(["\n", "\r\n"])
    lines, expected = ['"a",b'], []
    for _ in range(chance.randrange(1, 30)):
        if chance.random() < 0.3:
            lines.append("")
            continue
        number = len(lines) + 1
        expected.append(number)
        lines.append(chance.choice([f"{number},x", f'{number},"x{end}{end}""y"', f'"{number}",""']))
    careful = " " if chance.random() < 0.5 else ""
    data = end.join(lines) + end + careful + end
    found = read_bytes(tmp_path, data.encode(), AB)
    told = told_rows(", ".join(blank(found)))
    assert [int(row[0]) for row in found.rows["T"]] == expected
    assert [row_in_sheet(at, told) for at in range(len(expected))] == expected
    assert all(one[1] < two[0] for one, two in pairwise(told))


def test_very_many_stretches_are_not_all_told():
    met = BlankRows("T")
    for at in range(STRETCHES + 5):
        met.record(at)
        met.blank()
    met.record(STRETCHES + 5)
    (fault,) = met.faults()
    assert fault.params["rows"].endswith(", …")
    assert len(told_rows(fault.params["rows"])) == STRETCHES


def test_what_is_a_sheet_is_told_by_its_name():
    assert is_sheet("Danh sách.XLSX") and is_sheet("a.csv")
    assert not is_sheet("hoso.xml") and not is_sheet("rows.parquet") and not is_sheet("")
