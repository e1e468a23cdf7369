"""One list of three units on pages: bring a list, see what differs, close it, see the tables of what is agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, get_args

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.errors import Failure
from lienthong.procedures import catalogue, counting
from lienthong.procedures.lists import agreed, bringing, comparing, differences
from lienthong.procedures.lists.differences import Difference
from lienthong.procedures.lists.listed import Fault, read_list
from lienthong.procedures.lists.rules import rules
from lienthong.web import cutting
from lienthong.web.office.forms import EDIT, READ, Form, attached, day_of, file_name
from lienthong.web.page import Page

PAGE = 60
DONE = {
    "decided": "The decision is written down with its reason.",
    "assigned": "Owner and day are written down.",
    "reopened": "The decision is taken back; the difference is open again.",
}
KIND_NAMES = {
    "missing": "missing in a list",
    "name": "other name",
    "levels": "other level",
    "status": "other status",
    "online": "other online level",
    "group": "other group",
    "priority": "other priority",
}


class Brought(msgspec.Struct, kw_only=True):
    """The form that brings a list."""

    file: UploadFile
    unit: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A difference for a page: what each unit says, in words, and how late it is."""

    one: Difference
    name: str
    said: tuple[tuple[tuple[str, ...], str], ...]
    """What is said and by which units."""
    late: int


def word(page: Page, kind: str, value: Any) -> str:
    """A value of a list in the reader's words."""
    if value in ("", None, []):
        return "–"
    if kind == "missing":
        return (
            page.say("is in the list")
            if value == comparing.HERE
            else page.say("is not in the list")
        )
    known = rules()
    if kind in known.words:
        values = value if isinstance(value, list) else [value]
        return ", ".join(page.words["text"](known.label(kind, one)) for one in values)
    return str(value)


def lines(page: Page, found: list[Difference], names: Mapping[str, str], today: date) -> list[Line]:
    """Differences as they are shown; the units in the order of the rules."""
    units = list(rules().units)
    return [
        Line(
            one=one,
            name=names.get(one.code, ""),
            said=_said(page, one, units),
            late=one.late(today),
        )
        for one in found
    ]


def _said(page: Page, one: Difference, units: list[str]) -> tuple[tuple[tuple[str, ...], str], ...]:
    by_value: dict[Any, tuple[list[str], str]] = {}
    for unit in units:
        if unit in one.said:
            value = one.said[unit]
            key = comparing.key_of(one.kind, value)
            by_value.setdefault(key, ([], word(page, one.kind, value)))[0].append(unit)
    return tuple((tuple(who), said) for who, said in by_value.values())


def names_of(lists: comparing.Lists) -> dict[str, str]:
    """A name for each code, from whichever list has it."""
    return {code: one.name for listed in lists.values() for code, one in listed.items()}


