"""What a check found: per table a mask of failed rules for each wrong row, counts per rule, findings on demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import msgspec

from lienthong.contracts.contract import Contract, Rule
from lienthong.contracts.rules.casts import quoted
from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledTable
from lienthong.findings import Finding, Severity

WORD = 60
"""Bits of one mask word: below 63 so that every engine and language holds it as a signed integer."""


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """How one rule went over the rows of its table: checked + unknown = rows; failed is part of checked."""

    id: str
    table: str | None
    field: str | None
    criterion: str
    severity: str
    checked: int
    failed: int
    unknown: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that gives one number, or that did not run: `broken` says why, `value` what was measured."""

    rule: Rule
    table: str
    value: Any = None
    failed: int = 0
    broken: str = ""


class TableChecked(msgspec.Struct, kw_only=True):
    """One table of a submission after the check.

    `rules` are in bit order; `constant_unknown` are the positions of rules that no row could be asked.
    `failed` and `unknown` count rows by position; `rows_failed` rows with a failed error or warning.
    `crossing` are the rules across databases that were asked: `named_<table>` holds what their findings name.
    """

    name: str
    rows: int
    rules: tuple[Rule, ...]
    constant_unknown: frozenset[int] = frozenset()
    failed: dict[int, int] = {}
    unknown: dict[int, int] = {}
    measured: dict[int, Measured] = {}
    not_seen: frozenset[int] = frozenset()
    rows_failed: int = 0
    crossing: frozenset[int] = frozenset()

    @property
    def words(self) -> int:
        """How many mask words a row has."""
        return max(1, -(-len(self.rules) // WORD))

    def bits(self, severity: Severity) -> dict[int, int]:
        """Word number to the mask of the rules of one severity."""
        masks: dict[int, int] = {}
        for position, rule in enumerate(self.rules):
            if rule.severity is severity:
                masks[position // WORD] = masks.get(position // WORD, 0) | 1 << position % WORD
        return masks

    def any_bit(self, severities: tuple[Severity, ...], prefix: str = "f") -> str:
        """SQL over a mask row: whether a rule of one of the severities failed."""
        masks: dict[int, int] = {}
        for severity in severities:
            for word, mask in self.bits(severity).items():
                masks[word] = masks.get(word, 0) | mask
        tests = [f"{prefix}{word} & {mask} <> 0" for word, mask in sorted(masks.items())]
        return "(" + (" OR ".join(tests) or "false") + ")"


class Checked:
    """The result of `check`. `con` holds `src_`, `typed_` and `mask_<table>` until `close`."""

    def __init__(
        self,
        compiled: CompiledContract,
        con: duckdb.DuckDBPyConnection,
        tables: dict[str, TableChecked],
        faults: list[Any],
        found: dict[str, dict[str, str]],
    ) -> None:
        self.compiled = compiled
        self.con = con
        self.tables = tables
        self.faults = faults
        self.columns = found
        self.seconds = 0.0
        self.sheets: frozenset[str] = frozenset()
        self.codes: Any = None

    @property
    def contract(self) -> Contract:
        """The contract that was checked against."""
        return self.compiled.contract

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())

    @property
    def rows_failed(self) -> int:
        """Rows with an error or a warning, of all tables: found by a rule or by the reader of the file."""
        from lienthong.records.checking.faults import fault_rows

        by_rules = sum(table.rows_failed for table in self.tables.values())
        by_reader = fault_rows(self)
        return by_rules + sum(
            len(rows) - self._failed_among(name, rows) for name, rows in by_reader.items()
        )

    def _failed_among(self, name: str, rows: set[int]) -> int:
        """How many of the rows a rule found wrong."""
        serious = self.tables[name].any_bit((Severity.ERROR, Severity.WARNING))
        listed = ", ".join(map(str, sorted(rows)))
        row = self.con.execute(
            f"SELECT count(*) FROM {quoted('bad_' + name)} WHERE {serious} AND _row IN ({listed})"
        ).fetchone()
        return int(row[0]) if row else 0

    def compiled_table(self, name: str) -> CompiledTable:
        """The compiled rules of a table."""
        table = self.compiled.table(name)
        if table is None:
            raise KeyError(name)
        return table

    def counts(self) -> list[RuleCount]:
        """Every rule of every table that was sent, in contract order, then what the reader found."""
        from lienthong.records.checking.faults import fault_counts

        counts = []
        for table in self.tables.values():
            for position, rule in enumerate(table.rules):
                if position in table.not_seen:
                    continue
                counts.append(_count(table, position, rule))
        return counts + fault_counts(self)

    def failed_any(self) -> bool:
        """Whether there is a finding of error or warning."""
        serious = (Severity.ERROR, Severity.WARNING)
        return any(count.failed and Severity(count.severity) in serious for count in self.counts())

    def broken(self) -> list[Measured]:
        """Rules that did not run, with the engine's reason."""
        return [
            measured
            for table in self.tables.values()
            for measured in table.measured.values()
            if measured.broken
        ]

    def findings(self, limit: int | None = None, language: str | None = None) -> Iterator[Finding]:
        """Findings in the order of tables and rows; `limit` counts them over all tables."""
        from lienthong.records.checking.messages import iterate_findings

        return iterate_findings(self, limit)

    def mask_relation(self, table: str) -> str:
        """The masks of a table: `_row, _unit, _key, f0.., u0..`, wrong or undecided rows only."""
        return quoted(f"mask_{table}")

    def row_shown(self, table: str, row: int) -> int:
        """The number from 1 under which a person finds a row: that of a spreadsheet where there is one."""
        if table not in self.sheets:
            return row + 1
        from lienthong.records.formats import blank_rows

        told = (f for f in self.faults if f.kind == blank_rows.KIND and f.table == table)
        return blank_rows.row_in_sheet(
            row, (one for fault in told for one in blank_rows.told_rows(fault.params["rows"]))
        )

    def close(self) -> None:
        """Lets the engine go."""
        self.con.close()


def _count(table: TableChecked, position: int, rule: Rule) -> RuleCount:
    failed = table.failed.get(position, 0)
    unknown = table.rows if position in table.constant_unknown else table.unknown.get(position, 0)
    measured = table.measured.get(position)
    if measured:
        failed = measured.failed
    return RuleCount(
        id=rule.id,
        table=table.name,
        field=rule.fields[0] if rule.fields else None,
        criterion=rule.criterion.value,
        severity=Severity.ERROR.value if measured and measured.broken else rule.severity.value,
        checked=0 if measured and measured.broken else table.rows - unknown,
        failed=failed,
        unknown=unknown,
    )
