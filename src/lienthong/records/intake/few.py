"""A small submission, as most are (one visit a file): judged by the generated rules and written without a batch engine.

Planning a thousand SQL rules and fifteen bulk copies for eleven rows costs a hundred times what the rows cost. The
outcome is the same as that of the large way; what only the large way can do is left to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import msgspec
import psycopg

from lienthong import words
from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.python import RecordEngine
from lienthong.findings import Finding
from lienthong.records.checking.moments import ago
from lienthong.records.checking.relations import matched_columns
from lienthong.records.crossing import noting
from lienthong.records.formats.faults import KINDS, Fault
from lienthong.records.formats.presence import settle_names
from lienthong.records.formats.reading import Reading
from lienthong.records.formats.told import untold
from lienthong.records.intake import faults as reasons
from lienthong.records.intake import publishing, unmapped
from lienthong.records.intake.receipts import Submission
from lienthong.records.intake.single import said, settling, unit
from lienthong.records.intake.single.unit import Unit
from lienthong.records.intake.verdicts import Numbers
from lienthong.records.store import layout
from lienthong.records.store.counts import Deltas

ROWS = 5_000
"""Rows of all tables up to which a submission is small."""

BYTES = 12 * 1024 * 1024
"""Size up to which a submission may be small."""

Sent = dict[str, list[dict[str, Any]]]
"""Table to rows: cells under field names, what is ours (`_row`, `_unit`, `_envelope_…`) under its own."""

_rulesets: dict[str, settling.Rulesets] = defaultdict(settling.Rulesets)


class Taken(msgspec.Struct, frozen=True):
    """A small submission, judged: its units and what the reader saw beside them, and the tables that it lacks."""

    units: list[Unit]
    faults: list[Fault]
    sizes: dict[str, int]
    absent: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.sizes.values())


def take(reading: Reading, engine: RecordEngine, given: Submission) -> Taken | None:
    """The units of a small submission; None when it is not small or needs the batch engine."""
    contract = engine.compiled.contract
    for name, source in reading.sources.items():
        source.count = reading.rows(name)
    if not _suits(reading, engine):
        return None
    sent = _rows(reading, contract, given.sender)
    if sent is None or not _whole(sent, contract, reading):
        return None
    absent = untold(contract, reading)
    judged: dict[str, list[Mapping[str, Any]]] = {name: [*rows] for name, rows in sent.items()}
    if reading.dated:
        days = engine.days(judged, received=given.received_at, ago=ago)
        settle_names(contract, reading, lambda name: days.get(name, {}))
    answers = unit.judge(engine, judged, given.received_at, absent)
    units = _units(sent, answers, reading, engine, given)
    sizes = {name: source.count or 0 for name, source in reading.sources.items()}
    return Taken(units, reading.faults, sizes, absent)


def write(
    conn: psycopg.Connection[Any],
    taken: Taken,
    given: Submission,
    looked: Mapping[str, str] | None = None,
) -> tuple[Numbers, int, dict[str, Deltas]]:
    """Keep the units and their findings in the caller's transaction; the caller writes the counts last.

    Returns the numbers of the receipt, the number of warnings and the changes of counts. A test writes findings
    only.
    """
    deltas: dict[str, Deltas] = defaultdict(Deltas)
    places = [settling.Place(one, receipt=given.receipt) for one in taken.units]
    if given.test:
        settling.compare_all(conn, places)
    else:
        settling.settle(conn, places, _rules(conn), deltas)
        settling.set_aside(conn, places, _rules(conn))
    _findings(conn, taken, given.receipt)
    if not given.test:
        publishing.publish_places(conn, places)
        unmapped.note_units(conn, ((one, given.receipt) for one in taken.units))
        noting.note_places(conn, places, looked or {})
    states = [place.state for place in places]
    quarantined, unchanged = states.count("blocked"), states.count("unchanged")
    kept = len(states) - quarantined - unchanged
    warnings = sum(
        unit.rule_at(one, table, position).severity == "warning"
        for one in taken.units
        for table, _, position in unit.failed_rules(one)
    ) + sum(KINDS[fault.kind].severity == "warning" for fault in taken.faults)
    return Numbers(len(states), kept, unchanged, quarantined), warnings, deltas


def record_rulesets(conn: psycopg.Connection[Any], taken: Taken) -> None:
    """Record the rulesets of the units, before the transaction that keeps them."""
    _rules(conn).record(conn, taken.units)


def _rules(conn: psycopg.Connection[Any]) -> settling.Rulesets:
    return _rulesets[f"{conn.info.host}:{conn.info.port}/{conn.info.dbname}"]


def _suits(reading: Reading, engine: RecordEngine) -> bool:
    """Few rows of text, and every rule one that the generated rules decide."""
    rows = 0
    for name, source in reading.sources.items():
        rows += source.count or 0
        if source.typed or rows > ROWS or name not in engine.engines:
            return False
        made = {*engine.engines[name].rules, *engine.engines[name].crossing}
        compiled = engine.compiled.table(name)
        if compiled is None or any(
            rule.how in ("counted", "broken")
            or (rule.how in ("local", "hits") and position not in made)
            for position, rule in enumerate(compiled.rules)
        ):
            return False
        table = engine.compiled.contract.table(name)
        if table is None or not layout.root_of(engine.compiled.contract, table).key:
            return False
    return bool(rows)


def _rows(reading: Reading, contract: Contract, sender: str) -> Sent | None:
    """Every row in the order of the file; None when a cell is not text."""
    sent: Sent = {}
    with duckdb.connect() as con:
        for name, source in reading.sources.items():
            table = contract.table(name)
            if table is None or not source.count:
                continue
            source.attach(con)
            result = con.execute(f"SELECT * FROM ({source.relation}) ORDER BY _row")
            found = {str(column[0]): str(column[1]) for column in result.description or ()}
            fields = {column: field for field, column in matched_columns(table, found).items()}
            if any(
                kind not in ("VARCHAR", "STRING") for name, kind in found.items() if name in fields
            ):
                return None
            names = [fields.get(column, column if column[:1] == "_" else None) for column in found]
            sent[name] = [
                {key: cell for key, cell in zip(names, row, strict=True) if key is not None}
                | {"_sender": sender}
                for row in result.fetchall()
            ]
    return sent


def _whole(sent: Sent, contract: Contract, reading: Reading) -> bool:
    """Whether every unit has at most one root row, and no row has to be joined to it by its link."""
    seen: set[int] = set()
    for name, rows in sent.items():
        table = contract.table(name)
        if table is None or layout.root_of(contract, table) is not table:
            if reading.units is None:
                return False
            continue
        if reading.units is None:
            continue
        for row in rows:
            if row["_unit"] in seen:
                return False
            seen.add(row["_unit"])
    return True


def _units(
    sent: Sent, answers: unit.Answers, reading: Reading, engine: RecordEngine, given: Submission
) -> list[Unit]:
    contract = engine.compiled.contract
    parts: dict[int, dict[str, list[int]]] = defaultdict(dict)
    offset = 0
    for table in contract.tables:
        rows = sent.get(table.name, [])
        for at, row in enumerate(rows):
            number = row["_unit"] if reading.units is not None else offset + at
            parts[number].setdefault(table.name, []).append(at)
        offset += 0 if reading.units is not None else len(rows)
    faults = _blocking(contract, reading, parts, sent)
    numbers = range(reading.units) if reading.units is not None else sorted(parts)
    return [
        _unit(number, parts.get(number, {}), faults.get(number, []), sent, answers, engine, given)
        for number in numbers
    ]


def _unit(
    number: int, part: Mapping[str, list[int]], faults: list[dict[str, Any]], sent: Sent,
    answers: unit.Answers, engine: RecordEngine, given: Submission,
) -> Unit:  # fmt: skip
    contract = engine.compiled.contract
    made = unit.make(
        engine,
        _root(contract, part),
        {name: [_cells(sent[name][at]) for at in rows] for name, rows in part.items()},
        {name: [answers[name][at] for at in rows] for name, rows in part.items()},
        sender=given.sender,
        province=given.province,
        received=given.received_at,
        unit=number,
        places={name: [sent[name][at]["_row"] for at in rows] for name, rows in part.items()},
        faults=faults,
    )
    if faults and not part.get(made.root.name):  # the reader has said why the root is not there
        made.faults = faults
    return made


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    """The cells as a quarantine entry keeps them; what the envelope said stays with them."""
    return {
        name: cell for name, cell in row.items() if name[0] != "_" or name.startswith("_envelope")
    }


def _root(contract: Contract, part: Mapping[str, list[int]]) -> Table:
    """The root whose row is there, else the root that the rows lack, else the one with most tables."""
    tables = [table for table in contract.tables if table.name in part]
    roots = [layout.root_of(contract, table) for table in tables]
    own = [table for table, root in zip(tables, roots, strict=True) if table is root]
    most = max(layout.roots(contract), key=lambda root: len(layout.members(contract, root)))
    return (own or roots or [most])[0]


def _blocking(
    contract: Contract, reading: Reading, parts: dict[int, dict[str, list[int]]], sent: Sent
) -> dict[int, list[dict[str, Any]]]:
    """Unit to the reader's faults that put it in quarantine."""
    where = {
        (table, sent[table][at]["_row"]): number
        for number, part in parts.items()
        for table, rows in part.items()
        for at in rows
    }
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for fault in reasons.blocking(contract, reading.faults):
        number = (
            fault.unit if reading.units is not None else where.get((fault.table or "", fault.row))
        )
        if number is not None:
            found[number].append(reasons.about(fault))
    return found


