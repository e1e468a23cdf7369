"""Other databases as the store holds them now: only the rows that share a key with those at hand, in bounded time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
import pyarrow
import pyarrow.compute
from psycopg import sql

from lienthong.contracts.keys import key_of
from lienthong.contracts.rules.others import Asked
from lienthong.records.crossing.lacking import waiting_among
from lienthong.records.crossing.links import LONGEST, key_sql, short
from lienthong.records.store import bulk
from lienthong.records.store.owner import as_owner

AT_ONCE = 5_000
"""Keys that travel within one question to the database; more are copied before it."""

SECONDS = 30.0
"""How long a batch waits for the rows of another database before its rules are left unknown."""

REMEMBERED = 30.0
"""Seconds for which the tables of a database are taken to be as they were."""

ARROW = {
    "text": pyarrow.string(),
    "bigint": pyarrow.int64(),
    "double precision": pyarrow.float64(),
    "boolean": pyarrow.bool_(),
    "date": pyarrow.date32(),
    "timestamp": pyarrow.timestamp("us"),
    "time": pyarrow.time64("us"),
}
"""PostgreSQL types of contract tables to those of Arrow."""

_holding: set[tuple[str, str]] = set()
_structures: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
_numbers = count(1)


class StoredOthers:
    """`contracts.rules.others.Others` over PostgreSQL. The own database counts as present, whatever it holds.

    `looked` is what was visible when the first question was asked; `slow` whether one was not answered in time;
    `open` whether something waits in quarantine that a row lacks.
    """

    def __init__(self, conn: psycopg.Connection[Any], own: str, seconds: float = SECONDS) -> None:
        self._conn, self._own, self._milliseconds = conn, own, int(seconds * 1000)
        self._open = False
        self._said: dict[str, bool] = {}
        self.looked: str | None = None
        self.slow = False
        self.open = False

    def has(self, need: str) -> bool:
        """Whether a database (or database.table) holds a record now. Once it does it always will."""
        database, _, table = need.partition(".")
        if database == self._own and not table:
            return True
        place = (_name(self._conn), need)
        if place in _holding:
            return True
        if need not in self._said:
            self._said[need] = self._has(place, need)
        return self._said[need]

    def _has(self, place: tuple[str, str], need: str) -> bool:
        database, _, table = need.partition(".")
        with self._asking():
            structure = self._structure(database)
            if structure is None or (table and table not in structure):
                return False
            tables = (
                [table] if table else [n for n, about in structure.items() if about["root"] == n]
            )
            found = any(self._any(database, name) for name in tables)
        if found:
            _holding.add(place)
        return found

    def rows(self, asked: Sequence[Asked]) -> list[pyarrow.Table | None]:
        """The rows asked for; None where the store has no such columns or does not answer in time."""
        try:
            with self._asking():
                questions = [self._questions(one) for one in asked]
                with self._conn.pipeline():  # one turn to the database for all of them
                    answers = [
                        [self._conn.execute(query, given) for query, given in those or ()]
                        for those in questions
                    ]
                return [
                    None if those is None else self._answer(one, cursors)
                    for one, those, cursors in zip(asked, questions, answers, strict=True)
                ]
        except psycopg.errors.QueryCanceled:
            self.slow = True
            if self._open:
                raise  # the transaction of all questions is lost
            return [None] * len(asked)

    def waiting(
        self, table: str, fields: tuple[str, ...], keys: pyarrow.Table
    ) -> list[tuple[Any, ...]] | None:
        """Which of these keys a record in quarantine has; None when that is not answered in time."""
        try:
            with self._asking():
                found = waiting_among(self._conn, table, fields, _short(keys))
        except psycopg.errors.QueryCanceled:
            self.slow = True
            if self._open:
                raise
            return None
        self.open = self.open or bool(found)
        return found

    def _questions(self, asked: Asked) -> list[tuple[bytes, list[Any]]] | None:
        """The statements with their values; None when the store does not have what is asked for."""
        database, _, name = asked.table.partition(".")
        kinds = ((self._structure(database) or {}).get(name) or {}).get("fields")
        wanted = {
            *asked.columns,
            *(key_of(field).field for fields, _ in asked.keys for field in fields),
        }
        if kinds is None or not wanted <= set(kinds):
            return None
        made = []
        for fields, values in asked.keys:
            own = tuple(kinds[key_of(field).field] for field in fields)
            keys = _short(values.select(list(fields)))
            given = [column.to_pylist() for column in keys.columns]
            copied = None
            if keys.num_rows > AT_ONCE:
                copied, given = self._copied(keys, own), []
            if keys.num_rows:
                if apart := asked.apart is not None:
                    given = [*given, asked.apart]
                query = _statement(database, name, asked.columns, fields, own, copied, apart)
                made.append((query, given))
        return made

    def _answer(self, asked: Asked, cursors: list[psycopg.Cursor[Any]]) -> pyarrow.Table:
        database, _, name = asked.table.partition(".")
        kinds = (self._structure(database) or {})[name]["fields"]
        # A row may be found by several keys: it is one row all the same.
        found = {row[:3]: row for cursor in cursors for row in cursor.fetchall()}
        return _table(asked.columns, kinds, list(found.values()))

    def _copied(self, values: pyarrow.Table, kinds: tuple[str, ...]) -> str:
        """The name of a table of the keys: of many, the planner must know how many they are."""
        plain = f"crossing_keys_{next(_numbers)}"
        columns = (
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
            for column, kind in zip(values.column_names, kinds, strict=True)
        )
        self._conn.execute(
            sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(
                sql.Identifier(plain), sql.SQL(", ").join(columns)
            )
        )
        bulk.copy_batches(self._conn, sql.Identifier("pg_temp", plain), values.to_batches())
        self._conn.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(plain)))
        return plain

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All questions of this block in one transaction. One that is not answered in time raises QueryCanceled."""
        with self._asking():
            self._open = True
            try:
                yield
            finally:
                self._open = False

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """A transaction (or a part of one) as the owner of the tables, with a limit to each statement."""
        if self._open:
            yield
            return
        with self._conn.transaction(), as_owner(self._conn):
            row = self._conn.execute(
                "SELECT current_setting('statement_timeout'), pg_current_snapshot()::text,"
                " set_config('statement_timeout', %s, true)",
                [str(self._milliseconds)],
            ).fetchone()
            assert row is not None
            self.looked = self.looked or row[1]
            yield
            self._conn.execute("SELECT set_config('statement_timeout', %s, true)", [row[0]])

    def _structure(self, database: str) -> dict[str, Any] | None:
        """The tables of a database as they were last laid out; None when it never was."""
        place, now = (_name(self._conn), database), time.monotonic()
        kept = _structures.get(place)
        if kept is None or now > kept[0]:
            row = self._conn.execute(
                "SELECT structure FROM records.contract_version WHERE contract = %s"
                " ORDER BY number DESC LIMIT 1",
                [database],
            ).fetchone()
            if row is None:
                return None
            kept = _structures[place] = (now + REMEMBERED, row[0])
        return kept[1]

    def _any(self, schema: str, table: str) -> bool:
        row = self._conn.execute(
            sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(sql.Identifier(schema, table))
        ).fetchone()
        return bool(row and row[0])


