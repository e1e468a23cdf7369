"""CSV as it comes: every row in its place, every damage on its row."""

import pytest

from lienthong.contracts.contract import Contract, Table
from lienthong.errors import Refused
from lienthong.records.formats.reading import ReadingOptions, read
from tests.formats.making import VISIT, Read, cells, fields, read_bytes, single

ABC = single("a", "b", "c")


def rows(found):
    """The rows without `_row` and `_unit`, which must count from 0."""
    assert [row[-2:] for row in found.rows["T"]] == [(at, at) for at in range(len(found.rows["T"]))]
    return [row[:-2] for row in found.rows["T"]]


def quick(found):
    """Whether DuckDB read the file in place."""
    return found.sources["T"].unnumbered is not None


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n1,2,3\n4,5,6\n",
        "a,b,c\r\n1,2,3\r\n4,5,6\r\n",
        "a,b,c\n1,2,3\n4,5,6",
        "a;b;c\n1;2;3\n4;5;6\n",
        "a\tb\tc\n1\t2\t3\n4\t5\t6\n",
        "a|b|c\n1|2|3\n4|5|6\n",
        "\ufeffa,b,c\n1,2,3\n4,5,6\n",
        '"a","b","c"\n"1","2","3"\n"4","5","6"\n',
        " A , b ,C\n1,2,3\n4,5,6\n",
        "a,b,c\n\n1,2,3\n\n\n4,5,6\n\n",
    ],
)
def test_usual_files_are_read_in_place(tmp_path, text):
    found = read_bytes(tmp_path, text, ABC)
    assert rows(found) == [("1", "2", "3"), ("4", "5", "6")]
    assert set(found.kinds()) <= {"rows-blank"}
    assert quick(found)
    assert found.sources["T"].count == 2


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\r\n1,2,3\n4,5,6\r\n",
        "a,b,c\n1,2,3\r4,5,6\n",
        "a,b,c\r1,2,3\r4,5,6\r",
        "sep=;\na;b;c\n1;2;3\n4;5;6\n",
        "\n\na,b,c\n1,2,3\n4,5,6\n",
        "a,b,c\n1,2,3\n   \n4,5,6\n",
    ],
)
def test_unusual_files_lose_nothing(tmp_path, text):
    found = read_bytes(tmp_path, text, ABC)
    assert rows(found) == [("1", "2", "3"), ("4", "5", "6")]
    assert set(found.kinds()) <= {"rows-blank"}


@pytest.mark.parametrize(
    ("line", "cells", "kinds"),
    [
        ("x,y", ("x", "y", None), ["row-short"]),
        ("x", ("x", None, None), ["row-short"]),
        ("x,y,z,w", ("x", "y", "z"), ["row-long"]),
        ("x,y,z,", ("x", "y", "z"), []),
        ('x,"y,z', ("x", '"y', "z"), ["quote-broken"]),
        ('x,"y"z,w', ("x", "yz", "w"), ["quote-broken"]),
        ('x,y"z,w', ("x", 'y"z', "w"), []),
        ('"x","y,z"', ("x", "y,z", None), ["row-short"]),
        ("x,y\x00,z", ("x", "y", "z"), ["nul-removed"]),
        ("x,,", ("x", None, None), []),
        (",,", (None, None, None), []),
        ('x,"",  ', ("x", None, None), []),
        ('x,"y\nz",w', ("x", "y\nz", "w"), []),
        ('x,"y ""q"" z",w', ("x", 'y "q" z', "w"), []),
        ("x,y\u2028\x85z,w", ("x", "y\u2028\x85z", "w"), []),
        ('x,"y","z', ("x", "y", '"z'), ["quote-broken"]),
        ('x,"y" "w",z', ("x", 'y "w"', "z"), ["quote-broken"]),
        ('x," ","z"', ("x", None, "z"), []),
        ('x, "y,w" ,z', ("x", "y,w", "z"), []),
    ],
)
@pytest.mark.parametrize("spoiled", [False, True])
def test_a_damaged_row_keeps_its_place_and_moves_no_other(tmp_path, line, cells, kinds, spoiled):
    # Spoiled: another row sends the whole file to the careful reading.
    last = "7,8" if spoiled else "7,8,9"
    found = read_bytes(tmp_path, f"a,b,c\n1,2,3\n{line}\n4,5,6\n{last}\n", ABC)
    assert rows(found)[:3] == [("1", "2", "3"), cells, ("4", "5", "6")]
    assert rows(found)[3][:2] == ("7", "8")
    expected = [(kind, 1, "T", 1) for kind in kinds] + [("row-short", 3, "T", 3)] * spoiled
    assert found.places() == expected


def test_a_quotation_mark_never_swallows_the_file(tmp_path):
    lines = [f"{at},{at},{at}" for at in range(1000)]
    lines[3] = '3,"3,3'
    lines[500] = '500,"500,500'
    lines[999] = '999,999,"999'
    found = read_bytes(tmp_path, "a,b,c\n" + "\n".join(lines), ABC)
    assert [row[0] for row in rows(found)] == [str(at) for at in range(1000)]
    assert found.places() == [("quote-broken", at, "T", at) for at in (3, 500, 999)]


