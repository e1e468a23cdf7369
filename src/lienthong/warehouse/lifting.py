"""Values that a subquery takes of the judged row's own visit, asked beside the row before the subquery is.

`NOT EXISTS (… WHERE g.MA_CSKCB = (SELECT MAX(v.MA_CSKCB) FROM XML1 v WHERE v.MA_LK = row.MA_LK))` looks out of two
subqueries at once, which Spark cannot do. The inner one speaks of nothing but the judged row, so it is a column of it.
"""

from __future__ import annotations

from sqlglot import exp

PREFIX = "_lifted"


def lift(tree: exp.Expression, row: str) -> tuple[exp.Expression, tuple[exp.Expression, ...]]:
    """The predicate over the row of that alias with columns `_lifted0` .. of it, and what these columns are."""
    found: list[exp.Expression] = []
    for inner in list(tree.find_all(exp.Subquery, exp.Exists)):
        select = inner.this.unnest()
        if inner.find_ancestor(exp.Select) is None or not isinstance(select, exp.Select):
            continue
        if isinstance(inner.parent, (exp.In, exp.Exists)) or not _alone(select, row):
            continue
        column = exp.column(f"{PREFIX}{len(found)}", table=row, quoted=True)
        if isinstance(inner, exp.Exists):
            # Spark asks for existence in a condition only; how many there are may be a column.
            counted = select.select(exp.Count(this=exp.Star()), append=False)
            found.append(exp.Subquery(this=counted))
            inner.replace(exp.Paren(this=exp.GT(this=column, expression=exp.Literal.number(0))))
        elif any(one.find(exp.AggFunc) for one in select.expressions):
            found.append(inner.copy())
            inner.replace(column)
    return tree, tuple(found)


def _alone(select: exp.Select, row: str) -> bool:
    """Whether it looks at rows that the judged row alone tells."""
    if select.find(exp.Subquery, exp.Exists):
        return False
    own = {source.alias_or_name for source in select.find_all(exp.Table)} | {row, ""}
    return all(column.table in own for column in select.find_all(exp.Column))
