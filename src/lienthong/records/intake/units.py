"""Rows to units of acceptance, inside DuckDB: which rows belong together, under which key, with which digest.

A unit is a HOSO of an envelope, or outside an envelope one row of a root table with the rows that point to it.
Usually a unit holds one record (one root row). A HOSO that describes several visits holds several records, kept
under their own keys but accepted or quarantined together.

Tables left in the connection, for each root R with rows or children:
  record_R (_root, _unit, _key, _province, _digest): one line per root row
  own_T    (_row, _root, _unit) for each child table T; `_root` NULL when no root row claims the row
"""

from __future__ import annotations

import duckdb
import msgspec

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.casts import literal, quoted
from lienthong.records.checking.relations import cell_text, matched_columns, source_name
from lienthong.records.intake.provinces import todays
from lienthong.records.store import layout

_SEPARATOR, _BLANK = "chr(31)", "chr(30)"


class Group(msgspec.Struct, frozen=True):
    """One root table with the tables of its units that were sent."""

    root: Table
    tables: tuple[Table, ...]

    @property
    def record(self) -> str:
        """The relation of its records."""
        return quoted(f"record_{self.root.name}")

    @property
    def children(self) -> tuple[Table, ...]:
        """The tables besides the root."""
        return tuple(table for table in self.tables if table is not self.root)


class Batch(msgspec.Struct):
    """The units of one submission. `columns` are the columns found per table, as the check saw them."""

    con: duckdb.DuckDBPyConnection
    contract: Contract
    columns: dict[str, dict[str, str]]
    province: str
    receipt: str
    envelope_units: int | None = None
    groups: list[Group] = msgspec.field(default_factory=list)
    units: int = 0

    def cells(self, table: Table) -> list[tuple[str, str]]:
        """(field, SQL of the cell as text) for each field of the table that was sent."""
        found = self.columns[table.name]
        names = matched_columns(table, found)
        return [
            (field.name, cell_text(field, names, found))
            for field in table.fields
            if field.name in names
        ]

    def cell(self, table: Table, field: str | None) -> str:
        """The SQL of one cell as text, NULL when the column was not sent."""
        return dict(self.cells(table)).get(field or "", "NULL::VARCHAR")


def own(table: Table) -> str:
    """The relation that says to which record a child row belongs."""
    return quoted(f"own_{table.name}")


def group(batch: Batch, sent: list[str]) -> None:
    """Make the tables of the module's heading for the tables that were sent."""
    next_unit = batch.envelope_units or 0
    for root in layout.roots(batch.contract):
        tables = [t for t in layout.members(batch.contract, root) if t.name in sent]
        if not tables:
            continue
        made = Group(root, tuple(tables))
        if batch.envelope_units is None:
            next_unit = _units_of_tables(batch, made, next_unit)
        else:
            _units_of_envelope(batch, made)
        batch.groups.append(made)
    batch.units = next_unit


def _units_of_tables(batch: Batch, made: Group, offset: int) -> int:
    """Outside an envelope the root rows are numbered on, then what no root row claims."""
    unit = f"s._row + {offset}"
    _records(batch, made, unit)
    offset += _number(batch.con, f"SELECT count(*) FROM {made.record}")
    for table in made.children:
        offset = _claim_by_link(batch, made, table, offset)
    _digests(batch, made)
    return offset


def _units_of_envelope(batch: Batch, made: Group) -> None:
    _records(batch, made, "s._unit")
    several = _number(
        batch.con,
        f"SELECT count(*) FROM (SELECT 1 FROM {made.record} GROUP BY _unit HAVING count(*) > 1)",
    )
    for table in made.children:
        _claim_by_unit(batch, made, table, by_link=bool(several))
    _digests(batch, made)


def _records(batch: Batch, made: Group, unit: str) -> None:
    """One line per root row. A unit of a single table gets its digest in the same pass."""
    root = made.root
    if root not in made.tables:
        batch.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {made.record} (_root BIGINT, _unit BIGINT, _link VARCHAR, _key VARCHAR,"
            " _province VARCHAR, _digest BLOB)"
        )
        return
    link = batch.cell(root, next((t.link for t in made.children if t.link), None))
    several = len(layout.members(batch.contract, root)) > 1
    digest = "NULL::BLOB" if several else f"unhex(md5({_content(batch, root)}))"
    batch.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {made.record} AS SELECT s._row AS _root, {unit} AS _unit,"
        f" {link if made.children else 'NULL::VARCHAR'} AS _link, {key_sql(batch, root)} AS _key,"
        f" {_province(batch, root)} AS _province, {digest} AS _digest FROM {source_name(root.name)} s"
    )


