"""What the bits of a kept mask mean: the rules of one table in one contract version, in bit order.

Rules that nobody could decide for any row of a submission (a catalogue was not loaded) stand in the ruleset and
not in each row's mask, so that a row without trouble keeps no mask at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong.contracts.contract import Contract, Rule, Table
from lienthong.findings import Criterion, Severity, Text


class RuleSaid(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of a rule, enough to count it and to say it years later."""

    id: str
    field: str
    criterion: Criterion
    severity: Severity
    sentence: Text = {}
    remedy: Text = {}
    role: str = ""
    """What the blamed field identifies (a person, a facility, the record itself); empty for most.

    Empty too for a rule that looks at other databases: there the other side may simply be late.
    """

    @property
    def key(self) -> str:
        """The rule in counts: its id and the cell it blames."""
        return f"{self.id}|{self.field}"


class Ruleset(msgspec.Struct, frozen=True):
    """The rules of one table in bit order; `unknown` has a bit for each rule undecided on every row."""

    id: int
    contract: str
    version: str
    table: str
    rules: tuple[RuleSaid, ...]
    unknown: int = 0

    @property
    def errors(self) -> int:
        """The bits of the rules that put a unit in quarantine."""
        return mask_of(at for at, rule in enumerate(self.rules) if rule.severity is Severity.ERROR)

    def criterion(self, criterion: Criterion) -> int:
        """The bits of one criterion; what is only information does not count against data."""
        return mask_of(
            at
            for at, rule in enumerate(self.rules)
            if rule.criterion is criterion and rule.severity is not Severity.INFORMATION
        )

    def failed(self, mask: int) -> list[RuleSaid]:
        """The rules of a mask."""
        return [self.rules[at] for at in bits(mask)]


def bits(mask: int) -> Iterator[int]:
    """The positions of the set bits, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def mask_of(positions: Iterable[int]) -> int:
    """The mask with these bits set."""
    mask = 0
    for at in positions:
        mask |= 1 << at
    return mask


def to_bytes(mask: int) -> bytes | None:
    """A mask as the store keeps it: little endian, None when no bit is set."""
    return mask.to_bytes((mask.bit_length() + 7) // 8, "little") if mask else None


def from_bytes(kept: bytes | memoryview | None) -> int:
    """The mask that the store kept."""
    return int.from_bytes(kept, "little") if kept else 0


def ruleset(
    conn: psycopg.Connection[Any],
    contract: Contract,
    table: str,
    rules: Sequence[Rule],
    unknown: int,
) -> Ruleset:
    """The ruleset of these rules, recorded once per contract digest and set of undecided rules.

    Another program may derive other rules from the same file: what a bit means is part of what it is found by.
    """
    said = tuple(_said(rule, contract.table(table)) for rule in rules)
    values = [contract.name, _digest(contract, said), table, f"{unknown:x}"]
    found = _find(conn, values)
    if found is None:
        conn.execute(
            "INSERT INTO records.ruleset (contract, version, digest, table_name, unknown, rules)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [contract.name, contract.version, *values[1:], Jsonb(msgspec.to_builtins(said))],
        )
        found = _find(conn, values)
    assert found is not None
    return Ruleset(found, contract.name, contract.version, table, said, unknown)


MOST = 255
"""Rulesets that are remembered: each holds what hundreds of rules say."""
_loaded: dict[tuple[str, int], Ruleset] = {}
"""Rulesets that were read before, by database and number: what they say is never changed."""


def load(conn: psycopg.Connection[Any], ids: Iterable[int]) -> dict[int, Ruleset]:
    """Recorded rulesets by their number."""
    place = f"{conn.info.host}:{conn.info.port}/{conn.info.dbname}"
    wanted = set(ids)
    missing = sorted(one for one in wanted if (place, one) not in _loaded)
    if missing:
        if len(_loaded) > MOST:
            _loaded.clear()
            missing = sorted(wanted)
        rows = conn.execute(
            "SELECT id, contract, version, table_name, rules, unknown FROM records.ruleset WHERE id = ANY(%s)",
            [missing],
        )
        for id, contract, version, table, rules, unknown in rows:
            said = msgspec.convert(rules, tuple[RuleSaid, ...])
            _loaded[place, id] = Ruleset(id, contract, version, table, said, int(unknown, 16))
    return {one: _loaded[place, one] for one in wanted if (place, one) in _loaded}


def _digest(contract: Contract, said: tuple[RuleSaid, ...]) -> str:
    meant = "\n".join(f"{rule.key}|{rule.criterion}|{rule.severity}|{rule.role}" for rule in said)
    return hashlib.sha256(f"{contract.digest}\n{meant}".encode()).hexdigest()


def _find(conn: psycopg.Connection[Any], values: list[str]) -> int | None:
    row = conn.execute(
        "SELECT id FROM records.ruleset WHERE contract = %s AND digest = %s AND table_name = %s AND unknown = %s",
        values,
    ).fetchone()
    return int(row[0]) if row else None


def _said(rule: Rule, table: Table | None) -> RuleSaid:
    name = rule.fields[0] if rule.fields else ""
    field = table.field(name) if table else None
    role = (field.identity_role or "") if field and not rule.other else ""
    return RuleSaid(rule.id, name, rule.criterion, rule.severity, rule.sentence, rule.remedy, role)
