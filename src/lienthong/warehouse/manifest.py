"""What a snapshot is made of: one manifest a snapshot, written last and at once, so that half a one is none.

Files of rows never change and are named by their content; several snapshots refer to the same file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from lienthong import clock
from lienthong.errors import Conflict, NotFound

MANIFESTS, ROWS, CONTRACTS = "snapshots", "rows", "contracts"
FORMAT = 1


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """One file of rows. `month` is that of the event (yyyymm, 000000 when it says none); `file` is a path from
    the warehouse's folder; `fingerprint` says which versions of which rows are in it.

    `waiting` rows stand in quarantine: they count in scores and are nobody's record yet.
    """

    province: str
    month: str
    waiting: bool
    rows: int
    bytes: int
    sha256: str
    file: str
    fingerprint: str


class TableTaken(msgspec.Struct, frozen=True, kw_only=True):
    """One table of a contract at the moment of the snapshot."""

    name: str
    partitions: tuple[Partition, ...]

    @property
    def rows(self) -> int:
        """Rows of all partitions."""
        return sum(partition.rows for partition in self.partitions)

    def files(self, root: Path, *, waiting: bool | None = None) -> list[Path]:
        """The files of all partitions, or of those whose rows wait (or do not)."""
        return [
            root / one.file for one in self.partitions if waiting is None or one.waiting is waiting
        ]


class ContractTaken(msgspec.Struct, frozen=True, kw_only=True):
    """One database at the moment of the snapshot: `counts` is the file of the counts that the store held then,
    `rulesets` that of what the bits of kept masks mean, `withheld` that of the records whose identity keys are wrong
    ("": there are none), `withheld_records` how many they are by root table. Their rows are counted in scores and stand
    in no release."""

    name: str
    version: str
    digest: str
    tables: tuple[TableTaken, ...]
    counts: str
    rulesets: str
    withheld: str = ""
    withheld_records: dict[str, int] = {}

    def table(self, name: str) -> TableTaken | None:
        """The table of that name, or None."""
        return next((table for table in self.tables if table.name == name), None)


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where the store stood: PostgreSQL's snapshot, the last receipt given and the last position of the feed."""

    transaction: str
    receipts: int
    change: int | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot."""

    id: str
    taken_at: datetime
    position: Position
    contracts: tuple[ContractTaken, ...]
    rewritten: int
    """Partitions whose rows were written for this snapshot; the others are those of an earlier one."""
    format: int = FORMAT

    def contract(self, name: str) -> ContractTaken:
        """The database of that name. Raises NotFound."""
        for contract in self.contracts:
            if contract.name == name:
                return contract
        raise NotFound(
            "snapshot.contract",
            "Snapshot %(id)s holds no database %(name)s; it holds: %(known)s.",
            id=self.id,
            name=name,
            known=", ".join(contract.name for contract in self.contracts),
        )

    @property
    def partitions(self) -> list[Partition]:
        """Every partition of every table."""
        return [
            p for contract in self.contracts for table in contract.tables for p in table.partitions
        ]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(partition.rows for partition in self.partitions)


class Warehouse:
    """A folder of snapshots."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def ids(self) -> list[str]:
        """The snapshots there are, oldest first."""
        return sorted(file.stem for file in (self.root / MANIFESTS).glob("*.json"))

    def read(self, id: str | None = None) -> Manifest:
        """A snapshot by its id, the newest without one. Raises NotFound."""
        ids = self.ids()
        if not ids or (id is not None and id not in ids):
            raise NotFound(
                "snapshot.unknown",
                "There is no snapshot %(id)s in %(folder)s.",
                id=id or "",
                folder=str(self.root),
            )
        content = (self.root / MANIFESTS / f"{id or ids[-1]}.json").read_bytes()
        return msgspec.json.decode(content, type=Manifest)

    def as_of(self, moment: datetime) -> Manifest:
        """The newest snapshot that was taken by that moment. Raises NotFound."""
        for id in reversed(self.ids()):
            manifest = self.read(id)
            if manifest.taken_at <= moment:
                return manifest
        raise NotFound(
            "snapshot.none-yet",
            "No snapshot had been taken by %(moment)s.",
            moment=clock.local(moment).strftime("%Y-%m-%d %H:%M"),
        )

    def write(self, manifest: Manifest) -> None:
        """Make a snapshot be: until this one rename it is not there, afterwards it is whole."""
        folder = self.root / MANIFESTS
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".{manifest.id}"
        with aside.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(folder / f"{manifest.id}.json")
        _settle(folder)

    def new_id(self, moment: datetime) -> str:
        """A name for a snapshot that sorts by time: 20261122-091500-1."""
        stem = clock.local(moment).strftime("%Y%m%d-%H%M%S")
        taken = set(self.ids())
        return next(name for n in range(1, 1000) if (name := f"{stem}-{n}") not in taken)

    def verify(self, manifest: Manifest) -> list[str]:
        """The files of a snapshot that are missing or hold other bytes than were written."""
        wrong = []
        for partition in manifest.partitions:
            path = self.root / partition.file
            if not path.is_file() or digest_of(path) != partition.sha256:
                wrong.append(partition.file)
        return wrong

    def prune(self, keep: int) -> tuple[list[str], int]:
        """Take away all but the newest `keep` snapshots, then the files that no snapshot refers to any more.

        Returns the ids taken away and the number of files. What a killed snapshot left behind goes too.
        """
        ids = self.ids()
        gone = ids[: max(0, len(ids) - max(1, keep))]
        for id in gone:
            (self.root / MANIFESTS / f"{id}.json").unlink()
        used: set[str] = set()
        for manifest in map(self.read, self.ids()):
            used |= {partition.file for partition in manifest.partitions}
            used |= {contract.counts for contract in manifest.contracts}
            used |= {contract.rulesets for contract in manifest.contracts}
            used |= {contract.withheld for contract in manifest.contracts}
        lost = 0
        for path in sorted((self.root / ROWS).rglob("*")):
            if path.is_file() and str(path.relative_to(self.root)) not in used:
                path.unlink()
                lost += 1
        return gone, lost

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else takes or prunes snapshots in this folder meanwhile. Raises Conflict; a death lets go."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    "snapshot.busy",
                    "Another process is writing to %(folder)s.",
                    folder=str(self.root),
                ) from None
            yield


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(folder: Path) -> None:
    """The rename itself survives a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
