"""A folder as people have it: the tables among contracts, read-me files and findings of an earlier run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lienthong.errors import Refused
from lienthong.records.formats.reading import read
from tests.checking.tables import contract_of

CONTRACT = contract_of("""
  - name: visits
    physicalName: tbl_visits
    properties: [{name: code, logicalType: string}, {name: cost, logicalType: number}]
  - name: Patients
    properties: [{name: id, logicalType: string}]
""")


def fill(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


def test_stray_files_are_left_aside(tmp_path: Path) -> None:
    folder = fill(
        tmp_path / "in",
        {
            "tbl_visits.CSV": "code,cost\na,1\n",
            "patients.jsonl": '{"id": "x"}\n',
            "findings.csv": "table,row\nvisits,0\n",
            "visits.odcs.yaml": "kind: DataContract\n",
            "README.md": "# read me",
            "notes.txt": "code,cost\n",
            "report.json": "{}",
            ".DS_Store": "\x00",
            "~lock": "",
        },
    )
    with read(folder, CONTRACT, workdir=tmp_path) as reading:
        assert sorted(reading.sources) == ["Patients", "visits"]
        told = [(fault.rule, fault.params) for fault in reading.faults]
    assert told == [("FILE-15", {"name": "findings.csv"})]


def test_columns_decide_when_no_file_is_called_like_a_table(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", {"export 1.csv": "code,cost\na,1\n", "b.md": "x"})
    with read(folder, CONTRACT, workdir=tmp_path) as reading:
        assert list(reading.sources) == ["visits"]


def test_a_folder_without_a_table_is_refused_with_the_names(tmp_path: Path) -> None:
    folder = fill(tmp_path / "in", {"README.md": "x", "notes.txt": "x"})
    with pytest.raises(Refused, match="visits, Patients"):
        read(folder, CONTRACT, workdir=tmp_path)
