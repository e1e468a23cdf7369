"""The findings of a receipt: counted per rule, with examples in the database and the whole list in a file.

Examples are bounded; when a rule has more findings than that, the list of all goes to a Parquet file that is kept
like a submission's bytes, without sentences, so that it can be told in any language later.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from msgspec.structs import replace
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong import words
from lienthong.contracts.rules.casts import literal
from lienthong.findings import Finding, Text
from lienthong.records.checking.across import names_of
from lienthong.records.checking.checked import Checked, TableChecked
from lienthong.records.checking.faults import fault_findings
from lienthong.records.checking.messages import (
    finding_of,
    findings_sql,
    measured_finding,
    with_code,
    with_others,
)
from lienthong.records.intake import blobs
from lienthong.records.intake import faults as reasons
from lienthong.records.intake.receipts import Submission, submission

EXAMPLES = 100
"""Findings of one rule that stand in the database; more are in the file."""

_COLUMNS = "receipt, table_name, row, unit, key, field, rule, criterion, severity, value, message, remedy, others"


def record_findings(
    conn: psycopg.Connection[Any], checked: Checked, given: Submission, home: Path, folder: Path
) -> None:
    """Write counts, examples and, for many findings, the file; in the transaction of the intake."""
    _counts(conn, checked, given.receipt)
    whole = [
        measured_finding(measured)
        for table in checked.tables.values()
        for measured in table.measured.values()
        if measured.failed
    ]
    seen: dict[tuple[str, str | None], int] = {}
    for finding in fault_findings(checked):
        place = (finding.rule, finding.field)
        seen[place] = seen.get(place, 0) + 1
        if seen[place] <= EXAMPLES:
            whole.append(finding)
    lines = [_line(given.receipt, finding) for finding in whole]
    for table in checked.tables.values():
        lines += _examples(checked, table, given.receipt)
    lines += _own_reasons(conn, checked, given.receipt)
    with (
        conn.cursor() as cursor,
        cursor.copy(f"COPY records.finding ({_COLUMNS}) FROM STDIN") as copy,
    ):
        for line in lines:
            copy.write_row(line)
    if any(
        number > EXAMPLES for table in checked.tables.values() for number in table.failed.values()
    ):
        _file(conn, checked, given, home, folder)


def findings(
    conn: psycopg.Connection[Any], receipt: str, rule: str | None = None, limit: int = 100
) -> list[Finding]:
    """Examples of a receipt's findings, all rules or one.

    Of records of others they tell only what the receipt's sender may know, whoever reads: nobody gave a purpose.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT table_name AS table, row, unit, key, field, rule, criterion, severity, value, message, remedy,"
            " others, (SELECT sender FROM records.submission s WHERE s.receipt = f.receipt) AS whose"
            " FROM records.finding f"
            " WHERE receipt = %(receipt)s AND (%(rule)s::text IS NULL OR rule = %(rule)s)"
            " ORDER BY table_name NULLS FIRST, row NULLS FIRST, rule LIMIT %(limit)s",
            {"receipt": receipt, "rule": rule, "limit": limit},
        ).fetchall()
    return [_told(row, row.pop("whose")) for row in rows]


def examples_naming(conn: psycopg.Connection[Any], receipt: str, unit: int) -> list[Finding]:
    """The findings on one unit of a receipt that name records of other databases, told as to its sender."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT table_name AS table, row, unit, key, field, rule, criterion, severity, value, message, remedy,"
            " others, (SELECT sender FROM records.submission s WHERE s.receipt = f.receipt) AS whose"
            " FROM records.finding f"
            " WHERE receipt = %s AND unit = %s AND others IS NOT NULL",
            [receipt, unit],
        ).fetchall()
    return [_told(row, row.pop("whose")) for row in rows]


def _told(row: dict[str, Any], sender: str) -> Finding:
    given = {name: value for name, value in row.items() if value is not None}
    found = msgspec.convert(given, Finding)
    return replace(found, others=tuple(one.known_to(sender) for one in found.others))


class FindingCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often one rule was broken in one submission."""

    table_name: str
    rule: str
    field: str
    criterion: str
    severity: str
    checked: int
    failed: int
    unknown: int
    message: Text
    remedy: Text | None


