"""A filled form is one record under its contract: the same rules, the same findings as a database's row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from lienthong import clock
from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract, Field
from lienthong.contracts.rules.cache import cached_python
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.contracts.rules.python import RecordEngine
from lienthong.dossiers.forms.form import Form, _codes, fields, main_table
from lienthong.findings import Finding, Severity, Text
from lienthong.records.checking.code_words import code_told, with_told
from lienthong.records.checking.messages import with_value
from lienthong.records.checking.moments import ago
from lienthong.records.intake.single.said import masked


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """What was filled in, as text by field name; blanks are left out.

    `applicant` goes into Filing.applicant as it is, `form` into Filing.form as {"fields": form}.
    """

    applicant: dict[str, str] = {}
    form: dict[str, str] = {}


def read(form: Form, posted: Mapping[str, str | Iterable[str]]) -> Values:
    """The values in what a page posts (applicant.name, form.SO_GPHD); several choices are joined by semicolons.

    What is no field of the form is left out.
    """
    found: dict[str, dict[str, str]] = {"applicant": {}, "form": {}}
    for field in fields(form):
        given = posted.get(field.input, "")
        texts = [given] if isinstance(given, str) else [str(one) for one in given]
        text = ";".join(part.strip() for part in texts if part.strip())
        if text:
            found[field.part][field.name] = text
    return Values(applicant=found["applicant"], form=found["form"])


def check(
    form: Form, values: Values, *, codes: Codes | None = None, received: datetime | None = None
) -> list[Finding]:
    """What the contracts say of these values, in the order of the fields; empty when all is right.

    `Finding.table` tells the part (see Form.part_of), `field` the field that is blamed. Only errors stand in the way
    of filing; a warning is for the officer to judge. A rule whose code list is not at hand says nothing.
    """
    lists, moment = codes or _codes(), received or clock.now()
    said = _judged(form.applicant, values.applicant, lists, moment)
    if form.own is not None:
        said += _judged(form.own, values.form, lists, moment)
    return said


def by_input(form: Form, findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Findings by the input of a page that each is shown beside (applicant.name, form.SO_GPHD)."""
    found: dict[str, list[Finding]] = {}
    for one in findings:
        found.setdefault(f"{form.part_of(one.table or '')}.{one.field}", []).append(one)
    return found


def in_the_way(findings: Iterable[Finding]) -> bool:
    """Whether something stands in the way of filing."""
    return any(one.severity is Severity.ERROR for one in findings)


def _judged(
    compiled: CompiledContract, values: Mapping[str, str], codes: Codes, moment: datetime
) -> list[Finding]:
    contract = compiled.contract
    table = main_table(contract)
    row: dict[str, Any] = {field.name: values.get(field.name) or None for field in table.fields}
    engine = _engine(_Key(compiled, codes))
    answer = engine.check({table.name: [row]}, received=moment, ago=ago)[table.name][0]
    rules = next(one for one in compiled.tables if one.name == table.name).rules
    order = {field.name: at for at, field in enumerate(table.fields)}
    found = [_finding(contract, rules[at], row, codes) for at in answer.failed]
    return sorted(found, key=lambda one: order.get(one.field or "", -1))


def _finding(
    contract: Contract, compiled: Any, row: dict[str, str | None], codes: Codes
) -> Finding:
    rule = compiled.rule
    table = main_table(contract)
    field = table.field(rule.fields[0]) if rule.fields else None
    value = masked(field, rule, row)
    cell = row.get(field.name) if field is not None else None
    told = code_told(codes, compiled.lists, field, cell) if compiled.lists and cell else {}
    return Finding(
        rule=rule.id,
        criterion=rule.criterion,
        severity=rule.severity,
        message=_plain(with_told(with_value(rule, value), told), field),
        remedy=rule.remedy,
        table=table.name,
        row=0,
        field=rule.fields[0] if rule.fields else None,
        value=value,
    )


def _plain(message: Text, field: Field | None) -> Text:
    """A sentence for who fills in a form: the column's own name behind the label says nothing to them."""
    if field is None:
        return message
    return {language: text.replace(f" ({field.name})", "") for language, text in message.items()}


class _Key:
    """What an engine is made from; two are the same when contract and lists are."""

    def __init__(self, compiled: CompiledContract, codes: Codes) -> None:
        self.compiled, self.codes = compiled, codes

    def __hash__(self) -> int:
        return hash((self.compiled.contract.digest, id(self.codes)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Key)
            and self.codes is other.codes
            and self.compiled.contract.digest == other.compiled.contract.digest
        )


@lru_cache(maxsize=32)
def _engine(key: _Key) -> RecordEngine:
    return RecordEngine(key.compiled, key.codes, cached_python(key.compiled))
