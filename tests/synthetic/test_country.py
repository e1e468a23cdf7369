"""The same seed makes the same country, whatever the size of the run; its people and money agree with themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.contracts.reading import read_contract
from lienthong.records.formats.reading import read
from lienthong.synthetic.country import Country
from lienthong.synthetic.envelope import Dialect, Writer
from lienthong.synthetic.facilities import EXAMPLE, facilities, facility
from lienthong.synthetic.files import write_country
from lienthong.synthetic.money import cents
from lienthong.synthetic.people import FEMALE, MALE, person
from lienthong.synthetic.places import places
from lienthong.synthetic.tables_out import tones_apart
from lienthong.synthetic.visits import visit

DAY = date(2026, 11, 20)
SENT = datetime(2026, 11, 20, 16, 0)


def test_the_same_seed_makes_the_same_files(make, tmp_path):
    first = make(visits=40, per_file=20, registers=2)
    again = list(write_country(first.country, tmp_path))
    assert again == first.written
    for one in again:
        if not one.name.endswith(
            (".xlsx", ".parquet")
        ):  # these carry the time of writing or the library's version
            assert (tmp_path / one.name).read_bytes() == (first.folder / one.name).read_bytes()
    assert (tmp_path / "truth.jsonl").read_bytes() == (first.folder / "truth.jsonl").read_bytes()


def test_another_seed_makes_another_country(make):
    one, other = make(visits=20, per_file=20), make(seed=8, visits=20, per_file=20)
    assert (one.folder / one.written[0].name).read_bytes() != (
        other.folder / other.written[0].name
    ).read_bytes()


def test_a_longer_run_begins_like_a_shorter_one():
    short = Country(seed=3, visits=30, until=SENT, per_file=10)
    long = replace(short, visits=300)
    for one, other in zip(short.sendings(), islice(long.sendings(), 3), strict=True):
        assert one == other
        assert list(short.clean(one)) == list(long.clean(other))


def test_all_provinces_send():
    everybody = facilities(7)
    assert everybody[0].code == EXAMPLE
    assert {one.province for one in everybody} == set(places().provinces)
    assert len(places().provinces) == 34
    assert sum(map(len, places().communes.values())) == 3321
    assert all(places().old_provinces[one.code[:2]] == one.province for one in everybody)
    assert len({one.code for one in everybody}) == len(everybody)
    licences = [worker.licence for one in everybody for worker in one.staff]
    assert len(set(licences)) == len(licences)


@given(st.integers(0, 2_000_000), st.sampled_from(["01", "08", "46", "96"]))
def test_a_personal_number_agrees_with_its_person(number, province):
    who = person(5, number, province, DAY)
    assert len(who.cccd) == 12
    assert who.cccd[0] == "0"
    assert who.cccd[1:3] in places().old_provinces
    century, parity = divmod(int(who.cccd[3]), 2)
    assert parity == (0 if who.sex == MALE else 1)
    assert 1900 + century * 100 + int(who.cccd[4:6]) == who.born.year
    assert who.born <= DAY
    assert who.commune in {commune.code for commune in places().communes[province]}
    assert not who.card or (len(who.card) == 15 and who.card.endswith(who.bhxh))


def test_personal_numbers_differ():
    numbers = [person(5, number, "01", DAY).cccd for number in range(5000)]
    assert len(set(numbers)) == len(numbers)


def test_households_share_a_name_and_a_home():
    family = [person(5, number, "01", DAY) for number in range(8, 12)]
    assert len({one.name.split()[0] for one in family}) == 1
    assert len({one.address for one in family}) == len({one.phone for one in family}) == 1


@pytest.mark.parametrize("number", range(0, 200, 7))
def test_money_adds_up(number):
    made = visit(7, number, facility(7, EXAMPLE), SENT, DAY)
    lines = made.tables.get("XML2", []) + made.tables["XML3"]
    for field in ("T_BNTT", "T_BNCCT", "T_BHTT"):
        assert cents(made.summary[field]) == sum(cents(row[field]) for row in lines)
    for row in lines:
        paid = sum(cents(row[field]) for field in ("T_BNTT", "T_BNCCT", "T_BHTT"))
        assert paid == cents(row["THANH_TIEN_BV"])
    assert cents(made.summary["T_TONGCHI_BV"]) == sum(cents(row["THANH_TIEN_BV"]) for row in lines)


def test_births_belong_to_mothers():
    births = [
        made
        for number in range(400)
        if "XML9" in (made := visit(7, number, facility(7, EXAMPLE), SENT, DAY)).tables
    ]
    assert births
    for made in births:
        assert made.summary["GIOI_TINH"] == FEMALE
        weights = made.summary["CAN_NANG_CON"].split(";")
        assert weights == [row["CAN_NANG_CON"] for row in made.tables["XML9"]]


DIALECTS = [
    Dialect(),
    Dialect(outer_bom=True, inner_bom=True),
    Dialect(shuffled=True, indented=False),
    Dialect(wrapped=True, outer_bom=True, shuffled=True),
]


def test_every_dialect_says_the_same(tmp_path):
    contract = read_contract("care")
    visits = [visit(7, number, facility(7, EXAMPLE), SENT, DAY) for number in range(12)]
    said = []
    for at, dialect in enumerate(DIALECTS):
        file = tmp_path / f"{at}.xml"
        with file.open("wb") as out:
            list(Writer(contract).write(out, EXAMPLE, SENT, visits, len(visits), dialect))
        with read(file, contract, workdir=tmp_path) as reading:
            assert [fault.rule for fault in reading.faults] == ["ENV-08"]
            said.append({name: _rows(source) for name, source in reading.sources.items()})
    assert said[0]["XML1"]
    assert all(other == said[0] for other in said[1:])


def _rows(source):
    import duckdb

    with duckdb.connect() as con:
        source.attach(con)
        table = con.execute(f"SELECT * FROM ({source.relation}) ORDER BY _row").fetchall()
        names = [column[0] for column in con.description]
    return [tuple(sorted(zip(names, map(str, row), strict=True))) for row in table]


@given(
    st.text(
        alphabet="aăâeêioôơuưyđAĂÂĐÊÔƠƯ ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹàáãèéìíòóõùúýẠẤẾỘỰ",
        max_size=30,
    )
)
def test_windows_1258_loses_nothing(text):
    import unicodedata

    assert unicodedata.normalize(
        "NFC", tones_apart(text).encode("cp1258").decode("cp1258")
    ) == unicodedata.normalize("NFC", text)


def test_a_field_that_a_contract_gains_appears_by_itself(tmp_path):
    from msgspec.structs import replace as changed

    from lienthong.contracts.contract import CodeValue, Field

    contract = read_contract("care")
    new = (
        Field(name="MA_MOI", required=True, values=(CodeValue(value="A1"),)),
        Field(name="NGAY_MOI", required=True, format="date8", max_length=8),
        Field(name="TUY_CHON"),
    )
    tables = tuple(
        changed(table, fields=table.fields + new) if table.name == "XML1" else table
        for table in contract.tables
    )
    contract = changed(contract, tables=tables)
    file = tmp_path / "new.xml"
    made = visit(7, 1, facility(7, EXAMPLE), SENT, DAY)
    with file.open("wb") as out:
        list(Writer(contract).write(out, EXAMPLE, SENT, [made], 1))
    with read(file, contract, workdir=tmp_path) as reading:
        row = dict(_rows(reading.sources["XML1"])[0])
    assert (row["MA_MOI"], row["NGAY_MOI"], row["TUY_CHON"]) == ("A1", "20260105", "None")
