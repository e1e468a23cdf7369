"""Changes of counts that single records have left behind and that nobody has added up yet.

They stand in the transaction of their record like the counts of a file; adding them up takes them away in the
transaction that counts them. So records.count with what waits always says what the masks say.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

Line = tuple[int, str, str, date, int, dict[str, dict[str, int]] | None]
"""ruleset, sender, province, day, rows, and what was unusual: {failed, unknown, pseudo, sole: {where: rows}}."""


def leave(conn: psycopg.Connection[Any], contract: str, lines: list[Line]) -> None:
    """Leave changes for whoever adds up next."""
    conn.execute(
        "INSERT INTO records.count_waiting (contract, ruleset, sender, province, day, rows, unusual)"
        " SELECT %s, * FROM unnest(%s::integer[], %s::text[], %s::text[], %s::date[], %s::bigint[], %s::jsonb[])",
        [
            contract,
            [line[0] for line in lines],
            [line[1] for line in lines],
            [line[2] for line in lines],
            [line[3] for line in lines],
            [line[4] for line in lines],
            [Jsonb(line[5]) if line[5] else None for line in lines],
        ],
    )


def take(conn: psycopg.Connection[Any], contract: str) -> list[Line]:
    """Take away what waits; what somebody else is taking is left to him."""
    return conn.execute(
        "DELETE FROM records.count_waiting WHERE id = ANY (ARRAY(SELECT id FROM records.count_waiting"
        " WHERE contract = %s ORDER BY id FOR UPDATE SKIP LOCKED))"
        " RETURNING ruleset, sender, province, day, rows, unusual",
        [contract],
    ).fetchall()


def waiting(conn: psycopg.Connection[Any], contract: str) -> list[Line]:
    """What waits, left where it is."""
    return conn.execute(
        "SELECT ruleset, sender, province, day, rows, unusual FROM records.count_waiting WHERE contract = %s",
        [contract],
    ).fetchall()


def contracts(conn: psycopg.Connection[Any]) -> list[str]:
    """The contracts of which something waits."""
    rows = conn.execute("SELECT DISTINCT contract FROM records.count_waiting ORDER BY contract")
    return [row[0] for row in rows]
