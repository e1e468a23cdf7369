"""A page of the stand-in for one reader: its own templates, the site's stylesheet, three languages, no scripts."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from litestar import MediaType, Request, Response

from lienthong import words
from lienthong.errors import Failure, Refused
from lienthong.findings import LANGUAGES
from lienthong.partners.portal import times

if TYPE_CHECKING:
    from lienthong.partners.stand_ins.portal.site import StandIn

TEMPLATES = Path(__file__).parent / "templates"
STYLE = Path(__file__).parents[3] / "web" / "static" / "style.css"
COOKIE = "language"
NAMES = {"vi": "Tiếng Việt", "en": "English", "fr": "Français"}


@cache
def environment() -> Environment:
    """The templates, escaping everything; a field that a message leaves out is shown as nothing."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=ChainableUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip


def language_of(request: Request[Any, Any, Any]) -> str:
    """The reader's choice, else Vietnamese."""
    chosen = request.cookies.get(COOKIE)
    return str(chosen) if chosen in LANGUAGES else "vi"


def standin_of(request: Request[Any, Any, Any]) -> StandIn:
    """The stand-in behind this request; what is late is done before anybody looks."""
    found: StandIn = request.app.state.standin
    found.services.do_late()
    return found


def show(
    request: Request[Any, Any, Any], template: str, status: int = 200, **values: Any
) -> Response[str]:
    """The page as HTML in the reader's language."""
    language = language_of(request)

    def say(sentence: str, /, **more: object) -> str:
        return words.say(sentence, language, **more)

    def when(text: str | None) -> str:
        """A moment of the Portal (14 digits), or one that was kept, as people read it."""
        try:
            return words.moment(times.read(text), language)
        except Refused:
            return str(text)

    html = (
        environment()
        .get_template(template)
        .render(
            **values,
            _=say,
            text=lambda label: words.pick(label or {}, language),
            when=when,
            moment=lambda value: words.moment(value, language),
            number=lambda value: words.number(value, 0, language),
            percent=lambda share: words.percent(share, 0, language),
            money=lambda value: words.money(int(value), language),
            language=language,
            languages=LANGUAGES,
            language_names=NAMES,
            down=request.app.state.standin.moods.down,
            now=request.app.state.standin.memory.now(),
            path=request.url.path,
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        )
    )
    return Response(
        html, status_code=status, media_type=MediaType.HTML,
        headers={"cache-control": "no-store", "content-language": language},
    )  # fmt: skip


def explain(request: Request[Any, Any, Any], failure: Exception) -> Response[Any]:
    """What went wrong: as JSON for a program, as a page for a person."""
    status = getattr(failure, "status", getattr(failure, "status_code", 500))
    language = language_of(request)
    if isinstance(failure, Failure):
        sentence = words.say(failure.message, language, **failure.details)
    elif isinstance(failure, msgspec.ValidationError):
        status, sentence = 422, str(failure)
    elif status == 404:
        sentence = words.say("There is no such page.", language)
    else:
        structlog.get_logger().error(
            "stand_in.failed", kind=type(failure).__name__, said=str(failure)
        )
        sentence = words.say("The stand-in could not do that.", language)
    if request.url.path.startswith("/stand-in/"):
        return Response({"status": status, "detail": sentence}, status_code=status)
    return show(request, "problem.html", status, problem=sentence)


def kept(text: str | None) -> datetime | None:
    """A moment that the memory kept."""
    return None if not text else datetime.fromisoformat(text)
