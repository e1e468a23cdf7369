"""A clinic that lost its licence comes to the desk: the databases fill in the form, the copy need not be handed in."""

from __future__ import annotations

import io
import re
from datetime import date

import pypdf
import pytest

from lienthong.access import accounts, operator
from lienthong.procedures import catalogue
from lienthong.procedures.procedure import Component, Manner, Procedure, TimeLimit
from tests.declared.test_practice_rules import WORLD as PRACTICE
from tests.dossiers import desk
from tests.journeys.conftest import PASSWORD

REISSUE = Procedure(
    code="1.012279",
    name={"vi": "Cấp lại giấy phép hoạt động"},
    levels=("province",),
    manners=(Manner(limits=(TimeLimit(value=20, unit="days"),)),),
    components=(
        Component(code="TP01", name={"vi": "Đơn đề nghị cấp lại giấy phép hoạt động"}),
        Component(code="TP02", name={"vi": "Bản sao giấy phép hoạt động bị mất"}),
    ),
)


@pytest.fixture(scope="module")
def ready(db, people, send) -> None:
    with db.connect() as conn:
        accounts.create(
            conn, operator(), "clerk", name="Trần Tiếp Nhận", roles=["receiver"], password=PASSWORD, facility=desk.UNIT,
            province="66",
        )  # fmt: skip
        people["clerk"] = PASSWORD
        catalogue.draft(conn, "editor", REISSUE, "test")
        catalogue.publish(conn, "head", REISSUE.code, date(2025, 7, 1))
    row = PRACTICE["facilities"][0]
    data = ",".join(row) + "\n" + ",".join(f'"{cell}"' for cell in row.values())
    assert send(data.encode(), "facilities.csv", "practice", "01999").kept == 1


def test_what_the_database_knows_is_filled_in_and_not_asked_again(signed_in, ready, db):
    site = signed_in("clerk")
    page = site.get("/dossiers/new?procedure=1.012279").text
    csrf = re.search(r'name="_csrf_token" value="([^"]+)"', page)[1]
    given = {
        "_csrf_token": csrf, "procedure": "1.012279", "channel": "direct", "unit": desk.UNIT,
        "applicant.kind": "enterprise", "applicant.name": "Bệnh viện Mẫu", "form.MA_CSKCB": "01999",
        "form.LY_DO": "mat",
    }  # fmt: skip
    filled = site.post("/dossiers/new", data=given | {"fill": "1"})
    assert filled.status_code == 200
    assert 'value="000123/BYT-GPHĐ"' in filled.text and "practice.facilities.SO_GPHD" in filled.text
    assert "không phải nộp" in filled.text and "Đơn đề nghị" in filled.text
    with db.connect() as conn:
        looked = conn.execute(
            "SELECT resource FROM app.read_log WHERE action = 'record.prefill' AND actor = 'clerk'"
            " AND purpose = 'procedure'"
        ).fetchall()
    assert any("key" in line[0] for line in looked)

    names = re.findall(r'name="(form\.[A-Z_]+)"[^>]*?value="([^"]*)"', filled.text)
    whole = (
        given
        | {"filled": "yes", "form.DIA_CHI": "Số 1 phố Thử Nghiệm"}
        | {n: v for n, v in names if v}
    )
    filed = site.post("/dossiers/new", data=whole, follow_redirects=False)
    assert filed.status_code == 303, filed.text
    code = re.search(r"/dossiers/([^?]+)", filed.headers["location"])[1]
    with db.connect() as conn:
        desk.acting.move(conn, desk.CLERK, desk.RECEIVER, code, "receive")
    answer = site.post(
        f"/dossiers/{code}/papers",
        data={"_csrf_token": csrf, "form": "receipt"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    pages = pypdf.PdfReader(io.BytesIO(site.get(f"/dossiers/{code}/papers/1.pdf").content)).pages
    printed = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Bản sao giấy phép hoạt động bị mất" in printed and "không phải nộp" in printed


def test_what_is_wrong_is_said_beside_its_field(signed_in, ready):
    site = signed_in("clerk")
    page = site.get("/dossiers/new?procedure=1.012279").text
    csrf = re.search(r'name="_csrf_token" value="([^"]+)"', page)[1]
    answer = site.post(
        "/dossiers/new",
        data={
            "_csrf_token": csrf,
            "procedure": "1.012279",
            "unit": desk.UNIT,
            "form.LY_DO": "sai_thong_tin",
        },
    )
    assert answer.status_code == 422 and 'id="form-NOI_DUNG_SAI-said"' in answer.text
    assert 'aria-invalid="true"' in answer.text and "Cấp lại do sai thông tin" in answer.text


def test_an_official_sees_what_a_form_asks_and_how_sure_it_is(signed_in, ready):
    site = signed_in("ministry")
    assert "/procedures/1.012279/form" in site.get("/procedures/1.012279").text
    page = site.get("/procedures/1.012279/form").text
    assert (
        "practice.facilities.SO_GPHD" in page
        and "suy ra" in page
        and "Cấp lại do sai thông tin" in page
    )
    assert "chưa có biểu mẫu riêng" in site.get("/procedures/1.002600/form").text
