"""The worker exchanges with a Portal over a real socket, as it is set by the environment and nothing else."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from lienthong import settings
from lienthong.errors import Refused
from lienthong.partners.portal import running
from lienthong.partners.portal.running import Running
from lienthong.partners.stand_ins.portal.site import StandIn
from tests.partners.portal_world import World


@pytest.fixture
def chosen(home, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("practise\n")
    return replace(
        settings.read({"LIENTHONG_HOME": str(home)}), portal_account="byt", portal_secret_file=secret,
        portal_seconds=1, portal_lines=4,
    )  # fmt: skip


def until(condition, most=12_000):
    """Wait for something another thread does; a bell that never rings is the wait."""
    bell = threading.Event()
    for _ in range(most):
        if condition():
            return True
        bell.wait(0.05)
    return False


def test_without_an_address_nothing_is_exchanged(ready, chosen):
    with pytest.raises(Refused, match="LIENTHONG_PORTAL_URL"):
        running.access(chosen)
    Running(ready, chosen).run()


def test_a_secret_that_cannot_be_read_is_said(chosen, tmp_path):
    wrong = replace(
        chosen, portal_url="http://127.0.0.1:9", portal_secret_file=tmp_path / "nowhere"
    )
    with pytest.raises(Refused, match="SECRET_FILE"):
        running.access(wrong)


def test_the_worker_sends_and_logs_in_once_for_all_programs(ready, chosen):
    with StandIn() as standin, ready.connect() as conn:
        world = World(ready, standin, unit="G18.12")
        codes = [world.file(conn) for _ in range(6)]
        world.act(conn, codes[0], 0)
        there = replace(chosen, portal_url=standin.url)
        both = [Running(ready, there) for _ in range(2)]
        threads = [threading.Thread(target=one.run) for one in both]
        for thread in threads:
            thread.start()
        try:
            assert until(lambda: not world.differences()), world.differences()
        finally:
            for one in both:
                one.stop()
            for thread in threads:
                thread.join()
        assert standin.memory.counts["login"] == 1
        assert standin.memory.counts["made"] == 6
        world.client.close()
