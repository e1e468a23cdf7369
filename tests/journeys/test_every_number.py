"""Every number of every report page is followed to its dossiers: the list is as long as the number says."""

from __future__ import annotations

import html
import re
from datetime import date

import pytest

from lienthong.access import accounts, operator
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Procedure
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
        accounts.create(
            conn, operator(), "province", name="province", roles=["province_officer"], password=PASSWORD, province="66"
        )  # fmt: skip
        world.publish(conn)
        world.fill(conn, 160, seed=11, begins="2026-08-25", days=80)
        standing.follow(conn)
        _on_portal(conn)
        conn.commit()
    return {"office": PASSWORD, "province": PASSWORD}


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


PROCEDURES = re.compile(r'<a href="(/reports/procedures\?[^"]+)">([^<]+)</a>')
PROCEDURE = '<th scope="row"><a class="nowrap" href="/procedures/'


def procedures(client, address):
    """How many procedures a list has."""
    answer = client.get(html.unescape(address))
    assert answer.status_code == 200, address
    return answer.text.count(PROCEDURE)


@pytest.mark.parametrize(
    "page", ["/reports/forms/II.07b", "/reports/forms/II.07b?province=66", PAGES["index"]]
)
def test_every_number_of_procedures_opens_to_as_many(signed_in, page):
    client = signed_in("office")
    shown = client.get(page).text
    links = dict(PROCEDURES.findall(shown))
    assert len(links) >= 3
    assert {a: n for a, n in links.items() if procedures(client, a) != number(n)} == {}
    if "II.07b" in page:
        assert not [one for one in BARE.findall(shown) if number(one)]


def test_the_ministry_and_the_provinces_have_lists_of_their_own(signed_in):
    client = signed_in("office")

    def listed_as(cell):
        page = client.get(f"/reports/procedures?cell={cell}").text
        return set(re.findall(r'<a class="nowrap" href="/procedures/([^"]+)"', page))

    assert listed_as("ministry") == {"1.003844"}
    assert listed_as("province") == {"1.012289", "1.000662"}
    assert listed_as("commune") == {"1.000091"}
    assert listed_as("total") == listed_as("province") | listed_as("commune")
    assert client.get("/reports/procedures?cell=nothing").status_code == 404


def freeze(client, what, **whose):
    shown = client.get(f"/reports/forms/II.06b?{QUARTER}").text
    csrf = re.search(r'name="_csrf_token" value="([^"]+)"', shown)[1]
    given = {"_csrf_token": csrf, "what": what, "period": "2026-Q4", **whose}
    return client.post("/reports/send", data=given).url.path


SENT = (
    ("II.06a", ""),
    ("II.06b", ""),
    ("II.06b", "66"),
    ("766", ""),
    ("766", "66"),
    ("II.07b", ""),
    ("II.07b", "66"),
)


def test_a_report_that_was_sent_opens_to_what_was_counted_then(signed_in, db):
    """Whatever comes afterwards: dossiers, late moves, papers and marks, the Portal, ratings, other procedures."""
    client = signed_in("office")
    with db.connect() as conn:
        conn.execute(
            "INSERT INTO portal.rating (dossier, overall, criteria, rated_at, received_at) SELECT code, 0, '{}', now(),"
            " now() FROM dossiers.dossier WHERE right(code, 1) = '3'"
        )
        conn.commit()
    pages = {(what, who): freeze(client, what, province=who) for what, who in SENT}
    before = {}
    for key, page in pages.items():
        shown = client.get(page).text
        assert "Đếm lại bây giờ, số liệu không đổi" in shown, key
        before[key] = dict(LINK.findall(shown)), dict(PROCEDURES.findall(shown))
    assert len(before["766", ""][0]) > 10
    assert len(before["766", ""][1]) > 3
    assert len(before["II.07b", ""][1]) == 4
    _everything_changes(db)
    for key, page in pages.items():
        shown = client.get(page).text
        dossiers, kinds = dict(LINK.findall(shown)), dict(PROCEDURES.findall(shown))
        assert (dossiers, kinds) == before[key], "what was sent stays"
        assert "Đếm lại bây giờ, số liệu không đổi" not in shown, key
        assert {a: n for a, n in dossiers.items() if listed(client, a) != number(n)} == {}, key
        assert {a: n for a, n in kinds.items() if procedures(client, a) != number(n)} == {}, key


def _everything_changes(db):
    with db.connect() as conn:
        world.fill(conn, 30, seed=99, begins="2026-10-05", days=20)
        conn.execute("UPDATE portal.rating SET overall = 1")
        conn.execute("UPDATE portal.dossier SET created = NOT created")
        conn.execute(
            'UPDATE dossiers.dossier SET applicant = applicant || \'{"digitised": true, "vneid": false}\''
        )
        standing.rebuild(conn)
        one = Procedure(
            code="1.000999",
            name={"vi": "Thêm"},
            field="Dược",
            levels=("ministry", "province", "commune"),
        )
        catalogue.draft(conn, "editor", one, "test")
        catalogue.publish(conn, "head", one.code, date(2026, 10, 1))
        conn.commit()


def test_a_number_that_was_sent_says_what_it_is_today(signed_in, db):
    client = signed_in("office")
    page = freeze(client, "II.06a")
    address = next(
        html.unescape(a)
        for a, _ in LINK.findall(client.get(page).text)
        if "cell=received&" in a and "unit" not in a
    )
    assert "Hôm nay cùng câu hỏi cho cùng danh sách" in client.get(address).text
    with db.connect() as conn:
        world.fill(conn, 12, seed=5, begins="2026-10-06", days=3)
        (held,) = conn.execute(
            "SELECT count(*) FROM dossiers.dossier WHERE filed_at >= '2026-10-06' AND code NOT IN"
            " (SELECT dossier FROM reports.sent_dossier WHERE report = (SELECT max(id) FROM reports.sent))"
            " AND received_at IS NOT NULL"
        ).fetchone()
        conn.commit()
    said = client.get(address).text
    assert held > 0
    assert f"0 không còn được tính, {held} mới có" in said


def test_a_report_that_was_sent_is_opened_by_each_within_its_own(signed_in, db):
    client = signed_in("office")
    page, own = freeze(client, "II.06a"), freeze(client, "II.06a", province="66")
    whole = next(
        html.unescape(a)
        for a, _ in LINK.findall(client.get(page).text)
        if "cell=received&" in html.unescape(a) and "unit" not in a
    )
    assert "G18.12" in client.get(whole).text
    client = signed_in("province")
    assert not LINK.findall(client.get(page).text), "numbers that are only partly theirs"
    seen = client.get(whole).text
    assert "H15.50" in seen
    assert "G18.12" not in seen
    links = dict(LINK.findall(client.get(own).text))
    assert len(links) > 3
    assert {a: n for a, n in links.items() if listed(client, a) != number(n)} == {}
