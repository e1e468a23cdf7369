"""A clerk prints a receipt for a mother at the desk; the head of the agency changes its papers; both in pages."""

from __future__ import annotations

import io
import re

import pypdf
import pytest

from lienthong.access import accounts, operator
from tests.dossiers import desk
from tests.journeys.conftest import PASSWORD

PEOPLE = {"clerk": "receiver", "case": "processor", "head": "decider"}


@pytest.fixture(scope="module")
def code(db, people) -> str:
    """A dossier on its way at H15.50, and three people there; one at another agency."""
    with db.connect() as conn:
        for name, role in PEOPLE.items():
            accounts.create(
                conn, operator(), name, name=f"Cán bộ {name}", roles=[role], password=PASSWORD, facility=desk.UNIT,
                province="66",
            )  # fmt: skip
        accounts.create(
            conn, operator(), "elsewhere", name="Elsewhere", roles=["receiver"], password=PASSWORD, facility="H99.01",
            province="01",
        )  # fmt: skip
        people |= dict.fromkeys([*PEOPLE, "elsewhere"], PASSWORD)
        desk.opened(conn)
        return desk.on_the_way(conn)


def text_of(content: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def posted(site, address, **data):
    csrf = re.search(r'name="_csrf_token" value="([^"]+)"', site.get(address.split("/use")[0]).text)
    return site.post(address, data=data | {"_csrf_token": csrf[1]}, follow_redirects=False)


def test_a_clerk_prints_a_receipt_once_and_replaces_it(signed_in, code, db):
    site = signed_in("clerk")
    page = site.get(f"/dossiers/{code}/papers")
    assert page.status_code == 200 and "Giấy tiếp nhận" in page.text
    answer = posted(site, f"/dossiers/{code}/papers", form="receipt", event="2")
    assert answer.status_code == 303
    first = site.get(f"/dossiers/{code}/papers/1.pdf")
    assert first.headers["content-type"] == "application/pdf"
    assert "Nguyễn Thị Mẫu Ềữợ" in text_of(first.content)
    posted(site, f"/dossiers/{code}/papers", form="receipt", event="2")
    assert site.get(f"/dossiers/{code}/papers/2.pdf").status_code == 404, "made once"
    posted(site, f"/dossiers/{code}/papers", form="receipt", event="2", again="yes")
    assert "Thay thế giấy số 01/" in text_of(site.get(f"/dossiers/{code}/papers/2.pdf").content)
    word = site.get(f"/dossiers/{code}/papers/2.docx")
    assert (
        word.content[:2] == b"PK"
        and word.content == site.get(f"/dossiers/{code}/papers/2.docx").content
    )
    with db.connect() as conn:
        read = conn.execute(
            "SELECT count(*), min(purpose) FROM app.read_log WHERE actor = 'clerk' AND action = 'dossier.read'"
        ).fetchone()
    assert read[0] >= 4 and read[1] == "procedure"


def test_a_paper_that_no_act_asks_for_is_refused_with_the_reason(signed_in, code):
    answer = posted(signed_in("clerk"), f"/dossiers/{code}/papers", form="refusal")
    assert answer.status_code == 422 and "Phiếu từ chối" in answer.text


def test_others_see_nothing_of_it(signed_in, code):
    for name, status in (("elsewhere", 404), ("ministry", 403)):
        assert signed_in(name).get(f"/dossiers/{code}/papers").status_code == status, name
        assert signed_in(name).get(f"/dossiers/{code}/papers/1.pdf").status_code == status, name


def test_an_inspector_reads_papers_and_makes_none(signed_in, code):
    site = signed_in("inspector")
    page = site.get(f"/dossiers/{code}/papers")
    assert page.status_code == 200 and "<button>" not in page.text.split("<main", 1)[1]
    assert posted(site, f"/dossiers/{code}/papers", form="control").status_code == 403


def test_the_head_changes_the_letterhead_and_a_template(signed_in, code):
    site = signed_in("head")
    assert posted(
        site, "/papers/letterhead", parent="UBND TỈNH ĐẮK LẮK", name="SỞ Y TẾ", place="Đắk Lắk", phone="0262 3 811 811",
        desk="Trung tâm Phục vụ hành chính công", head="GIÁM ĐỐC",
    ).status_code == 303  # fmt: skip
    before = site.get("/papers").text
    assert "bản nháp" in before and "GIÁM ĐỐC" not in before, "a draft changes nothing"
    assert posted(site, "/papers/letterhead/use", version="1").status_code == 303
    assert "GIÁM ĐỐC" in site.get("/papers").text

    text = "symbol: BN\n---\nletterhead\n# BIÊN NHẬN {dossier.code}\nĐiện thoại {agency.phone}\n"
    answer = posted(site, "/papers/receipt", text=text + "{dossier.cod}\n")
    assert answer.status_code == 422 and "dòng 6" in answer.text and "{dossier.code}" in answer.text
    assert posted(site, "/papers/receipt", text=text, note="ngắn hơn").status_code == 303
    picture = site.get("/papers/receipt/1-1.png")
    assert picture.headers["content-type"] == "image/png" and picture.content[1:4] == b"PNG"
    posted(site, "/papers/receipt/use", version="1")
    posted(signed_in("clerk"), f"/dossiers/{code}/papers", form="receipt", event="2", again="yes")
    printed = text_of(site.get(f"/dossiers/{code}/papers/3.pdf").content)
    assert f"BIÊN NHẬN {code}" in printed and "0262 3 811 811" in printed and "SỞ Y TẾ" in printed
    assert "BIÊN NHẬN" not in text_of(site.get(f"/dossiers/{code}/papers/1.pdf").content)


def test_a_clerk_changes_no_template(signed_in, code):
    assert signed_in("clerk").get("/papers").status_code == 403


def test_the_register_of_a_period(signed_in, code):
    site = signed_in("clerk")
    assert posted(site, "/registers", first="2026-11-01", last="2026-11-30").status_code == 303
    found = re.search(r'href="(/registers/[^"]+\.pdf[^"]*)"', site.get("/registers").text)
    printed = text_of(site.get(found[1]).content)
    assert code in printed and "SỔ THEO DÕI HỒ SƠ" in printed
    assert posted(site, "/registers", first="2026-12-01", last="2026-11-30").status_code == 422
    assert signed_in("elsewhere").get(found[1]).status_code == 403
