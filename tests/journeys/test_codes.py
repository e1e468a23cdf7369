"""An official reads a contract in its versions, looks a retired code up, and decides about one that no list knows."""

from __future__ import annotations

import pytest

from lienthong import clock
from lienthong.contracts.reading import declared_contracts, read_contract
from tests.journeys.hospital import envelope
from tests.journeys.test_officer import csrf


@pytest.fixture
def unknown(db):
    """A code that two hospitals sent."""
    with db.connect() as conn, conn.transaction():
        conn.execute("DELETE FROM records.code_decision")
        for sender in ("01999", "79001"):
            conn.execute(
                "INSERT INTO records.unmapped_code (list, code, contract, field, sender, seen, first_seen,"
                " last_seen, last_receipt) VALUES ('communes', '77777', 'care', 'XML1.MAXA_CU_TRU', %s, 2, %s, %s,"
                " 'TN-20261122-000001') ON CONFLICT DO NOTHING",
                [sender, clock.now(), clock.now()],
            )


def test_a_contract_shows_its_versions_with_dates_and_basis(signed_in):
    client = signed_in("ministry")
    page = client.get("/contracts/care", params={"table": "XML13"}).text
    for said in ("3176", "01/01/2025", "Quyết định 130/QĐ-BYT", "Chưa biết"):
        assert said in page
    old = client.get("/contracts/care", params={"version": "130", "table": "XML1"}).text
    assert "NHOM_MAU" not in old and "version=130" in old
    assert client.get("/contracts/care", params={"version": "1"}).status_code == 404
    sheet = client.get("/contracts/care/download/json-schema", params={"on": "2023-05-01"}).json()
    assert "XML13" not in sheet["$defs"] and "XML1" in sheet["$defs"]


def test_a_retired_commune_names_what_it_was_divided_into(signed_in):
    page = signed_in("ministry").get("/codes", params={"name": "communes", "wanted": "00007"}).text
    assert "Phường Ngọc Hà" in page and "Phường Giảng Võ" in page


def test_the_owner_of_a_database_decides_about_an_unknown_code(signed_in, unknown):
    client = signed_in("owner")
    page = client.get("/codes/worklist").text
    assert "77777" in page and "XML1.MAXA_CU_TRU" in page
    form = {"list": "communes", "code": "77777", "answer": "1", "_csrf_token": csrf(page)}
    wrong = client.post("/codes/worklist", data=form | {"target": "88888", "reason": "thử"})
    assert wrong.status_code == 422 and "88888" in wrong.text
    kept = client.post(
        "/codes/worklist", data=form | {"target": "00097", "reason": "Danh mục cũ của phần mềm"}
    )
    assert kept.status_code == 200 and "Đã ghi quyết định" in kept.text
    page = client.get("/codes/worklist", params={"show": "mapped"}).text
    assert "Phường Hồng Hà" in page and "Danh mục cũ của phần mềm" in page


def test_the_ministry_sees_the_worklist_and_decides_nothing(signed_in, unknown):
    client = signed_in("ministry")
    page = client.get("/codes/worklist").text
    assert "77777" in page and 'name="target"' not in page


def test_a_facility_sees_only_its_own_codes_and_decides_nothing(site, token, unknown):
    headers = {"authorization": f"Bearer {token}"}
    (one,) = site.get("/api/v1/codes/worklist", headers=headers).json()
    assert (one["code"], one["senders"], one["seen"]) == ("77777", 1, 2)
    answer = site.post(
        "/api/v1/codes/worklist/communes/77777",
        headers=headers,
        json={"state": "invalid", "reason": "no"},
    )
    assert answer.status_code == 403


@pytest.fixture(scope="module")
def sent(send):
    """Hospital 01999 sent two visits."""
    return send(envelope(611, 2), "hoso.xml", "care", "01999")


def test_scores_and_pages_are_shown_under_either_map(signed_in, site, token, sent):
    client = signed_in("ministry")
    for address in ("/", "/databases/care", "/senders"):
        now, before = (client.get(address, params={"map": one}) for one in ("34", "63"))
        assert now.status_code == before.status_code == 200
        assert "63 tỉnh trước 01/07/2025" in now.text
        assert "hai ký tự đầu của mã cơ sở" in before.text
    assert "trước 01/07/2025: Thành phố Hà Nội" in client.get("/senders/01999").text
    headers = {"authorization": f"Bearer {token}"}
    asked = {"by": "province", "map": "63", "contract": "care"}
    (line,) = site.get("/api/v1/scores", headers=headers, params=asked).json()
    assert line["group"] == {"province": "01"} and line["card"]["rows"] > 0


def test_a_former_province_tells_what_to_do_next(signed_in, site, token, send, sent):
    wrong = {0: ("XML1", "GIOI_TINH", "9")}
    send(envelope(612, 3, wrong), "hoso.xml", "care", "01999")
    send(b"MA_LK,STT,MA_CSKCB\nX9,1,KX\n", "XML1.csv", "care", "99001")
    client = signed_in("ministry")
    for address in ("/", "/databases/care"):
        page = client.get(address, params={"map": "63"}).text
        assert f"{address}?map=63&amp;province=01#province" in page
        assert f"{address}?map=63&amp;province=-#province" in page
        assert "Việc nên làm tiếp ở" not in page
        chosen = client.get(address, params={"map": "63", "province": "01"}).text
        assert "Việc nên làm tiếp ở Thành phố Hà Nội" in chosen
        part = chosen.split('id="province"')[1].split('class="acts"')[1].split("</ol>")[0]
        assert "01999" in part and "99001" not in part
        nobody = client.get(address, params={"map": "63", "province": "-"}).text
        why, part = nobody.split('id="province"')[1].split('class="acts"')
        part = part.split("</ol>")[0]
        assert "Không xác định được" in why and "99001" in part and "01999" not in part
        assert 'id="province"' not in client.get(address, params={"province": "zz"}).text
    headers = {"authorization": f"Bearer {token}"}
    ask = {"map": "63", "province": "01", "contract": "care"}
    found = site.get("/api/v1/scores/explain", headers=headers, params=ask).json()
    assert found and {one["old_province"] for one in found} == {"01"}


def test_a_list_that_is_only_named_says_what_is_missing_and_what_to_do(signed_in):
    """A field of a contract may name a list that no public source gives: its link leads to a page all the same."""
    page = signed_in("ministry").get("/codes?name=nationalities")
    assert page.status_code == 200
    assert "Quốc tịch" in page.text
    assert "codes/nationalities.csv" in page.text
    assert signed_in("ministry").get("/codes?name=no-such-list").status_code == 404


def test_every_list_that_a_contract_names_has_its_page(signed_in):
    client = signed_in("ministry")
    named = {
        field.code_list
        for name in declared_contracts()
        for table in read_contract(name).tables
        for field in table.fields
        if field.code_list
    }
    assert len(named) > 20
    assert {name for name in named if client.get(f"/codes?name={name}").status_code != 200} == set()
