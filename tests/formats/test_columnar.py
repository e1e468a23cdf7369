"""Parquet: typed or text, in the order of the file."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lienthong.errors import Refused
from lienthong.records.formats.reading import read
from tests.formats.making import VISIT, cells, read_bytes, single

ABC = single("a", "b", "c")


def parquet(path, query):
    duckdb.sql(query).write_parquet(str(path), row_group_size=2048)
    return path


def test_rows_are_numbered_in_the_order_of_the_file(tmp_path):
    path = parquet(
        tmp_path / "T.parquet", "SELECT i AS a, 'x' AS b, NULL::VARCHAR AS c FROM range(30000) r(i)"
    )
    with read(path, ABC, workdir=tmp_path) as reading, duckdb.connect() as con:
        source = reading.sources["T"]
        assert source.typed
        assert source.count == 30_000
        assert con.execute(
            f"SELECT count(*) FILTER (WHERE a <> _row OR _unit <> _row) FROM ({source.relation})"
        ).fetchone() == (0,)


def test_text_columns_are_not_typed(tmp_path):
    path = parquet(tmp_path / "T.parquet", "SELECT '1' AS A, '2' AS \" b \", '3' AS c, '4' AS d")
    with read(path, ABC, workdir=tmp_path) as reading:
        source = reading.sources["T"]
        assert not source.typed
        assert source.columns == ("a", "b", "c", "d")
        assert cells(reading, "T") == [("1", "2", "3", "4", 0, 0)]
        assert [one.kind for one in reading.faults] == ["column-unknown"]


def test_nested_values_and_bytes_are_text(tmp_path):
    path = parquet(
        tmp_path / "T.parquet",
        "SELECT [1, 2] AS a, {'x': 'é'} AS b, 'é'::BLOB AS c".replace("'é'::BLOB", "encode('é')"),
    )
    with read(path, ABC, workdir=tmp_path) as reading:
        assert cells(reading, "T") == [("[1,2]", '{"x":"é"}', "é", 0, 0)]


def test_bytes_that_are_no_text_do_not_stop_the_file(tmp_path):
    path = parquet(tmp_path / "T.parquet", "SELECT '\\xFF\\xFE'::BLOB AS a, 'x' AS b, 'y' AS c")
    with read(path, ABC, workdir=tmp_path) as reading:
        ((broken, *rest),) = cells(reading, "T")
    assert isinstance(broken, str)
    assert rest == ["x", "y", 0, 0]


def test_child_tables_and_empty_files(tmp_path):
    path = parquet(
        tmp_path / "XML2.parquet", "SELECT 'a' AS MA_LK, '1' AS STT, 'x' AS TEN_THUOC WHERE false"
    )
    with read(path, VISIT, workdir=tmp_path) as reading:
        assert cells(reading, "XML2") == []
        assert [one.kind for one in reading.faults] == ["file-empty"]


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + b"x" * 100, b"PAR1" + b"\xff" * 50 + b"PAR1"])
def test_a_damaged_file_is_refused(tmp_path, data):
    with pytest.raises(Refused) as refusal:
        read_bytes(tmp_path, data, ABC)
    assert refusal.value.code == "FILE-28"


def test_whole_decimals_are_integers_and_moments_with_a_zone_are_moments(tmp_path):
    from datetime import UTC, datetime
    from decimal import Decimal

    from lienthong.contracts.contract import Contract, Field, Table
    from lienthong.records.checking import check

    kinds = {"n": "integer", "day": "date", "moment": "timestamp", "nano": "timestamp"}
    fields = tuple(Field(name=name, type=kind) for name, kind in kinds.items())
    contract = Contract(name="one", version="1", tables=(Table(name="T", fields=fields),))
    at = pa.array([datetime(2026, 1, 1, 20, 4, 5, tzinfo=UTC), None])
    columns = {
        "n": pa.array([Decimal("7.00"), Decimal("7.50")], pa.decimal128(10, 2)),
        "day": at.cast(pa.timestamp("us", tz="Asia/Ho_Chi_Minh")),
        "moment": at.cast(pa.timestamp("ms", tz="UTC")),
        "nano": at.cast(pa.timestamp("ns", tz="Asia/Ho_Chi_Minh")),
    }
    path = tmp_path / "T.parquet"
    pq.write_table(pa.table(columns), path)
    with read(path, contract, workdir=tmp_path) as reading:
        checked = check(contract, reading, received=datetime(2026, 11, 22, tzinfo=UTC))
        found = [(finding.rule, finding.row) for finding in checked.findings()]
        rows = checked.con.execute('SELECT n, day, moment, nano FROM "typed_T"').fetchall()
        checked.close()
    assert found == [("T.n.type", 1)]
    moment = datetime(2026, 1, 1, 20, 4, 5)
    assert rows == [(7, moment.date(), moment, moment), (None, None, None, None)]
