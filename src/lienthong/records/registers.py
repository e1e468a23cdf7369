"""Registers of our own databases as code lists: facilities, licences, drugs and devices with the days they hold.

A list whose index says `from: {table: practice.facilities, code: MA_CSKCB, ...}` is read from there once it is kept.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql

from lienthong.contracts.codes import Code, Codes

FRESH = 60.0
"""Seconds for which a register that was read is not asked again."""
DECISIONS = "*"
"""Stands among the registers for what was decided about codes of no list."""
MOST = 200_000
"""Rows up to which a register is held in memory as a list; a larger one is asked by rules across databases only."""
_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")

_read_at: WeakKeyDictionary[Codes, dict[str, float]] = WeakKeyDictionary()
_guard = threading.Lock()


def refresh(
    conn: psycopg.Connection[Any],
    codes: Codes,
    *,
    only_complete: bool = False,
    fresh: float = FRESH,
) -> bool:
    """Reads the registers that are kept here into the lists, at most once in `fresh` seconds; whether any was read.

    `only_complete` passes over lists that may not accuse and are no other codes of one that may: a check has no
    use for them.
    """
    wanted = due(codes, only_complete=only_complete, fresh=fresh)
    if not wanted:
        return False
    now = time.monotonic()
    with _guard:
        _read_at.setdefault(codes, {}).update(dict.fromkeys(wanted, now))
    if wanted.pop(DECISIONS, None) is not None:
        codes.decided = decided(conn)
    found = {name: held for name, told in wanted.items() if (held := _held(conn, told)) is not None}
    codes.hold(found)
    return bool(found)


def due(
    codes: Codes, *, only_complete: bool = False, fresh: float = FRESH
) -> dict[str, dict[str, Any]]:
    """The registers that were not read for `fresh` seconds, with where they stand."""
    read, now = _read_at.get(codes, {}), time.monotonic()
    kept = codes.kept()
    if only_complete:
        accusing = {name for name in kept if codes.about(name).get("complete") is True}
        accusing |= {str(codes.about(name).get("otherCodes")) for name in accusing}
        kept = {name: told for name, told in kept.items() if name in accusing}
    kept = {**kept, DECISIONS: {}}
    return {
        name: told for name, told in kept.items() if name not in read or now - read[name] > fresh
    }


def _held(conn: psycopg.Connection[Any], told: dict[str, str]) -> list[Code] | None:
    """The codes of one register; None when it is not kept here, is empty or too large."""
    schema, _, table = str(told.get("table", "")).partition(".")
    there = conn.execute(
        "SELECT to_regclass(format('%%I.%%I', %s::text, %s::text))", [schema, table]
    )
    row = there.fetchone()
    if row is None or row[0] is None:
        return None
    columns = _columns(conn, schema, table)
    names = [
        told.get(part) for part in ("code", "label", "validFrom", "validTo", "successor", "parent")
    ]
    if told.get("code") not in columns:
        return None
    shown = [
        sql.SQL("{}::text").format(sql.Identifier(name))
        if name in columns
        else sql.SQL("NULL::text")
        for name in names
    ]
    query = sql.SQL("SELECT DISTINCT {} FROM {} WHERE {} IS NOT NULL LIMIT {}").format(
        sql.SQL(", ").join(shown),
        sql.Identifier(schema, table),
        sql.Identifier(str(told["code"])),
        sql.Literal(MOST + 1),
    )
    rows = conn.execute(query).fetchall()
    return [_code(line) for line in rows] if 0 < len(rows) <= MOST else None


def decided(conn: psycopg.Connection[Any]) -> dict[tuple[str, str], str]:
    """(list, code) to the code that an official reads it as."""
    rows = conn.execute(
        "SELECT list, code, target FROM (SELECT DISTINCT ON (list, code) list, code, state, target"
        " FROM records.code_decision ORDER BY list, code, id DESC) last WHERE state = 'mapped'"
    )
    return {(str(name), str(code)): str(target) for name, code, target in rows}


def _columns(conn: psycopg.Connection[Any], schema: str, table: str) -> set[str]:
    rows = conn.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
        [schema, table],
    )
    return {str(row[0]) for row in rows}


def _code(line: Iterable[str | None]) -> Code:
    code, label, since, until, successor, parent = line
    name = label or ""
    return Code(
        code=code or "",
        label={"vi": name, "en": name, "fr": name},
        valid_from=_day(since),
        valid_to=_day(until),
        successor=successor or "",
        parent=parent or "",
    )


def _day(text: str | None) -> str:
    found = _DATE.match(text or "")
    return "".join(found.groups()) if found else ""
