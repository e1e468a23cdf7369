"""What a hostile page, file or visitor gets from the site: nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from litestar.testing import TestClient

from lienthong import database, settings
from lienthong.access.sessions import COOKIE
from lienthong.app import FORM, create_app
from tests.journeys.conftest import PASSWORD
from tests.journeys.hospital import envelope
from tests.journeys.test_officer import NO_REASON, csrf, upload

ENCODED = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "path",
    ["/login", "/", "/nothing", "/static/style.css", "/api/v1/contracts", "/api/v1/openapi.json"],
)
def test_every_answer_carries_the_security_headers(site, path):
    site.cookies.clear()
    headers = site.get(path, follow_redirects=False).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy, "nothing comes from elsewhere"
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(site, people):
    site.cookies.clear()
    answer = site.post(
        "/login", data={"name": "officer", "password": PASSWORD}, follow_redirects=False
    )
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie, "this site speaks http"


def test_behind_https_cookies_are_secure_and_the_browser_stays_there(
    db: database.Database, chosen: settings.Settings, people
):

    app = create_app(db, replace(chosen, public_url="https://lienthong.example"))
    with TestClient(app) as client:
        answer = client.post(
            "/login", data={"name": "officer", "password": PASSWORD}, follow_redirects=False
        )
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "max-age=" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "evil"]
)
def test_signing_in_leads_nowhere_else(site, people, elsewhere):
    site.cookies.clear()
    answer = site.post(
        "/login",
        data={"name": "officer", "password": PASSWORD, "next": elsewhere},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/"


def test_a_wrong_password_says_no_more_than_that(site, people):
    site.cookies.clear()
    wrong = site.post("/login", data={"name": "officer", "password": "not this one at all"})
    nobody = site.post("/login", data={"name": "nobody", "password": "not this one at all"})
    assert wrong.status_code == nobody.status_code == 403
    assert COOKIE not in wrong.headers.get("set-cookie", "")
    assert wrong.text.replace("officer", "") == nobody.text.replace("nobody", "")


def test_signing_out_ends_the_session(signed_in):
    client = signed_in("officer")
    kept = dict(client.cookies)
    client.post("/logout", data={"_csrf_token": csrf(client.get("/account").text)})
    client.cookies.clear()
    for name, value in kept.items():
        client.cookies.set(name, value)
    assert client.get("/account", follow_redirects=False).status_code == 303


def test_another_site_cannot_make_a_browser_sign_in_or_send(signed_in):
    client = signed_in("officer")
    for path in ("/login", "/language", "/upload", "/quarantine/replay"):
        answer = client.post(path, headers={"sec-fetch-site": "cross-site"}, data={"x": "y"})
        assert answer.status_code == 403, path


def test_what_a_sender_writes_is_shown_and_never_run(signed_in):
    client = signed_in("officer")
    token = csrf(client.get("/upload").text)
    answer = client.post(
        "/upload",
        data={"_csrf_token": token, "contract": "care", "sender": "01999"},
        files={"file": ("<script>alert(1)</script>.xml", b"<x/>", "text/xml")},
        follow_redirects=False,
    )
    page = client.get(answer.headers["location"]).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in client.get("/submissions").text or "script" in page


def test_a_file_that_is_too_large_is_refused_before_it_is_kept(
    db: database.Database, chosen: settings.Settings, people
):

    app = create_app(db, replace(chosen, max_upload_mib=1))
    with TestClient(app, raise_server_exceptions=False) as client:
        client.post("/login", data={"name": "officer", "password": PASSWORD})
        answer = upload(client, b"<x>" + b" " * 1_500_000)
    assert answer.status_code == 413
    assert "Tệp quá lớn" in answer.text


def test_a_stranger_cannot_fill_the_memory_by_signing_in(site):
    """A form is read whole, so that what nobody proved to be somebody's is small; files are another matter."""
    site.cookies.clear()
    for path in ("/login", "/language"):
        answer = site.post(path, content=b"name=" + b"a" * (FORM + 1), headers=ENCODED)
        assert answer.status_code == 413, path
        assert "Tệp quá lớn" in answer.text


