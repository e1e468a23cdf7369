"""Rules of a field that versions of the contract promise in different ways: one rule for each stretch of days.

A field or table that is not part of the version in force on the event's day is a finding, not a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from lienthong.contracts.contract import FIRST_DAY, LAST_DAY, Field, Period, Rule, Table
from lienthong.contracts.rules.sentences import sentence, table_sentence
from lienthong.findings import Criterion, Severity

AT = "@"
"""Between a rule's id and the version whose wording it has, where the newest version has another."""

Maker = Callable[[Table, Field], Iterator[Rule]]


def dated_rules(table: Table, field: Field, rules_of: Maker) -> Iterator[Rule]:
    """The rules that a field declares, each with the days on which it is asked."""
    if not field.periods:
        yield from (
            replace(rule, first=table.first, last=table.last) for rule in rules_of(table, field)
        )
        return
    kept: dict[str, list[tuple[Rule, tuple[str, ...]]]] = {}
    for period in field.periods:
        if period.absent:
            continue
        for rule in _rules_in(table, field, period, rules_of):
            variants = kept.setdefault(rule.id, [])
            if variants and _follows(variants[-1][0], rule):
                before, versions = variants.pop()
                versions = tuple(dict.fromkeys((*versions, *period.versions)))
                variants.append((replace(before, last=rule.last), versions))
            else:
                variants.append((rule, period.versions))
    for variants in kept.values():
        yield variants[-1][0]
        for rule, versions in variants[:-1]:
            name = "-".join(dict.fromkeys((versions[0], versions[-1]))) if versions else rule.last
            yield replace(rule, id=f"{rule.id}{AT}{name}")


def _rules_in(table: Table, field: Field, period: Period, rules_of: Maker) -> Iterator[Rule]:
    first, last = max(period.first, table.first), min(period.last, table.last)
    if first > last:
        return
    changes = dict(period.changes)
    kind = changes.pop("type", None)
    for rule in rules_of(table, replace(field, **changes) if changes else field):
        yield replace(rule, first=first, last=last)
    if kind and field.type == "string":
        # The column is text, as the newest version has it; the older version let in this kind of text only.
        yield Rule(
            id=f"{table.name}.{field.name}.type",
            table=table.name,
            kind="type",
            criterion=Criterion.CORRECT,
            severity=Severity.WARNING,
            fields=(field.name,),
            argument=["as", kind],
            sentence=sentence(kind, (field,)),
            evidence=field.evidence,
            first=first,
            last=last,
            line=field.line,
        )


def _follows(before: Rule, rule: Rule) -> bool:
    """Whether the same is asked from the day after."""
    return replace(before, first=0, last=0) == replace(rule, first=0, last=0)


def foreign_rules(table: Table) -> Iterator[Rule]:
    """Rows of a table, and cells of a field, that the version in force on their day does not have."""
    if table.key and (table.first > FIRST_DAY or table.last < LAST_DAY):
        yield from _foreign(
            table,
            None,
            Period(first=FIRST_DAY, last=table.first),
            Period(first=table.last, last=LAST_DAY),
        )
    for field in table.fields:
        absent = [period for period in field.periods if period.absent]
        for period in absent:
            first, last = max(period.first, table.first), min(period.last, table.last)
            if first <= last:
                yield _not_there(table, field, first, last, period.versions)


def _foreign(table: Table, field: Field | None, *sides: Period) -> Iterator[Rule]:
    from lienthong.contracts.version_items import day_after, day_before

    before, after = sides
    if before.last > FIRST_DAY:
        yield _not_there(table, field, FIRST_DAY, day_before(before.last), ())
    if after.first < LAST_DAY:
        yield _not_there(table, field, day_after(after.first), LAST_DAY, ())


def _not_there(
    table: Table, field: Field | None, first: int, last: int, versions: tuple[str, ...]
) -> Rule:
    named = versions[-1] if last < LAST_DAY and versions else versions[0] if versions else ""
    said = sentence("foreign", (field,), argument=named) if field else table_sentence(table)
    return Rule(
        id=f"{table.name}.{field.name}.version" if field else f"{table.name}.version",
        table=table.name,
        kind="version",
        criterion=Criterion.CORRECT,
        severity=Severity.WARNING,
        fields=(field.name,) if field else table.key[:1],
        argument=field.name if field else None,
        sentence=said,
        evidence=field.evidence if field else None,
        first=first,
        last=last,
        line=field.line if field else table.line,
    )
