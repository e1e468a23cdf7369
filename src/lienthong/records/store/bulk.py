"""Rows from DuckDB to PostgreSQL by binary COPY, batch by batch, so that memory does not grow with a file."""

from __future__ import annotations

import queue
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

import duckdb
import pgpq
import psycopg
import pyarrow
from pgpq import encoders, schema
from psycopg import sql

BATCH = 65_536
AHEAD = 2
"""Encoded batches that wait for PostgreSQL at most."""

Told = Callable[[int], None]


def copy(
    conn: psycopg.Connection[Any],
    con: duckdb.DuckDBPyConnection,
    table: sql.Composable,
    query: str,
    *,
    json: frozenset[str] = frozenset(),
    progress: Told | None = None,
) -> int:
    """COPY the result of a DuckDB query into the columns of the same names; `json` names those kept as jsonb.

    Returns the number of rows.
    """
    return copy_batches(conn, table, _batches(con, query), json=json, progress=progress)


def copy_batches(
    conn: psycopg.Connection[Any],
    table: sql.Composable,
    batches: Any,
    *,
    json: frozenset[str] = frozenset(),
    progress: Told | None = None,
) -> int:
    """COPY Arrow batches; see `copy`."""
    written = 0
    with ExitStack() as open_:
        copier = None
        for piece in _pieces(table, batches, json):
            if copier is None:
                copier = open_.enter_context(conn.cursor().copy(piece.statement))
            copier.write(piece.content)
            written += piece.rows
            if progress is not None and piece.rows:
                progress(piece.rows)
    return written


class Line:
    """COPYs in a line: while PostgreSQL takes in one batch, the next is read from DuckDB and encoded.

    Their order and their transaction are those of `copy` one after another. Between `copy` and `settle` (or the end of
    the block) the connection belongs to the line.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._waiting: queue.Queue[_Piece | None] = queue.Queue(AHEAD)
        self._failed: BaseException | None = None
        self._cut = False
        self._thread = threading.Thread(target=self._run, name="copies", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._cut = kind is not None  # then what waits is not written: the transaction ends anyway
        self._waiting.put(None)
        self._thread.join()
        if kind is None:
            self._raise()

    def copy(
        self,
        con: duckdb.DuckDBPyConnection,
        table: sql.Composable,
        query: str,
        *,
        json: frozenset[str] = frozenset(),
        progress: Told | None = None,
    ) -> int:
        """As `copy`, but the last rows may still be on their way. Raises what an earlier one met."""
        written = 0
        for piece in _pieces(table, _batches(con, query), json):
            self._raise()
            self._waiting.put(piece)
            written += piece.rows
            if progress is not None and piece.rows:
                progress(piece.rows)
        self._raise()
        return written

    def settle(self) -> None:
        """Wait until everything is written; then the connection is free."""
        self._waiting.join()
        self._raise()

    def _raise(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        stream: Any = None
        while True:
            piece = self._waiting.get()
            try:
                if piece is None or self._cut or self._failed is not None:
                    if stream is not None:
                        ended, stream = stream, None
                        ended.__exit__(psycopg.Error, psycopg.Error("cut short"), None)
                else:
                    if stream is None:
                        stream = self._conn.cursor().copy(piece.statement)
                        copier = stream.__enter__()
                    copier.write(piece.content)
                    if piece.last:
                        ended, stream = stream, None
                        ended.__exit__(None, None, None)
            except BaseException as error:
                self._failed = self._failed or error
            finally:
                self._waiting.task_done()
            if piece is None:
                return


class _Piece(NamedTuple):
    """Some encoded rows of a COPY; `last` of it."""

    statement: sql.Composed
    content: bytes
    rows: int
    last: bool = False


def _batches(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    con.execute("SELECT 1").fetchall()  # a result that was not read to its end bars the way
    return con.sql(query).to_arrow_reader(BATCH)


def _pieces(table: sql.Composable, batches: Any, json: frozenset[str]) -> Iterator[_Piece]:
    """The bytes of a COPY in their order; nothing when there are no batches."""
    encoder, statement = None, sql.Composed([])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for batch in batches:
            head = b""
            if encoder is None:
                encoder, statement = _encoder(table, batch.schema, json)
                head = encoder.write_header()
            yield _Piece(statement, head + encoder.write_batch(batch), batch.num_rows)
        if encoder is not None:
            yield _Piece(statement, encoder.finish(), 0, last=True)


def _encoder(
    table: sql.Composable, shape: pyarrow.Schema, json: frozenset[str]
) -> tuple[Any, sql.Composed]:
    builders = {field.name: _builder(field, field.name in json) for field in shape}
    encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(shape, builders)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        table, sql.SQL(", ").join(map(sql.Identifier, shape.names))
    )
    return encoder, statement


def _builder(field: pyarrow.Field, as_json: bool) -> Any:
    if as_json:
        return encoders.StringEncoderBuilder.new_with_output(field, schema.Jsonb())
    return pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)
