"""The tables of a reading as DuckDB sees them: `src_<table>` as sent, `typed_<table>` softly cast."""

from __future__ import annotations

from typing import Any

import duckdb

from lienthong.contracts.contract import Field, Table
from lienthong.contracts.rules.casts import SQL_TYPES, TEXT_PREFIX, from_native, literal, quoted

RESERVED_TYPES = {"_row": "BIGINT", "_unit": "BIGINT"}
"""Columns that every row has beside its fields; others that begin with _ come from an envelope as text."""


def source_name(table: str) -> str:
    """The relation with the cells as sent."""
    return quoted(f"src_{table}")


def column_types(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column name to DuckDB type of a relation."""
    rows = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def attach_source(
    con: duckdb.DuckDBPyConnection, source: Any, sender: str | None = None
) -> dict[str, str]:
    """Makes `src_<table>` of a source of `records.formats`; returns its columns with their types.

    `sender` fills the reserved column `_sender` of a source that has none.
    """
    source.attach(con)
    relation = source.relation.strip()
    if relation.upper().startswith(("SELECT", "WITH", "FROM")):
        relation = f"({relation})"
    name = source_name(source.table)
    found = column_types(con, relation)
    extra = ""
    if sender is not None and "_sender" not in found:
        extra, found["_sender"] = f", {literal(sender)} AS _sender", "VARCHAR"
    con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT *{extra} FROM {relation}")
    return found


def attach_empty(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, str]:
    """`src_<table>` without rows: in an envelope a table that is not sent is a table without rows."""
    columns = {"_row": "BIGINT", "_unit": "BIGINT"} | {
        field.name: "VARCHAR" for field in table.fields
    }
    selected = ", ".join(f"NULL::{kind} AS {quoted(name)}" for name, kind in columns.items())
    con.execute(
        f"CREATE OR REPLACE VIEW {source_name(table.name)} AS SELECT {selected} WHERE false"
    )
    return columns


def matched_columns(table: Table, found: dict[str, str]) -> dict[str, str]:
    """Field name to the column's own spelling: exact, else without regard to case and spaces around it."""
    loose = {name.strip().upper(): name for name in reversed(list(found))}
    return {
        field.name: field.name if field.name in found else loose[field.name.upper()]
        for field in table.fields
        if field.name in found or field.name.upper() in loose
    }


def typed_columns(table: Table, found: dict[str, str]) -> dict[str, str]:
    """Column name to SQL over `src_<table>`: reserved ones, each field typed, and the text of fields not text."""
    names = matched_columns(table, found)
    columns = {
        name: quoted(name) if name in found else f"NULL::{kind}"
        for name, kind in RESERVED_TYPES.items()
    }
    columns |= {
        name: quoted(name) for name in found if name.startswith("_") and name not in columns
    }
    for field in table.fields:
        columns[field.name] = _typed(field, names, found)
        if field.type != "string":
            columns[TEXT_PREFIX + field.name] = _sent(field, names, found)
    return columns


def cell_text(field: Field, names: dict[str, str], found: dict[str, str]) -> str:
    """The cell as it was sent, as text; NULL for a column that is not there."""
    if field.name not in names:
        return "NULL::VARCHAR"
    column = quoted(names[field.name])
    return column if found[names[field.name]] == "VARCHAR" else f"CAST({column} AS VARCHAR)"


def _sent(field: Field, names: dict[str, str], found: dict[str, str]) -> str:
    """The cell as it was sent, only to be asked whether it is there: never turned into text for that."""
    return quoted(names[field.name]) if field.name in names else "NULL::VARCHAR"


def _typed(field: Field, names: dict[str, str], found: dict[str, str]) -> str:
    if field.name not in names:
        return f"NULL::{SQL_TYPES[field.type]}"
    column = names[field.name]
    return from_native(field.type, quoted(column), found[column], field.format)


def select_typed(table: Table, found: dict[str, str], only: set[str] | None = None) -> str:
    """SELECT of the typed columns (all, or those in `only`)."""
    columns = typed_columns(table, found)
    selected = ", ".join(
        f"{sql} AS {quoted(name)}" for name, sql in columns.items() if only is None or name in only
    )
    return f"SELECT {selected} FROM {source_name(table.name)}"


def attach_typed(con: duckdb.DuckDBPyConnection, table: Table, found: dict[str, str]) -> None:
    """Makes the view `typed_<table>`."""
    view = quoted(f"typed_{table.name}")
    con.execute(f"CREATE OR REPLACE VIEW {view} AS {select_typed(table, found)}")


def attach_plain(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Makes the view `plain_<table>`, for SQL that a contract brings as it is."""
    con.execute(f"CREATE OR REPLACE VIEW {quoted(f'plain_{table.name}')} AS {select_plain(table)}")


def select_plain(table: Table, *more: str) -> str:
    """SELECT of what the contract calls the columns of a table and of nothing else: `SELECT DISTINCT *` over
    it means what its author meant. A column goes by its physical name and, where that is free, by its own.
    """
    columns = [f"{quoted(field.name)} AS {quoted(_sql_name(field))}" for field in table.fields]
    taken = {_sql_name(field).casefold() for field in table.fields}
    columns += [quoted(field.name) for field in table.fields if field.name.casefold() not in taken]
    shown = ", ".join([*columns, *more])
    return f"SELECT {shown or '_row'} FROM {quoted('typed_' + table.name)}"


def _sql_name(field: Field) -> str:
    return field.physical_name or field.name
