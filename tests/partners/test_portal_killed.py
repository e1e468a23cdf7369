"""Kill the program that exchanges with the Portal, again and again: each step is there once, nothing is missing."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from lienthong import clock
from lienthong.partners.stand_ins.portal.moods import Moods, Rates
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.partners.portal_world import World, published

KILLS = 3
PATIENCE = 600
"""Seconds after which something is given up: a bound, for a machine that is busy."""


class Gate:
    """Keeps the stand-in from answering a call that appends steps, so that a kill meets it under way."""

    def __init__(self, standin: StandIn) -> None:
        self._memory, self._take, self._left = standin.memory, standin.wire.take, 0
        self.reached, self.open = threading.Event(), threading.Event()
        standin.wire.take = self._held

    def close_after(self, calls: int) -> None:
        """Hold the call after so many of its kind."""
        self._left = calls
        self.reached.clear()
        self.open.clear()

    def _held(self, content):
        before = self._memory.counts["CapNhatTienDoHoSoMC"]
        reply = self._take(content)
        if self._memory.counts["CapNhatTienDoHoSoMC"] > before:
            self._left -= 1
            if self._left == 0:
                self.reached.set()
                self.open.wait(PATIENCE)
        return reply


@pytest.mark.slow
def test_the_program_is_killed_with_calls_under_way(db, home):
    dice = random.Random(20261122)
    secret = home / "secret"
    secret.write_text("practise")
    rates = Rates(drop_after=0.05, part=0.05, error_500=0.05)
    with StandIn(moods=Moods(rates, 7)) as standin:
        world = World(db, standin, unit="G18.12")
        world.now = clock.now() - timedelta(days=30)
        with db.connect() as conn:
            published(conn)
            for _ in range(90):
                world.file(conn)
                for _ in range(dice.randrange(1, 4)):
                    world.act(conn, world.codes[-1], dice.randrange(6))
        gate = Gate(standin)
        for _ in range(KILLS):
            gate.close_after(dice.randrange(4, 12))
            running = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("exchanges.py")), db.url, str(home), standin.url,
                 str(secret)],
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            reached = gate.reached.wait(PATIENCE)
            running.kill()
            running.wait()
            gate.open.set()
            assert reached, "it never came to call"
        with db.connect() as conn:
            doubt = conn.execute(
                "SELECT count(*) FROM portal.step WHERE state = 'sending'"
            ).fetchone()
        world.now = clock.now() + timedelta(hours=3)
        world.until_quiet()
        assert world.differences() == []
        assert doubt[0], "it must have been killed in the middle of its work"
        world.client.close()
