"""Every number of every report page is followed to its dossiers: the list is as long as the number says."""

from __future__ import annotations

import html
import re

import pytest

from lienthong.access import accounts, operator
from lienthong.reports import standing
from tests.reports import world

PASSWORD = "a sentence nobody guesses"
LINK = re.compile(r'<a href="(/reports/dossiers\?[^"]+)">([^<]+)</a>')
BARE = re.compile(r'<td class="num[^"]*"[^>]*>(?:<b>)?([\d.]+)(?:</b>)?</td>')
NEXT = re.compile(r'href="(/reports/dossiers\?[^"]+)">[^<]*›')
QUARTER = "period=2026-Q4"
PAGES = {
    "landing": "/reports",
    "by agency": f"/reports/forms/II.06a?{QUARTER}",
    "by agency, of a province": f"/reports/forms/II.06a?{QUARTER}&province=66",
    "by sector": f"/reports/forms/II.06b?{QUARTER}",
    "by sector, of an agency": f"/reports/forms/II.06b?{QUARTER}&unit=H15.50",
    "of any days": "/reports/forms/II.06a?days=2026-09-15..2026-10-14",
    "bridge": f"/reports/bridge?{QUARTER}",
    "index": f"/reports/index766?{QUARTER}",
    "index of a province": f"/reports/index766?{QUARTER}&province=66",
    "index, silence apart": f"/reports/index766?{QUARTER}&read.missing_flag=apart",
    "index, silence is no": f"/reports/index766?{QUARTER}&read.missing_flag=as_no&read.base=received",
    "index, plain": f"/reports/index766?{QUARTER}&read.online_share=plain&read.without_limit=overdue",
}
WHOLLY_OPEN = ("by agency", "by sector", "bridge", "of any days")
"""Pages whose every number is a number of dossiers."""


@pytest.fixture(scope="module")
def people(db):
    with db.connect() as conn:
        accounts.create(conn, operator(), "office", name="office", roles=["office"], password=PASSWORD)  # fmt: skip
        world.publish(conn)
        world.fill(conn, 160, seed=11, begins="2026-08-25", days=80)
        standing.follow(conn)
        _on_portal(conn)
        conn.commit()
    return {"office": PASSWORD}


def _on_portal(conn):
    """Half of the dossiers are on the Portal, some without their last event."""
    conn.execute(
        "INSERT INTO portal.dossier (code, created, sent_event)"
        " SELECT code, true, last_event - (right(code, 1)::int % 2)"
        " FROM dossiers.dossier WHERE right(code, 1)::int < 6"
    )


def listed(client, address):
    """How many dossiers the list has, all its pages together."""
    count = 0
    while address:
        answer = client.get(html.unescape(address))
        assert answer.status_code == 200, address
        count += answer.text.count('<a class="nowrap" href="/dossiers/')
        after = NEXT.search(answer.text)
        address = after[1] if after else ""
    return count


def number(text):
    return int(text.replace(".", ""))


@pytest.mark.parametrize("page", PAGES)
def test_every_number_opens_to_as_many_dossiers(signed_in, page):
    client = signed_in("office")
    shown = client.get(PAGES[page])
    assert shown.status_code == 200
    links = dict(LINK.findall(shown.text))
    assert len(links) > 5
    wrong = {
        address: (said, found)
        for address, said in links.items()
        if (found := listed(client, address)) != number(said)
    }
    assert not wrong
    if page in WHOLLY_OPEN:
        bare = [one for one in BARE.findall(shown.text) if number(one)]
        assert not bare, "numbers that open to nothing"


def test_the_number_of_what_waits_at_reception_opens(signed_in):
    page = signed_in("office").get("/reports").text
    said = next(text for address, text in LINK.findall(page) if "cell=unreceived" in address)
    assert number(said) > 3


def test_a_report_that_was_sent_opens_to_the_dossiers_of_its_day(signed_in, db):
    client = signed_in("office")
    shown = client.get(f"/reports/forms/II.06b?{QUARTER}").text
    csrf = re.search(r'name="_csrf_token" value="([^"]+)"', shown)[1]
    sent = client.post(
        "/reports/send", data={"_csrf_token": csrf, "what": "II.06b", "period": "2026-Q4"}
    )
    with db.connect() as conn:
        world.fill(conn, 9, seed=99, begins="2026-10-05", days=2)
        conn.commit()
    links = dict(LINK.findall(client.get(sent.url.path).text))
    assert len(links) > 20
    assert {a: n for a, n in links.items() if listed(client, a) != number(n)} == {}
