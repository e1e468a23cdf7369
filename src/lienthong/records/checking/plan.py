"""What can be asked of one table now: which rules run how, which are unknown, and how the file is gone through."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from lienthong.contracts.rules.casts import TEXT_PREFIX, literal
from lienthong.contracts.rules.compiled_form import CompiledRule, CompiledTable, Look
from lienthong.contracts.rules.days import DAY
from lienthong.records.checking.checked import TableChecked
from lienthong.records.checking.moments import fill


class Situation(msgspec.Struct):
    """What is at hand for a check: tables with their columns, missing lists (and other needs), the moment.

    `missing` are (table, field) of columns that a file should have and has not.
    `trusting`: a file was taken for well-formed; an error of the engine may be the file's and not a rule's.
    `looks` are those of the contract, `sender` who answers for the file.
    """

    con: Any
    columns: dict[str, dict[str, str]]
    absent: set[str]
    received: datetime
    missing_lists: set[str] = set()
    missing: set[tuple[str, str]] = set()
    trusting: bool = False
    looks: tuple[Look, ...] = ()
    sender: str | None = None


class Plan(msgspec.Struct):
    """One table on its way through the passes.

    `local`, `hits`, `counted` are positions of rules; `unnumbered` is a relation without row numbers whose
    order is that of the file (numbering rows would hold DuckDB to one thread); `narrow` are the columns that
    rules which look beyond one row need, `uses` how many such rules read the table. `days` are the first and
    last day of the rules that only some of the rows are asked (column `_day`).
    """

    compiled: CompiledTable
    checked: TableChecked
    local: dict[int, str]
    hits: list[int]
    counted: list[int]
    unnumbered: str | None = None
    unit: str = "NULL::BIGINT"
    narrow: tuple[str, ...] = ()
    uses: int = 0
    days: dict[int, tuple[int, int]] = {}

    @property
    def name(self) -> str:
        """The table's name."""
        return self.compiled.name

    def lists(self) -> set[str]:
        """The code lists that the rules still to be run ask."""
        positions = (*self.local, *self.hits, *self.counted)
        return {name for p in positions for name in self.compiled.rules[p].lists}

    @property
    def words(self) -> range:
        """Numbers of the mask words."""
        return range(self.checked.words)


def make_plan(situation: Situation, compiled: CompiledTable, source: Any) -> Plan:
    """Sorts the rules of a table by what can be done with them now."""
    positions = _sorted_out(situation, compiled)
    checked = TableChecked(
        name=compiled.name,
        rows=0,
        rules=tuple(rule.rule for rule in compiled.rules),
        constant_unknown=frozenset(positions["unknown"]),
        not_seen=frozenset(positions["reader"]),
    )
    for position in positions["broken"]:
        rule = compiled.rules[position]
        checked.measured[position] = broken(rule, rule.reason)
    local = {
        position: filled(situation, compiled.rules[position]) for position in positions["local"]
    }
    plan = Plan(
        compiled=compiled,
        checked=checked,
        local=local,
        hits=positions["hits"],
        counted=positions["counted"],
    )
    reserved = any(name.startswith("_") for p in local for name in compiled.rules[p].columns)
    if getattr(source, "unnumbered", None) and not reserved:
        plan.unnumbered = source.unnumbered
        root = compiled.table.root
        plan.unit = "rowid" if root in (None, compiled.name) else "NULL::BIGINT"
    return plan


def at_once(situation: Situation, columns: dict[str, str]) -> dict[str, str]:
    """The columns of rows that are gone through before they have numbers: of ours only who sent them."""
    sent = {n: sql for n, sql in columns.items() if n not in ("_row", "_unit", "_sender")}
    return sent if situation.sender is None else sent | {"_sender": literal(situation.sender)}


def filled(situation: Situation, rule: CompiledRule) -> str:
    """The rule's SQL with the moments of this receipt."""
    return fill(rule.sql, rule.agos, situation.received)


def broken(rule: CompiledRule, reason: str) -> Any:
    """The result of a rule that did not run."""
    from lienthong.records.checking.checked import Measured

    words = " ".join(str(reason).split())[:300]
    return Measured(rule=rule.rule, table=rule.rule.table, failed=1, broken=words)


def _sorted_out(situation: Situation, compiled: CompiledTable) -> dict[str, list[int]]:
    own = set(situation.columns[compiled.name])
    positions: dict[str, list[int]] = {
        how: [] for how in ("local", "hits", "counted", "reader", "unknown", "broken")
    }
    for position, rule in enumerate(compiled.rules):
        how: str = rule.how
        if how in ("local", "hits", "counted") and _lacks(situation, rule, own):
            how = "unknown"
        positions[how].append(position)
    return positions


def _lacks(situation: Situation, rule: CompiledRule, own: set[str]) -> bool:
    """Whether a code list, a table, a reserved column or anything else that the rule needs is not at hand."""
    needs = situation.missing_lists & {*rule.lists, *rule.rule.needs}
    reserved = any(name.startswith("_") and name not in own for name in rule.columns)
    read = {*rule.tables, *(across.table for across in rule.crossing)}
    read |= {f"?{need}" for need in rule.rule.databases}
    return bool(needs or reserved or situation.absent & read or _lacks_columns(situation, rule))


def _lacks_columns(situation: Situation, rule: CompiledRule) -> bool:
    """Whether a rule asks a column that is not in its file, other than whether there is a value at all."""
    argument = rule.rule.argument
    metric = argument.get("metric") if isinstance(argument, dict) else rule.rule.kind
    if not situation.missing or metric in ("required", "nullValues", "missingValues"):
        return False
    asked = {(rule.rule.table, name) for name in rule.columns} | {*rule.reads, *rule.mentions}
    return bool(situation.missing & asked)


def narrow_columns(plans: list[Plan]) -> None:
    """Gives each plan the columns that must be kept of every row: keys, and what far-looking rules read."""
    wanted: dict[str, set[str]] = {plan.name: set(plan.compiled.table.key) for plan in plans}
    uses = dict.fromkeys(wanted, 0)
    for plan in plans:
        if any(position in plan.days for position in plan.hits):
            wanted[plan.name].add(DAY)
        for position in (*plan.hits, *plan.counted):
            rule = plan.compiled.rules[position]
            wanted[plan.name].update(rule.rule.fields)
            for table, column in rule.reads:
                wanted.setdefault(table, set()).add(column)
            for table in {plan.name, *rule.tables} & set(uses):
                uses[table] += 1
    for plan in plans:
        names = [
            field.name for field in plan.compiled.table.fields if field.name in wanted[plan.name]
        ]
        texts = [
            TEXT_PREFIX + field.name
            for field in plan.compiled.table.fields
            if field.name in wanted[plan.name] and field.type != "string"
        ]
        reserved = [
            name
            for name in sorted(wanted[plan.name])
            if name.startswith("_") and name not in ("_row", "_unit")
        ]
        plan.narrow = (*names, *texts, *reserved)
