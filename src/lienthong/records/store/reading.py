"""Reading kept records: one by its key, as it is or as it was known at a moment, its versions, and lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lienthong.contracts.contract import Contract, Table
from lienthong.errors import Failure, NotFound, Refused
from lienthong.findings import Finding
from lienthong.records.crossing.reading import named_on
from lienthong.records.store import layout, shape
from lienthong.records.store.rulesets import bits, from_bytes, load
from lienthong.records.store.withheld import withholds


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a unit with all its rows: {table: [{field: value}]}, the root's table first."""

    contract: str
    root: str
    key: str
    sender: str
    province: str
    version: int
    receipt: str
    since: datetime
    until: datetime | None
    unit: int
    rows: dict[str, list[dict[str, Any]]]
    findings: list[Finding]
    withheld: list[str] = []
    """The rules about identity keys that this version breaks: it is passed on to nobody but who answers for it."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version in the life of a record."""

    version: int
    receipt: str
    since: datetime
    until: datetime | None
    sender: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of records."""

    key: str
    sender: str
    province: str
    version: int
    receipt: str
    since: datetime
    cells: dict[str, Any]
    withheld: bool = False


def record(
    conn: psycopg.Connection[Any],
    contract: Contract,
    key: str,
    *,
    table: str | None = None,
    sender: str | None = None,
    as_of: datetime | None = None,
) -> Record:
    """The record of a key (`table` names the root table, default the first), now or as it was known at `as_of`.

    Raises NotFound; Refused when several senders use the key and `sender` does not say which one is meant.
    """
    (found,) = records(conn, contract, [(key, sender)], table=table, as_of=as_of)
    if isinstance(found, Failure):
        raise found
    return found


def records(
    conn: psycopg.Connection[Any],
    contract: Contract,
    wanted: Sequence[tuple[str, str | None]],
    *,
    table: str | None = None,
    as_of: datetime | None = None,
) -> list[Record | Failure]:
    """As `record` for some (key, sender) at once, in their order: a Failure stands where one has no answer."""
    root = _root(contract, table)
    shaped = shape.structure(conn, contract.name, contract.digest)
    asked = [  # in a pipeline all tables of the unit travel in one turn
        (member.name, _ask(conn, contract, member, shaped, wanted, as_of))
        for member in layout.members(contract, root)
    ]
    units: list[dict[str, list[dict[str, Any]]]] = [{} for _ in wanted]
    for name, cursor in asked:
        for row in cursor.fetchall():
            units[row["_asked"] - 1].setdefault(name, []).append(row)
    return [_record(conn, contract, root, unit, shaped) for unit in units]


def _record(
    conn: psycopg.Connection[Any],
    contract: Contract,
    root: Table,
    unit: dict[str, list[dict[str, Any]]],
    shaped: dict[str, Any],
) -> Record | Failure:
    found = unit.get(root.name)
    if not found:
        return NotFound(
            "record.unknown", "There is no such record in %(contract)s.", contract=contract.name
        )
    if len({row["_sender"] for row in found}) > 1:
        return Refused("record.several", "Several senders use this key; say which sender is meant.")
    head = found[0]
    rows, remarks, wrong = {}, [], set[str]()
    for member in layout.members(contract, root):
        here = unit.get(member.name)
        if here is None:
            continue
        rows[member.name] = [_cells(member, row, shaped) for row in here]
        remarks += _findings(conn, contract, member, here, wrong)
    for name in layout.gone_members(shaped, root.name):
        here = _gone_rows(conn, contract.name, name, shaped[name], head)
        if here:
            rows[name] = here
    return Record(
        contract=contract.name,
        root=root.name,
        key=head["_key"],
        sender=head["_sender"],
        province=head["_province"],
        version=head["_version"],
        receipt=head["_receipt"],
        since=head["_from"],
        until=head.get("_to"),
        unit=head["_unit"],
        rows=rows,
        findings=remarks,
        withheld=sorted(wrong),
    )


def _cells(table: Table, row: dict[str, Any], shaped: dict[str, Any]) -> dict[str, Any]:
    """The cells of a row as it was sent: what the contract has no more stands behind what it has."""
    cells = {field.name: row[field.name] for field in table.fields}
    for kept in layout.kept_columns(shaped, table.name):
        value = row[kept.column]
        if value is not None and cells.get(kept.field) is None:
            cells[kept.field] = value
    return cells


def _gone_rows(
    conn: psycopg.Connection[Any],
    schema: str,
    table: str,
    about: dict[str, Any],
    head: dict[str, Any],
) -> list[dict[str, Any]]:
    """The rows of this version of the unit in a table that the contract has no more."""
    names = [*about["fields"]]
    query = sql.SQL(
        "SELECT {columns} FROM (SELECT {all} FROM {here} UNION ALL SELECT {all} FROM {past}) c"
        " WHERE _key = %s AND _sender = %s AND _version = %s ORDER BY _row"
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        all=sql.SQL(", ").join(
            map(sql.Identifier, [*names, "_key", "_sender", "_version", "_row"])
        ),
        here=sql.Identifier(schema, table),
        past=sql.Identifier(schema, layout.history(table)),
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [head["_key"], head["_sender"], head["_version"]]).fetchall()


def versions(
    conn: psycopg.Connection[Any],
    contract: Contract,
    key: str,
    *,
    table: str | None = None,
    sender: str | None = None,
) -> list[Version]:
    """Every version of a record, newest first."""
    root = _root(contract, table)
    query = sql.SQL(
        "SELECT _version AS version, _receipt AS receipt, _from AS since, NULL::timestamptz AS until,"
        " _sender AS sender FROM {here} WHERE _key = %(key)s AND (%(sender)s::text IS NULL OR _sender = %(sender)s)"
        " UNION ALL SELECT _version, _receipt, _from, _to, _sender FROM {past}"
        " WHERE _key = %(key)s AND (%(sender)s::text IS NULL OR _sender = %(sender)s) ORDER BY since DESC"
    ).format(
        here=sql.Identifier(contract.name, root.name),
        past=sql.Identifier(contract.name, layout.history(root.name)),
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return [Version(**row) for row in cursor.execute(query, {"key": key, "sender": sender})]


def search(
    conn: psycopg.Connection[Any],
    contract: Contract,
    *,
    table: str | None = None,
    key: str | None = None,
    sender: str | None = None,
    receipt: str | None = None,
    after: tuple[str, str] = ("", ""),
    limit: int = 50,
    fields: tuple[str, ...] | None = None,
) -> list[Row]:
    """Present records in the order of their keys: whose key begins with `key`, of a sender, of a receipt.

    `after` is (key, sender) of the last one of the page seen, `fields` the columns wanted (default: all).
    """
    root = _root(contract, table)
    wanted = [field.name for field in root.fields if fields is None or field.name in fields]
    query = sql.SQL(
        "SELECT _key, _sender, _province, _version, _receipt, _from, EXISTS (SELECT 1 FROM records.withheld w"
        " WHERE w.contract = %(contract)s AND w.table_name = %(table)s AND w.key = _key AND w.sender = _sender)"
        " AS _withheld{cells} FROM {here} WHERE (_key, _sender) > (%(after_key)s, %(after_sender)s)"
        " AND (%(key)s::text IS NULL OR _key >= %(key)s AND _key < %(key_end)s)"
        " AND (%(sender)s::text IS NULL OR _sender = %(sender)s)"
        " AND (%(receipt)s::text IS NULL OR _receipt = %(receipt)s) ORDER BY _key, _sender LIMIT %(limit)s"
    ).format(
        cells=sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(name)) for name in wanted),
        here=sql.Identifier(contract.name, root.name),
    )
    values = {
        "contract": contract.name,
        "table": root.name,
        "key": key,
        "key_end": (key or "") + "\U0010ffff",
        "sender": sender,
        "receipt": receipt,
        "after_key": after[0],
        "after_sender": after[1],
        "limit": limit,
    }
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, values).fetchall()
    return [
        Row(
            key=row["_key"],
            sender=row["_sender"],
            province=row["_province"],
            version=row["_version"],
            receipt=row["_receipt"],
            since=row["_from"],
            cells={name: row[name] for name in wanted},
            withheld=row["_withheld"],
        )
        for row in rows
    ]


def _root(contract: Contract, table: str | None) -> Table:
    """The root table of that name; without one, the root to which most tables belong."""
    if table is None:
        return max(layout.roots(contract), key=lambda root: len(layout.members(contract, root)))
    found = contract.table(table)
    if found is None or layout.root_of(contract, found) is not found:
        raise NotFound(
            "record.table",
            "%(contract)s has no records called %(table)s; there are: %(choices)s.",
            contract=contract.name,
            table=table,
            choices=", ".join(root.name for root in layout.roots(contract)),
        )
    return found


def _ask(
    conn: psycopg.Connection[Any],
    contract: Contract,
    table: Table,
    shaped: dict[str, Any],
    wanted: Sequence[tuple[str, str | None]],
    as_of: datetime | None,
) -> psycopg.Cursor[dict[str, Any]]:
    kept = (kept.column for kept in layout.kept_columns(shaped, table.name))
    names = (*(field.name for field in table.fields), *kept, *layout.SYSTEM)
    query = _statement(contract.name, table.name, names, as_of is not None)
    return conn.cursor(row_factory=dict_row).execute(
        query.encode(),
        {
            "keys": [key for key, _ in wanted],
            "senders": [sender for _, sender in wanted],
            "as_of": as_of,
        },
    )


@lru_cache(512)
def _statement(schema: str, table: str, names: tuple[str, ...], past_too: bool) -> str:
    """The question for the rows of some records; composed once, since it names every column of a wide table."""
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    condition = "_key = _asked.key AND (_asked.sender IS NULL OR _sender = _asked.sender)"
    query = sql.SQL(
        "SELECT {columns}, NULL::timestamptz AS _to FROM {here} WHERE " + condition
    ).format(columns=columns, here=sql.Identifier(schema, table))
    if past_too:
        past = sql.SQL(
            " AND _from <= %(as_of)s UNION ALL SELECT {columns}, _to FROM {past} WHERE "
            + condition
            + " AND _from <= %(as_of)s AND %(as_of)s < _to"
        ).format(columns=columns, past=sql.Identifier(schema, layout.history(table)))
        query = query + past
    # OFFSET 0 keeps it one look into the index for each key, whatever is known of the table's size.
    return (
        sql.SQL(
            "SELECT r.*, _asked.nth AS _asked FROM unnest(%(keys)s::text[], %(senders)s::text[]) WITH ORDINALITY"
            " AS _asked(key, sender, nth), LATERAL ({query} OFFSET 0) r ORDER BY _asked.nth, r._row"
        )
        .format(query=query)
        .as_string(None)
    )


def _findings(
    conn: psycopg.Connection[Any],
    contract: Contract,
    table: Table,
    rows: list[dict[str, Any]],
    wrong: set[str],
) -> list[Finding]:
    """The warnings with which the rows are kept; `row` is the position among the rows shown.

    Rules that withhold the record are added to `wrong`.
    """
    marked = [(at, row) for at, row in enumerate(rows) if row["_failed"]]
    if not marked:
        return []
    rulesets = load(conn, (row["_ruleset"] for _, row in marked))
    named = named_on(conn, contract, table, rows[0])
    said = [
        (at, row, rulesets[row["_ruleset"]].rules[bit])
        for at, row in marked
        for bit in bits(from_bytes(row["_failed"]))
    ]
    wrong.update(rule.key for _, _, rule in said if withholds(rule))
    return [
        named.told(
            Finding(
                rule=rule.id,
                criterion=rule.criterion,
                severity=rule.severity,
                message=rule.sentence,
                remedy=rule.remedy,
                table=table.name,
                row=at,
                key=row["_key"],
                field=rule.field or None,
            ),
            row["_row"],
        )
        for at, row, rule in said
    ]
