"""Checks waiting entries again, with the cells that people mended and the rules of today, and keeps what is fit.

An entry that is kept moves from quarantined to kept (or unchanged) on the receipt under which it came; its version
holds from now on, since before now the store did not know it.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from lienthong import audit, clock
from lienthong.contracts.contract import Contract
from lienthong.contracts.rules.compiled import compile_contract
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.records.checking.checked import Checked
from lienthong.records.checking.engine import check, connect
from lienthong.records.crossing import noting
from lienthong.records.crossing.stored import StoredOthers
from lienthong.records.formats.faults import Fault
from lienthong.records.formats.reading import Reading
from lienthong.records.intake import faults as reasons
from lienthong.records.intake import (
    keeping,
    publishing,
    receiving,
    setting_aside,
    terms,
    units,
    verdicts,
    withholding,
)
from lienthong.records.intake.held import reading_of
from lienthong.records.intake.processing import process
from lienthong.records.intake.receipts import Submission
from lienthong.records.quarantine.carrying import Carrying
from lienthong.records.quarantine.entries import Entry, several
from lienthong.records.quarantine.mending import take_back
from lienthong.records.store import bulk, schema
from lienthong.records.store.counts import Deltas, add_quarantined
from lienthong.records.store.owner import as_owner
from lienthong.records.store.rulesets import load


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the entries that were checked again, by id."""

    kept: tuple[int, ...] = ()
    unchanged: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()


def replay(
    conn: psycopg.Connection[Any],
    ids: list[int],
    actor: str,
    *,
    home: Path,
    contract: Contract | None = None,
) -> Replayed:
    """Check these open entries again; closed ones are passed over. One transaction for each receipt and root table.

    `contract` replaces the declared contract (tests, own contracts).
    """
    kept: list[int] = []
    unchanged: list[int] = []
    waiting: list[int] = []
    found = [e for e in several(conn, ids) if e.state == "open"]
    # Records of one root together: what a row says of the records of another root is not told again.
    for _, group in groupby(
        sorted(found, key=lambda e: (e.receipt, e.root, e.id)), key=lambda e: (e.receipt, e.root)
    ):
        those = list(group)
        mine, name = [e.id for e in those], those[0].contract
        compiled = compile_contract(contract) if contract else terms.compiled(name, home)
        own = compiled.contract
        if conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            schema.ensure(conn, own)
        with conn.transaction():
            schema.ensure(conn, own)
            outcome = _replay(conn, mine, compiled, actor, home)
        kept += outcome.kept
        unchanged += outcome.unchanged
        waiting += outcome.waiting
    return Replayed(kept=tuple(kept), unchanged=tuple(unchanged), waiting=tuple(waiting))


def mend_by_file(
    conn: psycopg.Connection[Any],
    data: Any,
    *,
    contract: str,
    sender: str,
    actor: str,
    name: str,
    home: Path,
    province: str | None = None,
) -> Submission:
    """A corrected file: received and processed like any other; the entries whose keys it carries close by it."""
    given = receiving.receive(
        conn,
        data,
        contract=contract,
        sender=sender,
        actor=actor,
        name=name,
        channel="mend",
        home=home,
        province=province,
    )
    return process(conn, given.receipt, home=home)


def _replay(
    conn: psycopg.Connection[Any],
    ids: list[int],
    compiled: CompiledContract,
    actor: str,
    home: Path,
) -> Replayed:
    contract = compiled.contract
    first = several(conn, ids[:1])[0]
    # Locks in the order in which the intake takes them: the sender first, its entries after.
    keeping.hold_sender(conn, contract.name, first.sender)
    entries = [e for e in several(conn, ids, lock=True) if e.state == "open"]
    if not entries:
        return Replayed()
    work = home / "work"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="replay-", dir=work) as name:
        folder = Path(name)
        reading, places = _reading(contract, entries)
        others = StoredOthers(conn, contract.name)
        checked = check(
            contract,
            reading,
            received=first.received_at,
            codes=terms.codes(home),
            sender=first.sender,
            con=connect(folder),
            workdir=folder,
            compiled=compiled,
            engine=lambda: terms.engine(compiled, home),
            others=others,
        )
        try:
            with as_owner(conn):
                outcome = _settle(
                    conn, contract, checked, reading, entries, places, folder, actor, others
                )
        finally:
            checked.close()
    return outcome


