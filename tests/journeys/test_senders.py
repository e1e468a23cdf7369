"""A hospital that sends a database which is not its own is refused by every door, and the trail tells of it."""

from __future__ import annotations

import pytest

from lienthong.access import operator, tokens
from tests.journeys.test_officer import csrf

NAMED = "Provincial health department"


@pytest.fixture
def headers(token):
    return {"authorization": f"Bearer {token}", "accept-language": "en"}


def _attempts(db) -> int:
    with db.connect() as conn:
        rows = conn.execute(
            "SELECT about FROM app.audit WHERE act = 'submission.not_allowed'"
        ).fetchall()
    assert all(row[0]["contract"] and row[0]["sender"] for row in rows)
    return len(rows)


def test_by_file_by_record_and_on_the_page(site, db, headers, signed_in):
    before = _attempts(db)
    file = site.post("/api/v1/submissions?contract=food_safety", content=b"x", headers=headers)
    record = site.post("/api/v1/records/food_safety/establishments", content=b"{}", headers=headers)
    for answer in (file, record):
        assert answer.status_code == 403
        assert answer.json()["code"] == "sender.kind"
        assert NAMED in answer.json()["detail"]
    officer = signed_in("officer")
    token = csrf(officer.get("/upload").text)
    page = officer.post(
        "/upload",
        data={"contract": "food_safety", "sender": "01999", "_csrf_token": token},
        files={"file": ("x.csv", b"MA")},
    )
    assert page.status_code == 403
    assert _attempts(db) == before + 3
    with db.connect() as conn:
        kept = conn.execute(
            "SELECT count(*) FROM records.submission WHERE contract = 'food_safety'"
        )
        assert kept.fetchone() == (0,)


def test_a_token_may_be_narrowed_and_an_unknown_kind_must_be_granted(site, db):
    with db.connect() as conn:
        made = {
            "narrow": ("01999", ["practice"]), "granted": ("X9", ["care"]), "unknown": ("X9", None),
        }  # fmt: skip
        given = {
            name: tokens.create(conn, operator(), facility=facility, name=name, contracts=only)
            for name, (facility, only) in made.items()
        }
        conn.commit()
    codes = {}
    for name, token in given.items():
        answer = site.post(
            "/api/v1/submissions?contract=care&name=a.csv",
            content=name.encode(),
            headers={"authorization": f"Bearer {token}"},
        )
        codes[name] = (answer.status_code, answer.json().get("code"))
    assert codes == {
        "narrow": (403, "sender.token"), "granted": (202, None), "unknown": (403, "sender.unknown"),
    }  # fmt: skip


def test_an_administrator_narrows_a_token_on_the_page(signed_in):
    admin = signed_in("admin")
    form = {"facility": "01999", "name": "narrow", "_csrf_token": csrf(admin.get("/accounts").text)}
    wrong = admin.post("/tokens", data=form | {"contracts": "cares"})
    assert wrong.status_code == 422
    made = admin.post("/tokens", data=form | {"contracts": "care, practice"})
    assert made.status_code == 200
    assert "care, practice" in made.text


def test_what_was_given_up_is_seen_and_tried_again(site, db, signed_in):
    with db.connect("owner") as conn:
        conn.execute(
            "INSERT INTO records.crossing_due (contract, receipts, attempts, why)"
            " VALUES ('practice', '{TN-1}', 3, 'QueryCanceled'), ('practice', '{TN-2}', 0, NULL)"
        )
        conn.commit()
    assert 'action="/alerts/recheck/practice"' not in signed_in("officer").get("/alerts").text
    owner = signed_in("owner")
    page = owner.get("/alerts").text
    assert "QueryCanceled" in page
    form = {"_csrf_token": csrf(page)}
    done = owner.post("/alerts/recheck/practice", data=form, follow_redirects=False)
    assert done.status_code == 303
    assert "QueryCanceled" not in owner.get("/alerts").text
    assert owner.post("/alerts/recheck/practice", data=form).status_code == 404
    with db.connect("owner") as conn:
        assert conn.execute("SELECT max(attempts) FROM records.crossing_due").fetchone() == (0,)
        conn.execute("DELETE FROM records.crossing_due")
        conn.commit()


def test_a_number_that_no_column_holds_is_a_wrong_request(site, db, signed_in):
    owner = signed_in("owner")
    assert owner.get(f"/alerts?start={10**30}").status_code == 400
    with db.connect() as conn:
        token = tokens.create(conn, operator(), facility="01999", name="start", province="01")
        conn.commit()
    answer = site.get(
        f"/api/v1/tickets?start={10**30}", headers={"authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_a_table_that_is_somebody_elses_is_refused_by_file_by_record_and_shown(
    site, db, headers, signed_in, send
):
    before = _attempts(db)
    body = {"SO_DANG_KY": "VD-1-20", "TEN_THUOC": "Mẫu"}
    record = site.post("/api/v1/records/medicines/drugs", json=body, headers=headers)
    assert record.status_code == 403 and record.json()["code"] == "sender.table"
    assert "Drug Administration" in record.json()["detail"]
    assert _attempts(db) == before + 1
    ours = site.post("/api/v1/records/medicines/outlets", json={"MA_CSKDD": "1"}, headers=headers)
    assert ours.status_code != 403
    given = send(
        b"SO_DANG_KY,TEN_THUOC\nVD-1-20,M\xe1\xba\xabu\n", "drugs.csv", "medicines", "01999"
    )
    assert (given.state, given.kept, given.received) == ("refused", 0, 0)
    page = signed_in("ministry").get(f"/submissions/{given.receipt}").text
    assert "không được gửi bảng drugs" in page and "Cục Quản lý Dược" in page
    empty = send(b"SO_DANG_KY,TEN_THUOC\n", "drugs.csv", "medicines", "01999")
    assert "may not send" not in (empty.message or "")
    shown = signed_in("ministry").get("/contracts/medicines?table=drugs").text
    assert "Bảng này do các đơn vị sau gửi: Cục Quản lý Dược." in shown
    assert "Bảng này do" not in signed_in("ministry").get("/contracts/medicines?table=sales").text
