"""An agency's own papers: its letterhead and the words of each form, saved as a draft, looked at, put in use."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.dossiers.papers import kept, letterhead, places, printing, sample, template, word
from lienthong.dossiers.papers.filling import Sheet
from lienthong.errors import NotFound, Refused
from lienthong.settings import Settings
from lienthong.web.page import Page
from lienthong.web.papers import Form, as_file, number_of

CHANGE = {"action": "dossier.decide"}
LETTERHEAD = letterhead.FORM


def unit_of(conn: Connection[Any], actor: Actor, unit: str) -> str:
    """The agency whose papers are changed: the actor's own, or the one that is named; passes the gate."""
    whose = actor.facility or unit.strip()
    policy.allow(conn, actor, "dossier.decide", {"sender": whose} if whose else {})
    if not whose:
        raise Refused("paper.unit", "Name the agency whose papers are meant (its code).")
    return whose


@get("/papers", opt=CHANGE, sync_to_thread=True)
def template_list(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, unit: str = ""
) -> Response[str]:
    """The seven papers of an agency and its letterhead: what holds, who changed it, what is only a draft."""
    with pool.connection() as conn:
        policy.allow(
            conn, actor, "dossier.decide", {"sender": actor.facility} if actor.facility else {}
        )
        whose = actor.facility or unit.strip()
        forms = places.forms()
        held = {name: kept.in_use(conn, whose, name) for name in forms} if whose else {}
        drafts = {
            name: found[0]
            for name in (*forms, LETTERHEAD)
            if whose and (found := kept.versions(conn, whose, name)) and found[0].used_from is None
        }
        head = kept.head_in_use(conn, whose, settings.home, clock.today()) if whose else None
    return page.show(
        "paper_templates.html", unit=whose, forms=forms, held=held, drafts=drafts, head=head, labels=letterhead.LABELS
    )  # fmt: skip


@get("/papers/{form:str}", opt=CHANGE, sync_to_thread=True)
def template_page(
    page: Page,
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    form: str,
    unit: str = "",
    version: int = -1,
    done: str = "",
) -> Response[str]:
    """One template: its text, what it may say, how it looks, its versions."""
    with pool.connection() as conn:
        whose = unit_of(conn, actor, unit)
        said = {
            "saved": "Saved as a draft; look at it, then put it in use.",
            "used": "In use from now on.",
        }
        return _show(
            page,
            conn,
            actor,
            settings,
            whose,
            form,
            version=version,
            done=page.say(said[done]) if done in said else "",
        )


def _show(
    page: Page,
    conn: Connection[Any],
    actor: Actor,
    settings: Settings,
    unit: str,
    form: str,
    *,
    version: int = -1,
    done: str = "",
    refused: Refused | None = None,
    text: str | None = None,
) -> Response[str]:
    about = None if form == LETTERHEAD else places.form(form)
    versions = kept.versions(conn, unit, form)
    head, number = kept.head_in_use(conn, unit, settings.home, clock.today())
    held = kept.in_use(conn, unit, form) if about else None
    chosen = _chosen(conn, unit, form, version, versions)
    shown = chosen.text if chosen else (held.text if held else letterhead.written(head))
    faults = refused.faults if isinstance(refused, template.TemplateRefused) else ()
    values = _head_of(shown if text is None else text, head) if about is None else None
    return page.show(
        "paper_template.html",
        422 if refused else 200,
        unit=unit,
        form=form,
        about=about,
        versions=versions,
        chosen=chosen,
        held=held,
        head=values,
        in_use=number if about is None else held.version if held and held.unit == unit else 0,
        labels=letterhead.LABELS,
        written=shown if text is None else text,
        explained=places.explained(form) if about else {},
        lists={name: places.declared().lists[name] for name in about.lists} if about else {},
        faults=[(one.line, page.say(one.sentence, **one.values)) for one in faults],
        problem=page.say(refused.message, **refused.details) if refused and not faults else "",
        done=done,
        pages=_pages(unit, form, chosen, head, settings) if chosen or about else 0,
    )


def _chosen(
    conn: Connection[Any], unit: str, form: str, version: int, versions: list[kept.Version]
) -> kept.Version | None:
    """The version that is shown: the one asked for, else the newest; None for the declared one."""
    if version >= 0:
        return kept.version(conn, unit, form, version) if version or form != LETTERHEAD else None
    return versions[0] if versions else None