def test_a_form_of_somebody_who_signed_in_is_bounded_too(signed_in, token):
    client = signed_in("officer")
    large = client.post("/account/password", content=b"old=" + b"a" * FORM, headers=ENCODED)
    assert large.status_code == 413
    record = client.post(
        "/api/v1/records/care/XML1",
        content=b" " * (FORM + 1),
        headers={"authorization": f"Bearer {token}"},
    )
    assert record.status_code == 413


def test_a_file_may_be_larger_than_a_form(signed_in):
    answer = upload(signed_in("officer"), b"<x>" + b" " * (FORM + 1))
    assert answer.status_code == 303


def test_the_language_of_the_browser_only_suggests(site):
    site.cookies.clear()
    page = site.get("/login", headers={"accept-language": "fr-FR,fr;q=0.9"}).text
    assert '<html lang="vi">' in page
    assert "Lire ces pages en français" in page


def test_a_session_that_ended_leads_to_signing_in_and_back(site):
    site.cookies.clear()
    site.cookies.set(COOKIE, "unknown")
    answer = site.get("/submissions", follow_redirects=False)
    assert answer.headers["location"] == "/login?next=/submissions"
    part = site.get("/submissions/TN-20261122-000001", headers={"hx-request": "true"})
    assert part.headers["hx-redirect"].startswith("/login")
    by_script = site.post("/upload", headers={"x-upload": "script"})
    assert by_script.status_code == 401
    assert by_script.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/submissions/%00",
        "/static/%00",
        "/quarantine?cause=%00",
        "/records/care/XML1?key=%00&purpose=quality",
    ],
)
def test_text_that_nothing_can_hold_is_a_wrong_request_and_no_fault_of_ours(signed_in, send, path):
    send(envelope(91, 1), "any.xml", "care", "01999")
    assert signed_in("officer").get(path).status_code == 400


def test_a_cell_at_no_place_is_refused(signed_in, send):
    done = send(envelope(92, 1, {0: NO_REASON[1]}), "cell.xml", "care", "01999")
    client = signed_in("officer")
    entry = first_entry(client, done.receipt)
    page = client.get(entry).text
    data = {"_csrf_token": csrf(page), "c.XML1.\u00b2.HO_TEN": "x"}
    answer = client.post(entry + "/mend", data=data, follow_redirects=False)
    assert answer.status_code == 303


def test_the_owner_of_a_database_corrects_nothing_in_a_facilitys_name(signed_in, send):
    done = send(envelope(93, 1, {0: NO_REASON[1]}), "owner.xml", "care", "01999")
    client = signed_in("owner")
    entry = first_entry(client, done.receipt)
    page = client.get(entry).text
    token = csrf(page)
    assert entry + "/mend" not in page
    assert entry + "/file" not in page
    mended = client.post(entry + "/mend", data={"_csrf_token": token}, follow_redirects=False)
    assert mended.status_code == 403
    answer = client.post(
        entry + "/file",
        data={"_csrf_token": token},
        files={"file": ("right.xml", envelope(93, 1), "text/xml")},
        follow_redirects=False,
    )
    assert answer.status_code == 403


def first_entry(client, receipt):
    return re.search(
        r'href="(/quarantine/\d+)"', client.get(f"/quarantine?receipt={receipt}").text
    )[1]


def test_what_is_for_one_reader_stays_in_no_cache(signed_in, send):
    done = send(envelope(94, 1, {0: NO_REASON[1]}), "cache.xml", "care", "01999")
    client = signed_in("officer")
    for path in ("/submissions", f"/submissions/{done.receipt}/findings/csv", "/nothing"):
        assert client.get(path).headers["cache-control"] == "no-store", path
    assert "max-age" in client.get("/static/style.css").headers["cache-control"]
