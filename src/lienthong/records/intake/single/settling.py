"""What becomes of units in memory: new, changed, unchanged or set aside, with versions, entries and counts.

Everything happens in the caller's transaction, as the owner of the tables, under the caller's locks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lienthong import clock
from lienthong.contracts.contract import Table
from lienthong.records.intake import withholding
from lienthong.records.intake.keeping import retire
from lienthong.records.intake.single.unit import Unit, failed_rules, masks, own_fault
from lienthong.records.store import counts, layout
from lienthong.records.store.owner import as_owner
from lienthong.records.store.rulesets import Ruleset, load, ruleset, to_bytes


class Place(msgspec.Struct):
    """One unit with what becomes of it: new, changed, unchanged, or blocked."""

    unit: Unit
    receipt: str = ""
    state: str = "new"
    version: int = 1
    since: datetime | None = None
    waiting_since: datetime | None = None
    withheld: tuple[str, ...] = ()
    """The rules for which it is kept and not passed on."""


class Rulesets:
    """The rulesets of units in one database; what was recorded once is remembered."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, int], Ruleset] = {}

    def record(self, conn: psycopg.Connection[Any], units: Iterable[Unit]) -> None:
        """Record what is new, in transactions of their own: what is remembered must be there whatever follows."""
        for given in units:
            for table, answers in given.answers.items():
                if not answers:
                    continue
                key = _key(given, table)
                compiled = given.engine.compiled.table(table)
                if key not in self._made and compiled is not None:
                    with conn.transaction(), as_owner(conn):
                        self._made[key] = ruleset(
                            conn,
                            given.contract,
                            table,
                            [one.rule for one in compiled.rules],
                            key[2],
                        )

    def of(self, given: Unit, table: str) -> Ruleset:
        """The ruleset of a unit's rows of one table."""
        return self._made[_key(given, table)]


def _key(given: Unit, table: str) -> tuple[str, str, int]:
    return given.contract.digest, table, masks(given.answers[table][0])[1]


def settle(
    conn: psycopg.Connection[Any],
    places: list[Place],
    rules: Rulesets,
    deltas: dict[str, counts.Deltas],
) -> None:
    """Decide each place's state and write everything but the receipt, findings, counts and audit.

    `deltas` (by contract) take the changes of counts; the caller writes them last.
    """
    for (contract, _), those in _by_root(places).items():
        compare(conn, those)
        _retire(conn, those, deltas[contract])
        for table in layout.members(those[0].unit.contract, those[0].unit.root):
            _insert(conn, those, table, rules)
        withholding.withhold_places(conn, those, rules)
        _close_older(conn, those, deltas[contract])
    for place in places:
        _count(place, rules, deltas[place.unit.contract.name])


def compare_all(conn: psycopg.Connection[Any], places: list[Place]) -> None:
    """Only decide the states: what would become of the units."""
    for those in _by_root(places).values():
        compare(conn, those)


def _by_root(places: list[Place]) -> dict[tuple[str, str], list[Place]]:
    by_root: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in places:
        by_root[place.unit.contract.name, place.unit.root.name].append(place)
    return dict(sorted(by_root.items()))


def compare(conn: psycopg.Connection[Any], those: list[Place]) -> None:
    """State, version and moment of the places of one root, against each other and against the store."""
    first: dict[str | None, Place] = {}
    for place in those:
        given = place.unit
        place.since = given.received
        place.state = "blocked" if given.blocked else "new"
        if place.state == "blocked":
            continue
        other = first.setdefault(f"{given.sender}\n{given.key}", place)
        if other is not place:
            _twice(place, other)
    kept = _kept(conn, [place for place in those if place.state == "new"])
    for place in those:
        before = kept.get((place.unit.key or "", place.unit.sender))
        if before is None or place.state != "new":
            continue
        digest, version, since = before
        place.state = "unchanged" if digest == place.unit.digest else "changed"
        if place.state == "changed" and place.unit.root.properties.get("immutable"):
            place.unit.faults = [own_fault("changed-sealed", place.unit.root.name)]
            place.state = "blocked"
            continue
        place.version = version + 1
        # A version never holds from before the one that it replaces, whatever the clocks say.
        place.since = max(place.unit.received, since + timedelta(microseconds=1))


