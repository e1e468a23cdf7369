"""Rules as one generated Python function per table: a single record is checked in microseconds.

Predicates are translated from their parsed tree, node by node; no text of a contract or of data is executed.
The answers are those of DuckDB (tests/laws compares them on arbitrary rows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules import python_values, subset
from lienthong.contracts.rules.casts import TEXT_PREFIX
from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledRule, CompiledTable
from lienthong.contracts.rules.python_code import Coder, Layout
from lienthong.contracts.rules.python_declared import declared_code
from lienthong.contracts.rules.resolve import resolve

Row = Mapping[str, Any]


class Answer(NamedTuple):
    """Positions of the rules a row breaks, and of those that could not be decided."""

    failed: tuple[int, ...]
    unknown: tuple[int, ...]


class Moment(NamedTuple):
    """AGO of one check: (count, unit, form) to text or date."""

    values: Mapping[tuple[int, str, str], Any]


class TableEngine:
    """The rules of one table as a function.

    `check(rows, position, tables, ...)` judges one typed row; use `RecordEngine` for whole records.
    """

    def __init__(self, compiled: CompiledContract, table: CompiledTable, codes: Any) -> None:
        self.table = table
        self.layout = Layout(table.table)
        self.rules: list[int] = []
        self.needs: dict[int, CompiledRule] = {}
        self.unknown: list[int] = []
        coder = Coder(compiled.contract, codes)
        lines = []
        for position, rule in enumerate(table.rules):
            made = _code(compiled.contract, table.table, rule, coder, codes)
            if made is None:
                if rule.how not in ("reader", "counted"):
                    self.unknown.append(position)
                continue
            lines.append(f"    if {made}: out.append({position})")
            self.rules.append(position)
            self.needs[position] = rule
        source = "def judge(r, at, tables, ago, out):\n" + ("\n".join(lines) or "    pass")
        space = coder.namespace()
        exec(compile(source, f"<rules of {table.name}>", "exec"), space)  # noqa: S102 made from trees, see above
        self.judge: Callable[..., None] = space["judge"]
        self.source = source


def _code(
    contract: Contract, table: Table, rule: CompiledRule, coder: Coder, codes: Any
) -> str | None:
    """The condition under which the rule fails, or None when Python cannot decide it."""
    if rule.how not in ("local", "hits") or not rule.portable:
        return None
    if any(codes is None or not codes.has(name) for name in {*rule.lists, *rule.rule.needs}):
        return None
    if rule.rule.kind in ("row", "custom"):
        tree = subset.parse(rule.rule.predicate or "")
        return coder.true(resolve(tree, contract, table, _written_alias(rule, table)))
    return declared_code(table, rule, coder)


def _written_alias(rule: CompiledRule, table: Table) -> str:
    return rule.written_alias or table.name


class RecordEngine:
    """Checks one record (a row, or a visit with all its rows) in this process, without a batch engine.

    Made once per contract and set of code lists; `check` may be called from several threads.
    """

    def __init__(self, compiled: CompiledContract, codes: Any) -> None:
        self.compiled = compiled
        self.engines = {
            table.name: TableEngine(compiled, table, codes) for table in compiled.tables
        }
        self.agos = {ago for table in compiled.tables for rule in table.rules for ago in rule.agos}
        self._moments: dict[Any, dict[tuple[int, str, str], Any]] = {}

    def check(
        self,
        tables: Mapping[str, list[Row]],
        *,
        received: datetime,
        ago: Callable[[datetime, int, str, str], str],
        absent: Iterable[str] | None = None,
    ) -> dict[str, list[Answer]]:
        """Table name to an answer for each of its rows, in their order.

        `tables` holds cells as text (None for a blank). Tables of the contract that are not given count as
        empty, except those in `absent`: what needs them is unknown. `ago` gives moments as
        `records.checking.moments.ago` does.
        """
        missing = set(absent or ())
        typed = {
            name: [engine.layout.typed(row) for row in tables.get(name, ())]
            for name, engine in self.engines.items()
        }
        moments = self._moments_at(received, ago)
        return {
            name: self._check_table(self.engines[name], rows, tables[name], typed, moments, missing)
            for name, rows in typed.items()
            if name in tables
        }

    def _check_table(
        self,
        engine: TableEngine,
        rows: list[list[Any]],
        sent: list[Row],
        typed: dict[str, list[list[Any]]],
        moments: Mapping[tuple[int, str, str], Any],
        missing: set[str],
    ) -> list[Answer]:
        answers = []
        for at, row in enumerate(rows):
            failed: list[int] = []
            engine.judge(row, at, typed, moments, failed)
            unknown = list(engine.unknown)
            reserved = {name for name in sent[at] if name.startswith("_")}
            for position, rule in engine.needs.items():
                lacks = any(name.startswith("_") and name not in reserved for name in rule.columns)
                if lacks or not missing.isdisjoint(rule.tables):
                    unknown.append(position)
            undecided = set(unknown)
            answers.append(
                Answer(tuple(p for p in failed if p not in undecided), tuple(sorted(unknown)))
            )
        return answers

    def _moments_at(
        self, received: datetime, ago: Callable[..., str]
    ) -> dict[tuple[int, str, str], Any]:
        # Moments are told to the minute, so those of one minute are computed once.
        minute = received.replace(microsecond=0)
        if minute not in self._moments:
            if len(self._moments) > 100:
                self._moments.clear()
            self._moments[minute] = {
                item: _moment(ago(received, *item), item[2]) for item in self.agos
            }
        return self._moments[minute]


def _moment(text: str, form: str) -> Any:
    if form == "date":
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if form == "timestamp" else text


__all__ = ["TEXT_PREFIX", "Answer", "RecordEngine", "TableEngine", "python_values"]
