"""Envelopes as hospital programs write them, and as they should not."""

import pytest

from lienthong.records.formats.reading import read
from tests.formats.making import (
    VISIT,
    base64_of,
    drugs,
    envelope,
    file,
    raw_file,
    read_bytes,
    summary,
    visit,
)


def names(found):
    return [row[0] for row in found.rows["XML1"]]


def test_rows_and_units_follow_the_file(tmp_path):
    found = read_bytes(tmp_path, envelope(visit("a", "x", "y"), visit("b"), visit("c", "z")))
    assert found.units == 3
    assert found.rows["XML1"] == [
        (key, "Lê Thị Bé", "202603041000", at, at) for at, key in enumerate("abc")
    ]
    assert found.rows["XML2"] == [
        ("a", "1", "x", 0, 0),
        ("a", "2", "y", 1, 0),
        ("c", "1", "z", 2, 2),
    ]
    assert found.rows["XML0"] == []
    assert found.faults == []
    assert found.envelope == {
        "facility": "01999",
        "date": "20260304",
        "count": "3",
        "units": "3",
        "signature": "present",
    }


def test_the_same_visit_twice_is_two_units(tmp_path):
    found = read_bytes(tmp_path, envelope(visit("a"), visit("a")))
    assert [row[-1] for row in found.rows["XML1"]] == [0, 1]


def test_byte_order_marks_outside_and_inside(tmp_path):
    inner = b"\xef\xbb\xbf" + b'<?xml version="1.0" encoding="utf-8"?>\n' + summary("a").encode()
    found = read_bytes(
        tmp_path, b"\xef\xbb\xbf" + envelope(f"<HOSO>{file('XML1', inner)}</HOSO>").encode()
    )
    assert names(found) == ["a"]
    assert found.faults == []


def test_elements_in_any_order_and_facts_after_the_list(tmp_path):
    inner = "<TONG_HOP><NGAY_RA>2</NGAY_RA><HO_TEN>B</HO_TEN><MA_LK>a</MA_LK></TONG_HOP>"
    label = f"<FILEHOSO><NOIDUNGFILE>{base64_of(inner)}</NOIDUNGFILE><LOAIHOSO>XML1</LOAIHOSO></FILEHOSO>"
    text = (
        f"<GIAMDINHHS><CHUKYDONVI>x</CHUKYDONVI><THONGTINHOSO><DANHSACHHOSO><HOSO>{label}</HOSO>"
        "</DANHSACHHOSO><SOLUONGHOSO> 7 </SOLUONGHOSO><NGAYLAP>20260101</NGAYLAP></THONGTINHOSO>"
        "<THONGTINDONVI><MACSKCB>01999</MACSKCB></THONGTINDONVI></GIAMDINHHS>"
    )
    found = read_bytes(tmp_path, text)
    assert found.rows["XML1"] == [("a", "B", "2", 0, 0)]
    assert found.envelope["count"] == "7"
    assert found.envelope["facility"] == "01999"
    assert found.faults == []


def test_the_reserved_columns_of_the_root_table(tmp_path):
    path = tmp_path / "f"
    path.write_text(envelope(visit("a"), count=5))
    with read(path, VISIT, workdir=tmp_path) as reading:
        import duckdb

        with duckdb.connect() as con:
            row = con.execute(
                "SELECT _envelope_facility, _envelope_date, _envelope_count, _envelope_units "
                f"FROM ({reading.sources['XML1'].relation})"
            ).fetchone()
    assert row == ("01999", "20260304", "5", 1)


def test_blank_cells_are_null_and_entities_are_text(tmp_path):
    found = read_bytes(
        tmp_path,
        envelope(f"<HOSO>{file('XML1', summary('a', ' &lt;A&amp;B&#62; ', '   '))}</HOSO>"),
    )
    assert found.rows["XML1"] == [("a", " <A&B> ", None, 0, 0)]


def test_cdata_comments_and_attributes_inside(tmp_path):
    inner = (
        '<TONG_HOP xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><!-- x --><MA_LK>a</MA_LK>'
        '<HO_TEN><![CDATA[A & B]]> C</HO_TEN><NGAY_RA xsi:nil="true"/></TONG_HOP>'
    )
    found = read_bytes(tmp_path, envelope(f"<HOSO>{file('XML1', inner)}</HOSO>"))
    assert found.rows["XML1"] == [("a", "A & B C", None, 0, 0)]
    assert found.faults == []


