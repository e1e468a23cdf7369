# ruff: noqa: E501 a row of a table stands on one line
"""Every ODCS tool counts the same failing rows: the same contract and files through datacontract-cli and through us."""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from lienthong.contracts.codes import Codes
from lienthong.contracts.reading import parse_contract, read_contract
from lienthong.contracts.rules.casts import quoted
from lienthong.records.checking import Checked, RuleCount, check
from lienthong.records.formats.reading import read
from tests.checking.tables import HEAD

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".venv-peers" / "bin" / "python"
RECEIVED = datetime.fromisoformat("2026-11-20T09:00:00+07:00")

pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.skipif(not PEER.exists(), reason="the peers are not installed (tests/prepare.sh)"),
]

KINDS = {
    "field_required": "required",
    "field_primary_key_required": "required",
    "field_unique": "unique",
    "field_primary_key_unique": "unique",
    "field_regex": "pattern",
    "field_enum": "enum",
    "field_minimum": "minimum",
    "field_maximum": "maximum",
    "field_relationships": "reference",
}
"""The peer's name of a declared check to ours. Lengths are two checks there and one here."""

PLAIN = """
  - name: visits
    properties:
      - {name: id, logicalType: string, primaryKey: true, required: true}
      - name: code
        logicalType: string
        unique: true
        quality:  # the peer stumbles over two metrics of one kind at one property
          - {id: form, type: library, metric: invalidValues, arguments: {pattern: '^[a-y]$'}, mustBe: 0}
      - {name: kind, logicalType: string, enum: [{value: '01'}, {value: '02'}]}
      - {name: age, logicalType: integer, logicalTypeOptions: {minimum: 0, exclusiveMaximum: 120}}
      - {name: cost, logicalType: number, logicalTypeOptions: {exclusiveMinimum: 0}}
      - {name: card, logicalType: string, logicalTypeOptions: {minLength: 3, maxLength: 5, pattern: '[A-Z]'}}
      - {name: day, logicalType: date, required: true}
      - name: place
        logicalType: string
        relationships: [{to: places.code}]
        quality:
          - {id: nulls, type: library, metric: nullValues, mustBe: 0}
          - {id: missing, type: library, metric: missingValues, arguments: {missingValues: ['', 'N/A']}, mustBe: 0}
          - {id: valid, type: library, metric: invalidValues, arguments: {validValues: ['a', 'b', 'N/A']}, mustBe: 0}
          - {id: cell, type: sql, query: 'SELECT count(*) FROM ${table} WHERE LENGTH(${column}) > 1', mustBe: 0}
    quality:
      - {id: alias, type: sql, query: 'SELECT COUNT(1) FROM visits v WHERE v.age > 50 AND v.cost < 10', mustBe: 0}
      - {id: across, type: sql, query: 'select count(*) from visits where not exists (select 1 from places p where p.code = visits.place)', mustBe: 0}
      - {id: counted, type: sql, query: 'SELECT count(DISTINCT kind) FROM visits', mustBe: 2}
  - name: places
    properties:
      - {name: code, logicalType: string, required: true}
"""


