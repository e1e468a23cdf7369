"""Envelopes as other hospital programs write them: small liberties that cost no cell and are reported."""

import pytest

from tests.formats.making import (
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


@pytest.mark.parametrize("space", [" ", "\t", "&#13;", " \n "])
def test_white_space_inside_base64_is_no_mistake(tmp_path, space):
    content = base64_of(summary("a"))
    text = space.join(content[at : at + 19] for at in range(0, len(content), 19))
    found = read_bytes(tmp_path, envelope(f"<HOSO>{raw_file('XML1', text)}</HOSO>"))
    assert names(found) == ["a"]
    assert found.faults == []


@pytest.mark.parametrize("wrong", [("+", "-"), ("/", "_"), ("=", "")])
def test_base64_of_another_kind_is_read_and_reported(tmp_path, wrong):
    document = summary("a", name="Đỗ Thị ÿÿ>>>??? ").replace("</TONG_HOP>", "\n</TONG_HOP>")
    content = base64_of(document + "\n" * (3 - len(document.encode()) % 3 - 1))
    assert wrong[0] in content
    text = envelope(f"<HOSO>{raw_file('XML1', content.replace(*wrong))}</HOSO>", visit("b"))
    found = read_bytes(tmp_path, text)
    assert names(found) == ["a", "b"]
    assert found.places() == [("base64-broken", 0, None, None)]


def test_labels_in_other_letters_or_none_at_all(tmp_path):
    found = read_bytes(
        tmp_path,
        envelope(
            f"<HOSO>{file('xml1', summary('a'))}{file('Xml2', drugs('a', 'x'))}</HOSO>",
            f"<HOSO>{file('', summary('b'))}{file('2', drugs('b', 'y'))}</HOSO>",
            f"<HOSO>{file('XML1', summary('c'))}<FILEHOSO/></HOSO>",
        ),
    )
    assert names(found) == ["a", "b", "c"]
    assert [row[2] for row in found.rows["XML2"]] == ["x", "y"]
    assert found.places() == [
        ("type-spelled", 0, None, None),
        ("type-spelled", 0, None, None),
        ("type-absent", 1, None, None),
        ("type-unknown", 1, None, None),
        ("type-absent", 2, None, None),
        ("content-missing", 2, None, None),
    ]


@pytest.mark.parametrize(
    "declared", ["utf-16", "UTF-16LE", "us-ascii", "iso-8859-1", "windows-1252", "windows-1258"]
)
def test_utf8_that_declares_something_else(tmp_path, declared):
    inner = f'<?xml version="1.0" encoding="{declared}"?>' + summary("a")
    found = read_bytes(tmp_path, envelope(f"<HOSO>{file('XML1', inner)}</HOSO>"))
    assert found.rows["XML1"][0][:2] == ("a", "Lê Thị Bé")
    assert found.kinds() == ["encoding-differs"]
    assert found.faults[0].params == {"declared": declared.lower(), "found": "UTF-8"}


def test_text_after_the_envelope_is_no_cut(tmp_path):
    assert read_bytes(tmp_path, envelope(visit("a")) + "\x00\x00").kinds() == ["envelope-broken"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Hb < 7 & Na > 150", "Hb < 7 & Na > 150"),
        ("a&nbsp;b &#1;c &amp; d", "a&nbsp;b \ufffdc & d"),
        ("a\x01\x0bb<=3", "a\ufffd\ufffdb<=3"),
        ("&#x110;&#272;&", "ĐĐ&"),
    ],
)
def test_text_that_was_pasted_into_xml_loses_no_other_cell(tmp_path, written, read):
    inner = summary("a", name="@").replace("@", written)
    found = read_bytes(tmp_path, envelope(f"<HOSO>{file('XML1', inner)}</HOSO>", visit("b")))
    assert found.rows["XML1"][0][:3] == ("a", read, "202603041000")
    assert names(found) == ["a", "b"]
    assert found.places() == [("inner-mended", 0, None, None)]


@pytest.mark.parametrize("declared", ["utf-16", "us-ascii", "windows-1252"])
def test_an_envelope_in_utf8_that_declares_something_else(tmp_path, declared):
    text = envelope(visit("a")).replace("utf-8", declared)
    found = read_bytes(tmp_path, text)
    assert names(found) == ["a"]
    assert found.envelope["facility"] == "01999"
    assert found.faults == []
