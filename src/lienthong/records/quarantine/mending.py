"""What a person does to an entry: mend cells, or give it up with a reason. What was sent is never changed."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import Conflict, Refused
from lienthong.records.crossing.lacking import note_waiting
from lienthong.records.quarantine.entries import Entry, entry
from lienthong.records.store import counts
from lienthong.records.store.rulesets import load

Cells = dict[str, dict[int, dict[str, str | None]]]
"""{table: {row: {field: text}}}; an empty text is no value."""

LONGEST = 100_000
"""Characters of one mended cell."""


def mend(conn: psycopg.Connection[Any], id: int, cells: Cells, actor: str) -> Entry:
    """Write cells beside those that were sent; `replay` checks the entry again.

    A cell given as it was sent takes an earlier edit back. Raises Refused for a cell that the entry does not have,
    Conflict when the entry is closed.
    """
    with conn.transaction():
        given = _open(conn, id)
        edits = {table: dict(rows) for table, rows in (given.edits or {}).items()}
        changed = []
        for table, rows in cells.items():
            for row, fields in rows.items():
                for field, text in fields.items():
                    if _edit(given, edits, table, row, field, text):
                        changed.append({"table": table, "row": row, "field": field})
        if not changed:
            return given
        kept = {table: rows for table, rows in edits.items() if rows}
        conn.execute(
            "UPDATE records.quarantine SET edits = %s WHERE id = %s",
            [Jsonb(kept) if kept else None, id],
        )
        _act(conn, given, actor, "cells", {"cells": changed, "edits": kept})
        audit.write(
            conn,
            actor,
            "quarantine.cells",
            {"entry": id, "receipt": given.receipt, "cells": changed},
        )
        return entry(conn, id)


def abandon(conn: psycopg.Connection[Any], id: int, reason: str, actor: str) -> Entry:
    """Give an entry up; it leaves the counts and stays readable.

    Raises Refused without a reason, Conflict when closed.
    """
    if not reason.strip():
        raise Refused("quarantine.reason", "Say why the record is abandoned.")
    with conn.transaction():
        given = _open(conn, id)
        conn.execute(
            "UPDATE records.quarantine SET state = 'abandoned', reason = %s, closed_at = %s WHERE id = %s",
            [reason.strip(), clock.now(), id],
        )
        deltas = counts.Deltas()
        take_back(conn, given, deltas)
        deltas.write(conn, given.contract)
        note_waiting(conn, given.contract, entries=[id])
        _act(conn, given, actor, "abandoned", {"reason": reason.strip()})
        audit.write(conn, actor, "quarantine.abandoned", {"entry": id, "receipt": given.receipt})
        return entry(conn, id)


def take_back(conn: psycopg.Connection[Any], given: Entry, deltas: counts.Deltas) -> None:
    """The rows of an entry no longer wait: out of the counts with them."""
    rulesets = load(conn, (about["ruleset"] for about in given.masks.values()))
    day = clock.local(given.received_at).date()
    counts.add_quarantined(deltas, rulesets, given.masks, given.sender, given.province, day, -1)


def _open(conn: psycopg.Connection[Any], id: int) -> Entry:
    given = entry(conn, id, lock=True)
    if given.state != "open":
        raise Conflict(
            "quarantine.closed",
            "Entry %(id)s is closed already (%(state)s).",
            id=id,
            state=given.state,
        )
    return given


def _edit(
    given: Entry, edits: dict[str, Any], table: str, row: int, field: str, text: str | None
) -> bool:
    """Put one edit in `edits`; says whether anything changed."""
    sent = next((r["cells"] for r in given.rows.get(table, []) if r["row"] == row), None)
    if sent is None or field not in sent or field.startswith("_"):
        raise Refused(
            "quarantine.cell",
            "Entry %(id)s has no cell %(table)s.%(field)s in row %(row)s.",
            id=given.id,
            table=table,
            field=field,
            row=row,
        )
    if text is not None and (len(text) > LONGEST or "\x00" in text):
        raise Refused("quarantine.text", "This text cannot stand in a cell.")
    wanted = text or None
    own = dict(edits.get(table, {}).get(str(row), {}))
    if own.get(field, sent[field]) == wanted:
        return False
    if sent[field] == wanted:
        own.pop(field)
    else:
        own[field] = wanted
    rows = {**edits.get(table, {}), str(row): own}
    edits[table] = {at: cells for at, cells in rows.items() if cells}
    return True


def _act(
    conn: psycopg.Connection[Any], given: Entry, actor: str, act: str, about: dict[str, Any]
) -> None:
    conn.execute(
        "INSERT INTO records.quarantine_act (entry, actor, act, about) VALUES (%s, %s, %s, %s)",
        [given.id, actor, act, Jsonb(about)],
    )
