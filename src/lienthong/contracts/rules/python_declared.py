"""Rules that properties declare, as Python conditions over a typed row."""

from __future__ import annotations

from typing import Any

from lienthong.contracts.contract import Field, Table
from lienthong.contracts.rules import python_casts as casts
from lienthong.contracts.rules import python_values as values
from lienthong.contracts.rules.compiled_form import CompiledRule
from lienthong.contracts.rules.python_code import Coder


def declared_code(table: Table, rule: CompiledRule, coder: Coder) -> str:
    """Source of: the row breaks the rule. Raises KeyError for a kind that has no meaning for one row."""
    kind, argument = rule.rule.kind, rule.rule.argument
    if kind == "unique" or (kind == "query" and rule.how == "hits"):
        return _unique(table, rule.columns, coder)
    if kind == "reference":
        return _reference(table, rule, coder)
    if kind == "version" and argument is None:
        return "True"
    field = table.field(rule.rule.fields[0])
    assert field is not None
    if kind == "query":
        return _metric(table, field, argument, coder)
    return _MAKERS[kind](table, field, argument, coder)


def _at(table: Table, name: str, coder: Coder) -> str:
    return f"r[{coder.layouts[table.name].at[name]}]"


def _sent(table: Table, name: str, coder: Coder) -> str:
    return f"r[{coder.layouts[table.name].text_at(name)}]"


def _as_text(table: Table, field: Field, coder: Coder) -> str:
    cell = _at(table, field.name, coder)
    return cell if field.type == "string" else f"as_text({cell})"


def _type(table: Table, field: Field, told: Any, coder: Coder) -> str:
    if isinstance(told, list | tuple):
        cell = _at(table, field.name, coder)
        return f"{cell} is not None and to_{told[1]}({cell}) is None"
    return (
        f"{_sent(table, field.name, coder)} is not None and {_at(table, field.name, coder)} is None"
    )


def _required(table: Table, field: Field, _: Any, coder: Coder) -> str:
    return f"{_sent(table, field.name, coder)} is None"


def _is_sent(table: Table, field: Field, _: Any, coder: Coder) -> str:
    return f"{_sent(table, field.name, coder)} is not None"


def _length(table: Table, field: Field, bounds: Any, coder: Coder) -> str:
    low, high = bounds
    one = coder.fresh()
    tests = [f"len({one}) < {int(low)}"] if low is not None else []
    tests += [f"len({one}) > {int(high)}"] if high is not None else []
    return f"({one} := {_as_text(table, field, coder)}) is not None and ({' or '.join(tests)})"


def _pattern(table: Table, field: Field, pattern: Any, coder: Coder) -> str:
    values.expression(str(pattern))  # a pattern that Python cannot read is told now
    one, made = coder.fresh(), coder.named("regex", str(pattern), "")
    return (
        f"({one} := {_as_text(table, field, coder)}) is not None and {made}.search({one}) is None"
    )


def _range(signs: tuple[str, str]) -> Any:
    def make(table: Table, field: Field, bounds: Any, coder: Coder) -> str:
        cell = _at(table, field.name, coder)
        tests = [
            f"{cell} {sign} {coder.constant(made)}"
            for sign, bound in zip(signs, bounds, strict=True)
            if bound is not None and (made := declared_value(field, bound)) is not None
        ]
        return f"{cell} is not None and ({' or '.join(tests) or 'False'})"

    return make


def _enum(table: Table, field: Field, members: Any, coder: Coder) -> str:
    made = [declared_value(field, member) for member in members]
    if None in made:
        return "False"  # as in SQL: NOT IN a list with an unknown member is never true
    cell = _at(table, field.name, coder)
    return f"{cell} is not None and {cell} not in {coder.constant(frozenset(made))}"


def _metric(table: Table, field: Field, arguments: Any, coder: Coder) -> str:
    metric = arguments["metric"]
    sent = f"{_sent(table, field.name, coder)} is None"
    if metric == "nullValues":
        return sent
    if metric == "missingValues":
        missing = [value for value in arguments.get("missingValues") or () if value is not None]
        made = frozenset(declared_value(field, value) for value in missing) - {None}
        either = f"{sent} or {_at(table, field.name, coder)} in {coder.constant(made)}"
        if field.type != "string":
            written = coder.constant(frozenset(str(value) for value in missing))
            either += f" or {_sent(table, field.name, coder)} in {written}"
        return f"({either})"
    wrong = []
    if arguments.get("validValues") is not None:
        listed = [value for value in arguments["validValues"] if value is not None]
        wrong.append(_enum(table, field, listed, coder))
    if arguments.get("pattern") is not None:
        wrong.append(_pattern(table, field, arguments["pattern"], coder))
    if arguments.get("minLength") is not None or arguments.get("maxLength") is not None:
        bounds = (arguments.get("minLength"), arguments.get("maxLength"))
        wrong.append(_length(table, field, bounds, coder))
    return " or ".join(f"({part})" for part in wrong)


_MAKERS = {
    "type": _type,
    "required": _required,
    "length": _length,
    "pattern": _pattern,
    "minimum": _range(("<", "<=")),
    "maximum": _range((">", ">=")),
    "enum": _enum,
    "version": _is_sent,
}


def declared_value(field: Field, value: Any) -> Any:
    """A value of a contract as a cell of the field's type; None when it is none."""
    if field.type == "string":
        return str(value)
    if field.type == "integer":
        number = casts.to_number(str(value))
        return int(number) if number is not None and number == int(number) else number
    if field.type == "boolean":
        return str(value).lower() in ("true", "1", "t")
    return casts.CASTS[field.type](str(value))


def _unique(table: Table, names: tuple[str, ...], coder: Coder) -> str:
    layout = coder.layouts[table.name]
    places = [layout.at[name] for name in names]
    known = " and ".join(f"r[{at}] is not None" for at in places)
    same = "".join(f" and x[{at}] == r[{at}]" for at in places[1:])
    rows = f"tables.find({table.name!r}, {places[0]}, r[{places[0]}])"
    return f"{known} and any(x is not r{same} for x in {rows})"


def _reference(table: Table, rule: CompiledRule, coder: Coder) -> str:
    target, *ends = rule.rule.argument
    own = [_at(table, name, coder) for name in rule.rule.fields]
    other = [coder.layouts[target].at[end] for end in ends]
    known = " and ".join(f"{cell} is not None" for cell in own)
    same = " and ".join(f"x[{at}] == {cell}" for cell, at in zip(own, other, strict=True))
    rows = f"tables.find({target!r}, {other[0]}, {own[0]})"
    return f"{known} and not any({same} for x in {rows})"
