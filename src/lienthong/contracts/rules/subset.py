"""The part of SQL in which rules are written, and what a rule reads: columns, tables, code lists, moments.

Everything here can be carried to DuckDB, Spark and Python with the same answer. `docs/reference` prints ALLOWED.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, cast

import sqlglot
from sqlglot import exp

ALLOWED: dict[str, tuple[type[exp.Expression], ...]] = {
    "AND OR NOT": (exp.And, exp.Or, exp.Not, exp.Paren),
    "= <> < <= > >=": (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
    "IS [NOT] NULL, IS [NOT] DISTINCT FROM": (exp.Is, exp.Null, exp.NullSafeEQ, exp.NullSafeNEQ),
    "IN BETWEEN LIKE": (exp.In, exp.Between, exp.Like),
    "CASE COALESCE NULLIF": (exp.Case, exp.If, exp.Coalesce, exp.Nullif),
    "+ - * / %": (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg),
    "ABS ROUND FLOOR CEIL LEAST GREATEST": (
        exp.Abs,
        exp.Round,
        exp.Floor,
        exp.Ceil,
        exp.Least,
        exp.Greatest,
    ),
    "LENGTH SUBSTR LEFT RIGHT UPPER LOWER TRIM REPLACE CONCAT || STRPOS": (
        exp.Length,
        exp.Substring,
        exp.Left,
        exp.Right,
        exp.Upper,
        exp.Lower,
        exp.Trim,
        exp.Replace,
        exp.Concat,
        exp.DPipe,
        exp.StrPosition,
    ),
    "REGEXP_MATCHES": (exp.RegexpLike,),
    "LEN(STRING_SPLIT(text, ';')), LEN(LIST_DISTINCT(STRING_SPLIT(text, ';')))": (
        exp.Split,
        exp.ArrayDistinct,
    ),
    "CAST TRY_CAST to BIGINT DOUBLE DATE VARCHAR": (
        exp.Cast,
        exp.TryCast,
        exp.DataType,
        exp.DataTypeParam,
    ),
    "DATE_DIFF('day', a, b)": (exp.DateDiff, exp.Var),
    "literals": (exp.Literal, exp.Boolean, exp.Tuple),
    "columns": (exp.Column, exp.Identifier),
    "[NOT] EXISTS and scalar subqueries with COUNT SUM MIN MAX": (
        exp.Exists,
        exp.Subquery,
        exp.Select,
        exp.From,
        exp.Where,
        exp.Table,
        exp.TableAlias,
        exp.Count,
        exp.Sum,
        exp.Min,
        exp.Max,
        exp.Star,
        exp.Distinct,
        exp.Alias,
    ),
}
"""What a predicate may hold: as a person reads it, and as SQLGlot calls it."""

FUNCTIONS = {"AGO": 3, "IS_CODE": 3, "ALL_CODES": 4}
"""Our own functions (only in `engine: lienthong`) and the most arguments each takes."""

CAST_TYPES = ("BIGINT", "INT", "DOUBLE", "FLOAT", "DATE", "VARCHAR", "TEXT", "TIMESTAMP")
RESERVED_PREFIX = "_"
_ALLOWED_TYPES = tuple(kind for kinds in ALLOWED.values() for kind in kinds)


class OutsideSubset(ValueError):
    """A predicate holds what the subset does not; `where` is that piece of it."""

    def __init__(self, where: str, allowed: str) -> None:
        super().__init__(f"{where}: allowed are {allowed}")
        self.where = where
        self.allowed = allowed


class Ago(NamedTuple):
    """A moment `count` `unit`s before the receipt, written as `form`."""

    count: int  # type: ignore[assignment]  # tuple has a method of that name, never asked here
    unit: str
    form: str


class Reads(NamedTuple):
    """What a predicate needs to be decided."""

    columns: frozenset[str]
    tables: frozenset[str]
    lists: frozenset[str]
    agos: frozenset[Ago]
    subqueries: bool


def parse(predicate: str) -> exp.Expression:
    """The tree of a predicate. Raises OutsideSubset when it is not SQL."""
    try:
        return cast(exp.Expression, sqlglot.parse_one(predicate, dialect="duckdb"))
    except sqlglot.errors.SqlglotError as error:
        raise OutsideSubset(_first(str(error)), "one boolean SQL expression") from error


def require_subset(tree: exp.Expression) -> None:
    """Raises OutsideSubset at the first piece of a predicate that not every engine can run."""
    for node in tree.walk():
        if isinstance(node, exp.Anonymous):
            _require_function(node)
        elif not isinstance(node, _ALLOWED_TYPES):
            raise OutsideSubset(node.sql(dialect="duckdb")[:80], "; ".join(ALLOWED))
        elif isinstance(node, (exp.Cast, exp.TryCast)) and _type_word(node) not in CAST_TYPES:
            raise OutsideSubset(node.sql(dialect="duckdb")[:80], ", ".join(CAST_TYPES))
        else:
            _require_plain(node)


_PLAIN = {
    exp.Trim: ("this",),
    exp.Between: ("this", "low", "high"),
    exp.Round: ("this", "decimals"),
    exp.StrPosition: ("this", "substr"),
    exp.Count: ("this", "big_int"),
    exp.RegexpLike: ("this", "expression", "flag"),
    exp.Select: ("expressions", "from", "from_", "where"),
    exp.Subquery: ("this",),
}
"""What these may say beside their name: TRIM(BOTH 'x' FROM a) or BETWEEN SYMMETRIC is not in every engine."""


def _require_plain(node: exp.Expression) -> None:
    keys = _PLAIN.get(type(node))
    said = {key for key, value in node.args.items() if value}
    day = not isinstance(node, exp.DateDiff) or node.text("unit").upper() == "DAY"
    flag = not isinstance(node, exp.RegexpLike) or node.text("flag") in ("", "c", "i")
    if (keys is not None and not said <= set(keys)) or not day or not flag:
        raise OutsideSubset(node.sql(dialect="duckdb")[:80], "; ".join(ALLOWED))


def _require_function(node: exp.Anonymous) -> None:
    name = str(node.this).upper()
    if name not in FUNCTIONS:
        raise OutsideSubset(f"{node.this}()", "; ".join([*ALLOWED, *FUNCTIONS]))
    if len(node.expressions) > FUNCTIONS[name]:
        raise OutsideSubset(node.sql(dialect="duckdb"), f"{name} with {FUNCTIONS[name]} arguments")


def _type_word(node: exp.Expression) -> str:
    return node.args["to"].this.name if node.args.get("to") else ""


_REACHING = re.compile(
    r"(read|scan|sniff|parquet|pragma|duckdb|query|http|write|set)(_.*)?|.*_scan|glob|getenv|nextval|currval"
    r"|current_setting",
    re.IGNORECASE,
)
"""Functions that reach beyond the rows of a table: to files, settings, logs or the engine itself."""


def require_harmless(tree: exp.Expression) -> None:
    """Raises OutsideSubset for SQL that could do more than read tables: a contract may come from anywhere."""
    for node in tree.walk():
        lateral = isinstance(node, exp.Lateral) and not isinstance(
            node.this, (exp.Subquery, exp.Unnest)
        )
        endless = isinstance(node, exp.With) and node.args.get("recursive")
        reaching = isinstance(node, exp.Func) and _REACHING.fullmatch(_function_name(node))
        if lateral or endless or reaching or isinstance(node, (exp.Into, exp.Command)):
            raise OutsideSubset(
                node.sql(dialect="duckdb")[:80], "SELECT over tables of the contract"
            )


def _function_name(node: exp.Func) -> str:
    return str(node.this) if isinstance(node, exp.Anonymous) else node.sql_name()


def reads(tree: exp.Expression, alias: str) -> Reads:
    """What a predicate over the row `alias` reads. Column names are those of the row itself.

    A bare name inside a subquery belongs to the subquery's table, as SQL has it.
    """
    columns: set[str] = set()
    for column in tree.find_all(exp.Column):
        outside = column.find_ancestor(exp.Select) is None
        if column.table.upper() == alias.upper() or (outside and not column.table):
            columns.add(column.name)
    lists, agos = set(), set()
    for call in tree.find_all(exp.Anonymous):
        name = str(call.this).upper()
        arguments = call.expressions
        if name in ("IS_CODE", "ALL_CODES"):
            lists.add(arguments[0].name)
        elif name == "AGO":
            agos.add(ago_of(call))
    return Reads(
        columns=frozenset(columns),
        tables=frozenset(table.name for table in tree.find_all(exp.Table)),
        lists=frozenset(lists),
        agos=frozenset(agos),
        subqueries=tree.find(exp.Select) is not None,
    )


def ago_of(call: exp.Anonymous) -> Ago:
    """The arguments of AGO(count, 'unit', 'form')."""
    try:
        count, unit, form = (argument.name for argument in call.expressions)
        return Ago(int(count), unit, form)
    except ValueError as error:
        raise OutsideSubset(call.sql(), "AGO(count, 'unit', 'form')") from error


def row_predicate(
    query: str, table: str, field: str | None, physical: str | None = None
) -> tuple[str, str] | None:
    """(predicate, alias of the row) of `SELECT count(*) FROM <table> WHERE <predicate>`, else None.

    Placeholders of ODCS and of datacontract-cli (`${table}`, `{model}`, `${column}`, `{field}` ...) are filled.
    Raises OutsideSubset when the query is not one SELECT.
    """
    tree = parse_query(query, table, field)
    names = {table.upper(), (physical or table).upper()}
    while isinstance(tree, exp.Subquery) and not (set(_given(tree)) - {"this"}):
        tree = tree.this
    if not isinstance(tree, exp.Select) or not _is_plain_count(tree, names):
        return None
    where = tree.args.get("where")
    source = tree.args["from_" if "from_" in tree.args else "from"].this
    predicate = where.this.sql(dialect="duckdb") if where else "TRUE"
    return predicate, source.alias_or_name


def _given(node: exp.Expression) -> list[str]:
    return [key for key, value in node.args.items() if value]


def _is_plain_count(tree: exp.Select, names: set[str]) -> bool:
    source = tree.args.get("from_") or tree.args.get("from")
    extra = set(_given(tree)) - {
        "expressions",
        "from",
        "from_",
        "where",
        "kind",
    }
    if extra or source is None or not isinstance(source.this, exp.Table):
        return False
    if source.this.name.upper() not in names or set(_given(source.this)) - {"this", "alias"}:
        return False
    if len(tree.expressions) != 1:
        return False
    counted = tree.expressions[0].unalias()
    if not isinstance(counted, exp.Count) or counted.args.get("distinct"):
        return False
    what = counted.this
    return (
        what is None
        or isinstance(what, exp.Star)
        or (isinstance(what, exp.Literal) and not counted.expressions)
    )


def parse_query(query: str, table: str, field: str | None) -> exp.Expression:
    """The tree of an ODCS query with its placeholders filled. Raises OutsideSubset: only one SELECT may run."""
    filled = fill_placeholders(query, table, field)
    try:
        trees = _parsed(filled)
    except sqlglot.errors.SqlglotError as error:
        raise OutsideSubset(_first(str(error)), "SELECT count(*) FROM t WHERE ...") from error
    statements = [tree for tree in trees if tree is not None]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise OutsideSubset(filled[:80], "one SELECT")
    return cast(exp.Expression, statements[0])


def _parsed(query: str) -> list[Any]:
    """The statements of a text, in which names may stand between backticks as in MySQL, Spark and BigQuery."""
    try:
        return [*sqlglot.parse(query, dialect="duckdb")]
    except sqlglot.errors.SqlglotError:
        if "`" not in query:
            raise
        return [*sqlglot.parse(query.replace("`", '"'), dialect="duckdb")]


def fill_placeholders(query: str, table: str, field: str | None) -> str:
    """The query with `${table}`, `{model}`, `${column}` ... replaced by quoted names where they need quotes."""
    names = dict.fromkeys(("model", "table", "object", "schema", "dataset"), table)
    if field:
        names |= dict.fromkeys(("column", "field", "property"), field)
    for word, name in names.items():
        plain = name.replace("_", "").isalnum() and name.isascii() and not name[0].isdigit()
        shown = name if plain else '"' + name.replace('"', '""') + '"'
        for form in ("${%s}", "{{%s}}", "{%s}"):
            placeholder = form % word
            for quoted in (f'"{placeholder}"', f"`{placeholder}`", placeholder):
                query = query.replace(quoted, shown)
    return query


def _first(text: str) -> str:
    return text.strip().splitlines()[0][:120] if text.strip() else "empty"
