"""Readings that share a commit keep the promises of a reading alone: narrowed, logged before they are answered."""

import asyncio
from contextlib import contextmanager

import psycopg
import pytest

from lienthong.access import Actor
from lienthong.access.policy import decide
from lienthong.access.reading_line import Reading, ReadingLine
from lienthong.errors import NotFound

HANOI = Actor(id="token:1", kind="sender", roles=("sender",), facility="01999", province="01")
SAIGON = Actor(id="token:2", kind="sender", roles=("sender",), facility="79001", province="79")


@pytest.fixture(scope="module")
def shared(db):
    """A table with row security as the store makes it."""
    with db.connect("owner") as conn:
        conn.execute(
            "CREATE TABLE app.thing (key text, sender text, province text);"
            "ALTER TABLE app.thing ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY visible ON app.thing USING (app.visible(sender, province));"
            "INSERT INTO app.thing VALUES ('a', '01999', '01'), ('b', '01999', '01'), ('c', '79001', '79');"
            "GRANT SELECT ON app.thing TO lienthong_app"
        )
    return db


def read(conn, keys):
    """What the transaction may see of these keys; one that is no number at all fails for all of them."""
    conn.execute("SELECT %s::int", [7 if "wrong" not in keys else "x"]).fetchall()
    seen = {
        key for (key,) in conn.execute("SELECT key FROM app.thing WHERE key = ANY(%s)", [[*keys]])
    }
    return [key if key in seen else NotFound("thing.none", "None.") for key in keys]


def reading(actor, key):
    about = {"contract": "things", "key": key}
    return Reading(
        actor=actor,
        permit=decide(actor, "record.read", about, "care"),
        resource=about,
        kind="things",
        read=read,
        wanted=key,
    )


def answers(pool, *asked, look=None):
    """Every answer of readings that wait together; `look` is called with each as it arrives."""

    async def run():
        async def one(given):
            try:
                answer = await line.read(given)
            except Exception as error:
                return type(error)
            return answer if look is None else (answer, look(given))

        return await asyncio.gather(*map(one, asked))

    line = ReadingLine(pool)
    try:
        return asyncio.run(run())
    finally:
        line.close()


def log(db):
    with db.connect() as conn:
        return conn.execute(
            "SELECT actor, purpose, facility, resource ->> 'key' FROM app.read_log ORDER BY 1, 4"
        ).fetchall()


@pytest.fixture(autouse=True)
def nothing_logged(shared):
    with shared.connect("owner") as conn:
        conn.execute("DELETE FROM app.read_log")


def test_each_reader_sees_its_own_and_stands_in_the_log(shared):
    with shared.pool(2) as pool:
        got = answers(
            pool,
            *(reading(who, key) for key in ("a", "c", "b", "none") for who in (HANOI, SAIGON)),
        )
        with pool.connection() as conn:
            assert conn.execute("SELECT count(*) FROM app.thing").fetchone() == (3,), "remembered"
    assert got == ["a", NotFound, NotFound, "c", "b", NotFound, NotFound, NotFound]
    assert sorted(log(shared)) == [
        ("token:1", "care", "01999", "a"),
        ("token:1", "care", "01999", "b"),
        ("token:2", "care", "79001", "c"),
    ]


def test_nobody_is_answered_before_the_log_is_durable(shared):
    with shared.pool(2) as pool:

        def look(given):
            return given.wanted in [row[3] for row in log(shared)]

        got = answers(pool, reading(HANOI, "a"), reading(HANOI, "b"), look=look)
    assert got == [("a", True), ("b", True)]


class Broken:
    """A pool whose transactions are lost at their commit."""

    def __init__(self, pool):
        self._pool = pool

    @contextmanager
    def connection(self):
        with self._pool.connection() as conn:
            yield conn
            conn.rollback()
            raise psycopg.OperationalError("lost")


def test_what_could_not_be_logged_is_not_answered(shared):
    with shared.pool(2) as pool:
        got = answers(Broken(pool), reading(HANOI, "a"), reading(HANOI, "b"))
    assert got == [psycopg.OperationalError] * 2
    assert log(shared) == []


def test_a_reading_that_fails_spoils_no_other(shared):
    with shared.pool(2) as pool:
        got = answers(pool, reading(HANOI, "a"), reading(HANOI, "wrong"), reading(HANOI, "b"))
    assert got == ["a", psycopg.errors.InvalidTextRepresentation, "b"]
    assert [row[3] for row in log(shared)] == ["a", "b"]
