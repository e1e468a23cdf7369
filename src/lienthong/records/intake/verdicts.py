"""Which units go to quarantine, and which records are new, changed or unchanged against the store.

Tables left in the connection:
  blocked  (_unit) the units that go to quarantine
  reason   (_unit, fault JSON) why, where no rule of the contract says it
  verdict_R (_root, state, _version, _from) per record of root R that is not blocked: new, changed, unchanged
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from lienthong.contracts.rules.casts import literal, quoted
from lienthong.findings import Severity
from lienthong.records.checking.checked import Checked
from lienthong.records.intake import faults as reasons
from lienthong.records.intake.units import Batch, Group, own
from lienthong.records.store import bulk, layout


class Numbers(msgspec.Struct, frozen=True):
    """The law of a receipt, in units: received = kept + unchanged + quarantined."""

    received: int
    kept: int
    unchanged: int
    quarantined: int


def verdict(made: Group) -> str:
    """The relation with the verdicts on the records of a group."""
    return quoted(f"verdict_{made.root.name}")


def block(batch: Batch, checked: Checked, faults: list[Any]) -> None:
    """Make `blocked` and `reason`."""
    con = batch.con
    con.execute("CREATE OR REPLACE TEMP TABLE reason (_unit BIGINT, fault VARCHAR)")
    _reader_faults(batch, faults)
    for made in batch.groups:
        _without_root(batch, made)
        _without_key(batch, made)
    if batch.envelope_units:
        _empty(batch)
    parts = ["SELECT _unit FROM reason"]
    parts += [
        _by_rules(checked, made, table.name) for made in batch.groups for table in made.tables
    ]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE blocked AS SELECT DISTINCT _unit FROM ({' UNION ALL '.join(parts)})"
    )
    for made in batch.groups:
        _twice(batch, made)


def _by_rules(checked: Checked, made: Group, table: str) -> str:
    serious = checked.tables[table].any_bit((Severity.ERROR,))
    return (
        f"SELECT w._unit FROM {checked.mask_relation(table)} m JOIN {_whose(made, table)} w ON w._row = m._row"
        f" WHERE {serious}"
    )


def _whose(made: Group, table: str) -> str:
    """(_row, _root, _unit) of the rows of any table of a group."""
    if table == made.root.name:
        return f"(SELECT _root AS _row, _root, _unit FROM {made.record})"
    return (
        f"(SELECT _row, _root, _unit FROM {own(next(t for t in made.tables if t.name == table))})"
    )


def _reader_faults(batch: Batch, faults: list[Any]) -> None:
    """A fault names its HOSO, or outside an envelope the row of its table."""
    lines = []
    groups = {table.name: made for made in batch.groups for table in made.tables}
    for fault in reasons.blocking(batch.contract, faults):
        kept = json.dumps(reasons.about(fault), ensure_ascii=False)
        if batch.envelope_units is not None and fault.unit is not None:
            lines.append((fault.unit, kept))
        elif fault.table in groups and fault.row is not None:
            found = batch.con.execute(
                f"SELECT _unit FROM {_whose(groups[fault.table], fault.table)} WHERE _row = ?",
                [fault.row],
            ).fetchone()
            lines.extend((unit[0], kept) for unit in [found] if unit)
    for start in range(0, len(lines), 1000):
        part = lines[start : start + 1000]
        batch.con.execute(
            f"INSERT INTO reason VALUES {', '.join('(?, ?)' for _ in part)}",
            [cell for line in part for cell in line],
        )


def _reason(kind: str, root: str, **params: Any) -> str:
    said = reasons.KINDS[kind]
    return literal(
        json.dumps(
            {"rule": said.rule, "kind": kind, "table": root, "params": params}, ensure_ascii=False
        )
    )


def _without_root(batch: Batch, made: Group) -> None:
    said = _reason("root-missing", made.root.name, table=made.root.name)
    for table in made.children:
        batch.con.execute(
            f"INSERT INTO reason SELECT DISTINCT _unit, {said} FROM {own(table)} o WHERE _root IS NULL"
            f" AND NOT EXISTS (SELECT 1 FROM reason r WHERE r._unit = o._unit)"
        )


def _without_key(batch: Batch, made: Group) -> None:
    missing = _reason("key-missing", made.root.name, fields=", ".join(made.root.key))
    long = _reason("key-long", made.root.name, limit=layout.KEY_LENGTH)
    batch.con.execute(
        f"INSERT INTO reason SELECT _unit, CASE WHEN _key IS NULL THEN {missing} ELSE {long} END FROM {made.record}"
        f" WHERE _key IS NULL OR strlen(_key) > {layout.KEY_LENGTH}"
    )


def _empty(batch: Batch) -> None:
    """A HOSO of which no row and no fault is left must not get lost."""
    seen = " UNION ALL ".join(
        ["SELECT _unit FROM reason"]
        + [f"SELECT _unit FROM {made.record}" for made in batch.groups]
        + [f"SELECT _unit FROM {own(table)}" for made in batch.groups for table in made.children]
    )
    batch.con.execute(
        f"INSERT INTO reason SELECT n, {_reason('unit-empty', '')} FROM range({batch.envelope_units}) r(n)"
        f" WHERE n NOT IN (SELECT _unit FROM ({seen}) WHERE _unit IS NOT NULL)"
    )


def _twice(batch: Batch, made: Group) -> None:
    """The same key twice: with the same content the second is unchanged, else nobody knows which one holds."""
    said = _reason("key-twice", made.root.name)
    open_ = f"SELECT * FROM {made.record} r WHERE _unit NOT IN (SELECT _unit FROM blocked)"
    batch.con.execute(
        f"CREATE OR REPLACE TEMP TABLE twice AS SELECT _key, min(_root) AS _first, count(DISTINCT _digest) AS versions"
        f" FROM ({open_}) GROUP BY _key HAVING count(*) > 1"
    )
    batch.con.execute(
        f"INSERT INTO reason SELECT DISTINCT r._unit, {said} FROM ({open_}) r JOIN twice t ON t._key = r._key"
        " WHERE t.versions > 1"
    )
    batch.con.execute(
        "INSERT INTO blocked SELECT DISTINCT _unit FROM reason EXCEPT SELECT _unit FROM blocked"
    )
    batch.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {quoted('again_' + made.root.name)} AS SELECT r._root FROM {made.record} r"
        " JOIN twice t ON t._key = r._key WHERE t.versions = 1 AND r._root <> t._first"
    )


def compare(
    conn: psycopg.Connection[Any],
    batch: Batch,
    made: Group,
    *,
    sender: str,
    received_us: int,
    folder: Path,
) -> bool:
    """Make `verdict_R` against the store; True when the sender had anything there (or in quarantine) before.

    Leaves the temporary PostgreSQL table `arrived` (root, key, state) for the replacement of old versions.
    """
    before = sent_before(conn, batch.contract.name, sender)
    again = quoted(f"again_{made.root.name}")
    open_ = f"_unit NOT IN (SELECT _unit FROM blocked) AND _root NOT IN (SELECT _root FROM {again})"
    new = f"'new' AS state, 1 AS _version, make_timestamp({received_us}::BIGINT) AS _from"
    rest = (
        f"SELECT _root, 'unchanged', 1, NULL FROM {again} WHERE _root IN (SELECT _root FROM {made.record} WHERE"
        " _unit NOT IN (SELECT _unit FROM blocked))"
    )
    if not before:
        batch.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {verdict(made)} AS SELECT _root, {new} FROM {made.record} WHERE {open_}"
            f" UNION ALL {rest}"
        )
        return False
    matched = _match(conn, batch, made, sender, folder)
    kept = (
        f"read_csv({literal(str(matched))}, header=false, auto_detect=false, delim=',',"
        " columns={'root': 'BIGINT', 'same': 'BOOLEAN', 'version': 'INTEGER', 'since': 'BIGINT'})"
    )
    if made.root.properties.get("immutable"):
        _sealed(batch, made, kept)
    # A version never holds from before the one that it replaces, whatever the clocks of two machines say.
    batch.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {verdict(made)} AS SELECT r._root,"
        " CASE WHEN m.root IS NULL THEN 'new' WHEN m.same THEN 'unchanged' ELSE 'changed' END"
        " AS state, coalesce(m.version, 0) + 1 AS _version,"
        f" make_timestamp(greatest({received_us}, coalesce(m.since + 1, 0))) AS _from"
        f" FROM {made.record} r LEFT JOIN {kept} m ON m.root = r._root"
        f" WHERE {open_} UNION ALL {rest}"
    )
    matched.unlink()
    return True


def _sealed(batch: Batch, made: Group, kept: str) -> None:
    """A record of a table that is `immutable` (a prescription that was sent) does not change: what differs waits."""
    said = _reason("changed-sealed", made.root.name)
    batch.con.execute(
        f"INSERT INTO reason SELECT DISTINCT r._unit, {said} FROM {made.record} r JOIN {kept} m"
        " ON m.root = r._root WHERE NOT m.same"
    )
    batch.con.execute(
        "INSERT INTO blocked SELECT DISTINCT _unit FROM reason EXCEPT SELECT _unit FROM blocked"
    )


def sent_before(conn: psycopg.Connection[Any], contract: str, sender: str) -> bool:
    """Whether a submission of this sender may have left anything in the store or in quarantine."""
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM records.submission WHERE contract = %s AND sender = %s AND NOT test"
        " AND (kept > 0 OR quarantined > 0))",
        [contract, sender],
    ).fetchone()
    return bool(row and row[0])


def _match(
    conn: psycopg.Connection[Any], batch: Batch, made: Group, sender: str, folder: Path
) -> Path:
    conn.execute("DROP TABLE IF EXISTS pg_temp.arrived")
    conn.execute(
        "CREATE TEMP TABLE arrived (root bigint, key text, digest bytea, blocked boolean) ON COMMIT DROP"
    )
    bulk.copy(
        conn,
        batch.con,
        sql.Identifier("arrived"),
        f"SELECT _root AS root, _key AS key, _digest AS digest, _unit IN (SELECT _unit FROM blocked) AS blocked"
        f" FROM {made.record} WHERE _key IS NOT NULL AND strlen(_key) <= {layout.KEY_LENGTH}",
    )
    conn.execute("ANALYZE arrived")
    matched = folder / f"matched_{made.root.name}.csv"
    query = sql.SQL(
        "COPY (SELECT a.root, CASE WHEN a.digest = c._digest THEN 'true' ELSE 'false' END, c._version,"
        " (extract(epoch FROM c._from) * 1000000)::bigint"
        " FROM arrived a JOIN {} c ON c._key = a.key AND c._sender = {} WHERE NOT a.blocked) TO STDOUT (FORMAT csv)"
    ).format(sql.Identifier(batch.contract.name, made.root.name), sql.Literal(sender))
    with matched.open("wb") as file, conn.cursor().copy(query) as copy:
        for piece in copy:
            file.write(piece)
    return matched


def numbers(batch: Batch) -> Numbers:
    """Count units by what became of them. A unit is kept when one of its records is new or changed."""
    con = batch.con
    quarantined = _one(con, "SELECT count(*) FROM blocked")
    kept = " UNION ALL ".join(
        f"SELECT r._unit, v.state <> 'unchanged' AS kept FROM {made.record} r JOIN {verdict(made)} v USING (_root)"
        for made in batch.groups
    )
    if not kept:
        return Numbers(quarantined, 0, 0, quarantined)
    row = con.execute(
        f"SELECT count(*) FILTER (WHERE kept), count(*) FILTER (WHERE NOT kept) FROM"
        f" (SELECT _unit, bool_or(kept) AS kept FROM ({kept}) GROUP BY _unit)"
    ).fetchone()
    assert row is not None
    return Numbers(row[0] + row[1] + quarantined, row[0], row[1], quarantined)


def _one(con: Any, query: str) -> int:
    return int(con.execute(query).fetchone()[0])
