"""The whole journey in a real browser: a citizen on the stand-in Portal, officials on our pages, a line that breaks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from lienthong.partners.portal import ratings
from lienthong.partners.stand_ins.portal.pushing import Site
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.journeys.portal_country import (
    OFFICIALS,
    PASSWORD,
    PDF,
    PROCEDURE,
    RESULT_PDF,
    SECRET,
    UNIT,
    settle,
)
from tests.journeys.serving import served_at
from tests.partners.both_sides import broken
from tests.ports import free_port

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
TRIES = 2400
"""Looks, a quarter of a second apart, after which something is given up: a bound, for a machine that is busy."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def both(db, folder) -> Iterator[tuple[str, StandIn]]:
    """Our site and its worker as processes, the stand-in beside them, each with the other's address."""
    token = settle(db, folder)
    port = free_port()
    ours = f"http://127.0.0.1:{port}"
    with StandIn(deliver=Site(ours, token), by_itself=True) as standin:
        environment = {
            "LIENTHONG_HOME": str(folder), "LIENTHONG_DATABASE_URL": db.url, "LIENTHONG_PUBLIC_URL": ours,
            "LIENTHONG_PORTAL_URL": standin.url, "LIENTHONG_PORTAL_ACCOUNT": "byt",
            "LIENTHONG_PORTAL_SECRET_FILE": str(folder / "secret"), "LIENTHONG_PORTAL_PAYMENT_URL": standin.url,
            "LIENTHONG_PORTAL_SECONDS": "1",
        }  # fmt: skip
        assert (folder / "secret").read_text().strip() == SECRET
        with served_at(port, environment):
            yield ours, standin


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=300_000
        )
        yield made
        made.close()


class People:
    """Each with a browser of their own; what the browsers complained of."""

    def __init__(self, browser, ours: str, standin: StandIn) -> None:
        self.browser, self.ours, self.portal = browser, ours, standin.url
        self.complaints: list[str] = []
        self.pages: dict[str, object] = {}

    def page(self, who: str, **more):
        """The page of somebody; an official signs in the first time."""
        if who not in self.pages:
            context = self.browser.new_context(locale="vi-VN", **more)
            page = context.new_page()
            page.set_default_timeout(300_000)
            page.on(
                "console",
                lambda said: self.complaints.append(said.text) if said.type == "error" else None,
            )
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            if who in OFFICIALS:
                page.goto(self.ours + "/login")
                page.fill("#name", who)
                page.fill("#password", PASSWORD)
                page.keyboard.press("Enter")
                page.wait_for_selector("nav.nav")
            self.pages[who] = page
        return self.pages[who]

    def act(self, who: str, code: str, act: str, **fields: str):
        """An official opens a dossier and does one act with its form."""
        page = self.page(who)
        page.goto(f"{self.ours}/dossiers/{code}")
        form = page.locator(f'form[action$="/acts/{act}"]').first
        if not form.is_visible():
            form.locator("xpath=..").locator("summary").click()
        for name, value in fields.items():
            field = form.locator(f'[name="{name}"]')
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(index=1)
            else:
                field.fill(value)
        form.locator("button").last.click()
        page.wait_for_selector(".note.good")

    def until(self, who: str, address: str, selector: str):
        """Look again until the other side's word has arrived."""
        page = self.page(who)
        for _ in range(TRIES):
            page.goto(address)
            if page.locator(selector).count():
                return page
            page.wait_for_timeout(250)
        raise AssertionError(f"{selector} never came to {address}:\n{page.inner_text('main')}")

    def citizen_sees(self, code: str, state: str):
        return self.until("citizen", f"{self.portal}/dossiers/{code}", f'[data-state="{state}"]')

    def narrow(self) -> list[str]:
        """Pages that scroll sideways on a telephone."""
        page = self.page("phone", viewport={"width": 390, "height": 844})
        wide = []
        for path in (
            "/",
            "/file",
            f"/file/{PROCEDURE.code}",
            "/dossiers",
            "/ask",
            "/watch",
            "/misbehave",
        ):
            page.goto(self.portal + path)
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                wide.append(path)
        return wide


