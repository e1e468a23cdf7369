"""An error as a page: what happened, in the reader's words, and what to do next."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from lienthong.errors import Failure
from lienthong.web.page import Page

TITLES = {
    400: "The request could not be read",
    401: "Please sign in",
    403: "This is not yours to see or do",
    404: "There is no such page or record",
    405: "This cannot be done here",
    409: "Somebody was faster",
    413: "The file is too large",
    422: "Something must be corrected",
    429: "Too many attempts",
    500: "The program failed",
    503: "Not available right now",
}
STEPS = {
    400: "Go back, load the page again and repeat what you did.",
    401: "Sign in and open the page again.",
    403: "If your work needs it, ask the administrator of your unit for the right.",
    404: "Check the address or the number, or search from the list.",
    405: "Go back and use the buttons of the page.",
    409: "Load the page again: it shows the present state. Then decide again.",
    413: "Split the file, or compress less into it, and send the parts one after the other.",
    422: "Correct what is named above and send it again.",
    429: "Wait a few minutes and try again.",
    500: "Nothing was kept half. Try again; if it fails again, tell the administrator the time and the page.",
    503: "Nothing was lost. Try again in a few minutes.",
}


def login_address(request: Request[Any, Any, Any]) -> str:
    """Where to sign in and come back to this page (only a page that is read, never an act)."""
    from urllib.parse import quote

    back = request.url.path if request.method in {"GET", "HEAD"} else "/"
    return "/login" if back == "/" else f"/login?next={quote(back)}"


def status_of(failure: Exception) -> int:
    """The HTTP status of a failure; 500 for what nobody foresaw."""
    if isinstance(failure, Failure):
        return failure.status
    return failure.status_code if isinstance(failure, HTTPException) else 500


def problem_page(request: Request[Any, Any, Any], failure: Exception) -> Response[Any]:
    """The page for a Failure, an HTTP error of the framework, or anything unforeseen (500, no details)."""
    status = status_of(failure)
    if status == 401 and request.headers.get("x-upload") != "script":
        if request.headers.get("hx-request") == "true":
            return Response("", status_code=200, headers={"hx-redirect": login_address(request)})
        return Redirect(login_address(request), status_code=303)
    page = Page(request)
    known = status if status in TITLES else 500 if status >= 500 else 400
    detail = code = ""
    if isinstance(failure, Failure):
        detail, code = page.say(failure.message, **failure.details), failure.code
    elif isinstance(failure, HTTPException) and status == 403:
        # The framework raises this itself only when the form's CSRF token does not match.
        detail = page.say("The form was older than your session.")
    if request.headers.get("x-upload") == "script":
        said = detail or f"{page.say(TITLES[known])}. {page.say(STEPS[known])}"
        return Response({"detail": said}, status_code=status)
    return page.show(
        "problem.html",
        status,
        title=page.say(TITLES[known]),
        step=page.say(STEPS[known]),
        detail=detail,
        code=code,
    )