def test_broken_bytes_are_named_where_the_rest_is_utf8(tmp_path):
    text = "a,b,c\n1,Nguyễn,3\n4,".encode() + b"\xff\xfe" + ",6\n7,Bé,9\n".encode()
    found = read_bytes(tmp_path, text, ABC)
    assert rows(found) == [("1", "Nguyễn", "3"), ("4", "\ufffd\ufffd", "6"), ("7", "Bé", "9")]
    assert found.places() == [("bytes-broken", 1, "T", 1)]


def test_broken_bytes_far_behind_the_head(tmp_path):
    lines = "".join(f"{at},Nguyễn,{at}\n" for at in range(30_000)).encode()
    found = read_bytes(tmp_path, b"a,b,c\n" + lines + b"x,\xff,y\n" + lines, ABC)
    assert len(rows(found)) == 60_001
    assert rows(found)[30_000] == ("x", "\ufffd", "y")
    assert found.places() == [("bytes-broken", 30_000, "T", 30_000)]


def test_windows_1258_far_behind_the_head(tmp_path):
    ascii_lines = b"".join(b"%d,N,%d\n" % (at, at) for at in range(30_000))
    late = "x,Đỗ Thị Bưởi,y\n"
    import unicodedata

    data = b"a,b,c\n" + ascii_lines + decomposed(late).encode("cp1258")
    found = read_bytes(tmp_path, data, ABC)
    assert rows(found)[30_000] == ("x", unicodedata.normalize("NFC", "Đỗ Thị Bưởi"), "y")
    assert found.kinds() == ["encoding-assumed"]


def decomposed(text):
    """Tones as letters of their own, as Windows-1258 writes them: the vowel keeps its hat or horn."""
    import unicodedata

    out = []
    for letter in text:
        try:
            letter.encode("cp1258")
            out.append(letter)
        except UnicodeEncodeError:
            base, *marks = unicodedata.normalize("NFD", letter)
            tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
            shape = unicodedata.normalize(
                "NFC", base + "".join(mark for mark in marks if mark not in tones)
            )
            out.append(shape + "".join(tones))
    return "".join(out)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1258"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_of_the_country(tmp_path, encoding, end):
    name = "Nguyễn Thị Ngọc Ánh, Đặng Hữu Nghĩa, Lê Quỳnh Ửng"
    text = end.join(["a;b;c", f"1;{name};ăâđêôơư", f"2;{name.upper()};x", ""])
    data = decomposed(text).encode(encoding) if encoding == "cp1258" else text.encode(encoding)
    found = read_bytes(tmp_path, data, ABC)
    assert rows(found) == [("1", name, "ăâđêôơư"), ("2", name.upper(), "x")]
    assert found.kinds() == ["encoding-assumed"] * (encoding == "cp1258")


def test_headers_repeated_unknown_and_missing(tmp_path):
    found = read_bytes(tmp_path, "a, B ,b,,zz\n1,2,3,4,5\n", ABC)
    assert found.columns["T"] == ("a", "b", "column 4", "zz")
    assert rows(found) == [("1", "2", "4", "5")]
    assert [(one.kind, one.params["name"]) for one in found.faults] == [
        ("header-repeated", "b"),
        ("column-unknown", "column 4"),
        ("column-unknown", "zz"),
        ("column-missing", "c"),
    ]


def test_a_header_over_two_lines(tmp_path):
    found = read_bytes(tmp_path, 'a,"b\nof it",c\n1,2,3\n', ABC)
    assert rows(found) == [("1", "2", "3")]
    assert found.columns["T"] == ("a", "b\nof it", "c")


@pytest.mark.parametrize("text", ["", "a,b,c", "a,b,c\n", "\n\n"])
def test_files_without_rows(tmp_path, text):
    found = read_bytes(tmp_path, text, ABC)
    assert rows(found) == []
    assert "file-empty" in found.kinds()


def test_one_column(tmp_path):
    found = read_bytes(tmp_path, 'a\n1\n\n"2"\n', single("a"))
    assert rows(found) == [("1",), (None,), ("2",)]


def test_names_that_need_quoting(tmp_path):
    contract = single('we "quote"', "it's", "select", "Họ tên")
    text = '"we ""quote""",it\'s,SELECT,họ TÊN\n1,2,3,4\n'
    assert rows(read_bytes(tmp_path, text, contract)) == [("1", "2", "3", "4")]


def test_a_path_that_needs_quoting(tmp_path):
    assert rows(read_bytes(tmp_path, "a,b,c\n1,2,3\n", ABC, name="it's [a] *.csv")) == [
        ("1", "2", "3")
    ]


def test_separators_inside_cells_do_not_deceive(tmp_path):
    text = 'a;b;c\n"1,5";"2,5";"x,y,z"\n'
    assert rows(read_bytes(tmp_path, text, ABC)) == [("1,5", "2,5", "x,y,z")]


