"""A clerk at a desk, a case officer, a head, the Office and a neighbour on the pages of dossiers."""

from __future__ import annotations

import re

import pytest

from lienthong.access import accounts, operator
from lienthong.dossiers import bulk
from tests.dossiers.world import ELSEWHERE, PROCEDURE, UNIT, at, did, filing, publish
from tests.journeys.conftest import PASSWORD

PEOPLE = {
    "hoa": ("receiver", UNIT), "minh": ("processor", UNIT), "tu": ("processor", UNIT), "lan": ("decider", UNIT),
    "xa": ("receiver", ELSEWHERE), "la": ("decider", "H29.50"), "vp": ("office", None),
    "inspector": ("inspector", None),
}  # fmt: skip
PDF = b"%PDF-1.7\n%%EOF"
APPLICANT = {
    "applicant.kind": "person", "applicant.name": "Nguyễn Văn Mẫu", "applicant.number_kind": "cccd",
    "applicant.number": "001190000001", "applicant.phone": "0900000001",
}  # fmt: skip


@pytest.fixture(scope="module")
def people(db):
    with db.connect() as conn:
        publish(conn)
        for id, (role, unit) in PEOPLE.items():
            accounts.create(
                conn, operator(), id, name=f"Cán bộ {id}", roles=[role], password=PASSWORD,
                facility=unit, province="66" if unit else None,
            )  # fmt: skip
    return dict.fromkeys(PEOPLE, PASSWORD)


@pytest.fixture(scope="module")
def cookies():
    """The session of each person, once signed in: hashing a password takes its time."""
    return {}


@pytest.fixture
def enter(site, people, cookies):
    """Be one of PEOPLE."""

    def run(name):
        site.cookies.clear()
        if name not in cookies:
            answer = site.post(
                "/login", data={"name": name, "password": people[name]}, follow_redirects=False
            )
            assert answer.status_code == 303, answer.text
            cookies[name] = dict(site.cookies)
        for key, value in cookies[name].items():
            site.cookies.set(key, value)
        return site

    yield run
    site.cookies.clear()


def token(client, path="/dossiers") -> str:
    return re.search(r'name="_csrf_token" value="([^"]+)"', client.get(path).text)[1]


def post(client, path, files=None, **data):
    data["_csrf_token"] = token(client)
    return client.post(path, data=data, files=files, follow_redirects=False)


def filed_at_desk(client, **more) -> str:
    answer = post(client, "/dossiers/new", procedure=PROCEDURE.code, **(APPLICANT | more))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("/")[2].split("?")[0]


def act(client, code, name, **said):
    return post(client, f"/dossiers/{code}/acts/{name}", **said)


def test_a_clerk_files_what_is_right_and_keeps_what_was_written(enter):
    clerk = enter("hoa")
    page = clerk.get(f"/dossiers/new?procedure={PROCEDURE.code}").text
    assert "Nếu tiếp nhận lúc này, hạn trả là:" in page
    wrong = post(
        clerk, "/dossiers/new", procedure=PROCEDURE.code,
        **(APPLICANT | {"applicant.name": "", "summary": "giữ lại"}),
    )  # fmt: skip
    assert wrong.status_code == 422
    assert "Đơn, tờ khai chưa đúng." in wrong.text
    assert 'value="giữ lại"' in wrong.text
    assert 'value="001190000001"' in wrong.text
    code = filed_at_desk(clerk)
    shown = clerk.get(f"/dossiers/{code}").text
    assert "Nguyễn Văn Mẫu" in shown
    assert "Tiếp nhận" in shown


