"""Laws over any sequence of submissions: received = kept + unchanged + quarantined, and the store is what was sent.

A plain model in Python keeps what the last fit version of each record was; after every act the store must agree with
it, now and as of every moment before, and the counts must be those of the stored masks.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.errors import NotFound
from lienthong.records import quarantine, store
from lienthong.records.intake import few

START = datetime(2026, 11, 1, 1, tzinfo=UTC)
KEYS = ("a", "b", "c")

ROW = st.tuples(
    st.sampled_from((*KEYS, "")),
    st.sampled_from(("1", "2", "9", "")),
    st.sampled_from(("20", "120", "x", "-1", "")),
    st.sampled_from(("5", "7.5", "Ậ")),
)
FILE = st.tuples(
    st.just("send"),
    st.sampled_from(("01999", "79001")),
    st.lists(ROW, min_size=1, max_size=5),
    st.booleans(),
)
MEND = st.tuples(
    st.just("mend"), st.sampled_from(("1", "9")), st.sampled_from(("33", "x")), st.booleans()
)
ABANDON = st.tuples(st.just("abandon"))
ACTS = st.lists(st.one_of(FILE, FILE, MEND, ABANDON), min_size=1, max_size=6)


def fit(row):
    key, sex, age, total = row
    return bool(key) and sex != "9" and age in ("20", "33", "120", "") and total in ("5", "7.5", "")


def shown(row):
    _, sex, age, total = row
    return (sex or None, int(age) if age else None, float(total) if total else None)


class Model:
    """What the store should know: (sender, key) to the fit versions with the moment from which they hold."""

    def __init__(self):
        self.versions: dict[tuple[str, str], list[tuple[datetime, tuple]]] = {}
        self.sent: dict[tuple[str, tuple], str] = {}

    def now(self, sender):
        return {key: those[-1][1] for (who, key), those in self.versions.items() if who == sender}

    def keep(self, sender, key, cells, moment):
        """Says whether the record is new or changed."""
        those = self.versions.setdefault((sender, key), [])
        if those and those[-1][1] == cells:
            return False
        those.append((moment, cells))
        return True

    def expect(self, sender, rows, moment):
        """received, kept, unchanged, quarantined of a file; the key is declared unique."""
        keys = [row[0] for row in rows]
        kept = unchanged = 0
        for row in rows:
            if fit(row) and keys.count(row[0]) == 1:
                changed = self.keep(sender, row[0], shown(row), moment)
                kept, unchanged = kept + changed, unchanged + (not changed)
        return len(rows), kept, unchanged, len(rows) - kept - unchanged


def send(desk, trial, model, act, moment):
    _, sender, rows, test = act
    given = desk.receive(trial.csv(*rows), sender=sender, received=moment, test=test)
    if given.again:
        assert given.receipt == model.sent[sender, tuple(rows)]
        return
    done = desk.process(given.receipt)
    before = {key: list(value) for key, value in model.versions.items()}
    numbers = model.expect(sender, rows, moment)
    if test:
        model.versions = before
    else:
        model.sent[sender, tuple(rows)] = given.receipt
    assert (done.received, done.kept, done.unchanged, done.quarantined) == numbers


def mend(desk, model, act, home):
    _, sex, age, all_of_them = act
    lines = quarantine.entries(desk.conn)
    lines = lines if all_of_them else lines[:1]
    for line in lines:
        (row,) = quarantine.entry(desk.conn, line.id).rows["VISIT"]
        quarantine.mend(
            desk.conn, line.id, {"VISIT": {row["row"]: {"SEX": sex, "AGE": age}}}, "lan"
        )
    entries = {line.id: quarantine.entry(desk.conn, line.id) for line in lines}
    moment = datetime.now(UTC)
    outcome = quarantine.replay(desk.conn, list(entries), "lan", home=home)
    assert sorted([*outcome.kept, *outcome.unchanged, *outcome.waiting]) == sorted(entries)
    for id, entry in entries.items():
        cells = entry.cells()["VISIT"][0]["cells"]
        row = tuple(cells[name] or "" for name in ("ID", "SEX", "AGE", "TOTAL"))
        if id in outcome.waiting:
            continue
        assert fit(row)
        changed = model.keep(entry.sender, row[0], shown(row), moment)
        assert id in (outcome.kept if changed else outcome.unchanged)


def agrees(desk, model, contract):
    desk.law_holds()
    desk.counts_hold()
    for sender in ("01999", "79001"):
        assert desk.visits(sender) == model.now(sender)
    for (sender, key), versions in model.versions.items():
        known = store.versions(desk.conn, contract, key, sender=sender)
        assert len(known) == len(versions)
        for at, cells in versions:
            later = at + timedelta(seconds=1) if at < START + timedelta(days=30) else None
            found = store.record(desk.conn, contract, key, sender=sender, as_of=later)
            row = found.rows["VISIT"][0]
            if later is not None:
                assert (row["SEX"], row["AGE"], row["TOTAL"]) == cells
        try:
            store.record(desk.conn, contract, key, sender=sender, as_of=START - timedelta(days=1))
        except NotFound:
            continue
        raise AssertionError("a record was known before it was sent")


@pytest.mark.parametrize(
    ("largest", "examples"), [(few.BYTES, 15), (-1, 6)], ids=["small", "large"]
)
def test_any_sequence_of_submissions(db, trial, contract, monkeypatch, largest, examples):
    """Each sequence begins with an empty store; the way of small submissions and that of large ones."""
    from lienthong.records.store import schema

    monkeypatch.setattr(few, "BYTES", largest)

    @settings(max_examples=examples)
    @given(ACTS)
    def law(acts):
        home = Path(tempfile.mkdtemp(prefix="law-"))
        desk = trial.Desk(db, home, contract)
        schema.ensure(desk.conn, contract)
        with db.connect("owner", autocommit=True) as owner:
            owner.execute(
                'TRUNCATE trial."VISIT", trial."VISIT_history", records.submission, records.finding,'
                " records.finding_count, records.quarantine, records.quarantine_act, records.blob"
            )
            owner.execute("DELETE FROM records.count")
        model = Model()
        for place, act in enumerate(acts):
            if act[0] == "send":
                send(desk, trial, model, act, START + timedelta(days=place))
            elif act[0] == "mend":
                mend(desk, model, act, home)
            else:
                for line in quarantine.entries(desk.conn)[:1]:
                    quarantine.abandon(desk.conn, line.id, "no", "lan")
            agrees(desk, model, contract)
        desk.conn.close()
        shutil.rmtree(home)

    law()
