"""The Office's day: three lists, readiness, reduction and documents, through HTTP."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest

from lienthong.access import accounts, operator
from lienthong.procedures.importing import publish_new
from lienthong.procedures.known import known
from lienthong.words import say
from tests.journeys.conftest import PASSWORD

HEAD = "Mã TTHC,Tên thủ tục,Cấp giải quyết,Nhóm,Mức ưu tiên\n"
LINE = "1.000056,Cấp Giấy xác nhận,Bộ,Kết nối,1\n"


@pytest.fixture(scope="module")
def filled(db, people):
    with db.connect() as conn:
        publish_new(conn, "import", known(), "known.csv", date(2025, 7, 3))
        accounts.create(
            conn,
            operator(),
            "clerk",
            name="Chuyên viên Văn phòng",
            roles=["office"],
            password=PASSWORD,
        )
        conn.commit()
    people["clerk"] = PASSWORD


@pytest.fixture
def clerk(signed_in, filled):
    return signed_in("clerk")


def csrf(client, path="/account"):
    return client.get(path).text.partition('name="_csrf_token" value="')[2].partition('"')[0]


def post(client, path, **data):
    return client.post(path, data={"_csrf_token": csrf(client)} | data, follow_redirects=False)


def bring(client, unit, text, name="danh-muc.csv"):
    return client.post(
        "/office/lists", data={"unit": unit, "_csrf_token": csrf(client)}, files={"file": (name, text.encode())},
        follow_redirects=False,
    )  # fmt: skip


def test_a_minister_sees_where_it_stands(signed_in, filled):
    client = signed_in("ministry")
    page = client.get("/office").text
    for number in ("282", "117", "165", "41,49%"):
        assert number in page
    assert "41,49%" in client.get("/office/reduction").text
    for path in (
        "/office/lists",
        "/office/readiness",
        "/office/what-if",
        "/office/ask-once",
        "/office/legal-basis",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert 'method="post" action="/office' not in answer.text, path


def test_a_hospital_sees_nothing_of_it(signed_in, filled):
    client = signed_in("officer")
    assert client.get("/office").status_code == 403
    assert client.get("/office/file/agreed/xlsx").status_code == 403


def test_three_lists_are_made_one(clerk):
    assert bring(clerk, "office", HEAD + LINE).status_code == 303
    assert bring(clerk, "science", HEAD + LINE.replace("Bộ,", "Tỉnh,")).status_code == 303
    page = clerk.get("/office/lists").text
    assert "khác cấp" in page
    bring(clerk, "information", HEAD + LINE + "1.012279,Cấp lại,Tỉnh,Phân cấp,\n")
    page = clerk.get("/office/lists").text
    assert "thiếu trong danh mục" in page
    numbers = sorted({int(n) for n in re.findall(r"/office/lists/differences/(\d+)", page)})
    for number in numbers:
        refused = post(clerk, f"/office/lists/differences/{number}/decide", value="0", reason="")
        assert refused.status_code == 422
        done = post(
            clerk,
            f"/office/lists/differences/{number}/decide",
            value="0",
            reason="Theo quyết định công bố",
        )
        assert done.status_code == 303
    page = clerk.get("/office/lists").text
    assert "Không có điểm khác nhau" in page
    assert "Phải kết nối" in page
    assert (
        post(clerk, f"/office/lists/differences/{numbers[0]}/reopen", reason="rút lại").status_code
        == 303
    )
    assert (
        post(
            clerk,
            f"/office/lists/differences/{numbers[0]}/assign",
            owner="science",
            due="2026-12-01",
        ).status_code
        == 303
    )
    assert "danh-muc.csv" in clerk.get("/office/lists/units/office").text
    newest = re.findall(r"/office/lists/units/office/(\d+)", clerk.get("/office/lists").text)[0]
    assert clerk.get(f"/office/lists/units/office/{newest}").content == (HEAD + LINE).encode()


def test_a_wrong_file_is_told_line_by_line(clerk):
    before = clerk.get("/office/lists").text.count("SHA-256")
    answer = bring(clerk, "office", HEAD + "1.0,Tên,Bộ,,\n" + LINE + LINE)
    assert answer.status_code == 422
    assert "Dòng 2:" in answer.text
    assert "Dòng 4:" in answer.text
    assert clerk.get("/office/lists").text.count("SHA-256") == before
    assert bring(clerk, "office", "a,b\n", "a.csv").status_code == 422


def test_readiness_is_kept_by_gate(clerk):
    path = "/office/readiness/1.000056"
    assert "Chưa nguồn nào nêu" in clerk.get(path).text
    assert post(clerk, path, gate="legal", state="blocked", blocker="").status_code == 422
    assert (
        post(
            clerk, path, gate="legal", state="blocked", blocker="chờ nghị định", due="2026-11-02"
        ).status_code
        == 303
    )
    assert post(clerk, path, service="partial").status_code == 422
    assert (
        post(clerk, path, service="partial", reason="inspection", priority="1").status_code == 303
    )
    page = clerk.get("/office/readiness?show=blocked").text
    assert "chờ nghị định" in page
    assert "1.000056" in page
    assert clerk.get("/office/readiness/1.999999").status_code == 404


def test_what_if_fourteen(clerk):
    """Plans change no share; only what is done does, and nothing central was done here."""
    page = clerk.get("/office/what-if", params={"count": "14"}).text
    assert "36,52%" in page
    assert "103 / 282" in page
    page = clerk.get("/office/what-if", params={"chosen": ["1.000056"], "count": "13"}).text
    assert "36,52%" in page
    assert (
        post(
            clerk, "/office/what-if", chosen="1.000056", planned="2027-01-01", basis="Phương án"
        ).status_code
        == 303
    )
    assert "dự kiến 01/01/2027" in clerk.get("/office/reduction").text
    assert (
        post(
            clerk, "/office/what-if", chosen="1.000056", planned="2027-01-01", basis="Phương án"
        ).status_code
        == 422
    )
    forecast = re.findall(r"(\d+) / (\d+)", clerk.get("/office/reduction").text)
    assert ("117", "282") in forecast
    assert any(int(part) < 117 and whole == "282" for part, whole in forecast)


def test_a_cut_and_its_cost(clerk):
    given = {
        "code": "1.012279",
        "kind": "simplified",
        "done": "2026-01-05",
        "basis": "QĐ 1",
        "days_before": "20",
        "days_after": "10,5",
    }
    assert post(clerk, "/office/reduction", **given).status_code == 303
    assert post(clerk, "/office/reduction", **(given | {"basis": ""})).status_code == 422
    path = "/office/reduction/1.012279"
    for moment, hours in (("before", "8"), ("after", "2,5")):
        sent = {"moment": moment, "hours.prepare": hours, "subjects": "10", "times": "1"}
        assert post(clerk, path, **sent).status_code == 303
    page = clerk.get(path).text
    assert "3.200.000 đ" in page
    assert "68,75%" in page
    assert "47,50%" in clerk.get("/office/reduction").text


def test_a_paper_is_asked_for_once(clerk, db):
    with db.connect() as conn:
        for number in range(4):
            conn.execute(
                "INSERT INTO dossiers.dossier (code, procedure, procedure_version, unit, received_by, channel, state,"
                " filed_at) VALUES (%s, '2.000286', 1, 'H15', 'H15', 'direct', 'new', now())",
                [f"H15-{number}"],
            )
        conn.commit()
    page = clerk.get("/office/ask-once").text
    assert "120.000 đ" in page  # four dossiers, half an hour and 10,000 dong each
    assert "social_assistance.disability_certificates.SO_GXN" in page
    sent = {"code": "2.000286", "component": "bản sao Giấy xác nhận khuyết tật",
            "place": "social_assistance.disability_certificates.SO_GXN", "answer": "1"}  # fmt: skip
    assert post(clerk, "/office/ask-once", **sent, reason="").status_code == 422
    assert post(clerk, "/office/ask-once", **sent, reason="đã có dữ liệu").status_code == 303
    assert "đã có dữ liệu" in clerk.get("/office/ask-once?show=accepted").text
    assert (
        post(
            clerk, "/office/ask-once", **(sent | {"place": "x"}), reason="đã có dữ liệu"
        ).status_code
        == 404
    )


TABLES = (
    "agreed",
    "differences",
    "readiness",
    "ledger",
    "costs",
    "once",
    "legal",
    "touched",
    "empty",
)


def test_every_table_can_be_taken_along(clerk):
    from python_calamine import CalamineWorkbook

    for table in TABLES:
        book = clerk.get(f"/office/file/{table}/xlsx")
        assert book.status_code == 200, table
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0)
        assert len(sheet.to_python()[0]) > 2, table
        text = clerk.get(f"/office/file/{table}/csv")
        assert text.content.startswith(b"\xef\xbb\xbf"), table
    assert clerk.get("/office/file/agreed/pdf").status_code == 404
    assert clerk.get("/office/file/nothing/csv").status_code == 404


def test_no_cell_of_a_file_begins_a_formula(clerk):
    bring(clerk, "science", HEAD + LINE)
    bring(clerk, "office", HEAD + '1.000056,"=HYPERLINK(1)",Bộ,Kết nối,1\n')
    assert "'=HYPERLINK(1)" in clerk.get("/office/file/differences/csv").content.decode("utf-8-sig")


def test_the_register_shows_what_a_new_document_touches(clerk):
    page = clerk.get("/office/legal-basis").text
    assert "46/2026/NĐ-CP" in page
    assert "ngưng hiệu lực" in page
    given = {"number": "999/2026/NĐ-CP", "about": "thiết bị y tế (mẫu)", "effective": "2026-11-01",
             "replaces": "98/2021/NĐ-CP", "source": "Công báo"}  # fmt: skip
    assert post(clerk, "/office/legal-basis", **given, why="").status_code == 422
    assert (
        post(
            clerk, "/office/legal-basis", **(given | {"number": "nghị định"}), why="theo Công báo"
        ).status_code
        == 422
    )
    added = post(clerk, "/office/legal-basis", **given, why="theo Công báo")
    assert added.status_code == 303
    path = "/office/legal-basis/999-2026-nd-cp"
    assert added.headers["location"].startswith(path)
    page = clerk.get(path).text
    assert 'href="/procedures/1.003006"' in page
    assert 'href="/contracts/devices"' in page
    assert say("replaced", "vi") in clerk.get("/office/legal-basis/98-2021-nd-cp").text
    sent = {"kind": "procedure", "place": "1.003006", "answer": "1"}
    assert post(clerk, f"{path}/work", **sent, note="").status_code == 422
    assert post(clerk, f"{path}/work", **sent, note="đã rà soát").status_code == 303
    assert "đã rà soát" in clerk.get(f"{path}?show=done").text
    assert post(clerk, f"{path}/end", expires="2026-10-01", why="theo Công báo").status_code == 422
    assert post(clerk, f"{path}/end", expires="2026-11-20", why="theo Công báo").status_code == 303
    assert "hết hiệu lực" in clerk.get(path).text
    assert (
        post(clerk, f"{path}/say", about="khác", effective="2026-11-01", why="sửa lại").status_code
        == 303
    )
    assert clerk.get("/office/legal-basis/1-2999-x").status_code == 404


def test_citations_are_read_once_for_each_state(clerk, db, monkeypatch):
    from lienthong.procedures import catalogue
    from lienthong.procedures.legal_basis import reading, touching

    read = []

    def counted(*given):
        read.append(1)
        return touching.references(*given)

    monkeypatch.setattr(reading, "references", counted)
    reading._read.clear()
    pages = [clerk.get("/office").text for _ in range(3)]
    clerk.get("/office/legal-basis")
    assert len(read) == 1
    assert pages[0] == pages[2]
    given = {
        "number": "901/QĐ-BYT",
        "about": "mẫu",
        "effective": "2026-11-01",
        "source": "Công báo",
    }
    assert post(clerk, "/office/legal-basis", **given, why="theo Công báo").status_code == 303
    clerk.get("/office")
    assert len(read) == 2, "another document"
    with db.connect() as conn:
        there = catalogue.in_force(conn, "1.000056", date(2026, 11, 1))
        catalogue.draft(conn, "editor", there.procedure, "test")
        conn.commit()
        clerk.get("/office")
        assert len(read) == 2, "a draft holds for nobody"
        catalogue.publish(conn, "head", "1.000056", date(2026, 1, 1))
        conn.commit()
    clerk.get("/office")
    assert len(read) == 3, "another version"


@pytest.fixture(scope="module")
def program(db, filled):
    """A token with which the Office's own programs act."""
    from lienthong.access import tokens

    with db.connect() as conn:
        made = tokens.create(
            conn, operator(), facility="G18", name="office program", roles=("office",)
        )
        conn.commit()
    return {"authorization": f"Bearer {made}"}


