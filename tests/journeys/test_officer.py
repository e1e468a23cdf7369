"""A hospital's officer at the pages, without scripts: sends a bad file, reads why, mends, sees the score move."""

from __future__ import annotations

import re

import pytest

from tests.journeys.hospital import envelope

NO_REASON = {1: ("XML1", "LY_DO_VV", "")}
"""The second visit comes without the reason for which the patient came, which is required."""


def csrf(page: str) -> str:
    """The token in the forms of a page."""
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


def upload(client, data: bytes, **more: str):
    """Send a file with the form of the page."""
    token = csrf(client.get("/upload").text)
    return client.post(
        "/upload",
        data={"_csrf_token": token, "contract": "care", "sender": "01999", **more},
        files={"file": ("hoso.xml", data, "text/xml")},
        follow_redirects=False,
    )


@pytest.fixture(scope="module")
def bad_receipt(send):
    """The receipt of a file of three visits of which one is wrong."""
    done = send(envelope(11, 3, NO_REASON), "hoso.xml", "care", "01999")
    assert (done.received, done.kept, done.quarantined) == (3, 2, 1), done
    return done.receipt


def test_a_sent_file_gets_a_receipt_and_the_same_file_the_same(signed_in):
    client = signed_in("officer")
    data = envelope(12, 2)
    first = upload(client, data)
    assert first.status_code == 303
    assert re.fullmatch(r"/submissions/TN-\d{8}-\d{6}", first.headers["location"])
    again = upload(client, data)
    assert again.headers["location"] == first.headers["location"] + "?again=true"
    assert "đã được gửi trước đây" in client.get(again.headers["location"]).text


def test_an_officer_cannot_send_for_another_hospital(signed_in):
    client = signed_in("officer")
    answer = upload(client, envelope(13, 1), sender="79001")
    assert answer.status_code == 403


def test_a_form_without_the_token_of_the_session_is_refused(signed_in):
    client = signed_in("officer")
    answer = client.post(
        "/upload",
        data={"contract": "care", "sender": "01999"},
        files={"file": ("hoso.xml", b"x", "text/xml")},
        follow_redirects=False,
    )
    assert answer.status_code == 403
    from_elsewhere = client.post("/logout", headers={"sec-fetch-site": "cross-site"})
    assert from_elsewhere.status_code == 403


def test_the_receipt_says_what_became_of_every_visit_and_why(signed_in, bad_receipt):
    page = signed_in("officer").get(f"/submissions/{bad_receipt}").text
    balance = re.sub(
        r"<[^>]+>|\s+", " ", page.partition('class="balance"')[2].partition("</section>")[0]
    )
    assert re.findall(r"\d+", balance)[:4] == ["3", "2", "0", "1"]
    assert "LY_DO_VV" in page
    assert "Lý do đến khám (LY_DO_VV) phải được điền." in page


def test_findings_can_be_taken_home(signed_in, bad_receipt):
    client = signed_in("officer")
    table = client.get(f"/submissions/{bad_receipt}/findings/csv")
    assert table.headers["content-disposition"].startswith("attachment")
    assert "LY_DO_VV" in table.text
    sheet = client.get(f"/submissions/{bad_receipt}/findings/xlsx")
    assert sheet.content[:2] == b"PK"
    assert client.get(f"/submissions/{bad_receipt}/findings/exe").status_code == 404


def test_what_is_another_hospitals_is_not_shown(signed_in, bad_receipt):
    client = signed_in("neighbour")
    assert bad_receipt not in client.get("/submissions").text
    assert client.get(f"/submissions/{bad_receipt}").status_code == 403
    assert "01999" not in client.get("/quarantine").text.partition("<main")[2]


