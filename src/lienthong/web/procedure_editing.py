"""The editor of the catalogue: a draft from a version, every part of it as a form, compared, published, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.errors import Conflict, Failure, NotFound, Refused
from lienthong.procedures import catalogue, publishing
from lienthong.procedures.catalogue import Version
from lienthong.procedures.comparing import compare
from lienthong.procedures.doubting import doubts
from lienthong.procedures.procedure import Decision, Procedure, national_code
from lienthong.web import procedure_form, procedure_reading
from lienthong.web.page import Page
from lienthong.web.procedure_fields import BY_NAME, SECTIONS
from lienthong.web.procedure_typed import typed as fields_of
from lienthong.web.procedures import show_procedure

EDIT = {"action": "procedure.edit"}
TypedForm = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
ORIGIN = "editor"
NOTES = {
    "saved": "The draft is saved.",
    "started": "The draft is a copy of that version; change what is new.",
}


@get("/procedures/drafts", opt=EDIT, sync_to_thread=True)
def draft_list(page: Page, pool: ConnectionPool, actor: Actor) -> Response[str]:
    """Every draft that waits: where its text comes from, what it would change, what Art. 8 still misses."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        waiting = [
            (one, compare(_procedure_before(conn, one), one.procedure))
            for one in catalogue.drafts(conn)
        ]
    return page.show("procedure_drafts.html", waiting=waiting)


@get("/procedures/new", opt=EDIT, sync_to_thread=True)
def new_page(page: Page, pool: ConnectionPool, actor: Actor) -> Response[str]:
    """Where a procedure with a new code begins."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
    return page.show("procedure_new.html", written={}, problem="")


@post("/procedures/new", opt=EDIT, status_code=200, sync_to_thread=True)
def new(page: Page, pool: ConnectionPool, actor: Actor, data: TypedForm) -> Response[Any]:
    """A draft of a code that the catalogue does not have yet."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        try:
            code = national_code(data.get("code", ""))
            if not data.get("name", "").strip():
                raise Refused("PROCEDURE-NAME", "The name in Vietnamese is needed.")
            if catalogue.versions(conn, code):
                raise Conflict(
                    "PROCEDURE-THERE",
                    "Procedure %(number)s is in the catalogue already.",
                    number=code,
                )
            made = Procedure(code=code, name={"vi": data["name"].strip()})
            catalogue.draft(conn, actor, made, ORIGIN)
        except Failure as failure:
            problem = page.told(failure)
            return page.show("procedure_new.html", 422, written=data, problem=problem)
    return Redirect(f"/procedures/{code}/draft", status_code=303)


@post("/procedures/{code:str}/start", opt=EDIT, status_code=200, sync_to_thread=True)
def start(page: Page, pool: ConnectionPool, actor: Actor, code: str, data: TypedForm) -> Redirect:
    """A draft as a copy of a version."""
    number = data.get("version", "")
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        catalogue.start(conn, actor, code, int(number) if number.isdecimal() else 0, ORIGIN)
    return Redirect(f"/procedures/{code}/draft?note=started", status_code=303)


@get("/procedures/{code:str}/draft", opt=EDIT, sync_to_thread=True)
def draft_page(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, note: str = ""
) -> Response[str]:
    """The draft as a form, with what it changes and what is missing."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        said = page.say(NOTES[note]) if note in NOTES else ""
        return _show(page, conn, code, note=said)


@post("/procedures/{code:str}/draft", opt=EDIT, status_code=200, sync_to_thread=True)
def edit(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, data: TypedForm
) -> Response[Any]:
    """Save the draft; or add or take out a row, which keeps what was typed and saves nothing yet."""
    act = next((name[3:] for name in data if name.startswith("do:")), "save")
    typed = {name: value for name, value in data.items() if "." in name}
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        if act != "save":
            moved, seen = _rows_moved(typed, act), data.get("seen", "")
            return _show(page, conn, code, typed=moved, seen=seen, opened=act.split(":")[1:2])
        procedure, form = procedure_reading.read(typed, code)
        if form.problems:
            return _show(
                page,
                conn,
                code,
                typed=form.typed,
                problems=form.problems,
                seen=data.get("seen", ""),
            )
        try:
            catalogue.draft(conn, actor, procedure, ORIGIN, seen=_moment(data.get("seen", "")))
        except Conflict as failure:
            conn.rollback()
            problem = page.told(failure)
            return _show(page, conn, code, typed=typed, problem=problem, seen=data.get("seen", ""))
    return Redirect(f"/procedures/{code}/draft?note=saved", status_code=303)


@post("/procedures/{code:str}/withdraw", opt=EDIT, status_code=200, sync_to_thread=True)
def withdraw(pool: ConnectionPool, actor: Actor, code: str) -> Redirect:
    """Give the draft up; it stays readable."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        catalogue.withdraw(conn, actor, code)
    return Redirect(f"/procedures/{code}?done=withdrawn", status_code=303)


