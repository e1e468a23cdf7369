"""The operator of the link at the Office: one screen, what is wrong, and acts that mend it."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest

from lienthong.access import accounts, operator
from lienthong.dossiers import acting, attachments, dossier
from lienthong.partners.portal import inbound, jobs, questions, reconciling
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.journeys.conftest import PASSWORD
from tests.partners.portal_world import ALL, World, published
from tests.partners.test_portal_inbound import message


@pytest.fixture(scope="module")
def link(db, site):
    """Both sides with something wrong on each, and people of the Office and of one agency."""
    people = [
        ("watch", "office", None, None),
        ("eye", "ministry_officer", None, None),
        ("head", "decider", "G18.12", None),
        ("desk", "receiver", "G18.12", None),
    ]
    now = datetime.now(UTC)
    with db.connect() as conn:
        published(conn)
        for name, role, facility, province in people:
            accounts.create(
                conn, operator(), name, name=f"Person {name}", roles=[role], password=PASSWORD, facility=facility,
                province=province,
            )  # fmt: skip
    with StandIn() as standin:
        world = World(db, standin, unit="G18.12")
        world.now = now - timedelta(days=2)
        with db.connect() as conn:
            codes = [
                world.file(conn, applicant={"number": None} if at == 1 else {}) for at in range(4)
            ]
        with db.connect(autocommit=True) as conn:
            world.sending.round(conn)
            for code in codes[2:]:
                standin.memory.dossiers[code]["TrangThaiHoSo"] = "7"
            reconciling.reconcile(conn, world.client, codes, now=now)
            for number, unmapped in ((1, "3.999999"), (2, "3.888888")):
                pushed = message(f"G18.12-261120-18900{number}", MaTTHC=unmapped)
                inbound.take(conn, "dossier", pushed, at=now - timedelta(hours=9))
            questions.keep(
                conn,
                {"HOIDAPID": "HD1", "NOIDUNG": "Cần giấy tờ gì?", "HOVATEN": "Lê Thị Mẫu"},
                now,
            )
            inbound.resolve(conn, now=now)
        world.made = codes
        yield world
        world.client.close()


@pytest.fixture
def entered(site, link):
    def enter(name):
        site.cookies.clear()
        site.post("/login", data={"name": name, "password": PASSWORD}, follow_redirects=False)
        return site

    yield enter
    site.cookies.clear()


def seen(client, path, status=200):
    answer = client.get(path)
    assert answer.status_code == status, f"{path}: {answer.status_code}"
    return answer.text


def act(client, path, status=303, **data):
    token = re.search(r'name="_csrf_token" value="([^"]+)"', client.get("/account").text)[1]
    answer = client.post(path, data={"_csrf_token": token, **data}, follow_redirects=False)
    assert answer.status_code == status, answer.text
    return answer


def test_one_screen_says_what_is_wrong_and_what_to_do(entered, link):
    page = seen(entered("watch"), "/portal")
    for said in (
        "Bản tin của Cổng chờ quá lâu", "Có hồ sơ không thể gửi nếu không bịa số liệu",
        "Người dân đã thao tác trên Cổng", "SoGiayToChuHoSo", "Chưa đặt địa chỉ Cổng",
    ):  # fmt: skip
        assert said in page
    assert "Lê Thị Mẫu" not in page and "001190000001" not in page


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_every_page_opens_and_shows_no_applicant(entered, link, language):
    client = entered("watch")
    client.cookies.set("language", language)
    for path in (
        "/portal", "/portal/inbound", "/portal/inbound?show=resolved", "/portal/inbound/1", "/portal/differences",
        "/portal/differences?cause=their_act", "/portal/questions", "/portal/questions?show=sent",
    ):  # fmt: skip
        page = seen(client, path)
        assert "Lê Thị Mẫu" not in page and "001190000001" not in page, path


def test_a_dossier_stands_on_both_sides_with_its_ledger(entered, link):
    client = entered("watch")
    page = seen(client, f"/portal/dossiers/{link.made[3]}")
    assert "Công dân yêu cầu rút hồ sơ" in page and "Mới đăng ký" in page
    assert "SoGiayToChuHoSo" in seen(client, f"/portal/dossiers/{link.made[1]}")
    seen(client, "/portal/dossiers/G18.12-261120-000000", 404)


def test_the_citizens_withdrawal_is_taken_over_with_one_button(entered, link, db):
    client, code = entered("watch"), link.made[2]
    act(client, f"/portal/dossiers/{code}", act="take_theirs")
    with db.connect() as conn:
        assert dossier.find(conn, code).state == "withdrawn"
    assert "rút hồ sơ" in act(client, f"/portal/dossiers/{code}", 422, act="take_theirs").text
    act(client, f"/portal/dossiers/{link.made[0]}", act="resend")
    act(client, f"/portal/dossiers/{link.made[0]}", 404, act="dance")


def test_a_waiting_message_is_mapped_on_its_page_and_becomes_a_dossier(entered, link, db):
    client = entered("watch")
    with db.connect() as conn:
        (left,) = [one for one in inbound.waiting(conn) if one.procedure == "3.999999"]
    where = f"/portal/inbound/{left.position}"
    assert "Không có thủ tục 3.999999" in seen(client, where)
    act(client, where, 422, act="map_procedure", ours="1.003844", reason="")
    act(client, where, act="map_procedure", ours="1.003844", reason="cùng một thủ tục")
    with db.connect() as conn:
        assert dossier.find(conn, left.code).procedure == "1.003844"
    assert "1.003844" in seen(client, "/portal/inbound?show=resolved")
    act(client, where, 422, act="reject", reason="quá muộn")


def test_work_is_asked_for_and_the_line_is_tried(entered, link, db):
    client = entered("watch")
    act(client, "/portal", act="reconcile")
    act(client, "/portal", act="try")
    act(client, "/portal", act="release", ours="MaLinhVuc")
    act(client, "/portal", 422, act="nothing")
    with db.connect() as conn:
        assert jobs.jobs(conn)["reconcile"].asked_by == "watch"


def test_a_question_is_answered(entered, link, db):
    client = entered("watch")
    assert "Cần giấy tờ gì?" in seen(client, "/portal/questions")
    assert "Cần giấy tờ gì?" not in seen(entered("eye"), "/portal/questions"), "answers nothing"
    with db.connect() as conn:
        read = conn.execute(
            "SELECT actor FROM app.read_log WHERE resource ->> 'table' = 'portal.question'"
        ).fetchall()
    assert set(read) == {("watch",)}, "who reads what a citizen asks is written down"
    client = entered("watch")
    act(client, "/portal/questions/HD1", 422, reason="ok")
    act(client, "/portal/questions/HD1", reason="Theo mẫu 01 của Thông tư.")
    act(client, "/portal/questions/HD9", 404, reason="Theo mẫu 01 của Thông tư.")


def test_the_head_of_an_agency_sees_its_dossiers_and_mends_nothing(entered, link, db):
    with db.connect() as conn:
        other = World(db, link.standin, unit="G18.13")
        elsewhere = other.file(conn)
        acting.move(conn, "canbo", ALL, elsewhere, "receive", at=other.now)
        other.client.close()
    client = entered("head")
    assert link.made[1] in seen(client, "/portal")
    seen(client, f"/portal/dossiers/{elsewhere}", 404)
    assert "Không dành cho từng đơn vị" in seen(client, "/portal/inbound")
    seen(client, "/portal/inbound/1", 403)
    act(client, f"/portal/dossiers/{link.made[0]}", 403, act="resend")


def test_a_desk_does_not_see_the_link(entered, link):
    seen(entered("desk"), "/portal", 403)


def test_a_result_of_the_citizens_store_is_attached_and_not_asked_for_again(
    entered, link, db, chosen, folder
):
    """The desk looks for its own dossier only, and that it looked is written down."""
    client, code = entered("desk"), link.made[0]
    assert "LIENTHONG_PORTAL_URL" in seen(client, f"/dossiers/{code}/store", 422)
    (folder / "portal.secret").write_text("practise")
    given = {
        "portal_url": link.standin.url,
        "portal_account": "byt",
        "portal_secret_file": folder / "portal.secret",
    }
    memory = link.standin.memory
    memory.change("dossier", fields={
        "MaHoSo": "G18.12-250101-180001", "SoGiayToChuHoSo": "001190000001", "DonViXuLy": "Cục mẫu",
        "DanhSachGiayToKetQua": [{"TenGiayTo": "Giấy phép cũ", "DuongDanTepTinKetQua": "/kept/1"}],
    })  # fmt: skip
    memory.change(
        "fetched", key="/kept/1", fields={"content": base64.b64encode(b"%PDF-1.7 kept").decode()}
    )
    before = {name: getattr(chosen, name) for name in given}
    try:
        for name, value in given.items():
            object.__setattr__(chosen, name, value)
        page = seen(client, f"/dossiers/{code}/store")
        assert "Giấy phép cũ" in page and "Cục mẫu" in page
        act(client, f"/dossiers/{code}/store", address="/kept/1")
        act(client, f"/dossiers/{code}/store", 404, address="http://elsewhere/")
        seen(entered("watch"), f"/dossiers/{code}/store", 403)
    finally:
        for name, value in before.items():
            object.__setattr__(chosen, name, value)
    with db.connect() as conn:
        assert [one.name for one in attachments.attachments(conn, code)] == ["Giấy phép cũ.pdf"]
        (reads,) = conn.execute(
            "SELECT count(*) FROM app.read_log WHERE actor = 'desk' AND action = 'dossier.read'"
        ).fetchone()
    assert reads >= 2
