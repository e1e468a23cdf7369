"""The straight way to one record answers as the framework does: same gate, same bytes, same headers, same read log."""

from __future__ import annotations

import pytest

from lienthong.access import operator, tokens
from tests.quality.test_withheld import BAD, GOOD, WITH_NUMBER

TABLE = "/api/v1/records/trial/VISIT"
LONG = "&long=way"
"""A parameter that nobody knows: the framework passes it over, and the straight way leaves it to the framework."""


@pytest.fixture(scope="module")
def folder(folder):
    (folder / "contracts").mkdir()
    (folder / "contracts" / "trial.odcs.yaml").write_text(WITH_NUMBER, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def readers(db):
    """Tokens of two hospitals and of somebody who reads the nation's records."""
    given = {
        "own": ("01999", "01", ("sender",)),
        "other": ("79001", "79", ("sender",)),
        "nation": ("00001", "01", ("subscriber",)),
    }
    with db.connect() as conn:
        return {
            name: tokens.create(
                conn, operator(), facility=facility, name=name, province=province, roles=roles
            )
            for name, (facility, province, roles) in given.items()
        }


@pytest.fixture(scope="module")
def table(site, readers):
    """Two hospitals' records: of one key each has one, and one of `own` has a wrong number."""
    for who, key, number in (
        ("own", "a", GOOD), ("other", "b", GOOD), ("own", "c", GOOD), ("other", "c", GOOD),
        ("own", "wrong", BAD),
    ):  # fmt: skip
        answer = site.post(
            TABLE, headers=bearer(readers[who]),
            json={"ID": key, "SEX": "1", "NR": number, "AGE": "30"},
        )  # fmt: skip
        assert (answer.status_code, answer.json()["kept"]) == (201, 1), answer.text
    return TABLE


@pytest.fixture(autouse=True)
def remembered(monkeypatch):
    """Tokens are remembered for as long as a slow machine may take."""
    monkeypatch.setattr(tokens.Remembered, "MEMORY", 3600.0)


@pytest.fixture
def by_framework(app, monkeypatch):
    """The paths that went the long way."""
    way, taken = app.asgi_handler, []
    long = way._long_way

    async def noted(scope, receive, send):
        taken.append(scope["path"])
        await long(scope, receive, send)

    monkeypatch.setattr(way, "_long_way", noted)
    return taken


def bearer(token):
    return {"authorization": f"Bearer {token}", "accept-encoding": "identity"}


def log(db):
    with db.connect() as conn:
        return conn.execute(
            "SELECT actor, action, purpose, facility, resource FROM app.read_log ORDER BY at"
        ).fetchall()


READ = [
    ("own", "a", "purpose=quality", 200, 1),
    ("own", "a", "purpose=quality&sender=01999", 200, 1),
    ("own", "c", "purpose=quality", 200, 1),
    ("own", "wrong", "purpose=quality", 200, 1),
    ("own", "b", "purpose=quality", 404, 0),
    ("own", "none", "purpose=quality", 404, 0),
    ("nation", "c", "purpose=care", 422, 0),
    ("nation", "c", "purpose=care&sender=79001", 200, 1),
    ("nation", "wrong", "purpose=care", 409, 1),
]
"""Who reads which key how, the answer, and the lines of the read log: all of them go the straight way."""


@pytest.mark.parametrize(("who", "key", "query", "status", "lines"), READ)
def test_both_ways_give_the_same_answer_and_the_same_line(
    db, site, table, readers, by_framework, who, key, query, status, lines
):
    heads, address = bearer(readers[who]), f"{table}/{key}?{query}"
    site.get(f"{table}/a?purpose=quality{LONG}", headers=heads)
    before = len(log(db))
    by_framework.clear()
    straight = site.get(address, headers=heads)
    assert by_framework == []
    middle = len(log(db))
    framework = site.get(address + LONG, headers=heads)
    assert by_framework == [f"{table}/{key}"]
    assert straight.status_code == framework.status_code == status, straight.text
    assert straight.content == framework.content
    assert sorted(straight.headers.items()) == sorted(framework.headers.items())
    assert straight.headers["content-security-policy"]
    assert straight.headers["cache-control"] == "no-store"
    entries = log(db)
    assert (middle - before, len(entries) - middle) == (lines, lines)
    assert entries[before:middle] == entries[middle:]


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 400),
        ("?purpose=", {}, 403),
        ("?purpose=statistics", {}, 403),
        ("?purpose=quality&purpose=care", {}, None),
        ("?purpose=quality&sender=79001", {}, 403),
        ("?purpose=qual%69ty", {}, 200),
        ("?purpose=quality&as_of=2020-01-01T00:00:00Z", {}, 404),
        ("?purpose=quality", {"accept-encoding": "gzip"}, 200),
        ("?purpose=quality", {"authorization": "Bearer lt_unknown"}, 401),
        ("?purpose=quality", {"authorization": "Basic YTpi"}, 401),
    ],
)
def test_whatever_else_is_asked_is_left_to_the_framework(
    site, table, readers, by_framework, query, headers, status
):
    site.get(f"{table}/a?purpose=quality{LONG}", headers=bearer(readers["own"]))
    by_framework.clear()
    answer = site.get(f"{table}/a{query}", headers=bearer(readers["own"]) | headers)
    assert by_framework == [f"{table}/a"]
    assert status is None or answer.status_code == status, answer.text


@pytest.mark.parametrize("path", ["/a/", "//a", "/a/b", "/%00", "/ă", "/a/versions", ""])
def test_addresses_that_are_not_one_record_are_left_to_the_framework(
    site, table, readers, by_framework, path
):
    heads = bearer(readers["own"])
    site.get(f"{table}/a?purpose=quality{LONG}", headers=heads)
    by_framework.clear()
    site.get(f"{table}{path}?purpose=quality", headers=heads)
    assert len(by_framework) == 1


def test_other_methods_and_unknown_contracts_are_left_to_the_framework(
    site, table, readers, by_framework
):
    heads = bearer(readers["own"])
    site.get(f"{table}/a?purpose=quality{LONG}", headers=heads)
    by_framework.clear()
    assert site.head(f"{table}/a?purpose=quality", headers=heads).status_code == 405
    unknown = site.get("/api/v1/records/nothing/x/a?purpose=quality", headers=heads)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "CONTRACT-NOT-FOUND")
    assert len(by_framework) == 2


def test_a_revoked_token_opens_neither_way(db, site, table, readers):
    with db.connect() as conn:
        token = tokens.create(conn, operator(), facility="01999", name="short", province="01")
    heads = bearer(token)
    for _ in range(2):
        assert site.get(f"{table}/a?purpose=quality", headers=heads).status_code == 200
    with db.connect() as conn:
        tokens.revoke(conn, operator(), token.split("_")[1])
    assert site.get(f"{table}/a?purpose=quality", headers=heads).status_code == 401


def test_no_record_leaves_when_its_reading_cannot_be_written_down(
    site, table, readers, by_framework, monkeypatch
):
    heads = bearer(readers["own"])
    site.get(f"{table}/a?purpose=quality{LONG}", headers=heads)
    by_framework.clear()

    def silent(conn, lines):
        raise RuntimeError("no log")

    monkeypatch.setattr("lienthong.access.policy.log_readings", silent)
    answer = site.get(f"{table}/a?purpose=quality", headers=heads)
    assert by_framework == []
    assert answer.status_code == 500
    assert GOOD not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
