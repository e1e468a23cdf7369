"""Writes a group of posted records in one transaction: receipts, versions, quarantine, counts and audit together."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.contracts.contract import Table
from lienthong.records.intake import faults as reasons
from lienthong.records.intake.keeping import retire
from lienthong.records.intake.receipts import Submission, find, number_receipt
from lienthong.records.intake.single.posted import Posted, masks
from lienthong.records.intake.single.said import findings_of
from lienthong.records.store import counts, layout
from lienthong.records.store.owner import as_owner
from lienthong.records.store.rulesets import Ruleset, load, ruleset, to_bytes


class _Kept(msgspec.Struct, frozen=True):
    """What the store has under a key."""

    digest: bytes
    version: int
    since: datetime


class _Place(msgspec.Struct):
    """One record with what becomes of it."""

    given: Posted
    receipt: str = ""
    number: int = 0
    state: str = "new"
    version: int = 1
    since: datetime | None = None
    faults: list[dict[str, Any]] = msgspec.field(default_factory=list)
    again: Submission | None = None
    later: bool = False
    counted: bool = False


class Writer:
    """Remembers the rulesets that it has recorded."""

    def __init__(self) -> None:
        self._rulesets: dict[tuple[str, str, int], Ruleset] = {}

    def write(self, conn: psycopg.Connection[Any], given: list[Posted]) -> list[Submission | None]:
        """A receipt for each record, in their order; None where a file of the sender is under way.

        No two of them may be the same record or the same bytes.
        """
        places = [_Place(one) for one in given]
        self._record_rulesets(conn, given)
        with conn.transaction():
            _lock(conn, places)
            _same_bytes(conn, places)
            now = [place for place in places if not place.later and place.again is None]
            if now:
                _number(conn, now)
                with as_owner(conn):
                    self._keep(conn, now)
        written = _submissions(conn, [place.receipt for place in now]) if now else {}
        return [place.again or written.get(place.receipt) for place in places]

    def _record_rulesets(self, conn: psycopg.Connection[Any], given: list[Posted]) -> None:
        """In a transaction of their own, so that what is remembered is there whatever becomes of the records."""
        for one in given:
            for table, answers in one.answers.items():
                if not answers:
                    continue
                key = (one.contract.digest, table, masks(answers[0])[1])
                if key not in self._rulesets:
                    compiled = one.engine.compiled.table(table)
                    assert compiled is not None
                    with conn.transaction(), as_owner(conn):
                        self._rulesets[key] = ruleset(
                            conn,
                            one.contract,
                            table,
                            [rule.rule for rule in compiled.rules],
                            key[2],
                        )

    def _rules(self, given: Posted, table: str) -> Ruleset:
        return self._rulesets[given.contract.digest, table, masks(given.answers[table][0])[1]]

    def _keep(self, conn: psycopg.Connection[Any], now: list[_Place]) -> None:
        deltas: dict[str, counts.Deltas] = defaultdict(counts.Deltas)
        by_root: dict[tuple[str, str], list[_Place]] = defaultdict(list)
        for place in now:
            _own_faults(place)
            by_root[place.given.contract.name, place.given.root.name].append(place)
        for (contract, _), those in sorted(by_root.items()):
            _compare(conn, those)
            _retire(conn, those, deltas[contract])
            for table in layout.members(those[0].given.contract, those[0].given.root):
                self._insert(conn, those, table)
        _insert_submissions(conn, now)
        for (contract, _), those in sorted(by_root.items()):
            _close_older(conn, those, deltas[contract])
        self._set_aside(conn, [place for place in now if place.state == "blocked"])
        _insert_findings(conn, now)
        for place in now:
            self._count(place, deltas[place.given.contract.name])
        for contract in sorted(deltas):
            deltas[contract].write(conn, contract)
        _audit(conn, now)

    def _insert(self, conn: psycopg.Connection[Any], those: list[_Place], table: Table) -> None:
        contract = those[0].given.contract
        names = list(layout.columns(contract, table))
        lines = [
            line
            for place in those
            if place.state in ("new", "changed")
            for line in self._lines(place, table, "_digest" in names)
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

    def _lines(self, place: _Place, table: Table, is_root: bool) -> list[list[Any]]:
        given = place.given
        rows, lines = given.rows.get(table.name, []), []
        seat = given.engine.engines[table.name].layout
        for at, row in enumerate(rows):
            failed, unknown = masks(given.answers[table.name][at])
            rules = self._rules(given, table.name)
            lines.append(
                [
                    *seat.typed(row)[: len(table.fields)],
                    given.key,
                    given.sender,
                    given.province,
                    0,
                    at,
                    place.version,
                    place.receipt,
                    place.since,
                    rules.id,
                    to_bytes(failed),
                    to_bytes(unknown & ~rules.unknown),
                    *([given.digest] if is_root else []),
                ]
            )
        return lines

    def _set_aside(self, conn: psycopg.Connection[Any], those: list[_Place]) -> None:
        if not those:
            return
        lines = []
        for place in those:
            given = place.given
            sent = {
                name: [{"row": at, "cells": row} for at, row in enumerate(rows)]
                for name, rows in given.rows.items()
            }
            causes = list(
                dict.fromkeys(
                    [*self._causes(given), *(f"{fault['rule']}|" for fault in place.faults)]
                )
            )
            lines.append(
                (
                    given.contract.name,
                    given.root.name,
                    place.receipt,
                    given.key,
                    given.sender,
                    given.province,
                    Jsonb(sent),
                    Jsonb(self._masks(given)),
                    Jsonb(place.faults),
                    causes,
                    given.received,
                )
            )
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO records.quarantine (contract, root, receipt, unit, key, sender, province, rows, masks,"
                " faults, causes, received_at) VALUES (%s, %s, %s, 0, %s, %s, %s, %s, %s, %s, %s, %s)",
                lines,
            )

    def _masks(self, given: Posted) -> dict[str, Any]:
        made = {}
        for table, answers in given.answers.items():
            if not answers:
                continue
            rules = self._rules(given, table)
            bits = []
            for at, answer in enumerate(answers):
                failed, unknown = masks(answer)
                if failed or unknown & ~rules.unknown:
                    bits.append([at, f"{failed:x}", f"{unknown & ~rules.unknown:x}"])
            made[table] = {"ruleset": rules.id, "rows": len(answers), "bits": bits}
        return made

    def _causes(self, given: Posted) -> list[str]:
        return [
            rule.key
            for table, answers in given.answers.items()
            for answer in answers
            for rule in self._rules(given, table).failed(
                masks(answer)[0] & self._rules(given, table).errors
            )
        ]

    def _count(self, place: _Place, deltas: counts.Deltas) -> None:
        if place.state == "unchanged":
            return
        given = place.given
        day = clock.local(
            given.received if place.state == "blocked" else place.since or given.received
        ).date()
        for table, answers in given.answers.items():
            for answer in answers:
                failed, unknown = masks(answer)
                deltas.add(
                    self._rules(given, table), given.sender, given.province, day, 1, failed, unknown
                )


def _lock(conn: psycopg.Connection[Any], places: list[_Place]) -> None:
    """Share the sender with other single records, not with files; own the record. All in one order."""
    senders = sorted({f"{p.given.contract.name}\n{p.given.sender}" for p in places})
    rows = conn.execute(
        "SELECT s, pg_try_advisory_xact_lock_shared(hashtextextended(s, 12)) AND NOT EXISTS ("
        "SELECT 1 FROM records.submission WHERE contract = split_part(s, E'\\n', 1)"
        " AND sender = split_part(s, E'\\n', 2) AND state = 'received') FROM unnest(%s::text[]) AS u(s)",
        [senders],
    ).fetchall()
    free = {name for name, answer in rows if answer}
    for place in places:
        place.later = f"{place.given.contract.name}\n{place.given.sender}" not in free
    keys = sorted({_lock_number(place.given) for place in places if not place.later})
    conn.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS u(k)", [keys])


def _lock_number(given: Posted) -> int:
    name = "\n".join(
        (given.contract.name, given.root.name, given.sender, given.key or given.sha256)
    )
    return int.from_bytes(
        hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True
    )


def _same_bytes(conn: psycopg.Connection[Any], places: list[_Place]) -> None:
    wanted = [p for p in places if not p.later]
    found = find(
        conn,
        "NOT test AND (contract, sender, sha256) IN (SELECT * FROM unnest(%(contracts)s::text[], %(senders)s::text[],"
        " %(hashes)s::text[]))",
        {
            "contracts": [p.given.contract.name for p in wanted],
            "senders": [p.given.sender for p in wanted],
            "hashes": [p.given.sha256 for p in wanted],
        },
    )
    known = {(one.contract, one.sender, one.sha256): one for one in found}
    for place in wanted:
        first = known.get((place.given.contract.name, place.given.sender, place.given.sha256))
        place.again = msgspec.structs.replace(first, again=True) if first else None


def _number(conn: psycopg.Connection[Any], now: list[_Place]) -> None:
    rows = conn.execute(
        "SELECT nextval('records.receipt_number') FROM generate_series(1, %s)", [len(now)]
    ).fetchall()
    for place, (number,) in zip(now, rows, strict=True):
        place.number, place.receipt = number, number_receipt(number, place.given.received)


def _own_faults(place: _Place) -> None:
    given = place.given
    kind: tuple[str, dict[str, Any]] | None = None
    if not given.rows.get(given.root.name):
        kind = ("root-missing", {"table": given.root.name})
    elif given.key is None:
        kind = ("key-missing", {"fields": ", ".join(given.root.key)})
    elif len(given.key) > layout.KEY_LENGTH:
        kind = ("key-long", {"limit": layout.KEY_LENGTH})
    if kind is not None:
        place.faults = [
            {
                "rule": reasons.KINDS[kind[0]].rule,
                "kind": kind[0],
                "table": given.root.name,
                "params": kind[1],
            }
        ]
    place.state = "blocked" if given.blocked or place.faults else "new"


def _compare(conn: psycopg.Connection[Any], those: list[_Place]) -> None:
    given = [place.given for place in those if place.state != "blocked"]
    rows = conn.execute(
        sql.SQL(
            "SELECT _key, _sender, _digest, _version, _from FROM {} WHERE (_key, _sender) IN"
            " (SELECT * FROM unnest(%s::text[], %s::text[]))"
        ).format(sql.Identifier(those[0].given.contract.name, those[0].given.root.name)),
        [[one.key for one in given], [one.sender for one in given]],
    ).fetchall()
    kept = {(row[0], row[1]): _Kept(bytes(row[2]), row[3], row[4]) for row in rows}
    for place in those:
        place.since = place.given.received
        before = kept.get((place.given.key or "", place.given.sender))
        if before is None or place.state == "blocked":
            continue
        place.state = "unchanged" if before.digest == place.given.digest else "changed"
        place.version = before.version + 1
        place.since = max(place.given.received, before.since + timedelta(microseconds=1))


def _retire(conn: psycopg.Connection[Any], those: list[_Place], deltas: counts.Deltas) -> None:
    by_sender: dict[str, list[_Place]] = defaultdict(list)
    for place in those:
        if place.state == "changed":
            by_sender[place.given.sender].append(place)
    for sender, changed in sorted(by_sender.items()):
        for place in changed:
            conn.execute(
                "CREATE TEMP TABLE changing ON COMMIT DROP AS SELECT %s::text AS key",
                [place.given.key],
            )
            retire(
                conn, place.given.contract, place.given.root, sender, place.given.received, deltas
            )
            conn.execute("DROP TABLE changing")


def _close_older(conn: psycopg.Connection[Any], those: list[_Place], deltas: counts.Deltas) -> None:
    """What waited in quarantine under these keys is mended or superseded by what came now."""
    given = [place for place in those if place.given.key is not None]
    rows = conn.execute(
        "UPDATE records.quarantine q SET state = CASE WHEN a.blocked THEN 'superseded' ELSE 'mended' END,"
        " closed_by = a.receipt, closed_at = a.moment FROM unnest(%s::text[], %s::text[], %s::text[],"
        " %s::timestamptz[], %s::boolean[]) AS a(key, sender, receipt, moment, blocked)"
        " WHERE q.contract = %s AND q.root = %s AND q.sender = a.sender AND q.key = a.key AND q.state = 'open'"
        " RETURNING q.id, q.state, q.masks, q.sender, q.province,"
        " (q.received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, q.closed_by",
        [
            [p.given.key for p in given],
            [p.given.sender for p in given],
            [p.receipt for p in given],
            [p.given.received for p in given],
            [p.state == "blocked" for p in given],
            those[0].given.contract.name,
            those[0].given.root.name,
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


def _insert_submissions(conn: psycopg.Connection[Any], now: list[_Place]) -> None:
    finished = clock.now()
    lines = []
    for place in now:
        given = place.given
        ended = {
            "new": (1, 0, 0),
            "changed": (1, 0, 0),
            "unchanged": (0, 1, 0),
            "blocked": (0, 0, 1),
        }[place.state]
        warnings = sum(
            1
            for table, answers in given.answers.items()
            for answer in answers
            for at in answer.failed
            if _severity(given, table, at) == "warning"
        )
        lines.append(
            (
                place.receipt,
                place.number,
                given.contract.name,
                given.contract.version,
                given.sender,
                given.province,
                given.actor,
                given.channel,
                given.name,
                given.sha256,
                len(given.body),
                given.received,
                finished,
                *ended,
                sum(map(len, given.rows.values())),
                warnings,
            )
        )
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO records.blob (sha256, bytes) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            sorted((place.given.sha256, place.given.body) for place in now),
        )
        cursor.executemany(
            "INSERT INTO records.submission (receipt, number, contract, contract_version, sender, province, actor,"
            " channel, name, sha256, bytes, state, received_at, finished_at, received, kept, unchanged, quarantined,"
            " row_count, warnings) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'done', %s, %s, 1, %s, %s, %s,"
            " %s, %s)",
            lines,
        )


def _severity(given: Posted, table: str, at: int) -> str:
    compiled = given.engine.compiled.table(table)
    return str(compiled.rules[at].rule.severity) if compiled else ""


def _insert_findings(conn: psycopg.Connection[Any], now: list[_Place]) -> None:
    examples, numbers = findings_of([(place.receipt, place.given, place.faults) for place in now])
    with conn.cursor() as cursor:
        if examples:
            cursor.executemany(
                "INSERT INTO records.finding (receipt, table_name, row, unit, key, field, rule, criterion, severity,"
                " value, message, remedy) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                examples,
            )
        if numbers:
            cursor.executemany(
                "INSERT INTO records.finding_count (receipt, table_name, rule, field, criterion, severity, checked,"
                " failed, unknown, message, remedy) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s)",
                numbers,
            )


def _audit(conn: psycopg.Connection[Any], now: list[_Place]) -> None:
    """One entry per actor and contract: it names every receipt."""
    by_actor: dict[tuple[str, str], list[_Place]] = defaultdict(list)
    for place in now:
        by_actor[place.given.actor, place.given.contract.name].append(place)
    for (actor, contract), those in sorted(by_actor.items()):
        audit.write(
            conn,
            actor,
            "record.processed",
            {
                "contract": contract,
                "version": those[0].given.contract.version,
                "receipts": {place.receipt: place.state for place in those},
            },
        )


def _submissions(conn: psycopg.Connection[Any], receipts: list[str]) -> dict[str, Submission]:
    found = find(conn, "receipt = ANY(%(receipts)s)", {"receipts": receipts})
    return {one.receipt: one for one in found}
