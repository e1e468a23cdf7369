"""The rules over a snapshot on many machines, by Spark: the very statements of DuckDB, carried to Spark's SQL.

The warehouse's folder must be reachable by every worker under the same path. PySpark is no dependency of the
program: `uv sync --group spark` brings it, and Java 17 or newer must be there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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

OPTIONS = {
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # A partition of a small province is a small file: many of them make one task.
    "spark.sql.files.openCostInBytes": "65536",
    "spark.log.level": "ERROR",
}


class Spark:
    """One Spark application at `master`. `options` are settings of Spark over OPTIONS. `close` when done."""

    name = "spark"

    def __init__(
        self,
        root: Path,
        work: Path,
        *,
        master: str = "local[*]",
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.root, self.work = root.absolute(), work
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
            for rule in (question.rules[at] for at in question.looking):
                for name in rule.tables:
                    self._attach_own(manifest, question, name)
                for across in rule.crossing:
                    self._attach_other(manifest, question, across.table)

    def _attach_own(self, manifest: Manifest, question: Question, name: str) -> None:
        table = question.contract.table(name)
        taken = manifest.contract(question.contract.name).table(name)
        if table is not None and taken is not None:
            self._attach(taken, table, f"{question.contract.name}.{name}")

    def _attach_other(self, manifest: Manifest, question: Question, name: str) -> None:
        contract, _, called = name.partition(".")
        table = question.contract.lent(name)
        taken = manifest.contract(contract).table(called)
        if table is not None and taken is not None:
            self._attach(taken, table, name)

    def _attach(self, taken: TableTaken, table: Any, name: str) -> None:
        rows, typed = f"rows_{name}", f"{questions.TYPED}{name}"
        if rows in self._views:
            return
        self._views |= {rows: f"w{len(self._views)}", typed: f"w{len(self._views) + 1}"}
        files = [str(file) for file in taken.files(self.root)]
        if not files:
            empty = self.work / f"empty-{len(self._views)}.parquet"
            empty.parent.mkdir(parents=True, exist_ok=True)
            pyarrow.parquet.write_table(layout.schema(table).empty_table(), empty)
            files = [str(empty)]
        # The folders' names say province and month, which rows do not need.
        read = self.session.read.option("recursiveFileLookup", "true")
        read.parquet(*files).createOrReplaceTempView(self._views[rows])
        sql = f'SELECT {statements.columns(table)} FROM "{rows}" WHERE _stands'
        self._view(typed, sql, _kinds(table))

    def _view(self, name: str, sql: str, kinds: Mapping[str, str]) -> None:
        made = self.session.sql(Carrier(self._views, self._lists, kinds).carry(sql))
        made.createOrReplaceTempView(self._views.setdefault(name, f"w{len(self._views)}"))

    def _list(self, name: str, codes: Any) -> None:
        from pyspark.sql import functions

        word = name.replace("-", "_")
        if word in self._lists:
            return
        listed = codes.table(name)
        periods = [
            (code, since or "00000000", until or "99999999")
            for code, since, until in zip(
                *(listed.column(n).to_pylist() for n in ("code", "valid_from", "valid_to")),
                strict=True,
            )
        ]
        dated = any(since > "00000000" or until < "99999999" for _, since, until in periods)
        view = f"codes_{word}"
        shape = "code string, valid_from string, valid_to string"
        frame = self.session.createDataFrame(periods, shape)
        functions.broadcast(frame).createOrReplaceTempView(view)
        self._lists[word] = (view, dated)

    def groups(self, question: Question) -> Iterator[Group]:
        """All rows of the table, those alike together: one job that reads the table once."""
        frame = self.session.sql(self._statement(question))
        frame.createOrReplaceTempView("masked")
        for line in self.session.sql(statements.grouped(question, "masked")).toLocalIterator():
            about, words, rows = statements.as_group(tuple(line))
            yield Group._make((*about, mask(words, WORD), rows))

    def wrong(self, question: Question, file: Path) -> None:
        """Writes the rows on which an asked rule failed or that brought a mask; the workers write, we join."""
        folder = file.with_suffix(".parts").absolute()
        self.session.sql(self._statement(question)).createOrReplaceTempView("masked")
        self.session.sql(statements.wrong(question, "masked")).write.parquet(str(folder))
        parts = sorted(folder.glob("*.parquet"))
        schema = pyarrow.parquet.read_schema(parts[0])
        with pyarrow.parquet.ParquetWriter(file, schema) as out:
            for part in parts:
                for batch in pyarrow.parquet.ParquetFile(part).iter_batches():
                    out.write_table(pa.Table.from_batches([batch]))
        shutil.rmtree(folder)

    def close(self) -> None:
        """End the application."""
        self.session.stop()

    def _statement(self, question: Question) -> str:
        name = statements.rows_name(question)
        if name not in self._carried:
            kinds = _kinds(question.table)
            self._moments(question, kinds)
            for number in question.asked_looks:
                of = question.contract.table(question.looks[number].table)
                own = _kinds(of) if of is not None else {}
                self._view(f"look_{number}", statements.look(question, number), own)
            sql = statements.masked(question, inline=question.others)
            self._carried[name] = Carrier(self._views, self._lists, kinds).carry(sql)
        return self._carried[name]

    def _moments(self, question: Question, kinds: dict[str, str]) -> None:
        if not question.agos:
            return
        from pyspark.sql import functions

        view = self._views[statements.rows_name(question)]
        found = self.session.table(view).select(moments.MINUTE).distinct().collect()
        made = moments.table(question, (row[0] for row in found))
        shape = ", ".join(f"{item.name} {_SPARK[str(item.type)]}" for item in made.schema)
        frame = self.session.createDataFrame(
            [tuple(row.values()) for row in made.to_pylist()], shape
        )
        self._views["moments"] = f"moments_{len(self._carried)}"
        functions.broadcast(frame).createOrReplaceTempView(self._views["moments"])
        kinds |= {item.name: "date" for item in made.schema if str(item.type).startswith("date")}


_SPARK = {
    "int64": "bigint",
    "string": "string",
    "date32[day]": "date",
    "timestamp[us]": "timestamp_ntz",
}


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
