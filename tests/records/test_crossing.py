"""Rules across databases through the real intake: whatever arrives first, the same findings and counts remain."""

from __future__ import annotations

import json
import uuid

import pytest
from tests.records.crossed import WARDS, Town

from lienthong.records import intake, quarantine, store
from lienthong.records.crossing import again, stored
from lienthong.records.crossing.reading import found_later
from lienthong.records.intake import few
from lienthong.records.intake.folders import as_submission
from lienthong.records.intake.single import RecordIntake

LICENCES = "NR,SINCE,UNTIL\nL1,20200101,\nL2,20200101,20251231\n"
DEATHS = "NR,PERSON,DAY\nD1,p2,20260105\n"
VISITS = "ID,DOC,PERSON,DAY\nv1,L1,p1,20260110\nv2,L2,p1,20260110\nv3,L1,p2,20260110\nv4,L9,p3,20260111\n"
ACTS = {
    "licences": ("registers", "LICENCE.csv", LICENCES, "01000"),
    "deaths": ("registers", "DEATH.csv", DEATHS, "01000"),
    "visits": ("wards", "VISIT.csv", VISITS, "01999"),
    "elsewhere": (
        "wards",
        "VISIT.csv",
        "ID,DOC,PERSON,DAY\nx1,L1,p9,20260111\nx2,L9,p8,20260111\n",
        "79001",
    ),
}
FOUND = {
    ("T-LIC", "01999", "v2", ("LICENCE L2",)),
    ("T-LIC", "01999", "v4", ()),
    ("T-LIC", "79001", "x2", ()),
    ("T-DEAD", "01999", "v3", ("DEATH D1",)),
    ("T-TWO", "01999", "v4", ("VISIT x2",)),
    ("T-TWO", "79001", "x2", ("VISIT v4",)),
}


@pytest.fixture
def town(cluster, template, tmp_path, monkeypatch):
    from tests.conftest import _create, _drop

    made = []

    def build(number=0, wards=WARDS):
        home = tmp_path / f"home{number}"
        home.mkdir()
        monkeypatch.setenv("LIENTHONG_HOME", str(home))
        name = f"test_{uuid.uuid4().hex[:12]}"
        made.append((Town(_create(cluster, name, template), home, wards), name))
        return made[-1][0]

    yield build
    for one, name in made:
        one.conn.close()
        _drop(cluster, name)


def play(town, order):
    for act in order:
        contract, name, text, sender = ACTS[act]
        done = town.send(contract, name, text, sender)
        assert done.state == "done", done
        town.holds()
    town.again()
    town.holds()


@pytest.mark.parametrize("largest", [few.BYTES, -1], ids=["small", "large"])
def test_the_order_of_arrival_does_not_matter(town, monkeypatch, largest):
    outcomes = []
    for number, order in enumerate(
        (
            ["licences", "deaths", "visits", "elsewhere"],
            ["visits", "elsewhere", "deaths", "licences"],
            ["elsewhere", "licences", "visits", "deaths"],
        )
    ):
        one = town(number)
        monkeypatch.setattr(few, "BYTES", largest)
        play(one, order)
        assert one.found() == FOUND
        outcomes.append(one.counted())
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0]["wards", "T-LIC|DOC"] == (6, 3, 0)


def test_a_finding_names_both_records_and_follows_the_other_side(town):
    one = town()
    play(one, ["licences", "deaths", "visits"])
    (line,) = one.rows("SELECT key, message, others FROM records.finding WHERE rule = 'T-DEAD'")
    assert line[0] == "v3" and "D1" in line[1]["en"]
    assert line[2] == [
        {"contract": "registers", "table": "DEATH", "root": "DEATH", "key": "D1", "sender": "01000", "personal": False}
    ]  # fmt: skip
    # The licence of v1 and v3 is revoked, that of v2 was written wrongly, and D1 was another person.
    one.send(
        "registers", "LICENCE.csv", "NR,SINCE,UNTIL\nL1,20200101,20251230\nL2,20200101,\n", "01000"
    )
    one.send("registers", "DEATH.csv", "NR,PERSON,DAY\nD1,p4,20260105\n", "01000")
    assert one.again() == 3
    one.holds()
    assert one.found() == {
        ("T-LIC", "01999", "v1", ("LICENCE L1",)),
        ("T-LIC", "01999", "v3", ("LICENCE L1",)),
        ("T-LIC", "01999", "v4", ()),
    }
    ended = one.rows("SELECT rule, key FROM records.crossing WHERE until IS NOT NULL ORDER BY 1, 2")
    assert ended == [("T-DEAD", "v3"), ("T-LIC", "v2")]
    assert one.again() == 0
    record = store.record(one.conn, one.contracts["wards"], "v1")
    assert [finding.message["en"] for finding in record.findings] == ["Licence L1 was not valid."]
    assert [other.key for finding in record.findings for other in finding.others] == ["L1"]
    receipt = one.rows("SELECT receipt FROM records.submission WHERE contract = 'wards'")[0][0]
    assert {(f.rule, f.key, f.until is None) for f in found_later(one.conn, receipt)} == {
        ("T-LIC", "v1", True), ("T-LIC", "v3", True), ("T-LIC", "v2", False), ("T-DEAD", "v3", False),
    }  # fmt: skip


