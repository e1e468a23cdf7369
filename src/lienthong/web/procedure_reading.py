"""The procedure that the fields of the editor's form say; what cannot be read is named by its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from lienthong.procedures.procedure import (
    Competence,
    Component,
    Decision,
    Fee,
    Manner,
    Mark,
    Procedure,
    Result,
    Step,
    Supplement,
    TimeLimit,
)
from lienthong.web.procedure_fields import BY_NAME, LEVELS, SECTIONS
from lienthong.web.procedure_form import Form, Row, codes, day, lines, span, whole

UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
ANSWERS = {"yes": True, "no": False, "": None}
LONGEST = 20_000


def read(typed: Mapping[str, str], code: str) -> tuple[Procedure, Form]:
    """The procedure that was typed, and the form with its problems (empty: all could be read)."""
    form = Form(typed)
    for name, value in form.typed.items():
        if len(value) > LONGEST:
            form.wrong(name, "This is too long: at most %(count)s letters.", count=LONGEST)
    decision = _decision(form)
    general, supplement = _supplements(form)
    online = form.one("service", "online") or "unknown"
    reason = form.one("service", "partial_reason")
    if online == "partial" and not reason:
        form.wrong(
            "service.partial_reason",
            "A partial service needs its published reason (Decree 224/2026 Art. 14).",
        )
    if not form.one("general", "name_vi"):
        form.wrong("general.name_vi", "The name in Vietnamese is needed.")
    uuid = form.one("general", "uuid")
    if uuid and not UUID.match(uuid):
        form.wrong("general.uuid", "“%(text)s” is no UUID.", text=uuid[:40])
    made = Procedure(
        code=code,
        name=_name(dict(_single(form, "general"))),
        uuid=uuid,
        kind=form.one("general", "kind"),
        publisher=form.one("general", "publisher"),
        field=form.one("general", "field"),
        field_code=form.one("general", "field_code"),
        subfield=form.one("general", "subfield"),
        keywords=form.one("general", "keywords"),
        levels=cast(Any, tuple(name for name in LEVELS if form.one("general", f"level_{name}"))),
        authority=form.one("agencies", "authority"),
        delegated=lines(form.one("agencies", "delegated")),
        coordinating=lines(form.one("agencies", "coordinating")),
        subjects=lines(form.one("agencies", "subjects")),
        receiving=form.one("agencies", "receiving"),
        competent=tuple(_competence(form, prefix, row) for prefix, row in form.rows("competent")),
        components=tuple(_component(form, prefix, row) for prefix, row in form.rows("components")),
        sets=whole(form, "dossier.sets", form.one("dossier", "sets")),
        manners=_manners(form),
        start=form.one("clock", "start"),
        limit_text=form.one("clock", "limit_text"),
        supplement=general,
        own_supplements=supplement,
        fee_text=form.one("paid", "fee_text"),
        steps=tuple(_step(form, prefix, row) for prefix, row in form.rows("steps")),
        results=tuple(_result(form, prefix, row) for prefix, row in form.rows("results")),
        conditions=form.one("rules", "conditions"),
        legal_basis=lines(form.one("rules", "legal_basis")),
        online=cast(Any, online),
        partial_reason=cast(Any, reason or None),
        decentralised=ANSWERS.get(form.one("service", "decentralised")),
        decentralised_basis=form.one("service", "decentralised_basis"),
        related=codes(form, "service.related", form.one("service", "related")),
        chained=codes(form, "service.chained", form.one("service", "chained")),
        decision=decision,
        marks=_marks(form),
        successor=form.one("origin", "successor"),
        standing=form.one("origin", "standing") or "unknown",
        evidence=lines(form.one("origin", "evidence")),
        sources=lines(form.one("origin", "sources")),
        translations=_translations(form),
    )
    return _checked(form, made), form


def _checked(form: Form, made: Procedure) -> Procedure:
    """The same procedure, after its choices were held against what there is to choose."""
    for section in SECTIONS:
        for field in section.fields:
            if field.choices:
                for name in _addresses(form, section.name, section.rows, field.name):
                    value = form.typed.get(name, "").strip()
                    if value and value not in field.choices:
                        form.wrong(name, "“%(text)s” is none of the choices.", text=value[:40])
    return made


def _addresses(form: Form, section: str, rows: bool, field: str) -> list[str]:
    if not rows:
        return [f"{section}.{field}"]
    return [f"{section}.{index}.{field}" for index in form.indexes(section)]


def _single(form: Form, section: str) -> Mapping[str, str]:
    return {field.name: form.one(section, field.name) for field in BY_NAME[section].fields}


def _name(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row[f"name_{name}"] for name in ("vi", "en", "fr") if row.get(f"name_{name}")}


def _manners(form: Form) -> tuple[Manner, ...]:
    """One manner for each channel named in the rows of channels, limits and fees, in that order."""
    told: dict[str, Manner] = {}
    paid: dict[str, str] = {}
    for prefix, row in form.rows("channels"):
        channel = row["channel"] or "any"
        if channel in told:
            form.wrong(f"{prefix}.channel", "This channel stands here twice.")
        told[channel] = Manner(channel=cast(Any, channel), where=row["where"])
        paid[channel] = row["paid"]
    limits, fees = _limits(form), _fees(form)
    return tuple(
        msgspec.structs.replace(
            told.get(channel, Manner(channel=cast(Any, channel))),
            limits=tuple(limits.get(channel, ())),
            fees=tuple(fees[channel]) if channel in fees else () if paid.get(channel) == "free" else None,
        )
        for channel in dict.fromkeys([*told, *limits, *fees])
    )  # fmt: skip


def _limits(form: Form) -> dict[str, list[TimeLimit]]:
    """Time limits by channel."""
    made: dict[str, list[TimeLimit]] = {}
    for prefix, row in form.rows("limits"):
        found = span(form, prefix, row["value"], row["unit"])
        if found is None:
            form.wrong(f"{prefix}.value", "How many? Write a number.")
            continue
        whole_limit = msgspec.structs.replace(
            found, case=row["case"], stage=row["stage"], clock=row["clock"] or "normal", basis=row["basis"],
        )  # fmt: skip
        made.setdefault(row["channel"] or "any", []).append(whole_limit)
    return made


def _fees(form: Form) -> dict[str, list[Fee]]:
    """Fees by channel."""
    made: dict[str, list[Fee]] = {}
    for prefix, row in form.rows("fees"):
        amount = whole(form, f"{prefix}.amount", row["amount"])
        if amount is None:
            form.wrong(f"{prefix}.amount", "The amount in dong is needed.")
        fee = Fee(
            amount=amount or 0,
            code=row["code"],
            name=_name(row),
            case=row["case"],
            basis=row["basis"],
        )
        made.setdefault(row["channel"] or "any", []).append(fee)
    return made


def _competence(form: Form, prefix: str, row: Row) -> Competence:
    if not row["agency"]:
        form.wrong(f"{prefix}.agency", "The name of the agency is needed.")
    return Competence(
        agency=row["agency"],
        code=row["code"],
        level=cast(Any, row["level"] or None),
        applies=row["applies"],
    )


def _named(form: Form, prefix: str, row: Row) -> dict[str, str]:
    if not row["name_vi"]:
        form.wrong(f"{prefix}.name_vi", "The name in Vietnamese is needed.")
    return _name(row)


def _component(form: Form, prefix: str, row: Row) -> Component:
    return Component(
        name=_named(form, prefix, row), code=row["code"], case=row["case"], form=row["form"], data=row["data"],
        originals=whole(form, f"{prefix}.originals", row["originals"]),
        copies=whole(form, f"{prefix}.copies", row["copies"]),
        required=ANSWERS.get(row["required"]), data_basis=row["data_basis"], result_code=row["result_code"],
    )  # fmt: skip


def _supplements(form: Form) -> tuple[Supplement | None, tuple[Supplement, ...]]:
    """The supplement for all, and those of a case or clock."""
    general, own = None, []
    for prefix, row in form.rows("supplements"):
        made = Supplement(
            case=row["case"], clock=row["clock"] or "normal", basis=row["basis"],
            rounds=whole(form, f"{prefix}.rounds", row["rounds"]),
            ask_within=_part(form, prefix, row, "ask"), answer_within=_part(form, prefix, row, "answer"),
            then=_part(form, prefix, row, "then"),
        )  # fmt: skip
        if made.case or made.clock != "normal":
            own.append(made)
        elif general is not None:
            form.wrong(
                f"{prefix}.case", "Two rows are for all cases; name the case of one of them."
            )
        else:
            general = made
    return general, tuple(own)


def _part(form: Form, prefix: str, row: Row, name: str) -> TimeLimit | None:
    names = (f"{name}_value", f"{name}_unit")
    return span(form, prefix, row[names[0]], row[names[1]], names=names)


def _step(form: Form, prefix: str, row: Row) -> Step:
    return Step(
        name=_named(form, prefix, row), role=row["role"], text=row["text"], case=row["case"],
        forms=lines(row["forms"]),
        limit=span(form, prefix, row["value"], row["unit"]),
    )  # fmt: skip


def _result(form: Form, prefix: str, row: Row) -> Result:
    return Result(
        name=_named(form, prefix, row),
        code=row["code"],
        kind=cast(Any, row["kind"] or "paper"),
        valid=row["valid"],
    )


def _translations(form: Form) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for prefix, row in form.rows("translations"):
        if not row["text"]:
            form.wrong(f"{prefix}.text", "The text in Vietnamese is needed.")
        elif row["text"] in made:
            form.wrong(f"{prefix}.text", "This text stands here twice.")
        ours = {language: row[language] for language in ("en", "fr") if row[language]}
        if ours:
            made[row["text"]] = ours
    return made


def _marks(form: Form) -> dict[str, Mark]:
    made: dict[str, Mark] = {}
    for prefix, row in form.rows("marks"):
        if not row["part"]:
            form.wrong(f"{prefix}.part", "Choose the part.")
        elif row["part"] in made:
            form.wrong(f"{prefix}.part", "This part stands here twice.")
        made[row["part"]] = Mark(
            evidence=cast(Any, row["evidence"] or "attested"), source=row["source"]
        )
    return made


def _decision(form: Form) -> Decision | None:
    row = _single(form, "decision")
    if not any(row.values()):
        return None
    if not row["number"]:
        form.wrong("decision.number", "The number of the decision is needed.")
    return Decision(
        number=row["number"], agency=row["agency"],
        decided=day(form, "decision.decided", row["decided"]),
        effective=day(form, "decision.effective", row["effective"]),
    )  # fmt: skip
