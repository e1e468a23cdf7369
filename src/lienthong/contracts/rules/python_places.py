"""By which columns generated Python may find the rows of a subquery: those, or their beginnings, that WHERE equates."""

from __future__ import annotations

from typing import Any

from sqlglot import exp


def beginning(node: exp.Expression) -> tuple[int | None, exp.Expression]:
    """LEFT(column, n) as (n, column); anything else as (None, itself)."""
    if not isinstance(node, exp.Left) or not isinstance(node.this, exp.Column):
        return None, node
    count, text = node.expression, node.this.meta["place"].kind == "string"
    if text and isinstance(count, exp.Literal) and not count.is_string and count.this.isdigit():
        return int(count.this), node.this
    return None, node


def is_column_of(node: exp.Expression, alias: str) -> bool:
    """Whether it is a text or day of the row of that alias."""
    if not isinstance(node, exp.Column):
        return False
    place = node.meta["place"]
    return place.alias == alias and place.kind in ("string", "date")


def mentions(node: exp.Expression, alias: str) -> bool:
    """Whether it needs the row of that alias, or other rows."""
    if node.find(exp.Select) is not None or isinstance(node, exp.Select):
        return True
    return any(column.meta["place"].alias == alias for column in node.find_all(exp.Column))


def sender_apart(part: Any, alias: str) -> exp.Column | None:
    """The judged row's `_sender`, when a condition is that the sender of the other row is another one."""
    if isinstance(part, exp.NEQ):
        for one, two in ((part.this, part.expression), (part.expression, part.this)):
            both = isinstance(one, exp.Column) and isinstance(two, exp.Column)
            if both and one.name == two.name == "_sender" and one.meta["place"].alias == alias:
                return two if not two.meta["place"].alias else None
    return None