def _settle(
    conn: psycopg.Connection[Any],
    contract: Contract,
    checked: Checked,
    reading: Reading,
    entries: list[Entry],
    places: dict[str, list[int]],
    folder: Path,
    actor: str,
    others: StoredOthers,
) -> Replayed:
    first, now = entries[0], clock.now()
    arrival = keeping.Arrival(first.receipt, first.sender, first.province, now, first.received_at)
    batch = units.Batch(
        checked.con,
        contract,
        checked.columns,
        first.province,
        first.receipt,
        envelope_units=len(entries),
    )
    units.group(batch, list(checked.tables))
    verdicts.block(batch, checked, reading.faults)
    rules, deltas = keeping.rulesets(conn, checked), Deltas()
    carrying = Carrying(conn, checked, entries, reading.unsaid)
    _hold(batch, carrying, entries)
    for given in entries:
        take_back(conn, given, deltas)
    for made in batch.groups:
        verdicts.compare(
            conn, batch, made, sender=first.sender, received_us=arrival.microseconds, folder=folder
        )
        keeping.replace(conn, batch, made, arrival, deltas)
        with bulk.Line(conn) as line:
            for table in made.tables:
                keeping.write_table(
                    conn, line, batch, checked, made, table, rules[table.name], arrival
                )
    outcome = _outcome(batch, entries)
    _close(conn, outcome, first.receipt, now)
    _still_waiting(conn, batch, checked, rules, entries, places, carrying, deltas)
    withholding.withhold_batch(
        conn, batch, checked, rules, sender=first.sender, receipt=first.receipt
    )
    keeping.count_arrivals(batch, checked, rules, arrival, deltas)
    publishing.publish_batch(conn, batch, arrival)
    noting.note_batch(conn, batch, checked, arrival, others.looked, others.open)
    deltas.write(conn, contract.name)
    _tell(conn, outcome, first.receipt, contract, actor)
    return outcome


def _reading(contract: Contract, entries: list[Entry]) -> tuple[Reading, dict[str, list[int]]]:
    """The entries as if they had been sent together (unit = position of the entry), and each row's first position."""
    units: list[dict[str, Any]] = []
    places: dict[str, list[int]] = defaultdict(list)
    faults: list[Fault] = []
    for unit, given in enumerate(entries):
        cells = given.cells()
        units.append({table: [row["cells"] for row in rows] for table, rows in cells.items()})
        for table, rows in cells.items():
            places[table] += [row["row"] for row in rows]
        faults += [_fault(fault, unit) for fault in given.faults if _stays(fault, given)]
    return reading_of(contract, units, faults), dict(places)


LEGIBLE = ("inner-mended",)
"""Trouble of the reader with a whole document of which it lost nothing: settled once a person mended the record."""


def _stays(fault: dict[str, Any], given: Entry) -> bool:
    """Reasons of the store are found anew; the reader's trouble with a row is settled once a person mended it."""
    if fault["kind"] in reasons.KINDS:
        return False
    if fault["kind"] in LEGIBLE and given.edits:
        return False
    edited = (given.edits or {}).get(fault.get("table") or "", {})
    return fault.get("row") is None or str(fault["row"]) not in edited


def _fault(fault: dict[str, Any], unit: int) -> Fault:
    return msgspec.convert(fault | {"unit": unit}, Fault)


def _outcome(batch: units.Batch, entries: list[Entry]) -> Replayed:
    blocked = {row[0] for row in batch.con.execute("SELECT _unit FROM blocked").fetchall()}
    changed = {
        row[0]
        for made in batch.groups
        for row in batch.con.execute(
            f"SELECT r._unit FROM {made.record} r JOIN {verdicts.verdict(made)} v USING (_root)"
            " WHERE v.state <> 'unchanged'"
        ).fetchall()
    }
    fit = [(unit, e.id) for unit, e in enumerate(entries) if unit not in blocked]
    return Replayed(
        kept=tuple(id for unit, id in fit if unit in changed),
        unchanged=tuple(id for unit, id in fit if unit not in changed),
        waiting=tuple(e.id for unit, e in enumerate(entries) if unit in blocked),
    )


