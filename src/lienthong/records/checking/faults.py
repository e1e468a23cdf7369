"""What only the reader of a file saw, told in the shape of rules: counts and findings beside those of the masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lienthong import words
from lienthong.contracts.contract import Rule
from lienthong.findings import Finding, Severity
from lienthong.records.checking.checked import RuleCount

if TYPE_CHECKING:
    from lienthong.records.checking.checked import Checked


def _kinds() -> dict[str, Any]:
    from lienthong.records.formats.faults import KINDS

    return KINDS


def declared_rule(checked: Checked, fault: Any) -> Rule | None:
    """The contract's rule of a fault's id, if it declares one: it then decides severity and criterion."""
    for table in checked.contract.tables:
        for rule in table.rules:
            if rule.id == fault.rule:
                return rule
    return None


def fault_counts(checked: Checked) -> list[RuleCount]:
    """Faults counted by rule, table and field. A rule of the reader that found nothing is not listed."""
    groups: dict[tuple[Any, ...], int] = {}
    for fault in checked.faults:
        criterion, severity = _standing(checked, fault)
        group = (fault.rule, fault.table, fault.field, criterion, severity)
        groups[group] = groups.get(group, 0) + 1
    return [
        RuleCount(
            id=rule,
            table=table,
            field=field,
            criterion=criterion,
            severity=severity,
            checked=checked.tables[table].rows if table in checked.tables else count,
            failed=count,
            unknown=0,
        )
        for (rule, table, field, criterion, severity), count in groups.items()
    ]


def fault_findings(checked: Checked) -> Iterator[Finding]:
    """A finding for each fault of the reader."""
    kinds = _kinds()
    for fault in checked.faults:
        kind = kinds[fault.kind]
        criterion, severity = _standing(checked, fault)
        yield Finding(
            rule=fault.rule,
            criterion=criterion,
            severity=severity,
            message=words.in_every_language(kind.sentence, **fault.params),
            remedy=words.in_every_language(kind.remedy),
            table=fault.table,
            row=fault.row,
            unit=fault.unit,
            field=fault.field,
        )


def fault_rows(checked: Checked) -> dict[str, set[int]]:
    """Table to the rows of which the reader tells an error or a warning."""
    found: dict[str, set[int]] = {}
    for fault in checked.faults:
        named = fault.row is not None and fault.table in checked.tables
        if named and _standing(checked, fault)[1] is not Severity.INFORMATION:
            found.setdefault(fault.table, set()).add(fault.row)
    return found


def _standing(checked: Checked, fault: Any) -> tuple[Any, Severity]:
    kind = _kinds()[fault.kind]
    rule = declared_rule(checked, fault)
    # A contract may harden or soften a rule; a kind that is milder than its rule stays milder.
    if rule is None or kind.severity is not Severity.ERROR:
        return kind.criterion, kind.severity
    return rule.criterion, rule.severity