@get("/office/lists", opt=READ, sync_to_thread=True)
def list_page(
    page: Page,
    request: Request[Any, Any, Any],
    pool: ConnectionPool,
    actor: Actor,
    brought: str = "",
    start: int = 0,
) -> Response[str]:
    """The three lists, what differs between them, and the tables of what is agreed."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        asked = cutting.chosen(request, "show", "owner", "kind", "code")
        if asked["show"] not in get_args(differences.Show):
            asked["show"] = "open"
        return _show(page, conn, asked, brought=brought, start=start)


def _show(
    page: Page,
    conn: Connection[Any],
    asked: Mapping[str, str],
    *,
    brought: str = "",
    start: int = 0,
    faults: tuple[Fault, ...] = (),
    unit: str = "",
    file: str = "",
) -> Response[str]:
    today = clock.today()
    chosen: Any = asked["show"]
    given = bringing.lists(conn)
    everything = differences.listed(conn, today, show="all")
    found = differences.listed(
        conn,
        today,
        show=chosen,
        owner=asked["owner"],
        kind=asked["kind"],
        code=asked["code"].strip(),
    )
    settled = agreed.agreed_list(conn)
    part = cutting.cut(found, start, PAGE)
    return page.show(
        "office_lists.html",
        422 if faults else 200,
        rules=rules(),
        newest=bringing.newest(conn),
        lines=lines(page, part.rows, names_of(given), today),
        **part.shown,
        numbers=numbers(everything, today),
        asked=asked,
        kinds=KIND_NAMES,
        tables=agreed.counted(settled) if settled else None,
        claims=counting.claims(),
        catalogued=counting.count(one.procedure for one in catalogue.all_in_force(conn, today)),
        faults=faults,
        unit=unit,
        file=file,
        brought=brought if brought in rules().units else "",
        today=today,
    )


def numbers(everything: list[Difference], today: date) -> dict[str, int]:
    """How many differences are open, late, closed by the lists and decided."""
    return {
        "open": sum(one.state == "open" for one in everything),
        "late": sum(one.late(today) > 0 for one in everything),
        "closed": sum(one.state != "open" for one in everything),
        "all": len(everything),
    }


@post("/office/lists", opt=EDIT | {"files": True}, status_code=200, sync_to_thread=True)
def bring(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    data: Annotated[Brought, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """A unit brings its list; a wrong file is told line by line and changes nothing."""
    body, name = data.file.file.read(), file_name(data.file.filename)
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        read = read_list(body, name)
        asked = {"show": "open", "owner": "", "kind": "", "code": ""}
        if read.faults:
            return _show(page, conn, asked, faults=read.faults, unit=data.unit, file=name)
        bringing.bring(conn, actor, data.unit, body, name, channel="web", reading=read)
    return Redirect(f"/office/lists?brought={data.unit}", status_code=303)


@get("/office/lists/units/{name:str}", opt=READ, sync_to_thread=True)
def unit_page(page: Page, pool: ConnectionPool, actor: Actor, name: str) -> Response[str]:
    """Every version that a unit brought, with who, when and the print of its bytes."""
    bringing.unit_named(name)
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return page.show(
            "office_unit.html", unit=name, versions=bringing.history(conn, name), rules=rules()
        )


@get("/office/lists/units/{name:str}/{number:int}", opt=READ, sync_to_thread=True)
def unit_file(pool: ConnectionPool, actor: Actor, name: str, number: int) -> Response[bytes]:
    """One version as it came, byte for byte."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        file, body = bringing.original(conn, name, number)
    return attached(body, file, "")


@get("/office/lists/differences/{number:int}", opt=READ, sync_to_thread=True)
def difference_page(
    page: Page, pool: ConnectionPool, actor: Actor, number: int, done: str = ""
) -> Response[str]:
    """One difference: what each unit says, and the forms that close it."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return _difference(page, conn, number, done=page.say(DONE[done]) if done in DONE else "")


def _difference(
    page: Page,
    conn: Connection[Any],
    number: int,
    *,
    done: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    today = clock.today()
    given = differences.one(conn, number)
    lists = bringing.lists(conn)
    others = [
        one
        for one in differences.listed(conn, today, show="all", code=given.code)
        if one.id != number
    ]
    return page.show(
        "office_difference.html",
        422 if problem else 200,
        line=lines(page, [given], names_of(lists), today)[0],
        choices=[
            (at, word(page, given.kind, v)) for at, v in enumerate(differences.choices(given))
        ],
        decided=word(page, given.kind, given.decision) if given.decision is not None else "",
        others=lines(page, others, names_of(lists), today),
        kinds=KIND_NAMES,
        rules=rules(),
        newest=bringing.newest(conn),
        done=done,
        problem=problem,
        written=written or {},
        today=today,
    )


@post(
    "/office/lists/differences/{number:int}/{act:str}",
    opt=EDIT,
    status_code=200,
    sync_to_thread=True,
)
def difference_act(
    page: Page, pool: ConnectionPool, actor: Actor, number: int, act: str, data: Form
) -> Response[Any]:
    """Decide, hand over or take a decision back."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        try:
            done = _act(conn, actor, number, act, data)
        except Failure as failure:
            if failure.status == 404:
                raise
            problem = page.told(failure)
            return _difference(page, conn, number, problem=problem, written=data)
    return Redirect(f"/office/lists/differences/{number}?done={done}", status_code=303)


def _act(
    conn: Connection[Any], actor: Actor, number: int, act: str, data: Mapping[str, str]
) -> str:
    if act == "decide":
        choices = differences.choices(differences.one(conn, number))
        place = data.get("value", "")
        value = choices[int(place)] if place.isdecimal() and int(place) < len(choices) else object()
        differences.decide(conn, actor, number, value, data.get("reason", ""))
        return "decided"
    if act == "reopen":
        differences.reopen(conn, actor, number, data.get("reason", ""))
        return "reopened"
    given = differences.one(conn, number)
    differences.assign(
        conn, actor, number, data.get("owner", given.owner), day_of(data.get("due")) or given.due
    )
    return "assigned"


ROUTES = [list_page, bring, unit_page, unit_file, difference_page, difference_act]
