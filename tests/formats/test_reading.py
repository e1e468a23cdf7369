"""One small submission of each kind, read whole."""

import base64

import duckdb
import pytest

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.errors import Refused
from lienthong.records.formats.reading import ReadingOptions, read

VISIT = Contract(
    name="visits",
    version="1.0.0",
    tables=(
        Table(
            name="XML1",
            fields=tuple(Field(name=name) for name in ("MA_LK", "HO_TEN", "NGAY_RA")),
            xml={"loai": "XML1", "root": "TONG_HOP"},
        ),
        Table(
            name="XML2",
            fields=tuple(Field(name=name) for name in ("MA_LK", "STT", "TEN_THUOC")),
            root="XML1",
            link="MA_LK",
            xml={"loai": "XML2", "root": "CT_THUOC", "list": "DS_THUOC", "row": "THUOC"},
        ),
    ),
)


def cells(reading, table):
    with duckdb.connect() as con:
        source = reading.sources[table]
        source.attach(con)
        return con.execute(f"SELECT * FROM ({source.relation}) ORDER BY _row").fetchall()


def envelope(*visits):
    def file(label, text):
        inside = base64.b64encode(text.encode()).decode()
        return (
            f"<FILEHOSO><LOAIHOSO>{label}</LOAIHOSO><NOIDUNGFILE>{inside}</NOIDUNGFILE></FILEHOSO>"
        )

    hoso = "".join(
        f"<HOSO>{''.join(file(label, text) for label, text in visit)}</HOSO>" for visit in visits
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><GIAMDINHHS><THONGTINDONVI><MACSKCB>01999</MACSKCB>'
        f"</THONGTINDONVI><THONGTINHOSO><NGAYLAP>20260304</NGAYLAP><SOLUONGHOSO>{len(visits)}</SOLUONGHOSO>"
        f"<DANHSACHHOSO>{hoso}</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def test_an_envelope_with_two_visits(tmp_path):
    path = tmp_path / "any-name"
    path.write_bytes(
        envelope(
            [
                (
                    "XML1",
                    "<TONG_HOP><MA_LK>1</MA_LK><HO_TEN>Lê Thị Bé</HO_TEN><NGAY_RA/></TONG_HOP>",
                ),
                (
                    "XML2",
                    "<CT_THUOC><DS_THUOC><THUOC><MA_LK>1</MA_LK><STT>1</STT><TEN_THUOC>A &amp; B</TEN_THUOC>"
                    "</THUOC></DS_THUOC></CT_THUOC>",
                ),
            ],
            [
                (
                    "XML1",
                    "<TONG_HOP><NGAY_RA>2026</NGAY_RA><MA_LK>2</MA_LK><HO_TEN> </HO_TEN></TONG_HOP>",
                )
            ],
        )
    )
    with read(path, VISIT, workdir=tmp_path) as reading:
        assert reading.units == 2
        assert cells(reading, "XML1") == [
            ("1", "Lê Thị Bé", None, 0, 0, "01999", "20260304", "2", 2),
            ("2", None, "2026", 1, 1, "01999", "20260304", "2", 2),
        ]
        assert cells(reading, "XML2") == [("1", "1", "A & B", 0, 0)]
        assert [fault.kind for fault in reading.faults] == ["signature-empty"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_csv_file_named_after_its_table(tmp_path):
    path = tmp_path / "xml2.csv"
    path.write_text('MA_LK;STT;TEN_THUOC\n1;1;Paracetamol\n2;1;"a;b"\n')
    with read(path, VISIT, workdir=tmp_path) as reading:
        assert cells(reading, "XML2") == [
            ("1", "1", "Paracetamol", 0, None),
            ("2", "1", "a;b", 1, None),
        ]
        assert reading.rows("XML2") == 2
        assert reading.faults == []


def test_a_parquet_file_keeps_its_types(tmp_path):
    path = tmp_path / "rows.parquet"
    duckdb.sql("SELECT 'x' AS MA_LK, 1.5 AS STT, NULL AS TEN_THUOC").write_parquet(str(path))
    with read([("XML2", path)], VISIT, workdir=tmp_path) as reading:
        assert reading.sources["XML2"].typed
        assert [str(cell) for cell in cells(reading, "XML2")[0]] == [
            "x",
            "1.5",
            "None",
            "0",
            "None",
        ]


def test_a_row_with_too_few_cells_keeps_its_place(tmp_path):
    path = tmp_path / "XML2.csv"
    path.write_text("MA_LK,STT,TEN_THUOC\n1,1,a\n2\n3,1,c\n")
    with read(path, VISIT, workdir=tmp_path) as reading:
        assert [row[:4] for row in cells(reading, "XML2")] == [
            ("1", "1", "a", 0),
            ("2", None, None, 1),
            ("3", "1", "c", 2),
        ]
        assert [(fault.kind, fault.table, fault.row) for fault in reading.faults] == [
            ("row-short", "XML2", 1)
        ]


@pytest.mark.parametrize("data", [b"\x1f\x8b123", b"PK\x03\x04123456", b"MZ\x90\x00"])
def test_what_is_no_submission_is_refused(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(Refused):
        read(path, VISIT, workdir=tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_reading_carefully_keeps_what_came_from_messages(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.xml").write_bytes(
        envelope([("XML1", "<TONG_HOP><MA_LK>1</MA_LK><HO_TEN/><NGAY_RA/></TONG_HOP>")])
    )
    contract = Contract(
        name="both",
        version="1",
        tables=(VISIT.tables[0], Table(name="more", fields=(Field(name="x"), Field(name="y")))),
    )
    (folder / "more.csv").write_text("x,y\n1,2\n3\n")
    options = ReadingOptions(optimistic=True)
    with read(folder, contract, workdir=tmp_path, options=options) as reading:
        assert reading.careful()
        assert [row[0] for row in cells(reading, "XML1")] == ["1"]
        assert [row[:2] for row in cells(reading, "more")] == [("1", "2"), ("3", None)]
        assert [fault.kind for fault in reading.faults] == ["signature-empty", "row-short"]
