"""Findings out of masks: which row, which cell, what it held (masked by sensitivity), which sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lienthong import words
from lienthong.contracts.contract import Field, Rule
from lienthong.contracts.rules.casts import literal, quoted
from lienthong.contracts.rules.compiled_form import CompiledRule
from lienthong.contracts.rules.metrics import is_share
from lienthong.contracts.rules.others import Named
from lienthong.findings import LANGUAGES, Finding, Severity, Text
from lienthong.records.checking.across import names_of
from lienthong.records.checking.checked import WORD, Measured, RuleCount, TableChecked
from lienthong.records.checking.code_words import code_told, with_told
from lienthong.records.checking.codes_told import codes_told
from lienthong.records.checking.naming import named_sentence, others_of
from lienthong.records.checking.passes import key_sql

if TYPE_CHECKING:
    from lienthong.records.checking.checked import Checked

SHOWN = 60
"""Characters of a cell that a message shows."""
HIDDEN = "•••"
WITH_VALUE = "%(sentence)s Value sent: “%(value)s”."
MEASURED = "%(sentence)s Measured %(value)s, promised %(promise)s."
DID_NOT_RUN = "The rule could not be run, so nothing is known: %(reason)s"
COLUMNS = ("table", "row", "key", "field", "rule", "criterion", "severity", "message")


def masked(field: Field | None, cell: str) -> str:
    """SQL of a cell as a reader may see it: whole, its first character, or not at all."""
    if field is None or field.sensitivity in ("public", "internal"):
        return (
            f"CASE WHEN LENGTH({cell}) > {SHOWN} THEN LEFT({cell}, {SHOWN}) || '…' ELSE {cell} END"
        )
    if field.sensitivity == "personal":
        return f"LEFT({cell}, 1) || '{HIDDEN}'"
    return f"CASE WHEN {cell} IS NOT NULL THEN '{HIDDEN}' END"


def findings_sql(
    checked: Checked, table: TableChecked, positions: Iterable[int] | None = None
) -> str | None:
    """SELECT position, _row, _unit, key, value, raw for every failed bit of a table; None when there is none.

    `positions` picks some of the rules. `raw` is the whole cell, for rules that ask a code list.
    """
    found = checked.columns[table.name]
    compiled = checked.compiled_table(table.name)
    key = key_sql(compiled.table, found)
    names = {name for name in found}
    parts = []
    for position in sorted(table.failed if positions is None else positions):
        rule = table.rules[position]
        field = compiled.table.field(rule.fields[0]) if rule.fields else None
        value = _value(field, compiled.rules[position], names)
        raw = raw_cell(field, names) if compiled.rules[position].lists else "NULL::VARCHAR"
        parts.append(
            f"SELECT {position} AS position, _row, _unit, {key} AS key, {value} AS value, {raw} AS raw"
            f" FROM {quoted('bad_' + table.name)} WHERE f{position // WORD} & {1 << position % WORD} <> 0"
        )
    return " UNION ALL ".join(parts) if parts else None


def _value(field: Field | None, compiled: CompiledRule, names: set[str]) -> str:
    upper = {name.strip().upper() for name in names}
    # What speaks of the envelope only names a row to have a place: its cell is not what is wrong.
    around = compiled.columns and all(name.startswith("_") for name in compiled.columns)
    if field is None or around or compiled.rule.kind == "required":
        return "NULL::VARCHAR"
    if field.name.upper() not in upper:
        return "NULL::VARCHAR"
    return masked(field, quoted("_c_" + field.name))


def raw_cell(field: Field | None, names: set[str]) -> str:
    """SQL of the cell as it was sent, to be looked up in a code list; shown to nobody."""
    upper = {name.strip().upper() for name in names}
    if field is None or field.name.upper() not in upper:
        return "NULL::VARCHAR"
    return quoted("_c_" + field.name)


def iterate_findings(checked: Checked, limit: int | None) -> Iterator[Finding]:
    """Findings of broken and measured rules, of the reader, then of rows; at most `limit`."""
    left = float("inf") if limit is None else limit
    for finding in _whole_findings(checked):
        if left <= 0:
            return
        left -= 1
        yield finding
    for table in checked.tables.values():
        for finding in _row_findings(checked, table, left):
            left -= 1
            yield finding
        if left <= 0:
            return


def _whole_findings(checked: Checked) -> Iterator[Finding]:
    from lienthong.records.checking.faults import fault_findings

    for table in checked.tables.values():
        for measured in table.measured.values():
            if measured.failed:
                yield measured_finding(measured)
    yield from fault_findings(checked)


def measured_finding(measured: Measured) -> Finding:
    """A finding on a whole table: a threshold that is broken, or a rule that did not run."""
    rule = measured.rule
    if measured.broken:
        message = words.in_every_language(DID_NOT_RUN, reason=measured.broken)
        severity = Severity.ERROR
    else:
        severity = rule.severity
        message = {
            language: words.say(
                MEASURED,
                language,
                sentence=sentence_of(rule, language),
                value=_amount(rule, measured.value),
                promise=_promise(rule, language),
            )
            for language in LANGUAGES
        }
    return Finding(
        rule=rule.id,
        criterion=rule.criterion,
        severity=severity,
        message=message,
        remedy=rule.remedy,
        table=measured.table,
        field=rule.fields[0] if rule.fields else None,
    )


PROMISES = {
    "mustBe": "exactly %(value)s",
    "mustNotBe": "anything but %(value)s",
    "mustBeGreaterThan": "more than %(value)s",
    "mustBeGreaterOrEqualTo": "at least %(value)s",
    "mustBeLessThan": "less than %(value)s",
    "mustBeLessOrEqualTo": "at most %(value)s",
    "mustBeBetween": "from %(value)s to %(other)s",
    "mustNotBeBetween": "not from %(value)s to %(other)s",
}
"""The operators of ODCS in words."""


def _promise(rule: Rule, language: str) -> str:
    """What the contract promises of the number, in words."""
    ends = rule.threshold if rule.operator.endswith("Between") else [rule.threshold, None]
    value, other = (_amount(rule, end) for end in ends)
    return words.say(PROMISES[rule.operator], language, value=value, other=other)


def _amount(rule: Rule, value: object) -> str:
    shown = f"{value:.6g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)
    return f"{shown} %" if is_share(rule) else shown


def sentence_of(rule: Rule, language: str) -> str:
    """The rule's sentence, or its id where a plain contract gives none."""
    return words.pick(rule.sentence, language) or rule.id


