"""What a file of findings says of codes: each different code of a rule is looked up once, however many rows have it."""

from __future__ import annotations

from lienthong import words
from lienthong.contracts.rules.casts import literal
from lienthong.records.checking.checked import Checked, TableChecked
from lienthong.records.checking.code_words import code_told

MOST = 2_000
"""Different codes of a table that are explained; a file with more has another fault."""


def codes_told(checked: Checked, table: TableChecked, findings: str, language: str) -> str:
    """SQL that joins `k.told` to findings `f` (position, raw), with a space before it; empty when nothing is told."""
    compiled = checked.compiled_table(table.name)
    asking = [at for at in sorted(table.failed) if compiled.rules[at].lists]
    if not asking or checked.codes is None:
        return ""
    cells = checked.con.execute(
        f"SELECT DISTINCT position, raw FROM ({findings}) WHERE raw IS NOT NULL"
        f" AND position IN ({', '.join(map(str, asking))}) LIMIT {MOST}"
    ).fetchall()
    lines = []
    for position, raw in cells:
        rule = compiled.rules[position]
        field = compiled.table.field(rule.rule.fields[0]) if rule.rule.fields else None
        if told := code_told(checked.codes, rule.lists, field, raw):
            lines.append(
                f"({position}, {literal(raw)}, {literal(' ' + words.pick(told, language))})"
            )
    if not lines:
        return ""
    return (
        f" LEFT JOIN (VALUES {', '.join(lines)}) k(position, raw, told)"
        " ON k.position = f.position AND k.raw = f.raw"
    )
