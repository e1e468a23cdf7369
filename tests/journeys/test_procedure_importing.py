"""An editor brings procedures as a file: seen line by line, then taken; hostile files change nothing. Through HTTP."""

from __future__ import annotations

import io
from datetime import date
from html import unescape

import pytest
import xlsxwriter

from lienthong import audit
from lienthong.access import accounts, operator
from lienthong.procedures import catalogue
from lienthong.procedures.importing import publish_new
from lienthong.procedures.procedure import Manner, Procedure, TimeLimit
from tests.journeys.conftest import PASSWORD
from tests.journeys.test_office import csrf, post

HEAD = "Mã TTHC,Tên thủ tục,Cấp thực hiện,Lĩnh vực,Thời hạn giải quyết,time_value,time_unit,Phí, lệ phí\n"
HEAD = HEAD.replace("Phí, lệ phí", '"Phí, lệ phí"')
THERE, ENDED, DRAFTED = "2.991001", "2.991002", "2.991003"


@pytest.fixture(scope="module")
def filled(db, people):
    with db.connect() as conn:
        limit = TimeLimit(value=5, unit="working_days", basis="99/QĐ-MAU")
        for code in (THERE, ENDED, DRAFTED):
            made = Procedure(
                code=code, name={"vi": f"Thủ tục mẫu {code}", "fr": "Modèle"}, levels=("province",),
                manners=(Manner(limits=(limit,)),), sources=("mau.vn",),
            )  # fmt: skip
            publish_new(conn, "import", [made], "x.csv", date(2026, 1, 5))
        catalogue.abolish(conn, "head", ENDED, date(2026, 6, 1), decision="1/QĐ-MAU")
        catalogue.start(conn, "another", DRAFTED, 1, "editor")
        accounts.create(
            conn, operator(), "bringer", name="Biên tập viên", roles=["office"], password=PASSWORD
        )
        conn.commit()
    people["bringer"] = PASSWORD


@pytest.fixture
def editor(signed_in, filled):
    return signed_in("bringer")


def bring(client, data, name="danh-sach.csv"):
    body = data if isinstance(data, bytes) else data.encode()
    return client.post(
        "/procedures/imports", data={"_csrf_token": csrf(client)}, files={"file": (name, body)},
        follow_redirects=False,
    )  # fmt: skip


def opened(client, data, name="danh-sach.csv"):
    """(address, page) of a file that was kept."""
    answer = bring(client, data, name)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"], unescape(client.get(answer.headers["location"]).text)


