"""Reports as their readers use them: the Office sends a quarter, a minister asks why, a province disputes its rank."""

from __future__ import annotations

import io
import re
from fractions import Fraction

import pypdf
import pytest
from python_calamine import CalamineWorkbook

from lienthong.access import accounts, operator, tokens
from lienthong.reports import figures, forms, period, standing
from tests.reports import world

QUARTER = "2026-Q4"
PASSWORD = "a sentence nobody guesses"


@pytest.fixture(scope="module")
def people(db):
    """An account of the Office, of a province, of an agency's head, of the ministry."""
    given = {
        "office": ("office", None, None),
        "province": ("province_officer", None, "66"),
        "head": ("decider", "H15.50", "66"),
        "ministry": ("ministry_officer", None, None),
        "admin": ("administrator", None, None),
    }
    with db.connect() as conn:
        for name, (role, facility, province) in given.items():
            accounts.create(
                conn, operator(), name, name=name, roles=[role], password=PASSWORD, facility=facility, province=province
            )  # fmt: skip
        world.publish(conn)
        world.fill(conn, 250, seed=7, begins="2026-08-15", days=90)
        standing.follow(conn)
        conn.commit()
    return dict.fromkeys(given, PASSWORD)


@pytest.fixture(scope="module")
def keys(db, people):
    """A token for the program of each of them."""
    with db.connect() as conn:
        made = {
            name: tokens.create(
                conn, operator(), facility=facility, province=province, name=name, roles=(role,)
            )
            for name, role, facility, province in (
                ("office", "office", "BYT", None),
                ("province", "province_officer", "SYT", "66"),
                ("head", "decider", "H15.50", "66"),
                ("sender", "sender", "01999", "01"),
            )
        }
        conn.commit()
    return made


@pytest.fixture
def api(site, keys):
    """Ask the API as a program of somebody: (who, address, parameters) to the answer."""

    def ask(who, address, **params):
        key = {"authorization": f"Bearer {keys[who]}"}
        params.setdefault("period", QUARTER)
        return site.get(f"/api/v1/reports/{address}", params=params, headers=key)

    return ask


def table(page):
    return page[page.index("<table") : page.index("</table>")]


