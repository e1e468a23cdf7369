"""Large text tables are turned into columns once: the intake reads each table several times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from lienthong.contracts.rules.casts import literal
from lienthong.records.formats.reading import Reading, Source

LARGE = 8 * 1024 * 1024
"""From this size of a submission on it pays."""


def spool(con: duckdb.DuckDBPyConnection, reading: Reading, folder: Path) -> None:
    """Replace each source that is not columns already by a Parquet file of the same columns in `folder`."""
    while True:
        try:
            made = {
                name: _columns(con, source, folder)
                for name, source in reading.sources.items()
                if "read_csv" in source.relation
            }
            break
        except duckdb.Error:
            if not reading.careful():
                raise
    reading.sources.update(made)


def _columns(con: Any, source: Source, folder: Path) -> Source:
    source.attach(con)
    file = folder / f"columns-{source.table}.parquet"
    con.execute(
        f"COPY ({source.relation}) TO {literal(str(file))} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 65536)"
    )
    return Source(
        table=source.table,
        columns=source.columns,
        relation=f"SELECT * FROM read_parquet({literal(str(file))})",
        typed=source.typed,
        count=source.count,
    )