def test_namespaces_outside_and_inside(tmp_path):
    inner = summary("a").replace("<TONG_HOP>", '<TONG_HOP xmlns="urn:x">')
    prefixed = (
        summary("b")
        .replace("<", "<n:")
        .replace("<n:/", "</n:")
        .replace("<n:TONG_HOP>", '<n:TONG_HOP xmlns:n="urn:x">')
    )
    text = envelope(*(f"<HOSO>{file('XML1', one)}</HOSO>" for one in (inner, prefixed)))
    found = read_bytes(tmp_path, text.replace("<GIAMDINHHS>", '<GIAMDINHHS xmlns="urn:y">'))
    assert names(found) == ["a", "b"]
    assert found.faults == []


@pytest.mark.parametrize("comment", ["<!-- c -->", "<!-- </HOSO> <HOSO> -->", "<?pi x?>"])
def test_comments_between_and_inside_hoso(tmp_path, comment):
    one = visit("a").replace("<HOSO>", f"<HOSO>{comment}")
    found = read_bytes(tmp_path, envelope(comment, one, comment, visit("b"), comment, count=2))
    assert names(found) == ["a", "b"]
    assert found.units == 2
    assert found.faults == []


def test_unknown_missing_and_repeated_elements_are_reported(tmp_path):
    inner = "<TONG_HOP><MA_LK>a</MA_LK><MA_LK>b</MA_LK><HO_TEN>A<B>deep</B></HO_TEN><MOI>x</MOI></TONG_HOP>"
    found = read_bytes(tmp_path, envelope(visit("z"), f"<HOSO>{file('XML1', inner)}</HOSO>"))
    assert found.rows["XML1"][1] == ("a", "A", None, 1, 1)
    assert found.places() == [
        ("name-repeated", 1, "XML1", 1),
        ("name-missing", None, "XML1", None),
        ("name-unknown", None, "XML1", 1),
        ("name-unknown", None, "XML1", 1),
    ]
    assert [one.params.get("names") or one.params["name"] for one in found.faults[1:]] == [
        "NGAY_RA",
        "HO_TEN/B",
        "MOI",
    ]


def test_names_are_counted_once_per_table(tmp_path):
    inner = "<TONG_HOP><MA_LK>a</MA_LK><MOI>x</MOI></TONG_HOP>"
    found = read_bytes(tmp_path, envelope(*[f"<HOSO>{file('XML1', inner)}</HOSO>"] * 100))
    assert [(one.kind, one.params["count"]) for one in found.faults] == [
        ("name-missing", 100),
        ("name-unknown", 100),
    ]
    assert found.faults[0].params["names"] == "HO_TEN, NGAY_RA"
    assert len(found.rows["XML1"]) == 100


def test_elements_of_another_edition_may_be_absent(tmp_path):
    import msgspec

    summary_table = VISIT.tables[0]
    absent = msgspec.structs.replace(summary_table.fields[2], properties={"mayBeAbsent": True})
    table = msgspec.structs.replace(summary_table, fields=(*summary_table.fields[:2], absent))
    contract = msgspec.structs.replace(VISIT, tables=(table, *VISIT.tables[1:]))
    inner = "<TONG_HOP><MA_LK>a</MA_LK><HO_TEN>A</HO_TEN></TONG_HOP>"
    text = envelope(f"<HOSO>{file('XML1', inner)}</HOSO>")
    assert read_bytes(tmp_path, text).kinds() == ["name-missing"]
    assert read_bytes(tmp_path, text, contract).faults == []


