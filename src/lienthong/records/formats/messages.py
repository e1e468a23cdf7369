"""XML submissions: which message it is (by its root element) and how its tables come out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.records.formats.crew import Crew, Result
from lienthong.records.formats.envelope import Around, open_envelope, stretches
from lienthong.records.formats.faults import FaultList, fault
from lienthong.records.formats.inner import Layout, layouts
from lienthong.records.formats.reading import Reading, ReadingOptions, Source
from lienthong.records.formats.spool import Spool
from lienthong.records.formats.sqltext import quoted, text

KNOWN_ELSEWHERE = {
    "KHAMSUCKHOE": "health check-ups (QD 1551/2026)",
    "HSCHUNGTU": "certificates (TT 25/2025)",
    "GIAYCHUNGSINH": "vital_events",
    "GIAYBAOTU": "vital_events",
    "GIAMDINHHS": "care",
}
"""Messages that another contract would take."""


def read_messages(
    messages: list[tuple[Path, str]],
    contract: Contract,
    reading: Reading,
    faults: FaultList,
    options: ReadingOptions,
) -> None:
    """Read messages into the sources of a reading. Raises Refused for a root the contract does not know."""
    found = layouts(contract)
    for _, root in messages:
        if not _takes(root, found):
            other = KNOWN_ELSEWHERE.get(root)
            if other:
                raise Refused("FILE-25", "The message %(root)s belongs to: %(other)s.", root=root, other=other)
            raise Refused("FILE-23", "The root element %(root)s is not known to this contract.", root=root)
    assert reading.folder is not None
    spool = Spool(reading.folder)
    notes = Notes()
    envelopes: list[Around] = []
    units = 0
    with Crew(contract, options, sum(path.stat().st_size for path, _ in messages)) as crew:
        for path, root in messages:
            around = Around()
            envelopes.append(around)
            for result in _results(crew, path, root, around):
                _merge(result, found, spool, notes, faults, units)
                units += result.units
                around.units += result.units
            if root == "GIAMDINHHS":
                around.read()
                faults.extend(around.faults)
    spool.close()
    faults.extend(notes.faults())
    reading.units = units
    reading.envelope = envelopes[0].facts if envelopes else {}
    _sources(contract, found, spool, reading, envelopes)


def _takes(root: str, found: dict[str, Layout]) -> bool:
    return root in found or (root == "GIAMDINHHS" and bool(found))


def _results(crew: Crew, path: Path, root: str, around: Around) -> Iterator[Result]:
    if root != "GIAMDINHHS":
        yield from crew.bare(path, root)
        return
    with open_envelope(path) as stream:
        yield from crew.bodies((body, around.wrapper) for body in stretches(stream, around))


class Notes:
    """What is said once per table however often it was seen."""

    def __init__(self) -> None:
        self.missing: dict[str, tuple[int, set[str]]] = {}
        self.unknown: dict[tuple[str, str], list[int]] = {}
        self.stray: dict[str, int] = {}

    def faults(self) -> Iterator:  # type: ignore[type-arg]
        """The notes as faults of the file."""
        for table, (count, names) in sorted(self.missing.items()):
            yield fault("name-missing", table=table, count=count, names=", ".join(sorted(names)))
        for (table, name), (count, row, unit) in sorted(self.unknown.items()):
            yield fault("name-unknown", table=table, row=row, name=name, count=count, first_unit=unit)
        for table, count in sorted(self.stray.items()):
            yield fault("text-outside", table=table, count=count)


def _merge(
    result: Result, found: dict[str, Layout], spool: Spool, notes: Notes, faults: FaultList, units: int
) -> None:
    columns = {layout.table: layout.columns for layout in found.values()}
    before = {table: spool.table(table, columns[table]).rows for table in result.tables}
    for table, batch in result.tables.items():
        spool.table(table, columns[table]).append(batch, units)
    import msgspec

    for one in result.faults:
        faults.add(msgspec.structs.replace(
            one,
            unit=None if one.unit is None else one.unit + units,
            row=None if one.row is None else one.row + before.get(one.table or "", 0),
        ))
    for (table, names), count in result.missing.items():
        seen, all_names = notes.missing.get(table, (0, set()))
        notes.missing[table] = (seen + count, all_names | set(names))
    for (table, name), (count, row, unit) in result.unknown.items():
        first = notes.unknown.setdefault((table, name), [0, row + before.get(table, 0), unit + units])
        first[0] += count
    for table, count in result.stray.items():
        notes.stray[table] = notes.stray.get(table, 0) + count


def _sources(
    contract: Contract, found: dict[str, Layout], spool: Spool, reading: Reading, envelopes: list[Around]
) -> None:
    enveloped = any(around.facts for around in envelopes)
    for layout in found.values():
        table = contract.table(layout.table)
        assert table is not None
        written = spool.tables.get(layout.table)
        extra = _envelope_columns(envelopes) if enveloped and table.root in (None, table.name) else ""
        if written is None or not written.rows:
            names = ", ".join(f"NULL::VARCHAR AS {quoted(name)}" for name in layout.columns)
            relation = f"SELECT {names}, NULL::BIGINT AS _row, NULL::BIGINT AS _unit{extra} WHERE false"
        else:
            names = ", ".join(quoted(name) for name in layout.columns)
            relation = f"SELECT {names}, _row, _unit{extra} FROM read_parquet({text(str(written.path))})"
        count = written.rows if written else 0
        reading.sources[layout.table] = Source(layout.table, layout.columns, relation, count=count)


def _envelope_columns(envelopes: list[Around]) -> str:
    """SQL of the reserved columns; with several envelopes, by the range of units each one brought."""
    names = {"facility": "_envelope_facility", "date": "_envelope_date", "count": "_envelope_count"}
    columns = [f"{_by_unit(envelopes, key)} AS {name}" for key, name in names.items()]
    columns.append(f"CAST({_by_unit(envelopes, 'units')} AS BIGINT) AS _envelope_units")
    return ", " + ", ".join(columns)


def _by_unit(envelopes: list[Around], key: str) -> str:
    values = [text(around.facts[key]) if around.facts.get(key) else "NULL::VARCHAR" for around in envelopes]
    if len(set(values)) == 1:
        return values[0]
    until, cases = 0, []
    for around, value in zip(envelopes, values, strict=True):
        until += around.units
        cases.append(f"WHEN _unit < {until} THEN {value}")
    return f"CASE {' '.join(cases)} END"