@lru_cache(maxsize=512)
def _statement(
    schema: str,
    table: str,
    columns: tuple[str, ...],
    fields: tuple[str, ...],
    kinds: tuple[str, ...],
    copied: str | None,
    apart: bool,
) -> bytes:
    """SELECT of `_key`, `_sender`, `_row` and the columns of the rows whose fields are among the keys.

    `apart`: not those of a sender, who is the last value.
    """
    keys = [f"k{at}" for at in range(len(fields))]
    arrays = sql.SQL(", ").join(sql.SQL("%s::{}[]").format(sql.SQL(kind)) for kind in kinds)
    query = sql.SQL("SELECT {} FROM {} t JOIN {} AS k({}) ON {} WHERE {}{}").format(
        sql.SQL(", ").join(sql.Identifier("t", n) for n in ("_key", "_sender", "_row", *columns)),
        sql.Identifier(schema, table),
        sql.Identifier("pg_temp", copied) if copied else sql.SQL("unnest({})").format(arrays),
        sql.SQL(", ").join(map(sql.Identifier, keys)),
        sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(key_sql(field, "t"), sql.Identifier("k", key))
            for field, key in zip(fields, keys, strict=True)
        ),
        short(
            "t", {key_of(one).field: kind for one, kind in zip(fields, kinds, strict=True)}, fields
        ),
        sql.SQL(" AND t._sender <> %s" if apart else ""),
    )
    return query.as_bytes(None)


def _short(values: pyarrow.Table) -> pyarrow.Table:
    """Without the keys that are longer than any key of a database."""
    for name in values.column_names:
        column = values.column(name)
        if pyarrow.types.is_string(column.type) and column.nbytes > LONGEST:
            fit = pyarrow.compute.less_equal(pyarrow.compute.utf8_length(column), LONGEST)
            values = values.filter(fit)
    return values


def _name(conn: psycopg.Connection[Any]) -> str:
    return f"{conn.info.host}:{conn.info.port}/{conn.info.dbname}"


def _table(
    columns: tuple[str, ...], kinds: dict[str, str], rows: list[tuple[Any, ...]]
) -> pyarrow.Table:
    """Rows (_key, _sender, _row, columns ..) as Arrow."""
    cells = list(zip(*rows, strict=True)) or [()] * (3 + len(columns))
    made = {
        name: pyarrow.array(cells[3 + at], type=ARROW[kinds[name]])
        for at, name in enumerate(columns)
    }
    made |= {
        name: pyarrow.array(cells[at], type=pyarrow.string())
        for at, name in enumerate(("_key", "_sender"))
    }
    return pyarrow.table(made)
