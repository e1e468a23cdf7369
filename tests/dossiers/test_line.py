"""Filings that are written together: each answered, one wrong one alone refused, a repetition makes one dossier."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from lienthong import audit, clock
from lienthong.dossiers.line import KEPT, Asked, FilingLine, file_together, forget_keys
from lienthong.errors import Conflict, NotFound
from tests.dossiers.world import filing, publish


@pytest.fixture
def conn(db):
    with db.connect() as connection:
        publish(connection)
        yield connection
        connection.rollback()


def asked(key="", sha256="a", actor="token:1", **more) -> Asked:
    return Asked(filing=filing(**more), actor=actor, key=key, sha256=sha256)


def count(conn) -> int:
    return conn.execute("SELECT count(*) FROM dossiers.dossier").fetchone()[0]


def test_a_repetition_gets_the_first_dossier_in_the_same_group_and_later(conn):
    first, other, again = file_together(conn, [asked("k1"), asked(), asked("k1")])
    assert (again.code, again.again) == (first.code, True)
    assert other.code != first.code
    [later] = file_together(conn, [asked("k1")])
    assert (later.code, later.again) == (first.code, True)
    [own] = file_together(conn, [asked("k1", actor="token:2")])
    assert own.code != first.code, "a key belongs to its program"
    assert count(conn) == 3


def test_a_key_is_not_used_for_something_else(conn):
    file_together(conn, [asked("k1")])
    with pytest.raises(Conflict), conn.transaction():
        file_together(conn, [asked("k1", sha256="b")])


def test_the_trail_names_each_dossier_under_its_own_actor(conn):
    made = file_together(conn, [asked(actor="token:1"), asked(actor="token:2")])
    for actor, one in zip(("token:1", "token:2"), made, strict=True):
        [entry] = audit.entries(conn, act="dossier.filed", actor=actor, limit=1)
        assert entry.about == {"dossiers": [one.code]}


def test_keys_are_forgotten_after_a_while(conn):
    file_together(conn, [asked("k1")])
    assert forget_keys(conn) == 0
    assert forget_keys(conn, clock.now() + KEPT + timedelta(days=1)) == 1
    [fresh] = file_together(conn, [asked("k1")])
    assert not fresh.again


def test_many_at_once_and_one_of_them_wrong(fresh_db):
    with fresh_db.connect() as conn:
        publish(conn)

    async def run(line: FilingLine):
        given = [asked(f"k{at % 20}") for at in range(60)] + [asked(procedure="1.999999")]
        return await asyncio.gather(*map(line.file, given), return_exceptions=True)

    with fresh_db.pool(size=2) as pool:
        line = FilingLine(pool)
        try:
            *answers, wrong = asyncio.run(run(line))
        finally:
            line.close()
    assert isinstance(wrong, NotFound)
    assert len({answer.code for answer in answers}) == 20
    assert sum(not answer.again for answer in answers) == 20
    with fresh_db.connect() as conn:
        assert count(conn) == 20
        serials = sorted(int(answer.code[-4:]) for answer in answers if not answer.again)
        assert serials == list(range(1, 21)), "the wrong one took no number"
