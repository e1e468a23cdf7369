"""Papers of a dossier: what went out, what is still to be made, as PDF and Word; the register of an agency."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.dossiers import gate, papers
from lienthong.dossiers.dossier import find
from lienthong.dossiers.papers import issuing, places, register, word
from lienthong.errors import Failure, NotAllowed, NotFound, Refused
from lienthong.settings import Settings
from lienthong.web.page import Page
from lienthong.web.purposes import purpose_of, purposes_of

READ = {"action": "dossier.read"}
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PURPOSES = ("procedure", "inspection")


def purpose_here(actor: Actor) -> str:
    """For what somebody reads dossiers on these pages: to settle them, an inspector for an inspection."""
    own = purposes_of(actor, "dossier.read")
    return next((name for name in PURPOSES if name in own), purpose_of(actor, "dossier.read") or "")


def reads(conn: Connection[Any], actor: Actor, code: str) -> None:
    """Pass the gate to the papers of a dossier; who reads them is written down. Raises NotFound, NotAllowed."""
    gate.reads(conn, actor, code, purpose_here(actor))
    find(conn, code)


def acts(conn: Connection[Any], actor: Actor, code: str) -> None:
    """Pass the gate to making a paper: somebody who works on this dossier."""
    reads(conn, actor, code)
    if not gate.acts(conn, actor, code).roles:
        raise NotAllowed("paper.role", "Papers are made by those who work on the dossier.")


@get("/dossiers/{code:str}/papers", opt=READ, sync_to_thread=True)
def paper_list(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, done: int = 0
) -> Response[str]:
    """The papers of a dossier: made, and still to be made."""
    with pool.connection() as conn:
        return _list(page, conn, actor, code, done=done)


def _list(
    page: Page, conn: Connection[Any], actor: Actor, code: str, *, done: int = 0, problem: str = ""
) -> Response[str]:
    reads(conn, actor, code)
    dossier = find(conn, code)
    made = papers.issued(conn, code)
    to_make = [(event, form) for event, form, paper in papers.expected(conn, code) if paper is None]
    names = dict(
        conn.execute(
            "SELECT id, name FROM app.account WHERE id = ANY(%s)", [[one.made_by for one in made]]
        ).fetchall()
    )
    return page.show(
        "papers.html",
        422 if problem else 200,
        code=code,
        dossier=dossier,
        made=made,
        to_make=to_make,
        any_time=[(name, places.form(name)) for name in issuing.ANY_TIME],
        forms=places.forms(),
        names=names,
        may_make=bool(gate.roles_on(actor, dossier)),
        done=next((one for one in made if one.number == done), None),
        problem=problem,
    )


@post("/dossiers/{code:str}/papers", opt=READ, status_code=200, sync_to_thread=True)
def paper_make(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, code: str, data: Form
) -> Response[Any]:
    """Make a paper of an act, or a control sheet."""
    with pool.connection() as conn:
        try:
            with conn.transaction():
                acts(conn, actor, code)
                made = papers.make(
                    conn,
                    actor,
                    code,
                    data.get("form", ""),
                    number_of(data.get("event", "")),
                    again=data.get("again") == "yes",
                    home=settings.home,
                    name=actor.name,
                )
        except Refused as failure:
            return _list(page, conn, actor, code, problem=page.told(failure))
    return Redirect(f"/dossiers/{code}/papers?done={made.number}", status_code=303)


def number_of(text: str) -> int | None:
    """The number of an event as a form sends it; None when it names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


@get("/dossiers/{code:str}/papers/{name:str}", opt=READ, sync_to_thread=True)
def paper_file(pool: ConnectionPool, actor: Actor, code: str, name: str) -> Response[bytes]:
    """One paper as the file that it is: 3.pdf, 3.docx."""
    number, ending = split(name)
    with pool.connection() as conn:
        reads(conn, actor, code)
        content = (papers.pdf if ending == "pdf" else papers.docx)(conn, code, number)
    return as_file(content, f"{code}-{number}", ending)


