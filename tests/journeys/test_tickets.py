"""Cleaning that ends, over HTTP: a hospital gets a ticket, says why, sends right records; a province watches."""

from __future__ import annotations

import io
import re

import pytest
from python_calamine import CalamineWorkbook

from lienthong.worker import Worker
from tests.journeys.hospital import envelope, one_visit
from tests.journeys.test_officer import csrf

NO_REASON = {0: ("XML1", "LY_DO_VV", "")}
PLAN = {"cause": "Phần mềm không bắt buộc nhập lý do", "plan": "Sửa phần mềm, gửi lại trong tuần"}


@pytest.fixture(scope="module")
def upkeep(db, chosen):
    """What the worker does beside the site."""

    def run() -> None:
        with db.connect(autocommit=True) as conn:
            worker = Worker(db, chosen.home)
            worker.once(conn)
            worker.tickets(conn)

    return run


@pytest.fixture(scope="module")
def bad(send, upkeep):
    """Hospital 01999 sent two visits, one without the reason for the visit."""
    done = send(envelope(301, 2, NO_REASON), "hoso.xml", "care", "01999")
    assert done.quarantined == 1
    upkeep()
    return done


def number_of(page: str, words: str) -> int:
    """The number of the ticket whose line holds these words."""
    for number, sentence in re.findall(r'<a href="/tickets/(\d+)">([^<]+)</a>', page):
        if words in sentence:
            return int(number)
    raise AssertionError(page)


def act(client, number: int, what: str, **fields: str):
    """Send one of the forms of a ticket's page."""
    token = csrf(client.get(f"/tickets/{number}").text)
    return client.post(f"/tickets/{number}/{what}", data={"_csrf_token": token, **fields})


def test_a_hospital_sees_its_ticket_plans_corrects_and_the_ticket_closes(
    signed_in, send, bad, upkeep
):
    client = signed_in("officer")
    listed = client.get("/tickets").text
    number = number_of(listed, "Lý do đến khám")
    page = client.get(f"/tickets/{number}").text
    assert "chờ kế hoạch" in page
    assert "Bản ghi làm phiếu còn mở" in page
    assert act(client, number, "plan", **PLAN).status_code == 200
    page = client.get(f"/tickets/{number}").text
    assert PLAN["cause"] in page and "đang khắc phục" in page

    right = send(envelope(301, 2), "dung.xml", "care", "01999")
    assert right.quarantined == 0
    upkeep()
    page = client.get(f"/tickets/{number}").text
    assert "đóng phiếu: không còn bản ghi sai" in page
    assert f'href="/tickets/{number}"' not in client.get("/tickets").text
    assert f'href="/tickets/{number}"' in client.get("/tickets?show=closed").text


def test_an_empty_plan_is_said_to_be_too_short_and_what_was_written_stays(signed_in, send, upkeep):
    send(envelope(302, 1, NO_REASON), "hoso.xml", "care", "01999")
    upkeep()
    client = signed_in("officer")
    number = number_of(client.get("/tickets").text, "Lý do đến khám")
    answer = act(client, number, "plan", cause="Phần mềm cũ", plan="x")
    assert answer.status_code == 422
    assert "Hãy viết từ 5 đến 1000 ký tự." in answer.text and "Phần mềm cũ" in answer.text


def test_a_province_sees_its_hospitals_and_decides_nothing(signed_in, send, upkeep):
    send(envelope(303, 1, NO_REASON), "hoso.xml", "care", "01999")
    upkeep()
    client = signed_in("province")
    page = client.get("/tickets").text
    assert "Phiếu khắc phục của" in page
    number = number_of(page, "Lý do đến khám")
    page = client.get(f"/tickets/{number}").text
    assert f"/tickets/{number}/plan" not in page and "01999" in page
    token = csrf(page)
    refused = client.post(f"/tickets/{number}/plan", data={"_csrf_token": token, **PLAN})
    assert refused.status_code == 403
    noted = act(client, number, "note", text="Đã gọi phòng công nghệ thông tin")
    assert noted.status_code == 200 and "Đã gọi phòng công nghệ thông tin" in noted.text
    for address in (
        "/alerts",
        "/silent",
        "/silent?kind=never",
        "/ranking",
        "/ranking?kind=sender&contract=care",
    ):
        assert client.get(address).status_code == 200, address


def test_a_neighbour_sees_nothing_of_it(signed_in, bad):
    client = signed_in("officer")
    shown = client.get("/tickets?show=all").text
    number = number_of(shown, "Lý do đến khám")
    client = signed_in("neighbour")
    assert "/tickets/" + str(number) + '"' not in client.get("/tickets?show=all").text
    assert client.get(f"/tickets/{number}").status_code in (403, 404)
    assert client.get("/tickets?sender=01999").status_code == 403


def test_more_time_is_asked_by_the_hospital_and_given_by_the_owner_of_the_database(
    signed_in, send, upkeep
):
    send(envelope(304, 1, NO_REASON), "hoso.xml", "care", "01999")
    upkeep()
    client = signed_in("officer")
    number = number_of(client.get("/tickets").text, "Lý do đến khám")
    act(client, number, "plan", **PLAN, field="Phải về xã hỏi lại người bệnh")
    token = csrf(client.get(f"/tickets/{number}").text)
    own = client.post(
        f"/tickets/{number}/decide",
        data={"_csrf_token": token, "answer": "1", "reason": "tự cho"},
    )
    assert own.status_code == 403
    client = signed_in("owner")
    assert "Phải về xã hỏi lại" in client.get(f"/tickets/{number}").text
    answer = act(client, number, "decide", answer="1", reason="Đúng là phải đi xác minh")
    assert answer.status_code == 200 and "chấp thuận" in answer.text


