"""Each role sees on the pages what its duty needs and nothing more."""

from __future__ import annotations

import pytest

from tests.journeys.hospital import envelope
from tests.journeys.test_officer import NO_REASON


@pytest.fixture(scope="module")
def hanoi(send):
    """A receipt of hospital 01999 (province 01) with one quarantined visit."""
    return send(envelope(61, 2, NO_REASON), "hanoi.xml", "care", "01999").receipt


@pytest.fixture(scope="module")
def saigon(send):
    """A receipt of a hospital of province 79."""
    return send(envelope(62, 1, {0: NO_REASON[1]}), "saigon.xml", "care", "79001").receipt


def test_a_province_sees_its_own_facilities_only(signed_in, hanoi, saigon):
    client = signed_in("province")
    listed = client.get("/submissions").text
    assert hanoi in listed
    assert saigon not in listed
    assert client.get(f"/submissions/{hanoi}").status_code == 200
    assert client.get(f"/submissions/{saigon}").status_code == 403
    waiting = client.get("/quarantine").text
    assert hanoi in waiting
    assert saigon not in waiting
    assert "/mend" not in waiting
    assert saigon not in client.get("/senders/79001").text


def test_the_ministry_sees_numbers_and_no_person(signed_in, hanoi, saigon):
    client = signed_in("ministry")
    assert hanoi in client.get("/submissions").text
    assert saigon in client.get("/submissions").text
    assert client.get("/").status_code == 200
    for path in (
        "/quarantine",
        "/records?contract=care&purpose=quality",
        "/access-log",
        "/accounts",
    ):
        assert client.get(path).status_code == 403, path
    page = client.get("/").text
    assert "/quarantine" not in page, "what may not be done is not offered"


def test_an_inspector_reads_and_changes_nothing(signed_in, hanoi):
    client = signed_in("inspector")
    page = client.get("/quarantine").text
    assert hanoi in page
    token = client.get("/account").text.partition('name="_csrf_token" value="')[2].partition('"')[0]
    answer = client.post("/quarantine/replay", data={"_csrf_token": token, "contract": "care"})
    assert answer.status_code == 403
    assert "Thanh tra" in client.get("/access-log?who=inspector").text


def test_the_owner_of_a_database_sees_everything_and_corrects_nothing(signed_in, hanoi, saigon):
    client = signed_in("owner")
    page = client.get("/quarantine").text
    assert hanoi in page
    assert saigon in page
    assert "Kiểm tra lại tất cả" not in page


def test_an_administrator_gives_an_account_and_a_token_that_work(signed_in, site):
    client = signed_in("admin")
    token = (
        client.get("/accounts").text.partition('name="_csrf_token" value="')[2].partition('"')[0]
    )
    made = client.post(
        "/accounts",
        data={
            "_csrf_token": token,
            "id": "new.officer",
            "name": "New",
            "role": "facility_officer",
            "facility": "48001",
        },
    )
    password = made.text.partition('<code id="secret" class="hash">')[2].partition("<")[0]
    assert made.status_code == 200
    assert password
    wrong = client.post(
        "/accounts", data={"_csrf_token": token, "id": "x y", "name": "", "role": "inspector"}
    )
    assert wrong.status_code == 422
    issued = client.post("/tokens", data={"_csrf_token": token, "facility": "48001", "name": "His"})
    secret = issued.text.partition('<code id="secret" class="hash">')[2].partition("<")[0]
    again = client.get("/accounts").text
    assert secret not in again, "a secret is shown once"

    site.cookies.clear()
    entered = site.post(
        "/login", data={"name": "new.officer", "password": password}, follow_redirects=False
    )
    assert entered.status_code == 303
    answer = site.get("/api/v1/contracts", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    client = signed_in("admin")
    token = (
        client.get("/accounts").text.partition('name="_csrf_token" value="')[2].partition('"')[0]
    )
    number = secret.split("_")[1]
    client.post(f"/tokens/{number}/revoke", data={"_csrf_token": token})
    client.post("/accounts/new.officer/close", data={"_csrf_token": token})
    revoked = site.get("/api/v1/contracts", headers={"authorization": f"Bearer {secret}"})
    assert revoked.status_code == 401
    site.cookies.clear()
    closed = site.post(
        "/login", data={"name": "new.officer", "password": password}, follow_redirects=False
    )
    assert closed.status_code == 403
