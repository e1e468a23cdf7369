"""All rules of a table in one fixed order: what its properties declare, then its own rules.

The order is the order of the bits in a row's mask, so it may depend on the contract alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from lienthong.contracts.contract import Contract, Field, Rule, Table
from lienthong.contracts.rules.casts import quoted, strptime_format
from lienthong.contracts.rules.code_fields import code_rules
from lienthong.contracts.rules.dated import dated_rules, foreign_rules
from lienthong.contracts.rules.sentences import listed, sentence
from lienthong.findings import Criterion, Severity

CRITERION = {
    "required": Criterion.SUFFICIENT,
    "unique": Criterion.CLEAN,
    "reference": Criterion.CLEAN,
}
"""Kinds that do not speak of correctness, by the ODCS dimension other tools give them."""


_BYTE = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
FORMATS = {
    "email": r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)*$",
    "uuid": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$",
    "hostname": rf"^({_LABEL}\.)*{_LABEL}\.?$",
    "ipv4": rf"^({_BYTE}\.){{3}}{_BYTE}$",
    "ipv6": "^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$",
}
"""The formats of text that ODCS names and that a cell can break, as patterns."""


def table_rules(table: Table) -> tuple[Rule, ...]:
    """Every rule of a table in bit order, those of its properties first."""
    rules = [rule for field in table.fields for rule in dated_rules(table, field, _field_rules)]
    rules += foreign_rules(table)
    if len(table.key) > 1 and not table.properties.get("keyRule"):
        # keyRule names the rule of the contract that already speaks of a repeated key.
        rules.append(_key_rule(table))
    rules += _more_references(table)
    rules += code_rules(table)
    rules += table.rules
    return tuple(_distinct(rules))


def contract_rules(contract: Contract) -> dict[str, tuple[Rule, ...]]:
    """Table name to its rules in bit order."""
    return {table.name: table_rules(table) for table in contract.tables}


def _field_rules(table: Table, field: Field) -> Iterator[Rule]:
    if field.type != "string":
        # Other formats (i32, decimal2) say how a number is kept, not how it is written.
        which = "format" if strptime_format(field.type, field.format) else field.type
        yield _rule(table, field, "type", which, argument=field.format)
    elif field.format in FORMATS:
        yield _format(table, field, field.format)
    if field.required or field.primary_key:
        yield _rule(table, field, "required", "required")
    if field.min_length is not None or field.max_length is not None:
        yield _length(table, field)
    if field.pattern is not None:
        yield _rule(table, field, "pattern", "pattern", argument=field.pattern)
    yield from _range(table, field)
    if field.multiple_of is not None:
        yield _multiple(table, field, field.multiple_of)
    if field.values:
        values = tuple(value.value for value in field.values)
        yield _rule(table, field, "enum", "enum", argument=values, shown=listed(values))
    if field.unique or (field.primary_key and len(table.key) == 1):
        yield _rule(table, field, "unique", "unique")
    if field.reference:
        yield _rule(
            table,
            field,
            "reference",
            "reference",
            argument=field.reference,
            shown=".".join(field.reference),
        )


def _format(table: Table, field: Field, name: str) -> Rule:
    """That a text is what its format says (ODCS: email, uuid, uri, ...)."""
    rule = _rule(table, field, "pattern", "format", argument=FORMATS[name], shown=name)
    return replace(rule, id=f"{table.name}.{field.name}.type")


def _multiple(table: Table, field: Field, step: float) -> Rule:
    """That a number is a whole multiple; a millionth of the step is lost in writing decimals."""
    rule = _rule(table, field, "row", "multiple", shown=step)
    times = f"{quoted(field.name)} / {step}"
    predicate = f"ABS({times} - ROUND({times})) > 0.000001"
    return replace(rule, id=f"{table.name}.{field.name}.multipleOf", predicate=predicate)


def _length(table: Table, field: Field) -> Rule:
    low, high = field.min_length, field.max_length
    which = "length" if low is not None and high is not None else "longest"
    which = "shortest" if high is None else "exactly" if low == high else which
    return _rule(table, field, "length", which, argument=(low, high), low=low, high=high)


def _range(table: Table, field: Field) -> Iterator[Rule]:
    """Inclusive and exclusive bounds of one side are one rule: it fails when either is broken."""
    for kind, inclusive, exclusive, words in (
        ("minimum", field.minimum, field.exclusive_minimum, ("minimum", "above")),
        ("maximum", field.maximum, field.exclusive_maximum, ("maximum", "below")),
    ):
        if inclusive is None and exclusive is None:
            continue
        which, bound = (words[0], inclusive) if exclusive is None else (words[1], exclusive)
        yield _rule(table, field, kind, which, argument=(inclusive, exclusive), shown=bound)


def _rule(
    table: Table, field: Field, kind: Any, which: str, *, argument: Any = None, **shown: Any
) -> Rule:
    severities = field.properties.get("severities") or {}
    severity = Severity(severities.get(kind, Severity.ERROR))
    if kind == "required":
        severity = field.required_severity
    return Rule(
        id=f"{table.name}.{field.name}.{kind}",
        table=table.name,
        kind=kind,
        criterion=CRITERION.get(kind, Criterion.CORRECT),
        severity=severity,
        fields=(field.name,),
        argument=argument,
        sentence=sentence(which, (field,), argument=shown.pop("shown", argument), **shown),
        evidence=field.evidence,
        line=field.line,
    )


def _key_rule(table: Table) -> Rule:
    fields = tuple(field for name in table.key if (field := table.field(name)))
    return Rule(
        id=f"{table.name}.{'+'.join(table.key)}.unique",
        table=table.name,
        kind="unique",
        criterion=Criterion.CLEAN,
        fields=table.key,
        sentence=sentence("unique", fields),
        line=table.line,
    )


def _more_references(table: Table) -> Iterator[Rule]:
    """References of several fields together, second ones of a field, and those into other contracts."""
    for reference in table.references:
        fields = tuple(field for name in reference.fields if (field := table.field(name)))
        elsewhere = not reference.target
        yield Rule(
            id=f"{table.name}.{'+'.join(reference.fields)}.reference",
            table=table.name,
            kind="custom" if elsewhere else "reference",
            criterion=Criterion.CLEAN,
            fields=reference.fields,
            argument=None if elsewhere else (reference.target, *reference.ends),
            needs=(reference.written,) if elsewhere else (),
            sentence=sentence("reference", fields, argument=reference.written),
            line=reference.line,
        )


def _distinct(rules: list[Rule]) -> Iterator[Rule]:
    """An id of our catalogue may stand under several properties: id and first field name a rule."""
    seen: dict[tuple[str, str], int] = {}
    for rule in rules:
        name = (rule.id, rule.fields[0] if rule.fields else "")
        seen[name] = seen.get(name, 0) + 1
        yield rule if seen[name] == 1 else replace(rule, id=f"{rule.id}#{seen[name]}")
