"""Files that want to harm the reader: bombs, depth, references to other files."""

import pytest

from lienthong.errors import Refused
from tests.formats.making import (
    VISIT,
    base64_of,
    envelope,
    file,
    raw_file,
    read_bytes,
    summary,
    visit,
)

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY a{at} "{"&a;" * 10 if not at else f"&a{at - 1};" * 10}">' for at in range(9)
    )
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "doctype", [LAUGHS, OUTSIDE, '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">']
)
@pytest.mark.parametrize("space", ["", "<!-- c -->", "\n<?pi x?>\n"])
def test_doctypes_are_refused_outside_and_reported_inside(tmp_path, doctype, space):
    declared = doctype if doctype.startswith("<?xml") else f"<?xml version='1.0'?>{space}{doctype}"
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, declared + envelope(visit("a")).split("\n", 1)[1])
    assert refusal.value.code == "FILE-22"
    inner = f"{declared}<TONG_HOP><MA_LK>&f;</MA_LK></TONG_HOP>"
    found = read_bytes(tmp_path, envelope(visit("a"), f"<HOSO>{file('XML1', inner)}</HOSO>"))
    assert found.places() == [("inner-refused", 1, None, None)]
    assert len(found.rows["XML1"]) == 1


def test_doctype_in_the_middle_of_an_envelope(tmp_path):
    found = read_bytes(tmp_path, envelope(visit("a"), f"<HOSO>{OUTSIDE}</HOSO>", visit("b")))
    assert [row[0] for row in found.rows["XML1"]] == ["a", "b"]
    assert found.places() == [("hoso-broken", 1, None, None)]


def test_depth_is_bounded(tmp_path):
    deep = "<TONG_HOP>" + "<A>" * 100_000 + "</A>" * 100_000 + "</TONG_HOP>"
    found = read_bytes(tmp_path, envelope(f"<HOSO>{file('XML1', deep)}</HOSO>", visit("b")))
    assert [row[0] for row in found.rows["XML1"]] == ["b"]
    assert found.places() == [("inner-broken", 0, None, None)]
    found = read_bytes(tmp_path, envelope(f"<HOSO>{deep}</HOSO>", visit("b")))
    assert found.places() == [("hoso-broken", 0, None, None)]


def test_the_size_of_an_inner_document_is_bounded(tmp_path):
    text = envelope(f"<HOSO>{file('XML1', summary('a', 'x' * 5000))}</HOSO>", visit("b"))
    assert read_bytes(tmp_path, text).faults == []
    found = read_bytes(tmp_path, text, inner_limit=4000)
    assert [row[0] for row in found.rows["XML1"]] == ["b"]
    assert found.places() == [("inner-too-big", 0, None, None)]


def test_one_endless_hoso_is_not_held_for_ever(tmp_path, monkeypatch):
    from lienthong.records.formats import envelope as reading_envelope

    monkeypatch.setattr(reading_envelope, "HOSO_LIMIT", 100_000)
    text = envelope(
        visit("a"), f"<HOSO>{raw_file('XML1', base64_of('x' * 9_000_000))}</HOSO>", visit("b")
    )
    found = read_bytes(tmp_path, text)
    assert [row[0] for row in found.rows["XML1"]] == ["a"]
    assert found.kinds() == ["envelope-truncated", "signature-absent"]


def test_a_head_without_end(tmp_path, monkeypatch):
    from lienthong.records.formats import envelope as reading_envelope

    monkeypatch.setattr(reading_envelope, "AROUND_LIMIT", 10_000)
    found = read_bytes(tmp_path, "<GIAMDINHHS>" + "<A/>" * 2_000_000)
    assert found.units == 0
    assert "envelope-truncated" in found.kinds()


@pytest.mark.parametrize(
    "magic",
    [
        b"\x1f\x8b\x08",
        b"BZh91AY",
        b"\xfd7zXZ\x00",
        b"(\xb5/\xfd",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"PK\x03\x04",
    ],
)
def test_compressed_files_are_refused(tmp_path, magic):
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, magic + b"\x00" * 100, VISIT)
    assert refusal.value.code == "FILE-21"


def test_faults_are_counted_when_they_are_too_many():
    from lienthong.records.formats.faults import FaultList, fault

    found = FaultList(limit=3)
    for row in range(10):
        found.add(fault("row-short", table="T", row=row, found=1, expected=2))
    found.add(fault("inner-broken", unit=7, label="XML1", line=1))
    listed = list(found)
    assert [one.kind for one in listed] == ["row-short"] * 3 + ["inner-broken", "faults-counted"]
    assert listed[-1].params == {"kind": "row-short", "count": 7}
