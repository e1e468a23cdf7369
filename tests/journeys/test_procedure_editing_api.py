"""A ministry's own system edits the catalogue by API: the same rules as on the pages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lienthong import clock
from lienthong.access import operator, tokens
from lienthong.procedures import catalogue
from lienthong.procedures.described import described
from lienthong.procedures.importing import publish_described, publish_new
from lienthong.procedures.known import known

CODE = "1.003039"
LATER = (clock.today() + timedelta(days=2)).isoformat()
"""A day that is still to come when the tests run over midnight."""


@pytest.fixture(scope="module")
def office(db):
    with db.connect() as conn:
        publish_new(conn, "import", known(), "known.csv", date(2025, 7, 3))
        publish_described(conn, "import", described())
        made = tokens.create(conn, operator(), facility="G18", name="office", roles=["office"])
        conn.commit()
    return made


@pytest.fixture
def call(site, office):
    site.cookies.clear()

    def run(method: str, path: str, body=None, **headers):
        given = {"authorization": f"Bearer {office}"} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }
        return site.request(method, f"/api/v1/procedures{path}", json=body, headers=given)

    return run


def test_a_version_is_drafted_written_and_published(call, db):
    begun = call("POST", f"/{CODE}/draft", {"version": 2})
    assert (begun.status_code, begun.json()["changes"]) == (201, [])
    assert call("POST", f"/{CODE}/draft", {"version": 2}).status_code == 409
    procedure = begun.json()["procedure"] | {"subjects": ["Cơ sở mua bán thiết bị y tế"], "sets": 2}
    assert call("PUT", f"/{CODE}/draft", procedure).status_code == 409, (
        "without having seen the draft"
    )
    tag = call("GET", f"/{CODE}/draft").headers["etag"]
    written = call("PUT", f"/{CODE}/draft", procedure, if_match=tag)
    assert written.status_code == 200, written.text
    assert (sorted(written.json()["changes"]), written.json()["missing"]) == (
        ["sets", "subjects"],
        [],
    )
    assert call("PUT", f"/{CODE}/draft", procedure, if_match=tag).status_code == 409, (
        "seen too long ago"
    )
    assert [one["code"] for one in call("GET", "/drafts").json()] == [CODE]

    decision = {"number": "101/QĐ-BYT", "agency": "Bộ Y tế"}
    past = call("POST", f"/{CODE}/publish", {"valid_from": "2026-01-01", "decision": decision})
    assert (past.status_code, past.json()["code"]) == (422, "PROCEDURE-PAST")
    done = call("POST", f"/{CODE}/publish", {"valid_from": LATER, "decision": decision})
    assert (done.status_code, done.json()["version"]) == (200, 3)
    assert call("GET", f"/{CODE}").json()["version"] == 2
    later = call("GET", f"/{CODE}?on={LATER}").json()
    assert (later["procedure"]["sets"], later["procedure"]["decision"]["effective"]) == (
        2,
        LATER,
    )

    end = (clock.today() + timedelta(days=60)).isoformat()
    ended = call(
        "POST",
        f"/{CODE}/abolish",
        {"from_day": end, "decision": "102/QĐ-BYT", "successor": "1.003006"},
    )
    assert (ended.json()["status"], ended.json()["successor"]) == ("abolished", "1.003006")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": {"vi": "A"}, "colour": "red"}, "PROCEDURE-UNKNOWN"),
        ({"name": {"vi": "A"}, "steps": [{"name": {"vi": "B"}, "limt": {}}, {"name": {"vi": "C"}, "who": "x"}]},
         "PROCEDURE-UNKNOWN"),
        ({"name": {"vi": "A"}, "sets": "two"}, "PROCEDURE-BODY"),
        ({"code": "1.000002", "name": {"vi": "A"}}, "PROCEDURE-BODY"),
        ({"name": {"en": "A"}}, "PROCEDURE-NAME"),
        ({"name": {"vi": "A"}, "online": "partial"}, "PROCEDURE-PARTIAL"),
        ({"name": {"vi": "A"}, "manners": [{"limits": [{"value": 0.5, "unit": "days"}]}]}, "PROCEDURE-HALF"),
        ({"name": {"vi": "A"}, "manners": [{"limits": [{"value": -1, "unit": "hours"}]}]}, "PROCEDURE-SPAN"),
        ({"name": {"vi": "A"}, "manners": [{}, {}]}, "PROCEDURE-CHANNEL"),
    ],
)  # fmt: skip
def test_what_cannot_stand_is_refused_by_its_name(call, db, body, code):
    answer = call("PUT", "/1.999995/draft", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    with db.connect() as conn:
        assert catalogue.versions(conn, "1.999995") == []


def test_a_draft_by_api_is_withdrawn(call):
    made = call("PUT", "/1.999994/draft", {"name": {"vi": "Thủ tục mẫu"}, "limit_text": "15 ngày"})
    assert made.status_code == 200
    assert made.json()["doubts"] == [
        "The time limit stands only as a text; without a number no due date is computed."
    ]
    incomplete = call(
        "POST", "/1.999994/publish", {"valid_from": LATER, "decision": {"number": "1/QĐ"}}
    )
    assert incomplete.json()["code"] == "PROCEDURE-INCOMPLETE"
    assert call("DELETE", "/1.999994/draft").json()["status"] == "withdrawn"
    assert call("GET", "/1.999994/draft").status_code == 404


def test_a_hospital_may_read_and_not_edit(site, office, token):
    site.cookies.clear()
    headers = {"authorization": f"Bearer {token}"}
    assert site.get(f"/api/v1/procedures/{CODE}", headers=headers).status_code == 200
    for method, path in (("GET", "drafts"), ("PUT", f"{CODE}/draft"), ("POST", f"{CODE}/publish")):
        answer = site.request(method, f"/api/v1/procedures/{path}", headers=headers, json={})
        assert answer.status_code == 403, path