def _head_of(text: str, otherwise: letterhead.Letterhead) -> letterhead.Letterhead:
    try:
        return letterhead.parse(text)
    except Refused:
        return otherwise


@post("/papers/{form:str}", opt=CHANGE, status_code=200, sync_to_thread=True)
def template_save(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, form: str, data: Form
) -> Response[Any]:
    """Save a text as a draft; a broken one is refused with line and reason, and what held goes on to hold."""
    with pool.connection() as conn:
        unit = unit_of(conn, actor, data.get("unit", ""))
        text = data.get("text", "")
        if form == LETTERHEAD:
            given = {
                name: data.get(name, "").strip() for name in letterhead.Letterhead.__struct_fields__
            }
            text = letterhead.written(letterhead.Letterhead(**given))
        try:
            with conn.transaction():
                saved = kept.save(conn, actor, unit, form, text, data.get("note", ""))
        except Refused as refused:
            return _show(page, conn, actor, settings, unit, form, refused=refused, text=text)
    return Redirect(_address(actor, unit, form, saved.version, "saved"), status_code=303)


@post("/papers/{form:str}/use", opt=CHANGE, status_code=200, sync_to_thread=True)
def template_use(pool: ConnectionPool, actor: Actor, form: str, data: Form) -> Response[Any]:
    """Print with a version from now on."""
    number = number_of(data.get("version", ""))
    with pool.connection() as conn, conn.transaction():
        unit = unit_of(conn, actor, data.get("unit", ""))
        used = kept.use(conn, actor, unit, form, -1 if number is None else number)
    return Redirect(_address(actor, unit, form, used.version, "used"), status_code=303)


def _address(actor: Actor, unit: str, form: str, version: int, done: str) -> str:
    whose = "" if actor.facility else f"&unit={unit}"
    return f"/papers/{form}?version={version}&done={done}{whose}"


@get("/papers/{form:str}/{name:str}", opt=CHANGE, sync_to_thread=True)
def template_look(
    pool: ConnectionPool, actor: Actor, settings: Settings, form: str, name: str, unit: str = ""
) -> Response[bytes]:
    """How a version looks with an invented dossier: 3-1.png (its first page), 3.pdf, 3.docx; 0 is the declared one."""
    stem, _, ending = name.partition(".")
    number, _, sheet_number = stem.partition("-")
    version, at = number_of(number), number_of(sheet_number or "1") or 1
    if version is None or ending not in ("png", "pdf", "docx"):
        raise NotFound("paper.file", "There is no file %(name)s here.", name=name[:40])
    with pool.connection() as conn:
        whose = unit_of(conn, actor, unit)
        chosen = kept.version(conn, whose, form, version)
        head, _ = kept.head_in_use(conn, whose, settings.home, clock.today())
    sheet, moment = _sheet(whose, form, chosen, head), clock.now()
    if ending == "png":
        pictures = printing.pages(sheet, moment, settings.home)
        if at > len(pictures):
            raise NotFound("paper.file", "There is no file %(name)s here.", name=name[:40])
        return Response(
            pictures[at - 1], media_type="image/png", headers={"cache-control": "no-store"}
        )
    content = (
        printing.pdf(sheet, moment, settings.home).pdf
        if ending == "pdf"
        else word.docx(sheet, moment)
    )
    return as_file(content, f"{form}-{version}", ending)


def _sheet(unit: str, form: str, chosen: kept.Version | None, head: letterhead.Letterhead) -> Sheet:
    """An invented dossier on this template; a letterhead is shown on the receipt."""
    if form == LETTERHEAD:
        head = letterhead.parse(chosen.text) if chosen else head
        chosen = kept.declared("receipt")
    text = (chosen or kept.declared(form)).text
    read = template.parse("receipt" if form == LETTERHEAD else form, text)
    return sample.look(read, head, unit, clock.local(clock.now()))


def _pages(
    unit: str,
    form: str,
    chosen: kept.Version | None,
    head: letterhead.Letterhead,
    settings: Settings,
) -> int:
    """How many pages the look has."""
    sheet = _sheet(unit, form, chosen, head)
    return len(printing.pages(sheet, clock.now(), settings.home, ppi=20))


ROUTES = [template_list, template_page, template_save, template_use, template_look]
