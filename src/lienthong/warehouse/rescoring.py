"""Scores of the whole nation made again from a snapshot: the same rules, the same counts, by either engine."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet

from lienthong import clock
from lienthong.contracts.rules.casts import literal
from lienthong.errors import Refused
from lienthong.records.checking.checked import WORD
from lienthong.records.intake import terms
from lienthong.records.store.counts import Deltas
from lienthong.records.store.rulesets import Ruleset, bits
from lienthong.warehouse import verdicts
from lienthong.warehouse.manifest import ContractTaken, Manifest, Warehouse
from lienthong.warehouse.questions import Question, ask
from lienthong.warehouse.verdicts import Group, Verdicts

RESULTS = "rescored"
Progress = Callable[[str, int], None]


class Engine(Protocol):
    """What asks the rules: DuckDB on this machine, or Spark on many."""

    name: str

    def open(self, manifest: Manifest, asked: list[Question], codes: Any) -> None: ...

    def groups(self, question: Question, *, again: bool = False) -> Iterator[Group]: ...

    def wrong(self, question: Question, file: Path) -> None: ...

    def close(self) -> None: ...


class TableScored(msgspec.Struct, frozen=True, kw_only=True):
    """One table: rows, rows with an error, and how many rules were asked anew, carried from arrival, undecided."""

    contract: str
    table: str
    rows: int
    wrong: int
    asked: int
    carried: int
    undecided: int
    seconds: float


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose counts are not those that the store held at the snapshot."""

    contract: str
    table: str
    rule: str
    failed: int
    failed_in_store: int
    unknown: int
    unknown_in_store: int


class Rescored(msgspec.Struct, frozen=True, kw_only=True):
    """The result: `folder` holds counts.parquet, names.parquet (when asked for) and this as summary.json.

    `lacking` are databases at which rules look and which the snapshot was taken without: those rules could not be
    asked, so that they count otherwise than the store did.
    """

    id: str
    snapshot: str
    engine: str
    at: datetime
    seconds: float
    contracts: dict[str, str]
    tables: tuple[TableScored, ...]
    differences: tuple[Difference, ...]
    folder: str = ""
    lacking: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


