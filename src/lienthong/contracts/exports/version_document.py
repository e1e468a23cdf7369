"""The file of a contract cut down to one of its versions: its tables, its names, what it promises of them."""

from __future__ import annotations

import re
from typing import Any

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.contracts.versions import AT

_OPTIONS = {
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "minLength": "min_length",
    "maxLength": "max_length",
}


def is_one_version(contract: Contract) -> bool:
    """Whether this is the contract in one version, not its file as it stands."""
    return AT in contract.version


def cut(document: dict[str, Any], contract: Contract) -> dict[str, Any]:
    """The document of the file with what the contract in one version holds.

    Rules that ask a field which the version does not have are left out: no other tool could run them.
    """
    missing = {str(schema.get("name")) for schema in document.get("schema") or ()}
    missing -= {table.name for table in contract.tables}
    tables = [
        _table(schema, table, missing)
        for schema in document.get("schema") or ()
        if (table := contract.table(str(schema.get("name")))) is not None
    ]
    return {**document, "version": contract.version, "schema": tables}


def _table(schema: dict[str, Any], table: Table, missing: set[str]) -> dict[str, Any]:
    fields = {str(field.properties.get("field", field.name)): field for field in table.fields}
    items = {str(item.get("name")): item for item in schema.get("properties") or ()}
    gone = missing | (set(items) - {field.name for field in table.fields})
    asks_gone = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(gone))) + r")\b")
    kept = {rule.id for rule in table.rules}

    def rules(item: dict[str, Any]) -> list[Any]:
        return [
            rule
            for rule in item.get("quality") or ()
            if str(rule.get("id") or rule.get("name")) in kept
            and not (gone and asks_gone.search(str(rule.get("query") or "")))
        ]

    properties = [
        _property(item, fields[name], rules(item)) for name, item in items.items() if name in fields
    ]
    return _with_rules({**schema, "properties": properties}, rules(schema))


def _property(item: dict[str, Any], field: Field, rules: list[Any]) -> dict[str, Any]:
    options = {
        key: value
        for key, value in (item.get("logicalTypeOptions") or {}).items()
        if key not in _OPTIONS
    } | {
        key: value for key, name in _OPTIONS.items() if (value := getattr(field, name)) is not None
    }
    made = {**item, "name": field.name, "logicalType": field.type, "logicalTypeOptions": options}
    if field.type != "string":
        for key in ("pattern", "minLength", "maxLength"):
            options.pop(key, None)
    if item.get("enum"):
        held = {value.value for value in field.values}
        made["enum"] = [one for one in item["enum"] if _value(one) in held]
    made["required"] = field.required
    empty = [key for key in ("enum", "logicalTypeOptions") if key in made and not made[key]]
    made = {key: value for key, value in made.items() if key not in empty}
    if not made["required"]:
        made.pop("required")
    return _with_rules(made, rules)


def _value(entry: Any) -> str:
    return str(entry.get("value") if isinstance(entry, dict) else entry)


def _with_rules(item: dict[str, Any], rules: list[Any]) -> dict[str, Any]:
    made = {key: value for key, value in item.items() if key != "quality"}
    return {**made, "quality": rules} if rules else made
