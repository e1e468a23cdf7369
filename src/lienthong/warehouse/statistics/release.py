"""Releases for statistics out of a snapshot: de-identified, looked through for persons who stand alone, in the trail.

A release that would show somebody is refused with the reason; nothing is written then.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from lienthong import audit
from lienthong.access import policy as gate
from lienthong.access.actor import Actor
from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.casts import literal, quoted
from lienthong.errors import NotFound, Refused
from lienthong.records import registers
from lienthong.records.checking.engine import connect
from lienthong.records.store import layout
from lienthong.warehouse.manifest import ContractTaken, Manifest, Warehouse, digest_of
from lienthong.warehouse.statistics.cells import suppress
from lienthong.warehouse.statistics.treatment import Policy, Treated, described, policy, sql, treat

ACTION, PURPOSE = "statistics.release", "statistics"
KINDS = {".parquet": "FORMAT parquet, COMPRESSION zstd", ".csv": "FORMAT csv, HEADER"}


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What was released: written beside the file as .json. `withheld` rows have a wrong identity key."""

    file: str
    contract: str
    version: str
    table: str
    snapshot: str
    purpose: str
    rows: int
    left_out: int
    withheld: int
    smallest_group: int | None
    least_group: int
    quasi_identifiers: tuple[str, ...]
    treatments: list[dict[str, Any]]
    sha256: str
    policy: str


class Asked(msgspec.Struct, kw_only=True):
    """What is wanted: a table of a contract without `drop`; `suppress`: persons in small groups are left out instead
    of the release being refused; `by`: one or two fields by which records are counted, instead of records."""

    contract: Contract
    table: Table
    drop: frozenset[str] = frozenset()
    suppress: bool = False
    by: tuple[str, ...] = ()
    least: int | None = None
    band: int | None = None


def release(
    conn: psycopg.Connection[Any],
    actor: Actor | None,
    warehouse: Warehouse,
    manifest: Manifest,
    asked: Asked,
    out: Path,
    *,
    purpose: str | None,
) -> Release:
    """Write a release to `out` (.parquet or .csv), or raise Refused ("release.small", "release.bent" ...).

    `conn` is in autocommit. Who asks needs the right to release statistics for this purpose; both a release and a
    refusal stand in the trail.
    """
    about = {"contract": asked.contract.name, "table": asked.table.name, "snapshot": manifest.id}
    with conn.transaction():
        gate.allow(conn, actor, ACTION, about, purpose)
    assert actor is not None
    try:
        made = _write(warehouse, manifest, asked, out, purpose or "", registers.decided(conn))
    except Refused as refused:
        with conn.transaction():
            audit.write(conn, actor, "statistics.refused", {**about, "reason": refused.code})
        raise
    with conn.transaction():
        audit.write(
            conn,
            actor,
            "statistics.released",
            {**about, "rows": made.rows, "left_out": made.left_out, "sha256": made.sha256},
        )
    return made


