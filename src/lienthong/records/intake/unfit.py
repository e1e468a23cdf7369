"""Cells that PostgreSQL cannot hold: NUL characters in text, moments without end. They are taken out and named.

Nearly no file has them, so nobody looks for them before the database has refused one.
"""

from __future__ import annotations

from typing import Any

import duckdb

from lienthong.contracts.rules.casts import quoted
from lienthong.records.formats.faults import Fault, fault
from lienthong.records.formats.reading import Reading, Source

_ENDLESS = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


def take_out(reading: Reading) -> None:
    """Replace the sources by such without these cells; each row that had one gets a fault of the reader."""
    for name, source in list(reading.sources.items()):
        with duckdb.connect() as con:
            source.attach(con)
            described = con.execute(f"DESCRIBE SELECT * FROM ({source.relation})").fetchall()
            kinds = {str(row[0]): str(row[1]) for row in described}
            tests = [test for column, kind in kinds.items() if (test := _unfit(column, kind))]
            if not tests:
                continue
            rows = con.execute(
                f"SELECT _row, _unit FROM ({source.relation}) WHERE {' OR '.join(tests)} ORDER BY _row"
            ).fetchall()
        if rows:
            reading.faults += [_fault(reading, name, row, unit) for row, unit in rows]
            reading.sources[name] = _fit(source, kinds)


def _unfit(column: str, kind: str) -> str | None:
    if kind == "VARCHAR":
        return f"contains({quoted(column)}, chr(0))"
    return f"isinf({quoted(column)})" if kind in _ENDLESS else None


def _fit(source: Source, kinds: dict[str, str]) -> Source:
    columns = []
    for column, kind in kinds.items():
        name = quoted(column)
        if kind == "VARCHAR":
            columns.append(f"replace({name}, chr(0), '') AS {name}")
        elif kind in _ENDLESS:
            columns.append(f"CASE WHEN NOT isinf({name}) THEN {name} END AS {name}")
        else:
            columns.append(name)
    made: Any = Source(
        table=source.table,
        columns=source.columns,
        relation=f"SELECT {', '.join(columns)} FROM ({source.relation})",
        typed=source.typed,
        count=source.count,
        attaching=source.attaching,
    )
    return made


def _fault(reading: Reading, table: str, row: int, unit: int | None) -> Fault:
    if reading.units is None:
        return fault("nul-removed", table=table, row=row)
    return fault("nul-removed", table=table, row=row, unit=unit)
