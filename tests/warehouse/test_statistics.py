"""Readings for statistics name nobody, show nobody who stands alone, and are refused with a reason else."""

from __future__ import annotations

import csv
import itertools
import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong import audit
from lienthong.access import operator
from lienthong.access.actor import Actor
from lienthong.contracts.reading import declared_contracts, read_contract
from lienthong.errors import NotAllowed, Refused
from lienthong.records.checking.engine import connect
from lienthong.records.intake import terms
from lienthong.warehouse.statistics import release as release_module
from lienthong.warehouse.statistics import treatment
from lienthong.warehouse.statistics.cells import suppress
from lienthong.warehouse.statistics.release import Asked, release
from lienthong.warehouse.statistics.treatment import policy, treat

PATIENTS = """\
apiVersion: v3.2.0
kind: DataContract
id: patients
name: patients
version: 1.0.0
status: active
schema:
  - name: P
    physicalType: table
    properties:
      - {name: ID, logicalType: string, primaryKey: true, required: true, classification: personal,
         customProperties: [{property: identityRole, value: record_key}]}
      - {name: CCCD, logicalType: string, classification: personal,
         customProperties: [{property: identityRole, value: person_number}]}
      - {name: NAME, logicalType: string, classification: personal,
         customProperties: [{property: identityRole, value: person_name}]}
      - {name: BORN, logicalType: date, classification: personal,
         customProperties: [{property: identityRole, value: birth_date}]}
      - {name: SEX, logicalType: string, enum: [{value: '1'}, {value: '2'}],
         customProperties: [{property: identityRole, value: sex}]}
      - {name: PROV, logicalType: string, customProperties: [{property: identityRole, value: province_code}]}
      - {name: ICD, logicalType: string, classification: sensitive, enum: [{value: A01}, {value: J10}]}
      - {name: NOTE, logicalType: string, classification: sensitive}
      - {name: SEEN, logicalType: date}
"""
HEAD = "ID,CCCD,NAME,BORN,SEX,PROV,ICD,NOTE,SEEN"


def people(count, *, start=0, born=1980, prov="01", sex="1"):
    return [
        f"R{n},0010{n:08d},Nguyễn Văn {n},{born + n % 5}-03-0{1 + n % 9},{sex},{prov},A01,khỏe,2026-11-0{1 + n % 9}"
        for n in range(start, start + count)
    ]


@pytest.fixture
def patients(stays):
    stays.declare("patients", PATIENTS)

    def send(*rows):
        stays.send("\n".join([HEAD, *rows, ""]).encode(), "P.csv", contract="patients")
        contract = terms.contract("patients", stays.home)
        manifest = stays.take("patients")

        def run(out, actor=None, purpose="statistics", **more):
            asked = Asked(contract=contract, table=contract.table("P"), **more)
            return release(
                stays.conn,
                actor or operator(),
                stays.warehouse,
                manifest,
                asked,
                out,
                purpose=purpose,
            )

        return run

    return send


