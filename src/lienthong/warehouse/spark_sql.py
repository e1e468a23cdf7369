"""Carries a statement from DuckDB's SQL to Spark's so that both give the same answer on any row.

SQLGlot turns the grammar; here stand the places where the engines compute differently: casts of text, regular
expressions, rounding, division by zero, positions in a text, arrays, code lists. Spark runs in ANSI mode, where
nothing is cast in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

import sqlglot
from sqlglot import exp

from lienthong.contracts.rules.casts import quoted
from lienthong.records.checking.lists import bodies

SOFT = {
    "soft_integer": (
        r"CASE WHEN t_ RLIKE '^[ ]*[+-]?[0-9]+[ ]*\\z' THEN TRY_CAST(TRIM(t_) AS BIGINT) END"
    ),
    "soft_number": (
        r"CASE WHEN t_ RLIKE '^[ \\t\\n\\x0B\\f\\r]*[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?"
        r"[ \\t\\n\\x0B\\f\\r]*\\z'"
        r" AND ABS(TRY_CAST(TRIM(BOTH ' \t\n\u000b\f\r' FROM t_) AS DOUBLE)) < DOUBLE('Infinity')"
        r" THEN TRY_CAST(TRIM(BOTH ' \t\n\u000b\f\r' FROM t_) AS DOUBLE) END"
    ),
    "soft_date": (
        r"CASE WHEN t_ RLIKE '^[0-9]{4}-[0-9]{2}-[0-9]{2}\\z' AND t_ >= '0001' THEN TRY_CAST(t_ AS DATE) END"
    ),
    "soft_timestamp": (
        r"CASE WHEN t_ RLIKE '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?\\z'"
        r" THEN TRY_CAST(t_ AS TIMESTAMP_NTZ)"
        r" WHEN t_ RLIKE '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?"
        r"(Z|[+-][0-9]{2}:[0-9]{2})\\z' THEN CAST(TRY_CAST(t_ AS TIMESTAMP) AS TIMESTAMP_NTZ) END"
    ),
    "soft_boolean": (
        "CASE WHEN LOWER(t_) IN ('true', 't', '1') THEN TRUE WHEN LOWER(t_) IN ('false', 'f', '0') THEN FALSE END"
    ),
}
"""The casts of `contracts.rules.casts` in Spark's SQL, over the text `t_`; the grammar is that of `python_casts`."""

DOUBLE_AS_TEXT = (
    "CASE WHEN t_ = RINT(t_) AND ABS(t_) < 1e15 THEN CONCAT(CAST(CAST(t_ AS BIGINT) AS STRING), '.0')"
    " ELSE CAST(t_ AS STRING) END"
)
"""Spark writes ten million as 1.0E7."""
QUOTIENT = (
    "CASE WHEN b_ <> 0 THEN a_ / b_ WHEN b_ = 0 THEN CASE WHEN a_ > 0 THEN DOUBLE('Infinity')"
    " WHEN a_ < 0 THEN DOUBLE('-Infinity') WHEN a_ = 0 THEN DOUBLE('NaN') END END"
)
"""What is divided by zero is infinite in DuckDB and an error in Spark."""
SPACES = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
"""Unicode's separators of words (Zs)."""
WHOLE = "CASE WHEN ABS(b_) < 4503599627370496 THEN CAST(a_ AS DOUBLE) ELSE b_ END"
"""Spark's FLOOR gives a BIGINT, which large numbers overflow; they are whole already."""
PIECE = (
    "CASE WHEN b_ >= 1 THEN SUBSTRING(a_, b_, c_) WHEN b_ = 0 THEN SUBSTRING(a_, 1, c_ - 1)"
    " ELSE SUBSTRING(a_, b_, c_) END"
)
"""A text begins at 1; what is asked before it is counted and not there."""


