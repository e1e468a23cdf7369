"""Every declared file is valid: an official may change any of them and hears here what is wrong."""

from __future__ import annotations

import csv

import pytest
import yaml

from lienthong import clock
from lienthong.access.roles import DECLARED as ROLES
from lienthong.access.roles import read_roles
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.findings import LANGUAGES
from tests.layout.sentences import SOURCE

DECLARED = SOURCE / "declared"


@pytest.mark.parametrize("path", sorted(DECLARED.rglob("*.yaml")), ids=lambda path: path.name)
def test_yaml_can_be_read(path):
    assert yaml.load(
        path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )


@pytest.mark.parametrize("path", sorted(DECLARED.rglob("*.csv")), ids=lambda path: path.name)
def test_tables_have_as_many_cells_as_columns(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(line for line in file if not line.startswith("#"))
        header = next(rows)
        assert len(set(header)) == len(header)
        assert [number for number, row in enumerate(rows, 2) if len(row) != len(header)] == []


@pytest.mark.parametrize("name", sorted(declared_contracts()))
def test_contracts_are_without_errors_and_speak_three_languages(name):
    contract = read_contract(name)
    assert contract.tables
    texts = [(table.name, table.label) for table in contract.tables]
    texts += [(f"{t.name}.{f.name}", f.label) for t in contract.tables for f in t.fields]
    texts += [
        (f"{t.name}.{r.id}", r.sentence) for t in contract.tables for r in t.rules if r.sentence
    ]
    assert [place for place, text in texts if any(not text.get(one) for one in LANGUAGES)] == []


def test_roles_are_valid():
    assert read_roles(ROLES).roles


def test_the_calendar_is_valid():
    calendar = clock.read_calendar(clock.DECLARED)
    assert calendar.hours
    assert calendar.complete[0] <= 2025 <= 2027 <= calendar.complete[1]
