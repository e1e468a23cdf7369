"""The declared contracts name every message so that what is written by them is read by them."""

from functools import cache

import pytest

from lienthong.contracts.reading import read_contract as read_declared
from tests.formats.making import envelope, file, read_bytes

read_contract = cache(read_declared)
CONTRACTS = ["care", "personal_health", "vital_events"]


def document(table, rows):
    """An inner document with these rows, as the contract places them."""
    inside = ["".join(f"<{n}>{v}</{n}>" for n, v in row.items()) for row in rows]
    place = table.xml
    if place.get("list"):
        inside = "".join(f"<{place['row']}>{row}</{place['row']}>" for row in inside)
        inside = f"<{place['list']}>{inside}</{place['list']}>"
    else:
        (inside,) = inside
    return f"<{place['root']}>{inside}</{place['root']}>"


def messages(contract):
    return [table for table in read_contract(contract).tables if table.xml.get("root")]


def rows_of(table):
    count = 3 if table.xml.get("list") else 1
    return [{f.name: f"{f.name}-{at}" for f in reversed(table.fields)} for at in range(count)]


def test_every_table_of_an_envelope_is_read_whole(tmp_path):
    sent = [table for table in messages("care") if table.name != "XML0"]
    assert len(sent) >= 14
    files = "".join(file(table.xml["loai"], document(table, rows_of(table))) for table in sent)
    found = read_bytes(tmp_path, envelope(*[f"<HOSO>{files}</HOSO>"] * 2), read_contract("care"))
    assert found.faults == []
    assert found.units == 2
    for table in sent:
        rows = [tuple(row[f.name] for f in table.fields) for row in rows_of(table)] * 2
        assert [row[:-2] for row in found.rows[table.name]] == rows
        assert [row[-2] for row in found.rows[table.name]] == list(range(len(rows)))
    assert found.rows["XML0"] == []


@pytest.mark.parametrize(
    ("contract", "table"),
    [(contract, table) for contract in CONTRACTS for table in messages(contract)],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_table_is_read_alone(tmp_path, contract, table):
    found = read_bytes(tmp_path, document(table, rows_of(table)), read_contract(contract))
    assert found.faults == []
    assert [row[:-2] for row in found.rows[table.name]] == [
        tuple(row[f.name] for f in table.fields) for row in rows_of(table)
    ]
