"""What a plain contract promises of values inside a cell (items of a list, parts of an object).

A cell holding them is read as the JSON text that it is, and asked as JSON. What nobody here can decide (quality items
of inner values, a part that shall be unique) is told of as unknown, which is neither kept nor broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from lienthong import words
from lienthong.contracts.contract import Rule
from lienthong.findings import LANGUAGES, Criterion, Severity

if TYPE_CHECKING:
    from lienthong.contracts.mapping import Mapper

NEED = "nested values"
LISTS = ("array", "vector")
OBJECTS = ("object", "map")
OPTIONS = (
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
"""Options of which a value inside a cell can be asked."""
_NOT_ASKED = ("unique", "quality")
_UNKNOWN = "What the contract promises of values inside %(field)s is not checked."
SENTENCES = {
    "type": "%(field)s must be of type %(argument)s.",
    "required": "%(field)s must be filled in.",
    "enum": "%(field)s must be one of: %(argument)s.",
    "pattern": "%(field)s does not have the form %(argument)s.",
    "minimum": "%(field)s must be at least %(argument)s.",
    "maximum": "%(field)s must be at most %(argument)s.",
    "exclusiveMinimum": "%(field)s must be more than %(argument)s.",
    "exclusiveMaximum": "%(field)s must be less than %(argument)s.",
    "minLength": "%(field)s must have at least %(argument)s characters.",
    "maxLength": "%(field)s may have at most %(argument)s characters.",
    "minItems": "%(field)s must have at least %(argument)s entries.",
    "maxItems": "%(field)s may have at most %(argument)s entries.",
    "uniqueItems": "%(field)s must not have the same entry twice.",
    "minProperties": "%(field)s must have at least %(argument)s entries.",
    "maxProperties": "%(field)s may have at most %(argument)s entries.",
}
"""Promise to the English sentence, which is the key of its translations."""


class Part(NamedTuple):
    """A place inside a cell: `steps` are names of parts, None for every entry of a list."""

    place: str
    steps: tuple[str | None, ...]
    item: dict[str, Any]

    @property
    def logical(self) -> str:
        """Its logical type, empty when the contract names none."""
        return str(self.item.get("logicalType") or "")


def nested_rules(
    mapper: Mapper, table: str, item: dict[str, Any], path: tuple[Any, ...]
) -> Iterator[Rule]:
    """The rules of the inner values of one property; none for a property without them."""
    name = str(item.get("name"))
    line = mapper.document.line(path)
    parts = list(_parts(Part(name, (), item)))
    told = [
        (part, promise, argument)
        for part in parts
        for promise, argument in _promises(part, whole=part.steps == ())
    ]
    if told or len(parts) > 1:
        told.insert(0, (parts[0], "type", parts[0].logical))
    for part, promise, argument in told:
        yield Rule(
            id=f"{table}.{part.place}.{promise}",
            table=table,
            kind="nested",
            criterion=Criterion.SUFFICIENT if promise == "required" else Criterion.CORRECT,
            severity=Severity.ERROR,
            fields=(name,),
            argument={
                "steps": list(part.steps),
                "promise": promise,
                "value": argument,
                "type": part.logical,
            },
            sentence=_sentence(part.place, promise, argument),
            line=line,
        )
    for part in parts[1:]:
        if any(part.item.get(promise) for promise in _NOT_ASKED):
            yield Rule(
                id=f"{table}.{part.place}.nested",
                table=table,
                kind="custom",
                criterion=Criterion.CORRECT,
                severity=Severity.ERROR,
                fields=(name,),
                needs=(NEED,),
                sentence=words.in_every_language(_UNKNOWN, field=part.place),
                line=line,
            )


def _parts(part: Part) -> Iterator[Part]:
    """The place itself and every place below it: `address`, `address.city`, `tags[]`."""
    yield part
    for inner in part.item.get("properties") or ():
        name = str(inner.get("name"))
        yield from _parts(Part(f"{part.place}.{name}", (*part.steps, name), inner))
    items = part.item.get("items")
    if isinstance(items, dict):
        yield from _parts(Part(f"{part.place}[]", (*part.steps, None), items))


def _promises(part: Part, *, whole: bool) -> Iterator[tuple[str, Any]]:
    """What is promised of one place. Of the cell as a whole its field says the rest."""
    options = part.item.get("logicalTypeOptions") or {}
    if not whole:
        if part.logical:
            yield "type", part.logical
        if part.item.get("required"):
            yield "required", None
        values = part.item.get("enum") or options.get("enum")
        if isinstance(values, list):
            yield (
                "enum",
                [str(one.get("value") if isinstance(one, dict) else one) for one in values],
            )
    elif part.logical not in (*LISTS, *OBJECTS):
        return
    for option in OPTIONS:
        about_lists = option.endswith(("Items", "Properties"))
        if options.get(option) not in (None, False) and (about_lists or not whole):
            yield option, options[option]


def _sentence(place: str, promise: str, argument: Any) -> dict[str, str]:
    shown = ", ".join(map(str, argument[:12])) if isinstance(argument, list) else argument
    return {
        language: words.say(SENTENCES[promise], language, field=place, argument=shown)
        for language in LANGUAGES
    }
