"""From one shape of a contract's tables to the next: what is added, renamed, or stays as it was for older rows.

No row is rewritten. A field that a contract drops keeps its column, a field that changes its type gets a new column
beside the old one (renamed to `FIELD~3`, the number of the version that ended it); rows keep what they were sent as.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.records.store import layout

ENDED = "~"
"""Between a field and the number of the contract version that ended its column."""


class Step(msgspec.Struct, frozen=True):
    """One change: create a table, add a column of the type `becomes`, rename a column to `becomes`, or index one.

    `drop` takes the index of a column away that nobody looks up any more.
    """

    what: Literal["create", "add", "rename", "index", "drop"]
    table: str
    column: str = ""
    becomes: str = ""


class Planned(msgspec.Struct, frozen=True):
    """The steps in their order, the reasons against them, and the structure that they lead to."""

    steps: list[Step]
    reasons: list[str]
    structure: dict[str, Any]


def plan(before: dict[str, Any], contract: Contract, number: int) -> Planned:
    """From the structure `before` (as recorded) to the contract, whose version in the store has this number."""
    after = layout.structure(contract)
    steps: list[Step] = []
    reasons: list[str] = []
    for table in contract.tables:
        old, new = before.get(table.name), after[table.name]
        if old is None:
            steps.append(Step("create", table.name))
            steps += [Step("index", table.name, name) for name in new.get("lookups", ())]
            continue
        reasons += [
            f"{table.name} {what}: {old[what]} → {new[what]}"
            for what in ("root", "key")
            if old[what] != new[what]
        ]
        made, kept = _columns(table, old, number)
        steps += made
        steps += _indexes(table.name, old, new, made)
        if kept:
            new["kept"] = kept
    for name, old in before.items():
        if name not in after:
            after[name] = {"gone": number, **old}
    return Planned(steps, reasons, after)


def _indexes(table: str, old: dict[str, Any], new: dict[str, Any], made: list[Step]) -> list[Step]:
    """Indexes that come and go; a column that was made anew under a name has none yet."""
    before, after = set(old.get("lookups", ())), new.get("lookups", [])
    fresh = {step.column for step in made if step.what == "add"}
    fresh |= {step.becomes for step in made if step.what == "rename"}
    gone = [Step("drop", table, name) for name in sorted(before - set(after))]
    return gone + [
        Step("index", table, name) for name in after if name not in before or name in fresh
    ]


def _columns(
    table: Table, old: dict[str, Any], number: int
) -> tuple[list[Step], dict[str, dict[str, Any]]]:
    """The steps of one table, and its columns that no field of the contract fills any more."""
    kept: dict[str, dict[str, Any]] = dict(old.get("kept") or {})
    fields: dict[str, str] = dict(old["fields"])
    steps: list[Step] = []
    names = {field.name for field in table.fields}
    for field in table.fields:
        kind = layout.column_type(field)
        former = _former(field, fields, names, kind)
        if former:
            steps.append(Step("rename", table.name, former, field.name))
            fields[field.name] = fields.pop(former)
    for name in [name for name in fields if name not in names]:
        kept[name] = {"field": name, "type": fields.pop(name), "until": number}
    for field in table.fields:
        kind = layout.column_type(field)
        if fields.get(field.name) == kind:
            continue
        if field.name in fields:
            kept[field.name] = {"field": field.name, "type": fields[field.name], "until": number}
        steps += _one_column(table.name, field.name, kind, kept)
    return steps, kept


def _one_column(table: str, name: str, kind: str, kept: dict[str, dict[str, Any]]) -> list[Step]:
    """A column for a field: the one that it had before in this type, else a new one beside it."""
    earlier = kept.pop(name, None)
    if earlier is None:
        return [Step("add", table, name, kind)]
    if earlier["type"] == kind:
        return []
    ended = f"{name}{ENDED}{earlier['until']}"
    kept[ended] = earlier
    return [Step("rename", table, name, ended), Step("add", table, name, kind)]


def _former(field: Field, fields: dict[str, str], names: set[str], kind: str) -> str | None:
    """The column that a new field takes over: the contract says that it is the same under another name."""
    if field.name in fields:
        return None
    called = (field.properties.get("replaces"), *field.aliases)
    return next(
        (name for name in called if name in fields and name not in names and fields[name] == kind),
        None,
    )
