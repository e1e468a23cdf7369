"""Records that are there and not kept: what waits in quarantine neither proves nor disproves a rule across databases.

A finding that names no other record says that one is lacking. While such a record waits in quarantine, nobody can say
whether it is lacking: the rule is unknown for that row, and it is asked again when the record was mended or abandoned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import pyarrow
from psycopg import sql

MOST = 20_000
"""Keys asked for at once; of more, those beyond are taken to be lacking."""


def waiting_among(
    conn: psycopg.Connection[Any], table: str, fields: Sequence[str], keys: pyarrow.Table
) -> list[tuple[Any, ...]]:
    """Those of the keys (a column for each of `fields`, as text) that a record in quarantine has."""
    database, _, name = table.partition(".")
    given = [column.to_pylist() for column in keys.slice(0, MOST).columns]
    names = [f"k{at}" for at in range(len(fields))]
    cells = sql.SQL(", ").join(
        part
        for field, key in zip(fields, names, strict=True)
        for part in (sql.Literal(field), sql.Identifier("k", key))
    )
    query = sql.SQL(
        "SELECT DISTINCT {shown} FROM unnest({arrays}) AS k({names}) JOIN records.quarantine q ON q.state = 'open'"
        " AND q.contract = %s AND q.rows @> jsonb_build_object({table}, jsonb_build_array("
        "jsonb_build_object('cells', jsonb_build_object({cells}))))"
    ).format(
        shown=sql.SQL(", ").join(sql.Identifier("k", key) for key in names),
        arrays=sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(fields)),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        table=sql.Literal(name),
        cells=cells,
    )
    return conn.execute(query, [*given, database]).fetchall()


def note_waiting(
    conn: psycopg.Connection[Any],
    contract: str,
    *,
    receipts: Sequence[str] = (),
    entries: Sequence[int] = (),
) -> None:
    """After records went into quarantine (of these receipts) or left it unkept (`entries`): whoever looks at them is
    asked again."""
    conn.execute(
        "WITH gone AS (INSERT INTO records.crossing_gone (contract, table_name, cells)"
        " SELECT DISTINCT q.contract, l.other_table, c.cells FROM records.quarantine q"
        " JOIN (SELECT DISTINCT other_table, other_fields FROM records.crossing_link"
        " WHERE other_contract = %(contract)s) l"
        " ON q.rows ? l.other_table CROSS JOIN LATERAL jsonb_array_elements(q.rows -> l.other_table) r"
        " CROSS JOIN LATERAL (SELECT jsonb_object_agg(f, r -> 'cells' ->> f) AS cells,"
        " bool_and((r -> 'cells' ->> f) IS NOT NULL) AS whole FROM unnest(l.other_fields) f) c"
        " WHERE q.contract = %(contract)s AND c.whole AND NOT EXISTS (SELECT 1 FROM unnest(l.other_fields) f"
        " WHERE (SELECT structure -> l.other_table -> 'fields' ->> f FROM records.contract_version"
        " WHERE contract = %(contract)s ORDER BY number DESC LIMIT 1) <> 'text')"
        " AND (q.receipt = ANY(%(receipts)s) AND q.state = 'open' OR q.id = ANY(%(entries)s)) RETURNING 1)"
        " INSERT INTO records.crossing_due (contract, receipts) SELECT %(contract)s, %(receipts)s"
        " WHERE EXISTS (SELECT 1 FROM gone)",
        {"contract": contract, "receipts": list(receipts), "entries": list(entries)},
    )
    conn.execute("SELECT pg_notify('lienthong_submission', 'crossing')")
