"""The head of an agency changes a paper and goes back; a licence the databases hold is not asked for again."""

from __future__ import annotations

from datetime import date

import pytest

from lienthong.procedures import catalogue
from tests.declared.test_practice_rules import WORLD as PRACTICE
from tests.journeys import test_dossier_browser, test_papers
from tests.journeys.test_dossier_browser import CHROMIUM, do, fits
from tests.journeys.test_papers import text_of
from tests.journeys.test_prefilled_filing import REISSUE

chromium, sit_down = test_dossier_browser.chromium, test_dossier_browser.refused_too
code = test_papers.code
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]
OURS = "symbol: BN\n---\nletterhead\n# BIÊN NHẬN CỦA SỞ {dossier.code}\n"
GOOD = '.note.good[role="status"]'


def made(page) -> None:
    """Make the receipt that is still to be made."""
    page.locator("form", has=page.locator("[value=receipt]")).first.locator("button").click()
    page.wait_for_selector(GOOD)


def test_an_agencys_own_paper_and_the_way_back(sit_down, served, code):
    head, clerk = sit_down("head"), sit_down("clerk")

    def receipt(number) -> str:
        """Print the receipt again, as the clerk does, and read it."""
        clerk.goto(f"{served}/dossiers/{code}/papers")
        if number == 1:
            made(clerk)
        else:
            clerk.get_by_role("button", name="Lập thay thế").first.click()
            clerk.wait_for_selector(GOOD)
        return text_of(clerk.request.get(f"{served}/dossiers/{code}/papers/{number}.pdf").body())

    assert "BIÊN NHẬN" not in receipt(1)
    head.goto(f"{served}/papers/receipt")
    head.fill("#text", OURS + "{dossier.kode}\n")
    with head.expect_response(lambda one: one.request.method == "POST") as answer:
        head.get_by_role("button", name="Lưu bản nháp").click()
    assert answer.value.status == 422
    told = head.inner_text('[role="alert"]')
    assert "dòng 5" in told and "{dossier.code}" in told
    assert "BIÊN NHẬN" in head.input_value("#text"), "nothing that was written is lost"
    head.fill("#text", OURS)
    head.get_by_role("button", name="Lưu bản nháp").click()
    head.wait_for_selector(GOOD)
    head.get_by_role("button", name="Dùng phiên bản 1").click()
    head.wait_for_selector("text=được in theo phiên bản 1")
    assert f"BIÊN NHẬN CỦA SỞ {code}" in receipt(2)
    head.get_by_role("button", name="Dùng lại mẫu chung").click()
    head.wait_for_selector("text=được in theo mẫu chung")
    assert "BIÊN NHẬN" not in receipt(3)


@pytest.fixture(scope="module")
def held(db, code, send) -> None:
    """A procedure that asks for a licence, and the licence in the database."""
    with db.connect() as conn:
        catalogue.draft(conn, "editor", REISSUE, "test")
        catalogue.publish(conn, "head", REISSUE.code, date(2025, 7, 1))
    row = PRACTICE["facilities"][0]
    data = ",".join(row) + "\n" + ",".join(f'"{cell}"' for cell in row.values())
    assert send(data.encode(), "facilities.csv", "practice", "01999").kept == 1


def test_a_licence_that_is_held_is_shown_and_not_asked_for(sit_down, served, held):
    clerk = sit_down("clerk")
    clerk.goto(f"{served}/dossiers/new?procedure={REISSUE.code}")
    clerk.select_option("[name='applicant.kind']", "enterprise")
    clerk.fill("[name='applicant.name']", "Bệnh viện Mẫu")
    clerk.fill("[name='form.MA_CSKCB']", "01999")
    clerk.select_option("[name='form.LY_DO']", "mat")
    clerk.get_by_role("button", name="Điền từ cơ sở dữ liệu").click()
    clerk.wait_for_selector('.note [role="status"]')
    number = clerk.locator("[name='form.SO_GPHD']")
    assert number.input_value() == "000123/BYT-GPHĐ"
    assert "practice.facilities.SO_GPHD" in clerk.inner_text("#form-SO_GPHD-from")
    asked = clerk.locator("li", has_text="Bản sao giấy phép hoạt động bị mất")
    assert "không phải nộp" in asked.inner_text() and "01999|20250101" in asked.inner_text()
    clerk.fill("[name='form.DIA_CHI']", "Số 1 phố Thử Nghiệm")
    clerk.get_by_role("button", name="Nộp hồ sơ này").click()
    clerk.wait_for_selector(GOOD)
    assert "không phải nộp" in clerk.locator("#attachments li").inner_text()
    clerk.locator("summary", has_text="Yêu cầu bổ sung").click()
    box = clerk.locator("label.check", has_text="Bản sao giấy phép hoạt động bị mất")
    assert "đã có trong Cơ sở khám chữa bệnh" in box.inner_text(), "nobody asks for it by mistake"
    clerk.set_viewport_size({"width": 390, "height": 850})
    assert fits(clerk)
    do(clerk, "receive")
    clerk.get_by_role("link", name="Lập văn bản gửi kèm").click()
    made(clerk)
    link = clerk.locator(f"{GOOD} a").get_attribute("href")
    paper = text_of(clerk.request.get(served + link).body())
    assert "Đã có trong cơ sở dữ liệu “Cơ sở khám chữa bệnh”, không phải nộp" in paper
