"""From verdicts to the store: old versions to history, new ones in place, and the counts with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import psycopg
import pyarrow
from psycopg import sql

from lienthong import clock
from lienthong.contracts.contract import Table
from lienthong.contracts.rules.casts import literal, quoted
from lienthong.records.checking.checked import WORD, Checked
from lienthong.records.crossing import noting
from lienthong.records.intake.units import Batch, Group, own
from lienthong.records.intake.verdicts import verdict
from lienthong.records.store import bulk, counts, first_load, layout, shape
from lienthong.records.store.rulesets import Ruleset, mask_of, ruleset, to_bytes


class Arrival(msgspec.Struct, frozen=True):
    """Whose submission it is and when it came."""

    receipt: str
    sender: str
    province: str
    received: datetime
    waiting_since: datetime | None = None
    """For what stays in quarantine when it is checked again: when it first came."""

    @property
    def microseconds(self) -> int:
        """The moment of arrival as microseconds since 1970, UTC."""
        return round(self.received.astimezone(UTC).timestamp() * 1_000_000)


def hold_sender(conn: psycopg.Connection[Any], contract: str, sender: str) -> None:
    """Nobody else writes records of this sender until the transaction ends (single records hold it shared)."""
    conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 12))", [f"{contract}\n{sender}"]
    )


def rulesets(conn: psycopg.Connection[Any], checked: Checked) -> dict[str, Ruleset]:
    """The rulesets of the tables that were sent."""
    made = {}
    for name, table in checked.tables.items():
        broken = {at for at, measured in table.measured.items() if measured.broken}
        unknown = mask_of(set(table.constant_unknown) | broken)
        made[name] = ruleset(conn, checked.contract, name, table.rules, unknown)
    return made


def write_table(
    conn: psycopg.Connection[Any],
    line: bulk.Line,
    batch: Batch,
    checked: Checked,
    made: Group,
    table: Table,
    rules: Ruleset,
    arrival: Arrival,
    progress: Callable[[int], None] | None = None,
) -> int:
    """COPY the new and changed rows of one table by the line; returns how many."""
    words = [f"f{word}" for word in range(checked.tables[table.name].words)]
    fields = ", ".join(f"t.{quoted(field.name)}" for field in table.fields)
    marked = _mask_bytes(batch, checked, table, words)
    is_root = table is made.root
    whose = "t._row" if is_root else "o._root"
    joined = "" if is_root else f"JOIN {own(table)} o ON o._row = t._row"
    query = (
        f"SELECT {fields}, r._key, {literal(arrival.sender)} AS _sender, r._province, r._unit, t._row, v._version,"
        f" {literal(arrival.receipt)} AS _receipt, v._from, {rules.id}::INTEGER AS _ruleset, m._failed"
        f"{', r._digest' if is_root else ''}"
        f" FROM {quoted('typed_' + table.name)} t {joined}"
        f" JOIN {made.record} r ON r._root = {whose}"
        f" JOIN {verdict(made)} v ON v._root = r._root AND v.state <> 'unchanged'"
        f" LEFT JOIN {marked} m ON m._row = t._row"
    )
    rows, schema = checked.tables[table.name].rows, batch.contract.name
    if is_root:
        line.settle()
    with first_load.key_afterwards(conn, schema, table.name, rows if is_root else 0) as afterwards:
        if is_root and rows > bulk.BATCH and not afterwards:
            # Keys in order fill the index page by page: a third less time than in the order of the file.
            query += " ORDER BY r._key"
        name = sql.Identifier(schema, table.name)
        written = line.copy(batch.con, name, query, progress=progress)
        if afterwards:
            line.settle()
        return written


def _mask_bytes(batch: Batch, checked: Checked, table: Table, words: list[str]) -> str:
    """(_row, _failed): the masks as the store keeps them. Few masks differ, so each is written once and joined."""
    relation, names = checked.mask_relation(table.name), ", ".join(words)
    distinct = batch.con.execute(f"SELECT DISTINCT {names} FROM {relation}").fetchall()
    shape = pyarrow.schema(
        [*((word, pyarrow.uint64()) for word in words), ("_failed", pyarrow.binary())]
    )
    lines = [
        dict(zip(words, line, strict=True)) | {"_failed": to_bytes(_mask(list(line)))}
        for line in distinct
    ]
    batch.con.register("_mask_bytes", pyarrow.Table.from_pylist(lines, schema=shape))
    kept = quoted(f"bytes_{table.name}")
    batch.con.execute(f"CREATE OR REPLACE TEMP TABLE {kept} AS SELECT * FROM _mask_bytes")
    batch.con.unregister("_mask_bytes")
    return f"(SELECT m._row, b._failed FROM {relation} m JOIN {kept} b USING ({names}))"


def _mask(line: list[int]) -> int:
    return sum(word << (WORD * at) for at, word in enumerate(line))


def replace(
    conn: psycopg.Connection[Any],
    batch: Batch,
    made: Group,
    arrival: Arrival,
    deltas: counts.Deltas,
) -> None:
    """Move the versions that are replaced to history and take their counts back.

    Needs the temporary table `arrived` of `verdicts.compare`; marks in it which records changed.
    """
    changed = [
        row[0]
        for row in batch.con.execute(
            f"SELECT _root FROM {verdict(made)} WHERE state = 'changed'"
        ).fetchall()
    ]
    if not changed:
        return
    conn.execute(
        # A join: PostgreSQL goes through a list of = ANY from its beginning for each row.
        "CREATE TEMP TABLE changing ON COMMIT DROP AS SELECT a.key, a.root FROM arrived a"
        " JOIN unnest(%s::bigint[]) AS u(root) USING (root)",
        [changed],
    )
    conn.execute("ANALYZE changing")
    retire(conn, batch.contract, made.root, arrival.sender, arrival.received, deltas)
    conn.execute("DROP TABLE changing")


def retire(
    conn: psycopg.Connection[Any],
    contract: Any,
    root: Table,
    sender: str,
    moment: datetime,
    deltas: counts.Deltas,
) -> None:
    """Move the present versions of the keys in the temporary table `changing` to history, whole units."""
    conn.execute(
        sql.SQL(
            "CREATE TEMP TABLE ending ON COMMIT DROP AS SELECT c._key AS key,"
            " greatest(%s::timestamptz, c._from + interval '1 microsecond') AS ends"
            " FROM {} c JOIN changing g ON g.key = c._key AND c._sender = %s"
        ).format(sql.Identifier(contract.name, root.name)),
        [moment, sender],
    )
    shaped = shape.structure(conn, contract.name, contract.digest)
    for table in layout.members(contract, root):
        here = sql.Identifier(contract.name, table.name)
        names = [
            *layout.columns(contract, table),
            *(kept.column for kept in layout.kept_columns(shaped, table.name)),
        ]
        source = sql.SQL(
            "(SELECT c.* FROM {} c JOIN ending e ON e.key = c._key WHERE c._sender = {}) c"
        ).format(here, sql.Literal(sender))
        counts.add_kept(conn, deltas, counts.grouped(source), [], -1)
        noting.note_gone(conn, contract.name, table.name, sender)
        conn.execute(
            sql.SQL(
                "WITH gone AS (DELETE FROM {here} c USING ending e WHERE e.key = c._key AND c._sender = %s"
                " RETURNING {columns}, e.ends) INSERT INTO {past} ({names}, _to) SELECT * FROM gone"
            ).format(
                here=here,
                past=sql.Identifier(contract.name, layout.history(table.name)),
                columns=sql.SQL(", ").join(sql.Identifier("c", name) for name in names),
                names=sql.SQL(", ").join(map(sql.Identifier, names)),
            ),
            [sender],
        )
    for name in layout.gone_members(shaped, root.name):
        _retire_gone(conn, contract.name, name, sender, shaped[name])
    conn.execute(
        "DELETE FROM records.withheld h USING ending e WHERE h.contract = %s AND h.table_name = %s"
        " AND h.key = e.key AND h.sender = %s",
        [contract.name, root.name, sender],
    )
    conn.execute("DROP TABLE ending")


def _retire_gone(
    conn: psycopg.Connection[Any], schema: str, table: str, sender: str, about: dict[str, Any]
) -> None:
    """Move the rows of a table that the contract has no more with the unit they belonged to."""
    names = [*about["fields"], *(about.get("kept") or {}), *layout.SYSTEM]
    conn.execute(
        sql.SQL(
            "WITH gone AS (DELETE FROM {here} c USING ending e WHERE e.key = c._key AND c._sender = %s"
            " RETURNING {columns}, e.ends) INSERT INTO {past} ({names}, _to) SELECT * FROM gone"
        ).format(
            here=sql.Identifier(schema, table),
            past=sql.Identifier(schema, layout.history(table)),
            columns=sql.SQL(", ").join(sql.Identifier("c", name) for name in names),
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
        ),
        [sender],
    )


def count_arrivals(
    batch: Batch,
    checked: Checked,
    rules: dict[str, Ruleset],
    arrival: Arrival,
    deltas: counts.Deltas,
) -> None:
    """Count the rows that are kept by this submission or wait in quarantine; unchanged ones are counted already."""
    for made in batch.groups:
        for table in made.tables:
            _count_table(batch, checked, made, table, rules[table.name], arrival, deltas)


def _count_table(
    batch: Batch,
    checked: Checked,
    made: Group,
    table: Table,
    rules: Ruleset,
    arrival: Arrival,
    deltas: counts.Deltas,
) -> None:
    words = [f"f{word}" for word in range(checked.tables[table.name].words)]
    if table is made.root:
        rows = f"SELECT _root AS _row, _root, _unit, _province FROM {made.record}"
    else:
        rows = (
            f"SELECT o._row, o._root, o._unit, r._province FROM {own(table)} o"
            f" LEFT JOIN {made.record} r ON r._root = o._root"
        )
    waiting = clock.local(arrival.waiting_since or arrival.received).date()
    received_day = f"DATE '{waiting:%Y-%m-%d}'"
    source = (
        f"SELECT o._row, coalesce(o._province, {literal(arrival.province)}) AS province,"
        f" CASE WHEN v._from IS NULL THEN {received_day} ELSE (v._from + INTERVAL 7 HOUR)::DATE END AS day"
        f" FROM ({rows}) o LEFT JOIN {verdict(made)} v ON v._root = o._root"
        " WHERE v.state IS DISTINCT FROM 'unchanged'"
    )
    masks = ", ".join(f"coalesce(m.{word}, 0) AS {word}" for word in words)
    marked = batch.con.execute(
        f"SELECT province, day, {masks}, count(*) FROM {checked.mask_relation(table.name)} m"
        f" JOIN ({source}) s ON s._row = m._row GROUP BY ALL"
    ).fetchall()
    total: dict[tuple[str, date], int] = {
        (province, day): number
        for province, day, number in batch.con.execute(
            f"SELECT province, day, count(*) FROM ({source}) GROUP BY ALL"
        ).fetchall()
    }
    for province, day, *line, number in marked:
        deltas.add(rules, arrival.sender, province, day, number, _mask(line))
        total[province, day] -= number
    for (province, day), number in total.items():
        deltas.add(rules, arrival.sender, province, day, number)
