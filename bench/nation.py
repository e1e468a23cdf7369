"""Rescoring a nation: snapshots of one, ten and a hundred million visits, by DuckDB and by Spark on 1, 2 and 4 cores.

The rows are written as a snapshot straight away: what is measured is the rescoring and not the store.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import duckdb
import msgspec

from bench.checks import CONTRACT
from bench.data import _ROWS, FACILITIES
from bench.measuring import PROGRAM, Line, Run, run
from lienthong.contracts.reading import read_contract
from lienthong.warehouse import counted, layout, verdicts
from lienthong.warehouse.manifest import (
    ROWS,
    ContractTaken,
    Manifest,
    Partition,
    Position,
    TableTaken,
    Warehouse,
)

CHUNK = 1_000_000
MOMENT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SPARK_ROWS = 10_000_000
CORES = (1, 2, 4)
MEMORY = "2GB"


def measure(folder: Path, most: int) -> list[Line]:
    """Time against rows, then Spark's time against cores. `most` is the largest snapshot."""
    home = folder / "nation"
    (home / "contracts").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CONTRACT, home / "contracts" / "visits.odcs.yaml")
    sizes = [size for size in (1_000_000, 10_000_000, 100_000_000) if size <= most] or [most]
    lines: list[Line] = []
    try:
        whole = make(home / "warehouse", sizes[-1])
        ids = {size: _part(home / "warehouse", whole, size) for size in sizes}
        ours = {size: _rescore(home, ids[size], "duckdb") for size in sizes}
        for size in sizes:
            lines.append(_duck_line(size, ours[size], ours[sizes[0]], sizes[0]))
        lines += _spark_lines(home, ids, ours)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return lines


def make(root: Path, rows: int) -> Manifest:
    """A snapshot of so many visits: a partition a million, of one sender each, and the facilities it names."""
    contract, warehouse = read_contract(CONTRACT), Warehouse(root)
    folder = root / ROWS / "visits"
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"memory_limit": "2GB"})
    con.execute("CREATE MACRO d(row_, column_, upto) AS (hash(row_ * 64 + column_) % upto)::BIGINT")
    visits, facilities = [], []
    for number, begin in enumerate(range(0, rows, CHUNK)):
        sender = f"{number % 34 + 1:02}{number // 34:03}"
        count = min(CHUNK, rows - begin)
        made = _ROWS.format(rows=f"{begin}, {begin + count}", facilities=FACILITIES)
        visits.append(_write(con, folder, contract, "visits", made, sender, count))
        codes = f"SELECT lpad((i * 9)::VARCHAR, 5, '0') AS code FROM range({FACILITIES}) t(i)"
        facilities.append(_write(con, folder, contract, "facilities", codes, sender, FACILITIES))
    con.close()
    tables = (
        TableTaken(name="visits", partitions=tuple(visits)),
        TableTaken(name="facilities", partitions=tuple(facilities)),
    )
    manifest = Manifest(
        id=warehouse.new_id(MOMENT),
        taken_at=MOMENT,
        position=Position(transaction="", receipts=0),
        contracts=(
            ContractTaken(
                name="visits",
                version=contract.version,
                digest=contract.digest,
                tables=tables,
                counts=str(counted.write({}, folder).relative_to(root)),
                rulesets=str(verdicts.write_rulesets({}, folder).relative_to(root)),
            ),
        ),
        rewritten=len(visits),
    )
    warehouse.write(manifest)
    return manifest


