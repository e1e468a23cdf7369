"""ODCS library metrics and thresholds: how many wrong rows a promise bears, and which rows those are.

A promise of none blames every wrong row by itself. One that bears some (less than 10, at most 2 percent) is kept
or broken as a whole; when it is broken the rows that broke it are named all the same.
"""

from __future__ import annotations

from msgspec.structs import replace

from lienthong.contracts.contract import Rule, Table
from lienthong.contracts.rules.casts import quoted
from lienthong.contracts.rules.compiled_form import CompiledRule
from lienthong.contracts.rules.row_names import typed_name
from lienthong.contracts.rules.sentences import listed, told


def means_none(rule: Rule) -> bool:
    """Whether the promise is that no row is wrong, however it is put."""
    threshold = rule.threshold
    if rule.operator == "mustBeBetween":
        return bool(threshold[0] <= 0 and threshold[1] == 0)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        return False
    if rule.operator in ("mustBe", "mustBeLessOrEqualTo"):
        return threshold == 0
    return rule.operator == "mustBeLessThan" and threshold == 1 and not is_share(rule)


def is_share(rule: Rule) -> bool:
    """Whether the rule speaks of percents of rows."""
    unit = rule.argument.get("unit") if isinstance(rule.argument, dict) else None
    return str(unit or "").strip().lower() in ("percent", "percentage", "%")


def require_promise(rule: Rule) -> None:
    """Raises ValueError when a rule measures a number and does not say what it must be."""
    if rule.threshold is None:
        raise ValueError(
            "the rule does not say what its number must be (mustBe, mustBeLessThan, ...)"
        )


def tolerated(wrong: CompiledRule) -> CompiledRule:
    """A rule over rows that bears some of them: the number is measured, and rows are named when it is too large."""
    return replace(wrong, how="counted", sql="", rows=wrong.sql)


def compile_metric(table: Table, rule: Rule) -> CompiledRule:
    """A library metric as SQL. Raises ValueError for one that lacks what it needs."""
    from lienthong.contracts.rules import duckdb_sql  # a check needs no compiler

    metric = rule.argument["metric"]
    if metric == "rowCount":
        require_promise(rule)
        counted = f"SELECT count(*) FROM {typed_name(table.name)}"
        return CompiledRule(
            rule=told(rule, "rows"), how="counted", sql=counted, tables=(table.name,)
        )
    if metric == "duplicateValues":
        return _duplicates(table, rule)
    field = table.field(rule.fields[0]) if rule.fields else None
    if field is None:
        raise ValueError(f"{metric} needs a property")
    sql = duckdb_sql.metric_predicate(field, metric, rule.argument)
    if not sql:
        raise ValueError("invalidValues needs validValues or pattern")
    wrong = CompiledRule(
        rule=told(rule, *_said(metric, rule), fields=(field,)),
        how="local",
        sql=sql,
        alias=table.name,
        columns=(field.name,),
    )
    if means_none(rule):
        return wrong
    reads = ((table.name, field.name),)
    return tolerated(replace(wrong, tables=(table.name,), reads=reads))


def _said(metric: str, rule: Rule) -> tuple[str, str]:
    """Which sentence a metric of a property has, and what fills it."""
    arguments = rule.argument
    if metric == "nullValues":
        return "required", ""
    if metric == "missingValues":
        missing = [str(v) for v in arguments.get("missingValues") or () if v not in (None, "")]
        return ("missing", listed(tuple(missing))) if missing else ("required", "")
    if arguments.get("validValues") is not None:
        return "enum", listed(tuple(str(v) for v in arguments["validValues"] if v is not None))
    if arguments.get("pattern") is not None:
        return "pattern", str(arguments["pattern"])
    ends = (arguments.get("minLength", 0), arguments.get("maxLength", "…"))
    return "characters", f"{ends[0]}–{ends[1]}"


def _duplicates(table: Table, rule: Rule) -> CompiledRule:
    """Every row that shares its value; what bears some counts values that occur more than once, as ODCS has it."""
    from lienthong.contracts.rules import duckdb_sql

    spelled = table.columns()
    named = rule.argument.get("properties") or rule.fields
    columns = tuple(spelled.get(str(name).casefold(), str(name)) for name in named)
    fields = tuple(field for name in columns if (field := table.field(name)))
    if not columns or len(fields) != len(columns):
        known = ", ".join(field.name for field in table.fields)
        raise ValueError(f"duplicateValues needs arguments: {{properties: [...]}} of: {known}")
    wrong = CompiledRule(
        rule=told(replace(rule, fields=rule.fields or columns), "unique", fields=fields),
        how="hits",
        sql=duckdb_sql.unique_predicate(table, columns),
        alias=table.name,
        columns=columns,
        tables=(table.name,),
        reads=tuple((table.name, name) for name in columns),
    )
    if means_none(rule):
        return wrong
    if is_share(rule):
        return tolerated(wrong)
    keys = ", ".join(quoted(name) for name in columns)
    known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
    counted = (
        f"SELECT count(*) FROM (SELECT 1 FROM {typed_name(table.name)} WHERE {known}"
        f" GROUP BY {keys} HAVING count(*) > 1)"
    )
    return replace(tolerated(wrong), sql=counted)
