"""Fields that name a code list: their codes are in it on the day of the event, without a rule being written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lienthong.contracts.contract import Rule, Table
from lienthong.contracts.rules.casts import literal
from lienthong.contracts.rules.sentences import sentence
from lienthong.findings import Criterion, Severity

_ASKS = re.compile(r"\b\w+_CODES?\(")
"""How a predicate asks a code list: IS_CODE, ALL_CODES and their kind."""


def code_rules(table: Table) -> Iterator[Rule]:
    """A code is in its list on the day of the event; a table whose own rules ask lists says itself what it asks,
    and so do the tables of a message."""
    if table.xml or any(_ASKS.search(rule.predicate or "") for rule in table.rules):
        return
    for field in table.fields:
        if field.code_list is None:
            continue
        severities = field.properties.get("severities") or {}
        cell, day = f'"{field.name}"', _day_of(table)
        asked = f"IS_CODE('{field.code_list}', {cell}, {day})"
        if field.separator:
            asked = f"ALL_CODES('{field.code_list}', {cell}, {literal(field.separator)}, {day})"
        yield Rule(
            id=f"{table.name}.{field.name}.code",
            table=table.name,
            kind="custom",
            criterion=Criterion.CORRECT,
            severity=Severity(severities.get("code", Severity.ERROR)),
            fields=(field.name,),
            predicate=f"NOT {asked}",
            needs=(field.code_list,),
            sentence=sentence("code", (field,), argument=field.code_list),
            evidence=field.evidence,
            first=table.first,
            last=table.last,
            line=field.line,
        )


def _day_of(table: Table) -> str:
    """SQL of the day of a row's event as yyyymmdd; of its receipt where the table names no event."""
    event = table.field(table.event) if table.event else None
    if event is None:
        return "AGO(0, 'days', 'date8')"
    if event.type == "string":
        return f'"{event.name}"'
    return f"REPLACE(SUBSTR(CAST(\"{event.name}\" AS VARCHAR), 1, 10), '-', '')"