def _write(
    warehouse: Warehouse,
    manifest: Manifest,
    asked: Asked,
    out: Path,
    purpose: str,
    decided: Mapping[tuple[str, str], str],
) -> Release:
    using = policy()
    if asked.least is not None and asked.least < using.least_group:
        raise Refused(
            "release.least",
            "A group may not be smaller than %(least)s persons.",
            least=using.least_group,
        )
    least = asked.least or using.least_group
    if asked.band is not None:
        using = msgspec.structs.replace(using, band_years=max(asked.band, using.band_years))
    if out.suffix not in KINDS:
        raise Refused("release.kind", "A release is a .parquet or a .csv file.")
    database = manifest.contract(asked.contract.name)
    taken = database.table(asked.table.name)
    files = taken.files(warehouse.root, waiting=False) if taken else []
    if not files:
        raise Refused("release.empty", "The snapshot holds no records of this table.")
    treated = treat(asked.table, using, drop=asked.drop)
    con = connect(memory="1GB")
    try:
        source = ", ".join(literal(str(file)) for file in files)
        con.execute(f"CREATE VIEW taken AS SELECT * FROM read_parquet([{source}])")
        withheld = _leave_out_withheld(con, asked, database, warehouse.root)
        con.execute(
            f"CREATE VIEW treated AS SELECT {_columns(asked.table, treated, using, decided)} FROM passed_on"
        )
        if asked.by:
            rows, left_out, smallest = _tabulate(con, asked, treated, least)
        else:
            rows, left_out, smallest = _records(con, asked, treated, least, using)
        aside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
        con.execute(
            f"COPY (SELECT {_cells(con, out.suffix)} FROM released) TO {literal(str(aside))} ({KINDS[out.suffix]})"
        )
        aside.replace(out)
    finally:
        con.close()
    made = Release(
        file=out.name,
        contract=asked.contract.name,
        version=asked.contract.version,
        table=asked.table.name,
        snapshot=manifest.id,
        purpose=purpose,
        rows=rows,
        left_out=left_out,
        withheld=withheld,
        smallest_group=smallest,
        least_group=least,
        quasi_identifiers=tuple(one.field for one in treated if one.quasi),
        treatments=described(treated),
        sha256=digest_of(out),
        policy=using.version,
    )
    out.with_name(out.name + ".json").write_bytes(
        msgspec.json.format(msgspec.json.encode(made), indent=1)
    )
    return made


def _leave_out_withheld(con: Any, asked: Asked, database: ContractTaken, root: Path) -> int:
    """Makes `passed_on`: the rows of records whose identity keys are right; gives the number of the others."""
    if not database.withheld:
        con.execute("CREATE VIEW passed_on AS SELECT * FROM taken")
        return 0
    whose = layout.root_of(asked.contract, asked.table).name
    con.execute(
        f"CREATE TABLE withheld AS SELECT _key, _sender FROM read_parquet({literal(str(root / database.withheld))})"
        f" WHERE root = {literal(whose)}"
    )
    con.execute(
        "CREATE VIEW passed_on AS SELECT * FROM taken ANTI JOIN withheld USING (_key, _sender)"
    )
    found = con.execute("SELECT count(*) FROM taken SEMI JOIN withheld USING (_key, _sender)")
    return int(found.fetchone()[0])


def _cells(con: Any, kind: str) -> str:
    """What is written of the columns of `released`: in a CSV, which spreadsheets open, no text begins a formula."""
    if kind != ".csv":
        return "*"
    shown = []
    for name, type_, *_ in con.execute("DESCRIBE released").fetchall():
        cell = quoted(name)
        if type_ == "VARCHAR":
            begins = f"regexp_matches({cell}, '^[=+\\-@\\t\\r]')"
            cell = f"CASE WHEN {begins} THEN chr(39) || {cell} ELSE {cell} END AS {cell}"
        shown.append(cell)
    return ", ".join(shown)


def _columns(
    table: Table, treated: list[Treated], using: Policy, decided: Mapping[tuple[str, str], str]
) -> str:
    """The treated fields under their names, and who a row is about. The secret is forgotten after the release."""
    key = (secrets.token_hex(32), secrets.token_hex(32))
    shown = []
    for field, one in zip(table.fields, treated, strict=True):
        if one.treatment != "drop":
            shown.append(f"{sql(field, one, using, key, decided)} AS {quoted(field.name)}")
    # A person is one person whether or not the number is shown.
    person = [quoted(field.name) for field in table.fields if field.identity_role in using.persons]
    whose = ", ".join([*(f"CAST({name} AS VARCHAR)" for name in person), "_sender || '/' || _key"])
    return ", ".join([*shown, f"coalesce({whose}) AS _person"])


