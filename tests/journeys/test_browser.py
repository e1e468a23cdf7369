"""What people do with a mouse, a keyboard and a telephone, in a real browser with scripts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import PASSWORD
from tests.journeys.hospital import envelope
from tests.journeys.test_officer import NO_REASON

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

PAGES = (
    "/", "/submissions", "/upload", "/quarantine", "/records?contract=care&purpose=quality", "/senders",
    "/tickets", "/tickets?by=cause", "/alerts", "/silent", "/ranking",
    "/senders/01999", "/databases/care", "/contracts", "/contracts/care", "/codes", "/account", "/api",
)  # fmt: skip


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
def complaints() -> list[str]:
    """What the browser complained of: errors of scripts, and everything that the content policy refused."""
    return []


@pytest.fixture
def officer(chromium, served, complaints) -> Iterator:
    """A page on which the officer of 01999 is signed in."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    enter(page, served)
    yield page
    context.close()


def enter(page, served: str) -> None:
    """Sign in by keyboard alone."""
    page.goto(served + "/")
    page.wait_for_selector("#name")
    page.keyboard.type("officer")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav.nav")


def drop(page, path: Path) -> None:
    """Drop a file on the zone, as a hand with a mouse does."""
    page.evaluate(
        """([name, text]) => {
            const held = new DataTransfer();
            held.items.add(new File([text], name, {type: 'text/xml'}));
            const zone = document.querySelector('.drop');
            for (const kind of ['dragenter', 'dragover', 'drop']) {
                zone.dispatchEvent(new DragEvent(kind, {dataTransfer: held, bubbles: true, cancelable: true}));
            }
        }""",
        [path.name, path.read_text("utf-8")],
    )


def test_an_officer_drops_a_bad_file_mends_it_and_sees_the_score_move(
    officer, served, complaints, tmp_path
):
    bad = tmp_path / "hoso.xml"
    bad.write_bytes(envelope(51, 3, NO_REASON))
    officer.goto(served + "/upload")
    drop(officer, bad)
    assert officer.inner_text("[data-file-name]") == "hoso.xml"
    officer.click("text=Gửi và kiểm tra")

    officer.wait_for_url(re.compile(r"/submissions/TN-"))
    officer.wait_for_selector(".balance")  # the page fetches itself again while the check runs
    assert re.findall(r"\d+", officer.inner_text(".balance")) == ["3", "2", "0", "1"]
    assert "LY_DO_VV" in officer.inner_text("main")

    officer.goto(served + "/senders/01999")
    before = officer.locator(".criterion .value").all_inner_texts()
    officer.go_back()
    officer.click("text=Sửa phần bị cách ly")
    officer.click("#records tbody th a")
    cell = officer.locator('input[aria-invalid="true"]')
    cell.fill("Đau bụng")
    officer.click("text=Lưu các ô và kiểm tra lại")
    officer.wait_for_selector(".note.good")
    assert "đã đúng" in officer.inner_text(".note.good")
    officer.click("text=Xem điểm thay đổi ra sao")
    after = officer.locator(".criterion .value").all_inner_texts()
    assert after != before
    assert complaints == []


def test_the_language_changes_at_every_step(officer, served):
    officer.goto(served + "/contracts")
    for code, heading in (("en", "Contracts"), ("fr", "Contrats"), ("vi", "Hợp đồng dữ liệu")):
        officer.click(f".languages button[value={code}]")
        officer.wait_for_selector(f"html[lang={code}]")
        assert officer.inner_text("h1") == heading
        assert officer.url == served + "/contracts"


def test_no_page_scrolls_sideways_on_a_telephone_or_breaks_the_policy(
    officer, served, complaints, tmp_path
):
    file = tmp_path / "phone.xml"
    file.write_bytes(envelope(52, 2, NO_REASON))
    officer.goto(served + "/upload")
    officer.set_input_files("#file", file)
    officer.click("text=Gửi và kiểm tra")
    officer.wait_for_selector(".balance")
    receipt = officer.url.removeprefix(served)
    officer.click("text=Sửa phần bị cách ly")
    entry = officer.get_attribute("#records tbody th a", "href")
    officer.set_viewport_size({"width": 390, "height": 844})
    wide = []
    for path in (*PAGES, receipt, entry):
        answer = officer.goto(served + path)
        assert answer.status == 200, path
        if officer.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(path)
    assert wide == []
    assert complaints == []


def test_everything_that_can_be_done_can_be_done_by_keyboard(officer, served):
    for path in PAGES:
        officer.goto(served + path)
        officer.keyboard.press("Tab")
        assert officer.evaluate("document.activeElement.className") == "skip", path
        unreachable = officer.evaluate(
            """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
                .filter(e => e.tabIndex < 0 && e.offsetParent !== null).map(e => e.outerHTML)"""
        )
        assert unreachable == [], path
        nameless = officer.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
                .filter(e => !e.labels.length && e.offsetParent !== null).map(e => e.outerHTML)"""
        )
        assert nameless == [], path


def test_pages_work_without_scripts(chromium, served, tmp_path):
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.goto(served + "/login")
    page.fill("#name", "officer")
    page.fill("#password", PASSWORD)
    page.click("main button:has-text('Đăng nhập')")
    page.wait_for_selector("nav.nav")
    file = tmp_path / "plain.xml"
    file.write_bytes(envelope(53, 1))
    page.goto(served + "/upload")
    page.set_input_files("#file", file)
    page.click("text=Gửi và kiểm tra")
    page.wait_for_url(re.compile(r"/submissions/TN-"))
    assert "TN-" in page.inner_text("h1")
    context.close()