def behind(api, who, **params):
    answer = api(who, "dossiers", limit=1000, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["dossiers"]


def test_the_office_makes_the_quarters_form_and_every_number_opens(signed_in, api):
    client = signed_in("office")
    page = client.get("/reports/forms/II.06a", params={"period": QUARTER}).text
    total = api("office", "forms/II.06a").json()["total"]
    assert total["received"] == total["resolved"] + total["in_process"] > 0
    for cell in ("late", "overdue", "carried_over", "received"):
        link = re.search(rf'/reports/dossiers\?(cell={cell}&amp;period={QUARTER})"', page)
        assert link, cell
        assert len(behind(api, "office", cell=cell)) == total[cell]
    listed = client.get("/reports/dossiers", params={"cell": "late", "period": QUARTER}).text
    assert listed.count('<a class="nowrap" href="/dossiers/') == min(50, total["late"])


def test_a_file_opened_again_holds_the_numbers_of_the_page(signed_in, api):
    client = signed_in("office")
    total = api("office", "forms/II.06a").json()["total"]
    data = client.get("/reports/II.06a/file/xlsx", params={"period": QUARTER}).content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    text = [str(cell) for row in rows for cell in row]
    assert "Biểu số II.06a/VPCP/KSTT" in text
    assert "(Từ ngày 01/10/2026 đến ngày 31/12/2026)" in text
    last = next(row for row in rows if "Tổng cộng" in row)
    assert [int(cell) for cell in last[2:13]] == [total[name] for name in forms.COLUMNS]
    answer = client.get("/reports/II.06b/file/pdf", params={"period": QUARTER})
    assert answer.headers["content-type"] == "application/pdf"
    said = "".join(
        page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages
    )
    assert "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH" in said
    assert "Thiết bị y tế" in said
    assert "TTHC cấp trung ương" in said, "sectors stand under the level of their procedures"
    for what in ("II.07b", "766"):
        assert client.get(f"/reports/{what}/file/pdf").content.startswith(b"%PDF")
    assert client.get("/reports/II.06a/file/docx").status_code == 404
    assert client.get("/reports/II.99/file/pdf").status_code == 404


def test_what_was_sent_stays_as_it_was_sent(signed_in, db):
    client = signed_in("office")
    page = client.get("/reports/forms/II.06a", params={"period": QUARTER}).text
    csrf = re.search(r'name="_csrf_token" value="([^"]+)"', page)[1]
    sent = client.post(
        "/reports/send", data={"_csrf_token": csrf, "what": "II.06a", "period": QUARTER}, follow_redirects=False
    )  # fmt: skip
    assert sent.status_code == 303
    address = sent.headers["location"]
    before = table(client.get(address).text)
    again = client.get("/reports/forms/II.06a", params={"period": QUARTER}).text
    assert "số liệu không đổi" in again
    with db.connect() as conn:
        world.fill(conn, 5, seed=99, begins="2026-10-05", days=2)
        conn.commit()
    now = client.get("/reports/forms/II.06a", params={"period": QUARTER}).text
    assert "số liệu khác" in now
    after = client.get(address).text
    assert table(after) == before
    assert "Đếm lại bây giờ, số liệu khác" in after
    assert client.get(f"{address}/xlsx").status_code == 200
    with db.connect() as conn, pytest.raises(Exception, match="permission denied"):
        conn.execute("UPDATE reports.sent SET content = '{}'")


def test_a_minister_asks_why_the_number_is_so(signed_in, api):
    client = signed_in("ministry")
    page = client.get("/reports/index766", params={"period": QUARTER}).text
    for words in ("2.1", "Ngưỡng đang áp dụng", "chưa đo được", "Cách hiểu", "So sánh các tỉnh"):
        assert words in page
    tried = client.get(
        "/reports/index766", params={"period": QUARTER, "read.base": "received"}
    ).text
    assert "cách này không có hiệu lực" in tried
    assert client.get("/reports/index766", params={"read.base": "nonsense"}).status_code == 404
    assert "Vì sao hai số liệu đúng lại khác nhau" in client.get("/reports/bridge").text
    made = api("office", "index766").json()
    one = next(line for line in made["indicators"] if line["code"] == "2.1")
    yes, no = (behind(api, "office", cell=f"on_time.{side}") for side in ("yes", "no"))
    assert (len(yes), len(yes) + len(no)) == (one["numerator"], one["denominator"])
    assert Fraction(one["exact"]) == 20 * Fraction(len(yes), len(yes) + len(no))
    bridge = api("office", "bridge").json()
    assert sum(bridge["groups"].values()) == bridge["law"]["received"]
    assert bridge["portal"]["portal_overdue"] == len(no)
    for cell, count in {**bridge["groups"], **bridge["on_portal"]}.items():
        assert len(behind(api, "office", cell=cell)) == count


def test_a_province_disputes_its_rank_and_sees_its_own_dossiers_only(signed_in, api):
    compared = api("province", "index766/provinces").json()
    own = next(line for line in compared["provinces"] if line["province"] == "66")
    found = behind(api, "province", cell="on_time.no", province="66")
    assert {line["province"] for line in found} == {"66"}
    assert {line["province"] for line in behind(api, "province", cell="received")} == {"66"}
    client = signed_in("province")
    page = client.get("/reports/index766", params={"period": QUARTER, "province": "66"}).text
    assert f"Xếp hạng {own['rank']} trong" in page
    assert "cell=on_time.no" in page
    nation = client.get("/reports/index766", params={"period": QUARTER}).text
    opened = re.findall(r'href="/reports/dossiers\?([^"]+)"', nation)
    assert opened, "the line of its own province opens"
    assert all("province=66" in one for one in opened), (
        "a number that is only partly theirs opens to nobody"
    )
    asked = {"cell": "on_time.no", "period": QUARTER, "province": "08"}
    assert client.get("/reports/dossiers", params=asked).status_code == 403


def test_the_head_of_an_agency_sees_its_own(signed_in, api):
    found = behind(api, "head", cell="received", unit="H15.50")
    assert {line["unit"] for line in found} == {"H15.50"}
    client = signed_in("head")
    asked = {"cell": "received", "period": QUARTER, "unit": "H15.51"}
    assert client.get("/reports/dossiers", params=asked).status_code == 403


def test_nobody_without_the_action_reads_reports(signed_in, api):
    assert signed_in("admin").get("/reports").status_code == 403
    assert api("sender", "forms/II.06a").status_code == 403


def test_the_landing_says_what_is_owed_and_how_the_year_went(signed_in):
    page = signed_in("office").get("/reports").text
    for words in ("Báo cáo phải gửi", "Mười hai tháng", "Bộ chỉ số 766", "<svg"):
        assert words in page


def test_a_period_that_is_none_is_explained(api):
    answer = api("office", "forms/II.06a", period="2026-13")
    assert answer.status_code == 422
    assert "2026-Q4" in answer.json()["detail"]


def test_programs_get_forms_and_files(api):
    lines = api("office", "forms/II.07b").json()["procedures"]
    assert len(lines) == 35
    assert lines[0]["columns"][4] is None, "unknown is not zero"
    assert api("office", "766/file/xlsx").content.startswith(b"PK")
    made = api("office", "forms/II.06b", province="66").json()
    assert made["basis"]["province"] == "66"
    for line in made["lines"]:
        asked = {"field": line["line"], "level": line["level"], "province": "66"}
        assert len(behind(api, "office", cell="received", **asked)) == line["received"]


def test_kept_figures_are_the_same_when_computed_again(db, people, chosen):
    from lienthong.records.intake import terms

    codes = terms.codes(chosen.home)
    with db.connect() as conn:
        standing.follow(conn)
        for text in ("2026-10", "2026-Q3"):
            when = period.parse(text)
            assert figures.keep(conn, figures.computed(conn, when, codes)) > 50
            done = figures.verify(conn, when, codes)
            assert done.figures > 50
            assert done.differing == ()
        world.fill(conn, 8, seed=123, begins="2026-10-03", days=3)
        standing.follow(conn)
        assert figures.verify(conn, when, codes).differing == (), "counted up to their own event"
        conn.execute(
            "UPDATE reports.figure SET numerator = numerator + 1 WHERE what = 'II.06.late'"
        )
        assert {one.what for one, _ in figures.verify(conn, when, codes).differing} == {
            "II.06.late"
        }
        conn.rollback()


def test_figures_of_closed_periods_are_kept_once_and_shown_beside_the_index(
    db, people, chosen, signed_in
):
    from datetime import date

    from lienthong.records.intake import terms
    from lienthong.reports import keeping

    with db.connect() as conn:
        codes = terms.codes(chosen.home)
        assert keeping.keep_up(conn) >= 0
        assert keeping.keep_closed(conn, date(2026, 11, 22), codes) > 0
        assert keeping.keep_closed(conn, date(2026, 11, 22), codes) == 0
        conn.commit()
    page = signed_in("ministry").get("/reports/index766", params={"period": "2026-Q3"}).text
    assert "đếm lại bây giờ vẫn như vậy" in page
