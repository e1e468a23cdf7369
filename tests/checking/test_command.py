# ruff: noqa: E501 a rule of a contract stands on one line
"""`lienthong check` as a hospital's officer meets it: files in, counts and findings out, an exit code for scripts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from lienthong.__main__ import app
from tests.checking.tables import HEAD
from tests.formats.test_signature import certificate, pem, signed

CONTRACT = (
    HEAD
    + """schema:
  - name: visits
    properties:
      - {name: id, logicalType: string, primaryKey: true}
      - {name: kind, logicalType: string, required: true, enum: [{value: '01'}, {value: '02'}]}
      - {name: person, logicalType: string, classification: personal, logicalTypeOptions: {pattern: '^[0-9]{12}$'}}
      - {name: illness, logicalType: string, classification: sensitive, logicalTypeOptions: {maxLength: 4}}
      - {name: days, logicalType: integer}
    quality:
      - {id: V-1, type: sql, query: 'SELECT count(*) FROM visits WHERE days < 0', mustBe: 0, severity: warning, dimension: timeliness}
  - name: places
    properties:
      - {name: code, logicalType: string, required: true}
"""
)
WRONG = "id,kind,person,illness,days\n1,01,001088012345,A00,3\n2,09,12345,A00.12,1.5\n2,,001088012345,,-1\n"
RIGHT = "id,kind,person,illness,days\n1,01,001088012345,A00,3\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "own.odcs.yaml").write_text(CONTRACT)
    (tmp_path / "visits.csv").write_text(WRONG)
    (tmp_path / "right.csv").write_text(RIGHT)
    return tmp_path


def run(here: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments, "--contract", str(here / "own.odcs.yaml")])


def report(here: Path, *arguments: str) -> dict[str, Any]:
    return json.loads(run(here, *arguments, "--json").stdout)


def test_json_is_what_was_promised(here: Path) -> None:
    told = report(here, str(here / "visits.csv"))
    assert list(told) == ["rows", "rows_failed", "seconds", "rules"]
    assert (told["rows"], told["rows_failed"]) == (3, 2)
    assert all(
        list(rule)
        == ["id", "table", "field", "criterion", "severity", "checked", "failed", "unknown"]
        for rule in told["rules"]
    )
    failed = {rule["id"]: rule["failed"] for rule in told["rules"] if rule["failed"]}
    assert failed == {
        "visits.id.unique": 2,
        "visits.kind.enum": 1,
        "visits.kind.required": 1,
        "visits.person.pattern": 1,
        "visits.illness.length": 1,
        "visits.days.type": 1,
        "V-1": 1,
    }
    warning = next(rule for rule in told["rules"] if rule["id"] == "V-1")
    assert warning == {
        "id": "V-1",
        "table": "visits",
        "field": None,
        "criterion": "alive",
        "severity": "warning",
        "checked": 3,
        "failed": 1,
        "unknown": 0,
    }


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "xlsx"])
def test_findings_name_every_row_and_cell(here: Path, suffix: str) -> None:
    out = here / f"findings.{suffix}"
    assert run(here, str(here / "visits.csv"), "--out", str(out), "--lang", "en").exit_code == 1
    rows = read_findings(out)
    assert list(rows[0]) == [
        "table",
        "row",
        "key",
        "field",
        "rule",
        "criterion",
        "severity",
        "message",
    ]
    places = [(int(row["row"]), row["key"], row["field"], row["rule"]) for row in rows]
    assert places == [
        (1, "2", "id", "visits.id.unique"),
        (1, "2", "kind", "visits.kind.enum"),
        (1, "2", "person", "visits.person.pattern"),
        (1, "2", "illness", "visits.illness.length"),
        (1, "2", "days", "visits.days.type"),
        (2, "2", "id", "visits.id.unique"),
        (2, "2", "kind", "visits.kind.required"),
        (2, "2", places[-1][2], "V-1"),
    ]
    messages = {row["rule"]: row["message"] for row in rows}
    assert "“09”" in messages["visits.kind.enum"]
    assert "12345" not in messages["visits.person.pattern"]
    assert "“1•••”" in messages["visits.person.pattern"]
    assert "A00" not in messages["visits.illness.length"]
    assert "“•••”" in messages["visits.illness.length"]


def read_findings(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    if file.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(file).to_pylist()
    from python_calamine import CalamineWorkbook

    head, *rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_exit_codes(here: Path) -> None:
    assert run(here, str(here / "right.csv")).exit_code == 0
    assert run(here, str(here / "visits.csv")).exit_code == 1
    assert run(here, str(here / "nothing.csv")).exit_code == 2
    assert run(here, str(here / "visits.csv"), "--out", str(here / "x.doc")).exit_code == 2
    assert run(here, str(here / "visits.csv"), "--at", "yesterday").exit_code == 2
    missing = CliRunner().invoke(app, ["check", str(here / "visits.csv"), "--contract", "nothing"])
    assert missing.exit_code == 2
    (here / "own.odcs.yaml").write_text("kind: [")
    assert run(here, str(here / "visits.csv")).exit_code == 2


def test_pairs_and_folders(here: Path) -> None:
    (here / "p.csv").write_text("code\na\n\n")
    both = report(here, f"visits={here / 'right.csv'}", f"places={here / 'p.csv'}")
    assert {rule["table"] for rule in both["rules"]} >= {"visits", "places"}
    folder = here / "folder"
    folder.mkdir()
    (folder / "visits.csv").write_text(RIGHT)
    (folder / "places.csv").write_text("code\na\nb\n")
    assert report(here, str(folder))["rows"] == 3


@pytest.mark.parametrize(("language", "words"), [("vi", "dòng"), ("en", "rows"), ("fr", "lignes")])
def test_people_read_it_in_their_language(here: Path, language: str, words: str) -> None:
    shown = run(here, str(here / "visits.csv"), "--lang", language).stdout
    assert words in shown
    assert "visits.kind.enum" in shown
    assert "12345" not in shown


def test_a_kept_contract_answers_the_same(here: Path) -> None:
    first, second = (report(here, str(here / "visits.csv")) for _ in range(2))
    assert list((here / "cache").rglob("*.contract"))
    assert first["rules"] == second["rules"]
    for file in (here / "cache").rglob("*.*"):
        file.write_bytes(b"damaged")
    assert report(here, str(here / "visits.csv"))["rules"] == first["rules"]


def test_malformed_lines_stop_nothing(here: Path) -> None:
    (here / "visits.csv").write_text(
        'id,kind,person,illness,days\n1,01\n2,01,,,3,extra\n"3,01\n4,09,,,\n'
    )
    told = report(here, str(here / "visits.csv"))
    assert told["rows"] >= 3
    assert run(here, str(here / "visits.csv")).exit_code == 1


def test_trusted_certificates_and_unencoded_documents_are_asked_for(tmp_path: Path) -> None:
    facility = certificate("Facility 01999")
    (tmp_path / "ca.pem").write_text(pem(facility[0]))
    (tmp_path / "signed.xml").write_bytes(signed(certificate("Somebody")))
    care = ["check", str(tmp_path / "signed.xml"), "--contract", "care", "--json"]

    def broken(*more: str) -> int:
        told = json.loads(CliRunner().invoke(app, [*care, *more]).stdout)
        return sum(rule["failed"] for rule in told["rules"] if rule["id"] == "ENV-08")

    assert (broken(), broken("--certificates", str(tmp_path / "ca.pem"))) == (0, 1)
    none = CliRunner().invoke(app, [*care, "--certificates", str(tmp_path / "none.pem")])
    assert none.exit_code == 2
    assert "none.pem" in none.stderr


@pytest.mark.parametrize(("suffix", "mark"), [("csv", "'"), ("jsonl", "")])
def test_no_key_becomes_a_formula_when_a_spreadsheet_opens_the_findings(
    here: Path, suffix: str, mark: str
) -> None:
    keys = ["=HYPERLINK(1)", "@SUM(1)", "-5", "+84|x", "A-1"]
    rows = "".join(f"{key},09,,,\n" for key in keys)
    (here / "visits.csv").write_text("id,kind,person,illness,days\n" + rows)
    out = here / f"found.{suffix}"
    run(here, str(here / "visits.csv"), "--out", str(out))
    text = out.read_text().splitlines()
    found = csv.DictReader(text) if suffix == "csv" else map(json.loads, text)
    assert [line["key"] for line in found] == [
        mark + keys[0], mark + keys[1], keys[2], mark + keys[3], keys[4]
    ]  # fmt: skip


def test_rows_that_only_the_reader_finds_wrong_count_as_wrong(here: Path) -> None:
    (here / "visits.csv").write_text(
        "id,kind,person,illness,days\n1,01\n2,09\n3,01,001088012345,A00,3,more\n4,01,001088012345,A00,3\n"
    )
    told = report(here, str(here / "visits.csv"))
    assert (told["rows"], told["rows_failed"]) == (4, 3)
    shown = run(here, str(here / "visits.csv"), "--lang", "en").stdout
    assert shown.startswith("t t 1.0.0\n3 of 4 rows have findings.")
    assert "The row has 6 cells instead of 5" in shown
