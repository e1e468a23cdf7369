"""What can be asked of a table in a snapshot: which rules run there, which keep the verdict of their arrival.

Most rules are asked anew. What only the reader of a file could see, or what compares with the envelope, keeps the
verdict that came with the row; so does what looks at other rows, for rows that wait in quarantine: they were
judged among the rows of their file.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
import sqlglot
from sqlglot import exp

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.casts import from_text
from lienthong.contracts.rules.compiled_form import (
    CompiledContract,
    CompiledRule,
    CompiledTable,
    Look,
)
from lienthong.contracts.rules.days import DAY, day_sql, days_of, formed_sql
from lienthong.findings import Severity
from lienthong.records.checking.checked import WORD
from lienthong.records.store import layout as store
from lienthong.records.store.rulesets import RuleSaid, mask_of
from lienthong.warehouse import layout
from lienthong.warehouse.manifest import TableTaken

SAME_SENDER = "_sender"
"""What the rows that a rule finds must share with the judged row: records are one sender's own."""

TYPED = "typed_"


class Question(msgspec.Struct, kw_only=True):
    """One table with its rules sorted by how they are answered (positions in bit order).

    `local` look at one row, `others` at other rows or lists, `gathered` too but through the `looks` of the contract,
    `carried` keep their verdict, `undecided` nobody can answer now.
    """

    contract: Contract
    compiled: CompiledTable
    taken: TableTaken
    looks: tuple[Look, ...] = ()
    local: tuple[int, ...] = ()
    others: tuple[int, ...] = ()
    gathered: tuple[int, ...] = ()
    carried: tuple[int, ...] = ()
    undecided: tuple[int, ...] = ()

    @property
    def table(self) -> Table:
        """The table itself."""
        return self.compiled.table

    @property
    def rules(self) -> tuple[CompiledRule, ...]:
        """All its rules in bit order."""
        return self.compiled.rules

    @property
    def words(self) -> int:
        """How many mask words a row has."""
        return max(1, -(-len(self.rules) // WORD))

    @property
    def lists(self) -> set[str]:
        """The code lists that are asked."""
        return {name for at in self.others for name in self.rules[at].lists}

    @property
    def agos(self) -> list[tuple[int, str, str]]:
        """The moments before receipt that are asked, in a fixed order."""
        asked = (*self.local, *self.others)  # gathered rules ask for none
        return sorted({ago for at in asked for ago in self.rules[at].agos})

    @property
    def asked_looks(self) -> list[int]:
        """The numbers of the looks that are asked."""
        return sorted({use.look for at in self.gathered for use in self.rules[at].uses})

    @property
    def looking(self) -> tuple[int, ...]:
        """All rules that look at other rows."""
        return (*self.others, *self.gathered)

    def said(self) -> tuple[RuleSaid, ...]:
        """The rules as the counts know them."""
        return tuple(
            RuleSaid(
                one.rule.id,
                one.rule.fields[0] if one.rule.fields else "",
                one.rule.criterion,
                one.rule.severity,
            )
            for one in self.rules
        )

    def bits(self, severity: Severity) -> int:
        """The bits of the rules of a severity."""
        return mask_of(at for at, one in enumerate(self.rules) if one.rule.severity is severity)


def ask(
    compiled: CompiledContract, table: TableTaken, *, codes: Any, held: set[str]
) -> Question | None:
    """The question to a table; None when the contract does not know it. `held` are the tables in the snapshot,
    those of other databases as `database.table`; a database that holds no row decides nothing."""
    found = compiled.table(table.name)
    if found is None:
        return None
    sorted_out: dict[str, list[int]] = {
        "local": [],
        "others": [],
        "gathered": [],
        "carried": [],
        "undecided": [],
    }
    known = {*layout.SYSTEM, DAY} - {"_event"}
    for position, rule in enumerate(found.rules):
        sorted_out[_how(rule, known, codes, held)].append(position)
    return Question(
        contract=compiled.contract,
        compiled=found,
        taken=table,
        looks=compiled.looks,
        **{name: tuple(positions) for name, positions in sorted_out.items()},
    )


def _how(rule: CompiledRule, known: set[str], codes: Any, held: set[str]) -> str:
    if rule.how in ("reader", "counted"):
        return "carried"
    if rule.how in ("unknown", "broken"):
        return "undecided"
    if not rule.portable:
        return "carried"
    if _reserved(rule) - known:
        return "carried"
    missing = {name for name in rule.lists if not codes.has(name)}
    others = {across.table for across in rule.crossing}
    missing |= {
        need
        for need in rule.rule.needs
        if not codes.has(need) and need not in {table.split(".")[0] for table in held}
    }
    if missing or others - held:
        return "undecided"
    if rule.how == "local":
        return "local"
    return "gathered" if rule.gathered and not rule.agos else "others"


def _reserved(rule: CompiledRule) -> set[str]:
    return {name for _, name in rule.reads if name.startswith("_")} | {
        name for name in rule.columns if name.startswith("_")
    }


def event_day(contract: Contract, table: Table, received: str) -> str:
    """SQL of the day (yyyymmdd) by which dated rules choose: of the unit's root, else of the row, else of receipt."""
    root = store.root_of(contract, table)
    told = []
    if root is not table and root.event and (field := root.field(root.event)):
        told.append(day_sql(field, from_text(field.type, "_event", field.format)))
    if table.event and (own := table.field(table.event)):
        forms = days_of(contract, table).forms if root is table else ()
        told.append(formed_sql(forms, day_sql(own, f'"{own.name}"'), lambda name: f'"{name}"'))
    return f"coalesce({', '.join([*told, received])})"


def looked_at(question: Question) -> list[tuple[str, str]]:
    """(database, table) of everything at which the asked rules look."""
    found = set()
    for rule in (question.rules[at] for at in question.looking):
        found |= {(question.contract.name, name) for name in rule.tables}
        for across in rule.crossing:
            database, _, table = across.table.partition(".")
            found.add((database, table))
    found |= {(question.contract.name, question.looks[at].table) for at in question.asked_looks}
    return sorted(found)


def table_of(question: Question, database: str, name: str) -> Table | None:
    """A table at which a rule looks, as its contract or the borrowed one declares it."""
    if database == question.contract.name:
        return question.contract.table(name)
    return question.contract.lent(f"{database}.{name}")


def scoped(rule: CompiledRule, own: set[str], row: str) -> exp.Expression:
    """The predicate of a rule that looks at other rows, bound to rows of the same sender as that of alias `row`.

    A unit's number is one within its receipt, so where it is compared the receipt is compared too. Rows of other
    databases (`database.table`) are those of the nation.
    """
    tree = cast(exp.Expression, sqlglot.parse_one(rule.sql, dialect="duckdb"))
    for source in list(tree.find_all(exp.Table)):
        name = source.name.removeprefix(TYPED)
        if name in own:
            _bind(source, row)
    return tree


def _bind(source: exp.Table, row: str) -> None:
    select = source.find_ancestor(exp.Select)
    assert select is not None
    alias = source.alias_or_name
    if not source.alias:
        alias = "_n"
        source.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    names = [SAME_SENDER]
    if any(column.name == "_unit" for column in select.find_all(exp.Column)):
        names.append("_receipt")
    inner = [exp.column(name, table=alias, quoted=True) for name in names]
    outer = [exp.column(name, table=row, quoted=True) for name in names]
    parent = select.parent
    asked = parent.parent if isinstance(parent, exp.Subquery) else parent
    if isinstance(asked, exp.In) and not _looks_out(select, row):
        _widen(asked, select, inner, outer)
        return
    for one, other in zip(inner, outer, strict=True):
        select.where(exp.EQ(this=one, expression=other), copy=False)


def _looks_out(select: exp.Select, row: str) -> bool:
    return any(column.table == row for column in select.find_all(exp.Column))


def _widen(
    asked: exp.In, select: exp.Select, inner: list[exp.Column], outer: list[exp.Column]
) -> None:
    """`k IN (SELECT k ...)` to `(k, sender) IN (SELECT k, sender ...)`."""
    left = asked.this.unnest()
    parts = list(left.expressions) if isinstance(left, exp.Tuple) else [left]
    asked.set("this", exp.Tuple(expressions=[*(part.copy() for part in parts), *outer]))
    shown = select.expressions
    if len(shown) == 1 and isinstance(shown[0].unnest(), exp.Tuple):
        shown = list(shown[0].unnest().expressions)
    select.set("expressions", [*shown, *inner])
    group = select.args.get("group")
    if group is not None:
        group.set("expressions", [*group.expressions, *(one.copy() for one in inner)])
