"""What waits in quarantine: listed by cause, mended beside the original, replayed alone, or given up."""

from __future__ import annotations

import pytest

from lienthong import audit
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.records import intake, lineage, quarantine, store


@pytest.fixture
def waiting(desk, trial):
    """Four visits, two of them wrong: b has a wrong sex, c an age that is no number."""
    rows = (("a", 1, 20, 5.5), ("b", 3, 20, 1), ("c", 2, "x", 1), ("d", 1, 30, 2))
    given = desk.send(trial.csv(*rows), received=trial.moment("2026-11-20T10:00:00"))
    entries = {line.key: line.id for line in quarantine.entries(desk.conn)}
    return given, entries


def test_causes_are_counted_and_named(desk, trial, waiting):
    desk.send(trial.csv(("e", 4, 20, 1)), sender="79001")
    causes = quarantine.causes(desk.conn)
    assert [(c.key, c.count) for c in causes] == [
        ("VISIT.SEX.enum|SEX", 2),
        ("VISIT.AGE.type|AGE", 1),
    ]
    assert causes[0].sentence["vi"] == "SEX phải là một trong: 1, 2."
    assert [c.count for c in quarantine.causes(desk.conn, sender="79001")] == [1]
    listed = quarantine.entries(desk.conn, cause="VISIT.SEX.enum|SEX")
    assert [line.key for line in listed] == ["b", "e"]
    assert quarantine.entries(desk.conn, after=listed[0].id, sender="01999")[0].key == "c"


def test_an_entry_shows_its_findings_beside_its_cells(desk, waiting):
    entry = quarantine.entry(desk.conn, waiting[1]["c"])
    assert entry.rows == {
        "VISIT": [{"row": 2, "cells": {"ID": "c", "SEX": "2", "AGE": "x", "TOTAL": "1"}}]
    }
    found = quarantine.findings(desk.conn, entry)
    assert [(f.rule, f.table, f.row, f.field) for f in found] == [
        ("VISIT.AGE.type", "VISIT", 2, "AGE")
    ]
    with pytest.raises(NotFound):
        quarantine.entry(desk.conn, 10_000)


def test_a_mended_cell_is_kept_apart_and_replayed_alone(desk, home, contract, waiting):
    given, ids = waiting
    quarantine.mend(desk.conn, ids["c"], {"VISIT": {2: {"AGE": "33"}}}, "lan")
    outcome = quarantine.replay(desk.conn, [ids["c"]], "lan", home=home)
    assert outcome == quarantine.Replayed(kept=(ids["c"],))
    entry = quarantine.entry(desk.conn, ids["c"])
    assert entry.state == "mended" and entry.closed_by == given.receipt
    assert entry.rows["VISIT"][0]["cells"]["AGE"] == "x"
    assert entry.cells()["VISIT"][0]["cells"]["AGE"] == "33"
    record = store.record(desk.conn, contract, "c")
    assert record.rows["VISIT"] == [{"ID": "c", "SEX": "2", "AGE": 33, "TOTAL": 1.0}]
    assert record.receipt == given.receipt
    assert record.since > given.received_at  # before that the store did not know it
    after = intake.submission(desk.conn, given.receipt)
    assert (after.received, after.kept, after.unchanged, after.quarantined) == (4, 3, 0, 1)
    assert [(act.actor, act.act) for act in quarantine.history(desk.conn, ids["c"])] == [
        ("lan", "cells"),
        ("lan", "replayed"),
    ]
    origin = lineage.origin(desk.conn, contract, record)
    assert origin.entry == ids["c"] and origin.submission.receipt == given.receipt
    acts = [entry.act for entry in audit.entries(desk.conn) if entry.actor == "lan"]
    assert sorted(acts) == ["quarantine.cells", "quarantine.replayed"]
    desk.counts_hold()


def test_what_is_still_wrong_goes_on_waiting_with_its_new_findings(desk, home, waiting):
    _, ids = waiting
    quarantine.mend(desk.conn, ids["c"], {"VISIT": {2: {"AGE": "33", "SEX": "7"}}}, "lan")
    outcome = quarantine.replay(desk.conn, list(ids.values()), "lan", home=home)
    assert outcome == quarantine.Replayed(waiting=(ids["b"], ids["c"]))
    entry = quarantine.entry(desk.conn, ids["c"])
    assert entry.state == "open" and entry.causes == ["VISIT.SEX.enum|SEX"]
    assert [(f.rule, f.row) for f in quarantine.findings(desk.conn, entry)] == [
        ("VISIT.SEX.enum", 2)
    ]
    desk.counts_hold()


def test_an_edit_can_be_taken_back(desk, waiting):
    _, ids = waiting
    quarantine.mend(desk.conn, ids["b"], {"VISIT": {1: {"SEX": "2"}}}, "lan")
    assert quarantine.mend(desk.conn, ids["b"], {"VISIT": {1: {"SEX": "3"}}}, "lan").edits is None


