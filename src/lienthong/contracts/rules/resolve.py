"""Which column each name of a predicate means and of which type, so that every engine computes the same.

SQL engines differ where types meet: text compared with a number, whole numbers that overflow, a remainder by
zero. Here those places get their casts once, before the predicate is carried to an engine.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from sqlglot import exp

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.subset import OutsideSubset, ago_of

RESERVED_KINDS = {
    "_row": "integer",
    "_unit": "integer",
    "_envelope_units": "integer",
    "_day": "integer",
}
NUMERIC = ("integer", "number")
_SQL_KINDS = {
    "BIGINT": "integer",
    "INT": "integer",
    "DOUBLE": "number",
    "FLOAT": "number",
    "DATE": "date",
    "VARCHAR": "string",
    "TEXT": "string",
    "TIMESTAMP": "timestamp",
    "BOOLEAN": "boolean",
}
_TEXT = (
    exp.Substring,
    exp.Left,
    exp.Right,
    exp.Upper,
    exp.Lower,
    exp.Trim,
    exp.Replace,
    exp.Concat,
    exp.DPipe,
)
_TRUTH = (
    exp.And,
    exp.Or,
    exp.Not,
    exp.Predicate,
    exp.In,
    exp.Between,
    exp.Exists,
    exp.RegexpLike,
    exp.Boolean,
)


class Place(NamedTuple):
    """Where a column stands: the alias of its row (empty for the row that is judged), its table and name."""

    alias: str
    table: str
    name: str
    kind: str


def resolve(tree: exp.Expression, contract: Contract, table: Table, alias: str) -> exp.Expression:
    """A copy of the predicate in which every column knows its Place and mixed types are cast.

    Raises OutsideSubset for a column that the contract does not have.
    """
    tree = tree.copy()
    for source in tree.find_all(exp.Table):
        own = _table(contract, source)
        if own is None:
            raise OutsideSubset(source.sql()[:80], "tables of the contract")
        source.meta["name"] = own.name
    for column in tree.find_all(exp.Column):
        place = _place(column, contract, table, alias)
        column.meta["place"] = place
        column.set("this", exp.to_identifier(place.name, quoted=True))
        inner = exp.to_identifier(place.alias, quoted=True) if place.alias else None
        column.set("table", inner)
    holder = exp.Paren(this=tree)
    for node in list(holder.walk(bfs=False))[::-1]:
        _harden(cast(exp.Expression, node))
    return holder.this


def places(tree: exp.Expression) -> set[Place]:
    """The columns that a resolved predicate reads."""
    return {column.meta["place"] for column in tree.find_all(exp.Column)}


def _place(column: exp.Column, contract: Contract, table: Table, alias: str) -> Place:
    name, wanted = column.name, column.table.upper()
    select = column.find_ancestor(exp.Select)
    while select is not None:
        source = select_source(select)
        own = _table(contract, source)
        if own is not None and wanted in ("", source.alias_or_name.upper()):
            found = _field(own, name)
            if found:
                return Place(source.alias_or_name, own.name, *found)
            if wanted:
                raise OutsideSubset(column.sql(), f"columns of {own.name}")
        select = select.find_ancestor(exp.Select)
    if wanted not in ("", alias.upper(), table.name.upper(), (table.physical_name or "").upper()):
        raise OutsideSubset(
            column.sql(), f"columns of {table.name} and of the tables of the subquery"
        )
    found = _field(table, name)
    if found is None:
        raise OutsideSubset(column.sql(), f"columns of {table.name}")
    return Place("", table.name, *found)


def select_source(select: exp.Select) -> exp.Table:
    """The one table of a subquery."""
    source = select.args.get("from_") or select.args.get("from")
    if source is None or not isinstance(source.this, exp.Table) or select.args.get("joins"):
        raise OutsideSubset(select.sql()[:80], "a subquery over one table")
    return source.this


def _table(contract: Contract, source: exp.Table) -> Table | None:
    if source.db:
        return contract.lent(f"{source.db}.{source.name}")
    return contract.called(source.name)


def _field(table: Table, name: str) -> tuple[str, str] | None:
    own = table.columns().get(name.casefold())
    field = table.field(own) if own else None
    if field is not None:
        return field.name, field.type
    return (name, RESERVED_KINDS.get(name, "string")) if name.startswith("_") else None


def kind_of(node: exp.Expression) -> str:
    """The logical type of an expression; `null` when it has none of its own."""
    if isinstance(node, (exp.Paren, exp.Neg, exp.Alias)):
        return kind_of(node.this)
    if isinstance(node, exp.Column):
        return node.meta["place"].kind
    if isinstance(node, exp.Literal):
        return "string" if node.is_string else "number" if _has_point(node) else "integer"
    if isinstance(node, exp.Cast):
        return _SQL_KINDS.get(node.args["to"].this.name, "string")
    if isinstance(node, exp.Null):
        return "null"
    if isinstance(node, _TRUTH):
        return "boolean"
    if isinstance(node, _TEXT):
        return "string"
    if isinstance(node, (exp.Split, exp.ArrayDistinct)):
        return "list"
    return _kind_of_function(node)


def _has_point(node: exp.Literal) -> bool:
    return "." in node.this or "e" in node.this.lower()


def _kind_of_function(node: exp.Expression) -> str:
    if isinstance(node, (exp.Add, exp.Sub)) and "date" in (
        kind_of(node.this),
        kind_of(node.expression),
    ):
        return "integer" if kind_of(node.this) == kind_of(node.expression) else "date"
    if isinstance(node, exp.Select):
        return kind_of(node.expressions[0]) if node.expressions else "null"
    if isinstance(node, exp.Anonymous):
        return _kind_of_own(node)
    for kinds, answer in _FUNCTION_KINDS:
        if isinstance(node, kinds):
            return answer if isinstance(answer, str) else answer(node)
    return "null"


_FUNCTION_KINDS: tuple[tuple[tuple[type[exp.Expression], ...], Any], ...] = (
    ((exp.Length, exp.StrPosition, exp.DateDiff, exp.Count), "integer"),
    ((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), "number"),
    ((exp.Round, exp.Abs, exp.Floor, exp.Ceil, exp.Sum), "number"),
    ((exp.Min, exp.Max, exp.Nullif, exp.Subquery), lambda node: kind_of(node.this)),
    (
        (exp.Case, exp.If, exp.Coalesce, exp.Greatest, exp.Least),
        lambda node: _common(branches(node)),
    ),
)


def _kind_of_own(node: exp.Anonymous) -> str:
    if str(node.this).upper() != "AGO":
        return "boolean"
    form = ago_of(node).form
    return form if form in ("date", "timestamp") else "string"


def branches(node: exp.Expression) -> list[exp.Expression]:
    """The expressions of which one becomes the value."""
    if isinstance(node, exp.Case):
        found = [case.args["true"] for case in node.args["ifs"]]
        return found + ([node.args["default"]] if node.args.get("default") else [])
    if isinstance(node, exp.If):
        return [node.args["true"]] + ([node.args["false"]] if node.args.get("false") else [])
    return [node.this, *node.expressions]


def _common(nodes: list[exp.Expression]) -> str:
    kinds = [kind for kind in map(kind_of, nodes) if kind != "null"]
    if not kinds:
        return "null"
    if set(kinds) == {"integer", "number"}:
        return "number"
    if "date" in kinds and "string" in kinds:
        return "date"
    return kinds[0]


_COMPARISONS = (
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Nullif,
)


def _harden(node: exp.Expression) -> None:
    for kinds, mend in _MENDED:
        if isinstance(node, kinds):
            mend(node)
            return


def _mend_remainder(node: exp.Expression) -> None:
    _widen(node)
    divisor = node.expression
    divisor.replace(exp.Nullif(this=divisor.copy(), expression=exp.Literal.number(0)))


def _mend_number(node: exp.Expression) -> None:
    if kind_of(node.this) != "number":
        _cast(node.this, "DOUBLE")


def _mend_text(node: exp.Expression) -> None:
    for part in _text_parts(node):
        if kind_of(part) not in ("string", "list", "null"):
            _cast(part, "VARCHAR")
    _whole(node)


def _whole(node: exp.Expression) -> None:
    """Places in a text are whole numbers, also when they are computed."""
    keys: dict[Any, tuple[str, ...]] = {
        exp.Substring: ("start", "length"),
        exp.Left: ("expression",),
        exp.Right: ("expression",),
    }
    for key in keys.get(type(node), ()):
        part = node.args.get(key)
        if part is not None and kind_of(part) == "number":
            _cast(part, "BIGINT")


def _mend_days(node: exp.Expression) -> None:
    for part in (node.this, node.expression):
        if kind_of(part) != "date":
            _cast(part, "DATE")


def _text_parts(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.Concat):
        return list(node.expressions)
    if isinstance(node, exp.DPipe):
        return [node.this, node.expression]
    return [node.this]


def _align_in(node: exp.In) -> None:
    query = node.args.get("query")
    if query is not None:
        select = query.this if isinstance(query, exp.Subquery) else query
        inner = select.expressions[0]
        if kind_of(node.this) != kind_of(inner):
            for part in (node.this, inner):
                _cast(part, "VARCHAR")
    elif not isinstance(node.this, exp.Tuple):
        _align(node, [node.this, *node.expressions])


def _align(node: exp.Expression, parts: list[exp.Expression]) -> None:
    """Gives compared expressions one type: numbers with text become DOUBLE, dates with text DATE."""
    kinds = {kind_of(part) for part in parts} - {"null"}
    if len(kinds) < 2:
        return
    if kinds <= set(NUMERIC) or ("string" in kinds and kinds <= {"string", *NUMERIC}):
        target = "DOUBLE"
    elif kinds <= {"string", "date"}:
        target = "DATE"
    elif kinds <= {"string", "date", "timestamp"}:
        target = "TIMESTAMP"
    elif kinds == {"string", "boolean"}:
        target = "BOOLEAN"
    else:
        raise OutsideSubset(node.sql(dialect="duckdb")[:80], "values of one type: CAST one of them")
    for part in parts:
        if kind_of(part) not in ("null", _SQL_KINDS[target]):
            _cast(part, target)


def _widen(node: exp.Expression) -> None:
    """Arithmetic runs in DOUBLE, whose overflow is no error; the difference of two dates stays whole days."""
    kinds = (kind_of(node.this), kind_of(node.expression))
    if "date" in kinds:
        if kinds != ("date", "date"):
            raise OutsideSubset(
                node.sql(dialect="duckdb")[:80], "CAST(a AS DATE) - CAST(b AS DATE)"
            )
        return
    for part, kind in zip((node.this, node.expression), kinds, strict=True):
        if kind not in ("number", "null"):
            _cast(part, "DOUBLE")


def _cast(part: exp.Expression, target: str) -> None:
    if isinstance(part, exp.Literal) and target == "DOUBLE" and not part.is_string:
        text = part.this if _has_point(part) else f"{part.this}e0"
        part.replace(
            exp.Literal(this=text if "e" in text.lower() else f"{text}e0", is_string=False)
        )
        return
    part.replace(exp.TryCast(this=part.copy(), to=exp.DataType.build(target)))


_MENDED: tuple[tuple[Any, Any], ...] = (
    (_COMPARISONS, lambda node: _align(node, [node.this, node.expression])),
    (
        exp.Between,
        lambda node: _align(node, [node.this, node.args["low"], node.args["high"]]),
    ),
    (exp.In, _align_in),
    ((exp.Coalesce, exp.Greatest, exp.Least), lambda node: _align(node, branches(node))),
    ((exp.Add, exp.Sub, exp.Mul, exp.Div), _widen),
    (exp.Mod, _mend_remainder),
    ((exp.Abs, exp.Sum, exp.Round, exp.Floor, exp.Ceil), _mend_number),
    ((exp.Length, *_TEXT, exp.StrPosition, exp.RegexpLike, exp.Like), _mend_text),
    (exp.DateDiff, _mend_days),
)
"""What is done to each kind of node so that every engine computes it alike."""
