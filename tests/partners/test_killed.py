"""Kill the program, the database's connections, the receiver's network: everything arrives in order, once in effect."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from pathlib import Path

from lienthong import clock
from lienthong.partners.subscribers import letters, posting
from tests.partners.receiver import receiving

KILLS = 5
RECORDS, VERSIONS = 40, 5


def everything(office, id: str) -> None:
    """Each version of each record arrived once in effect, and each record's in their order."""
    wanted = sorted(
        (f"k{at}", version) for at in range(RECORDS) for version in range(1, VERSIONS + 1)
    )
    assert sorted(office.got()) == wanted
    assert office.receiver.in_order()
    assert letters.listed(office.conn, id) == []
    assert office.of(id).position >= max(office.receiver.kept)


def test_the_program_is_killed_again_and_again(office):
    """Meanwhile the receiver takes, drops and fails in turn; changes go on being made."""
    choice = random.Random(20261122)
    id = office.subscribe(most=7)
    answers = itertools.cycle([200, 503, "drop", 200, 200, 503])
    office.receiver.answer = lambda message: next(answers)
    own_now, office.receiver.now = (
        office.receiver.now,
        clock.now,
    )  # the program has the clock of the machine
    program = Path(__file__).with_name("delivers.py")
    versions = iter(range(1, VERSIONS + 1))
    for _ in range(KILLS):
        if (version := next(versions, None)) is not None:
            office.change(*(f"k{at}" for at in range(RECORDS)), version=version)
        running = subprocess.Popen(
            [sys.executable, str(program), office.db.url, str(office.home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(choice.randrange(1, 6)):
            assert running.stdout.readline()
        running.kill()
        running.wait()
        running.stdout.close()
        running.stdin.close()
    assert office.receiver.order, "it must have been killed in the middle of its work"
    office.receiver.answer, office.receiver.now = lambda message: 200, own_now
    # The last one's connection may not have been missed yet: its lock ends with it.
    for lock in ("pg_advisory_lock", "pg_advisory_unlock"):
        office.conn.execute(f"SELECT {lock}(hashtextextended(%s, 13))", [id])
    office.later(id, 3)
    everything(office, id)
    assert sum(len(one["changes"]) for one in office.receiver.messages) > RECORDS * VERSIONS


def test_the_database_goes_away_between_answer_and_note(office):
    id = office.subscribe(most=20)
    for version in range(1, VERSIONS + 1):
        office.change(*(f"k{at}" for at in range(RECORDS)), version=version)
    import psycopg

    for _ in range(3):
        with office.db.connect(autocommit=True) as conn:
            own = conn.info.backend_pid

            def cut(*given, own=own):
                answer = posting.post(*given)
                with office.db.connect("owner", autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
                return answer

            try:
                office.made(post=cut).step(conn, id)
            except psycopg.OperationalError:
                continue
            raise AssertionError("the connection was not cut")
    office.later(id)
    everything(office, id)
    assert office.of(id).sent == RECORDS * VERSIONS


def test_the_network_of_the_receiver_goes_away(office):
    """Nobody listens at its address for a while; then it is there again, with what it had kept."""
    id = office.subscribe(most=30)
    for version in range(1, VERSIONS + 1):
        office.change(*(f"k{at}" for at in range(RECORDS)), version=version)
    assert office.deliver(id, 1) == ["sent"]
    office.receiver.server.shutdown()
    office.receiver.server.server_close()
    assert office.deliver(id) == ["failed"]
    assert office.later(id, 3) == ["failed"] * 3
    given = office.of(id)
    assert given.failure_status is None and given.open_letters == 0
    with receiving() as again:
        again.secret, again.now = office.receiver.secret, office.receiver.now
        again.kept, again.order = office.receiver.kept, office.receiver.order
        office.conn.execute(
            "UPDATE partners.subscription SET url = %s WHERE id = %s", [again.url, id]
        )
        office.later(id)
    everything(office, id)
