"""Rules across databases over rows in memory: what they ask of the other side, and what they answer.

Whoever checks hands in `Others`; it gives only those rows of another database that share a key with the rows at
hand. Without it, or while the other database holds nothing, such a rule is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from lienthong.contracts.keys import key_of
from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledRule
from lienthong.contracts.rules.python import RecordEngine
from lienthong.contracts.rules.python_form import Cell, Rows


class Asked(NamedTuple):
    """Rows wanted of one table of another database: `columns` of those whose fields have one of the values.

    `keys` are pairs (keys as `contracts.keys` writes them, an Arrow table with a column for each, its rows distinct
    and without NULL); a row that matches one of the pairs is wanted. Rows of the sender `apart` are not.
    """

    table: str
    columns: tuple[str, ...]
    keys: tuple[tuple[tuple[str, ...], Any], ...]
    apart: str | None = None


class Others(Protocol):
    """The other databases as a check sees them."""

    def has(self, need: str) -> bool:
        """Whether a database (or database.table) holds any record now."""
        ...

    def rows(self, asked: Sequence[Asked]) -> Sequence[Any | None]:
        """For each an Arrow table: the columns, `_key` and `_sender`; None when nobody can say now."""
        ...

    def waiting(
        self, table: str, fields: tuple[str, ...], keys: Any
    ) -> Sequence[tuple[Any, ...]] | None:
        """Which of the keys (an Arrow table of text, a column for each field) a record has that is not kept yet: it
        waits in quarantine. None when nobody can say now."""
        ...


class Record(NamedTuple):
    """A record of the store: its key and who sent it."""

    key: str | None
    sender: str | None


class Named(NamedTuple):
    """A record of another database that a finding names."""

    table: str
    key: str | None
    sender: str | None


class Crossed(NamedTuple):
    """What rules across databases say of rows: per table the positions decided, per row those that failed."""

    decided: dict[str, frozenset[int]]
    failed: dict[str, list[tuple[int, ...]]]
    named: dict[tuple[str, int, int], tuple[Named, ...]]
    open: dict[tuple[str, int], frozenset[int]] = {}
    """(table, row) to positions of which nobody can say: what the row lacks waits in quarantine."""


def crossing_rules(compiled: CompiledContract) -> Iterator[tuple[str, int, CompiledRule]]:
    """(table, position, rule) of every rule that looks at other databases and can be run."""
    for table in compiled.tables:
        for position, rule in enumerate(table.rules):
            if rule.crossing and rule.how == "hits":
                yield table.name, position, rule


def columns_of(rules: Iterable[CompiledRule]) -> dict[str, tuple[str, ...]]:
    """Table of another database to the fields that the rules read of it."""
    wanted: dict[str, set[str]] = {}
    for rule in rules:
        for across in rule.crossing:
            names = {name for table, name in rule.reads if table == across.table}
            fields = (key_of(key).field for key in across.keys)
            wanted.setdefault(across.table, set()).update(names, fields)
    return {
        table: tuple(sorted(name for name in names if not name.startswith("_")))
        for table, names in wanted.items()
    }


def only_apart(rules: Iterable[CompiledRule]) -> dict[str, bool]:
    """Table of another database to whether every rule looks at rows of other senders only."""
    found: dict[str, bool] = {}
    for rule in rules:
        for across in rule.crossing:
            found[across.table] = found.get(across.table, True) and across.apart
    return found


class Crossing:
    """The rules of one contract that look at other databases, over typed rows of the Python engine."""

    def __init__(self, engine: RecordEngine) -> None:
        self._engine = engine
        self._own = engine.compiled.contract.name
        self._rules = [
            (table, position, rule)
            for table, position, rule in crossing_rules(engine.compiled)
            if position in engine.engines[table].crossed
        ]
        self.tables = frozenset(table for table, _, _ in self._rules)

    def decide(
        self,
        rows: Rows,
        records: Mapping[str, Sequence[Record]],
        others: Others,
        absent: frozenset[str] = frozenset(),
        only: frozenset[tuple[str, int]] | None = None,
    ) -> Crossed:
        """What the rules say of the rows of one unit; see `decide_all`."""
        return self.decide_all([rows], [records], others, absent, only)[0]

    def decide_all(
        self,
        units: Sequence[Rows],
        records: Sequence[Mapping[str, Sequence[Record]]],
        others: Others,
        absent: frozenset[str] = frozenset(),
        only: frozenset[tuple[str, int]] | None = None,
    ) -> list[Crossed]:
        """What the rules say of the rows of each unit; `records` says of which record each is a row.

        `absent` are own tables that were not sent, `only` the (table, position) of the rules to ask.
        """
        asked = [
            (table, position, rule)
            for table, position, rule in self._rules
            if any(rows.get(table) for rows in units)
            and (only is None or (table, position) in only)
            and not absent & set(rule.tables)
            and all(others.has(need) for need in rule.rule.databases)
        ]
        senders = {one.sender for those in records for rows in those.values() for one in rows}
        apart = senders.pop() if len(senders) == 1 else None
        foreign = only_apart(rule for _, _, rule in asked) if apart else {}
        found, missing = self._look(asked, units, others, apart, foreign)
        asked = [one for one in asked if not missing & {across.table for across in one[2].crossing}]
        self._add_own(found, units, records, foreign)
        decided: dict[str, set[int]] = {}
        for table, position, _ in asked:
            decided.setdefault(table, set()).add(position)
        shared = Rows(found)
        answers = [self._answers(decided, _Whole(rows, shared)) for rows in units]
        return self._leave_open(units, answers, others)

    def _leave_open(
        self, units: Sequence[Rows], answers: list[Crossed], others: Others
    ) -> list[Crossed]:
        """Takes back what says that a record is lacking while such a record waits in quarantine."""
        lacking = [
            (unit, table, at, position)
            for unit, crossed in enumerate(answers)
            for (table, at, position), names in crossed.named.items()
            if not names
        ]
        if not lacking:
            return answers
        rules = {(table, position): rule for table, position, rule in self._rules}
        keys: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], list[int]]] = {}
        for number, (unit, table, at, position) in enumerate(lacking):
            row, seat = units[unit].get(table, ())[at], self._engine.engines[table].layout.at
            for across in rules[table, position].crossing:
                mine = map(key_of, across.row_keys)
                value = tuple(key.of(row[seat[key.field]]) for key in mine)
                if all(isinstance(cell, str) for cell in value):
                    places = keys.setdefault((across.table, across.keys), {})
                    places.setdefault(value, []).append(number)
        open_: set[int] = set()
        for (table, fields), places in keys.items():
            found = others.waiting(table, fields, _arrow(fields, set(places)))
            for value in places if found is None else found:
                open_.update(places.get(tuple(value), ()))
        return _without(answers, [lacking[number] for number in sorted(open_)])

    def _answers(self, decided: Mapping[str, set[int]], whole: Rows) -> Crossed:
        failed: dict[str, list[tuple[int, ...]]] = {}
        named: dict[tuple[str, int, int], tuple[Named, ...]] = {}
        for table, positions in decided.items():
            engine = self._engine.engines[table]
            cross, naming = engine.function("cross"), engine.function("named")
            failed[table] = []
            for at, row in enumerate(whole.get(table, ())):
                hit: list[int] = []
                cross(row, whole, hit)
                own = tuple(position for position in hit if position in positions)
                failed[table].append(own)
                for position in own:
                    names = dict.fromkeys(Named(*one) for one in naming(row, whole, position))
                    named[table, at, position] = tuple(names)
        return Crossed(
            {table: frozenset(positions) for table, positions in decided.items()}, failed, named
        )

    def _look(
        self,
        asked: list[tuple[str, int, CompiledRule]],
        units: Sequence[Rows],
        others: Others,
        apart: str | None,
        foreign: Mapping[str, bool],
    ) -> tuple[dict[str, list[list[Any]]], set[str]]:
        """The rows of other databases, laid out as the functions expect; and the tables nobody can ask now."""
        keys: dict[str, dict[tuple[str, ...], set[tuple[Any, ...]]]] = {}
        seen: dict[tuple[str, tuple[str, ...]], set[tuple[Any, ...]]] = {}
        for table, _, rule in asked:
            for across in rule.crossing:
                place = (table, across.row_keys)
                if place not in seen:
                    seen[place] = self._values(table, across.row_keys, units)
                wanted = keys.setdefault(across.table, {}).setdefault(across.keys, set())
                wanted |= seen[place]
        columns = columns_of(rule for _, _, rule in asked)
        found: dict[str, list[list[Any]]] = {}
        missing: set[str] = set()
        questions = []
        for table, by_fields in keys.items():
            pairs = tuple((f, _arrow(f, values)) for f, values in by_fields.items() if values)
            found[table] = []
            if pairs:
                sender = apart if foreign.get(table) else None
                questions.append(Asked(table, columns[table], pairs, sender))
        for question, given in zip(questions, others.rows(questions), strict=True):
            if given is None:
                missing.add(question.table)
            else:
                found[question.table] = self._laid_out(question.table, given)
        return found, missing

    def _values(
        self, table: str, row_keys: tuple[str, ...], units: Sequence[Rows]
    ) -> set[tuple[Any, ...]]:
        """The keys of the rows, without those that lack a part."""
        at, mine = self._engine.engines[table].layout.at, [key_of(name) for name in row_keys]
        places = [at[key.field] for key in mine]
        found = {
            tuple([row[place] for place in places]) for rows in units for row in rows.get(table, ())
        }
        if any(key.first for key in mine):
            found = {
                tuple(key.of(cell) for key, cell in zip(mine, value, strict=True))
                for value in found
            }
        return {value for value in found if None not in value}

    def _laid_out(self, table: str, given: Any) -> list[list[Any]]:
        if not len(given):
            return []
        names = [field.name for field in self._engine.compiled.contract.borrowed[table].fields]
        blank = [None] * len(given)
        has = set(given.column_names)
        columns = [
            given.column(name).to_pylist() if name in has else blank
            for name in (*names, "_key", "_sender")
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def _add_own(
        self,
        found: dict[str, list[list[Any]]],
        units: Sequence[Rows],
        records: Sequence[Mapping[str, Sequence[Record]]],
        foreign: Mapping[str, bool],
    ) -> None:
        """To the own database's rows: those at hand, in place of the stored rows of the same records.

        `foreign` are tables of which only other senders' rows are looked at, while those at hand are of one sender.
        """
        own = [
            name for name in found if name.partition(".")[0] == self._own and not foreign.get(name)
        ]
        mine = {record for those in records if own for one in those.values() for record in one}
        for name in own:
            table = name.partition(".")[2]
            width = len(self._engine.compiled.contract.borrowed[name].fields)
            found[name] = [
                row for row in found[name] if Record(row[width], row[width + 1]) not in mine
            ]
            for rows, those in zip(units, records, strict=True):
                found[name] += [
                    [*row[:width], record.key, record.sender]
                    for row, record in zip(rows.get(table, ()), those.get(table, ()), strict=True)
                ]


def _without(answers: list[Crossed], open_: list[tuple[int, str, int, int]]) -> list[Crossed]:
    made = list(answers)
    for unit, table, at, position in open_:
        crossed = made[unit]
        failed = {name: list(rows) for name, rows in crossed.failed.items()}
        failed[table][at] = tuple(one for one in failed[table][at] if one != position)
        place = (table, at)
        left = {**crossed.open, place: crossed.open.get(place, frozenset()) | {position}}
        made[unit] = crossed._replace(failed=failed, open=left)
    return made


def _arrow(fields: tuple[str, ...], values: set[tuple[Any, ...]]) -> Any:
    import pyarrow  # heavy, and rules without another database do without

    columns = zip(*values, strict=True)
    return pyarrow.table({f: pyarrow.array(c) for f, c in zip(fields, columns, strict=True)})


class _Whole(Rows):
    """The rows of one unit, and behind them those of other databases that all units share."""

    def __init__(self, rows: Rows, shared: Rows) -> None:
        super().__init__(rows)
        self._shared = shared

    def __missing__(self, table: str) -> list[list[Any]]:
        return self._shared.get(table, [])

    def find(self, table: str, column: Cell, value: Any) -> list[list[Any]] | tuple[()]:
        """The rows whose column has the value, wherever the table is."""
        if table in self:
            return super().find(table, column, value)
        return self._shared.find(table, column, value) if table in self._shared else ()

    def find_all(
        self, table: str, columns: tuple[Cell, ...], values: tuple[Any, ...]
    ) -> list[list[Any]] | tuple[()]:
        """The rows whose columns have the values, wherever the table is."""
        if table in self:
            return super().find_all(table, columns, values)
        return self._shared.find_all(table, columns, values) if table in self._shared else ()

    def find_apart(
        self, table: str, columns: tuple[Cell, ...], values: tuple[Any, ...], at: int, sender: Any
    ) -> Iterable[list[Any]]:
        """The rows of other senders whose columns have the values, wherever the table is."""
        if table in self:
            return super().find_apart(table, columns, values, at, sender)
        return (
            self._shared.find_apart(table, columns, values, at, sender)
            if table in self._shared
            else ()
        )