def finding_counts(conn: psycopg.Connection[Any], receipt: str) -> list[FindingCount]:
    """The rules of a receipt that were broken or could not be decided, most broken first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT table_name, rule, field, criterion, severity, checked, failed, unknown, message, remedy"
            " FROM records.finding_count WHERE receipt = %s"
            " ORDER BY array_position(ARRAY['error', 'warning', 'information'], severity), failed DESC, rule",
            [receipt],
        ).fetchall()
    return [FindingCount(**row) for row in rows]


def export_findings(
    conn: psycopg.Connection[Any], receipt: str, path: Path, home: Path, language: str | None = None
) -> int:
    """Write every finding of a receipt to `path` (.csv, .xlsx, .parquet, .jsonl); returns how many."""
    import duckdb
    import pyarrow

    from lienthong.records.intake.tables_out import write

    given = submission(conn, receipt)
    to = language or words.language()
    listed = findings(conn, receipt, limit=1_000_000)
    whole = [finding for finding in listed if given.findings_sha256 is None or finding.row is None]
    said = [
        {
            "table": f.table,
            "row": f.row,
            "key": f.key,
            "field": f.field,
            "rule": f.rule,
            "criterion": f.criterion.value,
            "severity": f.severity.value,
            "value": f.value,
            "message": words.pick(f.message, to),
        }
        for f in whole
    ]
    with duckdb.connect() as con:
        kinds = {
            name: pyarrow.string()
            for name in (
                "table",
                "row",
                "key",
                "field",
                "rule",
                "criterion",
                "severity",
                "value",
                "message",
            )
        }
        shape = pyarrow.schema(
            [(name, pyarrow.int64() if name == "row" else kind) for name, kind in kinds.items()]
        )
        con.register("few", pyarrow.Table.from_pylist(said, schema=shape))
        query = "SELECT * FROM few"
        if given.findings_sha256 is not None:
            file = _fetch(conn, home, given.findings_sha256, path.parent)
            rules = [
                {
                    "table": c.table_name,
                    "rule": c.rule,
                    "field": c.field,
                    "message": words.pick(c.message, to),
                }
                for c in finding_counts(conn, receipt)
            ]
            con.register("rules", pyarrow.Table.from_pylist(rules))
            query += (
                ' UNION ALL SELECT f."table", f."row", f.key, f.field, f.rule, f.criterion, f.severity, f.value,'
                f' r.message FROM read_parquet({literal(str(file))}) f LEFT JOIN rules r ON r."table" = f."table"'
                " AND r.rule = f.rule AND r.field = coalesce(f.field, '')"
            )
        return write(con, query, path)


def _fetch(conn: psycopg.Connection[Any], home: Path, sha256: str, folder: Path) -> Path:
    kept = blobs.path_of(home, sha256)
    if kept.exists():
        return kept
    file = folder / f"{sha256}.parquet"
    file.write_bytes(blobs.read(conn, home, sha256))
    return file


def _counts(conn: psycopg.Connection[Any], checked: Checked, receipt: str) -> None:
    sentences = {
        (table.name, rule.id, rule.fields[0] if rule.fields else ""): (rule.sentence, rule.remedy)
        for table in checked.tables.values()
        for rule in table.rules
    }
    for finding in fault_findings(checked):
        sentences.setdefault(
            (finding.table or "", finding.rule, finding.field or ""),
            (finding.message, finding.remedy),
        )
    lines: dict[tuple[str, str, str], list[Any]] = {}
    for count in checked.counts():
        if not count.failed and not count.unknown:
            continue
        place = (count.table or "", count.id, count.field or "")
        line = lines.setdefault(place, [str(count.criterion), str(count.severity), 0, 0, 0])
        line[2] += count.checked
        line[3] += count.failed
        line[4] += count.unknown
    with (
        conn.cursor() as cursor,
        cursor.copy(
            "COPY records.finding_count (receipt, table_name, rule, field, criterion, severity, checked, failed,"
            " unknown, message, remedy) FROM STDIN"
        ) as copy,
    ):
        for place, line in lines.items():
            sentence, remedy = sentences.get(place, ({}, {}))
            said = {to: sentence.get(to) or place[1] for to in words.LANGUAGES}
            copy.write_row(
                (receipt, *place, *line, Jsonb(said), Jsonb(dict(remedy)) if remedy else None)
            )


def _own_reasons(
    conn: psycopg.Connection[Any], checked: Checked, receipt: str
) -> list[tuple[Any, ...]]:
    """The store's own reasons (table `reason` of `intake.verdicts`), counted and with examples."""
    rows = checked.con.execute(
        "SELECT count(*) OVER (PARTITION BY f, t), row_number() OVER (PARTITION BY f, t ORDER BY _unit)"
        " AS nth, _unit, fault FROM (SELECT *, json_extract_string(fault, '$.rule') AS f,"
        " json_extract_string(fault, '$.table') AS t FROM reason)"
        f" WHERE starts_with(f, 'STORE-') QUALIFY nth <= {EXAMPLES} ORDER BY f, t, nth"
    ).fetchall()
    lines = []
    for number, nth, unit, fault in rows:
        found = reasons.finding(json.loads(fault) | {"unit": unit})
        lines.append(_line(receipt, found))
        if nth == 1:
            sent = checked.tables.get(found.table or "")
            conn.execute(
                "INSERT INTO records.finding_count (receipt, table_name, rule, field, criterion, severity, checked,"
                " failed, unknown, message, remedy) VALUES (%s, %s, %s, '', %s, %s, %s, %s, 0, %s, %s)",
                [
                    receipt, found.table or "", found.rule, found.criterion.value, found.severity.value,
                    number if sent is None else sent.rows, number, Jsonb(dict(found.message)),
                    Jsonb(dict(found.remedy)),
                ],
            )  # fmt: skip
    return lines


