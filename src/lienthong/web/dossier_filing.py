"""Filing a dossier at a desk: choose the procedure, fill in its form, see what is wrong beside each field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.response import Redirect
from psycopg import Connection
from psycopg_pool import ConnectionPool

from lienthong import clock
from lienthong.access import Actor, policy
from lienthong.dossiers import acting, asking, forms, prefill
from lienthong.dossiers.asking import NewDossier
from lienthong.dossiers.dossier import Filing, terms_of
from lienthong.dossiers.explaining import would_end
from lienthong.errors import Failure
from lienthong.findings import Finding
from lienthong.procedures import catalogue
from lienthong.procedures.catalogue import Version
from lienthong.procedures.procedure import Procedure
from lienthong.web.page import Page

FILE = {"action": "dossier.receive"}
CHANNELS = ("direct", "post", "online")


@get("/dossiers/new", opt=FILE, sync_to_thread=True)
def filing_page(
    page: Page, pool: ConnectionPool, actor: Actor, procedure: str = "", q: str = ""
) -> Response[str]:
    """First the procedure, then its form."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "dossier.receive")
        if procedure:
            return _form(page, conn, actor, procedure.strip())
        known = catalogue.all_in_force(conn, clock.today())
    wanted = q.strip().casefold()
    return page.show(
        "dossier_new.html",
        version=None,
        found=[one for one in known if _fits(one, wanted)],
        count=len(known),
        q=q,
    )


def _fits(one: Version, wanted: str) -> bool:
    names = (*one.procedure.name.values(), one.procedure.field)
    return wanted in one.code or any(wanted in name.casefold() for name in names)


def _form(
    page: Page,
    conn: Connection[Any],
    actor: Actor,
    code: str,
    *,
    values: forms.Values | None = None,
    wrong: Iterable[Finding] = (),
    written: dict[str, str] | None = None,
    problem: str = "",
    filled: prefill.Prefilled | None = None,
) -> Response[str]:
    now = clock.now()
    version = catalogue.in_force(conn, code, clock.local(now).date())
    form = forms.form_of(code)
    said = written or {}
    terms = terms_of(
        version.procedure, said.get("channel", "direct"), said.get("case", ""), "normal"
    )
    found = list(wrong)
    return page.show(
        "dossier_new.html",
        422 if problem or found else 200,
        version=version,
        procedure=version.procedure,
        form=form,
        fields=forms.fields(form),
        values=values or forms.Values(),
        problems=forms.by_input(form, found),
        prefilled=filled.offers if filled else {},
        filled=filled,
        cases=cases_of(version.procedure),
        clocks=sorted({limit.clock for limit in version.procedure.limits} | {"normal"}),
        channels=CHANNELS,
        would_end=would_end(now, terms),
        written=said,
        problem=problem,
        unit=said.get("unit") or actor.facility or "",
    )  # fmt: skip


def cases_of(procedure: Procedure) -> list[str]:
    """The cases that a procedure tells apart, in its own order."""
    named = [limit.case for limit in procedure.limits]
    named += [one.case for one in procedure.components]
    named += [one.case for one in procedure.steps]
    return list(dict.fromkeys(case for case in named if case))


@post("/dossiers/new", opt=FILE, status_code=200)
async def file_here(
    request: Request[Any, Any, Any], page: Page, pool: ConnectionPool, actor: Actor
) -> Response[Any]:
    """File it; what is wrong is said beside its field and nothing that was written is lost."""
    posted = await request.form()
    given = {name: [str(v) for v in posted.getall(name)] for name in posted}
    written = {name: values[0].strip() for name, values in given.items()}
    code = written.get("procedure", "")

    def run() -> Response[Any]:
        with pool.connection() as conn:
            policy.allow(conn, actor, "dossier.receive")
            form = forms.form_of(code)
            values = forms.read(form, given)
            filled = _filled(conn, actor, form, values, code) if _wants(written) else None
            if written.get("fill") == "1" and filled is not None:
                return _form(
                    page, conn, actor, code, values=filled.into(values), written=written, filled=filled
                )  # fmt: skip
            wrong = forms.check(form, values)
            if forms.in_the_way(wrong):
                return _form(
                    page, conn, actor, code, values=values, wrong=wrong, written=written, filled=filled,
                    problem=page.say("The form of the dossier is not right yet."),
                )  # fmt: skip
            try:
                with conn.transaction():
                    filing = _with_held(asking.filing_of(actor, _asked(written, values)), filled)
                    made = acting.file(conn, actor, filing)
            except Failure as failure:
                said = page.told(failure)
                return _form(
                    page,
                    conn,
                    actor,
                    code,
                    values=values,
                    wrong=wrong,
                    written=written,
                    problem=said,
                    filled=filled,
                )
        return Redirect(f"/dossiers/{made.code}?done=filed", status_code=303)

    return await to_thread.run_sync(run)


def _wants(written: dict[str, str]) -> bool:
    """Whether the databases are asked: now, or again for what need not be handed in when they were asked before."""
    return written.get("fill") == "1" or written.get("filled") == "yes"


def _filled(
    conn: Connection[Any], actor: Actor, form: forms.Form, values: forms.Values, code: str
) -> prefill.Prefilled:
    """What the databases know, through the gate; each record looked at is written down."""
    version = catalogue.in_force(conn, code, clock.today())
    with conn.transaction():
        return prefill.for_values(conn, actor, form, values, procedure=version.procedure)


def _with_held(filing: Filing, filled: prefill.Prefilled | None) -> Filing:
    """The filing with the components that a database answers, so that the receipt says why they are not there."""
    held = [one for one in (filled.held if filled else ()) if one.state == "held"]
    if not held:
        return filing
    said = [
        {
            "component": one.component or one.name,
            "place": one.place,
            "key": one.key,
            "sender": one.sender,
        }
        for one in held
    ]
    return msgspec.structs.replace(filing, form=filing.form | {"held": said})


def _asked(written: dict[str, str], values: forms.Values) -> NewDossier:
    channel: Any = written.get("channel") if written.get("channel") in CHANNELS else "direct"
    return NewDossier(
        procedure=written.get("procedure", ""),
        unit=written.get("unit", ""),
        channel=channel,
        case=written.get("case", ""),
        clock="urgent" if written.get("clock") == "urgent" else "normal",
        summary=written.get("summary", "")[:500],
        applicant=dict(values.applicant),
        form=dict(values.form),
    )


ROUTES = [filing_page, file_here]