def _findings(conn: psycopg.Connection[Any], taken: Taken, receipt: str) -> None:
    if not taken.units:
        return
    contract = taken.units[0].contract
    lines = said.examples_of(receipt, taken.units, ROWS)
    numbers = said.counts_of(receipt, taken.units, undecided=True)
    seen: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for found in _seen_by_reader(contract, taken):
        place = (found.table or "", found.rule, found.field or "")
        seen[place].append(found)
        if len(seen[place]) <= ROWS:
            lines.append(said.line_of(receipt, found))
    for found in said.own_findings(taken.units):
        seen[found.table or "", found.rule, ""].append(found)
    for place, those in seen.items():
        declared = said.declared(contract, place)
        numbers.append(said.count_of(receipt, place, those, taken.sizes.get(place[0]), declared))
    said.copy_lines(conn, lines, numbers)


def _seen_by_reader(contract: Contract, taken: Taken) -> Iterator[Finding]:
    for fault in taken.faults:
        yield _finding(contract, fault)


def _finding(contract: Contract, fault: Fault) -> Finding:
    kind = KINDS[fault.kind]
    return Finding(
        rule=fault.rule,
        criterion=kind.criterion,
        severity=reasons.severity(contract, fault),
        message=words.in_every_language(kind.sentence, **fault.params),
        remedy=words.in_every_language(kind.remedy),
        table=fault.table,
        row=fault.row,
        unit=fault.unit,
        field=fault.field,
    )