def test_the_root_decides_and_not_the_label(tmp_path):
    found = read_bytes(
        tmp_path,
        envelope(f"<HOSO>{file('XML2', summary('a'))}{file('XML1', drugs('a', 'x'))}</HOSO>"),
    )
    assert names(found) == ["a"]
    assert found.rows["XML2"] == [("a", "1", "x", 0, 0)]
    assert found.places() == [
        ("label-differs", 0, "XML1", None),
        ("label-differs", 0, "XML2", None),
    ]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("", "content-missing"),
        ("  \n ", "content-missing"),
        ("PD94bWw", "base64-broken"),
        (base64_of(summary("q"))[:-10], "base64-broken"),
        ("P$94bWw=", "base64-broken"),
        ("Điện", "base64-broken"),
        (base64_of(""), "content-missing"),
        (base64_of("<TONG_HOP><MA_LK>"), "inner-broken"),
        (base64_of("<TONG_HOP></TONG_HOP><TONG_HOP/>"), "inner-broken"),
        (base64_of(b"\x00\x01\x02"), "inner-broken"),
        (base64_of("<KHAC/>"), "root-unknown"),
        (base64_of("<!DOCTYPE x><TONG_HOP/>"), "inner-refused"),
        (base64_of("<!DOCTYPE x><TONG_HOP/>".encode("utf-16")), "inner-refused"),
        (f"<![CDATA[{summary('q')}]]>", "inner-unencoded"),
        (summary("q").replace("<", "&lt;"), "inner-unencoded"),
        (summary("q"), "inner-unencoded"),
        ('<?xml version="1.0"?>' + summary("q"), "inner-unencoded"),
    ],
)
def test_one_broken_document_harms_no_other(tmp_path, content, kind):
    broken = f"<HOSO>{raw_file('XML1', content)}{file('XML2', drugs('q', 'x'))}</HOSO>"
    found = read_bytes(tmp_path, envelope(visit("a"), broken, visit("b")))
    assert found.places() == [(kind, 1, None, None)]
    assert names(found) == ["a", "b"]
    assert [row[-1] for row in found.rows["XML1"]] == [0, 2]
    assert found.rows["XML2"] == [("q", "1", "x", 0, 1)]
    assert found.units == 3


@pytest.mark.parametrize(
    "content",
    [
        summary("q"),
        '\n<?xml version="1.0" encoding="utf-8"?>\n' + summary("q"),
        f"<![CDATA[{summary('q')}]]>",
        summary("q").replace("<", "&lt;").replace(">", "&gt;"),
    ],
)
def test_inner_xml_without_base64_only_when_allowed(tmp_path, content):
    text = envelope(f"<HOSO>{raw_file('XML1', content)}</HOSO>")
    assert read_bytes(tmp_path, text).kinds() == ["inner-unencoded"]
    found = read_bytes(tmp_path, text, unencoded_inner=True)
    assert names(found) == ["q"]
    assert found.faults == []


def test_base64_in_lines_is_base64(tmp_path):
    content = base64_of(summary("a"))
    lines = "\r\n".join(content[at : at + 20] for at in range(0, len(content), 20))
    found = read_bytes(
        tmp_path, envelope(f"<HOSO>{raw_file('XML1', chr(10) + lines + chr(10))}</HOSO>")
    )
    assert names(found) == ["a"]
    assert found.faults == []


def test_a_hoso_without_summary_with_two_and_with_strange_types(tmp_path):
    found = read_bytes(
        tmp_path,
        envelope(
            f"<HOSO>{file('XML2', drugs('a', 'x'))}</HOSO>",
            f"<HOSO>{file('XML1', summary('b'))}{file('XML1', summary('c'))}</HOSO>",
            f"<HOSO>{file('XML1', summary('d'))}{file('XML99', summary('e'))}</HOSO>",
            "<HOSO/>",
            "<HOSO></HOSO>",
        ),
    )
    assert found.places() == [
        ("summary-missing", 0, "XML1", None),
        ("type-repeated", 1, "XML1", None),
        ("type-unknown", 2, None, None),
        ("type-repeated", 2, "XML1", None),
        ("summary-missing", 3, "XML1", None),
        ("summary-missing", 4, "XML1", None),
    ]
    assert found.units == 5


@pytest.mark.parametrize(
    "broken",
    [
        "<HOSO><FILEHOSO></HOSO>",
        "<HOSO>&nbsp;</HOSO>",
        "<HOSO><A B=x></A></HOSO>",
        "<HOSO>< ></HOSO>",
    ],
)
def test_a_broken_hoso_in_the_middle_harms_no_other(tmp_path, broken):
    found = read_bytes(tmp_path, envelope(visit("a"), broken, visit("b")))
    assert names(found) == ["a", "b"]
    assert [row[-1] for row in found.rows["XML1"]] == [0, 2]
    assert found.places() == [("hoso-broken", 1, None, None)]