def rescore(
    warehouse: Warehouse,
    manifest: Manifest,
    engine: Engine,
    *,
    home: Path,
    only: tuple[str, ...] = (),
    tables: tuple[str, ...] = (),
    name_rows: bool = False,
    progress: Progress | None = None,
) -> Rescored:
    """Ask the rules of today over a snapshot; the results stand in the warehouse's folder, whole or not at all.

    Nothing of the store is read. `only` are the databases to rescore, `tables` some of their tables
    (database.table); rules that look at others find them anyway.
    """
    begun, moment = clock.now(), clock.now()
    codes = terms.codes(home)
    held = {f"{c.name}.{t.name}" for c in manifest.contracts for t in c.tables if _holds(c)}
    chosen = [c for c in manifest.contracts if not only or c.name in only]
    for name in only:
        manifest.contract(name)
    id = f"{manifest.id}-{engine.name}-{clock.local(moment):%Y%m%d-%H%M%S}"
    folder = warehouse.root / RESULTS / id
    aside = warehouse.root / RESULTS / f".{uuid4().hex}"
    aside.mkdir(parents=True)
    asked = [
        question
        for contract in chosen
        for question in _questions(contract, home, codes, held)
        if not tables or f"{contract.name}.{question.table.name}" in tables
    ]
    engine.open(manifest, asked, codes)
    scored: list[TableScored] = []
    found: list[Difference] = []
    for contract in chosen:
        own = [question for question in asked if question.contract.name == contract.name]
        kept = verdicts.read_rulesets(warehouse.root / contract.rulesets)
        deltas, ids = Deltas(), Counter[str]()
        for question in own:
            groups = engine.groups(question, again=name_rows) if question.taken.rows else ()
            scored.append(_score(groups, question, kept, deltas, ids, progress))
            if name_rows and question.taken.rows:
                _name(engine, question, kept, aside)
        file = aside / f"counts-{contract.name}.parquet"
        write_counts(deltas, contract.name, file)
        found += compare(file, warehouse.root / contract.counts, contract.name)
    result = Rescored(
        id=id,
        snapshot=manifest.id,
        engine=engine.name,
        at=moment,
        seconds=round((clock.now() - begun).total_seconds(), 2),
        contracts={question.contract.name: question.contract.version for question in asked},
        tables=tuple(scored),
        differences=tuple(found),
        folder=str(folder),
        lacking=tuple(_lacking(asked, manifest)),
    )
    (aside / "summary.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    if folder.exists():
        raise Refused("rescore.taken", "There is a result %(id)s already.", id=id)
    aside.replace(folder)
    return result


def _lacking(asked: Iterable[Question], manifest: Manifest) -> list[str]:
    there = {contract.name for contract in manifest.contracts}
    wanted = {
        need.partition(".")[0]
        for question in asked
        for compiled in question.rules
        for need in (*compiled.rule.databases, *(other.table for other in compiled.rule.other))
    }
    return sorted(wanted - there)


def _holds(contract: ContractTaken) -> bool:
    return any(table.rows for table in contract.tables)


def _questions(
    contract: ContractTaken, home: Path, codes: Any, held: set[str]
) -> Iterator[Question]:
    compiled = terms.compiled(contract.name, home)
    for table in contract.tables:
        question = ask(compiled, table, codes=codes, held=held)
        if question is not None:
            yield question


def _score(
    groups: Iterable[Group],
    question: Question,
    kept: dict[int, verdicts.Kept],
    deltas: Deltas,
    ids: Counter[str],
    progress: Progress | None,
) -> TableScored:
    begun = clock.now()
    judge = Verdicts(question, kept)
    sets: dict[int, Ruleset] = {}
    said, contract = question.said(), question.contract
    undecided = 0
    rows = wrong = 0
    errors = Ruleset(0, "", "", "", said).errors
    for group in groups:
        failed, unknown = judge.of(
            group.ruleset, group.failed, group.unknown, group.waiting, group.found
        )
        if unknown not in sets:
            ids["set"] += 1
            sets[unknown] = Ruleset(
                ids["set"], contract.name, contract.version, question.table.name, said, unknown
            )
        deltas.add(sets[unknown], group.sender, group.province, group.counted, group.rows, failed)
        undecided |= unknown
        rows += group.rows
        wrong += group.rows if failed & errors else 0
    if progress:
        progress(f"{contract.name}.{question.table.name}", rows)
    return TableScored(
        contract=contract.name,
        table=question.table.name,
        rows=rows,
        wrong=wrong,
        asked=len(question.local) + len(question.looking),
        carried=len(question.carried),
        undecided=undecided.bit_count(),
        seconds=round((clock.now() - begun).total_seconds(), 3),
    )


_PARTS = (
    pa.schema(
        [("ruleset", pa.int32()), ("sender", pa.string()), ("day", pa.date32()), ("table", pa.string()),
         ("province", pa.string()), ("version", pa.string()), ("rows", pa.int64())]
    ),
    pa.schema(
        [("ruleset", pa.int32()), ("rule", pa.string()), ("checked", pa.int64()), ("unknown", pa.int64())]
    ),
    pa.schema(
        [("sender", pa.string()), ("day", pa.date32()), ("table", pa.string()), ("rule", pa.string()),
         ("province", pa.string()), ("version", pa.string()), ("checked", pa.int64()), ("failed", pa.int64()),
         ("unknown", pa.int64()), ("sole", pa.int64())]
    ),
)  # fmt: skip


def write_counts(deltas: Deltas, contract: str, file: Path) -> None:
    """The counts as the store keeps them (`counted.COUNTS`), multiplied out by DuckDB and not in Python."""
    with duckdb.connect() as con:
        for name, shape, rows in zip(
            ("base", "usual", "unusual"), _PARTS, deltas.parts(), strict=True
        ):
            columns: list[Any] = list(zip(*rows, strict=True)) or [() for _ in shape]
            arrays = [pa.array(list(c), item.type) for c, item in zip(columns, shape, strict=True)]
            con.register(name, pa.table(arrays, schema=shape))
        con.execute(
            'COPY (SELECT version, "table", rule, province, day, sender, sum(checked)::BIGINT AS checked,'
            " sum(failed)::BIGINT AS failed, sum(unknown)::BIGINT AS unknown, sum(sole)::BIGINT AS sole FROM ("
            ' SELECT b.version, b."table", u.rule, b.province, b.day, b.sender, b.rows * u.checked AS checked,'
            " 0 AS failed, b.rows * u.unknown AS unknown, 0 AS sole FROM base b JOIN usual u USING (ruleset)"
            ' UNION ALL SELECT version, "table", rule, province, day, sender, checked, failed, unknown, sole'
            " FROM unusual) GROUP BY ALL HAVING sum(checked) <> 0 OR sum(failed) <> 0 OR sum(unknown) <> 0"
            f" ORDER BY ALL) TO {literal(str(file))} (FORMAT parquet, COMPRESSION zstd)"
        )


def compare(ours: Path, store: Path, contract: str) -> list[Difference]:
    """The rules on which a rescoring and the store disagree, the widest first; versions are taken together.

    Lines of every province, sender and day are compared: differences that cancel out are differences.
    """
    with duckdb.connect() as con:
        sides = [
            f'(SELECT "table", rule, province, day, sender, sum(checked) AS c, sum(failed) AS f, sum(unknown) AS u,'
            f" sum(sole) AS s FROM read_parquet({literal(str(file))}) GROUP BY ALL)"
            for file in (ours, store)
        ]
        rows = con.execute(
            'SELECT "table", rule, sum(coalesce(o.f, 0)), sum(coalesce(t.f, 0)), sum(coalesce(o.u, 0)),'
            " sum(coalesce(t.u, 0)) FROM"
            f' {sides[0]} o FULL JOIN {sides[1]} t USING ("table", rule, province, day, sender)'
            " WHERE (o.c, o.f, o.u, o.s) IS DISTINCT FROM (t.c, t.f, t.u, t.s)"
            " GROUP BY ALL ORDER BY abs(sum(coalesce(o.f, 0)) - sum(coalesce(t.f, 0))) DESC, 1, 2"
        ).fetchall()
    return [
        Difference(
            contract=contract,
            table=row[0],
            rule=row[1],
            failed=int(row[2]),
            failed_in_store=int(row[3]),
            unknown=int(row[4]),
            unknown_in_store=int(row[5]),
        )
        for row in rows
    ]


NAMES = pa.schema(
    [("contract", pa.string()), ("table", pa.string()), ("rule", pa.string()), ("severity", pa.string()),
     ("key", pa.string()), ("sender", pa.string()), ("province", pa.string()), ("receipt", pa.string()),
     ("row", pa.int64()), ("entry", pa.int64())]
)  # fmt: skip
"""A line for each rule that a row breaks; `entry` is the quarantine entry of a row that waits."""


def _name(engine: Engine, question: Question, kept: dict[int, verdicts.Kept], folder: Path) -> None:
    """names-<contract>-<table>.parquet: which rows break which rules."""
    judge, said = Verdicts(question, kept), question.said()
    with tempfile.TemporaryDirectory(prefix=".wrong-", dir=folder) as work:
        raw = Path(work) / "wrong.parquet"
        engine.wrong(question, raw)
        file = folder / f"names-{question.contract.name}-{question.table.name}.parquet"
        with pyarrow.parquet.ParquetWriter(file, NAMES, compression="zstd") as out:
            for batch in pyarrow.parquet.ParquetFile(raw).iter_batches(50_000):
                out.write_table(_named(batch, question, judge, said))


def _named(batch: pa.RecordBatch, question: Question, judge: Verdicts, said: Any) -> pa.Table:
    columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
    words = [columns[f"f{word}"] for word in range(question.words)]
    lines: list[tuple[Any, ...]] = []
    for at in range(batch.num_rows):
        failed, _ = judge.of(
            columns["_ruleset"][at],
            columns["_failed"][at],
            columns["_unknown"][at],
            columns["_waiting"][at],
            verdicts.mask((word[at] for word in words), WORD),
        )
        place = tuple(
            columns[name][at]
            for name in ("_key", "_sender", "_province", "_receipt", "_row", "_entry")
        )
        for bit in bits(failed):
            rule = said[bit]
            head = (question.contract.name, question.table.name, rule.key, rule.severity.value)
            lines.append((*head, *place))
    rows: list[Any] = list(zip(*lines, strict=True)) or [() for _ in NAMES]
    return pa.table(
        [pa.array(list(c), i.type) for c, i in zip(rows, NAMES, strict=True)], schema=NAMES
    )


def results(warehouse: Warehouse) -> list[Rescored]:
    """What was rescored, oldest first."""
    return [
        msgspec.json.decode(file.read_bytes(), type=Rescored)
        for file in sorted((warehouse.root / RESULTS).glob("*/summary.json"))
    ]
