"""Promises of values inside a cell as DuckDB SQL over its JSON text: true when one of the values breaks the promise."""

from __future__ import annotations

from typing import Any

from lienthong.contracts.contract import Rule
from lienthong.contracts.nested_items import LISTS, OBJECTS
from lienthong.contracts.rules.casts import from_text, literal, quoted

SCALARS = ("integer", "number", "boolean", "date", "timestamp", "time")
_BOUNDS = {"minimum": "<", "maximum": ">", "exclusiveMinimum": "<=", "exclusiveMaximum": ">="}
_TEXT = "json_extract_string(x, '$')"
_BLANK = f"(json_type(x) = 'NULL' OR trim({_TEXT}, ' \t\r\n') = '')"


def nested_predicate(rule: Rule) -> str:
    """True for a row with a value that breaks the promise. Raises ValueError for a bound that is no value of its type.

    A cell that is no JSON is named once, by the rule of the whole cell's type.
    """
    about = rule.argument
    cell, steps = quoted(rule.fields[0]), about["steps"]
    if not steps and about["promise"] == "type":
        kind = "ARRAY" if about["value"] in LISTS else "OBJECT"
        return (
            f"{cell} IS NOT NULL AND CASE WHEN json_valid({cell})"
            f" THEN json_type({cell}) <> '{kind}' ELSE TRUE END"
        )
    json = f"CASE WHEN json_valid({cell}) THEN {cell} END"
    if about["promise"] == "required" and steps[-1] is not None:
        # A part that is not there stands in no list of values: its parents are asked.
        inner = f"json_extract(x, {literal('$' + _step(steps[-1]))})"
        lacks = f"({inner} IS NULL OR {_BLANK.replace('(x', '(' + inner)})"
        return _any(json, steps[:-1], f"json_type(x) = 'OBJECT' AND {lacks}")
    return _any(json, steps, _wrong(about["promise"], about["value"], about["type"]))


def _step(step: str | None) -> str:
    return "[*]" if step is None else '."' + step.replace('"', '\\"') + '"'


def _any(json: str, steps: list[str | None], wrong: str) -> str:
    """Whether one of the values at a place is wrong."""
    path = literal("$" + "".join(map(_step, steps)))
    found = f"json_extract({json}, {path})"
    values = found if None in steps else f"[{found}]"
    return f"coalesce(len(list_filter({values}, lambda x: {wrong})), 0) > 0"


def _wrong(promise: str, value: Any, logical: str) -> str:
    """The condition over one JSON value x; a value that is blank or of another type breaks nothing else."""
    if promise == "required":
        return _BLANK
    if promise == "type":
        return f"NOT {_BLANK} AND {_mistyped(value)}"
    if promise in ("minItems", "maxItems", "uniqueItems"):
        return f"json_type(x) = 'ARRAY' AND {_of_list(promise, value)}"
    if promise in ("minProperties", "maxProperties"):
        sign = "<" if promise == "minProperties" else ">"
        return f"json_type(x) = 'OBJECT' AND len(json_keys(x)) {sign} {int(value)}"
    known = f"NOT {_BLANK} AND json_type(x) NOT IN ('ARRAY', 'OBJECT')"
    if promise == "enum":
        return f"{known} AND {_TEXT} NOT IN ({', '.join(map(literal, value))})"
    if promise == "pattern":
        return f"{known} AND NOT regexp_matches({_TEXT}, {literal(str(value))})"
    if promise in ("minLength", "maxLength"):
        return f"{known} AND length({_TEXT}) {'<' if promise == 'minLength' else '>'} {int(value)}"
    return f"{known} AND {_bound(promise, value, logical)}"


def _of_list(promise: str, value: Any) -> str:
    if promise == "uniqueItems":
        entries = "json_extract(x, '$[*]')"
        return f"len(list_distinct({entries})) < len({entries})"
    return f"json_array_length(x) {'<' if promise == 'minItems' else '>'} {int(value)}"


def _mistyped(logical: str) -> str:
    if logical in LISTS:
        return "json_type(x) <> 'ARRAY'"
    if logical in OBJECTS:
        return "json_type(x) <> 'OBJECT'"
    nested = "json_type(x) IN ('ARRAY', 'OBJECT')"
    if logical not in SCALARS:
        return nested
    wrong = f"({from_text(logical, _TEXT)}) IS NULL"
    if logical == "integer":
        # 3.0 is a whole number in JSON, as it is in typed columns.
        number = f"TRY_CAST({_TEXT} AS DOUBLE)"
        wrong += (
            f" AND NOT (json_type(x) = 'DOUBLE' AND coalesce({number} = floor({number}), FALSE))"
        )
    return f"({nested} OR ({wrong}))"


def _bound(promise: str, value: Any, logical: str) -> str:
    kind = logical if logical in ("date", "timestamp", "time") else "number"
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{promise}: {value}")
    given = repr(value) if kind == "number" else f"({from_text(kind, literal(str(value)))})"
    return f"({from_text(kind, _TEXT)}) {_BOUNDS[promise]} {given}"
