"""What a plain contract promises of values inside a cell (items of a list, parts of an object).

A cell holding them is read as the JSON text that it is, so nobody here decides such a promise: it is told of as
unknown, which is neither kept nor broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lienthong import words
from lienthong.contracts.contract import Rule
from lienthong.findings import Criterion, Severity

if TYPE_CHECKING:
    from lienthong.contracts.mapping import Mapper

NEED = "nested values"
_PROMISES = ("required", "unique", "enum", "logicalTypeOptions", "quality")
_ABOUT_THE_WHOLE = ("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties")
_SENTENCE = "What the contract promises of values inside %(field)s is not checked."


def nested_rules(
    mapper: Mapper, table: str, item: dict[str, Any], path: tuple[Any, ...]
) -> Iterator[Rule]:
    """A rule that nobody decides for each part of a property of which something is promised."""
    name = str(item.get("name"))
    options = item.get("logicalTypeOptions") or {}
    parts = list(_parts(name, item))
    if any(option in options for option in _ABOUT_THE_WHOLE):
        parts.insert(0, name)
    for part in parts:
        yield Rule(
            id=f"{table}.{part}.nested",
            table=table,
            kind="custom",
            criterion=Criterion.CORRECT,
            severity=Severity.ERROR,
            fields=(name,),
            needs=(NEED,),
            sentence=words.in_every_language(_SENTENCE, field=part),
            line=mapper.document.line(path),
        )


def _parts(place: str, item: dict[str, Any]) -> Iterator[str]:
    """Places of inner values of which something is promised: `address.city`, `tags[]`."""
    inner = [(f"{place}.{part.get('name')}", part) for part in item.get("properties") or ()]
    if isinstance(item.get("items"), dict):
        inner.append((f"{place}[]", item["items"]))
    for below, part in inner:
        if any(part.get(promise) for promise in _PROMISES):
            yield below
        yield from _parts(below, part)
