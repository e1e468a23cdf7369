"""Writes a group of posted records in one transaction: receipts, versions, quarantine, counts and audit together."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

import msgspec
import psycopg

from lienthong import audit, clock
from lienthong.records.crossing import noting
from lienthong.records.crossing.judging import judge_across
from lienthong.records.intake import publishing, unmapped
from lienthong.records.intake.receipts import Submission, find, number_receipt
from lienthong.records.intake.single import settling
from lienthong.records.intake.single.posted import Posted
from lienthong.records.intake.single.said import (
    copy_lines,
    count_of,
    counts_of,
    examples_of,
    own_findings,
)
from lienthong.records.intake.single.unit import failed_rules, rule_at
from lienthong.records.store import counts
from lienthong.records.store.owner import as_owner


class _Seat(msgspec.Struct):
    """One posted record with its receipt: a new one, or the one that its bytes got before."""

    given: Posted
    place: settling.Place
    number: int = 0
    again: Submission | None = None
    later: bool = False


class Writer:
    """Remembers the rulesets that it has recorded."""

    def __init__(self) -> None:
        self._rules = settling.Rulesets()

    def write(self, conn: psycopg.Connection[Any], given: list[Posted]) -> list[Submission | None]:
        """A receipt for each record, in their order; None where a file of the sender is under way.

        No two of them may be the same record or the same bytes.
        """
        seats = [_Seat(one, settling.Place(one.unit)) for one in given]
        looked = judge_across(conn, [one.unit for one in given])
        self._rules.record(conn, (one.unit for one in given))
        written: dict[str, Submission] = {}
        with conn.transaction():
            _lock(conn, seats)
            _same_bytes(conn, seats)
            now = [seat for seat in seats if not seat.later and seat.again is None]
            if now:
                _number(conn, now)
                with as_owner(conn):
                    written = self._keep(conn, now, looked)
        return [seat.again or written.get(seat.place.receipt) for seat in seats]

    def _keep(
        self, conn: psycopg.Connection[Any], now: list[_Seat], looked: dict[str, str]
    ) -> dict[str, Submission]:
        deltas: dict[str, counts.Deltas] = defaultdict(counts.Deltas)
        places = [seat.place for seat in now]
        settling.settle(conn, places, self._rules, deltas)
        receipts = _receipts(now)
        # Nothing of this is answered with anything: one turn to the database for all of it.
        with conn.pipeline():
            _insert_submissions(conn, now, receipts)
            settling.set_aside(conn, places, self._rules)
            publishing.publish_places(conn, places)
            noting.note_places(conn, places, looked)
            unmapped.note_units(conn, ((seat.given.unit, seat.place.receipt) for seat in now))
            for contract in sorted(deltas):
                deltas[contract].leave(conn, contract)
            _audit(conn, now)
        _insert_findings(conn, now)
        return receipts


def _whose(seat: _Seat) -> str:
    return f"{seat.given.unit.contract.name}\n{seat.given.unit.sender}"


def _lock(conn: psycopg.Connection[Any], seats: list[_Seat]) -> None:
    """Share the sender with other single records, not with files; own the record. All in one order."""
    rows = conn.execute(
        "SELECT s, pg_try_advisory_xact_lock_shared(hashtextextended(s, 12)) AND NOT EXISTS ("
        "SELECT 1 FROM records.submission WHERE contract = split_part(s, E'\\n', 1)"
        " AND sender = split_part(s, E'\\n', 2) AND state = 'received') FROM unnest(%s::text[]) AS u(s)",
        [sorted({_whose(seat) for seat in seats})],
    ).fetchall()
    free = {name for name, answer in rows if answer}
    for seat in seats:
        seat.later = _whose(seat) not in free
    keys = sorted({_lock_number(seat) for seat in seats if not seat.later})
    conn.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS u(k)", [keys])


def _lock_number(seat: _Seat) -> int:
    given = seat.given.unit
    name = "\n".join((_whose(seat), given.root.name, given.key or seat.given.sha256))
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _same_bytes(conn: psycopg.Connection[Any], seats: list[_Seat]) -> None:
    wanted = [seat for seat in seats if not seat.later]
    found = find(
        conn,
        "NOT test AND (contract, sender, sha256) IN (SELECT * FROM unnest(%(contracts)s::text[], %(senders)s::text[],"
        " %(hashes)s::text[]))",
        {
            "contracts": [seat.given.unit.contract.name for seat in wanted],
            "senders": [seat.given.unit.sender for seat in wanted],
            "hashes": [seat.given.sha256 for seat in wanted],
        },
    )
    known = {(one.contract, one.sender, one.sha256): one for one in found}
    for seat in wanted:
        given = seat.given.unit
        first = known.get((given.contract.name, given.sender, seat.given.sha256))
        seat.again = msgspec.structs.replace(first, again=True) if first else None


def _number(conn: psycopg.Connection[Any], now: list[_Seat]) -> None:
    rows = conn.execute(
        "SELECT nextval('records.receipt_number') FROM generate_series(1, %s)", [len(now)]
    ).fetchall()
    for seat, (number,) in zip(now, rows, strict=True):
        seat.number = number
        seat.place.receipt = number_receipt(number, seat.given.unit.received)


def _receipts(now: list[_Seat]) -> dict[str, Submission]:
    """What the receipts say, as the database will say it."""
    finished = clock.now()
    made = {}
    for seat in now:
        given, unit, state = seat.given, seat.given.unit, seat.place.state
        warnings = sum(
            rule_at(unit, table, position).severity == "warning"
            for table, _, position in failed_rules(unit)
        )
        made[seat.place.receipt] = Submission(
            receipt=seat.place.receipt,
            number=seat.number,
            contract=unit.contract.name,
            contract_version=unit.contract.version,
            sender=unit.sender,
            province=unit.province,
            actor=given.actor,
            channel=given.channel,
            name=given.name,
            sha256=given.sha256,
            bytes=len(given.body),
            test=False,
            state="done",
            message=None,
            message_values=None,
            attempts=0,
            received_at=unit.received,
            finished_at=finished,
            received=1,
            kept=int(state in ("new", "changed")),
            unchanged=int(state == "unchanged"),
            quarantined=int(state == "blocked"),
            row_count=sum(map(len, unit.rows.values())),
            warnings=warnings,
            findings_sha256=None,
        )
    return made


_WRITTEN = (
    "receipt", "number", "contract", "contract_version", "sender", "province", "actor", "channel", "name", "sha256",
    "bytes", "state", "received_at", "finished_at", "received", "kept", "unchanged", "quarantined", "row_count",
    "warnings",
)  # fmt: skip


def _insert_submissions(
    conn: psycopg.Connection[Any], now: list[_Seat], receipts: dict[str, Submission]
) -> None:
    bodies = sorted({seat.given.sha256: seat.given.body for seat in now}.items())
    conn.execute(
        "INSERT INTO records.blob (sha256, bytes) SELECT * FROM unnest(%s::text[], %b::bytea[])"
        " ON CONFLICT DO NOTHING",
        [[sha256 for sha256, _ in bodies], [body for _, body in bodies]],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO records.submission ({', '.join(_WRITTEN)}) VALUES ({', '.join(['%s'] * len(_WRITTEN))})",
            [[getattr(one, name) for name in _WRITTEN] for one in receipts.values()],
        )


def _insert_findings(conn: psycopg.Connection[Any], now: list[_Seat]) -> None:
    """Only what failed: what could not be decided is in the ruleset and is not repeated for each record."""
    examples = [line for seat in now for line in examples_of(seat.place.receipt, [seat.place.unit])]
    numbers = [
        line
        for seat in now
        for line in counts_of(seat.place.receipt, [seat.place.unit], undecided=False)
    ]
    numbers += [
        count_of(seat.place.receipt, (found.table or "", found.rule, ""), [found], None)
        for seat in now
        for found in own_findings([seat.place.unit])
    ]
    copy_lines(conn, examples, numbers)


def _audit(conn: psycopg.Connection[Any], now: list[_Seat]) -> None:
    """One entry per actor and contract: it names every receipt."""
    by_actor: dict[tuple[str, str], list[_Seat]] = defaultdict(list)
    for seat in now:
        by_actor[seat.given.actor, seat.given.unit.contract.name].append(seat)
    for (actor, contract), those in sorted(by_actor.items()):
        audit.write(
            conn,
            actor,
            "record.processed",
            {
                "contract": contract,
                "version": those[0].given.unit.contract.version,
                "receipts": {seat.place.receipt: seat.place.state for seat in those},
            },
        )
