"""The files of a large country: whole or not there, taken up where they stopped, with their ledger."""

from __future__ import annotations

from datetime import datetime

from lienthong.contracts.reading import read_contract
from lienthong.records.formats.reading import read
from lienthong.synthetic.country_files import is_done, write_catchment
from lienthong.synthetic.files import read_list
from lienthong.synthetic.ledger import read_ledger
from lienthong.synthetic.nation import Nation

UNTIL = datetime(2026, 11, 20, 16, 0)


def test_a_catchment_is_written_whole_with_its_ledger(tmp_path):
    nation = Nation(
        seed=15, citizens=7000, until=UNTIL, days=6, small=True, kinds=("all",),
        contracts=("practice", "care", "vital_events"),
    )  # fmt: skip
    catchment = nation.catchments[2]
    assert not is_done(tmp_path, catchment)
    rows = write_catchment(nation, 2, tmp_path, "csv")
    assert is_done(tmp_path, catchment)
    assert not list((tmp_path / ".aside").iterdir())
    listed = read_list(tmp_path / "submissions" / "000002.jsonl")
    assert rows == sum(sum(one.rows.values()) for one in listed) > 100
    for one in listed:
        with read(tmp_path / one.name, read_contract(one.contract), workdir=tmp_path) as reading:
            assert {name: reading.rows(name) for name in one.rows} == one.rows
    truth = read_ledger(tmp_path / "truth" / "000002.jsonl")
    assert truth
    counts = {one.name: one for one in listed}
    assert all(fault.row < counts[fault.submission].rows[fault.table] for fault in truth)
    again = {
        one.name: (tmp_path / one.name).stat().st_size
        for one in listed
        if one.name.endswith(".csv")
    }
    assert write_catchment(nation, 2, tmp_path, "csv") == rows
    assert again == {name: (tmp_path / name).stat().st_size for name in again}
