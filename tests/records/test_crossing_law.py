"""Law: whatever order files of two databases arrive in, what is found in the end follows from what is kept alone."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.records.crossed import Town

from lienthong.records.crossing import stored
from lienthong.records.intake import few
from lienthong.records.store import schema

START = datetime(2026, 11, 1, 1, tzinfo=UTC)
DAYS = st.sampled_from(["20260101", "20260102", "20260103"])
DOCTORS, PEOPLE = st.sampled_from(["L1", "L2", ""]), st.sampled_from(["p1", "p2", ""])
UNTIL = st.sampled_from(["", "20260101", "20260102"])
LICENCE = st.tuples(st.sampled_from(["L1", "L2"]), DAYS, UNTIL)
DEATH = st.tuples(st.sampled_from(["D1", "D2"]), st.sampled_from(["p1", "p2"]), DAYS)
VISIT = st.tuples(st.sampled_from(["v1", "v2", "v3"]), DOCTORS, PEOPLE, DAYS)


def files(kind, row, senders):
    unique = st.lists(row, min_size=1, max_size=3, unique_by=lambda one: one[0])
    return st.tuples(st.just(kind), st.sampled_from(senders), unique)


FILE = st.one_of(
    files("LICENCE", LICENCE, ["01000"]),
    files("DEATH", DEATH, ["01000"]),
    files("VISIT", VISIT, ["01999", "79001"]),
    files("VISIT", VISIT, ["01999", "79001"]),
)
COLUMNS = {
    "LICENCE": ("registers", "NR,SINCE,UNTIL"),
    "DEATH": ("registers", "NR,PERSON,DAY"),
    "VISIT": ("wards", "ID,DOC,PERSON,DAY"),
}


def expected(kept):
    """The findings that follow from the records kept: (rule, sender, key)."""
    licences = {key: row for (_, key), row in kept["LICENCE"].items()}
    deaths = [row for row in kept["DEATH"].values()]
    visits = kept["VISIT"]
    found = set()
    for (sender, key), (_, doctor, person, day) in visits.items():
        licence = licences.get(doctor)
        valid = licence and licence[1] <= day and (licence[2] or "99999999") >= day
        if licences and not valid:
            found.add(("T-LIC", sender, key))
        if any(person and row[1] == person and row[2] < day for row in deaths):
            found.add(("T-DEAD", sender, key))
        if doctor and any(
            other != sender and row[1] == doctor and row[3] == day
            for (other, _), row in visits.items()
        ):
            found.add(("T-TWO", sender, key))
    return found


@pytest.mark.parametrize(
    ("largest", "examples"), [(few.BYTES, 12), (-1, 5)], ids=["small", "large"]
)
def test_what_is_found_follows_from_what_is_kept(db, monkeypatch, largest, examples):
    monkeypatch.setattr(few, "BYTES", largest)
    home = Path(tempfile.mkdtemp(prefix="law-"))
    monkeypatch.setenv("LIENTHONG_HOME", str(home))
    town = Town(db, home)
    for contract in town.contracts.values():
        schema.ensure(town.conn, contract)

    @settings(max_examples=examples)
    @given(st.lists(st.tuples(FILE, st.booleans()), min_size=2, max_size=7))
    def law(acts):
        with db.connect("owner", autocommit=True) as owner:
            owner.execute(
                'TRUNCATE wards."VISIT", wards."VISIT_history", registers."LICENCE", registers."LICENCE_history",'
                ' registers."DEATH", registers."DEATH_history", records.crossing, records.crossing_due,'
                " records.crossing_gone, records.submission, records.finding, records.finding_count,"
                " records.quarantine, records.quarantine_act"
            )
            owner.execute("DELETE FROM records.count")
        stored._holding.clear()
        kept = {name: {} for name in COLUMNS}
        for place, ((name, sender, rows), looks) in enumerate(acts):
            contract, columns = COLUMNS[name]
            text = "\n".join([columns, *(",".join(row) for row in rows)]) + "\n"
            moment = START + timedelta(days=place)
            town.send(contract, f"{name}.csv", text, sender, received=moment)
            kept[name] |= {(sender, row[0]): row for row in rows}
            town.holds()
            if looks:
                town.again()
        town.again()
        town.holds()
        assert {one[:3] for one in town.found()} == expected(kept)
        masks = {
            (sender, key, failed is not None)
            for sender, key, failed in town.rows('SELECT _sender, _key, _failed FROM wards."VISIT"')
        }
        wrong = {(sender, key) for _, sender, key in expected(kept)}
        assert masks == {(*place, place in wrong) for place in kept["VISIT"]}

    law()
    town.conn.close()
    shutil.rmtree(home)
