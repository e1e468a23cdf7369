"""Kept records before the rules across databases once more: their masks, counts and findings change together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lienthong import clock
from lienthong.contracts.contract import Table
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.contracts.rules.others import Crossed, Record
from lienthong.contracts.rules.python_form import Rows
from lienthong.findings import Severity
from lienthong.records.crossing.asked_rows import Needed, Row, lock, needed, read
from lienthong.records.crossing.due import Unit
from lienthong.records.crossing.judging import crossing_of
from lienthong.records.crossing.noting import told
from lienthong.records.crossing.stored import StoredOthers
from lienthong.records.store import counts, layout
from lienthong.records.store.owner import as_owner
from lienthong.records.store.rulesets import Ruleset, load, mask_of, to_bytes

ACTOR = "crossing"
REPLAYED = 500
"""Entries of quarantine that are checked again in one pass."""


_unknown: dict[tuple[str, int], frozenset[str]] = {}
"""Database and ruleset to the rules that nobody could decide; a ruleset never changes."""


class Kept:
    """The kept records of one contract. `cause` is the receipt because of which they are asked again.

    `changed` counts the rows of which something else is said now.
    """

    def __init__(
        self, conn: psycopg.Connection[Any], compiled: CompiledContract, home: Path, cause: str
    ) -> None:
        from lienthong.records.intake import terms

        self._conn, self._compiled, self._home, self._cause = conn, compiled, home, cause
        self._engine = terms.engine(compiled, home)
        self._crossing = crossing_of(self._engine)
        self._places: dict[int, dict[int, int]] = {}
        self._wanted: dict[str | None, Needed] = {}
        self.changed = 0
        self._rules = {
            table.name: {at: rule for at, rule in enumerate(table.rules) if rule.crossing}
            for table in compiled.tables
        }

    def ask(self, root: Table, units: Sequence[Unit], about: str | None = None) -> int:
        """Ask the rules across databases of these records again, in one transaction; returns how many there are.

        `about` names the database that changed: only the rules that look at it can say something else now.
        """
        contract, wanted = self._compiled.contract, self._needed(about)
        tables = [one for one in layout.members(contract, root) if one.name in wanted.fields]
        if not {table.name for table in tables} & {name for name, _ in wanted.rules}:
            return 0
        with self._conn.transaction(), as_owner(self._conn):
            lock(self._conn, contract.name, root.name, units)
            rows: dict[Unit, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
            for table in tables:
                seat, names = self._engine.engines[table.name].layout, wanted.fields[table.name]
                for row in read(self._conn, contract.name, table, names, seat, units):
                    rows[row.key, row.sender][table.name].append(row)
            if rows:
                self._judge(rows, wanted)
        return len(rows)

    def _needed(self, about: str | None) -> Needed:
        if about not in self._wanted:
            rules = {
                name: {
                    at: one for at, one in those.items() if at in self._engine.engines[name].crossed
                }
                for name, those in self._rules.items()
            }
            self._wanted[about] = needed(self._compiled, rules, about)
        return self._wanted[about]

    def undecided(self, table: str) -> list[int]:
        """Rulesets of a table in which a rule is unknown that could be decided now."""
        others = StoredOthers(self._conn, self._compiled.contract.name)
        open_ = {
            f"{rule.rule.id}|{rule.rule.fields[0] if rule.rule.fields else ''}"
            for position, rule in self._rules.get(table, {}).items()
            if position in self._engine.engines[table].crossed
            and all(others.has(need) for need in rule.rule.databases)
        }
        if not open_:
            return []
        with self._conn.transaction(), as_owner(self._conn):
            rows = self._conn.execute(
                "SELECT id FROM records.ruleset WHERE contract = %s AND table_name = %s AND unknown <> '0'",
                [self._compiled.contract.name, table],
            ).fetchall()
            name = _database(self._conn)
            unseen = [row[0] for row in rows if (name, row[0]) not in _unknown]
            for one in load(self._conn, unseen).values():
                keys = (rule.key for at, rule in enumerate(one.rules) if one.unknown >> at & 1)
                _unknown[name, one.id] = frozenset(keys)
        known = ((row[0], _unknown[name, row[0]]) for row in rows)
        return [number for number, keys in known if keys & open_]

    def replay(self) -> int:
        """Check entries of quarantine again that rules across databases hold back, or that nobody could judge."""
        causes = [
            f"{rule.rule.id}|{rule.rule.fields[0] if rule.rule.fields else ''}"
            for rules in self._rules.values()
            for rule in rules.values()
            if rule.rule.severity is Severity.ERROR
        ]
        rulesets = [one for name in self._crossing.tables for one in self.undecided(name)]
        if not causes and not rulesets:
            return 0
        from lienthong.records.quarantine.replaying import replay

        ids = [
            row[0]
            for row in self._conn.execute(
                "SELECT id FROM records.quarantine WHERE contract = %s AND state = 'open' AND (causes && %s OR EXISTS"
                " (SELECT 1 FROM jsonb_each(masks) m WHERE (m.value ->> 'ruleset')::int = ANY(%s)))"
                " ORDER BY id LIMIT %s",
                [self._compiled.contract.name, causes, rulesets, REPLAYED],
            ).fetchall()
        ]
        if ids:
            replay(self._conn, ids, ACTOR, home=self._home)
        return len(ids)

    # -- judging and writing

    def _judge(self, rows: dict[Unit, dict[str, list[Row]]], wanted: Needed) -> None:
        contract = self._compiled.contract
        batches, records = [], []
        for unit, tables in rows.items():
            typed = Rows(
                {name: [row.cells for row in tables.get(name, ())] for name in wanted.fields}
            )
            first = next(iter(tables.values()))[0]
            self._engine.tell_days(typed, int(f"{first.day:%Y%m%d}"))
            batches.append(typed)
            records.append({name: [Record(*unit)] * len(those) for name, those in tables.items()})
        others = StoredOthers(self._conn, contract.name)
        with others.at_once():
            answers = self._crossing.decide_all(batches, records, others, only=wanted.rules)
        rulesets = load(
            self._conn,
            {row.ruleset for tables in rows.values() for those in tables.values() for row in those},
        )
        deltas = counts.Deltas()
        changes: dict[str, list[tuple[Row, int, int, int]]] = defaultdict(list)
        for tables, crossed in zip(rows.values(), answers, strict=True):
            self._settle(tables, crossed, rulesets, deltas, changes)
        self._update(changes)
        self._findings(rows, answers, rulesets)
        deltas.write(self._conn, contract.name)

    def _settle(
        self,
        tables: dict[str, list[Row]],
        crossed: Crossed,
        rulesets: dict[int, Ruleset],
        deltas: counts.Deltas,
        changes: dict[str, list[tuple[Row, int, int, int]]],
    ) -> None:
        for name, decided in crossed.decided.items():
            for at, (row, failing) in enumerate(
                zip(tables.get(name, ()), crossed.failed[name], strict=True)
            ):
                old = rulesets[row.ruleset]
                places = self._placed(name, old)
                asked, hit, left = (
                    mask_of(places[one] for one in those if one in places)
                    for those in (decided, failing, crossed.open.get((name, at), ()))
                )
                failed, constant = row.failed & ~asked | hit, old.unknown & ~asked
                unknown = row.unknown & ~asked | left
                if (failed, unknown, constant) == (row.failed, row.unknown, old.unknown):
                    continue
                new = old if constant == old.unknown else self._variant(old, constant, rulesets)
                where = row.sender, row.province, row.day
                deltas.add(old, *where, -1, row.failed, row.unknown)
                deltas.add(new, *where, 1, failed, unknown)
                changes[name].append((row, new.id, failed, unknown))
                self.changed += 1

    def _placed(self, table: str, kept: Ruleset) -> dict[int, int]:
        """Position of a rule today to its position in a ruleset, by its key."""
        if kept.id not in self._places:
            at = {rule.key: place for place, rule in enumerate(kept.rules)}
            keys = {
                position: f"{rule.rule.id}|{rule.rule.fields[0] if rule.rule.fields else ''}"
                for position, rule in self._rules[table].items()
            }
            self._places[kept.id] = {p: at[key] for p, key in keys.items() if key in at}
        return self._places[kept.id]

    def _variant(self, old: Ruleset, unknown: int, rulesets: dict[int, Ruleset]) -> Ruleset:
        """The ruleset of the same rules with other rules undecided."""
        for one in rulesets.values():
            if (one.version, one.table, one.rules, one.unknown) == (
                old.version,
                old.table,
                old.rules,
                unknown,
            ):
                return one
        self._conn.execute(
            "INSERT INTO records.ruleset (contract, version, digest, table_name, unknown, rules)"
            " SELECT contract, version, digest, table_name, %s, rules FROM records.ruleset WHERE id = %s"
            " ON CONFLICT DO NOTHING",
            [f"{unknown:x}", old.id],
        )
        row = self._conn.execute(
            "SELECT n.id FROM records.ruleset o JOIN records.ruleset n USING (contract, digest, table_name)"
            " WHERE o.id = %s AND n.unknown = %s",
            [old.id, f"{unknown:x}"],
        ).fetchone()
        assert row is not None
        made = msgspec.structs.replace(old, id=row[0], unknown=unknown)
        rulesets[made.id] = made
        return made

    def _update(self, changes: dict[str, list[tuple[Row, int, int, int]]]) -> None:
        """The masks of the rows of a table in one statement: (row, ruleset, failed, unknown) of each."""
        for table, those in changes.items():
            self._conn.execute(
                sql.SQL(
                    "UPDATE {} t SET _ruleset = c.ruleset, _failed = c.failed, _unknown = c.unknown"
                    " FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::int[], %b::bytea[], %b::bytea[])"
                    " AS c(key, sender, row, ruleset, failed, unknown)"
                    " WHERE t._key = c.key AND t._sender = c.sender AND t._row = c.row"
                ).format(sql.Identifier(self._compiled.contract.name, table)),
                [
                    [row.key for row, *_ in those],
                    [row.sender for row, *_ in those],
                    [row.row for row, *_ in those],
                    [ruleset for _, ruleset, _, _ in those],
                    [to_bytes(failed) for _, _, failed, _ in those],
                    [to_bytes(unknown) for _, _, _, unknown in those],
                ],
            )

    def _findings(
        self,
        rows: dict[Unit, dict[str, list[Row]]],
        answers: list[Crossed],
        rulesets: dict[int, Ruleset],
    ) -> None:
        """What no longer fails ends, what fails now begins; a finding that names other records is another one."""
        now, moment = {}, clock.now()
        asked: set[tuple[str, str]] = set()
        for tables, crossed in zip(rows.values(), answers, strict=True):
            for name, decided in crossed.decided.items():
                asked |= {(name, self._rules[name][at].rule.id) for at in decided}
                for at, row in enumerate(tables.get(name, ())):
                    places = self._placed(name, rulesets[row.ruleset])
                    for position in crossed.failed[name][at]:
                        if position not in places:
                            continue
                        rule = self._rules[name][position].rule
                        field = rule.fields[0] if rule.fields else ""
                        others = told(
                            self._compiled.contract, crossed.named.get((name, at, position), ())
                        )
                        now[name, row.key, row.sender, row.row, rule.id, field] = (row, others)
        units = list(rows)
        open_ = self._conn.execute(
            "SELECT id, table_name, key, sender, row, rule, field, others FROM records.crossing"
            " JOIN unnest(%s::text[], %s::text[]) AS u(k, s) ON key = k AND sender = s"
            " WHERE contract = %s AND until IS NULL",
            [[k for k, _ in units], [s for _, s in units], self._compiled.contract.name],
        ).fetchall()
        ended = []
        for id, table, key, sender, row, rule, field, others in open_:
            place = (table, key, sender, row, rule, field)
            if (table, rule) not in asked:
                continue
            if place in now and now[place][1] == others:
                del now[place]
            else:
                ended.append(id)
        if ended:
            self._conn.execute(
                "UPDATE records.crossing SET until = %s, ended_by = %s WHERE id = ANY(%s)",
                [moment, self._cause, ended],
            )
        with self._conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO records.crossing (contract, table_name, key, sender, province, version, receipt, row,"
                " rule, field, others, since, brought_by)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (self._compiled.contract.name, *place[:3], row.province, row.version, row.receipt, *place[3:],
                     Jsonb(others), moment, self._cause)
                    for place, (row, others) in now.items()
                ],
            )  # fmt: skip


def _database(conn: psycopg.Connection[Any]) -> str:
    return f"{conn.info.host}:{conn.info.port}/{conn.info.dbname}"