def test_leading_zeros_and_long_numbers_stay(tmp_path):
    text = "a,b,c\n01,1.10,001185000000\n1e5,0x10,12345678901234567890\n"
    assert rows(read_bytes(tmp_path, text, ABC)) == [
        ("01", "1.10", "001185000000"),
        ("1e5", "0x10", "12345678901234567890"),
    ]


def test_child_tables_have_no_unit_of_their_own(tmp_path):
    (tmp_path / "XML2.csv").write_text("MA_LK,STT,TEN_THUOC\na,1,x\nb\n")
    with read(tmp_path / "XML2.csv", VISIT, workdir=tmp_path) as reading:
        assert cells(reading, "XML2") == [("a", "1", "x", 0, None), ("b", None, None, 1, None)]
        assert [(one.kind, one.unit, one.row) for one in reading.faults] == [("row-short", None, 1)]
        assert reading.units is None


def test_a_folder_has_a_file_for_each_table(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "xml1.csv").write_text("MA_LK,HO_TEN,NGAY_RA\na,A,1\n")
    (folder / "any.csv").write_text("MA_LK,STT,TEN_THUOC\na,1,x\n")
    (folder / ".hidden").write_text("x")
    with read(folder, VISIT, workdir=tmp_path) as reading:
        assert set(reading.sources) == {"XML1", "XML2"}
    with pytest.raises(Refused) as refusal:
        read([("XML1", folder / "any.csv"), ("XML1", folder / "xml1.csv")], VISIT, workdir=tmp_path)
    assert refusal.value.code == "FILE-27"


@pytest.mark.parametrize(
    ("hint", "text", "code"),
    [("XML9", "MA_LK\n", "FILE-24"), (None, "x,y,z\n1,2,3\n", "FILE-26")],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, hint, text, code):
    path = tmp_path / "file.csv"
    path.write_text(text)
    with pytest.raises(Refused) as refusal:
        read([(hint, path)], VISIT, workdir=tmp_path)
    assert refusal.value.code == code


def test_an_optimistic_reading_is_mended_when_the_query_fails(tmp_path):
    import duckdb

    path = tmp_path / "T.csv"
    path.write_text("a,b,c\n1,2,3\n4\n5,6,7\n")
    with read(path, ABC, workdir=tmp_path, options=ReadingOptions(optimistic=True)) as reading:
        assert reading.optimistic
        assert reading.faults == []
        with pytest.raises(duckdb.Error):
            cells(reading, "T")
        assert reading.careful()
        assert not reading.optimistic
        assert not reading.careful()
        assert Read(reading).places() == [("row-short", 1, "T", 1)]
        assert reading.rows("T") == 3


def test_rows_are_numbered_in_the_order_of_a_large_file(tmp_path):
    """Several threads read it; quoted line ends stand where they may cut it."""
    import duckdb

    path = tmp_path / "T.csv"
    filler = "x" * 200
    with path.open("w", encoding="utf-8") as out:
        out.write("a,b,c\n")
        for at in range(150_000):
            out.write(
                f'{at},"{filler}\n,{filler}",Nguyễn\n' if at % 7 == 0 else f"{at},{filler},y\n"
            )
    with read(path, ABC, workdir=tmp_path) as reading, duckdb.connect() as con:
        con.execute("SET threads = 4")
        source = reading.sources["T"]
        assert source.count == 150_000
        wrong = con.execute(
            f"SELECT count(*) FILTER (WHERE a::BIGINT <> _row), max(_row) FROM ({source.relation})"
        ).fetchone()
        assert wrong == (0, 149_999)
        con.execute(f"CREATE TABLE m AS SELECT a, length(b) FROM ({source.unnumbered})")
        assert con.execute("SELECT count(*) FROM m WHERE a::BIGINT <> rowid").fetchone() == (0,)


def test_a_table_is_found_by_its_columns(tmp_path):
    contract = Contract(
        name="two",
        version="1",
        tables=(Table(name="p", fields=fields("abcd")), Table(name="q", fields=fields("abxy"))),
    )
    found = read_bytes(tmp_path, "a,b,x\n1,2,3\n", contract, name="export-2026.csv")
    assert list(found.rows) == ["q"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("optimistic", [True, False])
def test_every_end_of_a_line_ends_a_row(tmp_path, end, quote, optimistic):
    """Lines that end in CR alone, as old programs write them: a small file of them is more than its header."""
    path = tmp_path / "T.csv"
    lines = [",".join(f"{quote}{cell}{quote}" for cell in row) for row in ("abc", "123", "456")]
    path.write_bytes((end.join(lines) + end).encode())
    with read(path, ABC, workdir=tmp_path, options=ReadingOptions(optimistic=optimistic)) as found:
        if found.rows("T") != 2:
            assert found.careful()
        assert found.rows("T") == 2
        assert [row[:3] for row in cells(found, "T")] == [("1", "2", "3"), ("4", "5", "6")]
