"""Every route of the site passes the gate: none answers a stranger, none answers whoever lacks its grant."""

from __future__ import annotations

import re

import pytest
from litestar.testing import TestClient

from lienthong.access import accounts, operator, policy, sessions, tokens
from lienthong.access.roles import roles
from lienthong.app import create_app

OPEN = {
    "/login", "/logout", "/language", "/static/{file_path:path}", "/{rest:path}",
    "/api", "/api/v1/openapi.json", "/api/v1/openapi.json/openapi.json", "/api/v1/openapi.json/{path:str}", "/healthz",
    # The Portal has no account here: it holds a link that we signed for one paper, until a day
    # (tests/partners/test_portal_files.py).
    "/api/v1/portal/files/{dossier:str}/{attachment:int}",
}  # fmt: skip
"""What a stranger may call: nothing here shows data. A new name in this list is a decision, not a repair."""

FILL = {"int": "1", "uuid": "0" * 32, "date": "2026-11-22", "datetime": "2026-11-22T00:00:00Z"}


def address(path: str) -> str:
    """A path with something in every place."""
    return re.sub(r"\{\w+:(\w+)\}", lambda found: FILL.get(found[1], "x"), path)


def handlers(app):
    """(method, path, opt) of everything that is not only the framework's own OPTIONS."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", [getattr(route, "route_handler", None)]):
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                yield method, route.path, handler.opt


@pytest.fixture(scope="module")
def app(db):
    return create_app(db)


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def test_every_route_names_what_must_be_allowed(app):
    declared, wrong = roles().actions, []
    for method, path, opt in handlers(app):
        named = opt.get("action") in declared or opt.get("signed_in") is True
        if opt.get("public") is True:
            named = path in OPEN
        if not named:
            wrong.append((method, path))
    assert wrong == []


def closed(app):
    return [
        (method, path, opt.get("action"))
        for method, path, opt in handlers(app)
        if opt.get("public") is not True
    ]


def test_a_stranger_gets_nothing(app, client):
    answers = {
        (method, path): client.request(method, address(path), follow_redirects=False)
        for method, path, _ in closed(app)
    }
    assert len(answers) > 10
    wrong = [
        key
        for key, answer in answers.items()
        if answer.status_code not in (401, 403)
        and not (
            answer.status_code in (302, 303) and answer.headers["location"].startswith("/login")
        )
    ]
    assert wrong == []


@pytest.fixture(scope="module")
def powerless(db):
    """A session and a token whose role was taken out of the roles file: they grant nothing."""
    with db.connect() as connection:
        accounts.create(connection, operator(), "powerless", name="P", roles=["ministry_officer"])
        connection.execute("UPDATE app.account SET roles = '{gone}' WHERE id = 'powerless'")
        session = sessions.open(connection, accounts.find(connection, "powerless").actor)
        token = tokens.create(connection, operator(), facility="01999", name="P")
        connection.execute("UPDATE app.token SET roles = '{gone}'")
    return session, token


def test_who_has_no_grant_gets_nothing(app, client, powerless):
    session, token = powerless
    wrong = []
    for method, path, action in closed(app):
        if action is None:
            continue
        answer = client.request(
            method, address(path), follow_redirects=False,
            headers={"authorization": f"Bearer {token}", "cookie": f"{sessions.COOKIE}={session}"},
        )  # fmt: skip
        if answer.status_code != 403:
            wrong.append((method, path, answer.status_code))
    assert wrong == []


@pytest.fixture(scope="module")
def mighty(db):
    """A session that holds every role, so that no guard stands before the gate; no administrator could give them."""
    with db.connect() as connection:
        accounts.create(
            connection,
            operator(),
            "mighty",
            name="M",
            roles=["facility_officer"],
            facility="01999",
            province="01",
        )
        connection.execute(
            "UPDATE app.account SET roles = %s WHERE id = 'mighty'", [sorted(roles().roles)]
        )
        session = sessions.open(connection, accounts.find(connection, "mighty").actor)
        token = tokens.create(
            connection,
            operator(),
            facility="01999",
            province="01",
            name="M",
            roles=sorted(roles().roles),
        )
    return session, token


WITHOUT_DATA = {"contract.read"}
"""Actions that show what is declared and nothing that was sent: the guard is enough."""


FORMS = {"/upload"}
"""Empty forms: nothing that was sent is on them."""

ASKING = {"/records": {"contract": "vital_events", "purpose": "quality"}}
"""Pages that are a form until something is asked of them."""


def test_what_answers_passed_the_gate(app, client, mighty, monkeypatch):
    """A page or an answer with data comes only after `policy.allow` in its transaction, for the route's action."""
    session, token = mighty
    passed: list[str] = []
    gate = policy.allow

    def watched(connection, actor, action, *more, **named):
        passed.append(action)
        return gate(connection, actor, action, *more, **named)

    monkeypatch.setattr(policy, "allow", watched)
    answered, wrong = 0, []
    for method, path, action in closed(app):
        if method != "GET" or action is None or action in WITHOUT_DATA:
            continue
        passed.clear()
        answer = client.get(
            address(path), params=ASKING.get(path, {}), follow_redirects=False,
            headers={"authorization": f"Bearer {token}", "cookie": f"{sessions.COOKIE}={session}"},
        )  # fmt: skip
        if answer.status_code == 200 and path not in FORMS:
            answered += 1
            if not passed:
                wrong.append(path)
    assert answered >= 3
    assert wrong == []


@pytest.mark.parametrize(
    "path", ["/login", "/", "/nothing-here", "/static/nothing.css", "/api/v1/openapi.json"]
)
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path, follow_redirects=False).headers
    policy_text = headers["content-security-policy"]
    assert "default-src 'none'" in policy_text
    assert "unsafe" not in policy_text
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] in ("same-origin", "no-referrer")


def test_an_act_from_another_site_is_refused(client, mighty):
    session, _ = mighty
    for headers in ({}, {"x-csrftoken": "guess"}, {"sec-fetch-site": "cross-site"}):
        answer = client.post(
            "/accounts/mighty/close",
            follow_redirects=False,
            headers={"cookie": f"{sessions.COOKIE}={session}", **headers},
        )
        assert answer.status_code in (401, 403)
