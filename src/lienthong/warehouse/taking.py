"""Takes a snapshot: what changed since the last one is written anew, everything else is referred to."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from lienthong import audit, clock
from lienthong.access import policy
from lienthong.access.actor import Actor
from lienthong.contracts.contract import Contract, Table
from lienthong.errors import NotFound
from lienthong.records.intake import terms
from lienthong.records.store import counts, rulesets, schema
from lienthong.records.store.owner import as_owner
from lienthong.warehouse import counted, kept_rows, layout, verdicts, waiting_rows
from lienthong.warehouse.kept_rows import Present
from lienthong.warehouse.layout import MONTH, PROVINCE
from lienthong.warehouse.manifest import (
    CONTRACTS,
    ROWS,
    ContractTaken,
    Manifest,
    Partition,
    Position,
    TableTaken,
    Warehouse,
    digest_of,
)

ROW_GROUP = 131_072
Progress = Callable[[str, int], None]
"""Called with contract.table and how many rows of it were written."""


def take(
    conn: psycopg.Connection[Any],
    warehouse: Warehouse,
    actor: Actor,
    *,
    home: Path,
    only: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Manifest:
    """A snapshot of every database that the store holds (or of `only` these), as of one moment.

    `conn` is in autocommit. Readers of the store wait for nothing. Killed at any moment it leaves the snapshots
    there were; the files it had begun go with the next pruning. Raises Conflict while another one is taken.
    """
    with warehouse.held():
        with conn.transaction():
            policy.allow(conn, actor, "warehouse.snapshot")
            named = _contracts(conn, only, home)
        for contract in named:
            schema.ensure(conn, contract)
        manifest = _read_store(conn, warehouse, named, home, progress or (lambda table, rows: None))
        with conn.transaction():
            audit.write(
                conn,
                actor,
                "snapshot.taken",
                {"snapshot": manifest.id, "rows": manifest.rows, "rewritten": manifest.rewritten},
            )
            warehouse.write(manifest)
    return manifest


def _contracts(conn: psycopg.Connection[Any], only: tuple[str, ...], home: Path) -> list[Contract]:
    """The contracts under which the store keeps something."""
    found = conn.execute("SELECT DISTINCT contract FROM records.contract_version").fetchall()
    known = {row[0] for row in found} & set(terms.names(home))
    wanted = [name for name in only if name not in known]
    if wanted:
        raise NotFound(
            "snapshot.no-store",
            "The store holds nothing under %(names)s; it holds: %(known)s.",
            names=", ".join(wanted),
            known=", ".join(sorted(known)) or "–",
        )
    return [terms.contract(name, home) for name in sorted(set(only) or known)]


def _read_store(
    conn: psycopg.Connection[Any],
    warehouse: Warehouse,
    contracts: list[Contract],
    home: Path,
    progress: Progress,
) -> Manifest:
    moment = clock.now()
    before = warehouse.read() if warehouse.ids() else None
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL TimeZone = 'UTC'")
        with as_owner(conn):
            taken = [_Taking(conn, warehouse, one, before, progress) for one in contracts]
            made = tuple(one.contract(home) for one in taken)
            position = _position(conn)
    return Manifest(
        id=warehouse.new_id(moment),
        taken_at=moment,
        position=position,
        contracts=made,
        rewritten=sum(one.rewritten for one in taken),
    )


def _position(conn: psycopg.Connection[Any]) -> Position:
    row = conn.execute(
        "SELECT pg_current_snapshot()::text, coalesce(max(number), 0) FROM records.submission"
    ).fetchone()
    assert row is not None
    return Position(transaction=row[0], receipts=row[1], change=_change(conn))


def _change(conn: psycopg.Connection[Any]) -> int | None:
    """The last position of the change feed, where there is one."""
    if conn.execute("SELECT to_regclass('records.change')").fetchone() == (None,):
        return None
    row = conn.execute("SELECT max(position) FROM records.change").fetchone()
    return row[0] if row else None


class _Taking:
    """One contract under way."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        warehouse: Warehouse,
        contract: Contract,
        before: Manifest | None,
        progress: Progress,
    ) -> None:
        self.conn, self.root, self.given, self.progress = conn, warehouse.root, contract, progress
        earlier = before.contracts if before else ()
        self.before = next((one for one in earlier if one.name == contract.name), None)
        self.rewritten = 0
        ids = conn.execute("SELECT id FROM records.ruleset WHERE contract = %s", [contract.name])
        self.rulesets = rulesets.load(conn, (row[0] for row in ids.fetchall()))

    def contract(self, home: Path) -> ContractTaken:
        """Every table, the counts of the moment, and the contract itself beside them."""
        contract = self.given
        tables = tuple(self.table(table) for table in contract.tables)
        lines = counts.counted(self.conn, contract)
        folder = self.root / ROWS / _folder(contract.name)
        file = counted.write(lines, folder)
        said = verdicts.write_rulesets(self.rulesets, folder)
        copy = self.root / CONTRACTS / f"{contract.name}-{contract.digest[:16]}.odcs.yaml"
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            aside = copy.with_suffix(f".{uuid4().hex[:8]}")
            shutil.copyfile(terms.path_of(contract.name, home), aside)
            aside.replace(copy)
        return ContractTaken(
            name=contract.name,
            version=contract.version,
            digest=contract.digest,
            tables=tables,
            counts=str(file.relative_to(self.root)),
            rulesets=str(said.relative_to(self.root)),
            **self.withheld(folder),
        )

    def withheld(self, folder: Path) -> dict[str, Any]:
        """The file of the records that are passed on to nobody, and how many they are."""
        rows = self.conn.execute(
            "SELECT table_name, key, sender FROM records.withheld WHERE contract = %s ORDER BY 1, 2, 3",
            [self.given.name],
        ).fetchall()
        if not rows:
            return {}
        roots, keys, senders = zip(*rows, strict=True)
        aside = folder / f".{uuid4().hex}"
        columns = {"root": roots, "_key": keys, "_sender": senders}
        pyarrow.parquet.write_table(
            pa.table({name: pa.array(those, pa.string()) for name, those in columns.items()}), aside
        )
        path = folder / f"withheld-{digest_of(aside)[:24]}.parquet"
        aside.replace(path)
        return {
            "withheld": str(path.relative_to(self.root)),
            "withheld_records": dict(Counter(roots)),
        }

    def table(self, table: Table) -> TableTaken:
        """The partitions of a table; those that look as before are the files of before."""
        known = {}
        old = self.before.table(table.name) if self.before else None
        for one in old.partitions if old else ():
            if (self.root / one.file).is_file():
                known[one.province, one.month, one.waiting, one.fingerprint] = one
        made: list[Partition] = []
        for waiting in (False, True):
            source = waiting_rows if waiting else kept_rows
            present = source.partitions(self.conn, self.given, table)
            new = []
            for one in present:
                same = known.get((one.province, one.month, waiting, one.fingerprint))
                made.append(same) if same else new.append(one)
            if new:
                made += self._write(table, new, waiting=waiting)
                self.rewritten += len(new)
        made.sort(key=lambda one: (one.waiting, one.province, one.month))
        return TableTaken(name=table.name, partitions=tuple(made))

    def _write(self, table: Table, new: list[Present], *, waiting: bool) -> list[Partition]:
        batches = (
            waiting_rows.rows(self.conn, self.given, table, new)
            if waiting
            else kept_rows.rows(self.conn, self.given, table, new, self.rulesets)
        )
        prints = {(one.province, one.month): one for one in new}
        folder = self.root / ROWS / _folder(self.given.name) / _folder(table.name)
        made = []
        with closing(batches):  # an error must end the COPY before the transaction can end
            for (province, month), rows in by_partition(batches):
                path, number = _write_file(folder, table, province, month, rows)
                made.append(
                    Partition(
                        province=province,
                        month=month,
                        waiting=waiting,
                        rows=number,
                        bytes=path.stat().st_size,
                        sha256=digest_of(path),
                        file=str(path.relative_to(self.root)),
                        fingerprint=prints[province, month].fingerprint,
                    )
                )
                self.progress(f"{self.given.name}.{table.name}", number)
        return made