def test_a_hoso_that_is_never_closed_harms_no_other(tmp_path):
    found = read_bytes(
        tmp_path, envelope(visit("a"), visit("x").removesuffix("</HOSO>"), visit("b"), visit("c"))
    )
    assert names(found) == ["a", "b", "c"]
    assert [row[-1] for row in found.rows["XML1"]] == [0, 2, 3]
    assert found.places() == [("hoso-broken", 1, None, None)]


@pytest.mark.parametrize("tag", ["</HOSO >", "</HOSO\n>"])
def test_unusual_tags(tmp_path, tag):
    text = envelope(visit("a"), visit("b", "x"), "<HOSO/>").replace("</HOSO>", tag)
    found = read_bytes(tmp_path, text.replace("<HOSO>", '<HOSO Id="1" >'))
    assert names(found) == ["a", "b"]
    assert found.units == 3
    assert found.kinds() == ["summary-missing"]


def test_an_envelope_with_prefixes(tmp_path):
    import re

    text = re.sub(r"<(/?)([A-Z])", r"<\1n:\2", envelope(visit("a"), visit("b")))
    found = read_bytes(tmp_path, text.replace("<n:GIAMDINHHS>", '<n:GIAMDINHHS xmlns:n="urn:x">'))
    assert names(found) == ["a", "b"]
    assert found.envelope["facility"] == "01999"
    assert found.faults == []


def test_unknown_elements_of_the_envelope_are_reported(tmp_path):
    one = visit("a").replace("</FILEHOSO>", "<MOI>1</MOI></FILEHOSO><KHAC/>")
    text = envelope(one, "<LA>2</LA>", visit("b")).replace("<MACSKCB>", "<PHIENBAN/><MACSKCB>")
    found = read_bytes(tmp_path, text)
    assert names(found) == ["a", "b"]
    assert sorted(one.params["name"] for one in found.faults) == ["KHAC", "LA", "MOI", "PHIENBAN"]
    assert {(one.unit, one.table, one.row) for one in found.faults} == {(None, None, None)}


def test_a_utf8_declaration_that_lies(tmp_path):
    inner = b'<?xml version="1.0" encoding="utf-8"?>' + summary("a", "Nguyễn").encode().replace(
        "Nguyễn".encode(), "Nguyê\u0303n".encode("cp1258")
    )
    found = read_bytes(tmp_path, envelope(f"<HOSO>{file('XML1', inner)}</HOSO>", visit("b")))
    assert [row[:2] for row in found.rows["XML1"]] == [("a", "Nguyễn"), ("b", "Lê Thị Bé")]
    assert found.places() == [("encoding-differs", 0, None, None)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "windows-1258"])
def test_inner_documents_in_declared_encodings(tmp_path, encoding):
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-le")}"?>' + summary("a", "Nga")
    found = read_bytes(tmp_path, envelope(f"<HOSO>{file('XML1', text.encode(encoding))}</HOSO>"))
    assert found.rows["XML1"] == [("a", "Nga", "202603041000", 0, 0)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1258"])
def test_envelopes_in_other_encodings(tmp_path, encoding):
    text = envelope(visit("a"), visit("b")).replace('encoding="utf-8"', f'encoding="{encoding}"')
    found = read_bytes(tmp_path, text.encode(encoding))
    assert names(found) == ["a", "b"]
    assert found.faults == []


def test_an_envelope_without_hoso(tmp_path):
    found = read_bytes(tmp_path, envelope())
    assert found.units == 0
    assert found.faults == []


@pytest.mark.parametrize(("signature", "kind"), [("", "empty"), ("  ", "empty"), (None, "absent")])
def test_a_missing_signature_is_said(tmp_path, signature, kind):
    text = envelope(visit("a"), signature=signature or "")
    if signature is None:
        text = text.replace("<CHUKYDONVI></CHUKYDONVI>", "")
    found = read_bytes(tmp_path, text)
    assert found.places() == [(f"signature-{kind}", None, None, None)]
    assert found.envelope["signature"] == kind
