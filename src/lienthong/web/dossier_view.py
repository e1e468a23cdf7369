"""Everything that the page of one dossier shows, gathered behind the gate."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg import Connection

from lienthong import clock
from lienthong.access import Actor
from lienthong.dossiers import (
    attachments,
    doing,
    forms,
    gate,
    handing_over,
    known,
    results,
    sources,
    worklist,
)
from lienthong.dossiers.dossier import events, find
from lienthong.dossiers.explaining import explain
from lienthong.dossiers.history import replay
from lienthong.dossiers.moves import moves
from lienthong.dossiers.sniffing import allowed
from lienthong.findings import Text
from lienthong.procedures import catalogue
from lienthong.settings import Settings
from lienthong.web.dossiers import may_read, names_of
from lienthong.web.papers import purpose_here
from lienthong.web.portal import known as known_to_portal


def gathered(conn: Connection[Any], actor: Actor, settings: Settings, code: str) -> dict[str, Any]:
    """The values of the page: the applicant only for those who may read it, and then it is written down."""
    shown = may_read(actor)
    if shown:
        gate.reads(conn, actor, code, purpose_here(actor))
    else:
        gate.lists(conn, actor)
    dossier = find(conn, code)
    if not shown and dossier.origin == "portal":
        dossier = msgspec.structs.replace(
            dossier, summary=""
        )  # a citizen's own words may name them
    applicant, form = _personal(conn, code) if shown else ({}, {})
    version = catalogue.version(conn, dossier.procedure, dossier.procedure_version)
    terms = known.Known().of(conn, dossier)
    history = events(conn, code)
    table, now = moves(), clock.now()
    said = replay(history, terms, table, online=dossier.channel == "online")
    roles = gate.roles_on(actor, dossier)
    people = {event.actor for event in history} | {dossier.holder}
    people |= {
        str(event.about[name])
        for event in history
        for name in ("to", "for", "approved_by")
        if event.about.get(name)
    }
    files = attachments.attachments(conn, code) if shown else []
    return {
        "code": code,
        "dossier": dossier,
        "procedure": version.procedure,
        "terms": terms,
        "standing": said,
        "explained": explain(said, terms),
        "events": history,
        "table": table,
        "moves": {(m.act, m.from_, m.to): m for m in table.moves},
        "next": doing.next_acts(actor, dossier, terms),
        "roles": roles,
        "urgency": worklist.urgency_of(dossier, now)
        if table.states[dossier.state].clock != "ended" or dossier.state == "settled"
        else None,
        "now": now,
        "shown": shown,
        "applicant": applicant,
        "fields": _fields(dossier.procedure, applicant, form) if shown else [],
        "form": form,
        "held": _held(form),
        "attachments": files,
        "in_doubt": sum(one.in_doubt for one in files),
        "allowed": allowed(settings.home),
        "results": results.results(conn, code) if shown else [],
        "issued": results.issued_files(conn, code),
        "colleagues": handing_over.colleagues(conn, dossier.unit) if roles else [],
        "heads": doing.heads_of(conn, dossier.unit) if roles else [],
        "portal": known_to_portal(conn, actor, code),
        "names": names_of(conn, {one for one in people if one}),
    }


def _personal(conn: Connection[Any], code: str) -> tuple[dict[str, Any], dict[str, Any]]:
    _, applicant, form = known.with_applicant(conn, code)
    return msgspec.json.decode(applicant), msgspec.json.decode(form)


def _held(form: dict[str, Any]) -> dict[str, tuple[Text, str]]:
    """What need not be handed in: by the component's code or name, the database that holds it and its record."""
    return {
        str(one.get("component")): (sources.label(str(one.get("place"))), str(one.get("key")))
        for one in form.get("held") or ()
    }


def _fields(
    procedure: str, applicant: dict[str, Any], form: dict[str, Any]
) -> list[tuple[str, dict[str, str] | str, dict[str, str] | str]]:
    """(part, label, value) of everything that the applicant filled in, in the order of the form."""
    own = form.get("fields") or {}
    described = forms.fields(forms.form_of(procedure))
    lines: list[tuple[str, dict[str, str] | str, dict[str, str] | str]] = []
    for field in described:
        given = (applicant if field.part == "applicant" else own).get(field.name)
        if given not in (None, ""):
            label = next((c.label for c in field.choices if c.value == str(given)), None)
            lines.append((field.part, dict(field.label), dict(label) if label else str(given)))
    seen = {field.name for field in described if field.part == "applicant"}
    lines += [
        ("applicant", name, str(value)) for name, value in applicant.items()
        if name not in seen and isinstance(value, str | int) and not isinstance(value, bool)
    ]  # fmt: skip
    return lines
