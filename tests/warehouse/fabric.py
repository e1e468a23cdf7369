"""Snapshots made of invented cells, without a store: every kind of right and wrong cell, in every table of a contract.

Both engines must say the same of them, however wild they are; so cells are drawn by what their field declares, and
now and then from a pool of cells that engines are known to read differently.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract, Field, Table
from lienthong.contracts.rules.casts import TEXT_PREFIX, from_text, macros, quoted
from lienthong.records.store.layout import root_of
from lienthong.warehouse import counted, layout, verdicts
from lienthong.warehouse.manifest import (
    ROWS,
    ContractTaken,
    Manifest,
    Partition,
    Position,
    TableTaken,
    Warehouse,
    digest_of,
)

WILD = [
    "", " ", "0", "-1", "+5", "007", "1.5", ".5", "1e3", "nan", "inf", "1_000", "9223372036854775808", "2.675",
    "2026-02-30", "2026-1-5", "20260230", "202602302561", "00000000", "true", "ß", "İ", "Đặng Thị Ơn", "e\u0301", "🦆",
    "a;b;;c", ";", "\u00a0x\u2003", "x\n", "\t5", " 12 ", "１２", "%", "_", "$", "[x]", "\\", "'", "A" * 300, "01,02",
]  # fmt: skip
NAMES = ["Nguyễn Văn An", "Trần Thị Bình", "LÊ ĐỨC", "nguyen  van", "Phạm-Thị Ơ", "Hồ A1"]
DAYS = [f"2026{month:02}{day:02}" for month in (1, 6, 7, 11) for day in (1, 15, 28)]
NUMBERS = [
    f"0{n:02}{k}{y:02}{s:06}"
    for n in (1, 79)
    for k in (0, 1, 2, 3)
    for y in (26, 80)
    for s in (1, 2)
]
SENDERS = ["01999", "79001", "48002"]
RECEIVED = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def fabricate(root: Path, contracts: list[Contract], rows: int, seed: int) -> Manifest:
    """A snapshot of these contracts with so many rows in each table."""
    warehouse, codes = Warehouse(root), Codes()
    taken = []
    for contract in contracts:
        random = Random(f"{seed}/{contract.name}")
        folder = root / ROWS / contract.name
        tables = tuple(
            _table(root, contract, table, rows, random, codes) for table in contract.tables
        )
        taken.append(
            ContractTaken(
                name=contract.name,
                version=contract.version,
                digest=contract.digest,
                tables=tables,
                counts=str(counted.write({}, folder).relative_to(root)),
                rulesets=str(verdicts.write_rulesets({}, folder).relative_to(root)),
            )
        )
    manifest = Manifest(
        id=warehouse.new_id(RECEIVED),
        taken_at=RECEIVED,
        position=Position(transaction="1:1:", receipts=1),
        contracts=tuple(taken),
        rewritten=0,
    )
    warehouse.write(manifest)
    return manifest


def _table(
    root: Path, contract: Contract, table: Table, rows: int, random: Random, codes: Codes
) -> TableTaken:
    columns: dict[str, list[Any]] = {
        field.name: [_cell(contract, table, field, random, codes) for _ in range(rows)]
        for field in table.fields
    }
    units = [random.randrange(max(1, rows // 3)) for _ in range(rows)]
    senders = [SENDERS[unit % 3] for unit in units]
    columns |= {
        "_key": [f"K{unit}" for unit in units],
        "_sender": senders,
        "_province": [sender[:2] for sender in senders],
        "_unit": units,
        "_row": list(range(rows)),
        "_version": [1] * rows,
        "_receipt": [f"LT-{sender}" for sender in senders],
        "_from": [RECEIVED.replace(tzinfo=None)] * rows,
        "_received": [RECEIVED.replace(tzinfo=None)] * rows,
        "_minute": [int(RECEIVED.timestamp()) // 60] * rows,
        "_counted": [date(2026, 11, 20)] * rows,
        "_ruleset": [None] * rows,
        "_failed": [None] * rows,
        "_unknown": [None] * rows,
        "_waiting": [False] * rows,
        "_entry": [None] * rows,
        "_stands": [True] * rows,
        "_event": [random.choice(DAYS) + "0800" for _ in range(rows)],
    }
    path = root / ROWS / contract.name / f"{uuid4().hex}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(_typed(table, columns), path)
    one = Partition(
        province="00",
        month=layout.NO_MONTH,
        waiting=False,
        rows=rows,
        bytes=path.stat().st_size,
        sha256=digest_of(path),
        file=str(path.relative_to(root)),
        fingerprint="",
    )
    return TableTaken(name=table.name, partitions=(one,))


def _typed(table: Table, columns: dict[str, list[Any]]) -> pa.Table:
    wanted = layout.schema(table)
    kinds = {item.name: item.type for item in wanted}
    own = {field.name for field in table.fields}
    sent = pa.table(
        {
            name: pa.array(cells, pa.string() if name in own else kinds[name])
            for name, cells in columns.items()
        }
    )
    shown = []
    for field in table.fields:
        cell = quoted(field.name)
        typed = from_text(field.type, cell, field.format)
        shown.append(f"{typed} AS {cell}")
        if field.type != "string":
            shown.append(
                f"CASE WHEN ({typed}) IS NULL THEN {cell} END AS {quoted(TEXT_PREFIX + field.name)}"
            )
    with duckdb.connect() as con:
        con.execute("; ".join(macros()))
        con.register("sent", sent)
        found = con.sql(f"SELECT {', '.join([*shown, *layout.SYSTEM])} FROM sent").to_arrow_table()
    return pa.table([found.column(item.name).cast(item.type) for item in wanted], schema=wanted)


def _cell(
    contract: Contract, table: Table, field: Field, random: Random, codes: Codes
) -> str | None:
    chance = random.random()
    if chance < 0.08:
        return None
    if chance < 0.16:
        return random.choice(WILD)
    return _plausible(contract, table, field, random, codes)


def _plausible(contract: Contract, table: Table, field: Field, random: Random, codes: Codes) -> str:
    root = root_of(contract, table)
    if field.name in {*root.key, table.link} or (field.identity_role or "").endswith("_key"):
        return f"{field.name[:4]}{random.randrange(12)}"
    if field.values:
        return random.choice(field.values).value
    if field.code_list and codes.has(field.code_list):
        return random.choice(_some(codes, field.code_list))
    role = field.identity_role or ""
    if role.endswith("person_number"):
        return random.choice(NUMBERS)
    if role.endswith("_name"):
        return random.choice(NAMES)
    if field.type in ("integer", "number"):
        return random.choice(["0", "1", "2", "80", "100", "15000", "30000.5", "-3"])
    written = f"{field.format or ''}{field.properties.get('format', '')}{field.name}".lower()
    if field.type in ("date", "timestamp"):
        day = random.choice(DAYS)
        return f"{day[:4]}-{day[4:6]}-{day[6:]}"
    if "datetime12" in written or "ngay" in written or "date" in written or "gio" in written:
        return random.choice(DAYS) + random.choice(["", "0800", "2359", "1330"])
    return random.choice(
        ["A1", "01", "12", "000123", "DN-4010123456", "K01", random.choice(NUMBERS)]
    )


_known: dict[str, list[str]] = {}


def _some(codes: Codes, name: str) -> list[str]:
    if name not in _known:
        every = sorted({code.code for code in codes.codes(name)})
        _known[name] = every[:: max(1, len(every) // 12)] or ["?"]
    return _known[name]
