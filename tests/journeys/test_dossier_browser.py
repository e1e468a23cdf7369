"""A dossier in a real browser: filed and received at a desk, completed from a telephone, decided by the head."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.dossiers.world import PROCEDURE
from tests.journeys import test_dossier_pages
from tests.journeys.conftest import PASSWORD

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]
people = test_dossier_pages.people
"""The same accounts as in the journeys without a browser."""


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=300_000
        )
        yield browser
        browser.close()


@pytest.fixture
def sit_down(chromium, served) -> Iterator:
    """Sign somebody in on a screen of that width; afterwards nothing may have been complained of."""
    with _seats(chromium, served) as (run, complaints):
        yield run
    assert not complaints


@pytest.fixture
def refused_too(chromium, served) -> Iterator:
    """The same for what is refused on purpose: a browser writes each answer 422 down as an error."""
    with _seats(chromium, served) as (run, complaints):
        yield run
    assert [one for one in complaints if "status of 422" not in one] == []


@contextmanager
def _seats(chromium, served) -> Iterator:
    complaints: list[str] = []
    contexts = []

    def run(name, width=1280):
        context = chromium.new_context(viewport={"width": width, "height": 850}, locale="vi-VN")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(300_000)
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{served}/login")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield run, complaints
    for context in contexts:
        context.close()


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")  # fmt: skip


def do(page, act):
    """Open the act's form and send it."""
    form = page.locator(f'form[action$="/acts/{act}"]').first
    if not form.is_visible():
        page.locator(f'details:has(form[action$="/acts/{act}"]) > summary').first.click()
    form.locator("button").click()
    page.wait_for_selector('.note.good[role="status"]')


def test_receive_supplement_decide(sit_down, served):
    clerk = sit_down("hoa")
    clerk.goto(f"{served}/dossiers/new?procedure={PROCEDURE.code}")
    clerk.select_option("[name='applicant.kind']", "person")
    clerk.fill("[name='applicant.name']", "Nguyễn Văn Mẫu")
    clerk.select_option("[name='applicant.number_kind']", "cccd")
    clerk.fill("[name='applicant.number']", "001190000001")
    clerk.fill("[name=summary]", "Cấp lại giấy phép")
    clerk.get_by_role("button", name="Nộp hồ sơ này").click()
    clerk.wait_for_selector('.note.good[role="status"]')
    code = clerk.locator("h1").inner_text()
    do(clerk, "receive")

    officer = sit_down("minh", width=390)
    officer.goto(f"{served}/dossiers?view=unit")
    assert fits(officer)
    officer.get_by_role("link", name=code).click()
    officer.wait_for_url(f"**/dossiers/{code}")
    do(officer, "start")
    officer.locator('details:has(form[action$="/acts/ask_supplement"]) > summary').click()
    officer.get_by_label("Bản sao giấy phép").check()
    do(officer, "ask_supplement")
    assert fits(officer)
    assert "tạm dừng tính khi chờ người nộp" in officer.content()

    clerk.goto(f"{served}/dossiers?show=waiting")
    clerk.get_by_role("link", name=code).click()
    clerk.wait_for_url(f"**/dossiers/{code}")
    clerk.locator("summary", has_text="Đính kèm tệp").click()
    clerk.set_input_files(
        "[name=file]", {"name": "giay-phep.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF"}
    )  # fmt: skip
    clerk.get_by_role("button", name="Đính kèm tệp").click()
    clerk.wait_for_selector('.note.good[role="status"]')
    do(clerk, "supplement")

    head = sit_down("lan")
    head.goto(f"{served}/dossiers/{code}")
    head.fill('form[action$="/acts/settle"] [name=result]', "Giấy phép hoạt động")
    head.fill('form[action$="/acts/settle"] [name=number]', "66-GP")
    do(head, "settle")
    assert "66-GP" in head.content()
    clerk.goto(f"{served}/dossiers/{code}")
    do(clerk, "hand_over")
    assert "Đã trả kết quả" in clerk.content()
