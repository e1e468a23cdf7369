"""Makes a contract's rules into SQL, once per contract."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lienthong.contracts.contract import Contract, Rule, Table
from lienthong.contracts.rules import declared, duckdb_sql, subset
from lienthong.contracts.rules.across import look_across
from lienthong.contracts.rules.casts import is_known_form
from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledRule, CompiledTable
from lienthong.contracts.rules.gathering import gather
from lienthong.contracts.rules.hoisting import hoist
from lienthong.contracts.rules.metrics import compile_metric, means_none, require_promise, tolerated
from lienthong.contracts.rules.nested_sql import nested_predicate
from lienthong.contracts.rules.resolve import places, resolve
from lienthong.contracts.rules.sentences import told

_made: dict[str, CompiledContract] = {}


def compile_contract(contract: Contract) -> CompiledContract:
    """All rules of a contract as SQL; the last few contracts are remembered by their digest."""
    if contract.digest and contract.digest in _made:
        return _made[contract.digest]
    tables, looks = gather(tuple(_compile_table(contract, table) for table in contract.tables))
    compiled = CompiledContract(contract=contract, tables=tables, looks=looks)
    if contract.digest:
        while len(_made) > 15:
            _made.pop(next(iter(_made)))
        _made[contract.digest] = compiled
    return compiled


def _compile_table(contract: Contract, table: Table) -> CompiledTable:
    compiled = tuple(compile_rule(contract, table, rule) for rule in declared.table_rules(table))
    rules, shared = hoist(compiled)
    return CompiledTable(table=table, rules=rules, shared=shared)


def compile_rule(contract: Contract, table: Table, rule: Rule) -> CompiledRule:
    """One rule as SQL. A rule that cannot be run becomes `broken` with the reason; nothing is raised."""
    try:
        if rule.kind == "custom":
            return _custom(contract, table, rule)
        if rule.kind == "nested":
            return _nested(table, rule)
        if rule.kind == "query":
            return _query(contract, table, rule)
        if rule.kind == "row":
            return _row(contract, table, rule, rule.predicate or "", table.name)
        return _declared(contract, table, rule)
    except (subset.OutsideSubset, KeyError, TypeError, ValueError) as error:
        return CompiledRule(rule=rule, how="broken", reason=str(error)[:300])


def _nested(table: Table, rule: Rule) -> CompiledRule:
    """Of values inside a cell: JSON functions are DuckDB's own, no other engine here is asked."""
    return CompiledRule(
        rule=rule,
        how="local",
        sql=nested_predicate(rule),
        alias=table.name,
        columns=rule.fields,
        reads=tuple((table.name, name) for name in rule.fields),
        portable=False,
    )


def _declared(contract: Contract, table: Table, rule: Rule) -> CompiledRule:
    if rule.kind == "reference":
        _require_ends(contract, table, rule)
    if rule.kind == "type":
        _require_form(table, rule)
    sql, tables = duckdb_sql.declared_predicate(contract, table, rule)
    reads = tuple((table.name, name) for name in rule.fields)
    if rule.kind == "reference":
        reads += tuple((rule.argument[0], name) for name in rule.argument[1:])
    return CompiledRule(
        rule=rule,
        how="hits" if tables else "local",
        sql=sql,
        alias=table.name,
        columns=rule.fields,
        tables=tables,
        reads=reads,
    )


def _require_form(table: Table, rule: Rule) -> None:
    """Raises OutsideSubset when a date is promised in a form that nobody here can read."""
    field = table.field(rule.fields[0])
    if field is not None and not is_known_form(field.type, field.format):
        raise subset.OutsideSubset(f"format {field.format}", "yyyy MM dd HH mm ss, M d MMM yy hh a")


def _require_ends(contract: Contract, table: Table, rule: Rule) -> None:
    """Raises OutsideSubset when a relationship starts or ends at what the contract does not have."""
    target = contract.table(rule.argument[0])
    if target is None:
        known = ", ".join(own.name for own in contract.tables)
        raise subset.OutsideSubset(str(rule.argument[0]), "tables of the contract: " + known)
    for place, names in ((table, rule.fields), (target, rule.argument[1:])):
        for name in names:
            if place.field(name) is None:
                raise subset.OutsideSubset(f"{place.name}.{name}", f"fields of {place.name}")


def _custom(contract: Contract, table: Table, rule: Rule) -> CompiledRule:
    if rule.argument == "reader":
        return CompiledRule(rule=rule, how="reader")
    if not rule.predicate:
        return CompiledRule(rule=rule, how="unknown", reason=", ".join(rule.needs))
    absent = {other.table for other in rule.other if contract.lent(other.table) is None}
    if absent:
        # Whoever keeps that database may not have declared it yet: nobody can say.
        return CompiledRule(rule=rule, how="unknown", reason=", ".join(sorted(absent)))
    return _row(contract, table, rule, rule.predicate, table.name)