def test_a_new_version_takes_its_findings_along(town):
    one = town()
    play(one, ["licences", "deaths", "visits"])
    one.send("wards", "VISIT.csv", "ID,DOC,PERSON,DAY\nv2,L1,p1,20260110\nv4,L2,p3,20260111\n")
    one.again()
    one.holds()
    assert one.found() == {
        ("T-DEAD", "01999", "v3", ("DEATH D1",)),
        ("T-LIC", "01999", "v4", ("LICENCE L2",)),
    }


def test_without_the_other_side_nobody_can_say(town):
    one = town()
    play(one, ["visits", "deaths"])
    assert one.counted()["wards", "T-LIC|DOC"] == (0, 0, 4)
    assert one.counted()["wards", "T-DEAD|PERSON"] == (4, 1, 0)


def test_everything_can_be_asked_again(town):
    one = town()
    play(one, ["visits", "elsewhere", "deaths", "licences"])
    before = one.counted()
    with one.db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE records.crossing SET until = now(), ended_by = 'test'")
    assert sum(again.recheck(one.conn, "wards", one.home)) == 6
    lines = one.rows("SELECT count(*) FROM records.crossing")
    assert sum(again.recheck(one.conn, "wards", one.home)) == 6
    assert one.rows("SELECT count(*) FROM records.crossing") == lines, (
        "what stays the same is not told anew"
    )
    one.holds()
    assert one.found() == FOUND
    assert one.counted() == before


def test_lines_of_a_visit_are_asked_with_their_visit(town, tmp_path):
    one = town()
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "VISIT.csv").write_text("ID,DOC,PERSON,DAY\nv1,L1,p1,20260110\nv2,L1,p1,20250110\n")
    (folder / "LINE.csv").write_text("ID,NR,DOC\nv1,1,L2\nv1,2,L1\nv2,1,L2\n")
    with as_submission(folder, one.home) as (data, name):
        given = intake.receive(
            one.conn, data, contract="wards", sender="01999", actor="mai", name=name, channel="test", home=one.home
        )  # fmt: skip
    intake.process(one.conn, given.receipt, home=one.home)
    play(one, ["licences", "deaths"])
    assert one.found() == {("T-LINE", "01999", "v1", ("LICENCE L2",))}


def test_what_changed_while_it_looked_is_looked_at_again(town):
    """A death notice that commits between the look of a visit and its keeping is not missed."""
    one = town()
    play(one, ["licences", "deaths", "elsewhere"])
    with one.db.connect(autocommit=True) as other:
        looked = other.execute("SELECT pg_current_snapshot()::text").fetchone()[0]
    one.send("registers", "DEATH.csv", "NR,PERSON,DAY\nD2,p1,20260101\n", "01000")
    one.again()
    one.send("wards", "VISIT.csv", "ID,DOC,PERSON,DAY\nv1,L1,p1,20260110\n")
    # As if the visit had looked before the notice was kept: its finding is not there yet.
    with one.db.connect("owner", autocommit=True) as owner:
        owner.execute(
            "UPDATE records.crossing_due SET looked = %s::pg_snapshot WHERE done_at IS NULL",
            [looked],
        )
        owner.execute("""UPDATE wards."VISIT" SET _failed = NULL WHERE _key = 'v1'""")
        owner.execute("DELETE FROM records.crossing WHERE key = 'v1'")
    assert one.again() == 1
    assert ("T-DEAD", "01999", "v1", ("DEATH D2",)) in one.found()


def test_posted_records_look_too(town):
    one = town()
    play(one, ["licences", "deaths"])
    with one.db.pool() as pool:
        line = RecordIntake(pool, one.home)
        try:
            for key, person in (("a", "p2"), ("b", "p1")):
                body = {"ID": key, "DOC": "L1", "PERSON": person, "DAY": "20260110"}
                done = line.submit(
                    json.dumps(body).encode(),
                    contract="wards",
                    sender="01999",
                    actor="his",
                    table="VISIT",
                )
                assert done.state == "done", done
        finally:
            line.close()
    one.holds()
    assert one.found() == {("T-DEAD", "01999", "a", ("DEATH D1",))}
    one.send("registers", "DEATH.csv", "NR,PERSON,DAY\nD1,p2,20260201\nD3,p1,20251231\n", "01000")
    assert one.again()
    one.holds()
    assert one.found() == {("T-DEAD", "01999", "b", ("DEATH D3",))}


