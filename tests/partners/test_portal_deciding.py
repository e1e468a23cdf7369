"""A step that the program may not judge: a person says it is there, lets it go out once more, or keeps it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lienthong.dossiers import acting, dossier
from lienthong.errors import Conflict, NotFound, Refused
from lienthong.partners.portal import deciding, ledger, mending, reconciling, saying, seen, standing
from tests.partners.portal_world import ALL, SAID, TABLE, WORDS

WHY = "đã hỏi đơn vị vận hành Cổng"


def held_back(conn, world, *later: str):
    """A dossier with a step in doubt while the Portal has a like one at another moment; returns code and number."""
    code = world.filed("receive")
    world.send()
    memory = world.standin.memory
    act(world, code, "start")
    (event,) = [one for one in saying.steps_of(_events(conn, code)) if one.act == "start"]
    conn.execute(
        "INSERT INTO portal.step (dossier, number, print, state, tried_at) VALUES (%s, %s, %s, 'sending', %s)",
        [code, event.number, saying.fingerprint(said(world, conn, code, event)), world.now],
    )
    other = said(world, conn, code, event) | {"ThoiDiemXuLy": "20261102081500"}
    memory.steps[code].append(other)
    for name in later:
        act(world, code, name)
    world.now += timedelta(minutes=7)  # doubt settles before it is asked
    world.send()
    return code, event.number


def _events(conn, code):
    return ledger.events_of(conn, [code])[code]


def said(world, conn, code, event):
    return saying.step_fields(dossier.find(conn, code), event, TABLE, WORDS)


def act(world, code, name):
    world.now += timedelta(minutes=7)
    with world.db.connect() as conn:
        acting.move(conn, "canbo", ALL, code, name, SAID, at=world.now)


def decide(conn, world, code, number, act_, why=WHY, theirs=""):
    mending.on_dossier(conn, "vanphong", code, act_, why, world.now, step=number, theirs=theirs)


def line(conn, code, number):
    return next(one for one in seen.seen(conn, code).steps if one.number == number)


def test_what_is_held_back_is_shown_and_stays_until_somebody_decides(conn, world):
    code, number = held_back(conn, world)
    one = line(conn, code, number)
    assert one.ledger == "sending" and one.held_since is not None
    (strange,) = one.strange
    assert (strange.at, strange.state, strange.looked) == ("20261102081500", "4", False)
    assert [each.code for each in standing.troubles(conn, "held")] == [code]
    now = standing.standing(conn, world.now)
    assert now.held == 1 and any(where == "#held" for _, _, where in now.acts)
    since = one.held_since
    world.send(3)
    assert len(world.standin.memory.steps[code]) == 2, "nothing goes out by itself"
    assert line(conn, code, number).held_since == since, (
        "how long it waits is told from the first time"
    )


def test_it_is_there_and_counts_as_sent(conn, world):
    code, number = held_back(conn, world, "ask_supplement")
    decide(conn, world, code, number, "step_there")
    world.until_quiet()
    one = line(conn, code, number)
    assert (one.ledger, one.held_since, one.decided, one.decided_by) == (
        "accepted",
        None,
        "there",
        "vanphong",
    )
    assert len(world.standin.memory.steps[code]) == 3, "the next step went out, this one did not"
    assert reconciling.reconcile(conn, world.client, [code], now=world.now) == []
    mending.resend(conn, "vanphong", code, world.now)
    world.until_quiet()
    assert len(world.standin.memory.steps[code]) == 3, "also when everything is sent again"


def test_it_goes_out_once_more_and_only_once(conn, world):
    code, number = held_back(conn, world)
    decide(conn, world, code, number, "step_again")
    world.until_quiet()
    one = line(conn, code, number)
    assert (one.ledger, one.decided, one.again) == ("accepted", "again", False)
    assert len(world.standin.memory.steps[code]) == 3
    with pytest.raises(Conflict, match=r"The Portal has step|portal\.step-there"):
        decide(conn, world, code, number, "step_again")
    act(world, code, "ask_supplement")
    world.until_quiet()
    assert len(world.standin.memory.steps[code]) == 4, "what was looked at is strange no more"


def test_the_portal_is_asked_before_it_goes_out_once_more(conn, world):
    code, number = held_back(conn, world)
    decide(conn, world, code, number, "step_again")
    event = next(one for one in _events(conn, code) if one.number == number)
    world.standin.memory.steps[code].append(said(world, conn, code, event))
    world.until_quiet()
    assert len(world.standin.memory.steps[code]) == 3, "it had come late; it is not sent again"
    assert line(conn, code, number).ledger == "accepted"


def test_another_strange_step_needs_another_look(conn, world):
    code, number = held_back(conn, world)
    decide(conn, world, code, number, "step_again")
    event = next(one for one in _events(conn, code) if one.number == number)
    world.standin.memory.steps[code].append(
        said(world, conn, code, event) | {"ThoiDiemXuLy": "20261102091500"}
    )
    world.send(2)
    one = line(conn, code, number)
    assert one.held_since is not None and not one.again
    assert [(s.at[8:], s.looked) for s in one.strange] == [("081500", True), ("091500", False)]
    with pytest.raises(Refused, match=r"which step|step-which"):
        decide(conn, world, code, number, "step_there")
    with pytest.raises(Refused, match=r"which step|step-which"):
        decide(conn, world, code, number, "step_there", theirs="0" * 32)
    decide(conn, world, code, number, "step_there", theirs=one.strange[1].print)
    world.until_quiet()
    assert len(world.standin.memory.steps[code]) == 3


def test_it_is_never_sent_and_the_rest_goes_on(conn, world):
    code, number = held_back(conn, world, "ask_supplement")
    decide(conn, world, code, number, "step_never")
    world.until_quiet()
    assert len(world.standin.memory.steps[code]) == 3
    assert line(conn, code, number).ledger == "never"
    (extra,) = reconciling.reconcile(conn, world.client, [code], now=world.now)
    assert extra.kind == "steps_extra", "the strange one is theirs, and nothing of ours is missing"
    world.standin.memory.steps[code].pop(1)
    assert reconciling.reconcile(conn, world.client, [code], now=world.now) == []
    mending.resend(conn, "vanphong", code, world.now)
    world.until_quiet()
    assert len(world.standin.memory.steps[code]) == 2, (
        "sending again whole does not send what never goes out"
    )
    decide(conn, world, code, number, "step_again", why="đã thống nhất gửi lại")
    world.until_quiet()
    assert line(conn, code, number).ledger == "accepted"
    assert world.differences() == []


def test_a_permission_that_was_not_used_holds_on_and_one_that_was_does_not(conn, world):
    code, number = held_back(conn, world)
    decide(conn, world, code, number, "step_again")
    asked = world.client.look_up
    world.client.look_up = lambda code: (_ for _ in ()).throw(
        Refused("portal.other", "The Portal refused: %(why)s", why="x")
    )
    world.send()
    assert line(conn, code, number).again, "the Portal could not even be asked"
    world.client.look_up = asked
    told = world.client.progress
    world.client.progress = lambda steps: (_ for _ in ()).throw(
        Refused("portal.other", "The Portal refused: %(why)s", why="x")
    )
    world.send()
    world.client.progress = told
    one = line(conn, code, number)
    assert (one.ledger, one.again) == ("sending", False), (
        "it went out once: what came of it is asked, not assumed"
    )
    world.until_quiet()
    assert len(world.standin.memory.steps[code]) == 3


def test_a_portal_that_tells_no_steps_waits_for_a_person(conn, world):
    code, number = held_back(conn, world)
    asked = world.client.look_up
    world.client.look_up = lambda code: {"MaHoSo": code}
    world.send()
    one = line(conn, code, number)
    assert one.held_since and [s.looked for s in one.strange] == []
    decide(conn, world, code, number, "step_again")
    world.until_quiet()
    assert line(conn, code, number).ledger == "accepted"
    assert len(world.standin.memory.steps[code]) == 3
    world.client.look_up = asked


def test_no_decision_without_a_reason_a_step_or_while_it_is_being_sent(conn, world):
    code, number = held_back(conn, world)
    with pytest.raises(Refused, match="DOSSIER-NEEDS|needs"):
        decide(conn, world, code, number, "step_never", why="  x ")
    with pytest.raises(NotFound):
        decide(conn, world, code, 99, "step_never")
    with pytest.raises(NotFound):
        decide(conn, world, "G18.12-261120-999999", number, "step_never")
    with world.db.connect(autocommit=True) as sender:
        assert ledger.hold(sender, [code]) == [code]
        with pytest.raises(Conflict, match=r"being sent|being-sent"):
            decide(conn, world, code, number, "step_never")
        ledger.let_go(sender, [code])
    decide(conn, world, code, number, "step_never")
    acts = conn.execute(
        "SELECT about FROM app.audit WHERE act = 'portal.step_decided' AND about ->> 'dossier' = %s",
        [code],
    ).fetchall()
    assert [one["decision"] for (one,) in acts] == ["never"] and acts[0][0]["reason"] == WHY


def test_what_waits_by_itself_may_only_be_kept_back(conn, world):
    code = world.filed("receive")
    conn.execute("INSERT INTO portal.dossier (code) VALUES (%s) ON CONFLICT DO NOTHING", [code])
    conn.execute(
        "INSERT INTO portal.step (dossier, number, print, state) VALUES (%s, 2, 'x', 'waiting')",
        [code],
    )
    for name in ("step_there", "step_again"):
        with pytest.raises(Conflict, match=r"not in doubt|step-waits"):
            decide(conn, world, code, 2, name)
    decide(conn, world, code, 2, "step_never")
    world.until_quiet()
    assert world.standin.memory.steps.get(code, []) == []


def test_every_decision_tells_its_consequence():
    assert set(deciding.CONSEQUENCES) == set(deciding.ACTS.values())