@post("/procedures/{code:str}/publish", opt=EDIT, status_code=200, sync_to_thread=True)
def publish(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, data: TypedForm
) -> Response[Any]:
    """Put the saved draft in force from a day on, by a decision."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        try:
            publishing.publish(
                conn, actor, code, _needed_day(data.get("valid_from", "")), _decision(data),
                incomplete=data.get("incomplete") == "1",
            )  # fmt: skip
        except (Refused, Conflict) as failure:
            conn.rollback()
            problem = page.told(failure)
            return _show(page, conn, code, problem=problem, publication=data)
    return Redirect(f"/procedures/{code}?done=published", status_code=303)


@post("/procedures/{code:str}/abolish", opt=EDIT, status_code=200, sync_to_thread=True)
def abolish(
    page: Page, pool: ConnectionPool, actor: Actor, code: str, data: TypedForm
) -> Response[Any]:
    """End a procedure on a day, by a decision, with its successor."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.edit")
        try:
            day = _needed_day(data.get("from_day", ""))
            publishing.abolish(
                conn,
                actor,
                code,
                day,
                data.get("decision", ""),
                successor=data.get("successor", ""),
            )
        except Failure as failure:
            conn.rollback()
            problem = page.told(failure)
            asked = {
                "version": 0,
                "received": "",
                "channel": "direct",
                "case": "",
                "clock": "normal",
            }
            return show_procedure(page, conn, code, asked, problem=problem, written=data)
    return Redirect(f"/procedures/{code}?done=abolished", status_code=303)


def _show(
    page: Page,
    conn: Connection[Any],
    code: str,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, tuple[str, dict[str, object]]] | None = None,
    problem: str = "",
    note: str = "",
    seen: str = "",
    publication: Mapping[str, str] | None = None,
    opened: Sequence[str] = (),
) -> Response[str]:
    """The editor with what was typed, else with the draft as it is kept."""
    draft = catalogue.draft_of(conn, code)
    shown = typed if typed is not None else fields_of(draft.procedure)
    before = _procedure_before(conn, draft)
    wrong = {
        name: page.say(sentence, **values) for name, (sentence, values) in (problems or {}).items()
    }
    faulty = {name.split(".")[0] for name in wrong}
    return page.show(
        "procedure_edit.html",
        422 if wrong or problem else 200,
        draft=draft,
        procedure=draft.procedure,
        sections=SECTIONS,
        typed=shown,
        rows={
            name: procedure_form.Form(shown).indexes(name) for name, s in BY_NAME.items() if s.rows
        },
        unsaved=typed is not None,
        problems=wrong,
        faulty=faulty,
        places={name: _place(page, shown, name) for name in wrong},
        opened={*opened, *faulty},
        problem=problem,
        note=note,
        doubts=[page.say(sentence, **values) for sentence, values in doubts(draft.procedure)],
        seen=seen or _seen(draft),
        differences=compare(before, draft.procedure),
        replaces=before is not None,
        publication=publication or _suggested(draft),
    )


def _place(page: Page, typed: Mapping[str, str], name: str) -> str:
    """Where a field stands, in the reader's words: its section, the number of its row, its label."""
    section, *inner = name.split(".")
    words = [page.say(BY_NAME[section].title)]
    if len(inner) > 1:
        row = procedure_form.Form(typed).indexes(section).index(int(inner[0])) + 1
        words.append(page.say("No. %(number)s", number=row))
    label = next((one.label for one in BY_NAME[section].fields if one.name == inner[-1]), "")
    return ", ".join(dict.fromkeys([*words, *([page.say(label)] if label else [])]))


def _rows_moved(typed: Mapping[str, str], act: str) -> dict[str, str]:
    """What was typed after an act on rows (`add:part`, `remove:part:row`, `raise:part:row`, `gather:translations`).

    Anything else changes nothing.
    """
    word, _, rest = act.partition(":")
    section, _, index = rest.partition(":")
    if section in BY_NAME and BY_NAME[section].rows:
        if word == "gather" and section == "translations":
            return _gathered(typed)
        if word == "add":
            return procedure_form.added(typed, section)
        if word == "remove" and index.isdecimal():
            return procedure_form.removed(typed, section, int(index))
        if word == "raise" and index.isdecimal():
            return procedure_form.raised(typed, section, int(index))
    return dict(typed)


def _gathered(typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, with a row more for every text that has no translation in every language yet."""
    found, form = procedure_reading.read(typed, "")
    there = {row["text"] for _, row in form.rows("translations")}
    rows = dict(form.typed)
    for text in found.untranslated:
        if text not in there:
            number = max(procedure_form.Form(rows).indexes("translations"), default=-1) + 1
            rows = procedure_form.added(rows, "translations")
            rows[f"translations.{number}.text"] = text
    return rows


def _procedure_before(conn: Connection[Any], draft: Version) -> Procedure | None:
    before = catalogue.before(conn, draft)
    return before.procedure if before else None


def _decision(data: Mapping[str, str]) -> Decision:
    decided = data.get("decided", "")
    return Decision(
        number=data.get("number", "").strip(),
        decided=_needed_day(decided) if decided else None,
        agency=data.get("agency", "").strip(),
    )


def _needed_day(text: str) -> date:
    form = procedure_form.Form({})
    day = procedure_form.day(form, "day", text.strip())
    if day is None:
        raise Refused(
            "PROCEDURE-DAY-NEEDED",
            "“%(text)s” is no day; write it like 22/11/2026.",
            text=text[:20],
        )
    return day


def _suggested(draft: Version) -> dict[str, str]:
    decision = draft.procedure.decision
    return {
        "number": decision.number if decision else "",
        "agency": decision.agency if decision else "",
        "decided": decision.decided.isoformat() if decision and decision.decided else "",
        "valid_from": "",
    }


def _seen(draft: Version) -> str:
    return draft.drafted_at.isoformat() if draft.drafted_at else ""


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise NotFound("PROCEDURE-SEEN", "The form is incomplete; open the draft again.") from None


ROUTES = [draft_list, new_page, new, start, draft_page, edit, withdraw, publish, abolish]