def test_many_keys_are_copied_before_they_are_asked(town, monkeypatch):
    monkeypatch.setattr(stored, "AT_ONCE", 1)
    monkeypatch.setattr(few, "BYTES", -1)
    one = town()
    play(one, ["licences", "deaths", "elsewhere", "visits"])
    assert one.found() == FOUND


def test_a_database_that_does_not_answer_in_time_is_unknown_until_it_does(town, monkeypatch):
    one = town()
    play(one, ["licences", "deaths"])
    monkeypatch.setattr(stored.StoredOthers, "_questions", _too_late)
    one.send(*ACTS["visits"])
    one.holds()
    assert one.found() == set()
    assert one.counted()["wards", "T-DEAD|PERSON"] == (0, 0, 4)
    monkeypatch.undo()
    one.again()
    one.send(*ACTS["elsewhere"])
    one.again()
    one.holds()
    assert one.found() == FOUND


def _too_late(self, *asked):
    self._conn.execute("SET LOCAL statement_timeout = 1")
    self._conn.execute("SELECT pg_sleep(5)")


@pytest.mark.parametrize("largest", [few.BYTES, -1], ids=["small", "large"])
def test_what_an_error_held_back_is_let_go_when_the_other_side_arrives(town, monkeypatch, largest):
    monkeypatch.setattr(few, "BYTES", largest)
    one = town(wards=WARDS.replace("severity: warning", "severity: error", 1))
    play(one, ["licences", "deaths", "visits"])
    entries = one.rows("SELECT key, causes FROM records.quarantine WHERE state = 'open' ORDER BY 1")
    assert entries == [("v2", ["T-LIC|DOC"]), ("v4", ["T-LIC|DOC"])]
    ((number,),) = one.rows("SELECT id FROM records.quarantine WHERE key = 'v2'")
    (finding,) = quarantine.findings(one.conn, quarantine.entry(one.conn, number))
    assert [other.key for other in finding.others] == ["L2"] and "L2" in finding.message["en"]
    one.send("registers", "LICENCE.csv", "NR,SINCE,UNTIL\nL9,20200101,\n", "01000")
    one.again()
    one.holds()
    assert one.rows("SELECT key FROM records.quarantine WHERE state = 'open'") == [("v2",)]
    assert {key for (key,) in one.rows('SELECT "ID" FROM wards."VISIT"')} == {"v1", "v3", "v4"}
    assert not one.rows(
        "SELECT 1 FROM records.submission WHERE received <> kept + unchanged + quarantined"
    )


def test_a_file_that_is_gone_through_at_once_looks_too(town, monkeypatch):
    """More rows than are judged one by one, in a file whose rows are not numbered before they are checked."""
    monkeypatch.setattr(few, "BYTES", -1)
    one = town()
    play(one, ["licences", "deaths"])
    lines = [f"v{at},L{1 + at % 2},p{at % 3},20260110" for at in range(700)]
    done = one.send("wards", "VISIT.csv", "\n".join(["ID,DOC,PERSON,DAY", *lines]) + "\n")
    assert done.kept == 700
    one.send("wards", "VISIT.csv", "ID,DOC,PERSON,DAY\nx1,L1,p0,20260110\n", "79001")
    one.again()
    one.holds()
    found = [rule for rule, _, _, _ in one.found()]
    assert {rule: found.count(rule) for rule in found} == {
        "T-LIC": 350,
        "T-DEAD": 233,
        "T-TWO": 351,
    }


def test_what_waits_in_quarantine_is_judged_too_once_it_can_be(town):
    """A visit without a key waits and is counted; the register that comes later says something of it as well."""
    outcomes = []
    for number, late in enumerate((False, True)):
        one = town(number)
        play(one, ["deaths"] if late else ["deaths", "licences"])
        one.send("wards", "VISIT.csv", "ID,DOC,PERSON,DAY\n,L2,p1,20260110\nv1,L1,p1,20260110\n")
        play(one, ["licences"] if late else [])
        outcomes.append(one.counted())
    assert outcomes[0] == outcomes[1]
    assert outcomes[0]["wards", "T-LIC|DOC"] == (2, 1, 0)
