"""Counts per rule, province, sender and day: the only thing from which scores are made.

They describe the present: rows that are kept and rows that wait in quarantine. What enters is added, what is
replaced, mended or abandoned is taken back, always in the transaction that does it. Since every change is computed
from the masks that are stored beside the rows, the counts can be recomputed from them; `recompute` does, and a
test holds both equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.contracts.contract import Contract
from lienthong.findings import Criterion, Severity
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

    def write(self, conn: psycopg.Connection[Any], contract: str) -> None:
        """Add the changes to records.count, in one order for everybody so that no two writers wait for each other."""
        lines = sorted(
            (key[5], key[4], key[1], key[2], key[3], key[0], *sums)
            for key, sums in self.lines().items()
        )
        if not lines:
            return
        columns = [list(column) for column in zip(*lines, strict=True)]
        conn.execute(
            "INSERT INTO records.count AS c"
            " (contract, sender, day, table_name, rule, province, version, checked, failed, unknown, sole)"
            # Binary arrays: written as text, each item would be searched for what must be quoted.
            " SELECT %s, * FROM unnest(%b::text[], %b::date[], %b::text[], %b::text[], %b::text[], %b::text[],"
            " %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[])"
            " ON CONFLICT (contract, sender, day, table_name, rule, province, version) DO UPDATE SET"
            " checked = c.checked + excluded.checked, failed = c.failed + excluded.failed,"
            " unknown = c.unknown + excluded.unknown, sole = c.sole + excluded.sole",
            [contract, *columns],
        )


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
    """What records.count says of a contract, in the shape of `recompute`."""
    rows = conn.execute(
        "SELECT version, table_name, rule, province, day, sender, checked, failed, unknown, sole FROM records.count"
        " WHERE contract = %s AND (checked, failed, unknown) <> (0, 0, 0)",
        [contract.name],
    )
    return {row[:6]: row[6:] for row in rows}
