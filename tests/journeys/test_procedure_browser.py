"""The catalogue editor in a real browser, on a telephone, with scripts and without."""

from __future__ import annotations

from datetime import date

import pytest

from lienthong.access import accounts, operator
from lienthong.procedures import catalogue
from lienthong.procedures.described import described
from lienthong.procedures.importing import publish_described, publish_new
from lienthong.procedures.known import known
from tests.journeys.conftest import PASSWORD
from tests.journeys.test_browser import CHROMIUM, chromium

__all__ = ["chromium"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

CODE = "1.003844"


@pytest.fixture(scope="module")
def filled(db, people):
    with db.connect() as conn:
        publish_new(conn, "import", known(), "known.csv", date(2025, 7, 3))
        publish_described(conn, "import", described())
        accounts.create(
            conn, operator(), "editor", name="Person editor", roles=["office"], password=PASSWORD,
            facility="G18", province=None,
        )  # fmt: skip
        conn.commit()


def signed_in(browser, served, *, scripts):
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, locale="vi-VN", java_script_enabled=scripts
    )
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.goto(served + "/login")
    page.fill("#name", "editor")
    page.fill("input[type=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav.nav")
    return page


def fits(page) -> bool:
    return page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_a_version_is_written_on_a_telephone_with_and_without_scripts(db, chromium, served, filled):
    page = signed_in(chromium, served, scripts=False)
    page.goto(f"{served}/procedures/{CODE}")
    page.click(f"form[action='/procedures/{CODE}/start'] button")
    if not page.is_visible("#steps"):
        page.click("details:has(#steps) > summary")
    page.click("button[name='do:add:steps']")
    page.fill("[name='steps.0.name_vi']", "Tiếp nhận hồ sơ")
    page.fill("[name='steps.0.value']", "0,5")
    page.select_option("[name='steps.0.unit']", "working_days")
    page.locator("button[name='do:save']").last.click()
    page.wait_for_selector(".note.good")
    page.context.close()
    with db.connect() as conn:
        draft = catalogue.draft_of(conn, CODE)
    assert [(step.name["vi"], step.limit.value) for step in draft.procedure.steps] == [
        ("Tiếp nhận hồ sơ", 0.5)
    ]

    page = signed_in(chromium, served, scripts=True)
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    for address in (
        "/procedures", f"/procedures/{CODE}", f"/procedures/{CODE}/draft", f"/procedures/{CODE}/compare?after=3",
        "/procedures/drafts", "/procedures/portal", "/procedures/new", "/procedures/described/controlled-medicines",
    ):  # fmt: skip
        page.goto(served + address)
        assert fits(page), address
    page.goto(f"{served}/procedures/{CODE}/compare?after=3")
    assert "0,5 ngày làm việc" in page.inner_text("main")
    page.goto(f"{served}/procedures/{CODE}")
    page.fill("#received", "2026-11-03T09:30")
    page.select_option("#clock", "urgent")
    page.click("form[method=get] button")
    page.wait_for_selector("[role=status]")
    assert "05/11/2026" in page.inner_text("[role=status]")
    assert complaints == []
    page.context.close()
