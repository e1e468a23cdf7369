"""What a rule that a property declares says to a person: one sentence in each language."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lienthong import words
from lienthong.contracts.contract import Field, Rule, Table
from lienthong.findings import LANGUAGES, Text

SENTENCES = {
    "required": "%(field)s must be filled in.",
    "integer": "%(field)s must be a whole number.",
    "number": "%(field)s must be a number.",
    "boolean": "%(field)s must be true or false.",
    "date": "%(field)s must be a date (year-month-day).",
    "timestamp": "%(field)s must be a date with a time.",
    "time": "%(field)s must be a time of day.",
    "format": "%(field)s must be written as %(argument)s.",
    "person_number": "%(field)s must be a personal number: 12 digits, the fourth one 0 to 3,"
    " a birth year that has come, and no number that only fills the place.",
    "person_province": "The first three digits of %(field)s are no province of this country:"
    " registered abroad, or wrong.",
    "length": "%(field)s must have %(low)s to %(high)s characters.",
    "exactly": "%(field)s must have exactly %(low)s characters.",
    "longest": "%(field)s may have at most %(high)s characters.",
    "shortest": "%(field)s must have at least %(low)s characters.",
    "pattern": "%(field)s does not have the form %(argument)s.",
    "minimum": "%(field)s must be at least %(argument)s.",
    "above": "%(field)s must be more than %(argument)s.",
    "maximum": "%(field)s must be at most %(argument)s.",
    "below": "%(field)s must be less than %(argument)s.",
    "enum": "%(field)s must be one of: %(argument)s.",
    "unique": "%(field)s occurs more than once.",
    "reference": "%(field)s is not found in %(argument)s.",
    "code": "%(field)s must be in the code list %(argument)s on the day of the event.",
    "multiple": "%(field)s must be a multiple of %(argument)s.",
    "missing": "%(field)s must be filled in; these stand for a missing value: %(argument)s.",
    "characters": "%(field)s must have %(argument)s characters.",
    "rows": "The number of rows is not as promised.",
    "wrong": "A row is wrong where %(argument)s.",
    "query": "The number of this query is not as promised: %(argument)s",
    "foreign": "%(field)s is not part of version %(argument)s, which is in force on the day of the event.",
}
"""Kind of rule to the English sentence, which is the key of its translations."""

SHOWN_QUERY = 200
"""Characters of a query that a sentence shows."""
SHOWN_VALUES = 12
"""How many values of a closed list a sentence names before it breaks off."""


def field_name(field: Field, language: str) -> str:
    """The field as a reader knows it: its label, then the name in the file."""
    label = field.label.get(language) or field.label.get("en")
    return f"{label} ({field.name})" if label and label != field.name else field.name


def sentence(which: str, fields: tuple[Field, ...], **values: Any) -> Text:
    """The sentence of a declared rule in every language, its places filled."""
    return {
        language: words.say(
            SENTENCES[which],
            language,
            field=" + ".join(field_name(field, language) for field in fields),
            **values,
        )
        for language in LANGUAGES
    }


def told(rule: Rule, which: str, argument: str | None = "", fields: tuple[Field, ...] = ()) -> Rule:
    """The rule; one that brings no sentence of its own gets that of its kind."""
    if rule.sentence:
        return rule
    shown = " ".join(str(argument or "").split())
    shown = shown[:SHOWN_QUERY] + "…" if len(shown) > SHOWN_QUERY else shown
    return replace(rule, sentence=sentence(which, fields, argument=shown))


def table_sentence(table: Table) -> Text:
    """That rows of a table have no place in the version in force, in every language."""
    return {
        language: words.say(
            "Table %(table)s is not part of the version in force on the day of the event.",
            language,
            table=f"{table.label[language]} ({table.name})" if table.label else table.name,
        )
        for language in LANGUAGES
    }


def listed(values: tuple[str, ...]) -> str:
    """The values of a closed list as a sentence shows them."""
    shown = ", ".join(values[:SHOWN_VALUES])
    return shown + ", …" if len(values) > SHOWN_VALUES else shown