@pytest.mark.parametrize(
    "cells",
    [
        {"VISIT": {1: {"NAME": "x"}}},
        {"VISIT": {7: {"SEX": "1"}}},
        {"LINE": {1: {"SUM": "1"}}},
        {"VISIT": {1: {"SEX": "1\x00"}}},
    ],
)
def test_only_cells_that_the_entry_has_can_be_mended(desk, waiting, cells):
    with pytest.raises(Refused):
        quarantine.mend(desk.conn, waiting[1]["b"], cells, "lan")
    assert quarantine.entry(desk.conn, waiting[1]["b"]).edits is None


def test_an_entry_is_abandoned_with_a_reason_and_leaves_the_counts(desk, waiting, home):
    given, ids = waiting
    with pytest.raises(Refused):
        quarantine.abandon(desk.conn, ids["b"], "  ", "lan")
    assert quarantine.abandon(desk.conn, ids["b"], "sent by mistake", "lan").state == "abandoned"
    assert (
        desk.one("SELECT checked FROM records.count WHERE rule = '*' AND table_name = 'VISIT'") == 3
    )
    with pytest.raises(Conflict):
        quarantine.mend(desk.conn, ids["b"], {"VISIT": {1: {"SEX": "2"}}}, "lan")
    with pytest.raises(Conflict):
        quarantine.abandon(desk.conn, ids["b"], "again", "lan")
    assert quarantine.replay(desk.conn, [ids["b"]], "lan", home=home) == quarantine.Replayed()
    after = intake.submission(desk.conn, given.receipt)
    assert (after.kept, after.quarantined) == (2, 2)
    desk.counts_hold()


def test_a_corrected_file_closes_the_entries_of_its_keys(desk, trial, waiting, home):
    given, ids = waiting
    sent = quarantine.mend_by_file(
        desk.conn,
        trial.csv(("b", 2, 20, 1), ("c", 2, "y", 1)).encode(),
        contract="trial",
        sender="01999",
        actor="lan",
        name="VISIT.csv",
        home=home,
    )
    assert (sent.kept, sent.quarantined) == (1, 1)
    states = {key: quarantine.entry(desk.conn, id) for key, id in ids.items()}
    assert (states["b"].state, states["b"].closed_by) == ("mended", sent.receipt)
    assert (states["c"].state, states["c"].closed_by) == ("superseded", sent.receipt)
    assert [line.key for line in quarantine.entries(desk.conn)] == ["c"]
    assert intake.submission(desk.conn, given.receipt).quarantined == 2
    desk.law_holds()
    desk.counts_hold()


def test_a_replay_replaces_the_version_that_was_kept_before(desk, trial, home, contract):
    desk.send(trial.csv(("a", 1, 20, 1)), received=trial.moment("2026-11-19T10:00:00"))
    desk.send(trial.csv(("a", 1, "zz", 2)), received=trial.moment("2026-11-20T10:00:00"))
    assert store.record(desk.conn, contract, "a").version == 1
    (line,) = quarantine.entries(desk.conn)
    quarantine.mend(desk.conn, line.id, {"VISIT": {0: {"AGE": "21"}}}, "lan")
    assert quarantine.replay(desk.conn, [line.id], "lan", home=home).kept == (line.id,)
    record = store.record(desk.conn, contract, "a")
    assert (record.version, record.rows["VISIT"][0]["TOTAL"]) == (2, 2.0)
    desk.counts_hold()


def test_a_mend_back_to_what_is_kept_is_unchanged(desk, trial, home):
    desk.send(trial.csv(("a", 1, 20, 1)))
    given = desk.send(trial.csv(("a", 5, 20, 1)))
    (line,) = quarantine.entries(desk.conn)
    quarantine.mend(desk.conn, line.id, {"VISIT": {0: {"SEX": "1"}}}, "lan")
    assert quarantine.replay(desk.conn, [line.id], "lan", home=home).unchanged == (line.id,)
    after = intake.submission(desk.conn, given.receipt)
    assert (after.kept, after.unchanged, after.quarantined) == (0, 1, 0)
    desk.counts_hold()


def test_a_row_that_the_reader_had_trouble_with_is_settled_by_mending_it(desk, trial, home):
    given = desk.send("ID,SEX,AGE,TOTAL\na,1,20\nb,1,20,1\n")
    assert (given.kept, given.quarantined) == (1, 1)
    (line,) = quarantine.entries(desk.conn)
    assert "FILE-01|" in line.causes
    assert quarantine.replay(desk.conn, [line.id], "lan", home=home).waiting == (line.id,)
    quarantine.mend(desk.conn, line.id, {"VISIT": {0: {"TOTAL": "4"}}}, "lan")
    assert quarantine.replay(desk.conn, [line.id], "lan", home=home).kept == (line.id,)
    desk.counts_hold()


def test_several_entries_are_replayed_together(desk, trial, home):
    desk.send(trial.csv(*((f"k{at}", 3, 20, at) for at in range(30))))
    ids = [line.id for line in quarantine.entries(desk.conn)]
    for place, id in enumerate(ids[:20]):
        quarantine.mend(desk.conn, id, {"VISIT": {place: {"SEX": "2"}}}, "lan")
    outcome = quarantine.replay(desk.conn, ids, "lan", home=home)
    assert outcome == quarantine.Replayed(kept=tuple(ids[:20]), waiting=tuple(ids[20:]))
    assert desk.visits()["k7"] == ("2", 20, 7.0)
    desk.law_holds()
    desk.counts_hold()


