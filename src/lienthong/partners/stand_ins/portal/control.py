"""The same by program: the stand-in's moods, clock, counts and content as JSON, for tests and shows."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response, get, post, put

from lienthong.errors import NotFound
from lienthong.partners.stand_ins.portal import statistics
from lienthong.partners.stand_ins.portal.citizens import Paper
from lienthong.partners.stand_ins.portal.moods import Mood, PushFault, Rates
from lienthong.partners.stand_ins.portal.view import standin_of

Asking = Request[Any, Any, Any]


class Chosen(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """New moods: what is not said stays. `next` are the moods of exactly the next calls, `next_push` of one push."""

    rates: Rates | None = None
    seed: int | None = None
    down: bool | None = None
    next: tuple[Mood, ...] = ()
    next_push: tuple[PushFault, ...] | None = None


class Moved(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How far the stand-in's clock goes from the real one."""

    seconds: float


class Filed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A dossier that an invented citizen files; `papers` are component: text of the file."""

    procedure: str
    unit: str
    person: dict[str, str]
    form: dict[str, str] = {}
    papers: dict[str, str] = {}


class Said(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a citizen adds to a dossier, or thinks of it."""

    note: str = ""
    papers: dict[str, str] = {}
    overall: str = ""


@get("/stand-in/state", sync_to_thread=True)
def state(request: Asking) -> dict[str, Any]:
    """What it holds, in numbers, with its clock and its moods."""
    standin = standin_of(request)
    now = standin.memory.now().isoformat()
    return {"now": now, "held": statistics.held(standin.memory), "moods": standin.moods.said()}


@put("/stand-in/moods", sync_to_thread=True)
def choose(request: Asking, data: Chosen) -> dict[str, Any]:
    """Choose the moods."""
    moods = standin_of(request).moods
    moods.choose(data.rates or moods.rates, seed=data.seed, down=data.down)
    moods.then(*data.next)
    if data.next_push is not None:
        moods.then_push(*data.next_push)
    return moods.said()


@put("/stand-in/clock", sync_to_thread=True)
def move_clock(request: Asking, data: Moved) -> dict[str, str]:
    """Move the clock."""
    memory = standin_of(request).memory
    memory.change("offset", seconds=data.seconds)
    return {"now": memory.now().isoformat()}


@get("/stand-in/statistics", sync_to_thread=True)
def counted(request: Asking, first: date, last: date) -> list[statistics.Day]:
    """The daily counts of every agency, for indicator 1.4."""
    return statistics.daily(standin_of(request).memory, first, last)


@get("/stand-in/dossiers/{code:str}", sync_to_thread=True)
def held(request: Asking, code: str) -> dict[str, Any]:
    """Everything of one dossier: fields, steps, the states it was in, rating."""
    memory = standin_of(request).memory
    if code not in memory.dossiers:
        raise NotFound("stand_in.unknown", "There is no dossier %(number)s here.", number=code[:60])
    return {
        "fields": memory.dossiers[code], "steps": memory.steps.get(code, []), "states": memory.history.get(code, []),
        "rating": memory.ratings.get(code), "pushes": [one for one in memory.pushes.values() if one["dossier"] == code],
    }  # fmt: skip


@post("/stand-in/dossiers", sync_to_thread=True)
def file(request: Asking, data: Filed) -> dict[str, str]:
    """File a dossier as a citizen would."""
    citizens = standin_of(request).citizens
    code = citizens.file(data.procedure, data.unit, data.person, data.form, _papers(data.papers))
    return {"code": code}


@post("/stand-in/dossiers/{code:str}/supplement", sync_to_thread=True)
def supplement(request: Asking, code: str, data: Said) -> dict[str, str]:
    """Answer a request for a supplement."""
    standin_of(request).citizens.supplement(code, _papers(data.papers), data.note)
    return {"code": code}


@post("/stand-in/dossiers/{code:str}/rating", sync_to_thread=True)
def rate(request: Asking, code: str, data: Said) -> dict[str, str]:
    """Say how satisfied one is."""
    standin_of(request).citizens.rate(code, data.overall, {}, data.note)
    return {"code": code}


@post("/stand-in/push", sync_to_thread=True)
def push_now(request: Asking) -> dict[str, int]:
    """Send what is due to our system now; how many messages it took."""
    return {"taken": standin_of(request).pushing.round()}


@post("/payment/{name:str}", status_code=200, sync_to_thread=True)
def payment(request: Asking, name: str, data: dict[str, Any]) -> Response[Any]:
    """The payment platform: INIT, QUERY and GET_BILL in one place, told apart by LoaiBanTin."""
    standin = standin_of(request)
    answer = standin.paying.answer(data)
    standin.memory.saw(
        "in",
        f"payment {data.get('LoaiBanTin')}",
        "",
        "well",
        f"{answer.get('error_code')} {answer['message'][:60]}",
    )
    right = data.get("LoaiBanTin") == "GET_BILL" and answer.get("TrangThaiGD")
    bill = standin.paying.bill(str(data.get("MaThamChieu"))) if right else None
    return Response(bill, media_type="application/pdf") if bill else Response(answer)


def _papers(given: dict[str, str]) -> list[Paper]:
    return [
        Paper(
            component=component,
            name=f"{component}.txt",
            content=text.encode(),
            media_type="text/plain",
        )
        for component, text in given.items()
    ]


ROUTES = [state, choose, move_clock, counted, held, file, supplement, rate, push_now, payment]