def test_a_program_asks_the_same(site, program):
    site.cookies.clear()

    def ask(path, **params):
        answer = site.get(f"/api/v1/office/{path}", headers=program, params=params)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    assert ask("lists")["claim"]["total"] == 282
    told = ask("what-if", count=0)
    fewer = ask("what-if", count=1)
    assert fewer["after"]["numerator"] == told["before"]["numerator"] - 1
    assert (
        next(one for one in ask("reduction")["definitions"] if one["working"])["start"]["percent"]
        == "41.4894"
    )
    assert ask("ask-once")["proposals"]
    assert ask("legal-basis/98-2021-nd-cp")["touched"]
    assert ask("legal-basis")
    assert ask("readiness")["lines"]
    assert ask("readiness/1.012279")["gates"]
    ask("differences")


def test_a_program_brings_a_list(site, program):
    site.cookies.clear()
    path = "/api/v1/office/lists/information"
    wrong = site.post(path, headers=program, content=(HEAD + "1,x,Bộ,,\n").encode())
    assert wrong.status_code == 200, wrong.text
    assert wrong.json()["taken"] is None
    assert wrong.json()["faults"][0]["line"] == 2
    right = site.post(
        path, headers=program, params={"file": "a.csv"}, content=(HEAD + LINE).encode()
    )
    assert right.json()["taken"]["rows"] == 1
    assert (
        site.post("/api/v1/office/lists/nobody", headers=program, content=b"x").status_code == 404
    )
    sent = {"state": "working", "owner": "Vụ"}
    assert (
        site.post("/api/v1/office/readiness/1.012279/legal", headers=program, json=sent).json()[
            "gates"
        ][0]["owner"]
        == "Vụ"
    )
    cut = {
        "code": "1.002151",
        "kind": "decentralised",
        "central": True,
        "basis": "Phương án",
        "planned": "2027-01-01",
    }
    made = site.post("/api/v1/office/reduction", headers=program, json=cut)
    assert made.status_code == 201, made.text
    assert site.post("/api/v1/office/reduction", headers=program, json=cut).status_code == 409
    law = {
        "document": {"number": "888/2026/NĐ-CP", "effective": "2026-11-01"},
        "why": "theo Công báo",
    }
    assert site.post("/api/v1/office/legal-basis", headers=program, json=law).status_code == 201
