"""An inspector with a suspicion: finds who read what and who did what, of one person, about one thing, on a day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lienthong
from lienthong.web.trail import SHOWN, act_names
from tests.journeys.hospital import envelope
from tests.journeys.test_officer import NO_REASON

ACT = re.compile(r'(?:audit\.write|audit\.bulk)\([^"]*?"([a-z_]+\.[a-z_.]+)"', re.DOTALL)


@pytest.fixture(scope="module")
def receipt(send) -> str:
    return send(envelope(71, 1, {0: NO_REASON[1]}), "seen.xml", "care", "01999").receipt


def test_acts_about_one_receipt_in_words(signed_in, receipt):
    page = signed_in("inspector").get(f"/access-log?show=acts&key={receipt}").text
    assert "Nhận lượt gửi" in page
    assert f'href="/submissions/{receipt}"' in page
    assert "submission.received" not in page, "people read words, not codes"


def test_readings_of_one_person_on_one_day(signed_in, receipt):
    client = signed_in("officer")
    entry = re.search(r"/quarantine/\d+", client.get(f"/quarantine?receipt={receipt}").text)[0]
    client.get(entry)
    inspector = signed_in("inspector")
    here = inspector.get("/access-log?who=officer").text
    assert "Person officer" in here
    assert "/access-log?show=readings&amp;who=officer" in here
    then = inspector.get("/access-log?who=officer&first=2001-01-01&last=2001-01-02").text
    assert "Không có dòng nào như vậy" in then
    assert 'value="2001-01-01"' in then


def test_a_long_trail_is_turned_page_by_page(signed_in, db):
    with db.connect() as conn:
        for number in range(SHOWN + 5):
            conn.execute(
                "SELECT app.audit_write(now(), 'turner', 'account.signed_in', %s)",
                [f'{{"count": {number}}}'],
            )
    inspector = signed_in("inspector")
    first = inspector.get("/access-log?show=acts&who=turner").text
    assert first.count("Đăng nhập</td>") == SHOWN
    older = re.search(r'href="([^"]*start=60[^"]*)"', first)[1].replace("&amp;", "&")
    second = inspector.get(older).text
    assert second.count("Đăng nhập</td>") == 5
    assert "Mới hơn" in second


@pytest.mark.parametrize(
    "asked", ["first=yesterday", "first=2026-13-40", "start=-1", "start=99999999999", "show=x"]
)
def test_what_cannot_be_asked_is_no_fault_of_ours(signed_in, asked):
    assert signed_in("inspector").get(f"/access-log?{asked}").status_code in (200, 400, 422)


def test_every_act_that_the_program_writes_has_words():
    source = Path(lienthong.__file__).parent
    written = {
        act
        for file in source.rglob("*.py")
        for act in ACT.findall(file.read_text(encoding="utf-8"))
    }
    assert len(written) > 40
    assert written - set(act_names()) == set()


def test_the_words_are_there_in_three_languages():
    for act, label in act_names().items():
        assert all(label.get(language) for language in ("vi", "en", "fr")), act
