"""Makes the Python function of each table out of the parsed predicates of its rules."""

from __future__ import annotations

import re

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules import subset
from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledRule, CompiledTable
from lienthong.contracts.rules.days import DAY
from lienthong.contracts.rules.python_across import across_code
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
    lines: list[str] = []
    positions = []
    on = None
    for position, rule in enumerate(table.rules):
        condition = _condition(contract, table.table, rule, coder)
        if condition is None:
            continue
        positions.append(position)
        days = (rule.rule.first, rule.rule.last) if rule.rule.dated else None
        if days is not None and days != on:
            lines.append(
                f"    if {days[0]} <= r[{coder.layouts[table.name].at[DAY]}] <= {days[1]}:"
            )
        on = days
        lines.append(f"    {'    ' if days else ''}if {condition}: out.append({position})")
    lines = _shared(lines) or ["    pass"]
    source = "def judge(r, tables, ago, out):\n" + "\n".join(lines) + "\n"
    across, crossed = across_code(contract, table, coder)
    return PythonTable(
        source=source + across,
        positions=tuple(positions),
        constants=tuple(coder.constants.items()),
        crossed=crossed,
    )


def _condition(contract: Contract, table: Table, rule: CompiledRule, coder: Coder) -> str | None:
    """The source of: a row breaks the rule; None when Python cannot decide it."""
    if rule.how not in ("local", "hits") or not rule.portable or rule.crossing:
        return None
    try:
        if rule.rule.kind in ("row", "custom"):
            tree = subset.parse(rule.rule.predicate or "")
            alias = rule.written_alias or table.name
            return coder.true(resolve(tree, contract, table, alias))
        return declared_code(table, rule, coder)
    except re.error:
        # RE2 knows patterns that Python does not, such as classes of Unicode.
        return None


_CAST = re.compile(r"\bto_(?:date|integer|number|timestamp)\(")


def _shared(lines: list[str]) -> list[str]:
    """The lines with every cast of the row's own cells that occurs twice made once, before them."""
    text = "\n".join(lines)
    seen: dict[str, int] = {}
    for match in _CAST.finditer(text):
        call = text[match.start() : _closing(text, match.end()) + 1]
        if "x_" not in call and "ago[" not in call and "tables" not in call:
            seen[call] = seen.get(call, 0) + 1
    made: list[str] = []
    for call in sorted((call for call, times in seen.items() if times > 1), key=len, reverse=True):
        name = f"c{len(made)}"
        made.append(f"    {name} = {call}")
        text = text.replace(call, name)
    return [*made, *text.splitlines()]


def _closing(text: str, start: int) -> int:
    """Where the parenthesis that was opened before `start` closes; text in quotes is passed over."""
    depth, at = 1, start
    while depth:
        letter = text[at]
        if letter in "'\"":
            at += 1
            while text[at] != letter:
                at += 2 if text[at] == "\\" else 1
        depth += (letter == "(") - (letter == ")")
        at += 1
    return at - 1