def seen(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


def take(client, address, page, **data):
    return post(client, f"{address}/take", seen=seen(page), **data)


def of(db, code):
    with db.connect() as conn:
        return catalogue.versions(conn, code)


FILE = (
    HEAD
    + "1.991101.000.00.00.H56,Thủ tục mới một,Tỉnh,Mẫu,15 ngày,15,ngày,1.500.000 đồng\n"
    + "1.991102,Thủ tục mới hai,Bộ; Xã,,,,,\n"
    + f"{THERE},Thủ tục mẫu {THERE},Tỉnh,Lĩnh vực mới,,3,ngày làm việc,\n"
    + f"{ENDED},Thủ tục mẫu đã bãi bỏ,Tỉnh,,,,,\n"
    + f"{DRAFTED},Tên khác,Tỉnh,,,,,\n"
    + ",Thủ tục chưa có mã,Tỉnh,,,,,\n"
    + "1.991103,Sai cấp,Huyện,,,,,\n"
)


def test_a_file_is_seen_line_by_line_then_taken_and_nothing_is_lost(editor, db):
    address, page = opened(editor, FILE)
    for words in (
        "“Huyện” không có trong cột “Cấp thực hiện”; hãy ghi một trong: Bộ, Tỉnh, Xã",
        "Có người đang soạn bản thảo",
        "tệp không làm nó có lại",
        "còn chờ mã quốc gia",
        "lĩnh vực, kênh, thời hạn và phí",
    ):
        assert words in page
    assert "levels" not in page.partition("Các dòng của tệp")[2]
    assert of(db, "1.991101") == [], "a preview changes nothing"
    assert editor.get(f"{address}/file").content == FILE.encode()

    stopped = take(editor, address, page, new="drafts")
    assert stopped.status_code == 422
    assert "Có 1 dòng bị từ chối" in stopped.text
    publication = {
        "new": "publish",
        "partly": "1",
        "number": "12/QĐ-MAU",
        "valid_from": "2026-12-01",
    }
    incomplete = take(editor, address, page, **publication)
    assert incomplete.status_code == 422
    assert 'value="12/QĐ-MAU"' in incomplete.text, "what was typed stays"
    for lacking in ({"number": ""}, {"valid_from": ""}, {"valid_from": "32/13/2026"}):
        refused = take(editor, address, page, **publication | {"incomplete": "1"} | lacking)
        assert refused.status_code == 422
    assert of(db, "1.991101") == []

    done = take(editor, address, page, **publication, incomplete="1")
    assert done.status_code == 303, done.text
    after = unescape(editor.get(done.headers["location"]).text)
    assert "Đã nhận tệp" in after
    assert "Sai cấp" in after
    new = of(db, "1.991101")[0]
    assert (new.status, new.valid_from, new.procedure.decision.number) == (
        "published", date(2026, 12, 1), "12/QĐ-MAU",
    )  # fmt: skip
    assert [(x.value, x.unit) for x in new.procedure.limits] == [(15, "days")]
    assert new.procedure.manners[0].fees[0].amount == 1_500_000
    draft, old = of(db, THERE)
    assert (draft.status, old.status) == ("draft", "published")
    assert draft.procedure.name["fr"] == "Modèle", "what the file does not say stays"
    assert draft.procedure.sources == ("mau.vn",)
    assert (draft.procedure.field, draft.procedure.limits[0].value) == ("Lĩnh vực mới", 3)
    assert len(of(db, ENDED)) == 1
    assert of(db, DRAFTED)[0].procedure.name["vi"] != "Tên khác", "an editor's draft is left alone"
    with db.connect() as conn:
        told = audit.entries(conn, act="procedure.import_taken")[0].about
    assert (told["added"], told["changed"], told["refused"], told["draft"]) == (2, 1, 1, 1)
    again = take(editor, address, page, new="drafts", partly="1")
    assert again.status_code == 422
    assert "đã được xử lý" in again.text


def test_what_was_shown_is_what_is_done(editor, db):
    address, page = opened(editor, HEAD + "1.991201,Thủ tục chen ngang,Tỉnh,,,,,\n")
    assert (
        bring(editor, HEAD + "1.991201,Thủ tục chen ngang,Tỉnh,,,,,\n").headers["location"]
        == address
    )
    with db.connect() as conn:
        made = Procedure(code="1.991201", name={"vi": "Đã có từ tay khác"})
        catalogue.draft(conn, "another", made, "editor")
        conn.commit()
    late = take(editor, address, page, new="drafts")
    assert late.status_code == 422
    assert "Danh mục đã thay đổi" in late.text
    assert of(db, "1.991201")[0].procedure.name["vi"] == "Đã có từ tay khác"
    gone = post(editor, f"{address}/give-up")
    assert gone.status_code == 303
    assert "không nhận" in editor.get(address).text


def test_only_editors_see_and_bring_files(signed_in, filled):
    for name in ("officer", "inspector"):
        client = signed_in(name)
        assert client.get("/procedures/imports").status_code == 403
        assert bring(client, FILE).status_code == 403
    client.cookies.clear()
    assert client.get("/procedures/imports", follow_redirects=False).status_code in (302, 303, 401)


def workbook(rows, **cells) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Bìa")
        sheet.write(0, 0, "Danh mục")
        sheet = book.add_worksheet("Dữ liệu")
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("="):
                    sheet.write_formula(at, place, cell, None, cells.get("value", ""))
                else:
                    sheet.write(at, place, cell)
    return out.getvalue()


HEADS = ["Mã TTHC", "Tên thủ tục", "Cấp thực hiện"]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (HEAD.encode() + "1.991301,Thủ tục,Tỉnh,,,,,\n".encode("utf-16-le"), "a.csv", "CSV"),
        (HEAD.encode() + b"1.991301,Th\xf9 t\xf3c,T,,,,,\n", "a.csv", "không phải UTF-8"),
        (HEAD.encode("utf-16")[:-1], "a.csv", "UTF-8"),
        ("Tên thủ tục,Cấp\nA,Tỉnh\n".encode(), "a.csv", "Mã TTHC"),
        (b"a,b,c\n1,2,3\n", "a.csv", "Tên TTHC"),
        (b"", "a.csv", "Mã TTHC"),
        (HEAD.encode(), "a.csv", "không có thủ tục nào"),
        (b"%PDF-1.7\n", "a.pdf", "XLSX"),
        (b"PK\x03\x04not a workbook", "a.xlsx", "XLSX"),
        ((HEAD + "1.991301,A,Tỉnh,,,,,\n" * 6_000).encode(), "a.csv", "5000"),
        (workbook([HEADS[:2]]), "a.xlsx", "không có thủ tục nào"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_told_and_kept_nowhere(editor, db, data, name, said):
    answer = bring(editor, data, name)
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert "Chưa nhận gì" in answer.text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1.01227,Mất số không,Tỉnh", "có phải là 1.012270"),
        ('"1,012279",Mất dấu chấm,Tỉnh', "có phải là 1.012279"),
        ("1012279,Mất dấu chấm,Tỉnh", "không phải mã thủ tục"),
        ("4.000001,Mã lạ,Tỉnh", "không phải mã thủ tục"),
        ("=HYPERLINK(1),Công thức,Tỉnh", "công thức"),
        ("1.991301,=cmd|'/C calc'!A0,Tỉnh", "công thức"),
        ("1.991301,#REF!,Tỉnh", "công thức"),
        ("1.991301,<script>alert(1)</script>,Tỉnh", "mã định dạng"),
        ("1.991301,A<b>đậm</b>,Tỉnh", "mã định dạng"),
        ("1.991301,,Tỉnh", "Tên thủ tục để trống"),
        ("1.991301,A\x07B,Tỉnh", "ký tự không hiển thị"),
        ("1.991301,A,Huyện", "Cấp thực hiện"),
        (f"1.991301,{'a' * 20_001},Tỉnh", "quá dài"),
    ],
)
def test_a_hostile_line_is_refused_with_its_reason_and_the_others_are_taken(editor, db, line, said):
    text = "Mã TTHC,Tên thủ tục,Cấp thực hiện\n" + line + "\n1.991399,Dòng lành,Tỉnh\n"
    address, page = opened(editor, text)
    assert said in page, page
    assert "<script>alert" not in editor.get(address).text
    assert post(editor, f"{address}/give-up").status_code == 303


