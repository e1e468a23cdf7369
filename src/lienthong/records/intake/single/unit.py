"""One unit of acceptance in memory: its rows as sent, its key and digest, and what the generated rules say of it.

Key and digest are those that `intake.units` makes in DuckDB, so that a record is the same record whichever way it
comes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.contracts.rules.others import Named
from lienthong.contracts.rules.python import Answer, RecordEngine
from lienthong.findings import Severity
from lienthong.records.formats.told import out_of_envelopes
from lienthong.records.intake import faults as reasons
from lienthong.records.intake.provinces import todays
from lienthong.records.store import layout
from lienthong.records.store.rulesets import mask_of

Cells = dict[str, str | None]
Rows = dict[str, list[Cells]]
Answers = dict[str, list[Answer]]


class Unit(msgspec.Struct, kw_only=True):
    """One unit. `unit` is its ordinal in the submission, `places` the positions of its rows in their tables.

    `named` are the records of other databases that its findings name: (table, index of the row, position) to them.
    """

    root: Table
    engine: RecordEngine
    sender: str
    province: str
    received: datetime
    rows: Rows
    places: dict[str, list[int]]
    answers: Answers
    key: str | None
    digest: bytes
    unit: int = 0
    faults: list[dict[str, Any]] = []
    named: dict[tuple[str, int, int], tuple[Named, ...]] = {}

    @property
    def contract(self) -> Contract:
        """The contract under which it was sent."""
        return self.engine.compiled.contract

    @property
    def blocked(self) -> bool:
        """Whether it must wait in quarantine."""
        return bool(self.faults) or blocks(self.engine.compiled, self.answers)


def make(
    engine: RecordEngine,
    root: Table,
    rows: Rows,
    answers: Answers,
    *,
    sender: str,
    province: str,
    received: datetime,
    unit: int = 0,
    places: dict[str, list[int]] | None = None,
    faults: list[dict[str, Any]] | None = None,
) -> Unit:
    """The unit of these rows with its key, its digest and the store's own reasons beside those of the reader."""
    contract = engine.compiled.contract
    key = key_of(root, rows)
    return Unit(
        root=root,
        engine=engine,
        sender=sender,
        province=province_of(root, rows, province),
        received=received,
        rows=rows,
        places=places or {table: list(range(len(those))) for table, those in rows.items()},
        answers=answers,
        key=key if key is not None and len(key) <= layout.KEY_LENGTH else None,
        digest=digest_of(root, rows, contract),
        unit=unit,
        faults=[*(faults or []), *_own_faults(root, rows, key)],
    )


def blocks(compiled: CompiledContract, answers: Answers) -> bool:
    """Whether a rule that is an error failed."""
    for name, those in answers.items():
        table = compiled.table(name)
        if table is None:
            continue
        for answer in those:
            if any(table.rules[at].rule.severity is Severity.ERROR for at in answer.failed):
                return True
    return False


def key_of(root: Table, rows: Rows) -> str | None:
    """The key as text; None when a part is missing or there is not exactly one root row."""
    own = rows.get(root.name, [])
    if len(own) != 1 or not root.key:
        return None
    parts = [(own[0].get(name) or "").strip(" ") for name in root.key]
    if not all(parts):
        return None
    if len(parts) == 1:
        return parts[0]
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def province_of(root: Table, rows: Rows, sender: str) -> str:
    """The province of today of which the root row tells by a code of its day, else the sender's."""
    own = rows.get(root.name, [])
    cell = own[0].get(root.province) if own and root.province else None
    return todays().get(cell, sender) if cell else sender


def digest_of(root: Table, rows: Rows, contract: Contract) -> bytes:
    """What changes when any cell of the unit changes, whatever the order of its rows."""
    tables = layout.members(contract, root)
    lines = [
        hashlib.md5(_content(table, row), usedforsecurity=False)
        for table in tables
        for row in rows.get(table.name, [])
    ]
    if len(tables) == 1 and len(lines) == 1:
        return lines[0].digest()
    joined = "".join(sorted(line.hexdigest() for line in lines))
    return hashlib.md5(joined.encode(), usedforsecurity=False).digest()


def not_sent(contract: Contract, root: Table) -> frozenset[str]:
    """Tables of which a record of this root says nothing: those of other units; of a message those it cannot hold."""
    if root.xml:
        return out_of_envelopes(contract)
    members = {table.name for table in layout.members(contract, root)}
    return frozenset(table.name for table in contract.tables) - members


def judge(
    engine: RecordEngine,
    rows: Mapping[str, list[Mapping[str, Any]]],
    received: datetime,
    absent: frozenset[str] = frozenset(),
) -> Answers:
    """The rules over rows that carry `_sender`, `_row`, `_unit`; tables of `absent` were not sent at all."""
    from lienthong.records.checking.moments import ago

    return engine.check(rows, received=received, ago=ago, absent=absent)


def masks(answer: Answer) -> tuple[int, int]:
    """(failed, unknown) of a row."""
    return mask_of(answer.failed), mask_of(answer.unknown)


def failed_rules(given: Unit) -> list[tuple[str, int, int]]:
    """(table, index of the row among the unit's rows, position of the rule) of everything that failed."""
    return [
        (table, at, position)
        for table, answers in given.answers.items()
        for at, answer in enumerate(answers)
        for position in answer.failed
    ]


def rule_at(given: Unit, table: str, position: int) -> Any:
    """The rule at a position of a table's bit order."""
    compiled = given.engine.compiled.table(table)
    if compiled is None:
        raise KeyError(table)
    return compiled.rules[position].rule


def _own_faults(root: Table, rows: Rows, key: str | None) -> list[dict[str, Any]]:
    if not rows.get(root.name):
        kind = "root-missing" if any(rows.values()) else "unit-empty"
        params: dict[str, Any] = {"table": root.name}
    elif key is None:
        kind, params = "key-missing", {"fields": ", ".join(root.key)}
    elif len(key) > layout.KEY_LENGTH:
        kind, params = "key-long", {"limit": layout.KEY_LENGTH}
    else:
        return []
    return [own_fault(kind, root.name, params)]


def own_fault(kind: str, table: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """A reason of the store as a quarantine entry keeps it."""
    rule = reasons.KINDS[kind].rule
    return {"rule": rule, "kind": kind, "table": table, "params": params or {}}


def _content(table: Table, row: Cells) -> bytes:
    cells = (row.get(field.name) for field in table.fields)
    text = "\x1f".join((table.name, *("\x1e" if cell is None else cell for cell in cells)))
    return text.rstrip("\x1f\x1e").encode()
