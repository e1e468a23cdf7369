"""Counts per rule, province, sender and day: the only thing from which scores are made.

They describe the present: rows that are kept and rows that wait in quarantine. What enters is added, what is
replaced, mended or abandoned is taken back, always in the transaction that does it. Since every change is computed
from the masks that are stored beside the rows, the counts can be recomputed from them; `recompute` does, and a
test holds both equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.contracts.contract import Contract
from lienthong.findings import Criterion, Severity
from lienthong.records.store import waiting
from lienthong.records.store.rulesets import Ruleset, bits, from_bytes, load

ROW = "*"
"""The pseudo rule "this row has an error"; "*correct", "*sufficient", ... : it breaks a rule of the criterion."""

CHECKS = "+"
"""The pseudo rules "+correct", "+sufficient", ... : sums over the criterion's rules that are not only information."""

DAY = sql.SQL("(_from AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")
"""The day of a count: when the version arrived, on Vietnam's calendar."""

Key = tuple[str, str, str, str, date, str]
"""contract's version, table, rule, province, day, sender."""

Sums = tuple[int, int, int, int]
"""checked, failed, unknown, and `sole`: rows for which the rule is the only broken one of its criterion."""


class _Sum(msgspec.Struct):
    rows: int = 0
    failed: dict[int, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    unknown: dict[int, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    pseudo: dict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    sole: dict[int, int] = msgspec.field(default_factory=lambda: defaultdict(int))

    def unusual(self) -> dict[str, dict[str, int]] | None:
        """What is not the same for every row, under names that JSON takes."""
        named = {
            name: {str(where): number for where, number in sums.items() if number}
            for name, sums in (
                ("failed", self.failed),
                ("unknown", self.unknown),
                ("pseudo", self.pseudo),
                ("sole", self.sole),
            )
        }
        return {name: sums for name, sums in named.items() if sums} or None


class Deltas:
    """Changes of counts under way, for one contract."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, str, str, date], _Sum] = defaultdict(_Sum)
        self._rulesets: dict[int, Ruleset] = {}
        self._masks: dict[int, list[tuple[str, int]]] = {}

    def add(
        self,
        rules: Ruleset,
        sender: str,
        province: str,
        day: date,
        rows: int,
        failed: int = 0,
        unknown: int = 0,
    ) -> None:
        """`rows` rows (negative: taken back) that share these masks."""
        self._rulesets[rules.id] = rules
        total = self._sums[rules.id, sender, province, day]
        total.rows += rows
        for at in bits(failed):
            total.failed[at] += rows
        for at in bits(unknown & ~rules.unknown):
            total.unknown[at] += rows
        if failed:
            for name, mask in self._pseudo(rules):
                if failed & mask:
                    total.pseudo[name] += rows
                if name != ROW and (failed & mask).bit_count() == 1:
                    total.sole[(failed & mask).bit_length() - 1] += rows

    def lines(self) -> dict[Key, Sums]:
        """The sums per line of the table; lines without any change are left out."""
        lines: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for (ruleset, sender, province, day), total in self._sums.items():
            rules = self._rulesets[ruleset]
            version, table = rules.version, rules.table
            for at, rule in enumerate(rules.rules):
                undecided = rules.unknown >> at & 1
                unknown = total.rows if undecided else total.unknown.get(at, 0)
                failed = total.failed.get(at, 0)
                line = lines[version, table, rule.key, province, day, sender]
                line[0] += total.rows - unknown
                line[1] += failed
                line[2] += unknown
                line[3] += total.sole.get(at, 0)
                if rule.severity is not Severity.INFORMATION:
                    sums = lines[version, table, CHECKS + rule.criterion, province, day, sender]
                    sums[0] += total.rows - unknown
                    sums[1] += failed
                    sums[2] += unknown
            for name, _ in self._pseudo(rules):
                line = lines[version, table, name, province, day, sender]
                line[0] += total.rows
                line[1] += total.pseudo.get(name, 0)
        return {
            key: (line[0], line[1], line[2], line[3]) for key, line in lines.items() if any(line)
        }

    def _pseudo(self, rules: Ruleset) -> list[tuple[str, int]]:
        if rules.id not in self._masks:
            criteria = [(ROW + one.value, rules.criterion(one)) for one in Criterion]
            self._masks[rules.id] = [(ROW, rules.errors), *criteria]
        return self._masks[rules.id]

    def leave(self, conn: psycopg.Connection[Any], contract: str) -> None:
        """Leave the changes for whoever adds up next (`fold`), in the caller's transaction."""
        lines: list[waiting.Line] = [
            (*key, total.rows, total.unusual()) for key, total in self._sums.items()
        ]
        if lines:
            waiting.leave(conn, contract, lines)

    def join(self, conn: psycopg.Connection[Any], lines: Iterable[waiting.Line]) -> None:
        """Add changes that were left."""
        for ruleset, sender, province, day, rows, unusual in lines:
            self._rulesets[ruleset] = load(conn, [ruleset])[ruleset]
            total = self._sums[ruleset, sender, province, day]
            total.rows += rows
            for name, numbers in (unusual or {}).items():
                sums = getattr(total, name)
                for where, number in numbers.items():
                    sums[where if name == "pseudo" else int(where)] += number

    def write(self, conn: psycopg.Connection[Any], contract: str) -> None:
        """Add the changes to records.count, in one order for everybody so that no two writers wait for each other.

        What a row adds to each of some hundred rules when nothing is wrong is sent once per ruleset and multiplied
        in the database; beside it travel only the rules that failed or were undecided.
        """
        if not self._sums:
            return
        self.join(conn, waiting.take(conn, contract))
        base, usual, unusual = self.parts()
        conn.execute(
            "INSERT INTO records.count AS c"
            " (contract, sender, day, table_name, rule, province, version, checked, failed, unknown, sole)"
            " SELECT %s, sender, day, tbl, rule, province, version, sum(checked)::bigint, sum(failed)::bigint,"
            " sum(unknown)::bigint, sum(sole)::bigint FROM ("
            " SELECT s.sender, s.day, s.tbl, u.rule, s.province, s.version, s.rows * u.checked AS checked,"
            " 0::bigint AS failed, s.rows * u.unknown AS unknown, 0::bigint AS sole"
            " FROM unnest(%s::int[], %s::text[], %s::date[], %s::text[], %s::text[], %s::text[], %s::bigint[])"
            " AS s(ruleset, sender, day, tbl, province, version, rows)"
            # Binary arrays: written as text, each item would be searched for what must be quoted.
            " JOIN unnest(%b::int[], %b::text[], %b::bigint[], %b::bigint[])"
            " AS u(ruleset, rule, checked, unknown) USING (ruleset)"
            " UNION ALL SELECT * FROM unnest(%s::text[], %s::date[], %s::text[], %s::text[], %s::text[],"
            " %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])) l"
            " GROUP BY sender, day, tbl, rule, province, version"
            " HAVING sum(checked) <> 0 OR sum(failed) <> 0 OR sum(unknown) <> 0 OR sum(sole) <> 0"
            " ORDER BY sender, day, tbl, rule, province, version"
            " ON CONFLICT (contract, sender, day, table_name, rule, province, version) DO UPDATE SET"
            " checked = c.checked + excluded.checked, failed = c.failed + excluded.failed,"
            " unknown = c.unknown + excluded.unknown, sole = c.sole + excluded.sole",
            [contract, *_columns(base, 7), *_columns(usual, 4), *_columns(unusual, 10)],
        )

    def parts(self) -> tuple[list[Any], list[Any], list[Any]]:
        """The changes in three lists that multiply out to `lines`.

        (ruleset, sender, day, table, province, version, rows); (ruleset, rule, checked, unknown) of each row;
        (sender, day, table, rule, province, version, checked, failed, unknown, sole) of what was unusual.
        """
        base = [
            (key[0], key[1], key[3], rules.table, key[2], rules.version, total.rows)
            for key, total in self._sums.items()
            for rules in [self._rulesets[key[0]]]
        ]
        usual = [line for rules in self._rulesets.values() for line in _usual(rules)]
        unusual = [line for key, total in self._sums.items() for line in self._unusual(key, total)]
        return base, usual, unusual

    def _unusual(self, key: tuple[int, str, str, date], total: _Sum) -> Iterator[tuple[Any, ...]]:
        """Lines (sender, day, table, rule, province, version, sums) of what failed or was undecided."""
        rules = self._rulesets[key[0]]
        place = (key[1], key[3], rules.table)
        rest = (key[2], rules.version)
        for at in {*total.failed, *total.unknown, *total.sole}:
            rule, undecided = rules.rules[at], rules.unknown >> at & 1
            failed = total.failed.get(at, 0)
            unknown = 0 if undecided else total.unknown.get(at, 0)
            sole = total.sole.get(at, 0)
            yield (*place, rule.key, *rest, -unknown, failed, unknown, sole)
            if rule.severity is not Severity.INFORMATION:
                yield (*place, CHECKS + rule.criterion, *rest, -unknown, failed, unknown, 0)
        for name, number in total.pseudo.items():
            yield (*place, name, *rest, 0, number, 0, 0)


def fold(conn: psycopg.Connection[Any], contract: str) -> None:
    """Add what single records of a contract have left to the counts, in the caller's transaction."""
    left = waiting.take(conn, contract)
    if left:
        deltas = Deltas()
        deltas.join(conn, left)
        deltas.write(conn, contract)


def fold_all(conn: psycopg.Connection[Any]) -> None:
    """Add up whatever was left, each contract in a transaction of its own."""
    for contract in waiting.contracts(conn):
        with conn.transaction():
            fold(conn, contract)


def _usual(rules: Ruleset) -> list[tuple[int, str, int, int]]:
    """(ruleset, rule, checked, unknown) that a row adds in which nothing is wrong."""
    lines: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for at, rule in enumerate(rules.rules):
        undecided = rules.unknown >> at & 1
        lines[rule.key][undecided] += 1
        if rule.severity is not Severity.INFORMATION:
            lines[CHECKS + rule.criterion][undecided] += 1
    for name in (ROW, *(ROW + one.value for one in Criterion)):
        lines[name][0] += 1
    return [(rules.id, name, checked, unknown) for name, (checked, unknown) in lines.items()]


def _columns(lines: list[Any], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*lines, strict=True)] or [[] for _ in range(width)]


def add_quarantined(
    deltas: Deltas,
    rulesets: dict[int, Ruleset],
    masks: dict[str, Any],
    sender: str,
    province: str,
    day: date,
    sign: int,
) -> None:
    """The rows of one quarantine entry; `masks` is its column of that name, `sign` 1 or -1."""
    for about in masks.values():
        rules, rest = rulesets[about["ruleset"]], about["rows"]
        for _row, failed, unknown in about["bits"]:
            deltas.add(rules, sender, province, day, sign, int(failed, 16), int(unknown, 16))
            rest -= 1
        if rest:
            deltas.add(rules, sender, province, day, sign * rest)


def add_kept(
    conn: psycopg.Connection[Any],
    deltas: Deltas,
    query: sql.Composed,
    values: Iterable[Any],
    sign: int,
) -> None:
    """Rows of the store; the query answers ruleset, sender, province, day, failed, unknown and how many."""
    rows = conn.execute(query, list(values)).fetchall()
    rulesets = load(conn, (row[0] for row in rows))
    for ruleset, sender, province, day, failed, unknown, number in rows:
        deltas.add(
            rulesets[ruleset],
            sender,
            province,
            day,
            sign * number,
            from_bytes(failed),
            from_bytes(unknown),
        )


def grouped(source: sql.Composable) -> sql.Composed:
    """The query that `add_kept` reads, over any FROM item with the columns of a current table."""
    return sql.SQL(
        "SELECT _ruleset, _sender, _province, {day}, _failed, _unknown, count(*) FROM {source}"
        " GROUP BY 1, 2, 3, 4, 5, 6"
    ).format(day=DAY, source=source)


def recompute(conn: psycopg.Connection[Any], contract: Contract) -> dict[Key, Sums]:
    """What records.count must say of a contract, from the masks alone."""
    deltas = Deltas()
    for table in contract.tables:
        add_kept(conn, deltas, grouped(sql.Identifier(contract.name, table.name)), [], 1)
    entries = conn.execute(
        "SELECT masks, sender, province, (received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"
        " FROM records.quarantine WHERE contract = %s AND state = 'open'",
        [contract.name],
    ).fetchall()
    rulesets = load(conn, (about["ruleset"] for entry in entries for about in entry[0].values()))
    for masks, sender, province, day in entries:
        add_quarantined(deltas, rulesets, masks, sender, province, day, 1)
    return deltas.lines()


def counted(conn: psycopg.Connection[Any], contract: Contract) -> dict[Key, Sums]:
    """What records.count says of a contract with what waits for it, in the shape of `recompute`."""
    rows = conn.execute(
        "SELECT version, table_name, rule, province, day, sender, checked, failed, unknown, sole FROM records.count"
        " WHERE contract = %s AND (checked, failed, unknown) <> (0, 0, 0)",
        [contract.name],
    )
    lines: dict[Key, Sums] = {row[:6]: row[6:] for row in rows}
    deltas = Deltas()
    deltas.join(conn, waiting.waiting(conn, contract.name))
    for key, more in deltas.lines().items():
        sums = [one + other for one, other in zip(lines.get(key, (0, 0, 0, 0)), more, strict=True)]
        lines[key] = (sums[0], sums[1], sums[2], sums[3])
    return {key: sums for key, sums in lines.items() if any(sums[:3])}
