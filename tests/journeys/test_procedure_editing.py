"""A catalogue editor at the ministry: draft, compare, publish, end; dossiers keep the version of their day."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from psycopg.types.json import Jsonb

from lienthong import clock
from lienthong.access import accounts, operator
from lienthong.dossiers.acting import file
from lienthong.dossiers.dossier import Filing
from lienthong.procedures import catalogue
from lienthong.procedures.described import described
from lienthong.procedures.importing import publish_described, publish_new
from lienthong.procedures.known import catalogued, known
from tests.journeys.conftest import PASSWORD
from tests.journeys.test_officer import csrf

CODE = "2.000655"


@pytest.fixture(scope="module")
def filled(db):
    with db.connect() as conn:
        publish_new(conn, "import", known(), "known.csv", date(2025, 7, 3))
        publish_described(conn, "import", described())
        accounts.create(
            conn, operator(), "editor", name="Person editor", roles=["office"], password=PASSWORD,
            facility="G18", province=None,
        )  # fmt: skip
        conn.commit()


@pytest.fixture
def editor(site, filled):
    site.cookies.clear()
    answer = site.post(
        "/login", data={"name": "editor", "password": PASSWORD}, follow_redirects=False
    )
    assert answer.status_code == 303
    site.headers["x-csrftoken"] = csrf(site.get("/account").text)
    yield site
    site.cookies.clear()
    del site.headers["x-csrftoken"]


class Fields(HTMLParser):
    """The fields of the draft's form with what stands in them, as a browser would post them."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.values, self.area, self.select = False, {}, "", ""

    def handle_starttag(self, tag, attrs):
        got = dict(attrs)
        if tag == "form":
            self.inside = got.get("id") == "draft"
        if not self.inside:
            return
        if tag == "input" and (got.get("type") != "checkbox" or "checked" in got):
            self.values[got["name"]] = got.get("value", "")
        if tag == "textarea":
            self.area = got["name"]
            self.values[self.area] = ""
        if tag == "select":
            self.select = got["name"]
        if tag == "option" and ("selected" in got or self.select not in self.values):
            self.values[self.select] = got["value"]

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.values[self.area] = self.values[self.area].removeprefix("\n")
            self.area = ""

    def handle_data(self, data):
        if self.area:
            self.values[self.area] += data


def fields(page: str) -> dict[str, str]:
    parser = Fields()
    parser.feed(page)
    return parser.values


def versions(db):
    with db.connect() as conn:
        return catalogue.versions(conn, CODE)


def test_draft_compare_publish_and_a_dossier_of_the_day_before_is_old(editor, db):
    old = versions(db)[0]
    begun = editor.post(f"/procedures/{CODE}/start", data={"version": str(old.version)})
    assert begun.status_code == 200, begun.text
    typed = fields(begun.text)
    assert typed["limits.0.value"] == "3"

    # a row more for the dossier, without scripts: nothing is saved yet
    more = editor.post(f"/procedures/{CODE}/draft", data=typed | {"do:add:components": "1"})
    typed = fields(more.text)
    assert typed["components.1.name_vi"] == ""
    typed |= {
        "components.1.name_vi": "Danh sách nhân sự <b>", "components.1.originals": "1",
        "limits.0.value": "5", "dossier.sets": "1", "channels.0.channel": "any",
    }  # fmt: skip
    assert versions(db)[0].procedure == old.procedure, "adding a row saves nothing"

    wrong = editor.post(
        f"/procedures/{CODE}/draft",
        data=typed | {"dossier.sets": "nhiều", "limits.0.unit": "days", "limits.0.value": "2,5"},
    )
    assert wrong.status_code == 422
    assert "“nhiều” không phải số nguyên" in unescape(wrong.text)
    assert "nửa ngày tính theo ngày làm việc" in wrong.text
    assert fields(wrong.text)["components.1.name_vi"] == "Danh sách nhân sự <b>"
    for place in ("Số lượng hồ sơ: <a", "Thời hạn, Số 1, Số lượng: <a"):
        assert place in unescape(wrong.text), "each field is called by the reader's words"

    saved = editor.post(f"/procedures/{CODE}/draft", data=typed)
    assert "Đã lưu bản thảo" in saved.text
    draft = versions(db)[0]
    assert (draft.status, draft.procedure.sets, draft.procedure.limits[0].value) == ("draft", 1, 5)

    compared = editor.get(f"/procedures/{CODE}/compare", params={"after": draft.version}).text
    for words in (
        "Danh sách nhân sự &lt;b&gt;",
        "thành phần hồ sơ",
        "số lượng bộ hồ sơ",
        "5 ngày làm việc",
    ):
        assert words in compared
    assert "căn cứ pháp lý</th>" not in compared

    stale = editor.post(f"/procedures/{CODE}/draft", data=typed)
    assert stale.status_code == 422
    assert "Có người vừa sửa" in stale.text

    to_come = clock.today() + timedelta(days=2)  # also when this test runs over midnight
    publication = {"valid_from": to_come.isoformat(), "number": "99/QĐ-BYT", "agency": "Bộ Y tế"}
    incomplete = editor.post(f"/procedures/{CODE}/publish", data=publication)
    assert incomplete.status_code == 422
    assert "hãy xác nhận công bố khi còn thiếu" in incomplete.text
    assert 'value="99/QĐ-BYT"' in incomplete.text
    past = editor.post(
        f"/procedures/{CODE}/publish",
        data=publication | {"valid_from": "2026-01-01", "incomplete": "1"},
    )
    assert "Ngày đó đã qua" in past.text
    done = editor.post(f"/procedures/{CODE}/publish", data=publication | {"incomplete": "1"})
    assert done.status_code == 200
    assert "Đã công bố" in done.text

    with db.connect() as conn:
        today = _filed(conn, clock.now())
        later = _filed(conn, clock.now() + timedelta(days=2))
        assert today.procedure_version == old.version
        assert later.procedure_version == draft.version
        conn.rollback()
    assert "3 ngày làm việc" in editor.get(f"/procedures/{CODE}").text, (
        "until then the old one holds"
    )