def by_partition(
    batches: Iterable[pa.RecordBatch],
) -> Iterator[tuple[tuple[str, str], Iterator[pa.RecordBatch]]]:
    """Batches that come in the order of their partitions, cut where one ends. Each must be read before the next."""
    pieces = _pieces(batches)
    waiting = next(pieces, None)
    while waiting is not None:
        place, first = waiting
        waiting = None

        def rows(place: tuple[str, str] = place, first: pa.RecordBatch = first) -> Iterator[Any]:
            nonlocal waiting
            yield first
            for found in pieces:
                if found[0] != place:
                    waiting = found
                    return
                yield found[1]

        yield place, rows()


def _pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[tuple[str, str], pa.RecordBatch]]:
    for batch in batches:
        if not batch.num_rows:
            continue
        place = pc.binary_join_element_wise(batch.column(PROVINCE), batch.column(MONTH), "/")
        rest = batch.drop_columns([PROVINCE, MONTH])
        start = 0
        runs = pc.run_end_encode(place)
        for end, value in zip(runs.run_ends.to_pylist(), runs.values.to_pylist(), strict=True):
            province, _, month = value.rpartition("/")
            yield (province, month), rest.slice(start, end - start)
            start = end


def _write_file(
    folder: Path, table: Table, province: str, month: str, rows: Iterator[pa.RecordBatch]
) -> tuple[Path, int]:
    """One partition's file, written aside and then named by its content."""
    place = folder / f"province={_folder(province)}" / f"month={month}"
    place.mkdir(parents=True, exist_ok=True)
    aside = place / f".{uuid4().hex}"
    number = 0
    with pyarrow.parquet.ParquetWriter(aside, layout.schema(table), compression="zstd") as file:
        held: list[pa.RecordBatch] = []
        for batch in rows:
            held.append(batch)
            number += batch.num_rows
            if sum(one.num_rows for one in held) >= ROW_GROUP:
                file.write_table(pa.Table.from_batches(held))
                held = []
        if held:
            file.write_table(pa.Table.from_batches(held))
    path = place / f"{digest_of(aside)[:24]}.parquet"
    aside.replace(path)
    return path, number


def _folder(name: str) -> str:
    """A name as one folder, whatever its letters."""
    return quote(name, safe="").replace(".", "%2E")
