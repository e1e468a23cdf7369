"""Rules as DuckDB SQL over the typed columns of a table: true for a wrong row, and what else must be known.

Two ways to run: `local` rules look at one row only and all go in one pass; `hits` rules look at other rows,
tables or long code lists and each give the rows they hit. Markers are filled when a batch is checked:
AGO becomes `{ago:count:unit:form}`, a contract table `typed_<table>`.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from lienthong.contracts.contract import Contract, Field, Rule, Table
from lienthong.contracts.rules.casts import SOFT_MACROS, SQL_TYPES, TEXT_PREFIX, literal, quoted
from lienthong.contracts.rules.resolve import kind_of
from lienthong.contracts.rules.row_names import ROW as ROW
from lienthong.contracts.rules.row_names import typed_name as typed_name
from lienthong.contracts.rules.subset import ago_of


def text_column(field: Field) -> str:
    """The cell as sent; a text field's typed column is that already."""
    return quoted(field.name if field.type == "string" else TEXT_PREFIX + field.name)


def declared_predicate(contract: Contract, table: Table, rule: Rule) -> tuple[str, tuple[str, ...]]:
    """(predicate, other tables it reads) of a rule that a property declares."""
    if rule.kind == "unique":
        return unique_predicate(table, rule.fields), (table.name,)
    if rule.kind == "reference":
        return _reference(rule), (rule.argument[0],)
    if rule.kind == "version" and rule.argument is None:
        return "TRUE", ()
    field = table.field(rule.fields[0])
    assert field is not None
    return _OVER_CELL[rule.kind](field, rule.argument), ()


def unique_predicate(table: Table, names: tuple[str, ...]) -> str:
    """Every row that shares its whole key with another; a key with a missing part shares nothing."""
    keys = ", ".join(quoted(name) for name in names)
    row = f"({keys})" if len(names) > 1 else keys
    known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in names)
    return (
        f"{known} AND {row} IN (SELECT {row} FROM {typed_name(table.name)} WHERE {known}"
        f" GROUP BY {keys} HAVING count(*) > 1)"
    )


def _reference(rule: Rule) -> str:
    target, *ends = rule.argument
    own = [quoted(name) for name in rule.fields]
    other = [quoted(name) for name in ends]
    known = " AND ".join(f"{name} IS NOT NULL" for name in own)
    there = " AND ".join(f"{name} IS NOT NULL" for name in other)
    left = f"({', '.join(own)})" if len(own) > 1 else own[0]
    right = f"({', '.join(other)})" if len(own) > 1 else other[0]
    return f"{known} AND {left} NOT IN (SELECT {right} FROM {typed_name(target)} WHERE {there})"


def _type(field: Field, told: Any) -> str:
    if isinstance(told, list | tuple):
        # ["as", kind]: text that an older version promises to be of this kind.
        return f"{quoted(field.name)} IS NOT NULL AND soft_{told[1]}({quoted(field.name)}) IS NULL"
    return f"{text_column(field)} IS NOT NULL AND {quoted(field.name)} IS NULL"


def _required(field: Field, _: Any) -> str:
    return f"{text_column(field)} IS NULL"


def _sent(field: Field, _: Any) -> str:
    return f"{text_column(field)} IS NOT NULL"


def _length(field: Field, bounds: Any) -> str:
    low, high = bounds
    size = f"LENGTH({_as_text(field)})"
    if low is not None and high is not None:
        return (
            f"{size} <> {int(low)}"
            if low == high
            else f"{size} NOT BETWEEN {int(low)} AND {int(high)}"
        )
    return f"{size} < {int(low)}" if low is not None else f"{size} > {int(high)}"


def _pattern(field: Field, pattern: Any) -> str:
    # A search, not a full match: ODCS says ECMA-262, and datacontract-cli searches too.
    return f"NOT REGEXP_MATCHES({_as_text(field)}, {literal(str(pattern))})"


def _minimum(field: Field, bounds: Any) -> str:
    return _bound(field, bounds, "<", "<=")


def _maximum(field: Field, bounds: Any) -> str:
    return _bound(field, bounds, ">", ">=")


def _bound(field: Field, bounds: Any, inclusive: str, exclusive: str) -> str:
    parts = [
        f"{quoted(field.name)} {operator} {value_literal(field, bound)}"
        for operator, bound in zip((inclusive, exclusive), bounds, strict=True)
        if bound is not None
    ]
    return " OR ".join(parts)


def _enum(field: Field, values: Any) -> str:
    return f"{quoted(field.name)} NOT IN ({', '.join(value_literal(field, value) for value in values)})"


_OVER_CELL = {
    "type": _type,
    "required": _required,
    "length": _length,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "enum": _enum,
    "version": _sent,
}


def _as_text(field: Field) -> str:
    name = quoted(field.name)
    return name if field.type == "string" else f"CAST({name} AS VARCHAR)"


def value_literal(field: Field, value: Any) -> str:
    """A value of a contract as a literal of the field's type."""
    if field.type == "string":
        return literal(str(value))
    if field.type in ("integer", "number"):
        return number_literal(value)
    if field.type == "boolean":
        return "TRUE" if str(value).lower() in ("true", "1", "t") else "FALSE"
    return f"TRY_CAST({literal(str(value))} AS {SQL_TYPES[field.type]})"


