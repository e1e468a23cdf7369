"""Translates a resolved predicate to Python source: `true(x)` holds when SQL says TRUE, `false(x)` when it says FALSE.

A condition that is neither is unknown, so three-valued logic needs no third value in the generated code.
"""

from __future__ import annotations

import math
from typing import Any, cast

from sqlglot import exp

from lienthong.contracts.contract import Contract
from lienthong.contracts.rules import python_casts as casts
from lienthong.contracts.rules import python_values as values
from lienthong.contracts.rules.python_form import Cell, Layout, OtherLayout, told
from lienthong.contracts.rules.python_names import (
    AGGREGATES,
    BINARY,
    CASTS,
    OPPOSITE,
    ORDER,
    UNARY,
)
from lienthong.contracts.rules.python_places import beginning, is_column_of, mentions, sender_apart
from lienthong.contracts.rules.resolve import Place, branches, kind_of, select_source
from lienthong.contracts.rules.subset import OutsideSubset, ago_of


class Coder:
    """Makes source text out of trees; values that are no plain literals become named `constants`."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.layouts: dict[str, Any] = {table.name: Layout(table) for table in contract.tables}
        self.layouts |= {name: OtherLayout(table) for name, table in contract.borrowed.items()}
        self.constants: dict[str, Any] = {}
        self._names = 0
        self._selects: list[exp.Select] = []

    def constant(self, value: Any) -> str:
        """A name for a value (text, number, date, or a set of them)."""
        return self.named(*told(value))

    def named(self, *telling: Any) -> str:
        """A name for a constant as `python_form.constant_of` takes it."""
        name = f"k{len(self.constants)}"
        self.constants[name] = telling
        return name

    def fresh(self, letter: str = "t") -> str:
        """A name not used yet."""
        self._names += 1
        return f"{letter}{self._names}"

    # -- conditions

    def true(self, node: exp.Expression) -> str:
        """Source of: the predicate is TRUE."""
        if isinstance(node, exp.Paren):
            return self.true(node.this)
        if isinstance(node, (exp.And, exp.Or)):
            word = "and" if isinstance(node, exp.And) else "or"
            return f"({self.true(node.this)} {word} {self.true(node.expression)})"
        if isinstance(node, exp.Not):
            return self.false(node.this)
        return self._condition(node, True)

    def false(self, node: exp.Expression) -> str:
        """Source of: the predicate is FALSE."""
        if isinstance(node, exp.Paren):
            return self.false(node.this)
        if isinstance(node, (exp.And, exp.Or)):
            word = "or" if isinstance(node, exp.And) else "and"
            return f"({self.false(node.this)} {word} {self.false(node.expression)})"
        if isinstance(node, exp.Not):
            return self.true(node.this)
        return self._condition(node, False)

    def _condition(self, node: exp.Expression, wanted: bool) -> str:
        if type(node) in ORDER:
            operator = ORDER[type(node)]
            return self._compared(
                node.this, node.expression, operator if wanted else OPPOSITE[operator]
            )
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this, expression=node.args["low"])
            high = exp.LTE(this=node.this, expression=node.args["high"])
            both = exp.And(this=low, expression=high)
            return self.true(both) if wanted else self.false(both)
        if isinstance(node, exp.In):
            return self._in(node, wanted)
        if isinstance(node, (exp.NullSafeEQ, exp.NullSafeNEQ)):
            same = isinstance(node, exp.NullSafeEQ) is wanted
            return (
                f"({self.value(node.this)} {'==' if same else '!='} {self.value(node.expression)})"
            )
        if isinstance(node, exp.Is):
            return self._is(node, wanted)
        if isinstance(node, (exp.Exists, exp.RegexpLike, exp.Like)):
            return self._test(node, wanted)
        return f"({self.value(node)} is {wanted})"

    def _compared(self, left: exp.Expression, right: exp.Expression, operator: str) -> str:
        (known, one), (also, two) = self._operand(left), self._operand(right)
        parts = [part for part in (known, also) if part]
        if "number" in (kind_of(left), kind_of(right)) and self._maybe_nan(left, right):
            parts.append(f"number_order({one}, {two}) {operator} 0")
        else:
            parts.append(f"{one} {operator} {two}")
        return "(" + " and ".join(parts) + ")"

    def _operand(self, node: exp.Expression) -> tuple[str, str]:
        """(test that the value is known, or nothing where it always is; source of the value)."""
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, exp.Literal):
            return "", self.value(node)
        code = self.value(node)
        if isinstance(node, exp.Column):
            return f"{code} is not None", code
        name = self.fresh()
        return f"({name} := {code}) is not None", name

    @staticmethod
    def _maybe_nan(*nodes: exp.Expression) -> bool:
        """Cells are finite; only computing makes infinite values and NaN."""
        return any(
            node.find(exp.Binary, exp.Round, exp.Sum, exp.TryCast) is not None for node in nodes
        )

    def _in(self, node: exp.In, wanted: bool) -> str:
        one, found = self.fresh(), self.fresh()
        query = node.args.get("query")
        if query is not None:
            listed = self.rows(query.this if isinstance(query, exp.Subquery) else query)
            inside = f"({found} := set({listed}))"
            if wanted:
                return f"(({one} := {self.value(node.this)}) is not None and {one} in {inside})"
            # NULL NOT IN an empty set is TRUE, and an unknown member makes the answer unknown.
            return (
                f"(len({inside}) == 0 or (({one} := {self.value(node.this)}) is not None"
                f" and {one} not in {found} and None not in {found}))"
            )
        if all(isinstance(item, exp.Literal) for item in node.expressions):
            members = self.constant(frozenset(self._literal(item) for item in node.expressions))
            known, value = self._operand(node.this)
            test = f"{value} {'in' if wanted else 'not in'} {members}"
            return f"({known} and {test})" if known else f"({test})"
        either: exp.Expression = exp.Boolean(this=False)
        for item in node.expressions:
            either = exp.Or(this=either, expression=exp.EQ(this=node.this, expression=item))
        return self.true(either) if wanted else self.false(either)

    def _is(self, node: exp.Is, wanted: bool) -> str:
        if isinstance(node.expression, exp.Null):
            if isinstance(node.this, (exp.Literal, exp.Boolean)):
                return str(not wanted)
            return f"({self.value(node.this)} {'is' if wanted else 'is not'} None)"
        asked = bool(node.expression.this)
        condition = self.true(node.this) if asked else self.false(node.this)
        return condition if wanted else f"(not {condition})"

    def _test(self, node: exp.Expression, wanted: bool) -> str:
        if isinstance(node, exp.Exists):
            select = node.this.this if isinstance(node.this, exp.Subquery) else node.this
            found = f"any({self.rows(select, 'True')})"
            return found if wanted else f"(not {found})"
        # SQLGlot writes NOT LIKE as a LIKE that carries a flag.
        wanted = wanted is not bool(node.args.get("negate"))
        pattern = node.expression
        if not isinstance(pattern, exp.Literal):
            raise OutsideSubset(node.sql(dialect="duckdb")[:80], "a pattern written out")
        word = "is not" if wanted else "is"
        known, one = self._operand(node.this)
        if isinstance(node, exp.Like):
            made, how = self.named("like", pattern.this), "fullmatch"
        else:
            flags = node.args.get("flag")
            chosen = flags.this if flags else ""
            values.expression(pattern.this, chosen)  # a pattern that Python cannot read is told now
            made, how = self.named("regex", pattern.this, chosen), "search"
        call = f"{made}.{how}({one}) {word} None"
        return f"({known} and {call})" if known else f"({call})"

    # -- values

    def value(self, node: exp.Expression) -> str:
        """Source of the value of an expression."""
        for kinds, maker in _VALUES:
            if isinstance(node, kinds):
                return maker(self, node)
        made = self._function(node)
        if made is None:
            return f"truth({self.true(node)}, {self.false(node)})"
        return made

    def _shown(self, value: Any) -> str:
        if isinstance(value, float) and not math.isfinite(value):
            return self.constant(value)
        return repr(value)

    def _column(self, place: Place) -> str:
        index = self.layouts[place.table].at.get(place.name)
        row = row_name(place.alias) if place.alias else "r"
        return "None" if index is None else f"{row}[{index}]"

    @staticmethod
    def _literal(node: exp.Literal) -> Any:
        if node.is_string:
            return node.this
        return float(node.this) if "." in node.this or "e" in node.this.lower() else int(node.this)

    def _cast(self, node: exp.Cast) -> str:
        target, source = node.args["to"].this.name, kind_of(node.this)
        inner = self.value(node.this)
        if target in ("VARCHAR", "TEXT"):
            return inner if source == "string" else f"as_text({inner})"
        kind = CASTS[target]
        if source == kind or source == "null":
            return inner
        if isinstance(node.this, exp.Literal) and node.this.is_string:
            return self.constant(casts.CASTS[kind](node.this.this))
        if source == "string":
            return f"to_{kind}({inner})"
        if kind in ("integer", "number") and source in ("integer", "number", "boolean"):
            return f"as_{kind}({inner})"
        if kind == "date" and source == "timestamp":
            return f"as_date({inner})"
        raise OutsideSubset(
            node.sql(dialect="duckdb")[:80], "a CAST between text, numbers and dates"
        )

    def _function(self, node: exp.Expression) -> str | None:
        kind = type(node)
        if kind in BINARY:
            return f"{BINARY[kind]}({self.value(node.this)}, {self.value(node.expression)})"
        if kind in UNARY:
            return f"{UNARY[kind]}({self.value(node.this)})"
        if isinstance(node, (exp.Coalesce, exp.Least, exp.Greatest)):
            return (
                f"{kind.__name__.lower()}({', '.join(self.value(part) for part in branches(node))})"
            )
        if isinstance(node, exp.Substring) and (piece := self._slice(node)):
            return piece
        makers: dict[Any, tuple[str, tuple[str, ...]]] = {
            exp.Round: ("rounded", ("this", "decimals")),
            exp.Substring: ("substring", ("this", "start", "length")),
            exp.Left: ("left", ("this", "expression")),
            exp.Right: ("right", ("this", "expression")),
            exp.Replace: ("replace", ("this", "expression", "replacement")),
            exp.StrPosition: ("position", ("this", "substr")),
            exp.Split: ("parts", ("this", "expression")),
            exp.DateDiff: ("days", ("expression", "this")),
        }
        if kind in makers:
            name, keys = makers[kind]
            parts = [self.value(node.args[key]) for key in keys if node.args.get(key) is not None]
            return f"{name}({', '.join(parts)})"
        if isinstance(node, exp.Concat):
            return f"concat({', '.join(self.value(part) for part in node.expressions)})"
        if isinstance(node, exp.Nullif):
            one = self.fresh()
            same = self._compared_value(one, node)
            return f"(None if {same} else {one})"
        return None

    def _slice(self, node: exp.Substring) -> str | None:
        """SUBSTR with places written out, as Python's own slice."""
        places = [node.args.get("start"), node.args.get("length")]
        if not all(isinstance(one, exp.Literal) and not one.is_string for one in places):
            return None
        start, count = (int(float(cast(exp.Expression, one).this)) for one in places)
        if start < 1:
            return None
        known, text = self._operand(node.this)
        piece = f"{text}[{start - 1}:{start - 1 + count}]"
        return f"({piece} if {known} else None)" if known else f"({piece})"

    def _compared_value(self, one: str, node: exp.Nullif) -> str:
        two = self.fresh()
        return f"(({one} := {self.value(node.this)}) == ({two} := {self.value(node.expression)}) and {two} is not None)"

    def _case(self, node: exp.Expression) -> str:
        if isinstance(node, exp.If):
            other = self.value(node.args["false"]) if node.args.get("false") else "None"
            return f"({self.value(node.args['true'])} if {self.true(node.this)} else {other})"
        other = self.value(node.args["default"]) if node.args.get("default") else "None"
        for branch in reversed(node.args["ifs"]):
            test = branch.this
            if node.this is not None:
                test = exp.EQ(this=node.this, expression=test)
            other = f"({self.value(branch.args['true'])} if {self.true(test)} else {other})"
        return other

    def _own_function(self, node: exp.Anonymous) -> str:
        name = str(node.this).upper()
        if name == "AGO":
            return f"ago[{tuple(ago_of(node))!r}]"
        listed, value, *rest = node.expressions
        if name == "IS_CODE":
            at = self.value(rest[0]) if rest else "None"
            return f"{self._list(listed.name)}({self.value(value)}, {at})"
        at = self.value(rest[1]) if len(rest) > 1 else "None"
        return f"{self._list(listed.name)}.all({self.value(value)}, {self.value(rest[0])}, {at})"

    def _list(self, name: str) -> str:
        return self.named("codes", name)

    # -- other rows

    def rows(self, select: exp.Select, shown: str | None = None) -> str:
        """A generator over the rows of a subquery that its WHERE takes."""
        source = select_source(select)
        where = select.args.get("where")
        test = f" if {self.true(where.this)}" if where else ""
        if shown is None:
            shown = self.value(select.expressions[0])
        return (
            f"{shown} for {row_name(source.alias_or_name)} in {self._source(select, source)}{test}"
        )

    def _source(self, select: exp.Select, source: exp.Table) -> str:
        """The rows of a subquery's table: those that share the values of columns that WHERE says so of, else all."""
        table, alias = source.meta["name"], source.alias_or_name
        found: dict[Cell, str] = {}
        said = where.this if (where := select.args.get("where")) else None
        parts = [*said.flatten()] if isinstance(said, exp.And) else [said] if said else []
        for part in parts:
            if not isinstance(part, exp.EQ):
                continue
            for own, other in ((part.this, part.expression), (part.expression, part.this)):
                first, column = beginning(own)
                if not is_column_of(column, alias) or mentions(other, alias):
                    continue
                value = self.value(other)
                if ":=" not in value:  # which Python does not allow at that place
                    at = self.layouts[table].at[column.meta["place"].name]
                    found.setdefault(at if first is None else (at, first), value)
                    break
        apart = [one for part in parts if (one := sender_apart(part, alias)) is not None]
        if found and apart:
            at, values = self.layouts[table].at["_sender"], ", ".join(found.values())
            own = self.value(apart[0])
            return f"tables.find_apart({table!r}, {tuple(found)}, ({values},), {at}, {own})"
        if len(found) > 1:
            values = ", ".join(found.values())
            return f"tables.find_all({table!r}, {tuple(found)}, ({values}))"
        for at, value in found.items():
            return f"tables.find({table!r}, {at}, {value})"
        return f"tables[{table!r}]"

    def _scalar(self, select: exp.Select) -> str:
        """A subquery of one value: an expression over aggregates of its rows."""
        shown = select.expressions[0].unalias()
        if shown.find(exp.AggFunc) is None:
            raise OutsideSubset(
                select.sql(dialect="duckdb")[:80], "a subquery with COUNT, SUM, MIN or MAX"
            )
        self._selects.append(select)
        try:
            return self.value(shown)
        finally:
            self._selects.pop()

    def _aggregate(self, node: exp.Expression) -> str:
        select = self._selects[-1]
        if isinstance(node, exp.Count):
            if isinstance(node.this, exp.Distinct):
                return f"len(distinct({self.rows(select, self.value(node.this.expressions[0]))}))"
            if node.this is None or isinstance(node.this, (exp.Star, exp.Literal)):
                return f"counted({self.rows(select, 'True')})"
            return f"counted({self.rows(select, self.value(node.this))})"
        return f"{AGGREGATES[type(node)]}({self.rows(select, self.value(node.this))})"


def row_name(alias: str) -> str:
    """The variable of a subquery's row. A contract may call its rows anything, code may not."""
    plain = alias.isascii() and alias.isidentifier()
    return f"x_{alias}" if plain else f"x_{alias.encode().hex()}"


_VALUES: tuple[tuple[Any, Any], ...] = (
    ((exp.Paren, exp.Alias), lambda coder, node: coder.value(node.this)),
    (exp.Column, lambda coder, node: coder._column(node.meta["place"])),
    (exp.Literal, lambda coder, node: coder._shown(coder._literal(node))),
    (exp.Null, lambda coder, node: "None"),
    (exp.Boolean, lambda coder, node: "True" if node.this else "False"),
    (exp.Cast, Coder._cast),
    (exp.Subquery, lambda coder, node: coder._scalar(node.this)),
    (exp.Select, Coder._scalar),
    ((exp.Case, exp.If), Coder._case),
    (exp.Anonymous, Coder._own_function),
    (exp.AggFunc, Coder._aggregate),
)
"""Kinds of nodes that are values, and what makes their source."""
