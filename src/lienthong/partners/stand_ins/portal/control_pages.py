"""Pages to watch the stand-in and to misbehave it: what it holds and was asked, its faults, clock and catalogue."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from lienthong import clock, words
from lienthong.errors import Failure, Refused
from lienthong.findings import LANGUAGES
from lienthong.partners.stand_ins.portal import statistics
from lienthong.partners.stand_ins.portal.citizens import STATES
from lienthong.partners.stand_ins.portal.moods import MOODS, PUSH_FAULTS, Rates
from lienthong.partners.stand_ins.portal.view import COOKIE, language_of, show, standin_of

Asking = Request[Any, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
WEEK = 7
TEN = Rates(
    drop_before=0.02,
    drop_after=0.02,
    error_500=0.015,
    garbage=0.015,
    expire=0.01,
    part=0.01,
    late=0.01,
)
"""Ten calls in a hundred go wrong, in every way that leaves our side in doubt."""


@get("/watch", sync_to_thread=True)
def watch(request: Asking, again: int = 0) -> Response[str]:
    """What it holds, the last calls, the faults that were dealt, its own counts."""
    standin = standin_of(request)
    memory = standin.memory
    today = clock.local(memory.now()).date()
    days = statistics.daily(memory, today - timedelta(days=WEEK - 1), today)
    with memory.lock:
        pushes = list(memory.pushes.items())
        calls = list(memory.calls)[:40]
    waiting = [one for one in pushes if not one[1]["accepted_at"]]
    return show(
        request, "watch.html", held=statistics.held(memory), calls=calls, days=days, moods=standin.moods,
        waiting=waiting[:30], taken=[one for one in pushes if one[1]["accepted_at"]][::-1][:10], states=STATES,
        dealt=[(name[5:], count) for name, count in memory.counts.most_common() if name.startswith("mood ")],
        again=min(max(again, 0), 60), connected=standin.pushing.deliver is not None,
    )  # fmt: skip


@get("/misbehave", sync_to_thread=True)
def misbehave_page(request: Asking, done: str = "") -> Response[str]:
    """The moods, the switch, the clock, the catalogue."""
    return _misbehave(request, "", done)


@post("/misbehave", status_code=200, sync_to_thread=True)
def misbehave(request: Asking, data: Form) -> Response[Any]:
    """New moods from the next call on."""
    moods = standin_of(request).moods
    try:
        moods.choose(
            _rates(data), seed=int(data.get("seed") or moods.seed), down=data.get("down") == "1"
        )
    except ValueError:
        return _misbehave(request, words.say("Write numbers.", language_of(request)), "")
    except Failure as failure:
        return _misbehave(request, words.say(failure.message, language_of(request)), "")
    return Redirect("/misbehave?done=moods", status_code=303)


@post("/switch", status_code=303, sync_to_thread=True)
def switch(request: Asking, data: Form) -> Redirect:
    """Take the line down, or let it work again."""
    standin = standin_of(request)
    standin.moods.down = data.get("down") == "1"
    return Redirect(_back(data, "/misbehave"), status_code=303)


@post("/clock", status_code=303, sync_to_thread=True)
def set_clock(request: Asking, data: Form) -> Redirect:
    """Move the stand-in's clock by hours, or put it back to the real one."""
    memory = standin_of(request).memory
    try:
        hours = float(data.get("hours") or 0)
    except ValueError:
        hours = 0.0
    offset = timedelta() if data.get("back") == "1" else memory.offset + timedelta(hours=hours)
    if abs(offset) > timedelta(days=3660):
        raise Refused("stand_in.clock", "The clock moves by ten years at most.")
    memory.change("offset", seconds=offset.total_seconds())
    return Redirect("/misbehave?done=clock", status_code=303)


@post("/sessions/end", status_code=303, sync_to_thread=True)
def end_sessions(request: Asking) -> Redirect:
    """All sessions of our system are over."""
    standin_of(request).services.expire()
    return Redirect("/misbehave?done=sessions", status_code=303)


@post("/pushes/{number:str}/again", status_code=303, sync_to_thread=True)
def push_again(request: Asking, number: str) -> Redirect:
    """Send a message once more although it was taken."""
    standin = standin_of(request)
    if number in standin.memory.pushes:
        standin.pushing.again(number)
    return Redirect("/watch", status_code=303)


@post("/catalogue", status_code=303, sync_to_thread=True)
def change_catalogue(request: Asking, data: Form) -> Redirect:
    """Add, change or withdraw a procedure of the Portal's list."""
    memory = standin_of(request).memory
    code, name = data.get("code", "").strip(), data.get("name", "").strip()
    if not code:
        raise Refused("stand_in.no-code", "Write the code of the procedure.")
    if data.get("act") == "-":
        memory.change("withdrawn", code=code)
    else:
        before = memory.procedures.get(
            code, {"MACOQUANCONGBO": "G18", "TRANGTHAI": "1", "LINHVUCTHUCHIEN": []}
        )
        memory.change(
            "procedure",
            fields=before | {"MATTHC": code, "TENTTHC": name or before.get("TENTTHC", code)},
        )
    return Redirect("/misbehave?done=catalogue", status_code=303)


@post("/forget", status_code=303, sync_to_thread=True)
def forget(request: Asking) -> Redirect:
    """Empty the stand-in: dossiers, steps, messages, counts. The catalogue stays."""
    standin_of(request).memory.forget()
    return Redirect("/watch", status_code=303)


@post("/language", status_code=303, sync_to_thread=False)
def language(data: Form) -> Redirect:
    """Keep the reader's language."""
    answer = Redirect(_back(data, "/"), status_code=303)
    if data.get("language") in LANGUAGES:
        answer.set_cookie(
            key=COOKIE,
            value=data["language"],
            max_age=365 * 24 * 3600,
            samesite="lax",
            httponly=True,
        )
    return answer


def _misbehave(request: Asking, problem: str, done: str) -> Response[str]:
    standin = standin_of(request)
    return show(
        request, "misbehave.html", 422 if problem else 200, moods=standin.moods, faults=MOODS,
        push_faults=PUSH_FAULTS, problem=problem, done=done, offset=standin.memory.offset,
        shares=msgspec.to_builtins(standin.moods.rates), procedures=len(standin.memory.procedures),
    )  # fmt: skip


def _rates(data: dict[str, str]) -> Rates:
    """The rates of a form, where shares are percent. Raises ValueError for what is no number."""
    if data.get("preset") == "10":
        return TEN
    shares = {
        name: float((data.get(name) or "0").replace(",", ".")) / 100
        for name in (*MOODS, *PUSH_FAULTS)
    }
    seconds = {
        name: float((data.get(name) or "0").replace(",", "."))
        for name in ("slow_seconds", "late_seconds")
    }
    return Rates(**shares, **seconds)


def _back(data: dict[str, str], other: str) -> str:
    """The page to go back to, when it is one of ours."""
    back = data.get("back", "")
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else other


ROUTES = [
    watch, misbehave_page, misbehave, switch, set_clock, end_sessions, push_again, change_catalogue, forget, language,
]  # fmt: skip