def test_the_officer_mends_a_cell_and_the_score_moves(signed_in, bad_receipt):
    client = signed_in("officer")
    before = client.get("/senders/01999").text
    listed = client.get(f"/quarantine?receipt={bad_receipt}").text
    entry = re.search(r'href="(/quarantine/\d+)"', listed)
    assert entry, listed
    page = client.get(entry[1]).text
    cell = re.search(r'name="(c\.XML1\.\d+\.LY_DO_VV)"', page)
    assert cell
    assert 'aria-invalid="true"' in page

    still = client.post(
        entry[1] + "/mend", data={"_csrf_token": csrf(page), cell[1]: ""}, follow_redirects=False
    )
    assert "?done=waiting" in still.headers["location"]

    done = client.post(
        entry[1] + "/mend",
        data={"_csrf_token": csrf(page), cell[1]: "Đau bụng"},
        follow_redirects=False,
    )
    assert done.headers["location"].startswith(f"{entry[1]}?done=kept")
    shown = client.get(done.headers["location"]).text
    note = shown.partition('class="note')[2].partition("</div>")[0]
    assert re.search(r"không có lỗi: [\d,]+% → [\d,]+%", note), done.headers["location"] + note
    assert "XML1.LY_DO_VV" in shown, "the history shows the cell"
    assert "∅" in shown, "and what it was"
    assert "Đau bụng" in shown
    assert 'name="c.' not in shown, "a closed entry is not mended again"

    receipt = client.get(f"/submissions/{bad_receipt}").text
    balance = re.sub(
        r"<[^>]+>|\s+", " ", receipt.partition('class="balance"')[2].partition("</section>")[0]
    )
    assert re.findall(r"\d+", balance)[:4] == ["3", "3", "0", "0"]
    assert client.get("/senders/01999").text != before


def test_a_record_is_abandoned_only_with_a_reason(signed_in, send):
    done = send(envelope(14, 1, {0: NO_REASON[1]}), "abandon.xml", "care", "01999")
    client = signed_in("officer")
    entry = re.search(
        r'href="(/quarantine/\d+)"', client.get(f"/quarantine?receipt={done.receipt}").text
    )[1]
    token = csrf(client.get(entry).text)
    refused = client.post(
        entry + "/abandon", data={"_csrf_token": token, "reason": " "}, follow_redirects=False
    )
    assert refused.status_code == 422
    client.post(entry + "/abandon", data={"_csrf_token": token, "reason": "Sent by mistake"})
    shown = client.get(entry).text
    assert "Sent by mistake" in shown


def test_a_corrected_file_closes_the_entry(signed_in, send):
    done = send(envelope(15, 1, {0: NO_REASON[1]}), "wrong.xml", "care", "01999")
    client = signed_in("officer")
    entry = re.search(
        r'href="(/quarantine/\d+)"', client.get(f"/quarantine?receipt={done.receipt}").text
    )[1]
    answer = client.post(
        entry + "/file",
        data={"_csrf_token": csrf(client.get(entry).text)},
        files={"file": ("right.xml", envelope(15, 1), "text/xml")},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert "TN-" in answer.headers["location"]
    assert 'class="tag good"' in client.get(entry).text


def test_alike_records_are_checked_again_together(signed_in, send):
    send(envelope(16, 2, {0: NO_REASON[1], 1: NO_REASON[1]}), "two.xml", "care", "01999")
    client = signed_in("officer")
    token = csrf(client.get("/quarantine").text)
    answer = client.post(
        "/quarantine/replay",
        data={"_csrf_token": token, "contract": "care", "cause": "XML1.LY_DO_VV.required|LY_DO_VV"},
        follow_redirects=False,
    )
    assert "kept=0" in answer.headers["location"]
    assert "waiting=2" in answer.headers["location"]


def test_a_kept_record_is_read_with_a_purpose_and_the_reading_is_written_down(signed_in, send):
    done = send(envelope(17, 1), "kept.xml", "care", "01999")
    client = signed_in("officer")
    found = client.get(f"/records?contract=care&purpose=quality&receipt={done.receipt}").text
    address = re.search(r'href="(/records/care/XML1\?[^"]+)"', found)[1].replace("&amp;", "&")
    page = client.get(address)
    assert page.status_code == 200
    assert done.receipt in page.text
    without = client.get(re.sub("&purpose=quality", "", address))
    assert without.status_code == 403
    log = signed_in("inspector").get("/access-log?who=officer").text
    assert "/contracts/care" in log
    assert "XML1" in log


def test_an_unknown_receipt_is_a_page_in_the_readers_language(signed_in):
    client = signed_in("officer")
    answer = client.get("/submissions/TN-20200101-999999")
    assert answer.status_code == 404
    assert "Không có trang hoặc bản ghi này" in answer.text
    client.post("/language", data={"language": "fr", "_csrf_token": csrf(answer.text)})
    assert "Ce que vous pouvez faire" in client.get("/submissions/TN-20200101-999999").text