def test_a_receipt_tells_by_which_later_receipt_its_entries_were_settled(desk, trial, waiting):
    given, ids = waiting
    assert quarantine.settled(desk.conn, given.receipt) == []
    quarantine.mend(desk.conn, ids["b"], {"VISIT": {1: {"SEX": "7"}}}, "lan")
    later = desk.send(
        trial.csv(("b", 2, 20, 1), ("c", 2, "y", 1)), received=trial.moment("2026-11-21T10:00:00")
    )
    told = {one.state: one for one in quarantine.settled(desk.conn, given.receipt)}
    assert {state: (one.closed_by, one.count) for state, one in told.items()} == {
        "mended": (later.receipt, 1),
        "superseded": (later.receipt, 1),
    }
    lines = quarantine.entries(desk.conn, receipt=given.receipt, state=None)
    assert {(line.key, line.state, line.closed_by) for line in lines} == {
        ("b", "mended", later.receipt),
        ("c", "superseded", later.receipt),
    }
    assert all(line.closed_at is not None for line in lines)
    assert quarantine.settled(desk.conn, later.receipt) == []


def test_what_people_mended_or_gave_up_is_told_too(desk, home, waiting):
    given, ids = waiting
    quarantine.mend(desk.conn, ids["b"], {"VISIT": {1: {"SEX": "1"}}}, "lan")
    quarantine.replay(desk.conn, [ids["b"]], "lan", home=home)
    quarantine.abandon(desk.conn, ids["c"], "sent by mistake", "lan")
    # What was mended by hand has moved to what the receipt kept: it is not "in quarantine" any more.
    (one,) = quarantine.settled(desk.conn, given.receipt)
    assert (one.state, one.closed_by, one.count) == ("abandoned", None, 1)


MANY = 3000
"""More rows than are judged one by one: the corrected file goes through the batch engine."""


def test_a_large_corrected_file_settles_every_entry_and_keeps_what_was_sent(desk, trial, home):
    wrong = desk.send(trial.csv(*((f"k{at}", 3, 20, at) for at in range(MANY))))
    assert (wrong.kept, wrong.quarantined) == (0, MANY)
    right = trial.csv(*((f"k{at}", 1 + (at % 10 == 0) * 6, 20, at) for at in range(MANY)))
    with (home / "corrected.csv").open("w+b") as file:
        file.write(right.encode())
        file.seek(0)
        sent = quarantine.mend_by_file(
            desk.conn, file, contract="trial", sender="01999", actor="lan", name="VISIT.csv", home=home
        )  # fmt: skip
    assert (sent.received, sent.kept, sent.quarantined) == (MANY, MANY * 9 // 10, MANY // 10)
    told = {one.state: one for one in quarantine.settled(desk.conn, wrong.receipt)}
    assert {state: (one.closed_by, one.count) for state, one in told.items()} == {
        "mended": (sent.receipt, MANY * 9 // 10),
        "superseded": (sent.receipt, MANY // 10),
    }
    # Every entry still shows its row as it came, and who settled it.
    for line in quarantine.entries(desk.conn, receipt=wrong.receipt, state=None, limit=40):
        entry = quarantine.entry(desk.conn, line.id)
        assert entry.rows["VISIT"][0]["cells"]["SEX"] == "3"
        (act,) = [act.act for act in quarantine.history(desk.conn, line.id)] or [entry.state]
        assert act == entry.state
    assert len(quarantine.entries(desk.conn, limit=MANY)) == MANY // 10
    desk.law_holds()
    desk.counts_hold()


@pytest.mark.parametrize("extra", [0, MANY], ids=["few", "many"])
def test_lines_without_their_visit_wait_with_all_that_was_sent(desk, trial, home, extra):
    """Orphans: lines of a visit that no file holds, alone and among many."""
    lines = [("v1", "1", "5"), ("v1", "2", "6")] + [(f"w{at}", "1", "1") for at in range(extra)]
    given = desk.send(trial.csv(*lines, columns="ID,NR,SUM"), name="LINE.csv")
    units = 1 + extra
    assert (given.received, given.kept, given.quarantined) == (units, 0, units)
    (first, *_) = quarantine.entries(desk.conn)
    entry = quarantine.entry(desk.conn, first.id)
    assert [row["cells"]["NR"] for row in entry.rows["LINE"]] == ["1", "2"]
    assert {f.rule for f in quarantine.findings(desk.conn, entry)} == {"STORE-04"}
    # Asked again alone they are still without their visit, and nothing of them is lost.
    assert quarantine.replay(desk.conn, [first.id], "lan", home=home).waiting == (first.id,)
    again = quarantine.entry(desk.conn, first.id)
    assert (again.rows, again.state) == (entry.rows, "open")
    desk.law_holds()
    desk.counts_hold()
