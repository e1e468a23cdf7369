"""The register of documents on pages: what changed, what it touches, what was done; officials add and end documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.contracts.contract import Contract
from lienthong.errors import Failure
from lienthong.procedures.legal_basis import register, touching
from lienthong.procedures.legal_basis.citations import key
from lienthong.procedures.legal_basis.reading import reading
from lienthong.procedures.legal_basis.register import Document, Register
from lienthong.procedures.legal_basis.touching import Event, Reference
from lienthong.procedures.lists.rules import folded
from lienthong.web import cutting
from lienthong.web.office.forms import EDIT, READ, Form, day_of
from lienthong.web.page import Page

PAGE = 60
ANSWERS = {"1": "done", "0": "untouched"}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One document in the list."""

    one: Document
    kind: str
    agency: Mapping[str, str]
    standing: str
    by: str
    cited: int


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A citation that is not recognised, or whose document the register lacks."""

    ref: Reference
    alike: tuple[Document, ...]


def changes(
    conn: Connection[Any], known: Register, refs: list[Reference], today: date
) -> list[Event]:
    """What changed or will change, with the work it makes."""
    return touching.events(known, refs, today, touching.done_by_document(conn))


def entries(known: Register, refs: list[Reference], today: date) -> list[Entry]:
    """Every document with how it stands and how often it is cited."""
    cited: dict[str, int] = {}
    for ref in refs:
        if ref.number:
            cited[key(ref.number)] = cited.get(key(ref.number), 0) + 1
    made = []
    for one in known.by_key.values():
        symbol = known.symbol(one)
        standing, by = known.standing(one, today)
        made.append(
            Entry(
                one=one, kind=symbol.kind if symbol else "", agency=symbol.agency if symbol else {},
                standing=standing, by=by, cited=cited.get(one.key, 0),
            )
        )  # fmt: skip
    return sorted(made, key=lambda item: (-item.cited, item.one.number))


def unread(known: Register, refs: list[Reference]) -> list[Unread]:
    """Citations that lead to no document of the register."""
    return [
        Unread(ref=ref, alike=tuple(known.alike(ref.number)) if ref.number else ())
        for ref in refs
        if not ref.number or known.get(ref.number) is None
    ]


@get("/office/legal-basis", opt=READ, sync_to_thread=True)
def legal_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    q: str = "",
    kind: str = "",
    standing: str = "",
    start: int = 0,
) -> Response[str]:
    """What changed and whom it touches; then the register."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        return _show(page, conn, contracts, {"q": q, "kind": kind, "standing": standing}, start)


def _show(
    page: Page,
    conn: Connection[Any],
    contracts: Mapping[str, Contract],
    asked: Mapping[str, str],
    start: int = 0,
    *,
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    today = clock.today()
    known, refs = reading(conn, contracts, today)
    listed = entries(known, refs, today)
    found = [one for one in listed if _fits(one, asked)]
    lost = unread(known, refs)
    part = cutting.cut(found, start, PAGE)
    return page.show(
        "office_legal.html",
        422 if problem else 200,
        events=changes(conn, known, refs, today),
        entries=part.rows,
        **part.shown,
        total=len(listed),
        dated=sum(item.standing != "unknown" for item in listed),
        unread=lost[:PAGE],
        lost=len(lost),
        kinds=register.declared().kinds,
        known=known,
        asked=asked,
        problem=problem,
        written=written or {},
        today=today,
    )


def _fits(one: Entry, asked: Mapping[str, str]) -> bool:
    wanted = folded(asked["q"])
    text = folded(
        " ".join((one.one.number, one.one.shown, *one.one.about.values(), *one.one.names))
    )
    return (
        wanted in text
        and asked["kind"] in ("", one.kind)
        and asked["standing"] in ("", one.standing)
    )


@post("/office/legal-basis", opt=EDIT, status_code=200, sync_to_thread=True)
def add(
    page: Page, pool: ConnectionPool, actor: Actor, contracts: Mapping[str, Contract], data: Form
) -> Response[Any]:
    """Add a document; the page that answers lists what it touches."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        try:
            one = register.say_of(conn, actor, document_of(data), data.get("why", ""))
        except Failure as failure:
            problem = page.told(failure)
            asked = {"q": "", "kind": "", "standing": ""}
            return _show(page, conn, contracts, asked, problem=problem, written=data)
    return Redirect(f"/office/legal-basis/{one.slug}?done=1", status_code=303)


def document_of(data: Mapping[str, str], before: Document | None = None) -> Document:
    """The document of a form. Raises Refused for a day that is none."""
    about = data.get("about", "").strip()[:500]
    return Document(
        number=before.number if before else data.get("number", "").strip(),
        about={**(before.about if before else {}), **({"vi": about} if about else {})},
        names=before.names if before else (),
        issued=day_of(data.get("issued")),
        effective=day_of(data.get("effective")),
        expires=day_of(data.get("expires")),
        suspended=before.suspended if before else None,
        suspended_by=before.suspended_by if before else "",
        amends=_numbers(data.get("amends", "")),
        replaces=_numbers(data.get("replaces", "")),
        evidence="attested",
        source=data.get("source", "").strip()[:500],
        note=data.get("note", "").strip()[:500],
    )


def _numbers(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace(";", ",").split(",") if part.strip())


@get("/office/legal-basis/{name:str}", opt=READ, sync_to_thread=True)
def document_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    name: str,
    show: str = "open",
    start: int = 0,
    done: str = "",
) -> Response[str]:
    """One document: how it stands, its relations, and the places it touches."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.read")
        told = page.say("It is written down.") if done else ""
        return _document(page, conn, contracts, name, show, start, done=told)