def _twice(place: Place, other: Place) -> None:
    """The same key twice: with the same content the second is unchanged, else nobody knows which one holds."""
    if place.unit.digest == other.unit.digest and other.state != "blocked":
        place.state = "unchanged"
        return
    for one in (place, other):
        if not one.unit.faults:
            one.unit.faults = [own_fault("key-twice", one.unit.root.name)]
        one.state = "blocked"


def _kept(
    conn: psycopg.Connection[Any], those: list[Place]
) -> dict[tuple[str, str], tuple[bytes, int, datetime]]:
    if not those:
        return {}
    given = [place.unit for place in those]
    rows = conn.execute(
        sql.SQL(
            "SELECT _key, _sender, _digest, _version, _from FROM {} WHERE (_key, _sender) IN"
            " (SELECT * FROM unnest(%s::text[], %s::text[]))"
        ).format(sql.Identifier(given[0].contract.name, given[0].root.name)),
        [[one.key for one in given], [one.sender for one in given]],
    ).fetchall()
    return {(row[0], row[1]): (bytes(row[2]), row[3], row[4]) for row in rows}


def _retire(conn: psycopg.Connection[Any], those: list[Place], deltas: counts.Deltas) -> None:
    by_sender: dict[tuple[str, datetime], list[str | None]] = defaultdict(list)
    for place in those:
        if place.state == "changed":
            by_sender[place.unit.sender, place.unit.received].append(place.unit.key)
    for (sender, moment), keys in sorted(by_sender.items()):
        conn.execute("CREATE TEMP TABLE changing (key text) ON COMMIT DROP")
        conn.execute("INSERT INTO changing SELECT unnest(%s::text[])", [keys])
        retire(conn, those[0].unit.contract, those[0].unit.root, sender, moment, deltas)
        conn.execute("DROP TABLE changing")


def _insert(
    conn: psycopg.Connection[Any], those: list[Place], table: Table, rules: Rulesets
) -> None:
    contract = those[0].unit.contract
    names = list(layout.columns(contract, table))
    lines = [
        line
        for place in those
        if place.state in ("new", "changed")
        for line in _lines(place, table, rules, "_digest" in names)
    ]
    if not lines:
        return
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(contract.name, table.name),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join([sql.Placeholder()] * len(names)),
    )
    with conn.cursor() as cursor:
        cursor.executemany(statement, lines)


def _lines(place: Place, table: Table, rules: Rulesets, is_root: bool) -> list[list[Any]]:
    given = place.unit
    rows = given.rows.get(table.name, [])
    if not rows:
        return []
    seat, own = given.engine.engines[table.name].layout, rules.of(given, table.name)
    lines = []
    for at, row in enumerate(rows):
        failed, unknown = masks(given.answers[table.name][at])
        lines.append(
            [
                *seat.typed(row)[: len(table.fields)],
                given.key,
                given.sender,
                given.province,
                given.unit,
                given.places[table.name][at],
                place.version,
                place.receipt,
                place.since,
                own.id,
                to_bytes(failed),
                to_bytes(unknown & ~own.unknown),
                *([given.digest] if is_root else []),
            ]
        )
    return lines


