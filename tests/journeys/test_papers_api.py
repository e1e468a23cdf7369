"""A one-stop system of a province asks what a form wants, fills it in, and fetches the papers, all by API."""

from __future__ import annotations

import pytest

from lienthong import clock
from lienthong.access import operator, tokens
from tests.dossiers import desk


@pytest.fixture(scope="module")
def code(db) -> str:
    with db.connect() as conn:
        desk.opened(conn)
        return desk.on_the_way(conn)


@pytest.fixture(scope="module")
def bearer(db) -> dict[str, str]:
    with db.connect() as conn:
        token = tokens.create(
            conn,
            operator(),
            facility=desk.UNIT,
            name="one-stop system",
            province="66",
            roles=["receiver"],
        )
    return {"authorization": f"Bearer {token}"}


def test_papers_are_listed_made_and_fetched(site, code, bearer):
    address = f"/api/v1/dossiers/{code}/papers"
    site.cookies.clear()
    assert site.get(address).status_code == 401
    listed = site.get(address, headers=bearer, params={"purpose": "procedure"}).json()
    assert [one["form"] for one in listed["expected"]] == [
        "receipt",
        "supplement",
        "apology",
        "stop",
    ]
    years = {clock.today().year}
    made = site.post(
        address,
        headers=bearer,
        params={"purpose": "procedure"},
        json={"form": "receipt", "event": 2},
    )
    years.add(clock.today().year)
    assert made.status_code == 201
    assert made.json()["sign"] in {f"01/{year}/TNHS" for year in years}
    again = site.post(
        address,
        headers=bearer,
        params={"purpose": "procedure"},
        json={"form": "receipt", "event": 2},
    )
    assert again.json()["number"] == 1, "the same act, the same paper"
    for name, start in (("1.pdf", b"%PDF"), ("1.docx", b"PK")):
        answer = site.get(f"{address}/{name}", headers=bearer, params={"purpose": "procedure"})
        assert answer.content.startswith(start), name
    assert (
        site.get(f"{address}/9.pdf", headers=bearer, params={"purpose": "procedure"}).status_code
        == 404
    )
    assert site.get(address, headers=bearer, params={"purpose": "statistics"}).status_code == 403
    wrong = site.post(
        address, headers=bearer, params={"purpose": "procedure"}, json={"form": "refusal"}
    )
    assert wrong.status_code == 422


def test_a_form_is_asked_for_and_checked(site, bearer):
    site.cookies.clear()
    asked = site.get("/api/v1/procedures/1.001699/form", headers=bearer).json()
    assert asked["own"] and {"applicant.name", "form.DANG_TAT"} <= {
        one["input"] for one in asked["fields"]
    }
    found = site.post(
        "/api/v1/procedures/1.001699/form/check",
        headers=bearer,
        json={"applicant": desk.APPLICANT, "form": {}},
    ).json()
    assert not found["right"] and set(found["findings"][0]["message"]) == {"vi", "en", "fr"}


def test_the_databases_are_asked_and_say_what_they_could_not_answer(site, bearer, db):
    answer = site.post(
        "/api/v1/procedures/1.001699/form/prefill",
        headers=bearer,
        json={"keys": {"person": "001085012345"}},
    )
    assert answer.status_code == 200
    assert (
        answer.json()["offers"] == {}
        and "social_assistance.beneficiaries" in answer.json()["silent"]
    )