def test_names_go_numbers_change_and_dates_become_coarse(patients, stays, tmp_path):
    run = patients(*people(10))
    made = run(tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert list(rows[0]) == ["ID", "CCCD", "BORN", "SEX", "PROV", "ICD", "SEEN"]
    assert {row["BORN"] for row in rows} == {1980}
    assert {row["SEEN"] for row in rows} == {"202611"}
    text = json.dumps(rows)
    assert "0010" not in text and "Nguy" not in text and "R1" not in text
    assert len({row["CCCD"] for row in rows}) == 10
    assert (made.rows, made.left_out, made.smallest_group) == (10, 0, 10)
    beside = json.loads((tmp_path / "out.parquet.json").read_text())
    assert beside["treatments"][2] == {
        "field": "NAME", "treatment": "drop", "quasi": False, "person": False, "why": "person_name"
    }  # fmt: skip


def test_two_releases_cannot_be_joined(patients, tmp_path):
    run = patients(*people(10))
    run(tmp_path / "a.csv")
    run(tmp_path / "b.csv")
    seen = [
        {row["CCCD"] for row in csv.DictReader((tmp_path / name).open())}
        for name in ("a.csv", "b.csv")
    ]
    assert len(seen[0]) == 10
    assert not seen[0] & seen[1]


def test_who_stands_alone_stops_the_release(patients, stays, tmp_path):
    run = patients(*people(99), *people(1, start=200, prov="79"))
    with pytest.raises(Refused) as refused:
        run(tmp_path / "out.csv")
    assert refused.value.code == "release.small"
    assert refused.value.details["rows"] == 1
    assert list(tmp_path.glob("out.csv*")) == []
    assert audit.entries(stays.conn)[0].act == "statistics.refused"
    assert run(tmp_path / "out.csv", suppress=True).left_out == 1
    assert "79" not in {row["PROV"] for row in csv.DictReader((tmp_path / "out.csv").open())}
    assert audit.entries(stays.conn)[0].act == "statistics.released"
    assert run(tmp_path / "dropped.csv", drop=frozenset({"PROV"})).rows == 100


def test_one_person_with_many_records_is_one_person(patients, tmp_path):
    rows = people(20) + [
        f"S{n},001099999999,Trần Thị,1990-01-01,2,01,J10,,2026-11-01" for n in range(8)
    ]
    run = patients(*rows)
    with pytest.raises(Refused) as refused:
        run(tmp_path / "out.csv")
    assert refused.value.details["rows"] == 8
    with pytest.raises(Refused) as refused:
        run(tmp_path / "out.csv", drop=frozenset({"CCCD"}))
    assert refused.value.details["rows"] == 8, "without the number it is still one person"


def test_what_is_no_code_is_not_kept_in_the_place_of_one():
    field = next(
        one for one in read_contract("care").table("XML1").fields if one.name == "MA_BENH_CHINH"
    )
    con = connect()
    con.execute("CREATE TABLE sent (MA_BENH_CHINH VARCHAR)")
    sent = [
        "A01",
        "I10;E11.9",
        "Nguyễn Văn Hai",
        "0912345678",
        "001190000001",
        "GD4790123456789",
        "=1+1",
        None,
    ]
    con.executemany("INSERT INTO sent VALUES (?)", [[one] for one in sent])
    (one,) = [
        one
        for one in treat(read_contract("care").table("XML1"), policy())
        if one.field == field.name
    ]
    assert one.treatment == "keep"
    kept = con.execute(
        f"SELECT {treatment.sql(field, one, policy(), ('', ''))} FROM sent"
    ).fetchall()
    assert [row[0] for row in kept] == ["A01", "I10;E11.9", None, None, None, None, None, None]
    con.close()


def test_where_somebody_was_counts_among_what_others_may_know():
    table = read_contract("care").table("XML1")
    places = {field.name for field in table.fields if field.identity_role == "facility_code"}
    shown = {one.field for one in treat(table, policy()) if one.quasi}
    assert places and places <= shown
    left = {one.field for one in treat(table, policy(), drop=frozenset(places)) if one.quasi}
    assert not places & left and left
    register = read_contract("devices").table("devices")
    assert not any(one.quasi and one.why in policy().places for one in treat(register, policy()))


def test_no_text_begins_a_formula_in_a_csv():
    con = connect()
    con.execute(
        """CREATE TABLE released AS SELECT '=1+1' AS "a b", -1 AS n UNION ALL SELECT 'x', 2"""
    )
    cells = release_module._cells(con, ".csv")
    found = con.execute(f"SELECT {cells} FROM released ORDER BY n").fetchall()
    assert found == [("'=1+1", -1), ("x", 2)]
    assert release_module._cells(con, ".parquet") == "*"
    con.close()


def test_too_many_left_out_would_bend_the_numbers(patients, tmp_path):
    run = patients(*people(20), *people(3, start=200, prov="79"))
    with pytest.raises(Refused) as refused:
        run(tmp_path / "out.csv", suppress=True)
    assert refused.value.code == "release.bent"


def test_a_table_of_counts_hides_small_cells_and_what_gives_them_away(patients, tmp_path):
    run = patients(
        *people(20), *people(9, start=100, sex="2"), *people(12, start=200, prov="79"),
        *people(2, start=300, prov="79", sex="2"), *people(30, start=400, prov="48"),
        *people(30, start=500, prov="48", sex="2"),
    )  # fmt: skip
    made = run(tmp_path / "out.csv", by=("PROV", "SEX"))
    cells = {
        (row["PROV"], row["SEX"]): row["persons"]
        for row in csv.DictReader((tmp_path / "out.csv").open())
    }
    assert cells["79", "2"] == ""
    assert cells["79", "1"] == "", "the row's total would give the small cell away"
    assert made.left_out == 4
    assert cells["48", "1"] == cells["48", "2"] == "30"
    assert cells["79", "*"] == "14"
    assert cells["*", "*"] == "103"


def test_only_for_statistics_and_only_by_whom_it_is_allowed(patients, tmp_path):
    run = patients(*people(10))
    with pytest.raises(NotAllowed):
        run(tmp_path / "out.csv", purpose=None)
    with pytest.raises(NotAllowed):
        run(tmp_path / "out.csv", purpose="care")
    sender = Actor(id="x", kind="person", roles=("facility_officer",), facility="01999")
    with pytest.raises(NotAllowed):
        run(tmp_path / "out.csv", actor=sender)
    with pytest.raises(Refused):
        run(tmp_path / "out.csv", least=2)


tables = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(0, 9), min_size=2
)