def test_a_citizen_and_officials_through_a_line_that_breaks(both, browser, db, tmp_path):
    ours, standin = both
    people = People(browser, ours, standin)
    paper = tmp_path / "don.pdf"
    paper.write_bytes(PDF)
    clearer, licence = tmp_path / "mota.pdf", tmp_path / "giayphep.pdf"
    clearer.write_bytes(PDF + b"\n")
    licence.write_bytes(RESULT_PDF)

    citizen = people.page("citizen")
    citizen.goto(standin.url + "/")
    citizen.click("main a:has-text('Nộp hồ sơ')")
    citizen.fill("#q", PROCEDURE.code)
    citizen.click("text=Tìm")
    citizen.click(f"tbody a:has-text('{PROCEDURE.code}')")
    citizen.select_option("#unit", UNIT)
    citizen.set_input_files("#paper-1", paper)
    citizen.click("text=Nộp hồ sơ này")
    citizen.wait_for_selector(".note.good")
    code = citizen.inner_text("h1")
    assert re.fullmatch(r"G18\.12-\d{6}-185\d{3}", code)

    people.until("receiver", f"{ours}/dossiers?view=unit", f"a:has-text('{code}')")
    people.act(
        "receiver",
        code,
        "ask_supplement",
        components_lines="Bản mô tả có dấu",
        guidance="bản chụp bị mờ",
    )
    asked = people.citizen_sees(code, "5")
    assert "Bản mô tả có dấu" in asked.inner_text("main")

    watcher = people.page("watcher")
    watcher.goto(standin.url + "/misbehave")
    watcher.click("text=Ngắt đường truyền")
    watcher.wait_for_selector("text=Đường truyền tới Bộ đang đứt")
    asked.set_input_files("#supplement", clearer)
    asked.fill("#note", "bản rõ hơn")
    asked.click("text=Gửi bổ sung")
    assert "đang chờ" in asked.inner_text("main"), "the message waits at the Portal"
    watcher.click("text=Cho hoạt động lại")
    people.citizen_sees(code, "2")

    people.act("processor", code, "start")
    people.act("processor", code, "ask_payment", fees_lines="PLP01")
    pays = people.until("citizen", f"{standin.url}/dossiers/{code}", "a:has-text('Thanh toán')")
    pays.click("a:has-text('Thanh toán')")
    pays.click("text=Trả bằng tiền bịa")
    people.citizen_sees(code, "4")

    official = people.page("processor")
    official.goto(f"{ours}/dossiers/{code}")
    official.locator("summary:has-text('Đính')").click()
    official.set_input_files("#file", licence)
    official.select_option("#kind", "result")
    official.locator('form[action$="/attachments"] button').click()
    official.wait_for_selector(".note.good")

    watcher.click("text=Ngắt đường truyền")
    watcher.wait_for_selector("text=Đường truyền tới Bộ đang đứt")
    people.act(
        "decider", code, "settle", result="Giấy phép nhập khẩu", number="12/GP", attachment="1"
    )
    people.act("receiver", code, "hand_over")
    watcher.goto(standin.url + "/watch")
    watcher.click("text=Cho hoạt động lại")
    people.until("citizen", f"{standin.url}/dossiers/{code}", '[data-step="10"]')
    got = people.until("citizen", f"{standin.url}/dossiers/{code}", "a:has-text('Tải kết quả')")
    with got.expect_download() as download:
        got.click("text=Tải kết quả")
    assert download.value.path().read_bytes() == RESULT_PDF

    got.goto(f"{standin.url}/dossiers/{code}")
    got.check("#overall-2")
    got.click("button:has-text('Gửi')")
    got.wait_for_selector("text=Đánh giá của bạn")
    people.until("office", f"{ours}/portal", "main")
    with db.connect("owner", autocommit=True) as conn:
        for _ in range(TRIES):
            if ratings.of(conn, code):
                break
            got.wait_for_timeout(250)
        assert ratings.of(conn, code)["overall"] == 2
        assert broken(conn, standin.memory, [code], [code], {}) == {}, (
            "both agree, each step exists once"
        )

    page = people.page("office")
    page.goto(f"{ours}/portal/dossiers/{code}")
    assert code in page.inner_text("main")
    assert people.narrow() == []
    assert [said for said in people.complaints if "404" not in said] == []


def test_the_stand_in_can_be_used_without_scripts_and_by_keyboard(both, browser):
    _, standin = both
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{standin.url}/file/{PROCEDURE.code}")
    page.select_option("#unit", UNIT)
    page.click("text=Nộp hồ sơ này")
    assert "G18.12-" in page.inner_text("h1")
    context.close()
    page = browser.new_context().new_page()
    page.set_default_timeout(300_000)
    for path in ("/", "/file", f"/file/{PROCEDURE.code}", "/watch", "/misbehave", "/ask"):
        page.goto(standin.url + path)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
                .filter(e => !e.labels.length && e.offsetParent !== null).map(e => e.outerHTML)"""
        )
        assert nameless == [], path
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", path