def split(name: str) -> tuple[int, str]:
    """(3, pdf) of 3.pdf; raises NotFound for anything else."""
    stem, _, ending = name.partition(".")
    number = number_of(stem)
    if number is None or ending not in ("pdf", "docx"):
        raise NotFound("paper.file", "There is no file %(name)s here.", name=name[:40])
    return number, ending


def as_file(content: bytes, name: str, ending: str) -> Response[bytes]:
    """A file for the browser: a PDF is shown, a Word file is saved."""
    how = "inline" if ending == "pdf" else "attachment"
    return Response(
        content,
        media_type="application/pdf" if ending == "pdf" else DOCX,
        headers={
            "content-disposition": f'{how}; filename="{name}.{ending}"',
            "cache-control": "no-store",
        },
    )


@get("/registers", opt=READ, sync_to_thread=True)
def register_list(page: Page, pool: ConnectionPool, actor: Actor, unit: str = "") -> Response[str]:
    """The registers (form 07) of an agency, and a form to make one."""
    with pool.connection() as conn:
        return _registers(page, conn, actor, unit)


def _registers(
    page: Page, conn: Connection[Any], actor: Actor, unit: str, *, problem: str = ""
) -> Response[str]:
    whose = actor.facility or unit
    made = []
    if whose:
        policy.allow(conn, actor, "dossier.list", {"sender": whose})
        made = register.made(conn, whose)
    today = clock.today()
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    return page.show(
        "papers_register.html",
        422 if problem else 200,
        unit=whose,
        made=made,
        first=first,
        last=today,
        may_make=page.can("dossier.receive"),
        problem=problem,
    )


@post("/registers", opt={"action": "dossier.receive"}, status_code=200, sync_to_thread=True)
def register_make(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, data: Form
) -> Response[Any]:
    """Make the register of a period."""
    unit = actor.facility or data.get("unit", "").strip()
    with pool.connection() as conn:
        try:
            with conn.transaction():
                about = {"sender": unit}
                policy.allow(conn, actor, "dossier.receive", about)
                policy.allow(conn, actor, "dossier.read", about, purpose_here(actor))
                register.make(
                    conn,
                    actor,
                    unit,
                    day_of(data.get("first", "")),
                    day_of(data.get("last", "")),
                    name=actor.name,
                    home=settings.home,
                )
        except Failure as failure:
            if not isinstance(failure, Refused):
                raise
            problem = page.told(failure)
            return _registers(page, conn, actor, unit, problem=problem)
    return Redirect(
        f"/registers?unit={unit}" if not actor.facility else "/registers", status_code=303
    )


def day_of(text: str) -> date:
    """The day of a form; raises Refused."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused("paper.day", "“%(text)s” is no day.", text=text[:20]) from None


@get("/registers/{unit:str}/{year:int}/{name:str}", opt=READ, sync_to_thread=True)
def register_file(
    pool: ConnectionPool, actor: Actor, unit: str, year: int, name: str, symbol: str = ""
) -> Response[bytes]:
    """One register as PDF or Word: its number, its year, and its symbol when the agency changed that."""
    number, ending = split(name)
    with pool.connection() as conn:
        policy.allow(conn, actor, "dossier.read", {"sender": unit}, purpose_here(actor))
        paper = next(
            (
                one
                for one in register.made(conn, unit)
                if one.sign.split("/")[:2] == [f"{number:02d}", str(year)]
                and symbol in ("", one.sign.split("/")[2])
            ),
            None,
        )
        if paper is None:
            raise NotFound("paper.file", "There is no file %(name)s here.", name=name)
        content = register.pdf(conn, unit, paper.sign)
        if ending == "docx":
            content = word.docx(register.sheet_of(conn, unit, paper.sign), paper.made_at)
    return as_file(content, f"register-{unit}-{year}-{number}", ending)


ROUTES = [paper_list, paper_make, paper_file, register_list, register_make, register_file]