@given(tables)
@settings(max_examples=120)
def test_no_hidden_cell_follows_from_the_totals(counts):
    hidden = suppress(counts, 3)
    assert {cell for cell, count in counts.items() if 0 < count < 3} <= hidden
    if hidden == {cell for cell, count in counts.items() if count}:
        return  # the whole table is withheld, its totals too
    for cell in hidden:
        assert len(possible(counts, hidden, cell)) > 1, (counts, hidden, cell)


def possible(counts, hidden, wanted):
    """The values a hidden cell may have, by whoever knows the totals of every line; found by trying."""
    cells = sorted(hidden)
    found = set()
    steps = {cell: [c for c in (-1, 0, 1)] for cell in cells}
    for change in itertools.product(*(steps[cell] for cell in cells)):
        moved = dict(zip(cells, change, strict=True))
        even = all(
            sum(by for cell, by in moved.items() if cell[axis] == line) == 0
            for axis in (0, 1)
            for line in {cell[axis] for cell in cells}
        )
        if even and all(counts[cell] + by >= 0 for cell, by in moved.items()):
            found.add(counts[wanted] + moved[wanted])
            if len(found) > 1:
                break
    return found


@pytest.mark.parametrize("name", sorted(declared_contracts()))
def test_no_declared_database_lets_a_name_or_a_number_through(name):
    named = {
        "person_name",
        "mother_name",
        "father_name",
        "child_name",
        "practitioner_name",
        "address",
        "phone",
    }
    for table in read_contract(name).tables:
        for field, treated in zip(table.fields, treat(table, policy()), strict=True):
            role = field.identity_role or ""
            if role in named or role.endswith("_address"):
                assert treated.treatment == "drop", (table.name, field.name)
            if role.endswith(("person_number", "insurance_number")) or role == "record_key":
                assert treated.treatment in ("pseudonym", "drop"), (table.name, field.name)
            if (
                field.sensitivity in ("personal", "sensitive")
                and not field.code_list
                and not field.values
            ):
                plain = field.type == "string" and treated.treatment == "keep"
                assert not plain or role in ("sex", "child_sex") or role.endswith("province_code") or role in (
                    policy().roles["keep"]
                ), (table.name, field.name)  # fmt: skip


def test_records_whose_identity_key_is_wrong_stand_in_no_release(patients, stays, tmp_path):
    patients(*people(12))
    stays.conn.execute(
        "INSERT INTO records.withheld SELECT 'patients', 'P', _key, _sender, _province, _receipt, '{P-1|CCCD}'"
        " FROM patients.\"P\" WHERE \"ID\" IN ('R3', 'R4')"
    )
    run = patients(*people(13))
    manifest = stays.warehouse.read()
    assert manifest.contract("patients").withheld_records == {"P": 2}
    made = run(tmp_path / "out.csv")
    assert (made.rows, made.withheld, made.left_out) == (11, 2, 0)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 12
    stays.warehouse.prune(1)
    assert run(tmp_path / "again.csv").withheld == 2  # pruning keeps the list


def test_a_code_that_an_official_mapped_is_counted_as_that_one():
    table = read_contract("care").table("XML1")
    field = table.field("MA_KHOA") or next(one for one in table.fields if one.code_list)
    (one,) = [one for one in treat(table, policy()) if one.field == field.name]
    con = connect()
    con.execute(f"CREATE TABLE sent AS SELECT unnest(['K99', ' K99', 'K01']) AS \"{field.name}\"")
    decided = {(field.code_list, "K99"): "K02", ("another_list", "K01"): "K03"}
    shown = treatment.sql(field, one, policy(), ("", ""), decided)
    found = con.execute(f"SELECT {shown} FROM sent").fetchall()
    con.close()
    assert found == [("K02",), ("K02",), ("K01",)]