def _part(root: Path, whole: Manifest, rows: int) -> str:
    """A snapshot of the first so many rows of the whole one; it refers to the same files."""
    warehouse, taken = Warehouse(root), whole.contracts[0]
    number = -(-rows // CHUNK)
    tables = tuple(
        msgspec.structs.replace(table, partitions=table.partitions[:number])
        for table in taken.tables
    )
    part = msgspec.structs.replace(
        whole,
        id=warehouse.new_id(MOMENT),
        contracts=(msgspec.structs.replace(taken, tables=tables),),
    )
    warehouse.write(part)
    return part.id


def _write(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    contract: object,
    name: str,
    query: str,
    sender: str,
    rows: int,
) -> Partition:
    table = contract.table(name)  # type: ignore[attr-defined]
    key = table.key[0]
    stamp = f"TIMESTAMP '{MOMENT:%Y-%m-%d %H:%M:%S}'"
    system = {
        "_key": f'"{key}"', "_sender": f"'{sender}'", "_province": f"'{sender[:2]}'", "_unit": "row_number() OVER ()",
        "_row": "row_number() OVER ()", "_version": "1", "_receipt": f"'{sender}'", "_from": stamp, "_received": stamp,
        "_minute": str(int(MOMENT.timestamp()) // 60), "_counted": f"(DATE '2026-11-20' - (hash(\"{key}\") % 30)::INT)",
        "_waiting": "false", "_stands": "true",
    }  # fmt: skip
    kinds = {"string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "double": "DOUBLE", "bool": "BOOLEAN",
             "date32[day]": "DATE", "timestamp[us]": "TIMESTAMP", "time64[us]": "TIME"}  # fmt: skip
    own = {field.name for field in table.fields}
    shown = ", ".join(
        f"{system.get(item.name) or (chr(34) + item.name + chr(34) if item.name in own else 'NULL')}"
        f'::{kinds[str(item.type)]} AS "{item.name}"'
        for item in layout.schema(table)
    )
    path = folder / f"{name}-{sender}.parquet"
    con.execute(
        f"COPY (SELECT {shown} FROM ({query})) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )
    return Partition(
        province=sender[:2],
        month="202611",
        waiting=False,
        rows=rows,
        bytes=path.stat().st_size,
        sha256="",
        file=str(path.relative_to(folder.parents[1])),
        fingerprint="",
    )


def _rescore(home: Path, snapshot: str, engine: str, cores: int = 0) -> tuple[Run, dict]:
    command = [PROGRAM, "rescore", "--engine", engine, "--snapshot", snapshot, "--json"]
    environment = {"LIENTHONG_HOME": str(home)}
    if engine == "duckdb":
        command += ["--memory", MEMORY]
    else:
        command += ["--master", f"local[{cores}]"]
        environment["PYSPARK_SUBMIT_ARGS"] = "--driver-memory 4g pyspark-shell"
    done = run(command, **environment)
    return done, json.loads(done.out)


def _wrong(result: dict) -> dict[str, int]:
    return {table["table"]: table["wrong"] for table in result["tables"]}


def _duck_line(size: int, ours: tuple[Run, dict], first: tuple[Run, dict], least: int) -> Line:
    done, result = ours
    ratio = (done.wall / size) / (first[0].wall / least)
    note = f"{size / done.wall:,.0f} rows/s, {done.mib:.0f} MiB, {_wrong(result)['visits']:,} rows wrong"
    return Line(
        f"rescore {size:,} rows × 25 rules, DuckDB",
        f"{done.wall:.1f} s",
        f"{first[0].wall:.1f} s for {least:,}",
        f"{ratio:.2f} a row",
        "time grows no faster than rows",
        ratio <= 1.2,
        note,
        {"seconds": done.wall, "rows": size, "mib": done.mib},
    )


def _spark_lines(home: Path, ids: dict[int, str], ours: dict[int, tuple[Run, dict]]) -> list[Line]:
    size = max(size for size in ids if size <= SPARK_ROWS) if min(ids) <= SPARK_ROWS else min(ids)
    name = f"rescore {size:,} rows × 25 rules, Spark"
    if find_spec("pyspark") is None or shutil.which("java") is None:
        return [
            Line(name, "not run", "", "", "time falls as cores rise", False, "no PySpark or Java")
        ]
    lines, before = [], 0.0
    for cores in CORES:
        done, result = _rescore(home, ids[size], "spark", cores)
        same = _wrong(result) == _wrong(ours[size][1])
        note = f"{done.wall:.1f} s with the start of Java; DuckDB {ours[size][0].wall:.1f} s"
        if not same:
            note += f"; WRONG: {_wrong(result)} and not {_wrong(ours[size][1])}"
        seconds = result["seconds"]
        falls = not before or seconds < before
        if cores > (os.cpu_count() or 1):
            note += f"; only {os.cpu_count()} cores here, more threads take turns"
        lines.append(
            Line(f"{name}, {cores} cores", f"{seconds:.1f} s", f"{before:.1f} s" if before else "",
                 f"{seconds / before:.2f}" if before else "", "time falls as cores rise", falls and same, note,
                 {"seconds": seconds, "wall": done.wall, "cores": cores})
        )  # fmt: skip
        before = seconds
    return lines
