"""Both sides compared: each difference has a cause, an age and an end; what is overdue only over there is said so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lienthong.dossiers import dossier
from lienthong.errors import Unavailable
from lienthong.partners.portal import reconciling
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.partners.portal_world import WORDS, World


@pytest.fixture
def world(ready, request):
    with ready.connect(autocommit=True) as conn:
        conn.execute("DELETE FROM portal.link")
    with StandIn() as standin:
        made = World(ready, standin, unit=f"G18.{300 + abs(hash(request.node.name)) % 600}")
        yield made
        made.client.close()


def reconciled(world):
    with world.db.connect(autocommit=True) as conn:
        return reconciling.reconcile(conn, world.client, world.codes, now=world.now)


def kinds(differences):
    return sorted((one.kind, one.cause) for one in differences)


def test_equal_sides_have_no_differences(world):
    world.way(0, 0, 4)
    world.send()
    assert reconciled(world) == []


def test_what_was_not_sent_yet_is_named_and_closes_by_itself(world):
    code = world.way(0)
    assert kinds(reconciled(world)) == [("missing_there", "not_sent_yet")]
    first = world.now
    world.send()
    with world.db.connect() as conn:
        world.act(conn, code, 0)
    assert kinds(reconciled(world)) == [
        ("state", "not_sent_yet"),
        ("steps_missing", "not_sent_yet"),
    ]
    world.send()
    assert reconciled(world) == []
    with world.db.connect() as conn:
        rows = conn.execute(
            "SELECT kind, found_at, closed_at IS NOT NULL FROM portal.difference WHERE dossier = %s"
            " ORDER BY found_at, kind",
            [code],
        ).fetchall()
    assert [(kind, closed) for kind, _, closed in rows] == [
        ("missing_there", True),
        ("state", True),
        ("steps_missing", True),
    ]
    assert rows[0][1] == first


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda memory, code: memory.dossiers.pop(code), "missing_there"),
        (lambda memory, code: memory.dossiers[code].update(TrangThaiHoSo="1"), "state"),
        (lambda memory, code: memory.dossiers[code].update(NgayHenTra="20300101000000"), "due"),
        (lambda memory, code: memory.steps[code].pop(), "steps_missing"),
        (
            lambda memory, code: memory.steps[code].append(dict(memory.steps[code][0])),
            "steps_extra",
        ),
    ],
)
def test_what_changed_over_there_is_the_other_sides(world, harm, kind):
    code = world.way(0, 0)
    world.send()
    harm(world.standin.memory, code)
    assert (kind, "other_side") in kinds(reconciled(world))


def test_a_step_in_doubt_and_a_blocked_dossier_say_so(world):
    world.way(0, 0)
    with world.db.connect() as conn:
        world.file(conn, applicant={"number": None})
    world.standin.moods.then("well", "well", "drop_before")
    world.send()
    assert kinds(reconciled(world)) == [("missing_there", "blocked"), ("steps_missing", "in_doubt")]


def test_a_portal_that_does_not_answer_leaves_everything_as_it_was(world):
    world.way(0)
    reconciled(world)
    world.standin.moods.down = True
    with pytest.raises(Unavailable):
        reconciled(world)
    with world.db.connect() as conn:
        left = [
            one.kind for one, _ in reconciling.open_differences(conn) if one.dossier in world.codes
        ]
    assert left == ["missing_there"]


def test_overdue_over_there_only_is_an_artefact(world):
    code = world.way(0, 0)
    world.send()
    with world.db.connect() as conn:
        world.now += timedelta(days=3)
        for _ in range(20):
            if dossier.find(conn, code).state == "settled":
                break
            world.act(conn, code, 4)
        ours = dossier.find(conn, code)
    assert ours.state == "settled"
    theirs = world.standin.memory.dossiers[code]
    long_after = ours.due_at + timedelta(days=5)
    assert reconciling.overdue(ours, theirs, long_after, WORDS) == "artefact"
    world.send()
    assert reconciling.overdue(ours, world.standin.memory.dossiers[code], long_after, WORDS) == "no"


def test_overdue_by_our_own_events_is_real(world):
    code = world.way(0, 0)
    world.send()
    with world.db.connect() as conn:
        ours = dossier.find(conn, code)
    theirs = world.standin.memory.dossiers[code]
    assert reconciling.overdue(ours, theirs, ours.due_at - timedelta(minutes=1), WORDS) == "no"
    assert reconciling.overdue(ours, theirs, ours.due_at + timedelta(minutes=1), WORDS) == "real"
