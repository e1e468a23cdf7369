"""What was said of waiting rows when they came beside other rows, for as long as those rows are not told again.

An entry is checked again by itself. A rule that looks at tables of other records of its file (the practitioner of a
registration, the batch of a movement) cannot be asked then: what it said on arrival stays, until a cell that it
looks at is mended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg

from lienthong.contracts.contract import Contract, Rule
from lienthong.contracts.rules.compiled_form import CompiledTable
from lienthong.findings import Severity
from lienthong.records.checking.checked import Checked
from lienthong.records.quarantine.entries import Entry
from lienthong.records.store.rulesets import Ruleset, load, mask_of, ruleset

Masks = dict[str, Any]
"""Table to {ruleset, rows, bits: [[row, failed, unknown]]}, as an entry keeps it."""

DIGITS = 15
"""Hexadecimal digits of one word of a mask."""


class Carried(msgspec.Struct, frozen=True):
    """What stays of one table of an entry: rules that were decided then, and which of them failed in which row."""

    decided: frozenset[int] = frozenset()
    failed: dict[int, frozenset[int]] = {}


class Carrying:
    """What stays of entries that are checked again without the tables `unsaid`."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        checked: Checked,
        entries: Iterable[Entry],
        unsaid: frozenset[str],
    ) -> None:
        self._checked = checked
        beyond = {
            name: _beyond(checked.compiled_table(name), about.constant_unknown, unsaid)
            for name, about in checked.tables.items()
        }
        entries = list(entries) if any(beyond.values()) else []
        then = load(conn, (about["ruleset"] for one in entries for about in one.masks.values()))
        self._of = {
            one.id: {
                table: _carried(one, table, about, then[about["ruleset"]], beyond[table])
                for table, about in one.masks.items()
                if beyond.get(table)
            }
            for one in entries
        }

    def holds(self, given: Entry) -> bool:
        """Whether an error of then still holds the entry back."""
        return any(self._errors(given))

    def causes(self, given: Entry) -> list[str]:
        """The errors of then that still hold the entry back, as an entry names its causes."""
        return sorted(set(self._errors(given)))

    def masks(
        self, conn: psycopg.Connection[Any], contract: Contract, given: Entry, new: Masks,
        rules: dict[str, Ruleset],
    ) -> Masks:  # fmt: skip
        """The masks of the check with what stays of then in them."""
        made = dict(new)
        for table, stays in self._of.get(given.id, {}).items():
            if table not in new or not stays.decided:
                continue
            now, about = rules[table], new[table]
            known = ruleset(
                conn, contract, table, self._checked.tables[table].rules,
                now.unknown & ~mask_of(stays.decided),
            )  # fmt: skip
            failed = {row: int(mask, 16) for row, mask, _ in about["bits"]}
            for row, positions in stays.failed.items():
                failed[row] = failed.get(row, 0) | mask_of(positions)
            width = DIGITS * self._checked.tables[table].words
            made[table] = about | {
                "ruleset": known.id,
                "bits": [[row, f"{mask:0{width}x}", "0"] for row, mask in sorted(failed.items())],
            }
        return made

    def _errors(self, given: Entry) -> Iterable[str]:
        for table, stays in self._of.get(given.id, {}).items():
            for positions in stays.failed.values():
                for at in positions:
                    rule = self._checked.tables[table].rules[at]
                    if rule.severity is Severity.ERROR:
                        yield key(rule)


def _beyond(
    table: CompiledTable, undecided: frozenset[int], unsaid: frozenset[str]
) -> dict[int, Rule]:
    """Rules that nobody can be asked now because they look at tables that are not told again."""
    return {
        at: rule.rule
        for at, rule in enumerate(table.rules)
        if at in undecided and unsaid & {*rule.tables}
    }


def _carried(
    given: Entry, table: str, about: dict[str, Any], then: Ruleset, beyond: dict[int, Rule]
) -> Carried:
    place = {rule.key: at for at, rule in enumerate(then.rules) if not then.unknown >> at & 1}
    decided = {at: place[key(rule)] for at, rule in beyond.items() if key(rule) in place}
    mended = (given.edits or {}).get(table, {})
    failed = {}
    for row, mask, _ in about["bits"]:
        cells = mended.get(str(row), {})
        hit = frozenset(
            at
            for at, before in decided.items()
            if int(mask, 16) >> before & 1 and not set(beyond[at].fields) & set(cells)
        )
        if hit:
            failed[row] = hit
    return Carried(frozenset(decided), failed)


def key(rule: Rule) -> str:
    """A rule as counts and causes name it."""
    return f"{rule.id}|{rule.fields[0] if rule.fields else ''}"
