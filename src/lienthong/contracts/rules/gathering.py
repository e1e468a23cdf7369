"""What rules ask of other rows, gathered: one grouped reading of a table answers all rules that join to it alike.

A third of the care rules ask for the largest, the sum or the presence of something among the rows of the same
visit. Run one by one, each is planned and joined by itself; gathered, a table is grouped once by its key and
every such rule looks at one row of it (a Look), in one statement for each judged table.
"""

from __future__ import annotations

from typing import Any

import sqlglot
from msgspec.structs import replace
from sqlglot import exp

from lienthong.contracts.rules.compiled_form import CompiledRule, CompiledTable, Look, LookUse
from lienthong.contracts.rules.row_names import INNER, ROW


class _NotAlike(Exception):
    """A subquery that is no equality join to one table."""


class _Looks:
    """The Looks of a contract as they are found."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[int, list[str]]] = {}

    def place(self, table: str, keys: list[tuple[str, str]], aggregate: str) -> tuple[int, int]:
        """(number of the Look, number of the aggregate in it); both are made when they are new."""
        pairs = sorted(set(keys))
        inner, outer = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
        number, aggregates = self._found.setdefault((table, inner, outer), (len(self._found), []))
        if aggregate not in aggregates:
            aggregates.append(aggregate)
        return number, aggregates.index(aggregate)

    def made(self) -> tuple[Look, ...]:
        return tuple(
            Look(table=table, keys=inner, row_keys=outer, aggregates=tuple(aggregates))
            for (table, inner, outer), (_, aggregates) in self._found.items()
        )


def gather(tables: tuple[CompiledTable, ...]) -> tuple[tuple[CompiledTable, ...], tuple[Look, ...]]:
    """The tables with the gathered form of the rules that have one, and the Looks these ask."""
    looks = _Looks()
    made = tuple(
        replace(table, rules=tuple(_gathered(rule, looks) for rule in table.rules))
        for table in tables
    )
    return made, looks.made()


def _gathered(rule: CompiledRule, looks: _Looks) -> CompiledRule:
    fit = rule.how == "hits" and rule.portable and rule.alias == ROW and not rule.lists
    if not fit or rule.crossing or "{ago:" in rule.sql:
        return rule
    tree = sqlglot.parse_one(f"SELECT {rule.sql}", dialect="duckdb")
    found: list[tuple[exp.Expression, exp.Select]] = []
    for select in list(tree.find_all(exp.Select))[1:]:
        asked = select.parent
        if (
            not isinstance(asked, exp.Subquery | exp.Exists)
            or select.find_ancestor(exp.Subquery, exp.Exists) is not asked
        ):
            return rule
        found.append((asked, select))
    if not found or any(asked.find_ancestor(exp.Exists, exp.Subquery) for asked, _ in found):
        return rule
    uses: set[tuple[int, int]] = set()
    try:
        for asked, select in found:
            asked.replace(_answer(asked, select, looks, uses))
    except _NotAlike:
        return rule
    sql = tree.sql(dialect="duckdb").removeprefix("SELECT ")
    return replace(
        rule,
        gathered=sql,
        uses=tuple(LookUse(look=look, aggregate=at) for look, at in sorted(uses)),
    )


def _answer(
    asked: exp.Expression, select: exp.Select, looks: _Looks, uses: set[tuple[int, int]]
) -> exp.Expression:
    """The expression over Looks that says what the subquery says."""
    table, alias = _source(select)
    keys, condition = _join(select, alias)
    if not keys:
        raise _NotAlike

    def column(aggregate: str) -> exp.Expression:
        filtered = f"{aggregate} FILTER (WHERE {condition})" if condition else aggregate
        number, at = looks.place(table, keys, filtered)
        uses.add((number, at))
        return exp.column(f"a{at}", table=f"_g{number}", quoted=True)

    if isinstance(asked, exp.Exists):
        counted = exp.Coalesce(this=column("COUNT(*)"), expressions=[exp.Literal.number(0)])
        return exp.Paren(this=exp.GT(this=counted, expression=exp.Literal.number(0)))
    if len(select.expressions) != 1:
        raise _NotAlike
    shown = select.expressions[0]
    shown = exp.Paren(this=(shown.this if isinstance(shown, exp.Alias) else shown).copy())
    found = list(shown.find_all(exp.AggFunc))
    if not found:
        raise _NotAlike
    for call in found:
        _only(call, alias)
        answer = column(_inside(call))
        if isinstance(call, exp.Count):
            answer = exp.Coalesce(this=answer, expressions=[exp.Literal.number(0)])
        call.replace(answer)
    if any(not name.table.startswith("_g") for name in shown.find_all(exp.Column)):
        raise _NotAlike
    return shown


def _source(select: exp.Select) -> tuple[str, str]:
    """(name, alias) of the one table of a subquery that only filters it."""
    given: Any = select.args.get("from_") or select.args.get("from")
    more = ("group", "having", "limit", "offset", "distinct", "joins", "qualify", "with_", "with")
    if given is None or any(select.args.get(part) for part in more):
        raise _NotAlike
    if not isinstance(given.this, exp.Table) or not given.this.name.startswith("typed_"):
        raise _NotAlike
    if given.this.db:
        raise _NotAlike
    return given.this.name.removeprefix("typed_"), given.this.alias


def _join(select: exp.Select, alias: str) -> tuple[list[tuple[str, str]], str]:
    """([(SQL over the table, SQL over the row)], condition over the table alone) of a WHERE."""
    where = select.args.get("where")
    keys, rest = [], []
    for part in (
        where.this.flatten()
        if where and isinstance(where.this, exp.And)
        else [where.this]
        if where
        else []
    ):
        part = part.unnest()
        sides = {column.table for column in part.find_all(exp.Column)}
        if sides <= {alias}:
            rest.append(_inside(part))
            continue
        if not isinstance(part, exp.EQ):
            raise _NotAlike
        left, right = part.this, part.expression
        if _tables(left) == {ROW} and _tables(right) == {alias}:
            left, right = right, left
        if _tables(left) != {alias} or _tables(right) != {ROW}:
            raise _NotAlike
        keys.append((_inside(left), right.sql(dialect="duckdb")))
    return keys, " AND ".join(f"({part})" for part in rest)


def _tables(tree: Any) -> set[str]:
    return {column.table for column in tree.find_all(exp.Column)}


def _only(tree: Any, alias: str) -> None:
    if not _tables(tree) <= {alias} or tree.find(exp.Select):
        raise _NotAlike


def _inside(tree: Any) -> str:
    """SQL over the table that is grouped, whatever the rule calls it."""
    tree = tree.copy()
    for column in tree.find_all(exp.Column):
        column.set("table", exp.to_identifier(INNER, quoted=True))
    return tree.sql(dialect="duckdb")
