"""The shape of a contract with all its rules as SQL; plain values, so that it can be kept as a file."""

from __future__ import annotations

from typing import Literal

from lienthong.contracts.contract import Contract, Rule, Struct, Table

How = Literal["local", "hits", "counted", "reader", "unknown", "broken"]


class Look(Struct, frozen=True):
    """A grouped reading of a table: `aggregates` (SQL over the alias `_v`) of its rows with the same `keys`.

    `row_keys` is what the judged row (alias `_r`) must hold for the keys. The columns are called a0, a1, ..
    """

    table: str
    keys: tuple[str, ...]
    row_keys: tuple[str, ...]
    aggregates: tuple[str, ...]


class LookUse(Struct, frozen=True):
    """Which aggregate of which Look of the contract a rule asks: column `a<aggregate>` of `_g<look>`."""

    look: int
    aggregate: int


class Across(Struct, frozen=True):
    """Rows of another database that a rule looks at.

    `keys` are the fields that must be equal to the judged row's fields `row_keys`; `named` is SQL over the alias
    `alias` and the judged row: which of those rows a finding names. Only rows for which `when` (SQL over the
    judged row) holds can be wrong, whatever the other database says. With `apart` only rows of other senders than
    the judged row's are looked at.
    """

    table: str
    keys: tuple[str, ...]
    row_keys: tuple[str, ...]
    alias: str
    named: str
    when: str = "TRUE"
    apart: bool = False


class CompiledRule(Struct, frozen=True):
    """One rule, ready to run.

    `how`: local = boolean SQL over one row; hits = boolean SQL that also reads `tables`; counted = a query with one
    number; reader = only the reader of the format can see it; unknown = nobody can decide it yet;
    broken = it cannot be run (`reason`), which is reported as red.
    `reads` are all (table, column) pairs (`mentions` those of SQL that runs as it is written), `columns` the
    row's columns among them; `alias` is the name of the row in `sql`, `written_alias` in the contract.
    `crossing` are the rows of other databases among what it reads.
    `rows` is, for a counted rule that tolerates some wrong rows, the boolean SQL that is true for one of them.
    `gathered` is `sql` of a hits rule once more, over the columns of Looks instead of subqueries (`uses`).
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
    crossing: tuple[Across, ...] = ()
    rows: str = ""
    gathered: str = ""
    uses: tuple[LookUse, ...] = ()


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

    @property
    def dated(self) -> bool:
        """Whether a rule is asked of events of some days only."""
        return any(rule.rule.dated for rule in self.rules)


class CompiledContract(Struct, frozen=True):
    """A contract and its rules as SQL, and the Looks that gathered rules ask."""

    contract: Contract
    tables: tuple[CompiledTable, ...]
    looks: tuple[Look, ...] = ()

    def table(self, name: str) -> CompiledTable | None:
        """The compiled table of that name, or None."""
        return next((table for table in self.tables if table.table.name == name), None)
