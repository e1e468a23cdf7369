"""A record whose identity key is wrong is kept, raises the alarm and is passed on to nobody before it is right."""

from __future__ import annotations

import msgspec
import pytest
from tests.quality.test_tickets import TODAY
from tests.records.conftest import CONTRACT, Desk, csv, read

from lienthong import clock
from lienthong.access import Actor
from lienthong.errors import Conflict
from lienthong.quality.tickets import ticket, upkeep
from lienthong.records import intake, quarantine
from lienthong.records.store import reading
from lienthong.records.store.withheld import hide, pass_on

WITH_NUMBER = CONTRACT.replace(
    "      - {name: AGE,",
    "      - name: NR\n        logicalType: string\n"
    "        customProperties: [{property: identityRole, value: person_number}]\n"
    "        quality:\n"
    '          - {id: NR-1, type: custom, engine: lienthong, implementation: "length(NR) <> 12",\n'
    "             dimension: accuracy, severity: warning}\n"
    '          - {id: NR-2, type: custom, engine: lienthong, implementation: "NR IS NULL",\n'
    "             dimension: completeness, severity: warning}\n"
    "      - {name: AGE,",
    1,
)
GOOD, BAD = "001099000001", "12345"
COLUMNS = "ID,SEX,NR,AGE"


@pytest.fixture
def desk(fresh_db, home):
    made = Desk(fresh_db, home, read(WITH_NUMBER))
    (home / "contracts" / "trial.odcs.yaml").write_text(WITH_NUMBER, encoding="utf-8")
    yield made
    made.conn.close()


def withheld(desk: Desk) -> set[str]:
    return {
        row[0] for row in desk.rows("SELECT key FROM records.withheld WHERE contract = 'trial'")
    }


def told(desk: Desk) -> list[tuple[str, int]]:
    """The feed: (key, version) in its order."""
    return desk.rows("SELECT key, version FROM records.change ORDER BY position")


def test_a_wrong_number_is_kept_and_not_passed_on_until_it_is_right(desk):
    done = desk.send(csv(("a", 1, BAD, 30), ("b", 1, GOOD, 30), columns=COLUMNS))
    assert (done.kept, done.quarantined) == (2, 0)
    assert withheld(desk) == {"a"}
    assert told(desk) == [("b", 1)]
    upkeep.keep_up(desk.conn)
    (alert,) = ticket.listed(desk.conn, today=TODAY, show="alert")
    assert (alert.rule, alert.field, alert.open_rows) == ("NR-1", "NR", 1)

    desk.send(csv(("a", 1, GOOD, 30), columns=COLUMNS))
    assert withheld(desk) == set()
    assert told(desk) == [("b", 1), ("a", 2)]
    upkeep.keep_up(desk.conn)
    assert ticket.listed(desk.conn, today=TODAY, show="alert") == []


def test_what_was_passed_on_and_becomes_wrong_is_not_passed_on_again(desk):
    desk.send(csv(("a", 1, GOOD, 30), columns=COLUMNS))
    desk.send(csv(("a", 1, BAD, 30), columns=COLUMNS))
    assert withheld(desk) == {"a"}
    assert told(desk) == [("a", 1)]


def test_a_number_that_may_be_missing_is_no_alarm(desk):
    desk.send(csv(("a", 1, None, 30), columns=COLUMNS))
    assert withheld(desk) == set()
    upkeep.keep_up(desk.conn)
    assert ticket.listed(desk.conn, today=TODAY, show="alert") == []
    assert [one.rule for one in ticket.listed(desk.conn, today=TODAY)] == ["NR-2"]


def test_the_batch_engine_withholds_the_same(desk, monkeypatch):
    monkeypatch.setattr(intake.few, "BYTES", 0)
    desk.send(csv(("a", 1, BAD, 30), ("b", 1, GOOD, 30), columns=COLUMNS))
    assert (withheld(desk), told(desk)) == ({"a"}, [("b", 1)])
    desk.send(csv(("a", 1, GOOD, 30), ("b", 1, BAD, 31), columns=COLUMNS))
    assert (withheld(desk), told(desk)) == ({"b"}, [("b", 1), ("a", 2)])


def test_a_record_that_leaves_quarantine_with_a_wrong_number_is_withheld(desk):
    desk.send(csv(("a", 9, BAD, 30), columns=COLUMNS))
    assert withheld(desk) == set(), "in quarantine it is passed on to nobody anyway"
    (line,) = quarantine.entries(desk.conn)
    quarantine.mend(desk.conn, line.id, {"VISIT": {0: {"SEX": "1"}}}, "lan")
    assert quarantine.replay(desk.conn, [line.id], "lan", home=desk.home).kept == (line.id,)
    assert (withheld(desk), told(desk)) == ({"a"}, [])


SENDER = Actor(id="t", kind="sender", roles=("sender",), facility="01999", province="01")
OWNER = Actor(id="o", kind="person", roles=("database_owner",))
PROVINCE = Actor(id="p", kind="person", roles=("province_officer",), province="01")
SUBSCRIBER = Actor(id="s", kind="sender", roles=("subscriber",), facility="BHXH")


def test_who_reads_a_withheld_record_and_who_is_told_only_why(desk):
    desk.send(csv(("a", 1, GOOD, 30), columns=COLUMNS))
    right = clock.now()
    desk.send(csv(("a", 1, BAD, 30), ("b", 1, GOOD, 30), columns=COLUMNS))
    wrong = clock.now()
    contract = read(WITH_NUMBER)

    def asked(actor: Actor, purpose: str, at=None) -> bool:
        found = reading.record(desk.conn, contract, "a", as_of=at)
        try:
            pass_on(actor, found.sender, found.province, found.withheld, purpose)
        except Conflict as refused:
            assert BAD not in str(refused)
            assert "NR-1" in str(refused)
            return False
        return True

    assert asked(SENDER, "quality")
    assert asked(OWNER, "quality")
    for actor, purpose in (
        (SENDER, "care"), (OWNER, "subject"), (PROVINCE, "quality"), (SUBSCRIBER, "insurance"),
        (msgspec.structs.replace(SENDER, facility="79001"), "quality"),
    ):  # fmt: skip
        assert not asked(actor, purpose), (actor.id, purpose)
        assert not asked(actor, purpose, wrong)
        assert asked(actor, purpose, right)  # what was passed on then was right

    lines = reading.search(desk.conn, contract)
    for actor, purpose, shown in ((SENDER, "quality", BAD), (SUBSCRIBER, "insurance", None)):
        cells = {row.key: row.cells["NR"] for row in hide(lines, actor, purpose)}
        assert cells == {"a": shown, "b": GOOD}

    desk.send(csv(("a", 1, GOOD, 31), columns=COLUMNS))
    assert asked(SUBSCRIBER, "insurance")
    assert not asked(SUBSCRIBER, "insurance", wrong)  # the wrong version stays withheld
