"""What people do to pages that nobody planned for: two clicks, two tabs, the way back, an ended session, no scripts."""

from __future__ import annotations

import pytest

from lienthong.dossiers.dossier import events
from tests.dossiers.world import PROCEDURE, filed
from tests.journeys import test_dossier_browser
from tests.journeys.conftest import PASSWORD
from tests.journeys.test_dossier_browser import CHROMIUM, do, fits

people, chromium, sit_down = (
    test_dossier_browser.people,
    test_dossier_browser.chromium,
    test_dossier_browser.sit_down,
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def code(db, people):
    with db.connect() as conn:
        return filed(conn)


def happened(db, code) -> list[str]:
    with db.connect() as conn:
        return [one.act for one in events(conn, code)]


def opened(page, act):
    form = page.locator(f'form[action$="/acts/{act}"]').first
    if not form.is_visible():
        page.locator(f'details:has(form[action$="/acts/{act}"]) > summary').first.click()
    return form


def test_two_clicks_are_one_act(sit_down, served, db, code):
    clerk = sit_down("hoa")
    clerk.goto(f"{served}/dossiers/{code}")
    opened(clerk, "receive").locator("button").dblclick()
    clerk.wait_for_selector('.note.good[role="status"]')
    assert happened(db, code) == ["filed", "receive"]


def test_the_second_tab_is_told_what_happened_in_the_first(chromium, served, db, people, code):
    context = chromium.new_context(locale="vi-VN")
    first = signed_in(context, served, "hoa")
    second = context.new_page()
    for page in (first, second):
        page.goto(f"{served}/dossiers/{code}")
    do(first, "receive")
    form = opened(second, "refuse_reception")
    form.locator("[name=reason]").fill("Thiếu đơn đề nghị")
    form.locator("button").click()
    second.wait_for_selector('[role="alert"]')
    told = second.inner_text('[role="alert"]')
    assert "Được tiếp nhận" in told and "Từ chối tiếp nhận" in told
    assert "refuse_reception" not in told
    assert happened(db, code) == ["filed", "receive"]
    context.close()


def test_the_way_back_does_nothing_twice(chromium, served, db, people, code):
    context = chromium.new_context(locale="vi-VN")
    page = signed_in(context, served, "hoa")
    page.goto(f"{served}/dossiers/{code}")
    do(page, "receive")
    page.go_back()
    again = page.locator('form[action$="/acts/receive"]')
    if again.count():
        opened(page, "receive").locator("button").click()
        page.wait_for_selector('[role="alert"]')
    page.reload()
    assert happened(db, code) == ["filed", "receive"]
    context.close()


def test_a_session_that_ended_loses_no_act_in_silence(chromium, served, db, people, code):
    context = chromium.new_context(locale="vi-VN")
    page = signed_in(context, served, "hoa")
    page.goto(f"{served}/dossiers/{code}")
    form = opened(page, "refuse_reception")
    form.locator("[name=reason]").fill("Không thuộc thẩm quyền")
    with db.connect("owner", autocommit=True) as conn:
        conn.execute("DELETE FROM app.session WHERE account = 'hoa'")
    form.locator("button").click()
    page.wait_for_load_state()
    assert happened(db, code) == ["filed"]
    assert page.locator("#password").count() or page.locator('[role="alert"]').count(), (
        "they are told to sign in, not shown a page as if it were done"
    )
    context.close()


def test_without_scripts_on_a_telephone_from_filing_to_the_result(chromium, served, db, people):
    contexts = {}

    def page_of(who):
        contexts[who] = chromium.new_context(
            locale="vi-VN", java_script_enabled=False, viewport={"width": 390, "height": 844}
        )
        return signed_in(contexts[who], served, who)

    clerk, officer, head = map(page_of, ("hoa", "minh", "lan"))
    clerk.goto(f"{served}/dossiers/new?procedure={PROCEDURE.code}")
    clerk.select_option("[name='applicant.kind']", "person")
    clerk.fill("[name='applicant.name']", "Nguyễn Văn Mẫu")
    clerk.select_option("[name='applicant.number_kind']", "cccd")
    clerk.fill("[name='applicant.number']", "001190000001")
    clerk.get_by_role("button", name="Nộp hồ sơ này").click()
    clerk.wait_for_selector('.note.good[role="status"]')
    code = clerk.locator("h1").inner_text()
    steps = [
        (clerk, "receive", {}), (officer, "start", {}), (head, "settle", {"result": "Giấy phép"}),
        (clerk, "hand_over", {}),
        (head, "correct", {"reason": "Sai tên"}), (head, "settle", {"result": "Giấy phép đúng"}),
        (clerk, "hand_over", {}),
    ]  # fmt: skip
    for page, act, said in steps:
        page.goto(f"{served}/dossiers/{code}")
        form = opened(page, act)
        for name, value in said.items():
            form.locator(f"[name={name}]").fill(value)
        form.locator("button").click()
        page.wait_for_selector('.note.good[role="status"]')
    assert happened(db, code) == ["filed", *(act for _, act, _ in steps)]
    for context in contexts.values():
        context.close()


def test_pages_fit_a_telephone_in_every_language(sit_down, served, code):
    head = sit_down("lan", width=390)
    for language in ("en", "fr", "vi"):
        head.context.add_cookies([{"name": "language", "value": language, "url": served}])
        for path in (
            f"/dossiers/{code}",
            f"/dossiers/{code}/papers",
            "/dossiers",
            "/dossiers/substitutes",
        ):
            answer = head.goto(f"{served}{path}")
            assert answer.status < 400, path
            assert head.get_attribute("html", "lang") == language
            assert fits(head), (language, path)


def signed_in(context, served, name):
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{served}/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.locator("form:has([name=password]) button").click()
    page.wait_for_url(lambda url: "/login" not in url)
    return page
