"""Makes the Python function of each table out of the parsed predicates of its rules."""

from __future__ import annotations

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules import subset
from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledRule, CompiledTable
from lienthong.contracts.rules.python_code import Coder
from lienthong.contracts.rules.python_declared import declared_code
from lienthong.contracts.rules.python_form import PythonContract, PythonTable
from lienthong.contracts.rules.resolve import resolve


def make_python(compiled: CompiledContract) -> PythonContract:
    """The functions of all tables. A rule outside the subset is in none of them: Python cannot decide it."""
    return PythonContract(
        tables={table.name: _make_table(compiled.contract, table) for table in compiled.tables}
    )


def _make_table(contract: Contract, table: CompiledTable) -> PythonTable:
    coder = Coder(contract)
    lines, positions = [], []
    for position, rule in enumerate(table.rules):
        condition = _condition(contract, table.table, rule, coder)
        if condition is not None:
            lines.append(f"    if {condition}: out.append({position})")
            positions.append(position)
    source = "def judge(r, tables, ago, out):\n" + ("\n".join(lines) or "    pass") + "\n"
    return PythonTable(
        source=source, positions=tuple(positions), constants=tuple(coder.constants.items())
    )


def _condition(contract: Contract, table: Table, rule: CompiledRule, coder: Coder) -> str | None:
    """The source of: a row breaks the rule; None when Python cannot decide it."""
    if rule.how not in ("local", "hits") or not rule.portable:
        return None
    if rule.rule.kind in ("row", "custom"):
        tree = subset.parse(rule.rule.predicate or "")
        alias = rule.written_alias or table.name
        return coder.true(resolve(tree, contract, table, alias))
    return declared_code(table, rule, coder)
