"""Editions of one message: a file is not blamed for names that its own edition does not have."""

from __future__ import annotations

import pytest

from lienthong.contracts.reading import read_contract
from lienthong.records.formats.reading import read
from tests.declared.test_practice_rules import WORLD as PRACTICE
from tests.declared.test_vital_rules import WORLD as VITAL


def elements(cells):
    return "".join(f"<{name}>{value}</{name}>" for name, value in cells.items() if value)


def faults(tmp_path, contract, content, name="message.xml"):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with read(path, read_contract(contract)) as reading:
        return [(one.kind, one.table) for one in reading.faults], {
            table: reading.rows(table) for table in reading.sources
        }


@pytest.mark.parametrize(
    ("root", "table"), [("GIAYCHUNGSINH", "birth_certificates"), ("GIAYBAOTU", "death_notices")]
)
def test_birth_and_death_papers_are_read_flat_and_may_leave_names_out(tmp_path, root, table):
    paper = f'<{root} Id="x">{elements(VITAL[table][0])}<CHUKYDONVI/></{root}>'
    found, rows = faults(tmp_path, "vital_events", paper)
    assert (found, rows[table]) == ([], 1)


def test_the_rows_of_form_02_stand_directly_under_the_root(tmp_path):
    row = f"<DMNHANLUCKBCB>{elements(PRACTICE['registrations'][0])}</DMNHANLUCKBCB>"
    form = f"<DANHSACH_DMNHANLUCKBCB>{row * 3}</DANHSACH_DMNHANLUCKBCB>"
    found, rows = faults(tmp_path, "practice", form)
    assert (found, rows["registrations"]) == ([], 3)


def test_a_column_that_must_be_there_is_missed_in_a_table(tmp_path):
    header = [field.name for field in read_contract("practice").table("departments").fields]
    lacking = [name for name in header if name not in ("TEN_KHOA", "BAN_KHAM")]
    found, _ = faults(tmp_path, "practice", ",".join(lacking) + "\n", "departments.csv")
    assert ("column-missing", "departments") in found
    assert found.count(("column-missing", "departments")) == 1