def _query(contract: Contract, table: Table, rule: Rule) -> CompiledRule:
    if isinstance(rule.argument, dict) and "metric" in rule.argument:
        return compile_metric(table, rule)
    field = rule.fields[0] if rule.fields else None
    found = subset.row_predicate(rule.query or "", table.name, field, table.physical_name)
    if found:
        rule = replace(told(rule, "wrong", argument=found[0]), kind="row")
        rule = replace(rule, threshold=0) if rule.threshold is None else rule
        wrong = _row(contract, table, rule, *found)
        return wrong if means_none(rule) else tolerated(wrong)
    tree = subset.parse_query(rule.query or "", table.name, field)
    _only_contract_tables(tree, contract)
    require_promise(rule)
    sql = duckdb_sql.query_sql(tree, contract)
    tables = tuple(sorted(_tables_of(tree, contract)))
    return CompiledRule(
        rule=told(rule, "query", argument=rule.query),
        how="counted",
        sql=sql,
        tables=tables,
        mentions=_mentioned(tree, contract, table),
        portable=False,
    )


def _row(contract: Contract, table: Table, rule: Rule, predicate: str, alias: str) -> CompiledRule:
    tree = subset.parse(predicate)
    _only_contract_tables(tree, contract, rule)
    read = subset.reads(tree, alias)
    local = not read.subqueries and not read.lists
    try:
        subset.require_subset(tree)
        resolved = resolve(tree, contract, table, alias)
        crossing = look_across(resolved, contract, table, rule) if rule.other else ()
        sql = duckdb_sql.resolved_sql(resolved, local=local)
        reads = sorted({(place.table, place.name) for place in places(resolved)})
        portable, reason = True, ""
    except subset.OutsideSubset as error:
        if rule.other:
            raise
        # Still SQL that DuckDB may understand: a plain contract is not held to our subset.
        crossing = ()
        sql, local, portable, reason = (
            duckdb_sql.query_sql(tree, contract),
            False,
            False,
            str(error),
        )
        reads = []
    return CompiledRule(
        rule=replace(rule, predicate=predicate),
        how="local" if local else "hits",
        sql=sql,
        alias=duckdb_sql.ROW if portable else alias,
        written_alias=alias,
        columns=_spelled(table, read.columns),
        tables=tuple(sorted(_tables_of(tree, contract))),
        reads=tuple(reads),
        mentions=() if portable else _mentioned(tree, contract, table),
        lists=tuple(sorted(read.lists)),
        agos=tuple(sorted((ago[0], ago[1], ago[2]) for ago in read.agos)),
        reason=reason,
        portable=portable,
        crossing=crossing,
    )


def _spelled(table: Table, names: frozenset[str]) -> tuple[str, ...]:
    """Column names as the contract spells them (SQL does not mind case)."""
    spelled = table.columns()
    return tuple(sorted({spelled.get(name.casefold(), name) for name in names}))


def _tables_of(tree: Any, contract: Contract) -> set[str]:
    from sqlglot import exp

    tables = (table for table in tree.find_all(exp.Table) if not table.db)
    found = (contract.called(table.name) for table in tables)
    return {table.name for table in found if table is not None}


def _mentioned(tree: Any, contract: Contract, table: Table) -> tuple[tuple[str, str], ...]:
    """(table, field) of every field that SQL may mean by a name in it."""
    from sqlglot import exp

    names = {name.name.casefold() for name in tree.find_all(exp.Identifier)}
    sources = {table.name, *_tables_of(tree, contract)}
    return tuple(
        sorted(
            (own.name, field)
            for own in contract.tables
            if own.name in sources
            for name, field in own.columns().items()
            if name in names
        )
    )


def _only_contract_tables(tree: Any, contract: Contract, rule: Rule | None = None) -> None:
    """A contract may come from anywhere: its SQL reads the contract's tables and no files."""
    others = {other.table.casefold() for other in rule.other} if rule else set()
    from sqlglot import exp

    subset.require_harmless(tree)
    within = {cte.alias_or_name.upper() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        plain = isinstance(table.this, exp.Identifier) and not table.db and not table.catalog
        if f"{table.db}.{table.name}".casefold() in others and not table.catalog:
            continue
        known = table.name.upper() in within or contract.called(table.name) is not None
        if not plain or not known:
            names = ", ".join(sorted(own.name for own in contract.tables))
            raise subset.OutsideSubset(table.sql()[:80], "tables of the contract: " + names)