def number_literal(value: Any) -> str:
    """A number as written in the contract; text that is no number compares with nothing."""
    text = str(value)
    try:
        float(text)
    except ValueError:
        return "NULL"
    if text.lstrip("+-").isdigit():
        return text
    return f"{text}e0" if "e" not in text.lower() else text


def metric_predicate(field: Field, metric: str, arguments: dict[str, Any]) -> str:
    """The wrong rows of an ODCS library metric of one property."""
    if metric == "nullValues":
        return f"{text_column(field)} IS NULL"
    if metric == "missingValues":
        missing = [value for value in arguments.get("missingValues") or () if value is not None]
        empty = f"{text_column(field)} IS NULL"
        if not missing:
            return empty
        listed = f"{quoted(field.name)} IN ({', '.join(value_literal(field, v) for v in missing)})"
        if field.type == "string":
            return f"{empty} OR {listed}"
        # What stands for "missing" among numbers need not be one: it is looked for in the cell as sent.
        written = ", ".join(literal(str(value)) for value in missing)
        return f"{empty} OR {listed} OR CAST({text_column(field)} AS VARCHAR) IN ({written})"
    wrong = []
    valid = arguments.get("validValues")
    if valid is not None:
        wrong.append(_enum(field, [value for value in valid if value is not None]))
    if arguments.get("pattern") is not None:
        wrong.append(_pattern(field, arguments["pattern"]))
    if arguments.get("minLength") is not None or arguments.get("maxLength") is not None:
        wrong.append(_length(field, (arguments.get("minLength"), arguments.get("maxLength"))))
    return " OR ".join(wrong)


def resolved_sql(tree: exp.Expression, *, local: bool) -> str:
    """A resolved predicate as DuckDB SQL: our functions as macros, contract tables as typed views.

    Columns of the judged row stand bare in a `local` predicate, else behind the alias ROW.
    """
    tree = tree.copy()
    for column in tree.find_all(exp.Column):
        if not column.meta["place"].alias and not local:
            column.set("table", exp.to_identifier(ROW, quoted=True))
    for cast in list(tree.find_all(exp.Cast))[::-1]:
        _replace_cast(cast)
    for table in tree.find_all(exp.Table):
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", exp.to_identifier(f"typed_{_own_name(table)}", quoted=True))
        table.set("db", None)  # of another database: its rows are at hand under database.table
    for call in list(tree.find_all(exp.Anonymous))[::-1]:
        _replace_function(call)
    _double_decimals(tree)
    return tree.sql(dialect="duckdb")


def _own_name(table: exp.Table) -> str:
    return table.meta.get("name") or table.name


def _replace_cast(cast: exp.Cast) -> None:
    target, inner = cast.args["to"].this.name, cast.this
    target = {"INT": "BIGINT", "FLOAT": "DOUBLE", "TEXT": "VARCHAR"}.get(target, target)
    if kind_of(inner) == "string" and target in SOFT_MACROS and not isinstance(inner, exp.Literal):
        cast.replace(exp.Anonymous(this=SOFT_MACROS[target], expressions=[inner.copy()]))
    else:
        cast.replace(exp.TryCast(this=inner.copy(), to=exp.DataType.build(target)))


def query_sql(tree: exp.Expression, contract: Contract) -> str:
    """A counted query, or a predicate outside the subset, as it is written, over typed views."""
    tree = tree.copy()
    within = {cte.alias_or_name.upper() for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        own = contract.called(table.name)
        if own is not None and table.name.upper() not in within:
            shown = exp.to_identifier(table.alias_or_name, quoted=True)
            table.set("alias", exp.TableAlias(this=shown))
            table.set("this", exp.to_identifier(f"plain_{own.name}", quoted=True))
    for call in list(tree.find_all(exp.Anonymous)):
        _replace_function(call)
    return tree.sql(dialect="duckdb")


def _double_decimals(tree: exp.Expression) -> None:
    """Decimal literals as DOUBLE, so that 0.1 is the same number in every engine."""
    for number in list(tree.find_all(exp.Literal)):
        if not number.is_string and "." in number.this and "e" not in number.this.lower():
            number.replace(exp.Literal(this=f"{number.this}e0", is_string=False))


def _replace_function(call: exp.Anonymous) -> None:
    name = str(call.this).upper()
    if name == "AGO":
        ago = ago_of(call)
        marker = f"{{ago:{ago.count}:{ago.unit}:{ago.form}}}"
        call.replace(exp.Literal.string(marker))
    elif name in ("IS_CODE", "ALL_CODES"):
        listed, value, *rest = call.expressions
        at = rest[-1] if len(rest) == (1 if name == "IS_CODE" else 2) else exp.Null()
        arguments = [value, at] if name == "IS_CODE" else [value, rest[0], at]
        macro = f"{name.lower()}_{listed.name}".replace("-", "_")
        call.replace(exp.Anonymous(this=macro, expressions=[part.copy() for part in arguments]))