def test_a_dossier_from_the_desk_to_the_result(enter):
    code = filed_at_desk(enter("hoa"))
    assert act(enter("hoa"), code, "receive").status_code == 303
    assert act(enter("lan"), code, "assign", holder="minh").status_code == 303
    officer = enter("minh")
    assert code in officer.get("/dossiers").text, "it stands in his own worklist"
    assert act(officer, code, "start").status_code == 303
    empty = act(officer, code, "ask_supplement")
    assert empty.status_code == 422
    assert "Việc này cần có: nội dung còn thiếu hoặc sai" in empty.text
    asked = act(
        officer, code, "ask_supplement", components="Đơn đề nghị", components_lines="ảnh\nbản đồ", guidance="gọi 02623"
    )  # fmt: skip
    assert asked.status_code == 303
    page = officer.get(f"/dossiers/{code}").text
    for word in ("Đơn đề nghị", "ảnh", "bản đồ", "gọi 02623", "tạm dừng tính khi chờ người nộp"):
        assert word in page
    assert act(enter("hoa"), code, "supplement").status_code == 303
    head = enter("lan")
    assert "Cách tính hạn trả" in head.get(f"/dossiers/{code}").text
    assert act(head, code, "settle", result="Giấy phép", number="66-GP").status_code == 303
    assert act(enter("hoa"), code, "hand_over").status_code == 303
    done = enter("hoa").get(f"/dossiers/{code}").text
    assert "Đã trả kết quả" in done
    assert "66-GP" in done
    assert "Đã trả kết quả" in enter("hoa").get(f"/dossiers/{code}/print").text


def test_another_agency_does_not_know_of_it(enter):
    code = filed_at_desk(enter("hoa"))
    stranger = enter("la")
    assert code not in stranger.get("/dossiers").text
    for path in (f"/dossiers/{code}", f"/dossiers/{code}/print", f"/dossiers/{code}/attachments/1"):
        assert stranger.get(path).status_code in (403, 404), path
    assert act(stranger, code, "receive").status_code == 404
    assert "Không có hồ sơ mang mã này" in stranger.get(f"/dossiers?code={code}").text


def test_a_dossier_handed_in_elsewhere_is_received_by_the_competent_agency(enter):
    code = filed_at_desk(enter("xa"), unit=UNIT)
    assert code.startswith(UNIT)
    assert act(enter("xa"), code, "receive").status_code == 403
    assert "Nơi nộp" in enter("hoa").get(f"/dossiers/{code}").text
    assert act(enter("hoa"), code, "receive").status_code == 303
    assert code not in enter("xa").get("/dossiers").text, "nothing is to be done at the desk"
    assert act(enter("minh"), code, "start").status_code == 303
    assert act(enter("lan"), code, "settle", result="Giấy phép").status_code == 303
    assert code in enter("xa").get("/dossiers?show=hand_over").text
    assert act(enter("xa"), code, "hand_over").status_code == 303


def test_what_is_not_ones_own_act_is_refused_in_place(enter):
    code = filed_at_desk(enter("hoa"))
    refused = act(enter("minh"), code, "receive")
    assert refused.status_code == 403
    assert code in refused.text, "the page of the dossier says it"
    assert act(enter("hoa"), code, "settle", result="x").status_code == 409


def test_the_office_sees_the_work_and_no_applicant(enter):
    code = filed_at_desk(enter("hoa"))
    office = enter("vp")
    page = office.get(f"/dossiers/{code}").text
    assert "Nguyễn Văn Mẫu" not in page
    assert "001190000001" not in page
    assert "Người nộp và tệp đính kèm chỉ hiển thị cho người giải quyết hồ sơ." in page
    assert code in office.get(f"/dossiers?unit={UNIT}&show=new").text


def test_an_inspector_reads_and_that_is_written_down(enter, db):
    code = filed_at_desk(enter("hoa"))
    assert "Nguyễn Văn Mẫu" in enter("inspector").get(f"/dossiers/{code}").text
    with db.connect() as conn:
        rows = conn.execute(
            "SELECT purpose FROM app.read_log WHERE actor = 'inspector' AND resource ->> 'dossier' = %s",
            [code],
        ).fetchall()
    assert ("inspection",) in rows


def test_files_are_attached_and_only_downloaded(enter):
    clerk = enter("hoa")
    code = filed_at_desk(clerk)
    upload = {"file": ("đơn <b>.pdf", PDF, "text/html")}
    done = post(
        clerk, f"/dossiers/{code}/attachments", files=upload, kind="component", form="digitised"
    )
    assert done.status_code == 303, done.text
    page = clerk.get(f"/dossiers/{code}").text
    assert "chưa quét mã độc" in page
    assert "số hóa khi tiếp nhận" in page
    number = re.search(rf"/dossiers/{code}/attachments/(\d+)\"", page)[1]
    given = clerk.get(f"/dossiers/{code}/attachments/{number}")
    assert given.content == PDF
    assert given.headers["content-type"].startswith("application/pdf")
    assert given.headers["content-disposition"].startswith("attachment;")
    assert given.headers["x-content-type-options"] == "nosniff"
    program = {"file": ("a.pdf", b"MZ...", "application/pdf")}
    wrong = post(clerk, f"/dossiers/{code}/attachments", files=program, kind="component")
    assert wrong.status_code == 422
    assert "Loại tệp này không được đính kèm" in wrong.text
    assert enter("la").get(f"/dossiers/{code}/attachments/{number}").status_code == 404
    assert enter("vp").get(f"/dossiers/{code}/attachments/{number}").status_code == 403
    away = post(enter("hoa"), f"/dossiers/{code}/attachments/{number}/remove", reason="nhầm")
    assert away.status_code == 303


