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
    yield from _type_rules(table, field)
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


def _type_rules(table: Table, field: Field) -> Iterator[Rule]:
    """That a cell is read as what its property says it is."""
    if field.type != "string":
        # Other formats (i32, decimal2) say how a number is kept, not how it is written.
        which = "format" if strptime_format(field.type, field.format) else field.type
        yield _rule(table, field, "type", which, argument=field.format)
    elif field.format in FORMATS:
        yield _format(table, field, field.format)
    elif field.format == "person_number" and not _speaks_of(table, field):
        yield from _person_number(table, field)


def _format(table: Table, field: Field, name: str) -> Rule:
    """That a text is what its format says (ODCS: email, uuid, uri, ...)."""
    rule = _rule(table, field, "pattern", "format", argument=FORMATS[name], shown=name)
    return replace(rule, id=f"{table.name}.{field.name}.type")


def _speaks_of(table: Table, field: Field) -> bool:
    """Whether the table has rules about this field alone: they then say what is wrong with its values."""
    return any(rule.fields == (field.name,) and not rule.other for rule in table.rules)


_FILLERS = ("123456789012", "012345678912", "012345678901")
"""Numbers that only fill the place, beside those of one digit."""


def _person_number(table: Table, field: Field) -> Iterator[Rule]:
    """That a text is a personal number (Circular 59/2021/TT-BCA Art. 4); a prefix from abroad is only told.

    Spaces, dots and hyphens between the digits are looked past. There is no check digit.
    """
    name = quoted(field.name)
    plain = f"REPLACE(REPLACE(REPLACE({name}, ' ', ''), '.', ''), '-', '')"
    year = f"CONCAT('20', SUBSTR({plain}, 5, 2))"
    fillers = ", ".join(f"'{filler}'" for filler in _FILLERS)
    shape = replace(
        _rule(table, field, "custom", "person_number"),
        id=f"{table.name}.{field.name}.type",
        severity=Severity((field.properties.get("severities") or {}).get("type", Severity.ERROR)),
        predicate=f"NOT REGEXP_MATCHES({plain}, '^[0-9]{{12}}$') OR SUBSTR({plain}, 4, 1) > '3'"
        f" OR (SUBSTR({plain}, 4, 1) > '1' AND {year} > SUBSTR(AGO(0, 'hours', 'date8'), 1, 4))"
        f" OR REPLACE({plain}, SUBSTR({plain}, 1, 1), '') = '' OR {plain} IN ({fillers})",
    )
    yield shape
    yield replace(
        _rule(table, field, "custom", "person_province"),
        id=f"{table.name}.{field.name}.province",
        severity=Severity.INFORMATION,
        predicate=f"NOT IS_CODE('cccd_provinces', SUBSTR({plain}, 1, 3), NULL)",
        needs=("cccd_provinces",),
    )


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
        inclusive = _narrower(kind, inclusive, _width(field).get(kind))
        if inclusive is None and exclusive is None:
            continue
        which, bound = (words[0], inclusive) if exclusive is None else (words[1], exclusive)
        yield _rule(table, field, kind, which, argument=(inclusive, exclusive), shown=bound)


WIDTHS = {
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32)},
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32)},
    **{f"u{bits}": (0, None) for bits in (64, 128)},
}
"""What a whole number of an ODCS format may be. Of i64 and wider every number that is read fits."""


def _width(field: Field) -> dict[str, int | None]:
    """The bounds that a format of whole numbers sets."""
    given = WIDTHS.get(field.format or "") if field.type == "integer" else None
    return dict(zip(("minimum", "maximum"), given, strict=True)) if given else {}


def _narrower(kind: str, declared: Any, width: int | None) -> Any:
    """The bound that leaves less room."""
    if declared is None or width is None or not isinstance(declared, int | float):
        return width if declared is None else declared
    return max(declared, width) if kind == "minimum" else min(declared, width)


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
