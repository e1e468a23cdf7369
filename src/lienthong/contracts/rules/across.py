"""What a rule asks of other databases: by which keys their rows are found, and which of them a finding names.

Only a few rows of another database are ever at hand, those that share a key with the batch. So a rule may look at
another database through equality with fields of the judged row only; anything else is a mistake of its contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from sqlglot import exp

from lienthong.contracts.contract import Contract, Other, Rule, Table
from lienthong.contracts.keys import Key, key_of
from lienthong.contracts.rules import duckdb_sql, subset
from lienthong.contracts.rules.compiled_form import Across
from lienthong.contracts.rules.python_places import sender_apart
from lienthong.contracts.rules.resolve import Place, select_source
from lienthong.contracts.rules.subset import OutsideSubset

RESERVED = ("_key", "_sender")
"""What is known of each row of another database beside its fields: its record's key and who sent it."""


def look_across(
    tree: exp.Expression, contract: Contract, table: Table, rule: Rule
) -> tuple[Across, ...]:
    """The looks of a resolved predicate at other databases. Raises OutsideSubset for what cannot be looked up."""
    _require_keys(contract, table, rule)
    for column in tree.find_all(exp.Column):
        allowed = RESERVED if column.meta["place"].alias else RESERVED[1:]
        if column.name.startswith("_") and column.name not in allowed:
            raise OutsideSubset(column.sql(), "fields, _sender, and _key of the other side")
    if subset.reads(tree, table.name).agos:
        raise OutsideSubset(
            "AGO", "no moment of receipt across databases: either side may come first"
        )
    when = _when(tree)
    found = [_across(select, source, rule, when) for select, source in _selects(tree)]
    unused = {other.table.casefold() for other in rule.other} - {
        across.table.casefold() for across in found
    }
    if unused:
        raise OutsideSubset(", ".join(sorted(unused)), "tables in `other` that the predicate reads")
    return tuple(found)


def _require_keys(contract: Contract, table: Table, rule: Rule) -> None:
    for other in rule.other:
        theirs = contract.lent(other.table)
        if theirs is None:
            raise OutsideSubset(other.table, "tables of declared databases")
        for their, own in other.on:
            key, mine = key_of(their), key_of(own)
            one, two = theirs.field(key.field), table.field(mine.field)
            if one is None:
                raise OutsideSubset(f"{other.table}.{their}", f"fields of {other.table}")
            if two is None:
                raise OutsideSubset(f"{table.name}.{own}", f"fields of {table.name}")
            if one.type != two.type:
                raise OutsideSubset(f"{their}: {own}", "keys of one type")
            if key.first != mine.first or (key.first and one.type != "string"):
                raise OutsideSubset(f"{their}: {own}", "beginnings of one length, of texts")


def _selects(tree: exp.Expression) -> Iterator[tuple[exp.Select, exp.Table]]:
    for select in tree.find_all(exp.Select):
        source = select_source(select)
        if source.db:
            yield select, source


def namings(tree: exp.Expression, rule: Rule) -> Iterator[exp.Select]:
    """The subqueries over other databases, each with only the condition of the rows that a finding names."""
    for select, source in list(_selects(tree)):
        other = _other(select, source, rule)
        made = select.copy()
        made.set("where", exp.Where(this=_named(select, source.alias_or_name, other)))
        yield made


def _when(tree: exp.Expression) -> str:
    """The conditions on the judged row alone that a wrong row meets."""
    whole = tree.unnest()
    parts = cast(
        list[exp.Expression], [*(whole.flatten() if isinstance(whole, exp.And) else [whole])]
    )
    alone = [part for part in parts if part.find(exp.Select) is None]
    codes = [part for part in alone if part.find(exp.Anonymous)]
    kept = [part for part in alone if part not in codes]
    return (
        " AND ".join(f"({duckdb_sql.resolved_sql(part, local=False)})" for part in kept) or "TRUE"
    )


def _across(select: exp.Select, source: exp.Table, rule: Rule, when: str) -> Across:
    alias, other = source.alias_or_name, _other(select, source, rule)
    return Across(
        table=source.meta["name"],
        keys=tuple(their for their, _ in other.on),
        row_keys=tuple(own for _, own in other.on),
        alias=alias,
        named=duckdb_sql.resolved_sql(_named(select, alias, other), local=False),
        when=when,
        apart=any(sender_apart(part, alias) is not None for part in conjuncts(select)),
    )


def _other(select: exp.Select, source: exp.Table, rule: Rule) -> Other:
    """The keys by which the rows of a subquery are found. Raises OutsideSubset when it does not say them."""
    name, equal = source.meta["name"], set(_equalities(select, source.alias_or_name))
    for other in rule.other:
        if other.table.casefold() == name.casefold() and set(other.on) <= equal:
            if any(key_of(their).first for their, _ in other.on) and not is_found(select):
                raise OutsideSubset(
                    select.sql(dialect="duckdb")[:120],
                    "whole fields as keys where the absence of a row makes a row wrong",
                )
            return other
    raise OutsideSubset(
        select.sql(dialect="duckdb")[:120],
        f"subqueries whose WHERE says that each key in `on` of {name} equals the row's field",
    )


def conjuncts(select: exp.Select) -> list[exp.Expression]:
    """The conditions that a subquery's rows must all meet."""
    where = select.args.get("where")
    if where is None:
        return []
    whole = where.this.unnest()
    parts = whole.flatten() if isinstance(whole, exp.And) else [whole]
    return [cast(exp.Expression, part.unnest()) for part in parts]


def _equalities(select: exp.Select, alias: str) -> Iterator[tuple[str, str]]:
    for part in conjuncts(select):
        if not isinstance(part, exp.EQ):
            continue
        for one, two in ((part.this, part.expression), (part.expression, part.this)):
            (theirs, their), (mine, own) = _key(one), _key(two)
            if theirs is None or mine is None:
                continue
            if theirs.alias == alias and not mine.alias:
                yield str(their), str(own)


def _key(node: exp.Expression) -> tuple[Place | None, Key]:
    """The column that a side of an equality is, or begins with; (None, ..) for anything else."""
    first, count = None, node.expression if isinstance(node, exp.Left) else None
    if isinstance(count, exp.Literal) and not count.is_string:
        node, first = node.this, int(count.this)
    if not isinstance(node, exp.Column):
        return None, Key("")
    return node.meta["place"], Key(node.meta["place"].name, first)


def _named(select: exp.Select, alias: str, other: Other) -> exp.Expression:
    """Which rows a finding names: those that an EXISTS found, else all with the same keys."""
    where = select.args.get("where")
    if where is not None and is_found(select):
        return where.this.copy()
    keys = dict(other.on)
    wanted = [
        part
        for part in conjuncts(select)
        if isinstance(part, exp.EQ)
        and any(
            isinstance(one, exp.Column) and one.meta["place"].alias == alias
            and one.meta["place"].name in keys
            for one in (part.this, part.expression)
        )
    ]  # fmt: skip
    made: Any = wanted[0].copy()
    for part in wanted[1:]:
        made = exp.And(this=made, expression=part.copy())
    return made


def is_found(select: exp.Select) -> bool:
    """Whether a subquery stands in an EXISTS that makes a row wrong by being true."""
    node: Any = select.parent
    if isinstance(node, exp.Subquery):
        node = node.parent
    if not isinstance(node, exp.Exists):
        return False
    above, turned = node.parent, False
    while above is not None and isinstance(above, (exp.Not, exp.And, exp.Or, exp.Paren)):
        turned = turned is not isinstance(above, exp.Not)
        above = above.parent
    return not turned and (above is None or isinstance(above, exp.Paren))