def _records(
    con: Any, asked: Asked, treated: list[Treated], least: int, using: Policy
) -> tuple[int, int, int | None]:
    """Makes `released`: records, when in every group that looks alike stand enough persons."""
    quasi = [quoted(one.field) for one in treated if one.quasi and one.treatment != "drop"]
    groups = ", ".join(quasi) or "1"
    total, few, smallest = con.execute(
        "SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE persons < $1), 0), min(persons) FROM"
        f" (SELECT count(*) AS n, count(DISTINCT _person) AS persons FROM treated GROUP BY {groups})",
        [least],
    ).fetchone()
    if few and not asked.suppress:
        raise Refused(
            "release.small",
            "%(rows)s of %(total)s records stand in groups of fewer than %(least)s persons who look alike in"
            " %(fields)s. Leave out or coarsen a field, or leave these records out (--suppress).",
            rows=int(few),
            total=int(total),
            least=least,
            fields=", ".join(name.strip('"') for name in quasi),
        )
    if few > total * using.most_suppressed:
        raise Refused(
            "release.bent",
            "%(share)s %% of the records would have to be left out, more than %(most)s %%: leave out or coarsen a field"
            " of %(fields)s.",
            share=round(100 * few / total, 1),
            most=round(100 * using.most_suppressed, 1),
            fields=", ".join(name.strip('"') for name in quasi),
        )
    # In no order that could tell which record was whose.
    alike = " AND ".join(f"t.{name} IS NOT DISTINCT FROM g.{name}" for name in quasi) or "true"
    shown = f", {groups}" if quasi else ""
    con.execute(
        f"CREATE TABLE released AS SELECT t.* EXCLUDE (_person) FROM treated t JOIN (SELECT count(DISTINCT _person)"
        f" AS persons{shown} FROM treated GROUP BY {groups}) g ON {alike} WHERE g.persons >= {least} ORDER BY random()"
    )
    return (
        int(total - few),
        int(few),
        None if smallest is None else max(int(smallest), least if few else 0),
    )


def _tabulate(
    con: Any, asked: Asked, treated: list[Treated], least: int
) -> tuple[int, int, int | None]:
    """Makes `released`: persons by one or two fields with all totals; cells that must not be known are empty."""
    known = {one.field for one in treated if one.treatment not in ("drop", "pseudonym")}
    for name in asked.by:
        if name not in known:
            raise NotFound(
                "release.field",
                "Records cannot be counted by %(name)s; they can by: %(known)s.",
                name=name,
                known=", ".join(sorted(known)),
            )
    if len(asked.by) > 2:
        raise Refused("release.wide", "A table has one or two dimensions.")
    places = [f"coalesce(CAST({quoted(name)} AS VARCHAR), '')" for name in asked.by]
    places += ["''"] * (2 - len(places))
    found = con.execute(
        f"SELECT {places[0]}, {places[1]}, count(DISTINCT _person) FROM treated GROUP BY 1, 2"
    ).fetchall()
    counts = {(row[0], row[1]): int(row[2]) for row in found}
    hidden = suppress(counts, least)
    if hidden and len(hidden) == sum(1 for count in counts.values() if count):
        raise Refused(
            "release.nothing-left",
            "Every cell of this table would have to be left out: count by coarser fields.",
        )
    lines = [(*cell, None if cell in hidden else count) for cell, count in sorted(counts.items())]
    lines += _totals(counts, len(asked.by))
    names = [*asked.by, *(["_"] if len(asked.by) == 1 else [])]
    shape = ", ".join(f"{quoted(name)} VARCHAR" for name in names)
    con.execute(f"CREATE TABLE released ({shape}, persons BIGINT)")
    con.executemany("INSERT INTO released VALUES (?, ?, ?)", lines)
    if len(asked.by) == 1:
        con.execute('ALTER TABLE released DROP COLUMN "_"')
    smallest = min((count for cell, count in counts.items() if cell not in hidden), default=None)
    return len(lines), len(hidden), smallest


TOTAL = "*"


def _totals(counts: dict[tuple[str, str], int], dimensions: int) -> list[tuple[str, str, int]]:
    """Sums of lines, so that what may be known is known without adding. A person may stand in several cells."""
    lines = []
    if dimensions == 2:
        for axis in (0, 1):
            for value in sorted({cell[axis] for cell in counts}):
                total = sum(count for cell, count in counts.items() if cell[axis] == value)
                lines.append((value, TOTAL, total) if axis == 0 else (TOTAL, value, total))
    lines.append((TOTAL, TOTAL if dimensions == 2 else "", sum(counts.values())))
    return lines
