"""Messages that are no envelope, folders of envelopes, and messages of other contracts."""

import pytest

from lienthong.contracts.contract import Contract, Table
from lienthong.errors import Refused
from lienthong.records.formats.reading import read
from tests.formats.making import (
    VISIT,
    cells,
    envelope,
    fields,
    file,
    read_bytes,
    summary,
    visit,
)


def test_a_single_inner_document(tmp_path):
    found = read_bytes(tmp_path, summary("a"))
    assert found.units is None
    assert found.rows["XML1"] == [("a", "Lê Thị Bé", "202603041000", 0, 0)]


def test_check_in_comes_alone_and_each_row_is_a_unit(tmp_path):
    rows = "".join(
        f"<TRANG_THAI_KCB><MA_LK>{at}</MA_LK><TRANG_THAI>1</TRANG_THAI></TRANG_THAI_KCB>"
        for at in range(4)
    )
    text = f"<CHI_TIEU><DS_CHI_TIEU>{rows}</DS_CHI_TIEU><CHUKYDONVI/></CHI_TIEU>"
    whole = read_bytes(tmp_path, text)
    streamed = read_bytes(tmp_path, text, inner_limit=10)
    for found in (whole, streamed):
        assert found.rows["XML0"] == [(str(at), "1", at, at) for at in range(4)]
        assert found.faults == []


def test_a_single_document_that_is_cut_keeps_its_rows(tmp_path):
    rows = "<TRANG_THAI_KCB><MA_LK>1</MA_LK><TRANG_THAI>1</TRANG_THAI></TRANG_THAI_KCB>" * 3
    found = read_bytes(tmp_path, f"<CHI_TIEU><DS_CHI_TIEU>{rows}<TRANG_THAI_KCB>", inner_limit=10)
    assert len(found.rows["XML0"]) == 3
    assert found.places() == [("inner-broken", None, None, None)]


def test_a_folder_of_envelopes_is_one_submission(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for at, text in enumerate([envelope(visit("a"), visit("b")), envelope(visit("c"))]):
        (folder / f"{at}.xml").write_text(text.replace("01999", f"0199{at}"))
    with read(folder, VISIT, workdir=tmp_path) as reading:
        import duckdb

        assert reading.units == 3
        assert [row[-1] for row in cells(reading, "XML1")] == [0, 1, 2]
        with duckdb.connect() as con:
            assert con.execute(
                "SELECT MA_LK, _envelope_facility, _envelope_units FROM "
                f"({reading.sources['XML1'].relation}) ORDER BY _row"
            ).fetchall() == [("a", "01990", 2), ("b", "01990", 2), ("c", "01991", 1)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<KHAMSUCKHOE/>", "FILE-25"),
        ("<GIAYBAOTU/>", "FILE-25"),
        ("<LA/>", "FILE-23"),
        ("<!DOCTYPE GIAMDINHHS [<!ENTITY x 'y'>]><GIAMDINHHS>&x;</GIAMDINHHS>", "FILE-22"),
        ("<!-- only a comment -->", "FILE-23"),
        ("<", "FILE-23"),
    ],
)
def test_other_messages_are_refused_with_the_way_out(tmp_path, text, code):
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, text)
    assert refusal.value.code == code


def test_a_contract_takes_the_envelope_it_names(tmp_path):
    contract = Contract(
        name="deaths",
        version="1",
        tables=(
            Table(
                name="death",
                fields=fields(("MA_GBT", "HO_TEN")),
                xml={"loai": "60", "root": "GIAYBAOTU"},
            ),
        ),
    )
    inner = (
        "<GIAYBAOTU Id='a'><MA_GBT>1</MA_GBT><HO_TEN>A</HO_TEN><Signature>s</Signature></GIAYBAOTU>"
    )
    assert read_bytes(tmp_path, inner, contract).rows["death"] == [("1", "A", 0, 0)]
    text = envelope(f"<HOSO>{file('GIAYBAOTU', inner)}</HOSO>").replace("GIAMDINHHS", "HSCHUNGTU")
    found = read_bytes(tmp_path, text, contract)
    assert found.rows["death"] == [("1", "A", 0, 0)]
    assert found.faults == []
