"""ODCS properties as our fields: types, ranges, closed lists, references and our own additions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from lienthong.contracts.contract import CodeValue, Field, FieldType, Sensitivity
from lienthong.contracts.yaml_lines import Path
from lienthong.findings import LANGUAGES

if TYPE_CHECKING:
    from lienthong.contracts.mapping import Mapper

TYPES = ("string", "integer", "number", "boolean", "date", "timestamp", "time")
NESTED = ("array", "object", "map", "vector")
"""Types of nested values; they are read as the JSON text that they are in a table of cells."""
RESERVED = (
    "_row",
    "_unit",
    "_sender",
    "_envelope_facility",
    "_envelope_date",
    "_envelope_count",
    "_envelope_units",
    "_day",
)
"""Columns that every row has beside its fields."""
SENSITIVITIES = ("public", "internal", "personal", "sensitive")
SENSITIVITY_ALIASES = {
    "restricted": "sensitive",
    "confidential": "personal",
    "pii": "personal",
    "private": "personal",
}


def map_field(mapper: Mapper, item: dict[str, Any], path: Path) -> Field:
    name = str(item.get("name") or "")
    if not name:
        mapper.wrong(path, "a property has no name")
    if name in RESERVED:
        wrong = (
            "a property may not be called %(name)s: rows of every table have a column of that name"
        )
        mapper.wrong((*path, "name"), wrong, name=name)
    own = mapper.properties(item)
    options = item.get("logicalTypeOptions") or {}
    logical = item.get("logicalType") or _logical_of_physical(item.get("physicalType"))
    if logical in NESTED:
        logical = "string"
    if logical not in TYPES:
        mapper.wrong(
            (*path, "logicalType"),
            "logicalType of %(name)s is '%(type)s'",
            ", ".join(TYPES),
            name=name,
            type=cast(FieldType, logical),
        )
        logical = "string"
    sensitivity = str(item.get("classification") or "internal").lower()
    sensitivity = SENSITIVITY_ALIASES.get(sensitivity, sensitivity)
    pattern = options.get("pattern")
    _check_options(mapper, name, options, (*path, "logicalTypeOptions"))
    physical = item.get("physicalName")
    return Field(
        name=name,
        physical_name=str(physical) if physical and physical != name else None,
        type=cast(FieldType, logical),
        physical_type=item.get("physicalType"),
        label=mapper.text(own.get("label"), path, f"label of {name}") or _business_name(item),
        description={"en": item["description"]} if item.get("description") else {},
        required=bool(item.get("required")),
        required_severity=mapper.severity((own.get("severities") or {}).get("required"), path),
        unique=bool(item.get("unique")),
        primary_key=bool(item.get("primaryKey")),
        pattern=pattern,
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        exclusive_minimum=options.get("exclusiveMinimum"),
        exclusive_maximum=options.get("exclusiveMaximum"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        multiple_of=_multiple_of(logical, options),
        values=_values(mapper, item, logical, path),
        code_list=own.get("codeList"),
        separator=own.get("separator"),
        format=own.get("format") or options.get("format"),
        sensitivity=cast(Sensitivity, sensitivity if sensitivity in SENSITIVITIES else "internal"),
        identity_role=own.get("identityRole"),
        evidence=own.get("evidence"),
        source=own.get("source"),
        examples=tuple(str(example) for example in item.get("examples") or ()),
        properties=own,
        line=mapper.document.line(path),
    )


def _multiple_of(logical: str, options: dict[str, Any]) -> int | float | None:
    step = options.get("multipleOf")
    usable = isinstance(step, int | float) and not isinstance(step, bool) and step > 0
    return step if usable and logical in ("integer", "number") else None


def _business_name(item: dict[str, Any]) -> dict[str, str]:
    """The label of a plain ODCS item: its businessName in every language."""
    name = item.get("businessName")
    return dict.fromkeys(LANGUAGES, str(name)) if name else {}


def _logical_of_physical(physical: str | None) -> str:
    """The logical type of a property that gives only a physical one (`VARCHAR(5)`, `DECIMAL(18,2)`)."""
    word = re.split(r"[\s(]", (physical or "string").strip().lower())[0]
    for logical, words in {
        "integer": ("int", "integer", "bigint", "smallint", "tinyint", "long", "int4", "int8"),
        "number": ("number", "numeric", "decimal", "double", "float", "real", "money"),
        "boolean": ("boolean", "bool"),
        "date": ("date",),
        "timestamp": ("timestamp", "datetime", "timestamptz"),
        "time": ("time",),
    }.items():
        if word in words:
            return logical
    return "string"


_ONLY_RE2 = re.compile(r"\\[pP](?:\{\^?\w+\}|[A-Z])|\[:\^?\w+:\]")
"""Classes that the engine of checks understands and Python does not."""


def _check_options(mapper: Mapper, name: str, options: dict[str, Any], path: Path) -> None:
    if (pattern := options.get("pattern")) is not None:
        try:
            re.compile(_ONLY_RE2.sub("x", str(pattern)))
        except re.error as error:
            mapper.wrong(
                (*path, "pattern"),
                "the pattern of %(name)s does not compile: %(reason)s",
                name=name,
                reason=str(error),
            )
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength")):
        least, most = options.get(low), options.get(high)
        if least is None or most is None:
            continue
        try:
            if least > most:
                mapper.wrong(
                    (*path, low),
                    "%(low)s of %(name)s is above its %(high)s",
                    low=low,
                    name=name,
                    high=high,
                )
        except TypeError:
            mapper.wrong(
                (*path, low),
                "%(low)s and %(high)s of %(name)s are of different kinds",
                low=low,
                name=name,
                high=high,
            )


def _values(
    mapper: Mapper, item: dict[str, Any], logical: str, path: Path
) -> tuple[CodeValue, ...]:
    """The closed list of a property: `enum` (ODCS 3.2) or what stood for it before.

    `validValues` are left to quality items. Whether a value may be missing says `required`, not the list.
    """
    values = []
    where, entries = _closed_list(mapper, item)
    for index, entry in enumerate(entries):
        place = (*path, *where, index)
        value = entry.get("value") if isinstance(entry, dict) else entry
        if value is None:
            continue
        value_path = (*place, "value") if isinstance(entry, dict) else place
        own = mapper.properties(entry) if isinstance(entry, dict) else {}
        if logical == "string":
            refuse_bare_code(mapper, value, value_path, str(item.get("name")))
        label = mapper.text(own.get("label"), place, f"label of {value}")
        values.append(
            CodeValue(
                value=str(value),
                label=label
                or (
                    {"en": str(entry["label"])}
                    if isinstance(entry, dict) and entry.get("label")
                    else {}
                ),
                valid_from=own.get("validFrom"),
                valid_to=own.get("validTo"),
            )
        )
    mapper.no_twins(
        [value.value for value in values], (*path, *where), f"value of {item.get('name')}"
    )
    return tuple(values)


def _closed_list(mapper: Mapper, item: dict[str, Any]) -> tuple[Path, list[Any]]:
    """Where the closed list stands, and its entries: older contracts have three other places for it."""
    if item.get("enum"):
        return ("enum",), item["enum"]
    options = (item.get("logicalTypeOptions") or {}).get("enum")
    if isinstance(options, list):
        return ("logicalTypeOptions", "enum"), options
    own = mapper.properties(item).get("enum")
    if isinstance(own, str):
        try:
            own = json.loads(own)
        except ValueError:
            own = None
    return ("customProperties",), own if isinstance(own, list) else []


def refuse_bare_code(mapper: Mapper, value: Any, path: Path, name: str) -> None:
    """A code written as a number loses its leading zeros on the next save: it must be quoted."""
    if not isinstance(value, str) or path in mapper.document.bare_numbers:
        mapper.wrong(
            path,
            "a code of %(name)s is written as a number: %(value)s",
            "put it in quotes: '08'",
            name=name,
            value=value,
        )
