"""The rules over a snapshot on this machine, by DuckDB: files are streamed, memory is bounded, the rest spills."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lienthong.contracts.rules.casts import literal, quoted
from lienthong.records.checking.checked import WORD
from lienthong.records.checking.engine import connect
from lienthong.records.checking.lists import attach_lists
from lienthong.warehouse import layout, moments, questions, statements
from lienthong.warehouse.manifest import Manifest, TableTaken
from lienthong.warehouse.questions import Question
from lienthong.warehouse.verdicts import Group, mask

MEMORY = "1GB"


class Duck:
    """One process with one DuckDB. `close` when done."""

    name = "duckdb"

    def __init__(
        self, root: Path, work: Path, *, memory: str = MEMORY, threads: int | None = None
    ) -> None:
        self.root = root
        self.con = connect(work, memory=memory, threads=threads)
        self._lists: set[str] = set()

    def open(self, manifest: Manifest, asked: list[Question], codes: Any) -> None:
        """The tables of the asked databases, those that rules of theirs look at, and the code lists."""
        for question in asked:
            own, table = question.contract.name, question.table
            self._attach(question.taken, table, f"{own}.{table.name}")
            wanted = question.lists - self._lists
            attach_lists(self.con, codes, wanted)
            self._lists |= wanted
        for question in asked:
            for database, name in questions.looked_at(question):
                self._attach_looked_at(manifest, question, database, name)

    def _attach_looked_at(
        self, manifest: Manifest, question: Question, database: str, name: str
    ) -> None:
        table = questions.table_of(question, database, name)
        taken = manifest.contract(database).table(name)
        if table is not None and taken is not None:
            self._attach(taken, table, f"{database}.{name}")

    def _attach(self, taken: TableTaken, table: Any, name: str) -> None:
        files = taken.files(self.root)
        view, typed = quoted(f"rows_{name}"), quoted(f"{questions.TYPED}{name}")
        if files:
            listed = ", ".join(literal(str(file)) for file in files)
            source = f"SELECT * FROM read_parquet([{listed}])"
        else:
            self.con.register("_empty", layout.schema(table).empty_table())
            self.con.execute(f"CREATE OR REPLACE TABLE {quoted('empty_' + name)} AS FROM _empty")
            source = f"FROM {quoted('empty_' + name)}"
        self.con.execute(f"CREATE OR REPLACE VIEW {view} AS {source}")
        self.con.execute(
            f"CREATE OR REPLACE VIEW {typed} AS SELECT {statements.columns(table)} FROM {view} WHERE _stands"
        )
        kept = quoted(statements.kept_name(name))
        self.con.execute(
            f"CREATE OR REPLACE VIEW {kept} AS SELECT * FROM {typed} WHERE NOT _waiting"
        )

    def groups(self, question: Question, *, again: bool = False) -> Iterator[Group]:
        """All rows of the table, those alike together; what looks at other rows is grouped or found before."""
        self._prepare(question)
        source = f"({statements.masked(question, hits=True)})"
        result = self.con.execute(statements.grouped(question, source))
        while lines := result.fetchmany(10_000):
            for line in lines:
                about, words, rows = statements.as_group(line)
                yield Group._make((*about, mask(words, WORD), rows))

    def wrong(self, question: Question, file: Path) -> None:
        """Writes the rows on which an asked rule failed or that brought a mask; after `groups`."""
        source = f"({statements.masked(question, hits=True)})"
        self.con.execute(
            f"COPY ({statements.wrong(question, source)}) TO {literal(str(file))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )

    def close(self) -> None:
        """Let the engine go."""
        self.con.close()

    def _prepare(self, question: Question) -> None:
        con = self.con
        if question.agos:
            view = quoted(statements.rows_name(question))
            minutes = con.execute(f"SELECT DISTINCT {moments.MINUTE} FROM {view}").fetchall()
            con.register("_given", moments.table(question, (row[0] for row in minutes)))
            con.execute("CREATE OR REPLACE TABLE moments AS FROM _given")
            con.unregister("_given")
        for number in question.asked_looks:
            made = statements.look(question, number)
            con.execute(f"CREATE OR REPLACE TABLE look_{number} AS {made}")
        con.execute(
            "CREATE OR REPLACE TABLE hits (hit_receipt VARCHAR, hit_key VARCHAR, hit_row BIGINT,"
            " hit_entry BIGINT, position INTEGER)"
        )
        for position in question.others:
            con.execute(f"INSERT INTO hits {statements.found(question, position)}")
