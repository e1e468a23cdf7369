"""A procedure as the fields with which the editor begins: the other way of `procedure_form`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lienthong.procedures.procedure import Manner, Procedure, Supplement, TimeLimit
from lienthong.web.procedure_fields import LEVELS

SAID = {True: "yes", False: "no", None: ""}


def typed(procedure: Procedure) -> dict[str, str]:
    """Every field of the form for a procedure as it stands."""
    one = procedure
    made = {
        **_named("general", one.name),
        "general.field": one.field, "general.field_code": one.field_code, "general.subfield": one.subfield,
        "general.kind": one.kind, "general.uuid": one.uuid, "general.publisher": one.publisher,
        "general.keywords": one.keywords,
        **{f"general.level_{name}": "1" if name in one.levels else "" for name in LEVELS},
        "agencies.authority": one.authority, "agencies.delegated": "\n".join(one.delegated),
        "agencies.coordinating": "\n".join(one.coordinating), "agencies.subjects": "\n".join(one.subjects),
        "agencies.receiving": one.receiving, "dossier.sets": "" if one.sets is None else str(one.sets),
        "clock.start": one.start, "clock.limit_text": one.limit_text, "paid.fee_text": one.fee_text,
        "rules.conditions": one.conditions, "rules.legal_basis": "\n".join(one.legal_basis),
        "service.online": one.online, "service.partial_reason": one.partial_reason or "",
        "service.decentralised": SAID[one.decentralised], "service.decentralised_basis": one.decentralised_basis,
        "service.related": "\n".join(one.related), "service.chained": "\n".join(one.chained),
        "origin.successor": one.successor, "origin.standing": one.standing, "origin.evidence": "\n".join(one.evidence),
        "origin.sources": "\n".join(one.sources),
    }  # fmt: skip
    if one.decision:
        decided, effective = one.decision.decided, one.decision.effective
        made |= {
            "decision.number": one.decision.number, "decision.agency": one.decision.agency,
            "decision.decided": decided.isoformat() if decided else "",
            "decision.effective": effective.isoformat() if effective else "",
        }  # fmt: skip
    for section, rows in _rows(one).items():
        for index, row in enumerate(rows):
            made |= {f"{section}.{index}.{name}": value for name, value in row.items()}
    return made


def _rows(one: Procedure) -> Mapping[str, Iterable[Mapping[str, str]]]:
    return {
        "competent": [
            {"agency": c.agency, "code": c.code, "level": c.level or "", "applies": c.applies} for c in one.competent
        ],
        "components": [
            _names(c.name) | {
                "case": c.case, "originals": _count(c.originals), "copies": _count(c.copies),
                "required": SAID[c.required], "form": c.form, "data": c.data, "data_basis": c.data_basis,
                "code": c.code, "result_code": c.result_code,
            }
            for c in one.components
        ],
        "channels": [{"channel": m.channel, "where": m.where, "paid": _paid(m)} for m in one.manners],
        "limits": [
            {"channel": m.channel, "case": x.case, "stage": x.stage, "clock": x.clock, "basis": x.basis, **_span(x)}
            for m in one.manners for x in m.limits
        ],
        "fees": [
            _names(f.name) | {
                "channel": m.channel, "amount": str(f.amount), "case": f.case, "code": f.code, "basis": f.basis,
            }
            for m in one.manners for f in m.fees or ()
        ],
        "supplements": [
            _supplement(s) for s in ([one.supplement] if one.supplement else []) + list(one.own_supplements)
        ],
        "steps": [
            _names(s.name) | {
                "role": s.role, "text": s.text, "case": s.case, "forms": "\n".join(s.forms), **_span(s.limit),
            }
            for s in one.steps
        ],
        "results": [
            _names(r.name) | {"kind": r.kind, "code": r.code, "valid": r.valid} for r in one.results
        ],
        "translations": [
            {"text": text, "en": ours.get("en", ""), "fr": ours.get("fr", "")}
            for text, ours in one.translations.items()
        ],
        "marks": [
            {"part": part, "evidence": mark.evidence, "source": mark.source} for part, mark in one.marks.items()
        ],
    }  # fmt: skip


def _names(name: Mapping[str, str]) -> dict[str, str]:
    return {f"name_{language}": name.get(language, "") for language in ("vi", "en", "fr")}


def _named(section: str, name: Mapping[str, str]) -> dict[str, str]:
    return {f"{section}.{field}": value for field, value in _names(name).items()}


def _count(value: int | None) -> str:
    return "" if value is None else str(value)


def _paid(manner: Manner) -> str:
    return "unknown" if manner.fees is None else "listed" if manner.fees else "free"


def _span(limit: TimeLimit | None, name: str = "") -> dict[str, str]:
    """The two fields of a time; `value` and `unit`, or `name_value` and `name_unit`."""
    before = f"{name}_" if name else ""
    value = (
        "" if limit is None or limit.unit == "immediate" else f"{limit.value:g}".replace(".", ",")
    )
    return {f"{before}value": value, f"{before}unit": limit.unit if limit else ""}


def _supplement(one: Supplement) -> dict[str, str]:
    return {
        "case": one.case, "clock": one.clock, "basis": one.basis, "rounds": _count(one.rounds),
        **_span(one.ask_within, "ask"), **_span(one.answer_within, "answer"), **_span(one.then, "then"),
    }  # fmt: skip