def test_the_ministry_sees_numbers_and_no_record(signed_in, bad):
    client = signed_in("ministry")
    number = number_of(client.get("/tickets?show=all").text, "Lý do đến khám")
    page = client.get(f"/tickets/{number}").text
    assert "Bản ghi làm phiếu còn mở" not in page
    assert client.get(f"/tickets/{number}/records/csv").status_code == 403


class TestTheProgramOfAHospital:
    """The same through the API, with the hospital's token."""

    def test_it_pulls_its_worklist_page_by_page(self, site, token, send, upkeep):
        send(envelope(305, 1, NO_REASON), "hoso.xml", "care", "01999")
        upkeep()
        site.cookies.clear()
        heads = {"authorization": f"Bearer {token}"}
        first = site.get("/api/v1/tickets?limit=1", headers=heads).json()
        assert first["numbers"]["active"] >= 1 and len(first["tickets"]) == 1
        seen, start = [], 0
        while start is not None:
            page = site.get(f"/api/v1/tickets?limit=1&start={start}", headers=heads).json()
            seen += [told["ticket"]["id"] for told in page["tickets"]]
            start = page["next"]
        assert len(seen) == len(set(seen)) == first["numbers"]["active"]
        assert {told["ticket"]["sender"] for told in first["tickets"]} == {"01999"}

    def test_it_reads_the_records_plans_and_sees_the_ticket_close(self, site, token, send, upkeep):
        send(envelope(306, 1, NO_REASON), "hoso.xml", "care", "01999")
        upkeep()
        heads = {"authorization": f"Bearer {token}"}
        told = next(
            told
            for told in site.get("/api/v1/tickets", headers=heads).json()["tickets"]
            if told["ticket"]["field"] == "LY_DO_VV"
        )
        number = told["ticket"]["id"]
        held = site.get(f"/api/v1/tickets/{number}/records?purpose=quality", headers=heads).json()
        assert len(held) == told["ticket"]["open_rows"]
        assert {one["standing"] for one in held} == {"quarantined"}
        planned = site.post(f"/api/v1/tickets/{number}/plan", headers=heads, json=PLAN)
        assert planned.json()["ticket"]["state"] == "planned"
        wrong = site.post(f"/api/v1/tickets/{number}/plan", headers=heads, json={"cause": "x"})
        assert wrong.status_code == 400
        for seed in (302, 303, 304, 305, 306):
            send(envelope(seed, 1), "dung.xml", "care", "01999")
        upkeep()
        closed = site.get(f"/api/v1/tickets/{number}", headers=heads).json()
        assert (closed["ticket"]["state"], closed["ticket"]["open_rows"]) == ("closed", 0)
        acts = [
            one["act"] for one in site.get(f"/api/v1/tickets/{number}/acts", headers=heads).json()
        ]
        assert acts[-1] == "closed" and "planned" in acts

    def test_a_record_that_it_posts_wrong_and_then_right_opens_and_closes_a_ticket(
        self, site, token, upkeep
    ):
        heads = {"authorization": f"Bearer {token}"}
        site.cookies.clear()

        def open_rows() -> int:
            upkeep()
            told = site.get("/api/v1/tickets?show=all&limit=1000", headers=heads).json()["tickets"]
            return sum(t["ticket"]["open_rows"] for t in told if t["ticket"]["field"] == "LY_DO_VV")

        before, rows = open_rows(), one_visit(308)
        right, rows["XML1"][0]["LY_DO_VV"] = rows["XML1"][0]["LY_DO_VV"], ""
        assert site.post("/api/v1/records/care/XML1", headers=heads, json=rows).status_code == 201
        assert open_rows() == before + 1
        rows["XML1"][0]["LY_DO_VV"] = right
        assert site.post("/api/v1/records/care/XML1", headers=heads, json=rows).status_code == 201
        assert open_rows() == before

    def test_it_cannot_read_the_tickets_of_another(self, site, token):
        heads = {"authorization": f"Bearer {token}"}
        assert site.get("/api/v1/tickets?sender=79001", headers=heads).status_code == 403

    def test_it_cannot_read_the_ranking_of_others(self, site, token):
        heads = {"authorization": f"Bearer {token}"}
        assert site.get("/api/v1/ranking?kind=sender", headers=heads).status_code == 403


def test_the_worklist_comes_as_a_workbook_with_its_records(signed_in, send, upkeep):
    send(envelope(307, 1, NO_REASON), "hoso.xml", "care", "01999")
    upkeep()
    client = signed_in("officer")
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get("/tickets/file/xlsx").content))
    assert len(book.sheet_names) == 2
    tickets, records = (book.get_sheet_by_index(at).to_python() for at in (0, 1))
    assert any("Lý do đến khám" in str(row) for row in tickets)
    assert len(records) >= 2
    text = client.get("/tickets/file/csv").content.decode("utf-8-sig")
    assert "LY_DO_VV" in text


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_every_page_speaks_every_language(signed_in, bad, language):
    client = signed_in("owner")
    client.cookies.set("language", language)
    for address in (
        "/tickets",
        "/tickets?show=closed",
        "/alerts",
        "/silent",
        "/ranking",
        "/ranking?kind=province",
    ):
        answer = client.get(address)
        assert answer.status_code == 200 and f'lang="{language}"' in answer.text, address