class Carrier:
    """Carries statements over the same relations.

    `views` are Spark's names of relations, `lists` the code lists by the word in their macro, with whether they are
    dated, `kinds` the logical type of columns that are no text.
    """

    def __init__(
        self,
        views: Mapping[str, str],
        lists: Mapping[str, tuple[str, bool]],
        kinds: Mapping[str, str],
    ) -> None:
        self.views, self.lists, self.kinds = views, lists, kinds

    def carry(self, sql: str) -> str:
        """The statement in Spark's SQL."""
        tree = cast(exp.Expression, sqlglot.parse_one(sql, dialect="duckdb"))
        holder = exp.Paren(this=tree)
        for node in list(holder.walk(bfs=False))[::-1]:
            made = self._mended(cast(exp.Expression, node))
            if made is not None:
                node.replace(made)
        return holder.this.sql(dialect="spark")

    def _mended(self, node: exp.Expression) -> exp.Expression | None:
        for kinds, mend in _MENDED:
            if isinstance(node, kinds):
                return mend(self, node)
        return None

    def table(self, node: exp.Table) -> exp.Expression | None:
        """A relation by Spark's name; its alias stays."""
        view = self.views.get(node.name)
        if view is not None:
            node.set("this", exp.to_identifier(view, quoted=True))
        return None

    def function(self, node: exp.Anonymous) -> exp.Expression | None:
        """Our own functions, which are macros in DuckDB."""
        name = str(node.this).lower()
        if name in SOFT:
            return filled(SOFT[name], t_=node.expressions[0])
        for prefix, at in (("is_code_", 0), ("all_codes_", 1)):
            if name.startswith(prefix):
                view, dated = self.lists[name.removeprefix(prefix)]
                places = ("value_", "day_") if at == 0 else ("value_", "sep_", "day_")
                values = dict(zip(places, node.expressions, strict=True))
                body = Carrier(self.views, self.lists, self.kinds).carry(
                    bodies(quoted(view), dated)[at]
                )
                return exp.Paren(this=filled(body, **values))
        return None

    def cast(self, node: exp.Cast) -> exp.Expression | None:
        """Casts of numbers: to whole numbers they round half to even, to text they look as DuckDB writes them."""
        target, inner = node.args["to"].this.name, node.this
        if target in ("TIMESTAMP", "DATETIME"):
            node.set("to", exp.DataType.build("TIMESTAMPNTZ"))
        if (
            target == "BIGINT"
            and not isinstance(inner, exp.Literal)
            and self.kind(inner) == "number"
        ):
            node.set("this", exp.Anonymous(this="RINT", expressions=[inner.copy()]))
        if target in ("VARCHAR", "TEXT") and self.kind(inner) == "number":
            return exp.Paren(this=filled(DOUBLE_AS_TEXT, t_=inner))
        return None

    def kind(self, node: exp.Expression) -> str:
        """number, date or nothing that matters."""
        if isinstance(node, exp.Column):
            return self.kinds.get(node.name, "")
        if isinstance(node, exp.Cast):
            return {"DOUBLE": "number", "DATE": "date"}.get(node.args["to"].this.name, "")
        if isinstance(node, (exp.Paren, exp.Neg, exp.Abs, exp.Max, exp.Min, exp.Sum, exp.Coalesce)):
            return self.kind(node.this)
        if isinstance(node, (exp.Subquery, exp.Select)):
            inner = node.this if isinstance(node, exp.Subquery) else node.expressions[0]
            return self.kind(inner)
        if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)):
            return (
                "number" if "number" in (self.kind(node.this), self.kind(node.expression)) else ""
            )
        if isinstance(node, exp.Literal):
            return "number" if not node.is_string and "e" in node.this.lower() else ""
        if isinstance(node, exp.Case):
            return next(
                (kind for one in node.args["ifs"] if (kind := self.kind(one.args["true"]))), ""
            )
        return ""

    def minus(self, node: exp.Sub) -> exp.Expression | None:
        """The difference of two dates is days."""
        if self.kind(node.this) == "date" and self.kind(node.expression) == "date":
            return exp.Anonymous(
                this="DATEDIFF", expressions=[node.this.copy(), node.expression.copy()]
            )
        return None

    def divided(self, node: exp.Div) -> exp.Expression | None:
        """A quotient, unless the divisor is a number that is not zero."""
        divisor = node.expression
        if isinstance(divisor, exp.Literal) and float(divisor.this or 0):
            return None
        return exp.Paren(this=filled(QUOTIENT, a_=node.this, b_=divisor))

    def matched(self, node: exp.RegexpLike) -> exp.Expression | None:
        """A regular expression as Java reads it."""
        pattern = node.expression
        if isinstance(pattern, exp.Literal):
            flag = node.text("flag")
            node.set("expression", exp.Literal.string(to_java(pattern.this, flag == "i")))
            node.set("flag", None)
        return None

    def rounded(self, node: exp.Round) -> exp.Expression | None:
        """Rounding of the double itself; Spark would round its decimal digits."""
        places = node.args.get("decimals")
        if places is None:
            return None
        power = exp.Literal(this=f"1e{places.name}", is_string=False)
        if isinstance(places, exp.Neg):
            power = exp.Literal(this=f"1e-{places.this.name}", is_string=False)
        return exp.Paren(
            this=filled("ROUND(a_ * b_) / b_", a_=exp.Paren(this=node.this.copy()), b_=power)
        )

    def whole(self, node: exp.Expression) -> exp.Expression | None:
        """FLOOR and CEIL stay numbers with a point."""
        rounding = exp.Anonymous(this=node.key.upper(), expressions=[node.this.copy()])
        return exp.Paren(this=filled(WHOLE, a_=rounding, b_=node.this))

    def length(self, node: exp.Length) -> exp.Expression | None:
        """LEN of a list."""
        if isinstance(node.this, (exp.Split, exp.ArrayDistinct)):
            return exp.Anonymous(this="SIZE", expressions=[node.this.copy()])
        return None

    def piece(self, node: exp.Substring) -> exp.Expression | None:
        """A piece of a text that may begin before it."""
        start, length = node.args.get("start"), node.args.get("length")
        if start is None or (isinstance(start, exp.Literal) and int(start.this) >= 1):
            return None
        return exp.Paren(
            this=filled(
                PIECE,
                a_=node.this,
                b_=exp.Cast(this=start.copy(), to=exp.DataType.build("INT")),
                c_=exp.Cast(
                    this=(length or exp.Literal.number(2**31 - 1)).copy(),
                    to=exp.DataType.build("INT"),
                ),
            )
        )

    def trimmed(self, node: exp.Trim) -> exp.Expression | None:
        """DuckDB takes every kind of space away, Spark only the plain one."""
        return filled(f"TRIM(BOTH '{SPACES}' FROM a_)", a_=node.this)

    def absent(self, node: exp.Not) -> exp.Expression | None:
        """`(a, s) NOT IN (SELECT x, t …)` as the absence of rows that are alike, which Spark can find by hashing.

        As it stands, Spark compares every row with every other one. Only where NULL counts as no (a condition of
        WHERE), and only when the inner question stands alone; the answer is the same, NULLs included.
        """
        asked = node.this.unnest()
        if not isinstance(asked, exp.In) or not isinstance(asked.args.get("query"), exp.Subquery):
            return None
        left, select = asked.this.unnest(), asked.args["query"].this
        if not isinstance(left, exp.Tuple) or not isinstance(select, exp.Select):
            return None
        *values, sender = left.expressions
        alone = not any(column.table == sender.table for column in select.find_all(exp.Column))
        if len(values) != 1 or not sender.table or not alone or not _under_where(node):
            return None
        inner = select.copy()
        names = [exp.alias_(one.unalias(), f"c{at}_") for at, one in enumerate(inner.expressions)]
        inner.set("expressions", names)

        def there(condition: str) -> exp.Expression:
            told = exp.Subquery(
                this=inner.copy(), alias=exp.TableAlias(this=exp.to_identifier("q_"))
            )
            alike = filled(f"q_.c1_ = s_ AND ({condition})", a_=values[0], s_=sender)
            return exp.Exists(this=exp.select("1").from_(told).where(alike))

        none_alike = exp.and_(exp.not_(there("q_.c0_ = a_")), exp.not_(there("q_.c0_ IS NULL")))
        known = exp.Not(this=exp.Is(this=exp.Paren(this=values[0].copy()), expression=exp.Null()))
        return exp.Paren(this=exp.and_(none_alike, exp.or_(known, exp.not_(there("TRUE")))))

    def like(self, node: exp.Like) -> exp.Expression | None:
        """In DuckDB nothing escapes % and _."""
        if isinstance(node.expression, exp.Literal) and "\\" in node.expression.this:
            node.set("expression", exp.Literal.string(node.expression.this.replace("\\", "\\\\")))
        return None


