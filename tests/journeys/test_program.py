"""A hospital's program at the API: sends files and single records, reads receipts, findings, records and scores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.hospital import envelope, one_visit
from tests.journeys.test_officer import NO_REASON

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "reference" / "openapi.json"


@pytest.fixture
def program(site, token) -> Iterator:
    """A client that speaks as hospital 01999's program."""
    site.cookies.clear()
    site.headers["authorization"] = f"Bearer {token}"
    yield site
    del site.headers["authorization"]


def send(program, data: bytes, **more):
    """Send a file and wait for the check."""
    return program.post(
        "/api/v1/submissions",
        params={"contract": "care", "name": "hoso.xml", "wait": True, **more},
        content=data,
    )


def test_a_file_is_sent_checked_and_explained(program):
    answer = send(program, envelope(31, 2, NO_REASON))
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert (receipt["received"], receipt["kept"], receipt["quarantined"]) == (2, 1, 1)
    assert answer.headers["location"] == f"/api/v1/submissions/{receipt['receipt']}"
    assert program.get(answer.headers["location"]).json()["sha256"] == receipt["sha256"]

    found = program.get(answer.headers["location"] + "/findings").json()
    blamed = [finding.get("field") for finding in found["examples"]]
    assert "LY_DO_VV" in blamed
    sentence = next(f for f in found["examples"] if f.get("field") == "LY_DO_VV")["message"]
    assert set(sentence) == {"vi", "en", "fr"}

    table = program.get(
        answer.headers["location"] + "/findings/csv", headers={"accept-language": "en"}
    )
    assert table.headers["content-type"].startswith("text/csv")
    assert sentence["en"] in table.text


def test_the_same_bytes_get_the_same_receipt(program):
    data = envelope(32, 1)
    first = send(program, data).json()
    again = send(program, data)
    assert again.status_code == 200
    assert again.json()["receipt"] == first["receipt"]
    assert again.json()["again"] is True


def test_a_form_does_as_well_as_a_raw_body(program):
    answer = program.post(
        "/api/v1/submissions?contract=care&test=true&wait=true",
        files={"file": ("hoso.xml", envelope(33, 1), "text/xml")},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["test"] is True
    assert answer.json()["name"] == "hoso.xml"


def test_a_kept_record_is_read_by_key_now_and_as_of_a_moment(program):
    receipt = send(program, envelope(34, 1)).json()
    found = program.get(
        "/api/v1/records/care/XML1", params={"purpose": "quality", "receipt": receipt["receipt"]}
    ).json()
    assert len(found) == 1
    address = f"/api/v1/records/care/XML1/{found[0]['key']}"
    record = program.get(address, params={"purpose": "quality"})
    assert record.status_code == 200, record.text
    assert record.json()["rows"]["XML1"][0]["MA_LK"] in found[0]["key"]
    versions = program.get(address + "/versions", params={"purpose": "quality"}).json()
    assert [version["version"] for version in versions] == [1]
    before = program.get(
        address, params={"purpose": "quality", "as_of": "2020-01-01T00:00:00+07:00"}
    )
    assert before.status_code == 404
    without = program.get(address)
    assert without.status_code == 400, "a purpose must be said"
    other = program.get(address, params={"purpose": "statistics"})
    assert other.status_code == 403


def test_one_record_is_kept_at_once(program):
    refused = program.post("/api/v1/records/care/NOTHING", json={"MA_LK": "1"})
    assert refused.status_code == 422
    assert refused.json()["code"]
    record = one_visit(35)
    kept = program.post("/api/v1/records/care/XML1", json=record)
    assert kept.status_code == 201, kept.text
    assert kept.json()["received"] == 1
    again = program.post("/api/v1/records/care/XML1", json=record)
    assert again.status_code == 200


def test_a_program_cannot_send_or_read_for_another_hospital(program):
    assert send(program, envelope(36, 1), sender="79001").status_code == 403
    assert program.get("/api/v1/scores", params={"sender": "79001"}).status_code == 403
    assert program.get("/api/v1/submissions", params={"sender": "79001"}).status_code == 403
    mine = program.get("/api/v1/submissions").json()
    assert {line["sender"] for line in mine} <= {"01999"}


def test_scores_come_with_their_numbers(program):
    send(program, envelope(37, 2, NO_REASON))
    lines = program.get("/api/v1/scores", params={"by": ["contract"]}).json()
    assert [line["group"] for line in lines] == [{"contract": "care"}]
    score = lines[0]["card"]["criteria"]["sufficient"]
    rows = next(measure for measure in score["measures"] if measure["name"] == "rows")
    assert 0 < rows["numerator"] < rows["denominator"]
    causes = program.get("/api/v1/scores/explain").json()
    assert any(cause["field"] == "LY_DO_VV" and cause["sender"] == "01999" for cause in causes)


def test_contracts_and_codes_are_served(program):
    names = [line["name"] for line in program.get("/api/v1/contracts").json()]
    assert {"care", "practice", "vital_events"} <= set(names)
    for form in ("yaml", "odcs", "sql", "json-schema", "markdown"):
        assert program.get(f"/api/v1/contracts/care/{form}").status_code == 200
    hanoi = program.get("/api/v1/codes/provinces", params={"code": "01", "day": "20261122"}).json()
    assert [code["label"]["vi"] for code in hanoi] == ["Thành phố Hà Nội"]
    assert program.get("/api/v1/codes/nothing").status_code == 404


def test_errors_are_problems_in_the_language_asked_for(program):
    answer = program.get(
        "/api/v1/submissions/TN-20200101-999999", headers={"accept-language": "fr-FR,en"}
    )
    problem = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert problem["status"] == 404
    assert problem["code"] == "receipt.unknown"
    assert problem["type"] == "urn:lienthong:problem:receipt.unknown"
    french = problem["detail"]
    english = program.get(
        "/api/v1/submissions/TN-20200101-999999", headers={"accept-language": "en"}
    ).json()["detail"]
    assert french != english
    wrong = program.get("/api/v1/submissions?limit=many").json()
    assert wrong["status"] == 400
    assert program.get("/api/v1/nothing/at/all").json()["status"] == 404


def test_a_wrong_token_opens_nothing(site):
    answer = site.get(
        "/api/v1/contracts", headers={"authorization": "Bearer lt_000000000000_" + "x" * 43}
    )
    assert answer.status_code == 401


def test_the_committed_description_is_that_of_the_program(site):
    """`make docs` writes it again."""
    served = site.get("/api/v1/openapi.json").json()
    assert served["openapi"].startswith("3.1")
    assert json.loads(COMMITTED.read_text("utf-8")) == served
    for path, item in served["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], f"{method} {path}"


def test_the_description_for_people_lists_every_operation(site):
    site.cookies.clear()
    page = site.get("/api").text
    for path in site.get("/api/v1/openapi.json").json()["paths"]:
        assert path in page


@pytest.mark.parametrize("path", ["/nowhere", "/quarantine?sender=79001", "/scores/nowhere/at/all"])
def test_an_unknown_address_is_a_problem_and_no_page(site, token, path):
    answer = site.get(f"/api/v1{path}", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == 404


def test_the_description_stays_where_it_was(site):
    said = site.get("/api/v1/openapi.json")
    assert said.status_code == 200
    assert "/api/v1/submissions" in said.json()["paths"]