def _row_findings(checked: Checked, table: TableChecked, left: float) -> Iterator[Finding]:
    sql = findings_sql(checked, table)
    if sql is None or left <= 0:
        return
    bound = "" if left == float("inf") else f" LIMIT {int(left)}"
    cursor = checked.con.cursor()
    cursor.execute(f"SELECT * FROM ({sql}) ORDER BY _row, position{bound}")
    while batch := cursor.fetchmany(2048):
        names = (
            names_of(checked.con, table.name, (line[1] for line in batch)) if table.crossing else {}
        )
        for line in batch:
            found = finding_of(table, *line[:5])
            found = with_code(checked, table, found, line[0], line[5])
            yield with_others(checked, table, found, line[0], names.get((line[1], line[0]), ()))


def finding_of(
    table: TableChecked,
    position: int,
    row: int,
    unit: int | None,
    key: str | None,
    value: str | None,
) -> Finding:
    """What the rule at a position says of a row; `value` is the cell as sent, masked."""
    rule = table.rules[position]
    return Finding(
        rule=rule.id,
        criterion=rule.criterion,
        severity=rule.severity,
        message=with_value(rule, value),
        remedy=rule.remedy,
        table=table.name,
        row=row,
        unit=unit,
        key=key,
        field=rule.fields[0] if rule.fields else None,
        value=value,
    )


def with_code(
    checked: Checked, table: TableChecked, found: Finding, position: int, raw: str | None
) -> Finding:
    """A finding on a code says until when it was right and what replaced it, as far as the cell may be shown."""
    compiled = checked.compiled_table(table.name)
    lists = compiled.rules[position].lists
    if raw is None or not lists or checked.codes is None:
        return found
    field = compiled.table.field(found.field) if found.field else None
    told = code_told(checked.codes, lists, field, raw)
    return replace(found, message=with_told(found.message, told))


def with_others(
    checked: Checked, table: TableChecked, found: Finding, position: int, names: tuple[Named, ...]
) -> Finding:
    """A finding of a rule across databases names the records that it found there."""
    rule = table.rules[position]
    if position not in table.crossing:
        return found
    sentence = named_sentence(rule, checked.contract, names)
    return replace(
        found,
        message=with_value(rule, found.value, sentence),
        others=others_of(checked.contract, names),
    )


def first_finding(checked: Checked, count: RuleCount) -> Finding | None:
    """The first place where a counted rule failed; None when nothing failed."""
    table = checked.tables.get(count.table or "")
    for position in table.failed if table else ():
        rule = table.rules[position]  # type: ignore[union-attr]
        if (rule.id, rule.fields[0] if rule.fields else None) == (count.id, count.field):
            assert table is not None
            sql = findings_sql(checked, table, [position])
            line = checked.con.execute(f"SELECT * FROM ({sql}) ORDER BY _row LIMIT 1").fetchone()
            if line is None:
                return None
            return with_code(checked, table, finding_of(table, *line[:5]), position, line[5])
    return next(
        (
            finding
            for finding in _whole_findings(checked)
            if (finding.rule, finding.table, finding.field) == (count.id, count.table, count.field)
        ),
        None,
    )


