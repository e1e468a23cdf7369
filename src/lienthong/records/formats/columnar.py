"""Parquet: columns as they are, typed or text; the row number comes from the file itself."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.records.formats.faults import FaultList
from lienthong.records.formats.header import match_header, match_table
from lienthong.records.formats.reading import Source
from lienthong.records.formats.sqltext import file_text, quoted, unit_sql


def read_columnar(path: Path, hint: str | None, contract: Contract, faults: FaultList) -> Source:
    """One Parquet file as a source. Raises Refused when the file is damaged or no table of the contract."""
    scan = f"read_parquet({file_text(path)}, file_row_number=true)"
    with duckdb.connect() as con:
        try:
            described = con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
            counted = con.execute(
                f"SELECT count(*) FROM read_parquet({file_text(path)})"
            ).fetchone()
        except duckdb.Error as error:
            raise Refused("FILE-28", "The Parquet file cannot be read.") from error
    kinds = {row[0]: row[1] for row in described if row[0] != "file_row_number"}
    table = match_table(contract, hint, path.stem, list(kinds))
    header = match_header(table, list(kinds))
    faults.extend(header.faults)
    columns = [
        f"{_cell(written, kind)} AS {quoted(name)}"
        for (written, kind), name in zip(kinds.items(), header.names, strict=True)
        if name is not None
    ]
    relation = (
        f"SELECT {', '.join(columns)}, file_row_number::BIGINT AS _row, "
        f"{unit_sql(table).replace('_row', 'file_row_number::BIGINT')} AS _unit FROM {scan}"
    )
    typed = any(kind != "VARCHAR" for kind in kinds.values())
    return Source(
        table.name, header.columns, relation, typed=typed, count=counted[0] if counted else 0
    )


def _cell(name: str, kind: str) -> str:
    """A column as it is; nested values as JSON text, bytes as text."""
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return f"to_json({quoted(name)})::VARCHAR"
    if kind == "BLOB":
        return f"decode({quoted(name)}, 'replace')"
    return quoted(name)
