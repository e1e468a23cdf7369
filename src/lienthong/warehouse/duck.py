"""The rules over a snapshot on this machine, by DuckDB: files are streamed, memory is bounded, the rest spills."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lienthong.contracts.rules.casts import TEXT_PREFIX, literal, quoted
from lienthong.contracts.rules.compiled_form import CompiledRule
from lienthong.contracts.rules.days import DAY
from lienthong.records.checking.checked import WORD
from lienthong.records.checking.engine import connect
from lienthong.records.checking.lists import attach_lists
from lienthong.warehouse import layout, moments, questions
from lienthong.warehouse.manifest import Manifest, TableTaken
from lienthong.warehouse.questions import Question
from lienthong.warehouse.verdicts import Group, mask

MEMORY = "1GB"
ABOUT = ("_ruleset", "_failed", "_unknown", "_waiting", "_sender", "_province", "_counted")
NAMING = ("_key", "_sender", "_province", "_receipt", "_row", "_entry")
"""What names a row: of which record, from whom, and where it stands in what was sent."""
VIETNAM = "INTERVAL 7 HOUR"


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
            for rule in (question.rules[at] for at in question.others):
                for across in rule.crossing:
                    self._attach_other(manifest, question, across.table)

    def _attach_other(self, manifest: Manifest, question: Question, name: str) -> None:
        contract, _, called = name.partition(".")
        table = question.contract.lent(name)
        taken = manifest.contract(contract).table(called)
        if table is not None and taken is not None:
            self._attach(taken, table, name)

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
            f"CREATE OR REPLACE VIEW {typed} AS SELECT {_columns(table)} FROM {view} WHERE _stands"
        )

    def groups(self, question: Question) -> Iterator[Group]:
        """All rows of the table, those alike together, in one pass after the rows that looking rules hit."""
        self._moments(question)
        self._find(question)
        words = [f"f{word}" for word in range(question.words)]
        about = ", ".join(ABOUT)
        result = self.con.execute(
            f"SELECT {about}, {', '.join(words)}, count(*) FROM ({self._masked(question)}) GROUP BY ALL"
        )
        while rows := result.fetchmany(10_000):
            for row in rows:
                words_of_row = row[len(ABOUT) : -1]
                yield Group._make((*row[: len(ABOUT)], mask(words_of_row, WORD), row[-1]))

    def wrong(self, question: Question, file: Path) -> None:
        """Writes the rows on which an asked rule failed or that brought a mask: NAMING, ABOUT and the mask words."""
        words = [f"f{word}" for word in range(question.words)]
        shown = ", ".join([*NAMING, *(name for name in ABOUT if name not in NAMING), *words])
        some = " OR ".join([*(f"{word} <> 0" for word in words), "_failed IS NOT NULL"])
        self.con.execute(
            f"COPY (SELECT {shown} FROM ({self._masked(question)}) WHERE {some})"
            f" TO {literal(str(file))} (FORMAT parquet, COMPRESSION zstd)"
        )

    def close(self) -> None:
        """Let the engine go."""
        self.con.close()

    def _moments(self, question: Question) -> None:
        if not question.agos:
            return
        view = quoted(f"rows_{_name(question)}")
        found = self.con.execute(
            f"SELECT DISTINCT date_trunc('minute', _received) FROM {view}"
        ).fetchall()
        self.con.register("_given", moments.table(question, (row[0] for row in found)))
        self.con.execute("CREATE OR REPLACE TABLE moments AS FROM _given")
        self.con.unregister("_given")

    def _find(self, question: Question) -> None:
        self.con.execute(
            "CREATE OR REPLACE TABLE hits (_receipt VARCHAR, _key VARCHAR, _row BIGINT, position INTEGER)"
        )
        for position in question.others:
            rule = question.rules[position]
            alias = quoted(rule.alias)
            self.con.execute(
                f"INSERT INTO hits SELECT {alias}._receipt, {alias}._key, {alias}._row, {position}"
                f" FROM ({self._judged(question, rule)}) AS {alias}"
                f" WHERE {_window(rule, rule.alias)}({self.predicate(question, rule)})"
            )

    def predicate(self, question: Question, rule: CompiledRule) -> str:
        """The SQL of a rule that looks at other rows."""
        own = {table.name for table in question.contract.tables}
        tree = questions.scoped(rule, own)
        for source in tree.find_all(questions.exp.Table):
            name = source.name.removeprefix(questions.TYPED)
            if name in own:
                source.this.set("this", f"{questions.TYPED}{question.contract.name}.{name}")
        return moments.named(tree.sql(dialect="duckdb"), question)

    def _judged(self, question: Question, rule: CompiledRule) -> str:
        return (
            f"{self._rows(question, day=rule.rule.dated, ago=bool(rule.agos))} WHERE NOT _waiting"
        )

    def _rows(self, question: Question, *, day: bool, ago: bool) -> str:
        """SELECT of the rows with their typed columns, the day of their event and the moments before receipt."""
        shown = _columns(question.table)
        if day:
            received = f"CAST(strftime(_received + {VIETNAM}, '%Y%m%d') AS BIGINT)"
            told = questions.event_day(question.contract, question.table, received)
            shown += f", {told} AS {quoted(DAY)}"
        join = ""
        if ago:
            shown += "".join(f", m.{moments.column(at)}" for at in range(len(question.agos)))
            join = f" LEFT JOIN moments m ON m.{moments.MINUTE} = date_trunc('minute', _received)"
        return f"SELECT {shown} FROM {quoted(f'rows_{_name(question)}')}{join}"

    def _masked(self, question: Question) -> str:
        """SELECT of every row with its mask words: what it decides alone, and what was found before."""
        rules = question.rules
        asked = {
            at: f"{_window(rules[at])}({moments.named(rules[at].sql, question)})"
            for at in question.local
        }
        rows = self._rows(
            question,
            day=any(rules[at].rule.dated for at in question.local),
            ago=bool(question.agos),
        )
        used = " ".join(asked.values())
        shared = [one for one in question.compiled.shared if f'"{one.name}"' in used]
        if shared:
            arguments = ", ".join(f"{one.argument} AS {one.name}a" for one in shared)
            casts = ", ".join(f"{one.function}({one.name}a) AS {one.name}" for one in shared)
            rows = f"SELECT *, {casts} FROM (SELECT *, {arguments} FROM ({rows}))"
        words: list[list[str]] = [[] for _ in range(question.words)]
        for at, sql in asked.items():
            words[at // WORD].append(f"CASE WHEN {sql} THEN {1 << at % WORD} ELSE 0 END")
        shown = ", ".join(
            f"({' + '.join(parts) or '0'})::BIGINT | coalesce(h.h{word}, 0) AS f{word}"
            for word, parts in enumerate(words)
        )
        names = ", ".join(f"v.{name}" for name in dict.fromkeys((*NAMING, *ABOUT)))
        return (
            f"SELECT {names}, {shown} FROM ({rows}) v LEFT JOIN ({_hit_words(question)}) h"
            " ON h.hit_receipt = v._receipt AND h.hit_row = v._row AND h.hit_key = v._key AND NOT v._waiting"
        )


def _name(question: Question) -> str:
    return f"{question.contract.name}.{question.table.name}"


def _columns(table: Any) -> str:
    """Every column as rules see it: what was sent of a typed cell is its value, or the text that did not parse."""
    shown = [quoted(field.name) for field in table.fields]
    shown += [
        f"coalesce({quoted(TEXT_PREFIX + field.name)}, CAST({quoted(field.name)} AS VARCHAR))"
        f" AS {quoted(TEXT_PREFIX + field.name)}"
        for field in table.fields
        if field.type != "string"
    ]
    return ", ".join([*shown, *layout.SYSTEM])


def _window(rule: CompiledRule, alias: str = "") -> str:
    if not rule.rule.dated:
        return ""
    day = f"{quoted(alias)}.{quoted(DAY)}" if alias else quoted(DAY)
    return f"{day} BETWEEN {rule.rule.first} AND {rule.rule.last} AND "


def _hit_words(question: Question) -> str:
    sums = ", ".join(
        f"CAST(sum(CASE WHEN position // {WORD} = {word} THEN 1::BIGINT << (position % {WORD}) ELSE 0 END)"
        f" AS BIGINT) AS h{word}"
        for word in range(question.words)
    )
    return f"SELECT _receipt AS hit_receipt, _key AS hit_key, _row AS hit_row, {sums} FROM hits GROUP BY 1, 2, 3"
