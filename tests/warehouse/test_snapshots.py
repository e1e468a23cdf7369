"""A snapshot holds what the store holds, costs what has changed, and is whole or not there."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from lienthong import audit
from lienthong.errors import Conflict, NotFound
from lienthong.records.intake.folders import as_submission
from lienthong.warehouse.manifest import Warehouse


def table(store, manifest, name, contract="stays", *, waiting=None):
    """The rows of a table in a snapshot, in the order of their keys."""
    taken = manifest.contract(contract).table(name)
    rows = [row for file in taken.files(store.warehouse.root, waiting=waiting) for row in
            pq.read_table(file, partitioning=None).to_pylist()]  # fmt: skip
    return sorted(rows, key=lambda row: (row["_key"] or "", row["_row"]))


def places(manifest, name="STAY", contract="stays"):
    taken = manifest.contract(contract).table(name)
    return [(one.province, one.month, one.waiting, one.rows) for one in taken.partitions]


def test_rows_stand_by_province_and_month_of_their_event(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1", "B,2026-11-02,01,1,31,5.5,X2", "C,,79,2,32,,X3")
    manifest = stays.take()
    assert places(manifest) == [
        ("01", "202610", False, 1),
        ("01", "202611", False, 1),
        ("79", "000000", False, 1),
    ]
    first = table(stays, manifest, "STAY")[0]
    assert (str(first["OUT"]), first["AGE"], first["COST"]) == ("2026-10-01", 30, 5.0)
    assert (first["_key"], first["_sender"], str(first["_counted"])) == ("A", "01999", "2026-11-20")


def test_lines_stand_where_their_stay_stands(stays, tmp_path):
    made = tmp_path / "sent"
    made.mkdir()
    (made / "STAY.csv").write_text("ID,OUT,PROV,SEX,AGE,COST,CARD\nA,2026-10-01,01,1,30,5,X\n")
    (made / "LINE.csv").write_text("ID,NR,SUM\nA,1,2\nA,2,3\n")
    with as_submission(made, stays.home) as (data, name):
        stays.send(data, name)
    manifest = stays.take()
    assert places(manifest, "LINE") == [("01", "202610", False, 2)]


def test_what_waits_in_quarantine_is_there_as_it_was_sent(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1", "B,31/12/2026,01,9,x,5,X2")
    manifest = stays.take()
    waiting = table(stays, manifest, "STAY", waiting=True)
    assert [row["_key"] for row in waiting] == ["B"]
    assert (waiting[0]["OUT"], waiting[0]["_t_OUT"], waiting[0]["SEX"]) == (None, "31/12/2026", "9")
    assert waiting[0]["_stands"] is True


def test_a_kept_cell_that_did_not_parse_is_marked(stays):
    stays.stays("A,2026-10-01,01,1,thirty,5,X1", "B,2026-10-01,01,1,30,5,X2")
    rows = table(stays, stays.take(), "STAY")
    assert [(row["AGE"], row["_t_AGE"]) for row in rows] == [(None, "?"), (30, None)]


def test_any_letters_pass(stays):
    card = 'Đào "x",\n\t\\N'
    stays.stays('A,2026-10-01,01,1,30,5,"' + card.replace('"', '""') + '"', "B,2026-10-01,01,1,,,")
    rows = table(stays, stays.take(), "STAY")
    assert [row["CARD"] for row in rows] == [card, None]
    assert [(row["AGE"], row["_t_AGE"], row["COST"]) for row in rows][1] == (None, None, None)


def test_without_change_nothing_is_written_again(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1", "B,2026-10-01,01,9,30,5,X2")
    first, second = stays.take(), stays.take()
    assert (first.rewritten, second.rewritten) == (2, 0)
    assert [p.file for p in first.partitions] == [p.file for p in second.partitions]
    assert second.id > first.id


def test_a_change_writes_its_partition_only_and_the_past_stays(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1", "B,2026-11-01,01,1,30,5,X2")
    before = stays.take()
    stays.stays("A,2026-10-01,01,1,31,5,X1")
    after = stays.take()
    assert after.rewritten == 1
    assert [row["AGE"] for row in table(stays, before, "STAY")] == [30, 30]
    assert [row["AGE"] for row in table(stays, after, "STAY")] == [31, 30]
    assert stays.warehouse.as_of(before.taken_at).id == before.id
    assert stays.warehouse.as_of(after.taken_at).id == after.id


def test_a_mended_entry_leaves_the_waiting_rows(stays):
    stays.stays("A,2026-10-01,01,9,30,5,X1")
    before = stays.take()
    stays.stays("A,2026-10-01,01,1,30,5,X1")
    after = stays.take()
    assert places(before) == [("01", "202611", True, 1)]
    assert places(after) == [("01", "202610", False, 1)]


def test_a_snapshot_that_dies_leaves_the_last_one(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1")
    before = stays.take()
    stays.stays("A,2026-10-01,01,2,30,5,X1", "B,2026-11-01,01,1,30,5,X2")

    def die(name, rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stays.take(progress=die)
    assert stays.warehouse.ids() == [before.id]
    assert stays.warehouse.verify(stays.warehouse.read()) == []
    assert stays.take().rewritten == 2
    gone, lost = stays.warehouse.prune(9)
    assert (gone, stays.warehouse.verify(stays.warehouse.read())) == ([], [])
    assert lost == 0  # what it had begun was taken up by the next, under the same name


def test_pruning_takes_what_nobody_refers_to(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1", "B,2026-11-01,01,1,30,5,X2")
    first = stays.take()
    stays.stays("A,2026-10-01,01,2,30,5,X1")
    second = stays.take()
    gone, lost = stays.warehouse.prune(1)
    assert gone == [first.id]
    assert lost >= 1
    assert stays.warehouse.verify(second) == []
    with pytest.raises(NotFound):
        stays.warehouse.read(first.id)


def test_a_damaged_file_is_named(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1")
    manifest = stays.take()
    file = manifest.partitions[0].file
    path = stays.warehouse.root / file
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert stays.warehouse.verify(manifest) == [file]


def test_only_one_writes_at_a_time(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1")
    with stays.warehouse.held(), pytest.raises(Conflict):
        Warehouse(stays.warehouse.root).held().__enter__()


def test_taking_one_is_in_the_trail(stays):
    stays.stays("A,2026-10-01,01,1,30,5,X1")
    manifest = stays.take()
    last = audit.entries(stays.conn)[0]
    assert (last.act, last.about["snapshot"]) == ("snapshot.taken", manifest.id)
