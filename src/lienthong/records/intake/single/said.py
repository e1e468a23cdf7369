"""The findings of single records as the receipt page reads them: the same lines as those of a file."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from lienthong import words
from lienthong.contracts.contract import Field, Rule
from lienthong.records.checking.messages import HIDDEN, SHOWN, with_value
from lienthong.records.intake import faults as reasons
from lienthong.records.intake.single.posted import Posted

Lines = list[tuple[Any, ...]]


def findings_of(records: list[tuple[str, Posted, list[dict[str, Any]]]]) -> tuple[Lines, Lines]:
    """(records.finding, records.finding_count) for (receipt, record, the store's own faults)."""
    examples: Lines = []
    numbers: Lines = []
    for receipt, given, faults in records:
        failed: dict[tuple[str, str, str], list[Any]] = {}
        for table, answers in given.answers.items():
            compiled = given.engine.compiled.table(table)
            assert compiled is not None
            for at, answer in enumerate(answers):
                for position in answer.failed:
                    rule = compiled.rules[position].rule
                    field = rule.fields[0] if rule.fields else None
                    value = _masked(
                        compiled.table.field(field) if field else None, rule, given.rows[table][at]
                    )
                    examples.append(_example(receipt, table, at, given, rule, field, value))
                    line = failed.setdefault((table, rule.id, field or ""), [rule, len(answers), 0])
                    line[2] += 1
        numbers += [_number(receipt, place, line) for place, line in failed.items()]
        for fault in faults:
            examples.append(_fault(receipt, given, fault))
    return examples, numbers


def _example(
    receipt: str,
    table: str,
    at: int,
    given: Posted,
    rule: Rule,
    field: str | None,
    value: str | None,
) -> tuple[Any, ...]:
    return (
        receipt,
        table,
        at,
        0,
        given.key,
        field,
        rule.id,
        rule.criterion.value,
        rule.severity.value,
        value,
        Jsonb(dict(with_value(rule, value))),
        Jsonb(dict(rule.remedy)) if rule.remedy else None,
    )


def _number(receipt: str, place: tuple[str, str, str], line: list[Any]) -> tuple[Any, ...]:
    rule, checked, failed = line
    said = {to: words.pick(rule.sentence, to) or rule.id for to in words.LANGUAGES}
    return (
        receipt,
        *place,
        rule.criterion.value,
        rule.severity.value,
        checked,
        failed,
        Jsonb(said),
        Jsonb(dict(rule.remedy)) if rule.remedy else None,
    )


def _fault(receipt: str, given: Posted, fault: dict[str, Any]) -> tuple[Any, ...]:
    found = reasons.finding(fault)
    return (
        receipt,
        found.table,
        None,
        0,
        given.key,
        None,
        found.rule,
        found.criterion.value,
        found.severity.value,
        None,
        Jsonb(dict(found.message)),
        Jsonb(dict(found.remedy)),
    )


def _masked(field: Field | None, rule: Rule, row: dict[str, str | None]) -> str | None:
    """The cell as a reader may see it; the same masking as `records.checking.messages`."""
    text = row.get(field.name) if field is not None else None
    if field is None or text is None or rule.kind == "required":
        return None
    if field.sensitivity in ("public", "internal"):
        return text if len(text) <= SHOWN else text[:SHOWN] + "…"
    return text[:1] + HIDDEN if field.sensitivity == "personal" else HIDDEN
