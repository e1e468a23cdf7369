"""Submissions made by hand for the tests: a small contract of visits, envelopes around inner documents."""

import base64

import duckdb

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.records.formats.reading import read

DATABASE = duckdb.connect()
SUMMARY = ("MA_LK", "HO_TEN", "NGAY_RA")
DRUGS = ("MA_LK", "STT", "TEN_THUOC")


def fields(names):
    return tuple(Field(name=name) for name in names)


VISIT = Contract(
    name="visits",
    version="1.0.0",
    tables=(
        Table(
            name="XML1",
            fields=fields(SUMMARY),
            root="XML1",
            xml={"loai": "XML1", "root": "TONG_HOP", "list": None, "row": None},
        ),
        Table(
            name="XML2",
            fields=fields(DRUGS),
            root="XML1",
            link="MA_LK",
            xml={"loai": "XML2", "root": "CT_THUOC", "list": "DS_THUOC", "row": "THUOC"},
        ),
        Table(
            name="XML0",
            fields=fields(("MA_LK", "TRANG_THAI")),
            xml={
                "loai": "XML0",
                "root": "CHI_TIEU",
                "list": "DS_CHI_TIEU",
                "row": "TRANG_THAI_KCB",
            },
        ),
    ),
)


def single(*names, name="T", **settings):
    """A contract with one table of text columns."""
    return Contract(
        name="one", version="1", tables=(Table(name=name, fields=fields(names), **settings),)
    )


def element(name, text):
    return f"<{name}>{text}</{name}>" if text else f"<{name}/>"


def summary(key, name="Lê Thị Bé", left="202603041000"):
    return f"<TONG_HOP>{element('MA_LK', key)}{element('HO_TEN', name)}{element('NGAY_RA', left)}</TONG_HOP>"


def drugs(key, *names):
    rows = "".join(
        f"<THUOC><MA_LK>{key}</MA_LK><STT>{at}</STT>{element('TEN_THUOC', name)}</THUOC>"
        for at, name in enumerate(names, 1)
    )
    return f"<CT_THUOC><DS_THUOC>{rows}</DS_THUOC></CT_THUOC>"


def base64_of(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def raw_file(label, content):
    """A FILEHOSO with this very content."""
    return f"<FILEHOSO><LOAIHOSO>{label}</LOAIHOSO><NOIDUNGFILE>{content}</NOIDUNGFILE></FILEHOSO>"


def file(label, document):
    return raw_file(label, base64_of(document))


def visit(key, *drug_names):
    """One whole HOSO."""
    files = file("XML1", summary(key)) + (
        file("XML2", drugs(key, *drug_names)) if drug_names else ""
    )
    return f"<HOSO>{files}</HOSO>"


HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<GIAMDINHHS><THONGTINDONVI><MACSKCB>01999</MACSKCB>'
    "</THONGTINDONVI><THONGTINHOSO><NGAYLAP>20260304</NGAYLAP><SOLUONGHOSO>{count}</SOLUONGHOSO>"
    "<DANHSACHHOSO>\n"
)
TAIL = "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI>{signature}</CHUKYDONVI></GIAMDINHHS>\n"


def envelope(*hoso, count=None, signature="x"):
    """An envelope around HOSO elements."""
    count = len(hoso) if count is None else count
    return HEAD.format(count=count) + "\n".join(hoso) + TAIL.format(signature=signature)


def cells(reading, table):
    """All rows of a table of a reading with `_row` and `_unit`, in their order."""
    source = reading.sources[table]
    # One connection for all tests: opening one costs more than most readings.
    with DATABASE.cursor() as con:
        source.attach(con)
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in source.columns)
        return con.execute(
            f"SELECT {names + ', ' if names else ''}_row, _unit FROM ({source.relation}) ORDER BY _row"
        ).fetchall()


class Read:
    """A submission read whole: rows by table and faults."""

    def __init__(self, reading):
        self.units = reading.units
        self.envelope = reading.envelope
        self.rows = {table: cells(reading, table) for table in reading.sources}
        self.columns = {table: source.columns for table, source in reading.sources.items()}
        self.sources = reading.sources
        self.faults = reading.faults
        for one in reading.faults:
            from lienthong.records.formats.kinds import KINDS

            # Every fault can be said.
            assert KINDS[one.kind].sentence % one.params

    def kinds(self):
        return [one.kind for one in self.faults]

    def places(self, *ignored):
        """(kind, unit, table, row) of the faults."""
        return [
            (one.kind, one.unit, one.table, one.row)
            for one in self.faults
            if one.kind not in ignored
        ]


def read_bytes(folder, data, contract=VISIT, name="file", **options):
    """Write the data into a file and read it; the reading leaves nothing behind."""
    from lienthong.records.formats.reading import ReadingOptions

    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    before = set(folder.iterdir())
    with read(path, contract, workdir=folder, options=ReadingOptions(**options)) as reading:
        found = Read(reading)
    assert set(folder.iterdir()) == before
    return found