def key_sql(batch: Batch, root: Table) -> str:
    """The key of a record as text: its parts as sent joined by "|"; NULL when a part is missing.

    A table without a declared key has no identity over time: receipt and position stand for it.
    """
    if not root.key:
        return f"{literal(batch.receipt)} || '#' || s._row"
    parts = [f"nullif(trim({batch.cell(root, name)}), '')" for name in root.key]
    if len(parts) == 1:
        return parts[0]
    escaped = (f"replace(replace({part}, '\\', '\\\\'), '|', '\\|')" for part in parts)
    return " || '|' || ".join(escaped)


def _province(batch: Batch, root: Table) -> str:
    sender = literal(batch.province)
    if not root.province:
        return sender
    known = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in todays().items())
    return f"CASE {batch.cell(root, root.province)} {known} ELSE {sender} END"


def _content(batch: Batch, table: Table) -> str:
    """The row as one text that decides whether a record changed; blanks and columns that were not sent are alike.

    Blanks at the end are cut off, so that a field that the contract gains later changes no record without it.
    `intake.single.unit` builds the same text in Python.
    """
    sent = dict(batch.cells(table))
    cells = [
        f"coalesce({sent[f.name]}, {_BLANK})" if f.name in sent else _BLANK for f in table.fields
    ]
    joined = ", ".join([literal(table.name), *cells])
    return f"rtrim(concat_ws({_SEPARATOR}, {joined}), {_SEPARATOR} || {_BLANK})"


def _claim_by_unit(batch: Batch, made: Group, table: Table, *, by_link: bool) -> None:
    """In an envelope rows belong to the HOSO; among several visits the link decides, else the first visit."""
    first = f"(SELECT _unit, min(_root) AS _root FROM {made.record} GROUP BY _unit)"
    if by_link and table.link:
        batch.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {own(table)} AS SELECT s._row, coalesce(l._root, f._root) AS _root,"
            f" s._unit FROM {source_name(table.name)} s LEFT JOIN {first} f ON f._unit = s._unit"
            f" LEFT JOIN (SELECT _unit, _link, min(_root) AS _root FROM {made.record} GROUP BY _unit, _link) l"
            f" ON l._unit = s._unit AND l._link = {batch.cell(table, table.link)}"
        )
        return
    batch.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {own(table)} AS SELECT s._row, f._root, s._unit"
        f" FROM {source_name(table.name)} s LEFT JOIN {first} f ON f._unit = s._unit"
    )


def _claim_by_link(batch: Batch, made: Group, table: Table, offset: int) -> int:
    """Outside an envelope rows belong to the root row with their link; unclaimed rows with one link form a unit."""
    link = batch.cell(table, table.link)
    batch.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {own(table)} AS SELECT s._row, l._root, l._unit, {link} AS _link"
        f" FROM {source_name(table.name)} s LEFT JOIN (SELECT _link, min(_root) AS _root, min(_unit) AS _unit"
        f" FROM {made.record} WHERE _link IS NOT NULL GROUP BY _link) l ON l._link = {link}"
    )
    lost = _number(batch.con, f"SELECT count(*) FROM {own(table)} WHERE _root IS NULL")
    if not lost:
        return offset
    batch.con.execute(
        f"UPDATE {own(table)} SET _unit = n._unit FROM (SELECT _row, {offset} - 1 + dense_rank() OVER"
        f" (ORDER BY coalesce(_link, chr(31) || _row)) AS _unit FROM {own(table)} WHERE _root IS NULL) n"
        f" WHERE {own(table)}._row = n._row"
    )
    return _number(batch.con, f"SELECT max(_unit) + 1 FROM {own(table)} WHERE _root IS NULL")


def _digests(batch: Batch, made: Group) -> None:
    """A record's digest covers all its rows, in any order within a table."""
    if len(layout.members(batch.contract, made.root)) == 1 or made.root not in made.tables:
        return
    parts = [
        f"SELECT s._row AS _root, md5({_content(batch, made.root)}) AS d FROM {source_name(made.root.name)} s"
    ]
    parts += [
        f"SELECT o._root, md5({_content(batch, table)}) AS d FROM {source_name(table.name)} s"
        f" JOIN {own(table)} o ON o._row = s._row WHERE o._root IS NOT NULL"
        for table in made.children
    ]
    batch.con.execute(
        f"UPDATE {made.record} SET _digest = unhex(d.digest) FROM (SELECT _root, md5(string_agg(d, '' ORDER BY d))"
        f" AS digest FROM ({' UNION ALL '.join(parts)}) GROUP BY _root) d WHERE {made.record}._root = d._root"
    )


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
