"""Rules as one generated Python function per table: a single record is checked in microseconds.

The answers are those of DuckDB (tests/laws compares them on arbitrary rows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from lienthong.contracts.rules.compiled_form import CompiledContract, CompiledTable
from lienthong.contracts.rules.days import DAY, DayTeller, days_of, received_day
from lienthong.contracts.rules.python_form import (
    Layout,
    PythonContract,
    PythonTable,
    Rows,
    functions_of,
)

Row = Mapping[str, Any]
Moments = Mapping[tuple[int, str, str], Any]


class Answer(NamedTuple):
    """Positions of the rules a row breaks, and of those that could not be decided."""

    failed: tuple[int, ...]
    unknown: tuple[int, ...]


class TableEngine:
    """The rules of one table as a function, compiled when the table is first seen."""

    def __init__(self, table: CompiledTable, made: PythonTable, codes: Any) -> None:
        self.table = table
        self.layout = Layout(table.table)
        self.rules = made.positions
        self._made = made
        self._codes = codes
        self._judge: Any = None
        decided = set(made.positions)
        lists = {
            position: {*table.rules[position].lists, *table.rules[position].rule.needs}
            for position in decided
        }
        self.crossing = made.crossed
        self.crossed = tuple(
            position
            for position in made.crossed
            if all(
                codes is not None and codes.has(name)
                for name in (*table.rules[position].lists, *table.rules[position].rule.needs)
            )
        )
        self._functions: dict[str, Any] = {}
        missing = {
            position
            for position, names in lists.items()
            if any(codes is None or not codes.has(name) for name in names)
        }
        others = {
            position
            for position, rule in enumerate(table.rules)
            if position not in decided and rule.how not in ("reader", "counted")
        }
        self._unknown = missing | others
        self._reserved = {
            position: names
            for position in decided
            if (names := {name for name in table.rules[position].columns if name.startswith("_")})
        }
        self._tables = {
            position: set(table.rules[position].tables)
            for position in decided
            if table.rules[position].tables
        }
        self._undecided: dict[tuple[frozenset[str], frozenset[str]], frozenset[int]] = {}

    def function(self, name: str) -> Any:
        """A generated function: judge, or cross and named where rules look at other databases."""
        if not self._functions:
            self._functions = functions_of(self._made, self.table.name, self._codes)
        return self._functions[name]

    def judge(self, row: list[Any], rows: Rows, moments: Moments) -> list[int]:
        """Positions of the rules that a typed row breaks, those that cannot be decided included."""
        if self._judge is None:
            self._judge = self.function("judge")
        failed: list[int] = []
        self._judge(row, rows, moments, failed)
        return failed

    def undecided(self, reserved: frozenset[str], absent: frozenset[str]) -> frozenset[int]:
        """Positions of rules without an answer for a row with these reserved columns while tables are absent."""
        key = (reserved, absent)
        if key not in self._undecided:
            unknown = set(self._unknown)
            unknown |= {p for p, names in self._reserved.items() if not names <= reserved}
            unknown |= {p for p, names in self._tables.items() if names & absent}
            self._undecided[key] = frozenset(unknown)
        return self._undecided[key]


class RecordEngine:
    """Checks one record (a row, or a visit with all its rows) in this process, without a batch engine.

    Made once per contract and set of code lists; `check` may be called from several threads. `made` is the
    generated Python when it is at hand, else it is generated.
    """

    def __init__(
        self, compiled: CompiledContract, codes: Any, made: PythonContract | None = None
    ) -> None:
        self.compiled = compiled
        self.codes = codes
        if made is None:
            from lienthong.contracts.rules.python_make import make_python  # heavy: the SQL parser

            made = make_python(compiled)
        self.engines = {
            table.name: TableEngine(table, made.tables[table.name], codes)
            for table in compiled.tables
        }
        layouts = {name: engine.layout for name, engine in self.engines.items()}
        self._tellers = {
            table.name: DayTeller(days_of(compiled.contract, table.table), layouts)
            for table in compiled.tables
            if table.dated
        }
        self.agos = {ago for table in compiled.tables for rule in table.rules for ago in rule.agos}
        self._moments: dict[datetime, Moments] = {}

    def check(
        self,
        tables: Mapping[str, list[Row]],
        *,
        received: datetime,
        ago: Callable[[datetime, int, str, str], str],
        absent: Iterable[str] | None = None,
    ) -> dict[str, list[Answer]]:
        """Table name to an answer for each of its rows, in their order.

        `tables` holds cells as text (None for a blank). Tables of the contract that are not given count as
        empty, except those in `absent`: what needs them is unknown. `ago` gives moments as
        `records.checking.moments.ago` does.
        """
        missing = frozenset(absent or ())
        rows = self.typed(tables, received, ago)
        moments = self._moments_at(received, ago)
        return {
            name: [
                self._answer(engine, row, sent, rows, moments, missing)
                for row, sent in zip(rows[name], tables[name], strict=True)
            ]
            for name, engine in self.engines.items()
            if name in tables
        }

    def typed(
        self,
        tables: Mapping[str, list[Row]],
        received: datetime,
        ago: Callable[[datetime, int, str, str], str],
    ) -> Rows:
        """The rows of all tables, typed, each with the day of its event."""
        rows = Rows(
            {
                name: [engine.layout.typed(row) for row in tables.get(name, ())]
                for name, engine in self.engines.items()
            }
        )
        self.tell_days(rows, received_day(received, ago) if self._tellers else 0)
        return rows

    def tell_days(self, rows: Rows, today: int) -> None:
        """Writes the day of the event into typed rows, `today` (yyyymmdd) where they do not tell it."""
        for name, teller in self._tellers.items():
            for row in rows.get(name, ()):
                teller.tell(row, rows, today)

    def days(
        self,
        tables: Mapping[str, list[Row]],
        *,
        received: datetime,
        ago: Callable[[datetime, int, str, str], str],
    ) -> dict[str, dict[int, int]]:
        """Table name to how many of its rows tell of each day (yyyymmdd)."""
        rows = Rows(
            {
                name: [engine.layout.typed(row) for row in tables.get(name, ())]
                for name, engine in self.engines.items()
            }
        )
        today = received_day(received, ago)
        layouts = {name: engine.layout for name, engine in self.engines.items()}
        counted: dict[str, dict[int, int]] = {}
        for table in self.compiled.tables:
            teller = DayTeller(days_of(self.compiled.contract, table.table), layouts)
            days = counted.setdefault(table.name, {})
            for row in rows[table.name]:
                teller.tell(row, rows, today)
                day = row[layouts[table.name].at[DAY]]
                days[day] = days.get(day, 0) + 1
        return counted

    @staticmethod
    def _answer(
        engine: TableEngine,
        row: list[Any],
        sent: Row,
        rows: Rows,
        moments: Moments,
        missing: frozenset[str],
    ) -> Answer:
        reserved = frozenset(name for name in sent if name[0] == "_")
        unknown = engine.undecided(reserved, missing)
        failed = engine.judge(row, rows, moments)
        return Answer(
            tuple(position for position in failed if position not in unknown),
            tuple(sorted(unknown)),
        )

    def _moments_at(self, received: datetime, ago: Callable[..., str]) -> Moments:
        # Moments are told to the second at most, so those of one second are computed once.
        second = received.replace(microsecond=0)
        if second not in self._moments:
            if len(self._moments) > 100:
                self._moments.clear()
            self._moments[second] = {
                item: _moment(ago(received, *item), item[2]) for item in self.agos
            }
        return self._moments[second]


def _moment(text: str, form: str) -> Any:
    if form == "date":
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if form == "timestamp" else text
