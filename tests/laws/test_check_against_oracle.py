"""Law: whatever is in the cells and however the file is written, a check names the rows that a slow reader names."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.python import RecordEngine
from lienthong.records.checking import check
from lienthong.records.formats.reading import ReadingOptions, read
from tests.checking.oracle import Row, key_of, rows_of_csv, wrong_rows
from tests.checking.tables import RECEIVED, contract_of

WORDS = [
    "a",
    "b",
    "ab",
    "A1",
    "Đăng",
    "ơ ư",
    "08",
    "8",
    " a",
    "a ",
    "x;y",
    "x,y",
    'q"r',
    "1\n2",
    "n/a",
    "'",
    "=1+1",
    "🦆",
]
CELLS: dict[str, st.SearchStrategy[str]] = {
    "string": st.sampled_from(WORDS),
    "integer": st.sampled_from(
        [
            "0",
            "1",
            "-1",
            "007",
            "+5",
            " 12 ",
            "1.0",
            "1.5",
            "1e3",
            "x",
            "9223372036854775807",
            "9223372036854775808",
            "1_000",
            "0x1",
            "１",
        ]
    ),
    "number": st.sampled_from(
        [
            "0",
            "1.5",
            "-2",
            ".5",
            "5.",
            "1e3",
            "1e400",
            "nan",
            "inf",
            "1,5",
            "1_0",
            "abc",
            " 2 ",
            "+3",
            "--1",
            "0.1",
        ]
    ),
    "boolean": st.sampled_from(["true", "FALSE", "t", "0", "1", "yes", "2", "true "]),
    "date": st.sampled_from(
        [
            "2026-01-31",
            "2026-02-30",
            "2026-1-5",
            "31/01/2026",
            "20260131",
            "2026-01-31 ",
            "2026-01-31 10:00",
            "1999-12-31",
            "2024-02-29",
        ]
    ),
    "timestamp": st.sampled_from(
        [
            "2026-01-31 10:00:00",
            "2026-01-31T10:00",
            "2026-01-31",
            "10:00",
            "2026-01-31 25:00:00",
            "2025-12-31 23:59:59",
        ]
    ),
}
BLANK = st.sampled_from(["", "", " ", "   ", "      ", "\t"])
OPTIONS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "string": st.fixed_dictionaries(
        {},
        optional={
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(2, 4),
            "pattern": st.sampled_from(
                ["^[a-z]+$", "[0-9]", "^(a|b)$", "a|b", r"^\w+$", "^.$", "Đ"]
            ),
        },
    ),
    "integer": st.fixed_dictionaries(
        {}, optional={"minimum": st.integers(-1, 1), "exclusiveMaximum": st.just(12)}
    ),
    "number": st.fixed_dictionaries(
        {}, optional={"exclusiveMinimum": st.just(0), "maximum": st.just(1.5)}
    ),
    "boolean": st.just({}),
    "date": st.fixed_dictionaries(
        {}, optional={"minimum": st.just("2024-02-29"), "maximum": st.just("2026-01-30")}
    ),
    "timestamp": st.fixed_dictionaries({}, optional={"minimum": st.just("2026-01-01 00:00:00")}),
}
LISTED = {"string": ["a", "ab", "08", "Đăng"], "integer": ["1", "7", "12"]}


@st.composite
def properties(draw: st.DrawFn) -> list[dict[str, Any]]:
    items = []
    for number in range(draw(st.integers(2, 5))):
        kind = draw(st.sampled_from(sorted(CELLS)))
        item: dict[str, Any] = {"name": f"f{number}", "logicalType": kind}
        if options := draw(OPTIONS[kind]):
            item["logicalTypeOptions"] = options
        item |= {flag: True for flag in ("required", "unique") if draw(st.booleans())}
        if draw(st.integers(0, 3)) == 0:
            item["primaryKey"] = True
        if kind in LISTED and draw(st.integers(0, 3)) == 0:
            item["enum"] = [{"value": entry} for entry in LISTED[kind]]
        items.append(item)
    return items


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, Any], list[Row]]:
    items = draw(properties())
    row = st.fixed_dictionaries(
        {item["name"]: st.one_of(CELLS[item["logicalType"]], BLANK) for item in items}
    )
    return {"name": "t", "properties": items}, draw(st.lists(row, min_size=1, max_size=12))


def agree(table: dict[str, Any], rows: list[Row], path: Path, folder: Path) -> None:
    """Checks the file in both ways and compares rules, counts, rows, keys and fields with the oracle."""
    contract = contract_of(yaml.safe_dump([table], allow_unicode=True, default_style='"'))
    compiled = compile_contract(contract)
    expected = wrong_rows(table, rows)
    for engine in (None, RecordEngine(compiled, None)):
        with read(
            path, contract, workdir=folder, options=ReadingOptions(optimistic=True)
        ) as reading:
            checked = check(
                contract,
                reading,
                received=RECEIVED,
                workdir=folder,
                engine=engine,
                only=[path, folder],
            )
            found: dict[str, list[int]] = {rule: [] for rule in expected}
            for finding in checked.findings():
                if finding.rule.startswith("FILE-"):
                    continue
                assert finding.row is not None
                found[finding.rule].append(finding.row)
                assert finding.key == key_of(table, rows[finding.row])
                assert finding.field == finding.rule.split(".")[1].split("+")[0]
            counts = {
                count.id: (count.checked, count.failed, count.unknown)
                for count in checked.counts()
                if not count.id.startswith("FILE-")
            }
            failed = {row for wrong in found.values() for row in wrong}
            asked = checked.rows, checked.rows_failed
            checked.close()
        assert found == expected
        assert asked == (len(rows), len(failed))
        assert counts == {rule: (len(rows), len(wrong), 0) for rule, wrong in expected.items()}


LAW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@LAW
@given(
    table=tables(),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1258"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ends=st.sampled_from(["\n", "\r\n"]),
    ragged=st.integers(0, 3),
)
def test_csv(
    table: tuple[dict[str, Any], list[Row]],
    separator: str,
    encoding: str,
    quoting: Any,
    ends: str,
    ragged: int,
) -> None:
    declared, rows = table
    names = [item["name"] for item in declared["properties"]]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=ends)
    writer.writerow(names)
    for at, row in enumerate(rows):
        cells = [row[name] for name in names]
        if ragged and at % (ragged + 1) == ragged:
            cells = cells[:-1] if at % 2 else [*cells, "more"]
        writer.writerow(cells)
    content = text.getvalue()
    if encoding == "cp1258":
        content = content.encode(encoding, "replace").decode(encoding)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.csv").write_bytes(content.encode(encoding))
        agree(declared, rows_of_csv(content, separator), folder / "t.csv", folder)


@LAW
@given(table=tables())
def test_json_lines(table: tuple[dict[str, Any], list[Row]]) -> None:
    declared, rows = table
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "t.jsonl"
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
        agree(declared, rows, path, Path(name))


@LAW
@given(table=tables())
def test_spreadsheets(table: tuple[dict[str, Any], list[Row]]) -> None:
    declared, rows = table
    rows = [row for row in rows if any(cell and cell.strip() for cell in row.values())]
    if not rows:
        return
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "t.xlsx"
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet("t")
            for at, row in enumerate([dict(zip(rows[0], rows[0], strict=True)), *rows]):
                for column, field in enumerate(rows[0]):
                    sheet.write_string(at, column, row[field] or "")
        agree(declared, rows, path, Path(name))


@LAW
@given(table=tables())
def test_parquet_of_text(table: tuple[dict[str, Any], list[Row]]) -> None:
    declared, rows = table
    # In a file with types of its own an empty text is a text.
    rows = [
        {name: cell if cell and cell.strip() else None for name, cell in row.items()}
        for row in rows
    ]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "t.parquet"
        schema = pa.schema([(name, pa.string()) for name in rows[0]])
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
        agree(declared, rows, path, Path(name))