def _line(receipt: str, finding: Finding) -> tuple[Any, ...]:
    return (
        receipt,
        finding.table,
        finding.row,
        finding.unit,
        finding.key,
        finding.field,
        finding.rule,
        finding.criterion.value,
        finding.severity.value,
        finding.value,
        Jsonb(dict(finding.message)),
        Jsonb(dict(finding.remedy)) if finding.remedy else None,
        others_json(finding),
    )


def others_json(finding: Finding) -> Jsonb | None:
    """The records of other databases that a finding names, as the database keeps them."""
    return Jsonb(msgspec.to_builtins(finding.others)) if finding.others else None


def _examples(checked: Checked, table: TableChecked, receipt: str) -> list[tuple[Any, ...]]:
    query = findings_sql(checked, table)
    if query is None:
        return []
    rows = checked.con.execute(
        f"SELECT position, _row, _unit, key, value, raw FROM (SELECT *, row_number() OVER (PARTITION BY position"
        f" ORDER BY _row) AS nth FROM ({query})) WHERE nth <= {EXAMPLES}"
    ).fetchall()
    across = (row[1] for row in rows if row[0] in table.crossing)
    names = names_of(checked.con, table.name, across) if table.crossing else {}
    lines = []
    for position, row, unit, key, value, raw in rows:
        found = finding_of(table, position, row, unit, key, value)
        found = with_code(checked, table, found, position, raw)
        those = names.get((row, position), ())
        lines.append(_line(receipt, with_others(checked, table, found, position, those)))
    return lines


def _file(
    conn: psycopg.Connection[Any], checked: Checked, given: Submission, home: Path, folder: Path
) -> None:
    parts = []
    for table in checked.tables.values():
        query = findings_sql(checked, table)
        if query is None:
            continue
        about = ", ".join(
            f"({at}, {literal(rule.id)}, {literal(rule.fields[0]) if rule.fields else 'NULL'},"
            f" {literal(rule.criterion.value)}, {literal(rule.severity.value)})"
            for at, rule in enumerate(table.rules)
            if at in table.failed
        )
        parts.append(
            f'SELECT {literal(table.name)} AS "table", _row AS "row", _unit AS unit, key, field, rule, criterion,'
            f" severity, value FROM ({query}) f JOIN (VALUES {about}) r(nr, rule, field, criterion, severity)"
            " ON r.nr = f.position"
        )
    target = folder / "findings.parquet"
    checked.con.execute(
        f"COPY ({' UNION ALL '.join(parts)}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)"
    )
    kept = blobs.keep(target, home)
    try:
        blobs.settle(conn, kept, home)
    finally:
        blobs.drop(kept)
    conn.execute(
        "UPDATE records.submission SET findings_sha256 = %s WHERE receipt = %s",
        [kept.sha256, given.receipt],
    )
