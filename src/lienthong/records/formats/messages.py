"""XML submissions: which message it is (by its root element) and how its tables come out of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lienthong.contracts.contract import Contract, Table
from lienthong.errors import Refused
from lienthong.records.formats.crew import Crew, Result
from lienthong.records.formats.envelope import Around, open_envelope, stretches
from lienthong.records.formats.faults import Fault, FaultList, fault
from lienthong.records.formats.header import may_be_absent
from lienthong.records.formats.inner import Layout, layouts
from lienthong.records.formats.reading import Reading, ReadingOptions, Source
from lienthong.records.formats.signature import verified
from lienthong.records.formats.spool import Spool, TableSpool
from lienthong.records.formats.sqltext import empty_relation, file_text, quoted, text, unit_sql

ENVELOPES = ("GIAMDINHHS", "HSCHUNGTU", "KHAMSUCKHOE")
"""Roots that carry base64 documents: treatment, certificates (TT 25/2025), check-ups (QD 1551/2026)."""
KNOWN_ELSEWHERE = {
    "KHAMSUCKHOE": "personal_health",
    "HSCHUNGTU": "vital_events",
    "GIAYCHUNGSINH": "vital_events",
    "GIAYBAOTU": "vital_events",
    "GIAMDINHHS": "care",
    "CHI_TIEU_TRANG_THAI_KCB": "care",
}
"""The contract that would take a message."""


def read_messages(
    messages: list[tuple[Path, str]],
    contract: Contract,
    reading: Reading,
    faults: FaultList,
    options: ReadingOptions,
) -> None:
    """Read messages into the sources of a reading. Raises Refused for a root the contract does not know."""
    found = layouts(contract)
    _only_known(messages, contract, found)
    if reading.folder is None:
        raise ValueError("the reading is closed")
    gathering = Gathering(found, contract, Spool(reading.folder), faults)
    envelopes: list[Around] = []
    with Crew(contract, options, sum(path.stat().st_size for path, _ in messages)) as crew:
        for path, root in messages:
            if root not in ENVELOPES:
                for result in crew.bare(path, root):
                    gathering.add(result, enveloped=False)
                continue
            around = Around()
            envelopes.append(around)
            with open_envelope(path, reading.folder) as stream:
                bodies = ((body, around.frame) for body in stretches(stream, around))
                for result in crew.bodies(bodies):
                    gathering.add(result, enveloped=True)
                    around.units += result.units
            around.read()
            gathering.notice(around, root)
            _verify(path, around, options)
            faults.extend(around.faults)
    gathering.finish()
    if envelopes:
        reading.units = gathering.units
        reading.envelope = envelopes[0].facts
    for layout in found.values():
        reading.sources[layout.table] = gathering.source(layout, envelopes)


def _only_known(
    messages: list[tuple[Path, str]], contract: Contract, found: dict[str, Layout]
) -> None:
    """Refuse messages of other contracts, and envelopes beside single documents."""
    taken = {table.xml.get("envelope", "GIAMDINHHS") for table in contract.tables if table.xml}
    if {"GIAYCHUNGSINH", "GIAYBAOTU"} & set(found):
        taken.add("HSCHUNGTU")
    for _, root in messages:
        if root in found or (root in taken and found):
            continue
        other = KNOWN_ELSEWHERE.get(root)
        if other and other != contract.name:
            raise Refused(
                "FILE-25",
                "The message %(root)s belongs to another contract: %(other)s.",
                root=root,
                other=other,
            )
        raise Refused(
            "FILE-23",
            "The root element %(root)s is not known to this contract.",
            root=root[:80],
        )
    if len({root in ENVELOPES for _, root in messages}) > 1:
        raise Refused(
            "FILE-30", "Envelopes and single documents cannot come together; send them apart."
        )


def _verify(path: Path, around: Around, options: ReadingOptions) -> None:
    if options.certificates and around.facts.get("signature") == "present":
        around.facts["signature"], found = verified(path, options.certificates)
        if found is not None:
            around.faults.append(found)


class Gathering:
    """Puts results together: rows into the spool, faults and notes with their places in the submission."""

    def __init__(
        self, found: dict[str, Layout], contract: Contract, spool: Spool, faults: FaultList
    ) -> None:
        self.units = 0
        self._columns = {layout.table: layout.columns for layout in found.values()}
        self._optional = {layout.table: layout.optional for layout in found.values()}
        self._tables = {table.name: table for table in contract.tables}
        self._spool, self._faults = spool, faults
        self._missing: dict[str, dict[str, int]] = {}
        self._unknown: dict[tuple[str, str], list[int]] = {}
        self._stray: dict[str, int] = {}

    def add(self, result: Result, *, enveloped: bool) -> None:
        """One more stretch of the submission."""
        before = {table: self._of(table).rows for table in result.tables if table in self._columns}
        for table, batches in result.tables.items():
            for batch in batches:
                self._of(table).append(batch, self.units)
        for one in result.faults:
            self._faults.add(self._placed(one, before, enveloped))
        for table, names in result.missing.items():
            seen = self._missing.setdefault(table, {})
            for name, count in names.items():
                seen[name] = seen.get(name, 0) + count
        for (table, name), (count, row, unit) in result.unknown.items():
            first = [0, row + before.get(table, 0), unit + self.units]
            self._unknown.setdefault((table, name), first)[0] += count
        for table, count in result.stray.items():
            self._stray[table] = self._stray.get(table, 0) + count
        self.units += result.units

    def notice(self, around: Around, root: str) -> None:
        """Elements of the envelope itself that nobody knows."""
        for name, count in around.unknown.items():
            self._unknown.setdefault((root, name[:80]), [0, 0, 0])[0] += count

    def _of(self, table: str) -> TableSpool:
        return self._spool.table(table, self._columns[table])

    def _placed(self, one: Fault, before: dict[str, int], enveloped: bool) -> Fault:
        row = None if one.row is None else one.row + before.get(one.table or "", 0)
        unit = None if one.unit is None else one.unit + self.units
        if not enveloped:
            table = self._tables.get(one.table or "")
            unit = row if table is not None and _opens_units(table) else None
        return msgspec.structs.replace(one, unit=unit, row=row)

    def finish(self) -> None:
        """Close the spool; what is said once per table is said now."""
        self._spool.close()
        for table, counts in sorted(self._missing.items()):
            known = self._tables[table]
            names = {name: n for name, n in counts.items() if not may_be_absent(known, name)}
            dated = {name for name in names if not _always(known, name)}
            for name in sorted(dated):
                # Whether its version is in force, the days of the rows will tell (`presence`).
                self._faults.add(
                    fault("name-missing", table=table, field=name, count=names[name], names=name)
                )
            names = {name: n for name, n in names.items() if name not in dated}
            if not names:
                continue
            count = max(names.values())
            self._faults.add(
                fault("name-missing", table=table, count=count, names=", ".join(sorted(names)))
            )
        for (table, name), (count, row, unit) in sorted(self._unknown.items()):
            found = fault("name-unknown", table=table, row=row, name=name, count=count, first=unit)
            if table not in self._columns:
                # An element of the envelope stands in no table.
                found = msgspec.structs.replace(found, table=None, row=None)
            self._faults.add(found)
        for table, count in sorted(self._stray.items()):
            self._faults.add(fault("text-outside", table=table, count=count))

    def source(self, layout: Layout, envelopes: list[Around]) -> Source:
        """The source of one table, also when it has no rows."""
        table = self._tables[layout.table]
        written = self._spool.tables.get(layout.table)
        extra = _envelope_columns(envelopes) if envelopes and _opens_units(table) else ""
        if written is None or not written.rows:
            relation = f"SELECT *{extra} FROM ({empty_relation(layout.columns)})"
        else:
            names = ", ".join(quoted(name) for name in layout.columns)
            unit = "_unit" if envelopes else f"{unit_sql(table)} AS _unit"
            relation = (
                f"SELECT {names}, _row, {unit}{extra} FROM read_parquet({file_text(written.path)})"
            )
        count = written.rows if written else 0
        return Source(layout.table, layout.columns, relation, count=count)


def _always(table: Table, name: str) -> bool:
    field = table.field(name)
    return field is None or field.always


def _opens_units(table: Table) -> bool:
    return table.root in (None, table.name)


def _envelope_columns(envelopes: list[Around]) -> str:
    """SQL of the reserved columns; with several envelopes, by the range of units each one brought."""
    names = {"facility": "_envelope_facility", "date": "_envelope_date", "count": "_envelope_count"}
    columns = [f"{_by_unit(envelopes, key)} AS {name}" for key, name in names.items()]
    columns.append(f"CAST({_by_unit(envelopes, 'units')} AS BIGINT) AS _envelope_units")
    return ", " + ", ".join(columns)


def _by_unit(envelopes: list[Around], key: str) -> str:
    """The value that the envelope of a row has, cut into equal neighbours to keep the CASE short."""
    until = 0
    cases: list[tuple[int, str]] = []
    for around in envelopes:
        value = text(around.facts[key]) if around.facts.get(key) else "NULL::VARCHAR"
        until += around.units
        if cases and cases[-1][1] == value:
            cases[-1] = (until, value)
        else:
            cases.append((until, value))
    if len(cases) == 1:
        return cases[0][1]
    return f"CASE {' '.join(f'WHEN _unit < {end} THEN {value}' for end, value in cases)} END"
