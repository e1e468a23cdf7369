"""Both sides made equal again: by sending again, by taking over, by the clock and by whoever asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from lienthong import settings
from lienthong.dossiers import dossier
from lienthong.errors import Conflict, Unavailable
from lienthong.partners.portal import (
    jobs,
    line,
    mending,
    reconciling,
    seen,
    standing,
)
from lienthong.partners.portal.daily import Daily

NOW = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)


def test_sending_again_asks_what_is_there_and_adds_only_what_is_missing(conn, world):
    code = world.filed("receive", "start", "ask_supplement")
    world.send()
    memory = world.standin.memory
    memory.steps[code].pop(1)
    reconciling.reconcile(conn, world.client, [code], now=world.now)
    mending.resend(conn, "vanphong", code, world.now)
    world.until_quiet()
    assert world.differences() == []
    memory.dossiers.pop(code)
    memory.steps.pop(code)
    reconciling.reconcile(conn, world.client, [code], now=world.now)
    mending.resend(conn, "vanphong", code, world.now)
    world.until_quiet()
    assert world.differences() == []
    assert reconciling.reconcile(conn, world.client, [code], now=world.now) == []


def test_what_the_citizen_did_there_is_taken_over_and_nothing_else(conn, world):
    code = world.filed("receive")
    world.send()
    memory = world.standin.memory
    memory.dossiers[code]["TrangThaiHoSo"] = "9"
    reconciling.reconcile(conn, world.client, [code], now=world.now)
    with pytest.raises(Conflict):
        mending.take_theirs(conn, "vanphong", code, world.now)
    memory.dossiers[code]["TrangThaiHoSo"] = "7"
    (one,) = reconciling.reconcile(conn, world.client, [code], now=world.now)
    assert (one.kind, one.cause) == ("state", "their_act")
    mending.on_dossier(conn, "vanphong", code, "take_theirs", "", world.now)
    assert dossier.find(conn, code).state == "withdrawn"
    world.send()
    assert world.differences() == []


def test_a_difference_keeps_a_note_until_it_closes(conn, world):
    code = world.filed("receive")
    world.send()
    world.standin.memory.steps[code].append(dict(world.standin.memory.steps[code][0]))
    reconciling.reconcile(conn, world.client, [code], now=world.now)
    mending.on_dossier(conn, "vanphong", code, "note", "đã gọi đơn vị vận hành", world.now)
    (one,) = seen.seen(conn, code).differences
    assert (one.kind, one.note) == ("steps_extra", "đã gọi đơn vị vận hành")
    world.standin.memory.steps[code].pop()
    reconciling.reconcile(conn, world.client, [code], now=world.now)
    assert seen.seen(conn, code).differences == []


def test_overdue_verdicts_have_their_reasons(conn, world):
    code = world.filed("receive")
    world.send()
    memory = world.standin.memory
    ours = dossier.find(conn, code)
    long_after = ours.due_at + timedelta(days=3)
    assert reconciling.judged(ours, memory.dossiers[code], long_after) == ("real", "late_here")
    promised = {"NgayHenTra": "20261103080000"}
    before = ours.due_at - timedelta(days=1)
    assert reconciling.judged(ours, promised, before) == ("artefact", "moved")
    waiting = msgspec.structs.replace(ours, due_at=None, waiting_since=before)
    assert reconciling.judged(waiting, promised, before) == ("artefact", "waits")
    ended = msgspec.structs.replace(ours, ended_at=ours.due_at - timedelta(days=2))
    assert reconciling.judged(ended, promised, long_after) == ("artefact", "not_told")
    unknown = msgspec.structs.replace(ours, due_at=None)
    assert reconciling.judged(unknown, promised, before) == ("unknown", "no_due")


# -- the clock's work


def test_jobs_are_done_once_when_due_and_at_once_when_asked_for(conn, world):
    moment = [NOW]
    done = []

    def work():
        done.append(moment[0])
        return 7

    run = lambda: jobs.run(conn, "reconcile", lambda: moment[0], work)  # noqa: E731
    assert run() and not run()
    moment[0] += timedelta(hours=1)
    jobs.ask(conn, "vanphong", "reconcile", moment[0])
    moment[0] += timedelta(seconds=1)
    assert run() and not run()
    moment[0] += timedelta(days=1)
    assert run() and len(done) == 3 and jobs.jobs(conn)["reconcile"].done == 7

    def fails():
        raise Unavailable("portal.silent", "The Portal does not answer (%(why)s).", why="x")

    moment[0] += timedelta(days=1)
    with pytest.raises(Unavailable):
        jobs.run(conn, "reconcile", lambda: moment[0], fails)
    assert not run() and jobs.jobs(conn)["reconcile"].failure.startswith("portal.silent")
    moment[0] += jobs.AGAIN
    assert run()


def test_all_work_of_the_clock_goes_against_the_stand_in(conn, world, home):
    for _ in range(3):
        world.filed("receive", "start")
    world.until_quiet()
    chosen = replace(settings.read({"LIENTHONG_HOME": str(home)}), portal_lines=2)
    works = Daily(conn, world.client, chosen, lambda: world.now).works()
    done = {name: does() for name, does in works.items()}
    assert done["reconcile"] >= 3 and done["sample"] >= 3 and done["payments"] == 0
    looked = world.standin.memory.counts["TraCuuHoSo"]
    assert works["reconcile"]() == 0, "what was compared today is not compared again"
    assert world.standin.memory.counts["TraCuuHoSo"] == looked
    jobs.ask(conn, "vanphong", "reconcile", world.now + timedelta(seconds=1))
    world.now += timedelta(seconds=2)
    assert works["reconcile"]() >= 3


def test_the_breaker_waits_longer_each_time_and_a_person_may_close_it(conn, world):
    silent = Unavailable("portal.silent", "The Portal does not answer (%(why)s).", why="x")
    line.failed(conn, silent, NOW, 4)
    assert line.line(conn).standing(NOW) == "failing"
    waits = []
    for _ in range(6):
        line.failed(conn, silent, NOW)
        waits.append((line.line(conn).open_until - NOW).total_seconds())
    assert waits == [60, 120, 240, 480, 900, 900]
    assert line.line(conn).standing(NOW) == "open"
    assert line.line(conn).standing(NOW + timedelta(hours=1)) == "trying"
    assert standing.standing(conn, NOW).acts[0][2] == "#line"
    line.close_breaker(conn)
    assert line.line(conn).standing(NOW) == "unknown"