def _filed(conn, moment: datetime):
    return file(
        conn, "clerk", Filing(procedure=CODE, unit="H15.01", channel="direct", filed_at=moment)
    )


def test_a_procedure_is_abolished_for_a_later_day_with_its_successor(editor, db):
    day = clock.today() + timedelta(days=30)
    given = {"from_day": day.isoformat(), "decision": "100/QĐ-BYT", "successor": "1.999998"}
    refused = editor.post("/procedures/1.003055/abolish", data=given)
    assert refused.status_code == 422
    assert "1.999998" in refused.text
    done = editor.post("/procedures/1.003055/abolish", data=given | {"successor": CODE})
    assert f'href="/procedures/{CODE}"' in done.text
    with db.connect() as conn:
        assert catalogue.in_force(conn, "1.003055", clock.today()).successor == CODE


def test_a_new_procedure_begins_with_its_code(editor):
    assert editor.post("/procedures/new", data={"code": "12", "name": "A"}).status_code == 422
    there = editor.post("/procedures/new", data={"code": CODE, "name": "A"})
    assert "đã có trong danh mục" in there.text
    page = editor.post("/procedures/new", data={"code": "1.999997", "name": "Thủ tục mẫu"})
    assert "Bản thảo của 1.999997" in page.text
    listed = editor.get("/procedures/drafts").text
    assert 'href="/procedures/1.999997/draft"' in listed
    gone = editor.post("/procedures/1.999997/withdraw")
    assert "Đã rút bản thảo" in gone.text
    assert "1.999997" not in editor.get("/procedures/drafts").text


def test_who_may_not_edit_sees_no_draft(editor, signed_in, filled):
    editor.post("/procedures/1.012279/start", data={"version": "2"})
    client = signed_in("province")
    page = client.get("/procedures/1.012279").text
    assert "Soạn bản mới" not in page
    assert "/draft" not in page
    assert client.get("/procedures/1.012279?version=3").status_code == 404
    assert client.get("/procedures/1.012279/draft").status_code == 403
    token = {"x-csrftoken": csrf(client.get("/account").text)}
    assert client.post("/procedures/1.012279/withdraw", headers=token).status_code == 403


def test_every_pattern_reads_well_and_dates_are_counted(signed_in, filled):
    client = signed_in("officer")
    for one in described():
        address = one.procedure.code or f"described/{one.slug}"
        answer = client.get(f"/procedures/{address}")
        assert answer.status_code == 200, address
        assert one.procedure.name["vi"].split("(")[0][:30] in unescape(answer.text)
    page = client.get(
        "/procedures/1.003844",
        params={"received": "2026-11-03T09:30", "channel": "online", "clock_name": "urgent"},
    ).text
    assert re.search(r"Hẹn trả: .*05/11/2026", page)
    none = client.get(
        "/procedures/described/birth-certificate", params={"received": "2026-11-03T09:30"}
    )
    assert "Chưa thể nói" in none.text


def test_what_the_portal_says_is_taken_over_into_a_draft(editor, db):
    told = {
        "MATTHC": "1.003029", "TENTTHC": "Công bố tiêu chuẩn áp dụng <b>mới</b>", "TRANGTHAI": "1",
        "CAPTHUCHIEN": [{"TENCAP": "Cấp Vùng"}], "YEUCAU": "<p>Đủ điều kiện</p>",
    }  # fmt: skip
    with db.connect() as conn:
        for kind, body in (("procedures", {"MATTHC": "1.003029"}), ("procedure", told)):
            conn.execute(
                "INSERT INTO portal.catalogue (kind, code, name, body, since, changed_at)"
                " VALUES (%s, '1.003029', 'Công bố tiêu chuẩn', %s, now(), now())",
                [kind, Jsonb(body)],
            )
        conn.commit()
        more = {
            "MATTHC": "1.003006",
            "TENTTHC": catalogued()["1.003006"].name["vi"],
            "MACOQUANCONGBO": "G18",
        }
        for kind in ("procedures", "procedure"):
            conn.execute(
                "INSERT INTO portal.catalogue (kind, code, name, body, since, changed_at)"
                " VALUES (%s, '1.003006', 'A', %s, now(), now())",
                [kind, Jsonb(more)],
            )
        conn.commit()
    added = editor.get("/procedures/portal", params={"show": "adds"}).text
    assert re.findall(r'href="/procedures/portal/([\d.]+)"', added) == ["1.003006"]
    listed = editor.get("/procedures/portal", params={"show": "differs"}).text
    assert 'href="/procedures/portal/1.003029"' in listed
    page = editor.get("/procedures/portal/1.003029").text
    assert "CAPTHUCHIEN: Cấp Vùng" in page
    assert "Đủ điều kiện" in page
    draft = editor.post("/procedures/portal/1.003029/propose")
    assert "Công bố tiêu chuẩn áp dụng mới" in draft.text
    with db.connect() as conn:
        ours = catalogue.in_force(conn, "1.003029", clock.today()).procedure
        made = catalogue.draft_of(conn, "1.003029")
    assert ours.conditions == ""
    assert (made.origin, made.procedure.conditions) == ("portal", "Đủ điều kiện")
    assert made.procedure.levels == ours.levels, "a level nobody understands changes nothing"
    assert editor.get("/procedures/portal/1.000000").status_code == 404