_MENDED: tuple[
    tuple[tuple[type[exp.Expression], ...], Callable[..., exp.Expression | None]], ...
] = (
    ((exp.Table,), Carrier.table),
    ((exp.Anonymous,), Carrier.function),
    ((exp.Cast,), Carrier.cast),
    ((exp.Sub,), Carrier.minus),
    ((exp.Div,), Carrier.divided),
    ((exp.RegexpLike,), Carrier.matched),
    ((exp.Round,), Carrier.rounded),
    ((exp.Floor, exp.Ceil), Carrier.whole),
    ((exp.Length,), Carrier.length),
    ((exp.Substring,), Carrier.piece),
    ((exp.Trim,), Carrier.trimmed),
    ((exp.Like,), Carrier.like),
    ((exp.Not,), Carrier.absent),
)


def _under_where(node: exp.Expression) -> bool:
    above = node.parent
    while isinstance(above, (exp.And, exp.Or, exp.Paren)):
        above = above.parent
    return isinstance(above, exp.Where)


@cache
def _template(sql: str) -> exp.Expression:
    return cast(exp.Expression, sqlglot.parse_one(sql, dialect="spark"))


def filled(template: str, **values: exp.Expression) -> exp.Expression:
    """A piece of Spark's SQL with expressions in the places of the columns of these names."""
    holder = exp.Paren(this=_template(template).copy())
    for column in list(holder.find_all(exp.Column)):
        value = values.get(column.name)
        if value is not None and not column.table:
            column.replace(value.copy())
    return holder.this


def to_java(pattern: str, any_case: bool = False) -> str:
    """A regular expression of RE2 as Java reads it.

    `$` is the end of the text and not the place before a last line feed, `.` stops at line feeds only, letters of any
    case mean those of every alphabet.
    """
    out, at, inside = [], 0, False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\" and at + 1 < len(pattern):
            out.append(pattern[at : at + 2])
            at += 2
            continue
        if letter == "[" and inside and pattern.startswith("[:", at):
            end = pattern.index(":]", at)
            out.append(r"\p{" + pattern[at + 2 : end].capitalize() + "}")
            at = end + 2
            continue
        if letter == "[" and inside:
            out.append(r"\[")
        elif letter == "$" and not inside:
            out.append(r"\z")
        else:
            inside = letter == "[" or (inside and letter != "]")
            out.append(letter)
        at += 1
    made = "".join(out).replace("(?i)", "(?iu)").replace("(?P<", "(?<")
    return f"(?d{'iu' if any_case else ''}){made}"
