"""Papers and forms of dossiers for programs: make and fetch papers, ask what a form wants, check it, fill it in."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor
from lienthong.dossiers import forms, gate, papers, prefill
from lienthong.dossiers.dossier import find
from lienthong.dossiers.forms import FormField, Values
from lienthong.dossiers.prefill import Held, Offer
from lienthong.errors import NotAllowed, NotFound
from lienthong.findings import Finding
from lienthong.procedures import catalogue
from lienthong.settings import Settings

READ = {"action": "dossier.read"}
Purpose = Annotated[str, Parameter(description="Why it is read: procedure or inspection.")]
Name = Annotated[str, Parameter(description="Number of the paper and kind of file: 1.pdf, 1.docx.")]
KINDS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """An act that a paper goes out with, and the paper when it was made."""

    event: int
    act: str
    form: str
    paper: papers.Paper | None


class PaperList(msgspec.Struct, frozen=True, kw_only=True):
    """The papers that went out and those that acts ask for."""

    issued: list[papers.Paper]
    expected: list[Expected]


class NewPaper(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which paper is made: its form, the number of the act, and whether it replaces the one that was made."""

    form: str
    event: int | None = None
    again: bool = False


class FormAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What a procedure's form asks; `own` tells whether the procedure has a form of its own."""

    procedure: str
    own: bool
    fields: list[FormField]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the form's contracts say; `right` when nothing stands in the way of filing."""

    right: bool
    findings: list[Finding]


class FillAsked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is known: keys (person, licence, facility, facility_licence) or what stands in the form already."""

    keys: dict[str, str] = msgspec.field(default_factory=dict)
    values: Values = msgspec.field(default_factory=Values)
    purpose: str = prefill.PURPOSE


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """Answers by input with their sources, and which components a database already holds."""

    values: Values
    offers: dict[str, Offer]
    conflicts: list[str]
    held: list[Held]
    empty: list[str]
    silent: list[str]


@get("/dossiers/{code:str}/papers", opt=READ, sync_to_thread=True, summary="Papers of a dossier")
def paper_list(pool: ConnectionPool, actor: Actor, code: str, purpose: Purpose) -> PaperList:
    """The papers that went out about a dossier and those that its acts ask for."""
    with pool.connection() as conn:
        gate.reads(conn, actor, code, purpose)
        find(conn, code)
        return PaperList(
            issued=papers.issued(conn, code),
            expected=[
                Expected(event=event.number, act=event.act, form=form, paper=paper)
                for event, form, paper in papers.expected(conn, code)
            ],
        )


@post("/dossiers/{code:str}/papers", opt=READ, sync_to_thread=True, summary="Make a paper")
def paper_make(
    pool: ConnectionPool,
    actor: Actor,
    settings: Settings,
    code: str,
    purpose: Purpose,
    data: NewPaper,
) -> papers.Paper:
    """Make the paper of an act, or a control sheet; the same act gives the same paper again."""
    with pool.connection() as conn:
        gate.reads(conn, actor, code, purpose)
        if not gate.acts(conn, actor, code).roles:
            raise NotAllowed("paper.role", "Papers are made by those who work on the dossier.")
        return papers.make(
            conn, actor, code, data.form, data.event, again=data.again, home=settings.home, name=actor.name
        )  # fmt: skip


@get(
    "/dossiers/{code:str}/papers/{name:str}",
    opt=READ,
    sync_to_thread=True,
    summary="One paper as a file",
)
def paper_file(
    pool: ConnectionPool, actor: Actor, code: str, name: Name, purpose: Purpose
) -> Response[bytes]:
    """The bytes of a paper as it went out (PDF), or the same as a Word file."""
    stem, _, ending = name.partition(".")
    if not (stem.isascii() and stem.isdigit() and len(stem) < 9 and ending in KINDS):
        raise NotFound("paper.file", "There is no file %(name)s here.", name=name[:40])
    with pool.connection() as conn:
        gate.reads(conn, actor, code, purpose)
        content = (papers.pdf if ending == "pdf" else papers.docx)(conn, code, int(stem))
    return Response(content, media_type=KINDS[ending])


@get(
    "/procedures/{code:str}/form",
    opt={"action": "contract.read"},
    sync_to_thread=True,
    summary="Form of a procedure",
)
def form_asked(settings: Settings, code: str) -> FormAsked:
    """The fields that a dossier of this procedure must fill in, with labels, choices and where they are known."""
    form = forms.form_of(code, settings.home)
    return FormAsked(procedure=code, own=form.own is not None, fields=forms.fields(form))


@post(
    "/procedures/{code:str}/form/check",
    opt={"action": "contract.read"},
    status_code=200,
    sync_to_thread=True,
    summary="Check a form",
)
def form_check(settings: Settings, code: str, data: Values) -> Checked:
    """Check values against the form's contracts; nothing is kept."""
    found = forms.check(forms.form_of(code, settings.home), data)
    return Checked(right=not forms.in_the_way(found), findings=found)


@post(
    "/procedures/{code:str}/form/prefill",
    opt={"action": "record.prefill"},
    status_code=200,
    sync_to_thread=True,
    summary="Fill a form from the databases",
)
def form_prefill(
    pool: ConnectionPool, actor: Actor, settings: Settings, code: str, data: FillAsked
) -> Filled:
    """What the databases know for this form, each value with its source; every record looked at is written down."""
    form = forms.form_of(code, settings.home)
    with pool.connection() as conn:
        try:
            procedure = catalogue.in_force(conn, code, clock.today()).procedure
        except NotFound:
            procedure = None
        ask: dict[str, Any] = {
            "procedure": procedure,
            "purpose": data.purpose,
            "home": settings.home,
        }
        found = (
            prefill.prefill(conn, actor, form, data.keys, **ask)
            if data.keys
            else prefill.for_values(conn, actor, form, data.values, **ask)
        )
    return Filled(
        values=found.into(data.values),
        offers=found.offers,
        conflicts=[name for name, offer in found.offers.items() if offer.conflict],
        held=list(found.held),
        empty=list(found.empty),
        silent=list(found.silent),
    )


ROUTES = [paper_list, paper_make, paper_file, form_asked, form_check, form_prefill]
