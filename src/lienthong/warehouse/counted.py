"""Counts of rules as a file: what the store held at a snapshot, or what a rescoring found."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet

from lienthong.records.store.counts import Key, Sums
from lienthong.warehouse.manifest import digest_of

COUNTS = pa.schema(
    [
        ("version", pa.string()),
        ("table", pa.string()),
        ("rule", pa.string()),
        ("province", pa.string()),
        ("day", pa.date32()),
        ("sender", pa.string()),
        ("checked", pa.int64()),
        ("failed", pa.int64()),
        ("unknown", pa.int64()),
        ("sole", pa.int64()),
    ]
)
"""The lines of `records.count`, with its pseudo rules (`*`, `*correct`, `+correct` ...)."""

Line = tuple[str, str, str, Any, str]
"""table, rule, province, day, sender: a line whatever version of the contract judged."""


def write(lines: dict[Key, Sums], folder: Path) -> Path:
    """Keep counts as a file named by its content."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{uuid4().hex}"
    write_to(aside, lines)
    path = folder / f"counts-{digest_of(aside)[:24]}.parquet"
    aside.replace(path)
    return path


def write_to(path: Path, lines: dict[Key, Sums]) -> None:
    """Counts in the order of their keys."""
    rows = [(*key, *sums) for key, sums in sorted(lines.items())]
    columns: list[Any] = list(zip(*rows, strict=True)) or [() for _ in COUNTS]
    table = pa.Table.from_arrays(
        [pa.array(column, item.type) for column, item in zip(columns, COUNTS, strict=True)],
        schema=COUNTS,
    )
    pyarrow.parquet.write_table(table, path, compression="zstd")


def read(path: Path) -> dict[Key, Sums]:
    """Counts out of a file."""
    columns = [column.to_pylist() for column in pyarrow.parquet.read_table(path).columns]
    return {row[:6]: row[6:] for row in zip(*columns, strict=True)}


def by_line(lines: dict[Key, Sums]) -> dict[Line, Sums]:
    """The counts of all versions of a contract together."""
    summed: dict[Line, Sums] = {}
    for key, sums in lines.items():
        line = key[1:]
        before = summed.get(line, (0, 0, 0, 0))
        summed[line] = (
            before[0] + sums[0],
            before[1] + sums[1],
            before[2] + sums[2],
            before[3] + sums[3],
        )
    return {line: sums for line, sums in summed.items() if any(sums)}


def differences(ours: dict[Key, Sums], theirs: dict[Key, Sums]) -> dict[Line, tuple[Sums, Sums]]:
    """The lines on which two counts disagree: (ours, theirs)."""
    one, other = by_line(ours), by_line(theirs)
    none: Sums = (0, 0, 0, 0)
    return {
        line: (one.get(line, none), other.get(line, none))
        for line in one.keys() | other.keys()
        if one.get(line, none) != other.get(line, none)
    }
