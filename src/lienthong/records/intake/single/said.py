"""The findings of units in memory, as lines of the same tables as those of a large file."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong import words
from lienthong.contracts.contract import Contract, Field, Rule
from lienthong.contracts.rules.others import Named
from lienthong.findings import Finding, Text
from lienthong.records.checking.code_words import code_told, with_told
from lienthong.records.checking.messages import HIDDEN, SHOWN, with_value
from lienthong.records.checking.naming import named_sentence, others_of
from lienthong.records.intake import faults as reasons
from lienthong.records.intake.single.unit import Unit, failed_rules, rule_at

Lines = list[tuple[Any, ...]]

EXAMPLES = 100
"""Findings of one rule that stand in the database."""


def examples_of(receipt: str, units: list[Unit], most: int = EXAMPLES) -> Lines:
    """Lines of records.finding: the rules that failed, at most so many each, and the store's own reasons."""
    lines: Lines = []
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for given in units:
        for table, at, position in failed_rules(given):
            rule = rule_at(given, table, position)
            seen[table, rule.id] += 1
            if seen[table, rule.id] <= most:
                names = given.named.get((table, at, position), ())
                told = _code_told(given, table, at, position)
                lines.append(_example(receipt, given, table, at, rule, names, told))
        lines += [line_of(receipt, found) for found in own_findings([given])]
    return lines


def own_findings(units: list[Unit]) -> list[Finding]:
    """The store's own reasons for setting units aside."""
    return [
        reasons.finding(fault | {"unit": given.unit})
        for given in units
        for fault in given.faults
        if fault["kind"] in reasons.KINDS
    ]


def declared(contract: Contract, place: tuple[str, str, str]) -> Rule | None:
    """The contract's own rule of (table, id, field), when it declares what the reader decides."""
    table = contract.table(place[0])
    return next(
        (
            rule
            for rule in (table.rules if table is not None else ())
            if rule.id == place[1] and (rule.fields[0] if rule.fields else "") == place[2]
        ),
        None,
    )


def copy_lines(conn: psycopg.Connection[Any], examples: Lines, numbers: Lines) -> None:
    """Write lines of both tables."""
    _copy(
        conn,
        "COPY records.finding (receipt, table_name, row, unit, key, field, rule, criterion, severity,"
        " value, message, remedy, others) FROM STDIN",
        examples,
    )
    _copy(
        conn,
        "COPY records.finding_count (receipt, table_name, rule, field, criterion, severity, checked,"
        " failed, unknown, message, remedy) FROM STDIN",
        numbers,
    )


def _copy(conn: psycopg.Connection[Any], statement: str, lines: Lines) -> None:
    if lines:
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            for line in lines:
                copy.write_row(line)


def counts_of(receipt: str, units: list[Unit], *, undecided: bool) -> Lines:
    """Lines of records.finding_count; with `undecided` also for rules that could not be decided."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    rows: dict[str, int] = defaultdict(int)
    for given in units:
        for table, answers in given.answers.items():
            rows[table] += len(answers)
            for answer in answers:
                for position in answer.failed:
                    sums[table, position][1] += 1
                for position in answer.unknown if undecided else ():
                    sums[table, position][2] += 1
    placed: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    for (table, position), (_, failed, unknown) in sums.items():
        rule = rule_at(units[0], table, position)
        field = rule.fields[0] if rule.fields else ""
        said = {to: words.pick(rule.sentence, to) or rule.id for to in words.LANGUAGES}
        before = placed.get((table, rule.id, field))
        placed[table, rule.id, field] = (
            receipt,
            table,
            rule.id,
            field,
            rule.criterion.value,
            rule.severity.value,
            rows[table] - unknown,
            failed + (before[7] if before else 0),
            unknown,
            Jsonb(said),
            Jsonb(dict(rule.remedy)) if rule.remedy else None,
        )
    return list(placed.values())


def count_of(
    receipt: str,
    place: tuple[str, str, str],
    found: list[Finding],
    rows: int | None,
    rule: Rule | None = None,
) -> tuple[Any, ...]:
    """What the reader or the store saw of one kind at one field, as a line of records.finding_count."""
    first = found[0]
    message = rule.sentence if rule is not None and rule.sentence else first.message
    remedy = rule.remedy if rule is not None and rule.remedy else first.remedy
    return (
        receipt,
        *place,
        first.criterion.value,
        first.severity.value,
        len(found) if rows is None else rows,
        len(found),
        0,
        Jsonb(dict(message)),
        Jsonb(dict(remedy)) if remedy else None,
    )


def line_of(receipt: str, found: Finding) -> tuple[Any, ...]:
    """One finding as a line of records.finding."""
    return (
        receipt,
        found.table,
        found.row,
        found.unit,
        found.key,
        found.field,
        found.rule,
        found.criterion.value,
        found.severity.value,
        found.value,
        Jsonb(dict(found.message)),
        Jsonb(dict(found.remedy)) if found.remedy else None,
        Jsonb(msgspec.to_builtins(found.others)) if found.others else None,
    )


def _example(
    receipt: str,
    given: Unit,
    table: str,
    at: int,
    rule: Rule,
    names: tuple[Named, ...],
    told: Text,
) -> tuple[Any, ...]:
    field = rule.fields[0] if rule.fields else None
    found = given.contract.table(table)
    declared = found.field(field) if found is not None and field else None
    value = masked(declared, rule, given.rows[table][at])
    sentence = named_sentence(rule, given.contract, names) if rule.other else None
    others = msgspec.to_builtins(others_of(given.contract, names))
    return (
        receipt,
        table,
        given.places[table][at],
        given.unit,
        given.key,
        field,
        rule.id,
        rule.criterion.value,
        rule.severity.value,
        value,
        Jsonb(with_told(with_value(rule, value, sentence), told)),
        Jsonb(dict(rule.remedy)) if rule.remedy else None,
        Jsonb(others) if others else None,
    )


def _code_told(given: Unit, table: str, at: int, position: int) -> Text:
    """What the code lists say of the cell that a rule blames."""
    compiled = given.engine.compiled.table(table)
    rule = compiled.rules[position] if compiled is not None else None
    if compiled is None or rule is None or not rule.lists or not rule.rule.fields:
        return {}
    name = rule.rule.fields[0]
    cell = given.rows[table][at].get(name)
    field = compiled.table.field(name)
    return code_told(given.engine.codes, rule.lists, field, cell) if cell else {}


def masked(field: Field | None, rule: Rule, row: dict[str, str | None]) -> str | None:
    """The cell as a reader may see it; the same masking as `records.checking.messages`."""
    text = row.get(field.name) if field is not None else None
    if field is None or text is None or rule.kind == "required":
        return None
    if field.sensitivity in ("public", "internal"):
        return text if len(text) <= SHOWN else text[:SHOWN] + "…"
    return text[:1] + HIDDEN if field.sensitivity == "personal" else HIDDEN
