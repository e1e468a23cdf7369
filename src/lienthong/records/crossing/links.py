"""Which fields link the tables of databases, as their rules say it, with an index for every side of a link."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from lienthong.contracts.contract import Contract
from lienthong.contracts.keys import key_of

LONGEST = 120
"""Longer texts are never keys of another database; an index of them could not hold them."""


class Link(NamedTuple):
    """A rule of `contract.table` looks at rows of `other_contract.other_table` with the same values in these keys."""

    contract: str
    table: str
    rule: str
    fields: tuple[str, ...]
    other_contract: str
    other_table: str
    other_fields: tuple[str, ...]


def links_of(contract: Contract) -> Iterator[Link]:
    """The links that a contract's rules make."""
    for table in contract.tables:
        for rule in table.rules:
            for other in rule.other:
                lent = contract.lent(other.table)
                if lent is None or any(
                    table.field(key_of(own).field) is None for _, own in other.on
                ):
                    continue
                database, _, name = lent.name.partition(".")
                yield Link(
                    contract.name,
                    table.name,
                    rule.id,
                    tuple(own for _, own in other.on),
                    database,
                    name,
                    tuple(theirs for theirs, _ in other.on),
                )


def record_links(conn: psycopg.Connection[Any], contract: Contract) -> None:
    """Replace the links of a contract by those of its present rules; index them. Needs the owner of the tables."""
    conn.execute("DELETE FROM records.crossing_link WHERE contract = %s", [contract.name])
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO records.crossing_link VALUES (%s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [(*link[:3], list(link[3]), *link[4:6], list(link[6])) for link in links_of(contract)],
        )
    for (table,) in conn.execute(
        "SELECT DISTINCT table_name FROM records.crossing_link WHERE contract = %s", [contract.name]
    ).fetchall():
        # Rows that nobody could judge when they came are found by what could not be said of them.
        conn.execute(
            sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} (_ruleset)").format(
                sql.Identifier(f"crossing_ruleset_{table}"[:63]),
                sql.Identifier(contract.name, table),
            )
        )
    rows = conn.execute(
        "SELECT contract, table_name, fields FROM records.crossing_link WHERE contract = %(name)s UNION"
        " SELECT other_contract, other_table, other_fields FROM records.crossing_link"
        " WHERE contract = %(name)s OR other_contract = %(name)s",
        {"name": contract.name},
    ).fetchall()
    for schema, table, fields in rows:
        _index(conn, schema, table, fields)


def links_to(conn: psycopg.Connection[Any], contract: str) -> list[Link]:
    """The links by which rules of any database look at this one."""
    return _read(conn, "other_contract", contract)


def links_from(conn: psycopg.Connection[Any], contract: str) -> list[Link]:
    """The links by which the rules of this database look at others."""
    return _read(conn, "contract", contract)


def short(alias: str, kinds: dict[str, str], fields: tuple[str, ...]) -> sql.Composed:
    """The condition under which a row is in the index of these fields."""
    texts = [one for one in fields if kinds.get(one) == "text"]  # a beginning is short by itself
    parts = [
        sql.SQL("length({}) <= {}").format(
            sql.Identifier(*([alias] if alias else []), name), LONGEST
        )
        for name in texts
    ]
    return sql.SQL(" AND ").join(parts) if parts else sql.SQL("true").format()


def key_sql(written: str, alias: str = "") -> sql.Composable:
    """The SQL of a key over the row of that alias, as the indexes have it."""
    return beginning(written, sql.Identifier(*([alias] if alias else []), key_of(written).field))


def beginning(written: str, column: sql.Composable) -> sql.Composable:
    """The SQL of a key over that of its field."""
    first = key_of(written).first
    return column if first is None else sql.SQL("left({}, {})").format(column, first)


def _read(conn: psycopg.Connection[Any], column: str, contract: str) -> list[Link]:
    rows = conn.execute(
        sql.SQL("SELECT * FROM records.crossing_link WHERE {} = %s ORDER BY 1, 2, 3, 4").format(
            sql.Identifier(column)
        ),
        [contract],
    ).fetchall()
    return [
        Link(contract, table, rule, tuple(fields), other, there, tuple(theirs))
        for contract, table, rule, fields, other, there, theirs in rows
    ]


def _index(conn: psycopg.Connection[Any], schema: str, table: str, fields: list[str]) -> None:
    kinds = {
        name: kind
        for name, kind in conn.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s AND column_name = ANY(%s)",
            [schema, table, [key_of(one).field for one in fields]],
        ).fetchall()
    }
    if set(kinds) != {key_of(one).field for one in fields}:
        return  # that database has not been laid out yet, or not with these fields
    digest = hashlib.sha256("\n".join((table, *fields)).encode()).hexdigest()[:16]
    conn.execute(
        sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} ({}) WHERE {}").format(
            sql.Identifier(f"crossing_{digest}"),
            sql.Identifier(schema, table),
            sql.SQL(", ").join(map(key_sql, fields)),
            short("", kinds, tuple(fields)),
        )
    )