def _close(conn: psycopg.Connection[Any], outcome: Replayed, receipt: str, now: Any) -> None:
    conn.execute(
        "UPDATE records.quarantine SET state = 'mended', closed_by = %s, closed_at = %s WHERE id = ANY(%s)",
        [receipt, now, [*outcome.kept, *outcome.unchanged]],
    )
    conn.execute(
        "UPDATE records.submission SET kept = kept + %s, unchanged = unchanged + %s, quarantined = quarantined - %s"
        " WHERE receipt = %s",
        [
            len(outcome.kept),
            len(outcome.unchanged),
            len(outcome.kept) + len(outcome.unchanged),
            receipt,
        ],
    )


def _still_waiting(
    conn: psycopg.Connection[Any],
    batch: units.Batch,
    checked: Checked,
    rules: Any,
    entries: list[Entry],
    places: dict[str, list[int]],
    carrying: Carrying,
    deltas: Deltas,
) -> None:
    """New masks, reasons and key for what is still not fit; rows keep the positions at which they were sent."""
    query = setting_aside.entries_sql(batch, checked, rules, entries[0].province)
    rows = batch.con.execute(
        f"SELECT unit, key, province, masks, faults, causes FROM ({query})"
    ).fetchall()
    for unit, key, province, masks, faults, causes in rows:
        given = entries[unit]
        placed = {
            table: about | {"bits": [[places[table][row], *bits] for row, *bits in about["bits"]]}
            for table, about in json.loads(masks).items()
        }
        kept = carrying.masks(conn, batch.contract, given, placed, rules)
        if kept != placed:
            day = clock.local(given.received_at).date()
            for sign, said in (
                (-1, placed),
                (1, kept),
            ):  # the check is counted: what stays beside it too
                known = load(conn, (about["ruleset"] for about in said.values()))
                add_quarantined(deltas, known, said, given.sender, province, day, sign)
        conn.execute(
            "UPDATE records.quarantine SET key = %s, province = %s, masks = %s, faults = %s, causes = %s WHERE id = %s",
            [
                key,
                province,
                Jsonb(kept),
                Jsonb(_own_places(json.loads(faults), given)),
                sorted({*causes, *carrying.causes(given)}),
                given.id,
            ],
        )


def _hold(batch: units.Batch, carrying: Carrying, entries: list[Entry]) -> None:
    """What was wrong beside other records on arrival is wrong still: nobody has mended it."""
    for unit, given in enumerate(entries):
        if carrying.holds(given):
            batch.con.execute(
                "INSERT INTO blocked SELECT ? EXCEPT SELECT _unit FROM blocked", [unit]
            )


def _own_places(faults: list[dict[str, Any]], given: Entry) -> list[dict[str, Any]]:
    return [fault | ({"unit": given.unit} if "unit" in fault else {}) for fault in faults]


def _tell(
    conn: psycopg.Connection[Any], outcome: Replayed, receipt: str, contract: Contract, actor: str
) -> None:
    acts = [
        (id, act)
        for act, ids in (
            ("kept", outcome.kept),
            ("unchanged", outcome.unchanged),
            ("waiting", outcome.waiting),
        )
        for id in ids
    ]
    conn.execute(
        "INSERT INTO records.quarantine_act (entry, actor, act, about)"
        " SELECT entry, %s, 'replayed', jsonb_build_object('outcome', act, 'receipt', %s::text, 'version', %s::text)"
        " FROM unnest(%s::bigint[], %s::text[]) AS u(entry, act)",
        [actor, receipt, contract.version, [id for id, _ in acts], [act for _, act in acts]],
    )
    audit.write(
        conn,
        actor,
        "quarantine.replayed",
        {
            "receipt": receipt,
            "contract": contract.name,
            "version": contract.version,
            "kept": list(outcome.kept),
            "unchanged": list(outcome.unchanged),
            "waiting": list(outcome.waiting),
        },
    )