def test_codes_that_stand_twice_are_refused_in_both_places(editor, db):
    text = (
        "Mã TTHC,Tên thủ tục\n1.991401,Một\n1.991401.000.00.00.H01,Hai\n"
        "1.991402,=1+1\n1.991402,Dòng sau vẫn đúng\n1.991403,5 < 6 và 7 > 3\n"
    )
    address, page = opened(editor, text)
    assert page.count("Mã 1.991401 có ở nhiều dòng: 2, 3") == 2
    assert take(editor, address, page, new="drafts", partly="1").status_code == 303
    assert of(db, "1.991401") == []
    assert of(db, "1.991403")[0].procedure.name["vi"] == "5 < 6 và 7 > 3"


def test_a_workbook_with_numbers_formulas_and_a_hundred_columns(editor, db):
    extra = [f"Cột {n}" for n in range(97)]
    rows = [
        ["DANH MỤC THỦ TỤC"], HEADS + extra,
        [1.99150, "Mã là số", "Tỉnh", *range(97)],
        ["=A3", "Mã là công thức đã tính", "Tỉnh"],
        ["1.991502", "=UPPER(B3)", "Tỉnh"],
    ]  # fmt: skip
    address, page = opened(editor, workbook(rows, value="1.991509"), "bang.xlsx")
    assert "Cột 0" in page
    assert "Cột 96" in page, "every column that is left out is named"
    taken = take(editor, address, page, new="drafts", partly="1")
    assert taken.status_code == 303, taken.text
    assert of(db, "1.991500")[0].procedure.name["vi"] == "Mã là số"
    assert of(db, "1.991509")[0].procedure.name["vi"] == "Mã là công thức đã tính"
    assert "1.991502" in page
