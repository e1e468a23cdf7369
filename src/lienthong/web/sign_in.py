"""Signing in and out, and the choice of language."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg_pool import ConnectionPool

from lienthong.access import accounts, sessions
from lienthong.errors import Failure
from lienthong.findings import LANGUAGES
from lienthong.settings import Settings
from lienthong.web.page import COOKIE, Page

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
YEAR = 365 * 24 * 3600


def own_address(address: str | None) -> str:
    """The address when it is one of ours, else the first page (no open redirect)."""
    ours = (
        bool(address)
        and str(address).startswith("/")
        and not str(address).startswith(("//", "/\\"))
    )
    return str(address) if ours else "/"


def cookie(settings: Settings, key: str, value: str, max_age: int | None = None) -> Cookie:
    """A cookie that scripts cannot read and other sites cannot send with an act."""
    return Cookie(
        key=key,
        value=value,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


@get("/login", opt={"public": True}, sync_to_thread=True)
def login_page(page: Page, next: str = "/") -> Response[str] | Redirect:
    """The form; a reader who is signed in goes on."""
    if page.actor is not None:
        return Redirect(own_address(next), status_code=303)
    return page.show("login.html", problem="", name="", next=own_address(next))


@post("/login", opt={"public": True}, status_code=200, sync_to_thread=True)
def login(
    request: Request[Any, Any, Any],
    page: Page,
    pool: ConnectionPool,
    settings: Settings,
    data: Form,
) -> Response[Any]:
    """Check the password and open a session under a new token."""
    name, back = data.get("name", "").strip(), own_address(data.get("next"))
    address = request.client.host if request.client else ""
    try:
        with pool.connection() as conn:
            actor = accounts.authenticate(conn, name, data.get("password", ""), address)
            token = sessions.open(conn, actor)
    except Failure as failure:
        problem = page.say(failure.message, **failure.details)
        return page.show("login.html", failure.status, problem=problem, name=name, next=back)
    answer = Redirect(back, status_code=303)
    answer.set_cookie(cookie(settings, sessions.COOKIE, token))
    return answer


@post("/logout", opt={"public": True}, status_code=303, sync_to_thread=True)
def logout(request: Request[Any, Any, Any], pool: ConnectionPool) -> Redirect:
    """Close the session here and in the store."""
    token = request.cookies.get(sessions.COOKIE)
    if token:
        with pool.connection() as conn:
            sessions.close(conn, token)
    answer = Redirect("/login", status_code=303)
    answer.delete_cookie(sessions.COOKIE)
    return answer


@post("/language", opt={"public": True}, status_code=303, sync_to_thread=False)
def choose_language(settings: Settings, data: Form) -> Redirect:
    """Keep the reader's choice for a year."""
    answer = Redirect(own_address(data.get("back")), status_code=303)
    if data.get("language") in LANGUAGES:
        answer.set_cookie(cookie(settings, COOKIE, data["language"], YEAR))
    return answer


ROUTES = [login_page, login, logout, choose_language]
