"""Looking things up: pages in three languages, contracts in words, codes without tone marks, the past of a record."""

from __future__ import annotations

import html
import re

import pytest

from lienthong.contracts.reading import declared_contracts, read_contract
from tests.journeys.hospital import envelope
from tests.journeys.test_officer import csrf

PAGES = (
    "/", "/submissions", "/upload", "/quarantine", "/records?contract=care&purpose=quality", "/senders",
    "/senders/01999", "/databases/care", "/contracts", "/contracts/care", "/contracts/practice",
    "/contracts/vital_events", "/codes", "/account", "/api",
)  # fmt: skip


@pytest.fixture(scope="module")
def kept(send):
    """A receipt of one kept visit."""
    return send(envelope(71, 1), "kept.xml", "care", "01999")


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_every_page_speaks_the_chosen_language(signed_in, kept, language):
    client = signed_in("officer")
    token = csrf(client.get("/account").text)
    client.post("/language", data={"language": language, "_csrf_token": token})
    titles = set()
    for path in (*PAGES, f"/submissions/{kept.receipt}"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert f'<html lang="{language}">' in page.text
        titles.add(re.search(r"<title>(.*?)</title>", page.text, re.S)[1])
    assert len(titles) > 10


def test_a_contract_is_told_in_words_with_its_certainty(signed_in):
    client = signed_in("ministry")
    page = client.get("/contracts/care?table=XML2").text
    assert "THANH_TIEN_BV" in page
    assert "MON-01" in page
    assert "có văn bản" in page
    assert "suy ra" in page, "what is inferred says so"
    for form in ("yaml", "odcs", "sql", "json-schema", "md"):
        answer = client.get(f"/contracts/care/download/{form}")
        assert answer.status_code == 200
        assert "attachment" in answer.headers["content-disposition"]
    assert client.get("/contracts/nothing").status_code == 404


def test_every_contract_has_its_page(signed_in):
    client = signed_in("ministry")
    for name in declared_contracts():
        page = client.get(f"/contracts/{name}")
        assert page.status_code == 200, name
        assert html.escape(read_contract(name).label["vi"]) in page.text


def test_a_field_of_staff_keeps_its_names_at_three_ministries(signed_in):
    page = signed_in("ministry").get("/contracts/workforce?table=staff").text
    assert "Tên ở ba bộ" in page
    assert "Law Art.9(3); QCVN109 SoDinhDanh" in page
    assert "Không lưu ở đây" in page and "Tôn giáo" in page


def test_a_code_is_found_by_words_without_tone_marks(signed_in):
    client = signed_in("officer")
    assert "Thành phố Hà Nội" in client.get("/codes?name=provinces&wanted=ha noi").text
    assert "Thành phố Hà Nội" in client.get("/codes?name=provinces&wanted=01").text
    assert "Không có mã nào phù hợp" in client.get("/codes?name=provinces&wanted=zzzz").text
    assert client.get("/codes?name=nothing").status_code == 404


def test_a_record_shows_its_versions_and_how_it_was(signed_in, send, kept):
    changed = send(
        envelope(71, 1, {0: ("XML1", "LY_DO_VV", "Khám lại")}), "again.xml", "care", "01999"
    )
    assert changed.kept == 1
    client = signed_in("officer")
    listed = client.get(f"/records?contract=care&purpose=quality&receipt={changed.receipt}").text
    address = re.search(r'href="(/records/care/XML1\?[^"]+)"', listed)[1].replace("&amp;", "&")
    now = client.get(address).text
    assert "Khám lại" in now
    assert changed.receipt in now
    older = re.findall(r'href="(/records/care/XML1\?[^"]+as_of=[^"]+)"', now)
    assert len(older) == 2
    then = client.get(older[-1].replace("&amp;", "&")).text
    assert "Khám lại" not in then
    assert kept.receipt in then
    wrong = client.get(address + "&as_of=yesterday")
    assert wrong.status_code == 422


def test_a_file_that_cannot_be_read_says_so_on_its_receipt(signed_in, send):
    done = send(b"%PDF-1.7 not a file of data", "report.pdf", "care", "01999")
    assert done.state in ("refused", "done")
    page = signed_in("officer").get(f"/submissions/{done.receipt}").text
    assert 'class="note error"' in page or "lỗi" in page
