"""A ministry's own system brings procedures as a file by API: the same preview, rules and audit as on the pages."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest

from lienthong import audit, clock
from lienthong.access import operator, tokens
from lienthong.procedures import catalogue
from lienthong.procedures.importing import publish_new
from lienthong.procedures.procedure import Procedure

HEAD = "Mã TTHC,Tên thủ tục,Cấp thực hiện,Lĩnh vực,Cột lạ\n"
THERE, DRAFTED = "2.992001", "2.992003"
LATER = (clock.today() + timedelta(days=2)).isoformat()
"""A day that is still to come when the tests run over midnight."""
FILE = (
    HEAD
    + "1.992101.000.00.00.H56,Thủ tục mới,Tỉnh,Mẫu,x\n"
    + f"{THERE},Thủ tục mẫu {THERE},Tỉnh,Lĩnh vực mới,\n"
    + f"{DRAFTED},Tên khác,Tỉnh,,\n"
    + ",Thủ tục chưa có mã,Tỉnh,,\n"
    + "1.992103,Sai cấp,Huyện,,\n"
)


@pytest.fixture(scope="module")
def keys(db):
    with db.connect() as conn:
        for code in (THERE, DRAFTED):
            made = Procedure(
                code=code, name={"vi": f"Thủ tục mẫu {code}", "fr": "Modèle"}, levels=("province",)
            )
            publish_new(conn, "import", [made], "x.csv", date(2026, 1, 5))
        catalogue.start(conn, "another", DRAFTED, 1, "editor")
        given = {"office": "G18", "province_officer": "SYT", "sender": "01999"}
        held = {
            role: tokens.create(
                conn, operator(), facility=facility, province="01", name=role, roles=(role,)
            )
            for role, facility in given.items()
        }
        conn.commit()
    return held


@pytest.fixture
def call(site, keys):
    """Ask as a program of a role: (method, address under /procedures/imports, role, what else the client takes)."""

    def run(method, path="", who="office", language="en", **more):
        site.cookies.clear()
        given = {"authorization": f"Bearer {keys[who]}", "accept-language": language}
        return site.request(method, f"/api/v1/procedures/imports{path}", headers=given, **more)

    return run


@pytest.fixture
def bring(call):
    """Bring a file; what is shown of it."""

    def run(text, name="danh-sach.csv"):
        answer = call("POST", content=text.encode(), params={"file": name})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert answer.headers["location"] == f"/api/v1/procedures/imports/{made['number']}"
        return made

    return run


def problem(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    return answer.json()["detail"]


def of(db, code):
    with db.connect() as conn:
        return catalogue.versions(conn, code)


def test_a_file_is_seen_line_by_line_then_taken(call, bring, db):
    seen = bring(FILE)
    number = seen["number"]
    assert [(one["code"], one["standing"]) for one in seen["lines"]] == [
        ("1.992101", "added"), (THERE, "changed"), (DRAFTED, "draft"), ("", "uncoded"), ("1.992103", "refused"),
    ]  # fmt: skip
    assert seen["counted"] == dict.fromkeys(("added", "changed", "draft", "uncoded", "refused"), 1)
    assert seen["left_out"] == ["Cột lạ"]
    assert (seen["state"], seen["incomplete"], seen["sha256"]) == (
        "waiting", 1, hashlib.sha256(FILE.encode()).hexdigest(),
    )  # fmt: skip
    change = {one["part"]: one for one in seen["lines"][1]["changes"]}["field"]
    assert (change["before"], change["after"]) == ("", "Lĩnh vực mới")
    (fault,) = seen["lines"][4]["faults"]
    assert set(fault) == {"vi", "en", "fr"}
    assert "Huyện" in fault["fr"]
    assert of(db, "1.992101") == [], "a preview changes nothing"
    assert call("GET", f"/{number}/file").content == FILE.encode()
    assert bring(FILE)["number"] == number, "the same bytes wait once"

    take = {
        "seen": seen["seen"], "publish": True, "valid_from": LATER, "decision": {"number": "12/QĐ-MAU"},
    }  # fmt: skip
    for lacking, code in (
        ({}, "PROCEDURE-IMPORT-REFUSED"),
        ({"partly": True, "valid_from": None}, "PROCEDURE-IMPORT-DAY"),
        ({"partly": True, "decision": None}, "PROCEDURE-DECISION"),
        ({"partly": True}, "PROCEDURE-INCOMPLETE"),
    ):
        problem(call("POST", f"/{number}/take", json=take | lacking), 422, code)
    assert of(db, "1.992101") == []

    agreed = take | {"partly": True, "incomplete": True}
    done = call("POST", f"/{number}/take", json=agreed)
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["outcome"]) == ("taken", seen["counted"])
    assert [one["standing"] for one in done.json()["lines"]] == [
        one["standing"] for one in seen["lines"]
    ], "each line says what became of it"
    new = of(db, "1.992101")[0]
    assert (new.status, new.valid_from.isoformat(), new.procedure.decision.number) == (
        "published", LATER, "12/QĐ-MAU",
    )  # fmt: skip
    draft = of(db, THERE)[0]
    assert (draft.status, draft.procedure.field) == ("draft", "Lĩnh vực mới")
    assert draft.procedure.name["fr"] == "Modèle", "what the file does not say stays"
    assert len(of(db, DRAFTED)) == 2, "an editor's draft is left alone"
    with db.connect() as conn:
        entry = audit.entries(conn, act="procedure.import_taken")[0]
        assert audit.entries(conn, act="procedure.import_brought")[0].about["import"] == number
    assert (entry.about["import"], entry.about["added"], entry.about["published"]) == (number, 1, True)  # fmt: skip
    problem(call("POST", f"/{number}/take", json=agreed), 409, "PROCEDURE-IMPORT-SETTLED")
    problem(call("POST", f"/{number}/give-up"), 409, "PROCEDURE-IMPORT-SETTLED")
    assert call("GET").json()[0]["outcome"] == seen["counted"]


def test_lines_come_by_page_and_by_standing(call, bring):
    rows = "".join(
        f"1.9922{n:02},Thủ tục {n},{'Huyện' if n % 5 == 0 else 'Tỉnh'},,\n" for n in range(12)
    )
    number = bring(HEAD + rows)["number"]
    found, start = [], 0
    while start is not None:
        page = call("GET", f"/{number}", params={"start": start, "limit": 5}).json()
        found += [one["line"] for one in page["lines"]]
        start = page["next"]
    assert found == list(range(2, 14))
    refused = call("GET", f"/{number}", params={"show": "refused"}).json()
    assert [one["line"] for one in refused["lines"]] == [2, 7, 12]
    assert refused["counted"] == {"added": 9, "refused": 3}


def test_what_was_looked_at_is_what_is_done(call, bring, db):
    seen = bring(HEAD + "1.992301,Thủ tục chen ngang,Tỉnh,,\n")
    number = seen["number"]
    with db.connect() as conn:
        made = Procedure(code="1.992301", name={"vi": "Đã có từ tay khác"})
        catalogue.draft(conn, "another", made, "editor")
        conn.commit()
    late = call("POST", f"/{number}/take", json={"seen": seen["seen"]})
    problem(late, 409, "PROCEDURE-IMPORT-CHANGED")
    assert of(db, "1.992301")[0].procedure.name["vi"] == "Đã có từ tay khác"
    given_up = call("POST", f"/{number}/give-up").json()
    assert (given_up["state"], given_up["counted"]) == ("given_up", {"left": 1})
    assert given_up["settled_by"]
    assert call("GET", f"/{number}/file").status_code == 200, "it stays readable"


def test_without_publication_new_procedures_become_drafts(call, bring, db):
    seen = bring(HEAD + "1.992401,Chờ quyết định,Tỉnh,,\n")
    done = call("POST", f"/{seen['number']}/take", json={"seen": seen["seen"]}).json()
    assert (done["state"], done["lines"][0]["standing"]) == ("taken", "added")
    (draft,) = of(db, "1.992401")
    assert (draft.status, draft.valid_from) == ("draft", None)


@pytest.mark.parametrize("who", ["province_officer", "sender"])
def test_only_editors_bring_and_see_files(call, bring, who):
    number = bring(HEAD + "1.992501,Của người khác,Tỉnh,,\n")["number"]
    for method, path, more in (
        ("GET", "", {}), ("POST", "", {"content": FILE.encode()}), ("GET", f"/{number}", {}),
        ("GET", f"/{number}/file", {}), ("POST", f"/{number}/take", {"json": {"seen": ""}}),
        ("POST", f"/{number}/give-up", {}),
    ):  # fmt: skip
        answer = call(method, path, who, **more)
        assert answer.status_code == 403, f"{method} {path}"
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert call("GET", f"/{number}").json()["state"] == "waiting"


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.csv", "Mã TTHC"), (HEAD.encode(), "a.csv", "no procedure"),
        (b"a,b,c\n1,2,3\n", "a.csv", "Tên TTHC"), (b"%PDF-1.7\n", "a.pdf", "XLSX"),
        (b"PK\x03\x04not a workbook", "a.xlsx", "spreadsheet"),
        (HEAD.encode() + b"1.992601,Th\xf9 t\xf3c,T,,\n", "a.csv", "UTF-8"),
        ((HEAD + "1.992601,A,Tỉnh,,\n" * 6_000).encode(), "a.csv", "5000"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_procedures_is_refused_and_kept_nowhere(call, data, name, said):
    before = len(call("GET", params={"limit": 1000}).json())
    answer = call("POST", content=data, params={"file": name})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"].startswith(("PROCEDURE-", "LIST-", "FILE-"))
    assert said in answer.json()["detail"]
    assert len(call("GET", params={"limit": 1000}).json()) == before


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/danh sách.csv", "danh sách.csv"), ("C:\\tệp\\a\x00b\r\n.csv", "ab.csv")],
)
def test_a_hostile_name_is_kept_without_its_harm(call, bring, name, kept):
    made = bring(HEAD + f"1.992701,{len(kept)},Tỉnh,,\n", name)
    assert made["name"] == kept
    told = call("GET", f"/{made['number']}/file").headers["content-disposition"]
    assert told.startswith("attachment; ")
    assert "/" not in told


def test_what_there_is_not_is_told(call, bring):
    for path in ("/999999", "/999999/file"):
        problem(call("GET", path), 404, "PROCEDURE-IMPORT")
    problem(call("POST", "/999999/give-up"), 404, "PROCEDURE-IMPORT")
    problem(call("POST", "/999999/take", json={"seen": "x"}), 404, "PROCEDURE-IMPORT")
    assert call("GET", "/99999999999999999999").status_code == 400
    number = bring(HEAD + "1.992801,Thân sai,Tỉnh,,\n")["number"]
    bodies: tuple[object, ...] = (
        {}, [], {"seen": 1}, {"seen": "x", "publis": True}, {"seen": "x", "valid_from": "32/13"},
    )  # fmt: skip
    for body in bodies:
        answer = call("POST", f"/{number}/take", json=body)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
    problem(call("POST", f"/{number}/take", json={"seen": "x"}), 409, "PROCEDURE-IMPORT-CHANGED")
