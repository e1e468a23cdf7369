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
        for _ in range(KILLS):
            calls = standin.memory.counts["CapNhatTienDoHoSoMC"]
            running = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("exchanges.py")), db.url, str(home), standin.url,
                 str(secret)],
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            bell = threading.Event()
            for _ in range(1200):
                if standin.memory.counts["CapNhatTienDoHoSoMC"] >= calls + dice.randrange(8, 20):
                    break
                bell.wait(0.02)
            running.kill()
            running.wait()
        with db.connect() as conn:
            doubt = conn.execute(
                "SELECT count(*) FROM portal.step WHERE state = 'sending'"
            ).fetchone()
        world.now = clock.now() + timedelta(hours=3)
        world.until_quiet()
        assert world.differences() == []
        assert doubt[0], "it must have been killed in the middle of its work"
        world.client.close()
