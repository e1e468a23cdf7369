"""The Portal comes to the state of our events, each step once, whatever breaks on the way."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.dossiers import dossier
from lienthong.errors import Refused, Unavailable
from lienthong.partners.stand_ins.portal.moods import MOODS, Moods, Rates
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.partners.portal_world import WORDS, World, at_rest

UNITS = (f"G18.{number}" for number in itertools.count(100))


@pytest.fixture
def world(ready):
    at_rest(ready)
    with StandIn() as standin:
        made = World(ready, standin, unit=next(UNITS))
        yield made
        made.client.close()


def test_a_dossier_and_its_steps_arrive(world):
    code = world.way(0, 0, 4)
    done = world.send()
    assert (done.dossiers, done.steps, world.differences()) == (1, 3, [])
    assert world.standin.memory.dossiers[code]["NgayNopHoSo"] == "20261102080000"
    assert world.standin.memory.counts["login"] == 1
    assert world.send().dossiers == 0, "nothing is sent twice"


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("at", range(3))
def test_one_fault_at_any_call_harms_nothing(world, mood, at):
    world.way(0, 0, 4)
    world.standin.moods.rates = Rates(slow_seconds=0.01)
    world.standin.moods.then(*["well"] * at, mood)
    world.until_quiet()
    assert world.differences() == []


def test_a_broken_chunk_is_asked_about_and_completed(world):
    world.way(0, 1, 1, 0, 1)
    world.standin.moods.then("well", "well", "part")
    world.until_quiet()
    assert world.differences() == []
    assert world.standin.memory.counts["TraCuuHoSo"] == 1


def test_a_dossier_that_is_there_already_is_changed(world):
    code = world.way(0)
    world.standin.memory.dossiers[code] = {"MaHoSo": code, "TrangThaiHoSo": "1"}
    world.until_quiet()
    assert world.differences() == []


def test_what_we_do_not_know_is_not_invented(world):
    with world.db.connect() as conn:
        code = world.file(conn, applicant={"number": None})
    done = world.send()
    assert (done.blocked, world.standin.memory.dossiers) == (1, {})
    with world.db.connect() as conn:
        (missing,) = conn.execute(
            "SELECT blocked FROM portal.dossier WHERE code = %s", [code]
        ).fetchone()
    assert missing == "SoGiayToChuHoSo, DinhDanhCHS"


def test_what_is_not_known_is_not_sent_as_no(world):
    code = world.way()
    world.send()
    sent = world.standin.memory.dossiers[code]
    assert not {
        "TaiKhoanDuocXacThucVoiVNeID",
        "HoSoCoThanhPhanSoHoa",
        "NgayHenTra",
        "NgayTiepNhan",
    } & set(sent)


def test_a_line_that_is_down_is_left_alone_for_a_while(world):
    for _ in range(8):
        world.way(0)
    world.standin.moods.down = True
    with world.db.connect(autocommit=True) as conn:
        first = world.sending.round(conn)
        second = world.sending.round(conn)
    assert (first.stopped, first.waiting, second.stopped, second.waiting) == (True, 5, True, 0)
    world.standin.moods.down = False
    world.send()
    world.until_quiet()
    assert world.differences() == []


def test_one_login_serves_all_and_a_wrong_password_is_said(world):
    world.way(0)
    world.standin.memory.password = "changed"
    done = world.send()
    assert done.waiting == 1
    with world.db.connect() as conn:
        (said,) = conn.execute(
            "SELECT last_answer FROM portal.dossier WHERE code = %s", [world.codes[0]]
        ).fetchone()
    assert "Sai tên đăng nhập" in said


def test_what_the_portal_refuses_is_kept_with_its_words(world):
    with pytest.raises(Refused, match="DongBoHoSoMC"):
        world.client.dossier({}, update=False)
    world.standin.moods.then("garbage")
    with pytest.raises(Unavailable):
        world.client.look_up("x")


class Killed(BaseException):
    """The process ends here."""


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_any_interleaving_of_acts_faults_and_kills_ends_with_both_sides_equal(ready, seed):
    """Invariants 1 and 3: the same state, each step once, and the state never goes back unless ours did."""
    dice = random.Random(seed)
    with ready.connect(autocommit=True) as conn:
        conn.execute("DELETE FROM portal.link")
    rates = Rates(
        **dict.fromkeys(
            (
                "drop_before",
                "drop_after",
                "error_500",
                "garbage",
                "expire",
                "part",
                "late",
                "busy",
                "code_3",
                "code_minus_3",
            ),
            0.04,
        )
    )
    with StandIn(moods=Moods(rates, seed)) as standin:
        world = World(ready, standin, unit=next(UNITS))
        with ready.connect() as conn:
            for _ in range(4):
                world.file(conn)
            for _ in range(14):
                if dice.random() < 0.6:
                    world.act(conn, dice.choice(world.codes), dice.randrange(10))
                else:
                    _send_and_perhaps_die(world, dice)
        world.until_quiet()
        assert world.differences() == []
        with ready.connect() as conn:
            for code in world.codes:
                ours = [
                    "1",
                    *(WORDS.states[event.to_state] for event in dossier.events(conn, code)),
                ]
                assert _follows(standin.memory.history[code], ours), (
                    standin.memory.history[code],
                    ours,
                )
        world.client.close()


def _send_and_perhaps_die(world, dice):
    """A round of sending that is killed before or after any call with some luck; the next one is a new process."""
    call, real = dice.randrange(8), world.client.call

    def calling(*arguments, **named):
        nonlocal call
        call -= 1
        if call == 0:
            raise Killed
        answer = real(*arguments, **named)
        if call == 1:
            raise Killed
        return answer

    world.client.call = calling
    try:
        world.send()
    except Killed:
        pass
    finally:
        world.client.call = real


def _follows(seen, ours):
    """Whether the states seen are a subsequence of ours."""
    left = iter(ours)
    return all(
        any(state == one for one in left) for state in [s for s, _ in itertools.groupby(seen)]
    )