def with_value(rule: Rule, value: str | None, sentence: Text | None = None) -> Text:
    """The rule's sentence (or a `sentence` that says more) with the cell as it was sent, in every language."""
    alone = sentence or {language: sentence_of(rule, language) for language in LANGUAGES}
    if value is None:
        return alone
    return {
        language: words.say(WITH_VALUE, language, sentence=alone[language], value=value)
        for language in LANGUAGES
    }


def message_sql(rule: Rule, language: str) -> tuple[str, str, str]:
    """(sentence alone, text before the value, text after it) of a rule in one language."""
    alone = sentence_of(rule, language)
    before, _, after = words.say(WITH_VALUE, language, sentence=alone, value="\x00").partition(
        "\x00"
    )
    return alone, before, after


FORMULA = r"^[=+@\t\r-]"
PLAIN_NUMBER = r"^[+-]?[0-9][0-9.,|]*$"


def _guarded(column: str) -> str:
    """SQL of a text that no spreadsheet takes for a formula: a quotation mark stands before what begins like one."""
    risky = f"REGEXP_MATCHES({column}, {literal(FORMULA)})"
    plain = f"REGEXP_MATCHES({column}, {literal(PLAIN_NUMBER)})"
    return f"CASE WHEN {risky} AND NOT {plain} THEN '''' || {column} ELSE {column} END AS {column}"


def file_sql(checked: Checked, language: str, *, guard: bool = False) -> str:
    """One SELECT with exactly COLUMNS over all findings, in the order of tables, rows and rules.

    `guard`: the file is one that spreadsheets open and take its texts for formulas (CSV).
    """
    parts = [_whole_rows_sql(checked, language)]
    for number, table in enumerate(checked.tables.values(), 1):
        sql = findings_sql(checked, table)
        if sql is None:
            continue
        texts = ", ".join(_text_row(table, position, language) for position in sorted(table.failed))
        told = codes_told(checked, table, sql, language)
        parts.append(
            f'SELECT {number} AS part, {literal(table.name)} AS "table", _row AS "row", key, field, rule, criterion,'
            " severity, CASE WHEN value IS NULL THEN alone ELSE before || value || after END"
            f"{SAID_TOO if told else ''} AS message, f.position"
            f" FROM ({sql}) f JOIN (VALUES {texts}) t(position, field, rule, criterion, severity, alone, before, after)"
            f" ON f.position = t.position{told}"
        )
    strange = ("key", "message") if guard else ()
    columns = ", ".join(
        _guarded(quoted(column)) if column in strange else quoted(column) for column in COLUMNS
    )
    total = sum(sum(table.failed.values()) for table in checked.tables.values())
    order = ' ORDER BY part, "row", position' if total <= SORTED_UP_TO else ""
    return f"SELECT {columns} FROM ({' UNION ALL '.join(parts)}){order}"


SAID_TOO = " || coalesce(k.told, '')"
SORTED_UP_TO = 500_000
"""Findings up to this number are written in the order of rows; more stream out rule by rule."""


def _text_row(table: TableChecked, position: int, language: str) -> str:
    rule = table.rules[position]
    field = literal(rule.fields[0]) if rule.fields else "NULL"
    texts = ", ".join(literal(text) for text in message_sql(rule, language))
    return (
        f"({position}, {field}, {literal(rule.id)}, {literal(rule.criterion.value)},"
        f" {literal(rule.severity.value)}, {texts})"
    )


def _whole_rows_sql(checked: Checked, language: str) -> str:
    """Findings of whole tables and of the reader: few, so they are written out as values."""
    rows = [
        ", ".join(
            (
                "0",
                _or_null(finding.table),
                "NULL::BIGINT" if finding.row is None else str(finding.row),
                _or_null(finding.key),
                _or_null(finding.field),
                _or_null(finding.rule),
                _or_null(finding.criterion.value),
                _or_null(finding.severity.value),
                _or_null(words.pick(finding.message, language)),
                str(number),
            )
        )
        for number, finding in enumerate(_whole_findings(checked))
    ]
    names = ", ".join(quoted(name) for name in ("part", *COLUMNS, "position"))
    if not rows:
        kinds = ", ".join(
            f"NULL::{kind}"
            for kind in ("INTEGER", "VARCHAR", "BIGINT", *["VARCHAR"] * 6, "INTEGER")
        )
        return f"SELECT * FROM (VALUES ({kinds})) w({names}) WHERE false"
    return f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) w({names})"


def _or_null(text: str | None) -> str:
    return "NULL::VARCHAR" if text is None else literal(text)