def test_a_substitute_is_named_and_work_is_handed_over(enter, db):
    with db.connect() as conn:
        way = [did("receive", "2026-11-02 10:00"), did("assign", "2026-11-02 10:30", to="tu")]
        [kept] = bulk.keep_many(conn, "demo", [(filing(filed_at=at("2026-11-02 09:00")), way)])
    assert kept.code not in enter("minh").get("/dossiers?view=mine").text
    head = enter("lan")
    wrong = post(
        head, "/dossiers/substitutes", absent="tu", substitute="tu", first="2020-01-01",
        last="2120-01-01", reason="phép",
    )  # fmt: skip
    assert wrong.status_code == 422
    assert "Không thể tự thay chính mình." in wrong.text
    named = post(
        head, "/dossiers/substitutes", absent="tu", substitute="minh", first="2020-01-01", last="2120-01-01",
        reason="phép",
    )  # fmt: skip
    assert named.status_code == 303
    mine = enter("minh").get("/dossiers?view=mine").text
    assert kept.code in mine
    assert "Bạn đang làm thay Cán bộ tu" in mine
    all_of_it = {"from": "tu", "to": "minh", "reason": "chuyển công tác"}
    over = post(enter("lan"), "/dossiers/substitutes/all", **all_of_it)
    assert "count=1" in over.headers["location"]
    assert enter("minh").get("/dossiers/substitutes").status_code == 403


def test_a_dossier_is_found_by_part_of_its_code(enter):
    code = filed_at_desk(enter("hoa"))
    found = enter("minh").get(f"/dossiers?code={code.lower()}", follow_redirects=False)
    assert found.headers["location"] == f"/dossiers/{code}"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_pages_speak_the_readers_language(enter, language):
    code = filed_at_desk(enter("hoa"))
    clerk = enter("hoa")
    clerk.cookies.set("language", language)
    heading = {"en": "How the date was computed", "fr": "Comment la date est calculée"}[language]
    assert heading in clerk.get(f"/dossiers/{code}").text
    for path in ("/dossiers", "/dossiers/new", f"/dossiers/new?procedure={PROCEDURE.code}"):
        assert clerk.get(path).status_code == 200


def test_the_file_of_a_result_is_not_taken_away_from_the_applicant(enter):
    code = filed_at_desk(enter("hoa"))
    act(enter("hoa"), code, "receive")
    officer = enter("minh")
    upload = {"file": ("giay-phep.pdf", PDF, "application/pdf")}
    post(officer, f"/dossiers/{code}/attachments", files=upload, kind="result", form="electronic")
    page = officer.get(f"/dossiers/{code}").text
    number = re.search(rf"/dossiers/{code}/attachments/(\d+)\"", page)[1]
    assert f"/attachments/{number}/remove" in page
    act(officer, code, "start")
    act(enter("lan"), code, "settle", result="Giấy phép", number="67-GP", attachment=number)
    head = enter("lan")
    assert f"/attachments/{number}/remove" not in head.get(f"/dossiers/{code}").text
    refused = post(head, f"/dossiers/{code}/attachments/{number}/remove", reason="nhầm")
    assert refused.status_code == 422
    assert "đính chính kết quả" in refused.text
    assert head.get(f"/dossiers/{code}/attachments/{number}").content == PDF
    act(enter("hoa"), code, "hand_over")
    act(enter("lan"), code, "correct", reason="sai tên")
    again = post(enter("lan"), f"/dossiers/{code}/attachments/{number}/remove", reason="sai tên")
    assert again.status_code == 303, "what is being corrected holds no more"
