"""What a procedure's form asks, how sure each field is, where the databases know it, and what is checked."""

from __future__ import annotations

from litestar import Response, get
from psycopg_pool import ConnectionPool

from lienthong.access import Actor, policy
from lienthong.dossiers import forms, sources
from lienthong.dossiers.forms import FormField
from lienthong.settings import Settings
from lienthong.web.page import Page


@get("/procedures/{code:str}/form", opt={"action": "procedure.read"}, sync_to_thread=True)
def form_page(
    page: Page, pool: ConnectionPool, actor: Actor, settings: Settings, code: str
) -> Response[str]:
    """The form of a procedure for whoever answers for it."""
    with pool.connection() as conn:
        policy.allow(conn, actor, "procedure.read")
    form = forms.form_of(code, settings.home)
    asked = forms.fields(form)
    return page.show(
        "dossier_form.html",
        code=code,
        form=form,
        parts_of=[
            (contract, [one for one in asked if one.part == part], contract.tables[0].rules)
            for contract, part in zip(form.contracts, ("applicant", "form"), strict=False)
        ],
        places=_places(asked),
    )


def _places(asked: list[FormField]) -> dict[str, dict[str, str]]:
    """The places that fill the fields, as officials call their tables."""
    return {place: sources.label(place) for one in asked for place in one.prefill}


ROUTES = [form_page]
