"""Every route of the site passes the gate: it names an action of roles.yaml, or says why it needs none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from lienthong.access import policy
from lienthong.access.roles import roles
from tests.journeys.conftest import PEOPLE

PUBLIC = {
    "/login", "/logout", "/language", "/api", "/healthz", "/static/{file_path:path}", "/{rest:path}",
    "/api/v1/openapi.json", "/api/v1/openapi.json/openapi.json", "/api/v1/openapi.json/{path:str}",
    "/api/v1/portal/files/{dossier:str}/{attachment:int}",  # its signature is the right to it
}  # fmt: skip
"""What anybody may ask without signing in; whoever adds an address here must know why."""

OWN = {"/account", "/account/password", "/"}
"""What anybody may do with their own account; the first page sends everybody to their own work."""

FILLED = {
    "slug:str": "birth-certificate", "code:str": "00000", "id:str": "sub_0123456789abcdef", "act:str": "pause",
    "name:str": "care", "form:str": "sql", "contract:str": "care", "table:str": "XML1", "key:str": "x",
    "receipt:str": "TN-20261122-000001", "ending:str": "csv", "entry:int": "1", "sender:str": "01999",
    "number:int": "1", "position:int": "1", "kind:str": "ratings", "dossier:str": "G18.12-261120-180045",
    "attachment:int": "1", "unit:str": "H15.50", "year:int": "2026",
    "what:str": "II.06a", "token:str": "0123456789ab", "path:str": "nothing", "rest:path": "nowhere",
    "file_path:path": "style.css",
}  # fmt: skip


def handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """(address, method, handler) of every route, OPTIONS left out."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []) or [route.route_handler]:
            if isinstance(handler, HTTPRouteHandler):
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    yield (
                        route.path_format if "{" not in route.path else route.path,
                        method,
                        handler,
                    )
            else:
                yield route.path, "GET", handler


def filled(path: str) -> str:
    """The address with something in its places."""
    for place, value in FILLED.items():
        path = path.replace("{" + place + "}", value)
    assert "{" not in path, f"say in FILLED what stands in {path}"
    return path


def test_every_route_names_its_action_or_why_it_needs_none(app):
    actions = roles().actions
    for path, method, handler in handlers(app):
        opt = handler.opt
        if opt.get("public"):
            assert path in PUBLIC, f"{method} {path} is public"
        elif opt.get("signed_in"):
            assert path in OWN, f"{method} {path} asks for no action"
        else:
            assert opt.get("action") in actions, f"{method} {path} names no action of roles.yaml"


def test_nobody_comes_in_without_signing_in(app, site):
    for path, method, handler in handlers(app):
        if handler.opt.get("public"):
            continue
        site.cookies.clear()
        answer = site.request(method, filled(path), follow_redirects=False)
        if path.startswith("/api/"):
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
            assert answer.headers["content-type"].startswith("application/problem+json")
            assert "bearer" in answer.headers["www-authenticate"].lower()
        else:
            assert answer.status_code == 303, f"{method} {path}: {answer.status_code}"
            assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_a_wrong_role_is_sent_away_from_every_page(app, signed_in, name):
    client = signed_in(name)
    held = (PEOPLE[name][0],)
    from lienthong.access import Actor

    actor = Actor(
        id=name, kind="person", roles=held, facility=PEOPLE[name][1], province=PEOPLE[name][2]
    )
    token = client.get("/account").text.partition('name="_csrf_token" value="')[2].partition('"')[0]
    seen = 0
    for path, method, handler in handlers(app):
        action = handler.opt.get("action")
        if path.startswith("/api/") or not action or policy.may(actor, action):
            continue
        answer = client.request(
            method, filled(path), headers={"x-csrftoken": token}, follow_redirects=False
        )
        assert answer.status_code == 403, f"{name} {method} {path}: {answer.status_code}"
        seen += 1
    assert seen > 3


def test_a_program_does_only_what_its_token_allows(app, site, token):
    site.cookies.clear()
    from lienthong.access import Actor

    actor = Actor(id="token", kind="sender", roles=("sender",), facility="01999")
    for path, method, handler in handlers(app):
        action = handler.opt.get("action")
        if not path.startswith("/api/") or not action:
            continue
        answer = site.request(method, filled(path), headers={"authorization": f"Bearer {token}"})
        if policy.may(actor, action):
            assert answer.status_code not in (401, 500), f"{method} {path}: {answer.text}"
        else:
            assert answer.status_code == 403, f"{method} {path}"


def test_a_session_cookie_opens_nothing_of_the_api_and_a_token_no_page(signed_in, site, token):
    client = signed_in("admin")
    assert client.get("/api/v1/contracts").status_code == 401
    site.cookies.clear()
    answer = site.get("/", headers={"authorization": f"Bearer {token}"}, follow_redirects=False)
    assert answer.status_code == 303
