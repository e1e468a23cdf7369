"""What a rule says of other databases (`other`, `needs`, `{other}`), read from its implementation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lienthong.contracts.contract import Other, Rule
from lienthong.contracts.yaml_lines import Path

if TYPE_CHECKING:
    from lienthong.contracts.mapping import Mapper

PLACE = "{other}"
"""Where a sentence names the records of the other side."""

_WITHOUT = re.compile(r"\s*(\([^()]*\{other\}[^()]*\)|:\s*\{other\}|\{other\})")
"""The place with what only makes sense beside a name: "(certificate {other})", ": {other}"."""

_FORM = "other: [{table: database.table, on: {ITS_FIELD: OWN_FIELD}}]"


def with_others(mapper: Mapper, rule: Rule, items: Any, path: Path) -> Rule:
    """The rule with the rows of other databases that it looks at. Mistakes are told to the mapper."""
    if not items:
        return rule
    place = (*path, "implementation", "other")
    others = _others(mapper, rule.id, items, place)
    names = {other.database for other in others}
    databases = tuple(need for need in rule.needs if need.partition(".")[0] in names)
    sentence = {language: _WITHOUT.sub("", text) for language, text in rule.sentence.items()}
    return replace(
        rule,
        other=others,
        databases=databases or tuple(sorted(names)),
        needs=tuple(need for need in rule.needs if need not in databases),
        naming=rule.sentence if PLACE in "".join(rule.sentence.values()) else {},
        sentence=sentence,
    )


def _others(mapper: Mapper, rule: str, items: Any, path: Path) -> tuple[Other, ...]:
    found = []
    for index, item in enumerate(items if isinstance(items, list) else [items]):
        table, on = (item.get("table"), item.get("on")) if isinstance(item, dict) else (item, None)
        database, _, name = str(table or "").partition(".")
        if not database or not name or not isinstance(on, dict) or not on:
            wrong = "rule %(rule)s names another database wrongly"
            mapper.wrong((*path, index), wrong, _FORM, rule=rule)
            continue
        pairs = tuple((str(theirs), str(own)) for theirs, own in on.items())
        found.append(Other(table=f"{database}.{name}", on=pairs))
    return tuple(found)
