"""An official may make a rule milder or harder from a day on: `severityFrom` of the rule, one entry for each change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lienthong.contracts.contract import Rule
from lienthong.contracts.version_items import day, day_after, day_before
from lienthong.findings import Severity

if TYPE_CHECKING:
    from lienthong.contracts.mapping import Mapper
    from lienthong.contracts.yaml_lines import Path

NAME = "severityFrom"
SHAPE = "[{from: '2027-01-01', severity: warning, basis: ...}]"


def with_dated_severity(mapper: Mapper, rule: Rule, told: Any, path: Path) -> Iterator[Rule]:
    """The rule as it is until the first change, then once more for each period; events are judged by their day."""
    changes = _changes(mapper, rule, told, path) if told else []
    if not changes:
        yield rule
        return
    begins = [rule.valid_from, *(str(first) for first, _, _ in changes)]
    ends = [*(str(day_before(first)) for first, _, _ in changes), rule.valid_to]
    whole = [(rule.severity, rule.legal_basis), *((how, basis) for _, how, basis in changes)]
    for begin, end, (severity, basis) in zip(begins, ends, whole, strict=True):
        yield replace(
            rule,
            valid_from=begin,
            valid_to=end,
            severity=severity,
            legal_basis=basis or rule.legal_basis,
        )


def _changes(
    mapper: Mapper, rule: Rule, told: Any, path: Path
) -> list[tuple[int, Severity, str | None]]:
    found = []
    before = day(rule.valid_from) if rule.valid_from else None
    last = day(rule.valid_to) if rule.valid_to else None
    for item in told if isinstance(told, list) else [told]:
        first = day(item.get("from", "")) if isinstance(item, dict) else None
        wanted = str(item.get("severity", "")) if isinstance(item, dict) else ""
        late = first is not None and (
            (before is not None and first < day_after(before))
            or (last is not None and first > last)
        )
        if first is None or wanted not in tuple(Severity) or late or rule.argument == "reader":
            wrong = "%(name)s of rule %(rule)s needs days in their order, each with a severity"
            mapper.wrong(path, wrong, SHAPE, name=NAME, rule=rule.id)
            return []
        basis = item.get("basis")
        found.append((first, Severity(wanted), str(basis) if basis else None))
        before = first
    return found
