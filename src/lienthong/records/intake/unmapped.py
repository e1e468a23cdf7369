"""Codes that no list knows are noted when they arrive, so that somebody decides what they mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import psycopg

from lienthong.contracts.contract import Field
from lienthong.contracts.rules.compiled_form import CompiledRule
from lienthong.records.checking.checked import Checked
from lienthong.records.checking.messages import findings_sql
from lienthong.records.intake.single.unit import Unit, failed_rules

Found = Counter[tuple[str, str, str]]
"""(list, code, TABLE.FIELD) to the number of cells."""

MOST = 2_000
"""Different codes of one submission that are noted; a file with more has another fault."""
_CODE = re.compile(r"[0-9A-Za-zĐđ.\-/]{1,24}")
"""What looks like a code: a name or a sentence in its place is nobody's worklist, and may tell of a person."""
_PERSON = re.compile(r"0[0-9]{11}|0[0-9]{9}|[A-Za-z]{2}[0-9]{13}")
"""The number of a person, of a telephone or of an insurance card, typed where a code belongs: shown to nobody else."""


def note_units(conn: psycopg.Connection[Any], units: Iterable[tuple[Unit, str]]) -> None:
    """Notes the unknown codes of units, each with its receipt, in the caller's transaction."""
    for given, receipt in units:
        found: Found = Counter()
        for table, at, position in failed_rules(given):
            compiled = given.engine.compiled.table(table)
            if compiled is None or not compiled.rules[position].lists:
                continue
            rule = compiled.rules[position]
            name = rule.rule.fields[0] if rule.rule.fields else None
            cell = given.rows[table][at].get(name) if name else None
            if name and cell:
                _look(
                    found,
                    given.engine.codes,
                    rule,
                    f"{table}.{name}",
                    compiled.table.field(name),
                    cell,
                    1,
                )
        _write(
            conn, found, given.contract.name, given.sender, given.province, receipt, given.received
        )


def note_batch(
    conn: psycopg.Connection[Any],
    checked: Checked,
    *,
    sender: str,
    province: str,
    receipt: str,
    received: datetime,
) -> None:
    """Notes the unknown codes of a large submission, in the caller's transaction."""
    found: Found = Counter()
    for table in checked.tables.values():
        compiled = checked.compiled_table(table.name)
        asking = [p for p in sorted(table.failed) if compiled.rules[p].lists]
        query = findings_sql(checked, table, asking) if asking and checked.codes else None
        if query is None:
            continue
        rows = checked.con.execute(
            f"SELECT position, raw, count(*) FROM ({query}) WHERE raw IS NOT NULL GROUP BY ALL"
            f" ORDER BY 3 DESC LIMIT {MOST}"
        ).fetchall()
        for position, cell, count in rows:
            rule = compiled.rules[position]
            name = rule.rule.fields[0]
            place = f"{table.name}.{name}"
            _look(found, checked.codes, rule, place, compiled.table.field(name), cell, count)
    _write(conn, found, checked.contract.name, sender, province, receipt, received)


def _look(
    found: Found,
    codes: Any,
    rule: CompiledRule,
    place: str,
    field: Field | None,
    cell: str,
    count: int,
) -> None:
    """Counts the codes of a cell that a list does not hold in any period."""
    separator = field.separator if field is not None else None
    parts = {part.strip() for part in (cell.split(separator) if separator else [cell])}
    for name in {str(codes.about(one).get("pairsOf", one)) for one in rule.lists}:
        for part in parts:
            other = str(codes.about(name).get("otherCodes") or name)
            known = codes.find(name, part) or codes.find(other, part)
            if (
                _CODE.fullmatch(part)
                and not _PERSON.fullmatch(part)
                and codes.has(name)
                and not known
            ):
                found[name, part, place] += count


def _write(
    conn: psycopg.Connection[Any],
    found: Found,
    contract: str,
    sender: str,
    province: str,
    receipt: str,
    at: datetime,
) -> None:
    if not found:
        return
    # In one order, so that two submissions with the same codes do not wait for each other in a circle.
    lines = sorted(found.most_common(MOST))
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO records.unmapped_code (list, code, contract, field, sender, province, seen,"
            " first_seen, last_seen, last_receipt) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (list, code, contract, field, sender) DO UPDATE SET"
            " seen = unmapped_code.seen + excluded.seen,"
            " first_seen = least(unmapped_code.first_seen, excluded.first_seen),"
            " last_seen = greatest(unmapped_code.last_seen, excluded.last_seen),"
            " last_receipt = excluded.last_receipt, province = excluded.province",
            [
                (*key[:2], contract, key[2], sender, province, count, at, at, receipt)
                for key, count in lines
            ],
        )
