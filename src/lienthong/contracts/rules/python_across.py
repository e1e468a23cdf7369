"""Rules across databases as generated Python: which of them a row breaks, and which other records a finding names."""

from __future__ import annotations

import re

from lienthong.contracts.contract import Contract
from lienthong.contracts.rules import subset
from lienthong.contracts.rules.across import namings
from lienthong.contracts.rules.compiled_form import CompiledRule, CompiledTable
from lienthong.contracts.rules.days import DAY
from lienthong.contracts.rules.python_code import Coder, row_name
from lienthong.contracts.rules.resolve import resolve, select_source


def across_code(
    contract: Contract, table: CompiledTable, coder: Coder
) -> tuple[str, tuple[int, ...]]:
    """(source of `cross` and `named`, positions of the rules they decide); nothing where no rule looks across."""
    judged, named, positions = [], [], []
    for position, rule in enumerate(table.rules):
        if rule.how != "hits" or not rule.crossing:
            continue
        try:
            condition, names = _code(contract, table, rule, coder)
        except re.error:  # a pattern that RE2 knows and Python does not
            continue
        if rule.rule.dated:
            day = f"r[{coder.layouts[table.name].at[DAY]}]"
            condition = f"{rule.rule.first} <= {day} <= {rule.rule.last} and {condition}"
        judged.append(f"    if {condition}: out.append({position})\n")
        named.append(f"    if position == {position}: return {names}\n")
        positions.append(position)
    if not positions:
        return "", ()
    source = "def cross(r, tables, out):\n" + "".join(judged)
    source += "def named(r, tables, position):\n" + "".join(named) + "    return ()\n"
    return source, tuple(positions)


def _code(
    contract: Contract, table: CompiledTable, rule: CompiledRule, coder: Coder
) -> tuple[str, str]:
    alias = rule.written_alias or table.name
    tree = resolve(subset.parse(rule.rule.predicate or ""), contract, table.table, alias)
    condition = coder.true(tree)
    parts = []
    for select in namings(tree, rule.rule):
        other = select_source(select).meta["name"]
        at = coder.layouts[other].at
        row = row_name(select_source(select).alias_or_name)
        shown = f"({other!r}, {row}[{at['_key']}], {row}[{at['_sender']}])"
        parts.append(f"*({coder.rows(select, shown)})")
    return condition, f"[{', '.join(parts)}]"
