"""The rules over a snapshot on many machines, by Spark: the very statements of DuckDB, carried to Spark's SQL.

The warehouse's folder must be reachable by every worker under the same path. PySpark is no dependency of the
program: `uv sync --group spark` brings it, and Java 17 or newer must be there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet

from lienthong.contracts.rules.casts import TEXT_PREFIX
from lienthong.errors import Refused
from lienthong.records.checking.checked import WORD
from lienthong.warehouse import layout, moments, questions, statements
from lienthong.warehouse.manifest import Manifest, TableTaken
from lienthong.warehouse.questions import Question
from lienthong.warehouse.spark_sql import Carrier
from lienthong.warehouse.verdicts import Group, mask

HUGE = "-XX:-DontCompileHugeMethods"
"""All rules of a table make one long method; Java would interpret it for ever instead of compiling it."""

OPTIONS = {
    "spark.driver.extraJavaOptions": HUGE,
    "spark.executor.extraJavaOptions": HUGE,
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # A partition of a small province is a small file: many of them make one task.
    "spark.sql.files.openCostInBytes": "65536",
    # The manifest names every file, so nobody has to look for them with a job of its own.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
    "spark.log.level": "ERROR",
}


class Spark:
    """One Spark application at `master`. `options` are settings of Spark over OPTIONS. `close` when done."""

    name = "spark"

    def __init__(
        self,
        root: Path,
        *,
        master: str = "local[*]",
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root.absolute()
        # Small tables travel as files too: what a driver holds in Python, workers would need Python to read.
        self._small = self.root / f".spark-{uuid4().hex[:12]}"
        self.session = _session(master, {**OPTIONS, **(options or {})})
        self._views: dict[str, str] = {}
        self._lists: dict[str, tuple[str, bool]] = {}
        self._carried: dict[str, str] = {}

    def open(self, manifest: Manifest, asked: list[Question], codes: Any) -> None:
        """The tables of the asked databases, those that rules of theirs look at, and the code lists."""
        for question in asked:
            if not question.taken.rows:
                continue
            self._attach(
                question.taken, question.table, f"{question.contract.name}.{question.table.name}"
            )
            for name in question.lists:
                self._list(name, codes)
        for question in asked:
            for database, table in questions.looked_at(question):
                self._attach_looked_at(manifest, question, database, table)

    def _attach_looked_at(
        self, manifest: Manifest, question: Question, database: str, name: str
    ) -> None:
        table = questions.table_of(question, database, name)
        taken = manifest.contract(database).table(name)
        if table is not None and taken is not None:
            self._attach(taken, table, f"{database}.{name}")

    def _attach(self, taken: TableTaken, table: Any, name: str) -> None:
        rows, typed = f"rows_{name}", f"{questions.TYPED}{name}"
        if rows in self._views:
            return
        self._views |= {rows: f"w{len(self._views)}", typed: f"w{len(self._views) + 1}"}
        files = [str(file) for file in taken.files(self.root)]
        if not files:
            files = [self._file(layout.schema(table).empty_table(), self._views[rows])]
        # The folders' names say province and month, which rows do not need.
        read = self.session.read.option("recursiveFileLookup", "true").schema(_shape(table))
        read.parquet(*files).createOrReplaceTempView(self._views[rows])
        sql = f'SELECT {statements.columns(table)} FROM "{rows}" WHERE _stands'
        self._view(typed, sql, _kinds(table))
        kept = f'SELECT * FROM "{typed}" WHERE NOT _waiting'
        self._view(statements.kept_name(name), kept, {})

    def _view(self, name: str, sql: str, kinds: Mapping[str, str]) -> None:
        made = self.session.sql(Carrier(self._views, self._lists, kinds).carry(sql))
        made.createOrReplaceTempView(self._views.setdefault(name, f"w{len(self._views)}"))

    def _list(self, name: str, codes: Any) -> None:
        word = name.replace("-", "_")
        if word in self._lists:
            return
        listed = codes.table(name)
        since = [day or "00000000" for day in listed.column("valid_from").to_pylist()]
        until = [day or "99999999" for day in listed.column("valid_to").to_pylist()]
        dated = any(day > "00000000" for day in since) or any(day < "99999999" for day in until)
        made = pa.table({"code": listed.column("code"), "valid_from": since, "valid_to": until})
        self._broadcast(made, f"codes_{word}")
        self._lists[word] = (f"codes_{word}", dated)

    def _file(self, made: pa.Table, name: str) -> str:
        self._small.mkdir(parents=True, exist_ok=True)
        path = self._small / f"{name}.parquet"
        pyarrow.parquet.write_table(made, path)
        return str(path)

    def _broadcast(self, made: pa.Table, view: str) -> None:
        """A small table that every worker holds whole."""
        from pyspark.sql import functions

        frame = self.session.read.parquet(self._file(made, view))
        functions.broadcast(frame).createOrReplaceTempView(view)

    def groups(self, question: Question, *, again: bool = False) -> Iterator[Group]:
        """All rows of the table, those alike together: one job that reads the table once.

        With `again` the masks stay with the workers until `wrong` has been asked.
        """
        frame = self.session.sql(self._statement(question))
        if again:
            frame = frame.cache()
        frame.createOrReplaceTempView("masked")
        found = self.session.sql(statements.grouped(question, "masked")).toArrow()
        for batch in found.to_batches(10_000):
            for line in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                about, words, rows = statements.as_group(line)
                yield Group._make((*about, mask(words, WORD), rows))

    def wrong(self, question: Question, file: Path) -> None:
        """Writes the rows on which an asked rule failed or that brought a mask; the workers write, we join."""
        folder = file.with_suffix(".parts").absolute()
        self.session.sql(statements.wrong(question, "masked")).write.parquet(str(folder))
        parts = sorted(folder.glob("*.parquet"))
        schema = pyarrow.parquet.read_schema(parts[0])
        with pyarrow.parquet.ParquetWriter(file, schema) as out:
            for part in parts:
                for batch in pyarrow.parquet.ParquetFile(part).iter_batches():
                    out.write_table(pa.Table.from_batches([batch]))
        shutil.rmtree(folder)
        self.session.catalog.clearCache()

    def close(self) -> None:
        """End the application."""
        self.session.stop()
        shutil.rmtree(self._small, ignore_errors=True)

    def _statement(self, question: Question) -> str:
        name = statements.rows_name(question)
        if name not in self._carried:
            kinds = _kinds(question.table)
            self._moments(question, kinds)
            for number in question.asked_looks:
                of = question.contract.table(question.looks[number].table)
                own = _kinds(of) if of is not None else {}
                self._view(f"look_{number}", statements.look(question, number), own)
            carrier = Carrier(self._views, self._lists, kinds)
            # One plan of all looking rules would nest their joins; side by side they are planned one by one.
            found = [carrier.carry(statements.found(question, at)) for at in question.others]
            if found:
                self._views["hits"] = f"hits_{len(self._carried)}"
                made = self.session.sql(" UNION ALL ".join(found)).toDF(*statements.HITS)
                made.createOrReplaceTempView(self._views["hits"])
            sql = statements.masked(question, hits=bool(found))
            self._carried[name] = carrier.carry(sql)
        return self._carried[name]

    def _moments(self, question: Question, kinds: dict[str, str]) -> None:
        if not question.agos:
            return
        view = self._views[statements.rows_name(question)]
        found = self.session.table(view).select(moments.MINUTE).distinct().collect()
        made = moments.table(question, (row[0] for row in found))
        self._views["moments"] = f"moments_{len(self._carried)}"
        self._broadcast(made, self._views["moments"])
        kinds |= {item.name: "date" for item in made.schema if str(item.type).startswith("date")}


def _shape(table: Any) -> str:
    """The columns of a table's files as Spark declares them."""
    kinds = {
        "string": "string",
        "int64": "bigint",
        "int32": "int",
        "double": "double",
        "bool": "boolean",
        "date32[day]": "date",
        "timestamp[us]": "timestamp_ntz",
        "time64[us]": "time(6)",
    }
    named = (
        "`" + item.name.replace("`", "``") + "` " + kinds[str(item.type)]
        for item in layout.schema(table)
    )
    return ", ".join(named)


def _kinds(table: Any) -> dict[str, str]:
    return {
        field.name: field.type for field in table.fields if field.type in ("number", "date")
    } | {TEXT_PREFIX + field.name: "" for field in table.fields}


def _session(master: str, options: Mapping[str, str]) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise Refused(
            "rescore.no-spark", "PySpark is not installed; install it with: uv sync --group spark."
        ) from None
    builder = SparkSession.builder.master(master).appName("lienthong")
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
