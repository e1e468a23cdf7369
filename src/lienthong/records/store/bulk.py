"""Rows from DuckDB to PostgreSQL by binary COPY, batch by batch, so that memory does not grow with a file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import duckdb
import pgpq
import psycopg
import pyarrow
from pgpq import encoders, schema
from psycopg import sql

BATCH = 65_536


def copy(
    conn: psycopg.Connection[Any],
    con: duckdb.DuckDBPyConnection,
    table: sql.Composable,
    query: str,
    *,
    json: frozenset[str] = frozenset(),
    progress: Callable[[int], None] | None = None,
) -> int:
    """COPY the result of a DuckDB query into the columns of the same names; `json` names those kept as jsonb.

    Returns the number of rows.
    """
    con.execute("SELECT 1").fetchall()  # a result that was not read to its end bars the way
    reader = con.sql(query).to_arrow_reader(BATCH)
    return copy_batches(conn, table, reader, json=json, progress=progress)


def copy_batches(
    conn: psycopg.Connection[Any],
    table: sql.Composable,
    batches: Any,
    *,
    json: frozenset[str] = frozenset(),
    progress: Callable[[int], None] | None = None,
) -> int:
    """COPY Arrow batches; see `copy`."""
    written, encoder, stream = 0, None, None
    cursor = conn.cursor()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for batch in batches:
                if encoder is None:
                    encoder, stream = _begin(cursor, table, batch.schema, json)
                    copier = stream.__enter__()
                    copier.write(encoder.write_header())
                copier.write(encoder.write_batch(batch))
                written += batch.num_rows
                if progress is not None:
                    progress(batch.num_rows)
            if encoder is not None:
                copier.write(encoder.finish())
        except BaseException as error:
            if stream is not None:
                stream.__exit__(type(error), error, error.__traceback__)
            raise
        if stream is not None:
            stream.__exit__(None, None, None)
    return written


def _begin(
    cursor: psycopg.Cursor[Any], table: sql.Composable, shape: pyarrow.Schema, json: frozenset[str]
) -> tuple[Any, Any]:
    builders = {field.name: _builder(field, field.name in json) for field in shape}
    encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(shape, builders)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        table, sql.SQL(", ").join(map(sql.Identifier, shape.names))
    )
    return encoder, cursor.copy(statement)


def _builder(field: pyarrow.Field, as_json: bool) -> Any:
    if as_json:
        return encoders.StringEncoderBuilder.new_with_output(field, schema.Jsonb())
    return pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)
