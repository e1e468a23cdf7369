"""A contract as JSON Schema 2020-12: one definition a table, for forms and for senders' own checks."""

from __future__ import annotations

import json
from typing import Any

from lienthong.contracts.contract import Contract, Field, Table

JSON_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
}


def json_schema(contract: Contract) -> str:
    """The schema of a unit: an object with one list of rows for each table."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:lienthong:contract:{contract.name}:{contract.version}",
        "title": contract.label.get("vi", contract.name),
        "type": "object",
        "properties": {
            table.name: {"type": "array", "items": {"$ref": f"#/$defs/{table.name}"}}
            for table in contract.tables
        },
        "additionalProperties": False,
        "$defs": {table.name: _table(table) for table in contract.tables},
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _table(table: Table) -> dict[str, Any]:
    required = [
        field.name
        for field in table.fields
        if (field.required and field.always) or field.name in table.key
    ]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _field(field) for field in table.fields},
        "required": required,
        "additionalProperties": False,
    }
    if table.label:
        schema["title"] = table.label["vi"]
    if table.sender_kinds:
        schema["x-senderKinds"] = list(table.sender_kinds)
    return schema


def _field(field: Field) -> dict[str, Any]:
    schema = dict(JSON_TYPES[field.type])
    if field.label:
        schema["title"] = field.label["vi"]
    if field.description:
        schema["description"] = next(iter(field.description.values()))
    for key, value in {
        "pattern": field.pattern,
        "minLength": field.min_length,
        "maxLength": field.max_length,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "exclusiveMinimum": field.exclusive_minimum,
        "exclusiveMaximum": field.exclusive_maximum,
    }.items():
        if value is not None:
            schema[key] = value
    if field.values and not field.separator:
        schema["enum"] = [value.value for value in field.values]
    return schema
