"""A unit brings a list: it is kept as it came, the differences are found again, and those that are gone close."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.errors import NotFound, Refused
from lienthong.procedures.lists import comparing
from lienthong.procedures.lists.listed import Listed, Reading, read_list
from lienthong.procedures.lists.rules import rules


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a unit's list. `again`: the same bytes were there already as the newest version."""

    unit: str
    version: int
    name: str
    sha256: str
    channel: str
    brought_by: str
    brought_at: datetime
    rows: int
    demo: bool = False
    again: bool = False


_COLUMNS = sql.SQL("unit, version, name, sha256, channel, brought_by, brought_at, rows, demo")


def unit_named(unit: str) -> str:
    """The unit, or NotFound with the units there are."""
    if unit not in rules().units:
        raise NotFound(
            "LIST-UNIT", "No unit “%(unit)s”; there are: %(units)s.", unit=unit[:40], units=", ".join(rules().units)
        )  # fmt: skip
    return unit


def bring(
    conn: psycopg.Connection[Any],
    actor: audit.Acting | str,
    unit: str,
    data: bytes,
    name: str,
    *,
    channel: str,
    reading: Reading | None = None,
    demo: bool = False,
) -> Brought:
    """Keep a list as the unit's next version and follow its differences; in the caller's transaction.

    Raises Refused when the file has a fault (the lists that are there stay as they were), NotFound for another unit.
    """
    unit_named(unit)
    read = reading or read_list(data, name)
    if read.faults:
        raise Refused(
            "LIST-FAULTS",
            "%(name)s was not taken: %(count)s faults, lines %(lines)s. The list that was there stays in force.",
            name=name, count=len(read.faults), lines=", ".join(str(one.line) for one in read.faults[:30]),
        )  # fmt: skip
    digest = hashlib.sha256(data).hexdigest()
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('office.list'))")
    before = newest(conn).get(unit)
    if before and before.sha256 == digest:
        return msgspec.structs.replace(before, again=True)
    version = (before.version if before else 0) + 1
    conn.execute(
        "INSERT INTO office.list (unit, version, name, sha256, body, channel, brought_by, brought_at, rows, demo)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            unit,
            version,
            name[:200],
            digest,
            data,
            channel,
            _id(actor),
            clock.now(),
            len(read.entries),
            demo,
        ],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO office.listed (unit, version, line, code, document) VALUES (%s, %s, %s, %s, %s)",
            [
                [unit, version, one.line, one.code, Jsonb(msgspec.to_builtins(one))]
                for one in read.entries
            ],
        )
    audit.write(
        conn, actor, "office.list_brought",
        {"unit": unit, "version": version, "sha256": digest, "rows": len(read.entries)},
    )  # fmt: skip
    follow(conn, clock.today())
    return newest(conn)[unit]


def newest(conn: psycopg.Connection[Any]) -> dict[str, Brought]:
    """The newest version of each unit that brought one."""
    with conn.cursor(row_factory=class_row(Brought)) as cursor:
        rows = cursor.execute(
            sql.SQL(
                "SELECT DISTINCT ON (unit) {} FROM office.list ORDER BY unit, version DESC"
            ).format(_COLUMNS)
        ).fetchall()
    return {row.unit: row for row in rows}


def history(conn: psycopg.Connection[Any], unit: str) -> list[Brought]:
    """All versions that a unit brought, the newest first."""
    with conn.cursor(row_factory=class_row(Brought)) as cursor:
        return cursor.execute(
            sql.SQL("SELECT {} FROM office.list WHERE unit = %s ORDER BY version DESC").format(
                _COLUMNS
            ),
            [unit],
        ).fetchall()


def original(conn: psycopg.Connection[Any], unit: str, version: int) -> tuple[str, bytes]:
    """Name and bytes of a list as it came; raises NotFound."""
    row = conn.execute(
        "SELECT name, body FROM office.list WHERE unit = %s AND version = %s", [unit, version]
    ).fetchone()
    if row is None:
        raise NotFound(
            "LIST-VERSION", "There is no version %(version)s of that list.", version=version
        )
    return row[0], bytes(row[1])


def entries(conn: psycopg.Connection[Any], unit: str, version: int) -> dict[str, Listed]:
    """The lines of one version, by code."""
    rows = conn.execute(
        "SELECT code, document FROM office.listed WHERE unit = %s AND version = %s ORDER BY line", [unit, version]
    ).fetchall()  # fmt: skip
    return {code: msgspec.convert(document, Listed) for code, document in rows}


def lists(conn: psycopg.Connection[Any]) -> dict[str, dict[str, Listed]]:
    """The newest list of each unit, by unit and code."""
    return {one.unit: entries(conn, one.unit, one.version) for one in newest(conn).values()}


def follow(conn: psycopg.Connection[Any], today: date) -> None:
    """Bring the differences that are followed up to the lists of this moment.

    One that is gone closes by itself; a decision holds while every unit says what it said then; when one says
    something else, the difference is open again as a new one.
    """
    found = {(one.code, one.kind): one for one in comparing.compare(lists(conn))}
    standing = _standing(conn)
    now = clock.now()
    due = clock.add_working_days(today, rules().due_days)
    for key, row in standing.items():
        if key not in found:
            _close(conn, row["id"], "agreed", now)
        elif row["said"] != found[key].said:
            if row["state"] == "decided":
                _close(conn, row["id"], "replaced", now)
            else:
                conn.execute(
                    "UPDATE office.difference SET said = %s, owner = CASE WHEN assigned THEN owner ELSE %s END"
                    " WHERE id = %s",
                    [Jsonb(found[key].said), comparing.owner_of(found[key]), row["id"]],
                )
    held = {k for k, r in standing.items() if k in found and _holds(r, found[k].said)}
    for key, one in found.items():
        if key not in held:
            conn.execute(
                "INSERT INTO office.difference (code, kind, said, owner, due, opened_at)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [one.code, one.kind, Jsonb(one.said), comparing.owner_of(one), due, now],
            )


def _holds(row: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    return bool(row["state"] == "open" or row["said"] == said)


def _standing(conn: psycopg.Connection[Any]) -> dict[tuple[str, str], dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT id, code, kind, said, state FROM office.difference WHERE state IN ('open', 'decided')"
            " FOR UPDATE"
        ).fetchall()
    return {(row["code"], row["kind"]): row for row in rows}


def _close(conn: psycopg.Connection[Any], id: int, state: str, at: datetime) -> None:
    conn.execute(
        "UPDATE office.difference SET state = %s, closed_at = coalesce(closed_at, %s),"
        " closed_by = coalesce(closed_by, 'lists') WHERE id = %s",
        [state, at, id],
    )


def _id(actor: audit.Acting | str) -> str:
    return actor if isinstance(actor, str) else actor.id
