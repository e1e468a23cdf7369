"""One reader's view: the template filled in their language, with what they may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response

from lienthong import clock, words
from lienthong.errors import Failure
from lienthong.findings import LANGUAGES
from lienthong.procedures.agencies import agencies
from lienthong.web import charts

TEMPLATES = Path(__file__).parent / "templates"
COOKIE = "language"
CODED = ("date8", "datetime12", "birth12")
"""Forms of a field whose text is a date in digits (contracts, customProperty format)."""
CRITERIA = {"correct": "Correct", "sufficient": "Sufficient", "clean": "Clean", "alive": "Alive"}
NAMES = {"vi": "Tiếng Việt", "en": "English", "fr": "Français"}


def language_of(request: Request[Any, Any, Any]) -> str:
    """The reader's language: their choice, else that of their account, else Vietnamese.

    `Accept-Language` only suggests (see `suggested`): an official's machine is often set to English.
    """
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    user = request.scope.get("user")
    return getattr(user, "language", None) or "vi"


def suggested(request: Request[Any, Any, Any], language: str) -> str | None:
    """The language the browser asks for when the reader has not chosen and it is another one."""
    if request.cookies.get(COOKIE):
        return None
    wanted = request.headers.get("accept-language", "")[:2].lower()
    return wanted if wanted in LANGUAGES and wanted != language else None


@cache
def environment() -> Environment:
    """The templates, escaping everything and refusing an unknown name."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a site that runs keeps the templates that belong to its code
    )
    env.globals.update(
        charts=charts,
        language_names=NAMES,
        query=lambda **values: urlencode({k: v for k, v in values.items() if v not in (None, "")}),
    )
    return env


def formatters(language: str) -> dict[str, Callable[..., str]]:
    """The functions a template speaks with, bound to the language."""

    def say(sentence: str, /, **values: object) -> str:
        return words.say(sentence, language, **values)

    def text(value: Mapping[str, str] | str | None) -> str:
        return value if isinstance(value, str) else words.pick(value or {}, language)

    def number(value: float | None, places: int | None = 0) -> str:
        return "–" if value is None else words.number(value, places, language)

    def size(value: int | None) -> str:
        return "–" if value is None else words.size(value, language)

    def coded(value: str, form: str | None) -> str:
        """A moment that the message writes as digits, as people read it; anything else unchanged."""
        digits = value.strip()
        if form not in CODED or not digits.isdigit() or len(digits) not in (8, 12):
            return value
        try:
            shape = "%Y%m%d" if len(digits) == 8 else "%Y%m%d%H%M"
            when = datetime.strptime(digits, shape).replace(tzinfo=clock.VIETNAM)
        except ValueError:
            return value
        if len(digits) == 8 or (form == "birth12" and digits.endswith("0000")):
            return words.date(when.date(), language)
        return words.moment(when, language)

    def agency(code: str) -> str:
        """The name of an agency, or its code when no list names it."""
        known = agencies().by_code.get(code)
        return text(known.label) if known else code

    return {
        "_": say,
        "agency": agency,
        "coded": coded,
        "text": text,
        "number": number,
        "size": size,
        "percent": lambda share, places=1: words.percent(share, places, language),
        "moment": lambda value: words.moment(value, language),
        "day": lambda value: words.date(value, language),
    }


def session_of(scope: Mapping[str, Any]) -> dict[str, str | None]:
    """What the site knows of this request's session: its CSRF token, and a renewed cookie to send."""
    session = scope.get("session")
    return session if isinstance(session, dict) else {}


class Page:
    """Renders templates for the reader of one request."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        self.request = request
        self.language = language_of(request)
        self.actor = request.scope.get("user")
        self.csrf = session_of(request.scope).get("csrf") or ""
        self.fragment = request.headers.get("hx-request") == "true"
        self.can: Callable[[str], bool] = cast(Any, request.scope.get("can")) or (
            lambda action: False
        )
        self.words = formatters(self.language)

    def say(self, sentence: str, **values: object) -> str:
        """The sentence in the reader's language."""
        return self.words["_"](sentence, **values)

    def told(self, failure: Failure) -> str:
        """What went wrong, in the reader's language."""
        return self.say(failure.message, **failure.details)

    def show(self, template: str, status: int = 200, **values: Any) -> Response[str]:
        """The page as HTML; `values` fill the template."""
        request = self.request
        html = (
            environment()
            .get_template(template)
            .render(
                **self.words,
                language=self.language,
                languages=LANGUAGES,
                suggested=suggested(request, self.language),
                actor=self.actor,
                criterion_titles={name: self.say(title) for name, title in CRITERIA.items()},
                can=self.can,
                path=request.url.path,
                here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
                csrf=self.csrf,
                status=status,
                fragment=self.fragment,
                **values,
            )
        )
        return Response(
            html,
            status_code=status,
            media_type=MediaType.HTML,
            headers={
                "cache-control": "no-store",
                "vary": "cookie, hx-request",
                "content-language": self.language,
            },
        )