def _close_older(conn: psycopg.Connection[Any], those: list[Place], deltas: counts.Deltas) -> None:
    """What waited in quarantine under these keys is mended or superseded by what came now."""
    given: dict[tuple[str, str], Place] = {}
    for place in those:
        if place.unit.key is None:
            continue
        other = given.get((place.unit.sender, place.unit.key))
        if other is None or other.state == "blocked":
            given[place.unit.sender, place.unit.key] = place
    if not given:
        return
    found = list(given.values())
    rows = conn.execute(
        "UPDATE records.quarantine q SET state = CASE WHEN a.blocked THEN 'superseded' ELSE 'mended' END,"
        " closed_by = a.receipt, closed_at = a.moment FROM unnest(%s::text[], %s::text[], %s::text[],"
        " %s::timestamptz[], %s::boolean[]) AS a(key, sender, receipt, moment, blocked)"
        " WHERE q.contract = %s AND q.root = %s AND q.sender = a.sender AND q.key = a.key AND q.state = 'open'"
        " AND q.receipt <> a.receipt"
        " RETURNING q.id, q.state, q.masks, q.sender, q.province,"
        " (q.received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, q.closed_by",
        [
            [p.unit.key for p in found],
            [p.unit.sender for p in found],
            [p.receipt for p in found],
            [p.unit.received for p in found],
            [p.state == "blocked" for p in found],
            found[0].unit.contract.name,
            found[0].unit.root.name,
        ],
    ).fetchall()
    if not rows:
        return
    rulesets = load(conn, (about["ruleset"] for row in rows for about in row[2].values()))
    for _id, _state, kept, sender, province, day, _receipt in rows:
        counts.add_quarantined(deltas, rulesets, kept, sender, province, day, -1)
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO records.quarantine_act (entry, actor, act, about) VALUES (%s, 'intake', %s, %s)",
            [(row[0], row[1], Jsonb({"receipt": row[6]})) for row in rows],
        )


def set_aside(conn: psycopg.Connection[Any], places: list[Place], rules: Rulesets) -> None:
    """A new quarantine entry for each blocked place."""
    lines = []
    for place in places:
        if place.state != "blocked":
            continue
        given = place.unit
        sent = {
            name: [{"row": given.places[name][at], "cells": row} for at, row in enumerate(rows)]
            for name, rows in given.rows.items()
            if rows
        }
        lines.append(
            (
                given.contract.name,
                given.root.name,
                place.receipt,
                given.unit,
                given.key,
                given.sender,
                given.province,
                Jsonb(sent),
                Jsonb(masks_of(given, rules)),
                Jsonb(given.faults),
                causes_of(given, rules),
                given.received,
            )
        )
    if lines:
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO records.quarantine (contract, root, receipt, unit, key, sender, province, rows,"
                " masks, faults, causes, received_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                lines,
            )


def masks_of(given: Unit, rules: Rulesets) -> dict[str, Any]:
    """The masks of a unit as its quarantine entry keeps them."""
    made = {}
    for table, answers in given.answers.items():
        if not answers:
            continue
        own = rules.of(given, table)
        bits = []
        for at, answer in enumerate(answers):
            failed, unknown = masks(answer)
            if failed or unknown & ~own.unknown:
                bits.append([given.places[table][at], f"{failed:x}", f"{unknown & ~own.unknown:x}"])
        made[table] = {"ruleset": own.id, "rows": len(answers), "bits": bits}
    return made


def causes_of(given: Unit, rules: Rulesets) -> list[str]:
    """The rules that hold a unit back, then the reasons of the reader and the store."""
    found = [
        rules.of(given, table).rules[position].key
        for table, _, position in failed_rules(given)
        if rules.of(given, table).errors >> position & 1
    ]
    found += [f"{fault['rule']}|{fault.get('field') or ''}" for fault in given.faults]
    return list(dict.fromkeys(found))


def _count(place: Place, rules: Rulesets, deltas: counts.Deltas) -> None:
    if place.state == "unchanged":
        return
    given = place.unit
    waiting = place.waiting_since or given.received
    day = clock.local(waiting if place.state == "blocked" else place.since or waiting).date()
    for table, answers in given.answers.items():
        for answer in answers:
            deltas.add(rules.of(given, table), given.sender, given.province, day, 1, *masks(answer))