def measured_by_peer(folder: Path, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What the peer measured over `<table>.parquet` of a folder."""
    server = {
        "server": "here",
        "type": "local",
        "format": "parquet",
        "path": str(folder / "{model}.parquet"),
    }
    file, out = folder / "contract.odcs.yaml", folder / "measured.json"
    file.write_text(
        yaml.safe_dump(schema | {"servers": [server]}, allow_unicode=True, sort_keys=False)
    )
    script = Path(__file__).with_name("peer_run.py")
    subprocess.run([PEER, script, file, out], check=True, capture_output=True, timeout=600)
    return json.loads(out.read_text())


def compare(peer: list[dict[str, Any]], ours: list[RuleCount]) -> tuple[int, list[str]]:
    """How many rules agree, and a line for each that does not."""
    counted = {(count.table, count.id, count.field): count.failed for count in ours}
    expected: dict[tuple[Any, ...], Any] = {}
    lengths: Counter[tuple[str, str]] = Counter()
    bounds: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for one in peer:
        table, field, measured = one["model"], one["field"], one["measured"]
        value = measured.get("failed_rows", measured.get("value"))
        assert value is not None or one["result"] != "failed", one["reason"]
        if one["type"] in ("field_min_length", "field_max_length"):
            lengths[table, field] += value
        elif one["type"] in KINDS:
            bounds[table, f"{table}.{field}.{KINDS[one['type']]}", field].append(value)
        elif one["id"] and one["type"] != "field_not_equal":
            assert value is not None, one
            expected[table, one["id"], field] = value
    expected |= {(t, f"{t}.{f}.length", f): value for (t, f), value in lengths.items()}
    expected |= {key: max(values) for key, values in bounds.items()}
    agree, differ = 0, []
    for (table, rule, field), value in expected.items():
        found = [
            v for (t, r, f), v in counted.items() if (t, r) == (table, rule) and field in (None, f)
        ]
        if value in found:
            agree += 1
        else:
            differ.append(f"{table} {rule} {field}: peer {value}, ours {found}")
    return agree, differ


def test_plain_contract(tmp_path: Path) -> None:
    import duckdb

    duckdb.sql(
        """SELECT * FROM (VALUES
        ('1', 'x', '01', 5::BIGINT, 10.5::DOUBLE, 'ABC', DATE '2026-01-01', 'a'),
        ('1', 'x', '03', -1, 0.5, 'ab', DATE '2026-01-02', 'b'), ('2', NULL, NULL, 130, -3, 'ABCDEF', NULL, 'N/A'),
        ('3', NULL, '02', NULL, NULL, NULL, DATE '2026-01-03', NULL), (NULL, 'z', '1', 60, 2, 'Đặng', DATE '2026-01-04', ''),
        ('5', 'y', '02', 51, 9.99, 'abcE', DATE '2026-01-05', 'zz'), ('6', 'y', '01', 119, 11, 'é', NULL, 'c'),
        ('7', 'y', '01', 50, 9, 'XYZ', DATE '2026-01-01', 'a')
        ) t(id, code, kind, age, cost, card, day, place)"""
    ).write_parquet(str(tmp_path / "visits.parquet"))
    duckdb.sql("SELECT unnest(['a', 'b', 'c']) AS code").write_parquet(
        str(tmp_path / "places.parquet")
    )
    schema = yaml.safe_load(HEAD + "schema:\n" + PLAIN)
    contract = parse_contract((HEAD + "schema:\n" + PLAIN).encode())
    checked = check_folder(contract, tmp_path, ("visits", "places"))
    peer = measured_by_peer(tmp_path, schema)
    # A counted query that keeps its promise fails no row, whatever it measured; one that breaks it is red.
    counted = [one for one in peer if one["id"] == "counted"]
    assert [one["result"] for one in counted] == ["failed"]
    assert [count.failed for count in checked.counts() if count.id == "counted"] == [4]
    agree, differ = compare([one for one in peer if one["id"] != "counted"], checked.counts())
    assert differ == []
    assert agree >= 17


def check_folder(contract: Any, folder: Path, tables: tuple[str, ...]) -> Checked:
    """Our counts over the same files."""
    reading = read([(name, folder / f"{name}.parquet") for name in tables], contract)
    return check(contract, reading, received=RECEIVED, codes=Codes())


def test_care_contract(tmp_path: Path) -> None:
    contract = read_contract("care")
    made = tmp_path / "visits.xml"
    write_visits(made, contract, 120)
    with read(made, contract) as reading:
        checked = check(contract, reading, received=RECEIVED, codes=Codes())
        names = tuple(table.name for table in contract.tables)
        for table in contract.tables:
            shown = ", ".join(quoted(field.name) for field in table.fields)
            checked.con.execute(
                f"COPY (SELECT {shown} FROM {quoted('typed_' + table.name)}) TO"
                f" '{tmp_path / table.name}.parquet' (FORMAT PARQUET)"
            )
        checked.close()
    ours = check_folder(contract, tmp_path, names).counts()
    assert sum(count.failed for count in ours) > 20
    schema = yaml.load(Path(contract.path).read_bytes(), yaml.CSafeLoader)
    agree, differ = compare(measured_by_peer(tmp_path, schema), ours)
    assert differ == []
    assert agree > 1000


def write_visits(file: Path, contract: Any, count: int) -> None:
    """Synthetic visits, some with planted faults."""
    from lienthong.synthetic.country import Country, Sending
    from lienthong.synthetic.envelope import Writer
    from lienthong.synthetic.files import _with_faults

    until = datetime(2026, 11, 20, 8, 0)
    country = Country(seed=11, visits=count, until=until)
    sending = Sending(name="x", facility=country.facilities[0], sent=until, first=0, count=count)
    with file.open("wb") as out:
        visits = _with_faults(country, sending, Counter(), [])
        for _ in Writer(contract).write(out, sending.facility.code, sending.sent, visits, count):
            pass