def _document(
    page: Page,
    conn: Connection[Any],
    contracts: Mapping[str, Contract],
    name: str,
    show: str = "open",
    start: int = 0,
    *,
    done: str = "",
    problem: str = "",
    written: Mapping[str, str] | None = None,
) -> Response[str]:
    today = clock.today()
    known, refs = reading(conn, contracts, today)
    one = known.find(name)
    standing, by = known.standing(one, today)
    work = touching.worklist(conn, known, one, refs)
    chosen = [item for item in work if show == "all" or bool(item.state) == (show == "done")]
    part = cutting.cut(list(enumerate(chosen)), start, PAGE)
    counts = {kind: sum(item.where.kind == kind for item in work) for kind in touching.KINDS}
    return page.show(
        "office_document.html",
        422 if problem else 200,
        one=one,
        symbol=known.symbol(one),
        kinds=register.declared().kinds,
        standing=standing,
        by=known.get(by) if by else None,
        known=known,
        amended_by=known.amended_by.get(one.key, []),
        replaced_by=known.replaced_by.get(one.key, []),
        said=register.said(conn, one.number),
        work=part.rows,
        **part.shown,
        counts=counts,
        shown={
            "open": sum(not item.state for item in work),
            "done": sum(bool(item.state) for item in work),
            "all": len(work),
        },
        asked={"show": show},
        done=done,
        problem=problem,
        written=written or {},
        today=today,
    )  # fmt: skip


@post("/office/legal-basis/{name:str}/{act:str}", opt=EDIT, status_code=200, sync_to_thread=True)
def document_act(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    contracts: Mapping[str, Contract],
    name: str,
    act: str,
    data: Form,
) -> Response[Any]:
    """Say something else of a document (`say`), end it (`end`), or settle one place that it touches (`work`)."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "office.edit")
        one = register.register(conn).find(name)
        try:
            _act(conn, actor, one, act, data)
        except Failure as failure:
            problem = page.told(failure)
            return _document(page, conn, contracts, name, problem=problem, written=data)
    place = "#work" if act == "work" else ""
    return Redirect(f"/office/legal-basis/{one.slug}?done=1{place}", status_code=303)


def _act(
    conn: Connection[Any], actor: Actor, one: Document, act: str, data: Mapping[str, str]
) -> None:
    if act == "work":
        touching.settle(
            conn, actor, one.number, data.get("kind", ""), data.get("place", ""),
            ANSWERS.get(data.get("answer", ""), ""), data.get("note", ""),
        )  # fmt: skip
    elif act == "end":
        register.end(
            conn,
            actor,
            one.number,
            day_of(data.get("expires")) or clock.today(),
            data.get("why", ""),
        )
    else:
        register.say_of(conn, actor, document_of(data, one), data.get("why", ""))


ROUTES = [legal_page, add, document_page, document_act]
