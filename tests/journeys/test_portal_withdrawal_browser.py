"""A citizen withdraws on the stand-in Portal's page: both sides say so afterwards, and nobody works on it any more."""

from __future__ import annotations

import pytest

from tests.journeys import test_portal_browser
from tests.journeys.portal_country import PDF, PROCEDURE, UNIT
from tests.journeys.test_portal_browser import CHROMIUM, People
from tests.partners.both_sides import broken

both, browser = test_portal_browser.both, test_portal_browser.browser
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


def test_a_citizen_withdraws_and_both_sides_agree(both, browser, db, tmp_path):
    ours, standin = both
    people = People(browser, ours, standin)
    paper = tmp_path / "don.pdf"
    paper.write_bytes(PDF)
    citizen = people.page("citizen")
    citizen.goto(f"{standin.url}/file/{PROCEDURE.code}")
    citizen.select_option("#unit", UNIT)
    citizen.set_input_files("#paper-1", paper)
    citizen.click("text=Nộp hồ sơ này")
    citizen.wait_for_selector(".note.good")
    code = citizen.inner_text("h1")
    people.until("receiver", f"{ours}/dossiers?view=unit", f"a:has-text('{code}')")
    people.act("receiver", code, "receive")
    people.act("processor", code, "start")
    citizen = people.citizen_sees(code, "4")
    citizen.fill("#reason", "Tôi nộp nhầm thủ tục")
    citizen.click("text=Rút hồ sơ này")
    citizen.wait_for_selector(".note.good")
    citizen = people.citizen_sees(code, "7")
    assert citizen.locator("form[action$='/withdrawal']").count() == 0
    official = people.page("processor")
    official.goto(f"{ours}/dossiers/{code}")
    told = official.inner_text("main")
    assert "Công dân yêu cầu rút hồ sơ" in told and "Tôi nộp nhầm thủ tục" in told
    assert official.locator("form[action*='/acts/']").count() == 0
    office = people.page("office")
    office.goto(f"{ours}/portal/dossiers/{code}")
    assert office.locator("tr", has_text="Rút hồ sơ").locator("text=đã chấp nhận").count() == 1
    with db.connect("owner", autocommit=True) as conn:
        assert broken(conn, standin.memory, [code], [code], {}) == {}
    assert [said for said in people.complaints if "404" not in said] == []
