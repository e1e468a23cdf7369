"""A waiting row that is checked again without the rows it came with: what they said stays, and nothing is invented."""

from __future__ import annotations

import pytest
from tests.formats.making import envelope, file

from lienthong.contracts.reading import parse_contract
from lienthong.records import intake, quarantine
from lienthong.records.intake import few
from lienthong.records.intake.folders import as_submission
from lienthong.records.store import counts

STAFF = """\
apiVersion: v3.2.0
kind: DataContract
id: staff
name: staff
version: 1.0.0
status: active
schema:
  - name: PEOPLE
    properties:
      - {name: NR, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: NAME, logicalType: string, required: true}
  - name: POSTS
    properties:
      - {name: POST, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
      - name: PERSON
        logicalType: string
        relationships:
          - {to: PEOPLE.NR}
      - {name: HOURS, logicalType: integer}
"""
PEOPLE = "NR,NAME\nP1,Lan\nP2,\n"
POSTS = "POST,PERSON,HOURS\na,P1,40\nb,P1,many\nc,P9,40\n"
HOURS, LOST = "POSTS.HOURS.type|HOURS", "POSTS.PERSON.reference|PERSON"
NAMELESS = "PEOPLE.NAME.required|NAME"


def told(desk, home, tmp_path):
    """A file of two people, one without a name, and three posts: one right, one unreadable, one of nobody."""
    (home / "contracts" / "staff.odcs.yaml").write_text(STAFF, encoding="utf-8")
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "PEOPLE.csv").write_text(PEOPLE)
    (folder / "POSTS.csv").write_text(POSTS)
    with as_submission(folder, home) as (data, name):
        given = intake.receive(
            desk.conn, data, contract="staff", sender="01999", actor="mai", name=name, channel="test", home=home
        )  # fmt: skip
    intake.process(desk.conn, given.receipt, home=home)
    return waiting(desk)


def waiting(desk) -> dict[str, tuple[int, list[str], dict[str, tuple[int, int]]]]:
    """Key to id, causes and (failed, position) of what waits."""
    return {
        line.key: (line.id, line.causes) for line in quarantine.entries(desk.conn, contract="staff")
    }


def counted(desk) -> dict[str, tuple[int, int, int]]:
    """Rule to checked, failed, unknown; the counts are what the masks say."""
    own = parse_contract(STAFF.encode(), "staff.odcs.yaml")
    assert counts.counted(desk.conn, own) == counts.recompute(desk.conn, own)
    return {
        rule: tuple(map(int, rest))
        for rule, *rest in desk.rows(
            "SELECT rule, sum(checked), sum(failed), sum(unknown) FROM records.count WHERE contract = 'staff'"
            " AND rule = ANY(%s) GROUP BY 1",
            [HOURS, LOST, NAMELESS],
        )
    }


def test_nobody_is_accused_of_lacking_what_came_beside_it(desk, home, tmp_path):
    before = told(desk, home, tmp_path)
    assert {key: causes for key, (_, causes) in before.items()} == {
        "P2": [NAMELESS],
        "b": [HOURS],
        "c": [LOST],
    }
    numbers = counted(desk)
    assert numbers == {HOURS: (3, 1, 0), LOST: (3, 1, 0), NAMELESS: (2, 1, 0)}
    again = quarantine.replay(desk.conn, [id for id, _ in before.values()], "crossing", home=home)
    assert set(again.waiting) == {id for id, _ in before.values()} and not again.kept
    assert waiting(desk) == before
    assert counted(desk) == numbers
    findings = quarantine.findings(desk.conn, quarantine.entry(desk.conn, before["c"][0]))
    assert [(f.rule, f.row) for f in findings] == [("POSTS.PERSON.reference", 2)]
    assert quarantine.replay(desk.conn, [before["c"][0]], "lan", home=home).waiting


def test_what_was_right_beside_others_is_kept_once_its_own_fault_is_mended(desk, home, tmp_path):
    before = told(desk, home, tmp_path)
    quarantine.mend(desk.conn, before["b"][0], {"POSTS": {1: {"HOURS": "20"}}}, "lan")
    assert quarantine.replay(desk.conn, [before["b"][0]], "lan", home=home).kept == (
        before["b"][0],
    )
    assert counted(desk)[HOURS] == (3, 0, 0)


def test_a_mended_reference_is_asked_no_more(desk, home, tmp_path):
    before = told(desk, home, tmp_path)
    quarantine.mend(desk.conn, before["c"][0], {"POSTS": {2: {"PERSON": "P1"}}}, "lan")
    assert quarantine.replay(desk.conn, [before["c"][0]], "lan", home=home).kept == (
        before["c"][0],
    )
    assert counted(desk)[LOST] == (
        2,
        0,
        1,
    )  # whether P1 is there nobody can say from this row alone


IN_MESSAGES = """\
    customProperties:
      - {property: xml, value: {loai: '71', root: DS_POSTS, list: DS_POSTS, row: ONE}}
"""


@pytest.mark.parametrize("largest", [few.BYTES, -1], ids=["small", "large"])
def test_a_message_is_not_asked_for_tables_that_no_message_holds(desk, home, monkeypatch, largest):
    """Registrations come as envelopes, the people never do: whether these are there nobody can say."""
    monkeypatch.setattr(few, "BYTES", largest)
    (home / "contracts" / "staff.odcs.yaml").write_text(STAFF + IN_MESSAGES, encoding="utf-8")
    row = "<DS_POSTS><ONE><POST>a</POST><PERSON>P1</PERSON><HOURS>40</HOURS></ONE></DS_POSTS>"
    given = intake.receive(
        desk.conn, envelope(f"<HOSO>{file('71', row)}</HOSO>").encode(), contract="staff", sender="01999",
        actor="mai", name="posts.xml", channel="test", home=home,
    )  # fmt: skip
    found = intake.process(desk.conn, given.receipt, home=home)
    assert (found.kept, found.quarantined) == (1, 0)
    ((checked, failed, unknown),) = desk.rows(
        "SELECT checked, failed, unknown FROM records.count WHERE rule = %s", LOST
    )
    assert (checked, failed, unknown) == (0, 0, 1)
