"""What the editor of procedures asks: every part of a procedure as fields of a form, in the order of the page.

A field has the name `part.field`, one of a repeated part `part.row.field`; labels are sentences of the catalogues.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from lienthong.procedures.procedure import MARKED

Kind = Literal["line", "area", "lines", "whole", "number", "choice", "answer", "date", "code"]


class Field(msgspec.Struct, frozen=True):
    """One field: `lines` is a list with one entry a line, `answer` yes, no or not known."""

    name: str
    label: str
    kind: Kind = "line"
    choices: tuple[str, ...] = ()
    hint: str = ""
    wide: bool = False


class Section(msgspec.Struct, frozen=True):
    """Fields that stand together; `rows` when they repeat. `asks` names the parts of Art. 8 that they answer."""

    name: str
    title: str
    fields: tuple[Field, ...]
    rows: bool = False
    asks: tuple[str, ...] = ()
    hint: str = ""


CHANNELS = ("any", "direct", "online", "post")
UNITS = ("working_days", "days", "months", "working_hours", "hours", "immediate")
SPANS = ("", *UNITS)
CLOCKS = ("normal", "urgent")
LEVELS = ("ministry", "province", "commune", "facility", "social_insurance")

NAMES = (
    Field("name_vi", "Name in Vietnamese", wide=True),
    Field("name_en", "Name in English", wide=True),
    Field("name_fr", "Name in French", wide=True),
)
CASE = Field("case", "Case")
BASIS = Field("basis", "Basis", wide=True)

SECTIONS = (
    Section("general", "Name and place in the catalogue", (
        *NAMES,
        Field("field", "Sector"), Field("subfield", "Part of the sector"), Field("field_code", "Code of the sector"),
        Field("kind", "Kind"), Field("uuid", "UUID on the Portal"), Field("publisher", "Publishing agency"),
        Field("keywords", "Keywords", wide=True),
        *(Field(f"level_{name}", name, "choice", ("", "1")) for name in LEVELS),
    ), asks=("name",)),
    Section("agencies", "Who settles it, and for whom", (
        Field("authority", "Settling agency", wide=True),
        Field("delegated", "Delegated agencies", "lines"), Field("coordinating", "Coordinating agencies", "lines"),
        Field("subjects", "Subjects", "lines"), Field("receiving", "Where to file", "area"),
    ), asks=("authority", "subjects"), hint="One entry on each line."),
    Section("competent", "Agencies by applicant", (
        Field("agency", "Agency", wide=True), Field("code", "Code"), Field("level", "Level", "choice", ("", *LEVELS)),
        Field("applies", "For whom", wide=True),
    ), rows=True),
    Section("components", "Components of the dossier", (
        *NAMES, CASE, Field("originals", "Originals", "whole"), Field("copies", "Copies", "whole"),
        Field("required", "Always needed", "answer"), Field("form", "Form: decree, annex, number", wide=True),
        Field("data", "Database that already holds it"), Field("data_basis", "Basis of that"),
        Field("code", "Code"), Field("result_code", "Code of the result that replaces it"),
    ), rows=True, asks=("components",)),
    Section("dossier", "Number of sets", (Field("sets", "Number of sets", "whole"),), asks=("sets",)),
    Section("channels", "Channels", (
        Field("channel", "Channel", "choice", ("", *CHANNELS)), Field("where", "Address"),
        Field("paid", "Fee", "choice", ("unknown", "free", "listed")),
    ), rows=True, asks=("manner",), hint="What holds for every channel stands under “any channel”."),
    Section("limits", "Time limits", (
        Field("channel", "Channel", "choice", CHANNELS), Field("value", "How many", "number"),
        Field("unit", "Unit", "choice", SPANS), CASE, Field("stage", "Stage"),
        Field("clock", "Clock", "choice", CLOCKS), BASIS,
    ), rows=True, asks=("limit",), hint="Stages run one after the other, unless the whole is stated too."),
    Section("clock", "Start of the clock", (
        Field("start", "When the clock starts", wide=True), Field("limit_text", "Time limit as written", wide=True),
    )),
    Section("supplements", "Supplements", (
        CASE, Field("clock", "Clock", "choice", CLOCKS),
        Field("ask_value", "Asked within", "number"), Field("ask_unit", "Unit", "choice", SPANS),
        Field("answer_value", "Answered within", "number"), Field("answer_unit", "Unit", "choice", SPANS),
        Field("then_value", "Then settled within", "number"), Field("then_unit", "Unit", "choice", SPANS),
        Field("rounds", "Most rounds", "whole"), BASIS,
    ), rows=True, hint="The row without a case on the normal clock holds for all others."),
    Section("fees", "Fees", (
        Field("channel", "Channel", "choice", CHANNELS), Field("amount", "Amount in dong", "whole"), CASE,
        Field("code", "Code"), *NAMES, BASIS,
    ), rows=True, asks=("fees",)),
    Section("paid", "Fee as written", (Field("fee_text", "Fee as written", wide=True),)),
    Section("steps", "Steps", (
        *NAMES, Field("role", "Who"), CASE,
        Field("value", "How many", "number"), Field("unit", "Unit", "choice", SPANS),
        Field("text", "What is done", "area"), Field("forms", "Forms", "lines"),
    ), rows=True, asks=("steps",)),
    Section("results", "Results", (
        *NAMES, Field("kind", "Kind", "choice", ("paper", "publication")), Field("code", "Code"),
        Field("valid", "How long it is valid"),
    ), rows=True, asks=("results",)),
    Section("rules", "Conditions and legal basis", (
        Field("conditions", "Conditions", "area"), Field("legal_basis", "Legal basis", "lines"),
    ), asks=("conditions",), hint="One document on each line."),
    Section("translations", "Translations of texts kept in Vietnamese", (
        Field("text", "Text in Vietnamese", "area"),
        Field("en", "In English", "area"), Field("fr", "In French", "area"),
    ), rows=True, hint="Cases, stages, roles, conditions and the like. Shown as our translation, never as official."),
    Section("service", "Online service", (
        Field("online", "Online level", "choice", ("unknown", "full", "partial", "information")),
        Field("partial_reason", "Reason why only partial", "choice",
              ("", "presence", "inspection", "incident", "technical")),
        Field("decentralised", "Decentralised", "answer"),
        Field("decentralised_basis", "Basis of the decentralisation", wide=True),
        Field("related", "Codes of related procedures", "lines"),
        Field("chained", "Codes of chained procedures", "lines"),
    )),
    Section("decision", "Decision of publication", (
        Field("number", "Number of the decision"), Field("decided", "Day of the decision", "date"),
        Field("effective", "In effect from", "date"), Field("agency", "Agency"),
    )),
    Section("marks", "How sure the parts are", (
        Field("part", "Part", "choice", ("", *MARKED)),
        Field("evidence", "Evidence", "choice", ("attested", "inferred", "recalled")),
        Field("source", "Source", wide=True),
    ), rows=True, hint="Attested: the source says it. Inferred or recalled: an official must confirm it."),
    Section("origin", "Sources", (
        Field("standing", "Standing in the sources", "choice",
              ("unknown", "current", "listed_2025-07", "likely_replaced", "legal_basis_replaced", "abolished")),
        Field("successor", "Successor that the sources name"),
        Field("evidence", "Kinds of source", "lines"), Field("sources", "Sources", "lines"),
    )),
)  # fmt: skip
"""All sections of the editor."""

BY_NAME = {section.name: section for section in SECTIONS}
