"""The truth about planted faults: what a check must find, what it may also say, and everything else it said wrongly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

GROUPS = {
    1: "missing mandatory", 2: "outlier or out of domain", 3: "duplicate", 4: "wrong format", 5: "broken reference",
    6: "cross-field contradiction", 7: "stale", 8: "mismatch with a reference source",
}  # fmt: skip
"""The eight groups of errors of the data-quality letter of the National Data Centre (2026)."""

Place = tuple[str, int, str, str]
"""table, row from 0 in the file, field ('' for any), rule."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One planted fault. `also` are true consequences: findings that are right but were not the aim
    (table, row, field, rule). `key` is the key of the row, `unit` the key of the unit of acceptance it belongs to
    where that is another, `other` the record of another database that speaks against it. `both`: the sender of that
    record when the same rule is true of it too, in one row of the same table: which of them is right nobody knows."""

    submission: str
    table: str
    row: int
    rule: str
    kind: str
    group: int
    key: str = ""
    field: str = ""
    also: tuple[Place, ...] = ()
    database: str = ""
    unit: str = ""
    other: str = ""
    both: str = ""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What a check made of the planted faults of one submission or of many."""

    found: tuple[Fault, ...]
    missed: tuple[Fault, ...]
    wrongly_accused: tuple[Place, ...]

    @property
    def exact(self) -> bool:
        """Nothing missed and nobody wrongly accused."""
        return not self.missed and not self.wrongly_accused

    def by_kind(self) -> dict[str, tuple[int, int]]:
        """Found and missed by kind of fault."""
        found = Counter(fault.kind for fault in self.found)
        missed = Counter(fault.kind for fault in self.missed)
        return {kind: (found[kind], missed[kind]) for kind in sorted(found | missed)}


def read_ledger(path: Path) -> list[Fault]:
    """The faults of a ledger file (JSON lines)."""
    decode = msgspec.json.Decoder(Fault).decode
    with path.open("rb") as lines:
        return [decode(line) for line in lines if line.strip()]


def compare(
    ledger: Iterable[Fault], findings: Iterable[Any], *, ignore: Iterable[str] = ()
) -> Comparison:
    """Set findings (anything with table, row, field, rule) of ONE submission against its ledger.

    A finding answers a fault when table, row and rule agree, and the field where both name one. `ignore`
    names rules left out of
    the comparison (for example those that only inform).
    """
    left_out = set(ignore)
    said = {_place(finding) for finding in findings} - {("", -1, "", rule) for rule in left_out}
    said = {place for place in said if place[3] not in left_out}
    faults = list(ledger)
    spoken = {(table, row, rule) for table, row, _, rule in said}
    answered = {(fault.table, fault.row, fault.rule) for fault in faults}
    answered |= {(table, row, rule) for fault in faults for table, row, _, rule in fault.also}
    fields = {(fault.table, fault.row, fault.rule): fault.field for fault in faults if fault.field}
    missed = [fault for fault in faults if (fault.table, fault.row, fault.rule) not in spoken]
    wrong = [place for place in said if not _is_answer(place, answered, fields)]
    return Comparison(
        found=tuple(fault for fault in faults if fault not in missed),
        missed=tuple(missed),
        wrongly_accused=tuple(sorted(wrong)),
    )


def _place(finding: Any) -> Place:
    row = getattr(finding, "row", None)
    table, field = getattr(finding, "table", None), getattr(finding, "field", None)
    return table or "", -1 if row is None else row, field or "", finding.rule


def _is_answer(
    place: Place, answered: set[tuple[str, int, str]], fields: dict[tuple[str, int, str], str]
) -> bool:
    table, row, field, rule = place
    if (table, row, rule) not in answered:
        return False
    expected = fields.get((table, row, rule))
    return not (expected and field and expected != field)
