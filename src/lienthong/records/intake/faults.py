"""What keeps a unit from being kept although no rule of its contract names it: no key, twice in one file, no root.

These are the store's own reasons; with the reader's faults they stand in a quarantine entry beside the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from lienthong import words
from lienthong.contracts.contract import Contract
from lienthong.findings import Criterion, Finding, Severity

if TYPE_CHECKING:
    from lienthong.records.formats.faults import Fault


class Kind(msgspec.Struct, frozen=True):
    """One reason of the store; sentence and remedy are gettext ids."""

    rule: str
    criterion: Criterion
    sentence: str
    remedy: str


KINDS = {
    "key-missing": Kind(
        "STORE-01",
        Criterion.SUFFICIENT,
        "The record has no key (%(fields)s), so it cannot be kept or found again.",
        "Fill every field of the key.",
    ),
    "key-long": Kind(
        "STORE-02",
        Criterion.CORRECT,
        "The key is longer than %(limit)s characters.",
        "Send the key as it stands in the hospital's own system.",
    ),
    "key-twice": Kind(
        "STORE-03",
        Criterion.CLEAN,
        "The same key stands more than once in this submission, with different content.",
        "Send each record once; leave out the wrong one.",
    ),
    "root-missing": Kind(
        "STORE-04",
        Criterion.SUFFICIENT,
        "There are rows here but no row of %(table)s to which they belong.",
        "Send the whole record: the row of %(table)s and the rows that point to it.",
    ),
    "changed-sealed": Kind(
        "STORE-06",
        Criterion.CLEAN,
        "This record was sent before and may not change; the first one stays.",
        "Send a new record that replaces it, under a key of its own.",
    ),
    "unit-empty": Kind(
        "STORE-05",
        Criterion.SUFFICIENT,
        "Nothing could be read of this unit.",
        "Look at the file's findings, mend the file and send it again.",
    ),
}
"""The store's reasons by their kind. A rule id is never reused."""


def blocking(contract: Contract, faults: Iterable[Fault]) -> Iterator[Fault]:
    """The reader's faults that put their unit in quarantine."""
    for fault in faults:
        if (fault.unit is not None or fault.row is not None) and severity(
            contract, fault
        ) is Severity.ERROR:
            yield fault


def severity(contract: Contract, fault: Fault) -> Severity:
    """A contract may soften a rule that the reader decides; a kind that is mild stays mild."""
    from lienthong.records.formats.faults import KINDS as READER

    own = READER[fault.kind].severity
    if own is not Severity.ERROR:
        return own
    rule = next((r for t in contract.tables for r in t.rules if r.id == fault.rule), None)
    return rule.severity if rule else own


def about(fault: Fault) -> dict[str, Any]:
    """A reader's fault as a quarantine entry keeps it."""
    return dict(msgspec.to_builtins(fault))


def finding(kept: dict[str, Any]) -> Finding:
    """The finding of a fault that an entry keeps, whoever saw it."""
    from lienthong.records.formats.faults import KINDS as READER

    kind = KINDS.get(kept["kind"]) or READER[kept["kind"]]
    params = kept.get("params", {})
    return Finding(
        rule=kept["rule"],
        criterion=kind.criterion,
        severity=Severity.ERROR,
        message=words.in_every_language(kind.sentence, **params),
        remedy=words.in_every_language(kind.remedy, **params),
        table=kept.get("table"),
        row=kept.get("row"),
        unit=kept.get("unit"),
        field=kept.get("field"),
    )


def criterion(kind: str) -> Criterion:
    """The criterion of a kind of fault, the reader's or the store's."""
    from lienthong.records.formats.faults import KINDS as READER

    return (KINDS.get(kind) or READER[kind]).criterion


def general(rule: str) -> dict[str, str]:
    """A sentence for a rule of the reader or the store without its place: for lists of causes."""
    from lienthong.records.formats.faults import KINDS as READER

    own = next((kind.sentence for kind in KINDS.values() if kind.rule == rule), None)
    read = next((kind.sentence for kind in READER.values() if kind.rule == rule), None)
    said = own or read
    if said is None:
        return {language: rule for language in words.LANGUAGES}
    return {to: re.sub(r"%\(\w+\)s", "…", words.say(said, to)) for to in words.LANGUAGES}
