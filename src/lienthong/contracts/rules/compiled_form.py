"""The shape of a contract with all its rules as SQL; plain values, so that it can be kept as a file."""

from __future__ import annotations

from typing import Literal

from lienthong.contracts.contract import Contract, Rule, Struct, Table

How = Literal["local", "hits", "counted", "reader", "unknown", "broken"]


class CompiledRule(Struct, frozen=True):
    """One rule, ready to run.

    `how`: local = boolean SQL over one row; hits = boolean SQL that also reads `tables`; counted = a query with one
    number; reader = only the reader of the format can see it; unknown = nobody can decide it yet;
    broken = it cannot be run (`reason`), which is reported as red.
    `reads` are all (table, column) pairs (`mentions` those of SQL that runs as it is written), `columns` the
    row's columns among them; `alias` is the name of the row in `sql`, `written_alias` in the contract.
    """

    rule: Rule
    how: How
    sql: str = ""
    alias: str = ""
    written_alias: str = ""
    columns: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    reads: tuple[tuple[str, str], ...] = ()
    mentions: tuple[tuple[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    agos: tuple[tuple[int, str, str], ...] = ()
    reason: str = ""
    portable: bool = True


class Shared(Struct, frozen=True):
    """A soft cast that rules share: column `name` is `function` of the SQL `argument` over the row."""

    name: str
    function: str
    argument: str


class CompiledTable(Struct, frozen=True):
    """The rules of one table in bit order, and the soft casts that the local ones share."""

    table: Table
    rules: tuple[CompiledRule, ...]
    shared: tuple[Shared, ...] = ()

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name


class CompiledContract(Struct, frozen=True):
    """A contract and its rules as SQL."""

    contract: Contract
    tables: tuple[CompiledTable, ...]

    def table(self, name: str) -> CompiledTable | None:
        """The compiled table of that name, or None."""
        return next((table for table in self.tables if table.table.name == name), None)
