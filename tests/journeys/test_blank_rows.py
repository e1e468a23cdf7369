"""A sheet with blank rows on pages: rows have the numbers that their sender sees in the sheet."""

from __future__ import annotations

import re

import pytest

FIRST = "MA_NGUOI_HN,SO_DINH_DANH\n\n\nP1,001088012345\n\nP2,12\n"
"""The second person, in row 6 of the sheet, has a personal number that is none."""


@pytest.fixture(scope="module")
def receipt(send):
    return send(FIRST.encode(), "practitioners.csv", "practice", "01999").receipt


def test_the_receipt_names_the_rows_of_the_sheet(signed_in, receipt):
    page = signed_in("officer").get(f"/submissions/{receipt}").text
    assert "FILE-16" in page and "2-3, 5" in page
    named = set(re.findall(r"dòng (\d+)", page))
    assert "6" in named and named <= {"4", "6"}


def test_a_settled_entry_says_so_on_the_first_receipt_and_on_its_page(signed_in, send, receipt):
    client = signed_in("officer")
    before = client.get(f"/submissions/{receipt}").text
    assert "Sửa phần bị cách ly" in before and "Mở biên nhận" not in before
    again = FIRST.replace("P1,001088012345", "P1,00108801234x")
    later = send(again.encode(), "practitioners.csv", "practice", "01999").receipt
    page = client.get(f"/submissions/{receipt}").text
    assert f"2 trong số bị cách ly: đã được thay bằng biên nhận {later} và chờ ở đó." in page
    assert "Những gì từng bị cách ly" in page
    listed = client.get(f"/quarantine?receipt={receipt}").text
    assert listed.count(f'href="/submissions/{later}"') == 2
    entry = re.search(r'href="(/quarantine/\d+)"', listed)
    assert entry and f"Đã được thay bằng biên nhận {later}" in client.get(entry[1]).text
    for language, sentence in (
        ("en", "replaced by receipt"),
        ("fr", "remplacées par le récépissé"),
    ):
        client.cookies.set("language", language)
        told = client.get(f"/submissions/{receipt}", headers={"accept-language": language}).text
        assert f"{sentence} {later}" in told
