"""How a contract's tables stand in PostgreSQL: their columns, and the names that are ours and not the sender's.

Every table has a current and a history twin. A unit of acceptance (a visit, a licence) is replaced whole: its
old rows move to history with the moment they ceased to hold.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lienthong.contracts.contract import Contract, Field, Table

TYPES = {
    "string": "text",
    "integer": "bigint",
    "number": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "time": "time",
}
"""Logical types of ODCS to PostgreSQL. A cell that does not parse is NULL here and stays in the bytes sent."""

SYSTEM = {
    "_key": "text NOT NULL",
    "_sender": "text NOT NULL",
    "_province": "text NOT NULL",
    "_unit": "bigint NOT NULL",
    "_row": "bigint NOT NULL",
    "_version": "integer NOT NULL",
    "_receipt": "text NOT NULL",
    "_from": "timestamptz NOT NULL",
    "_ruleset": "integer NOT NULL",
    "_failed": "bytea",
    "_unknown": "bytea",
}
"""What the store adds to each row: whose it is, where it came from, since when it holds, what its rules said."""

DIGEST = {"_digest": "bytea NOT NULL"}
UNTIL = {"_to": "timestamptz NOT NULL"}
KEY_LENGTH = 400
"""A longer key is refused: it would not fit an index page of PostgreSQL."""


def root_of(contract: Contract, table: Table) -> Table:
    """The table whose row opens the unit of acceptance to which rows of `table` belong."""
    return (contract.table(table.root) if table.root else None) or table


def roots(contract: Contract) -> list[Table]:
    """The tables that open units, in contract order."""
    return [table for table in contract.tables if root_of(contract, table) is table]


def members(contract: Contract, root: Table) -> list[Table]:
    """The tables of a unit, its root first."""
    others = [t for t in contract.tables if t is not root and root_of(contract, t) is root]
    return [root, *others]


def column_type(field: Field) -> str:
    """The PostgreSQL type of a field."""
    return TYPES.get(field.type, "text")


def columns(contract: Contract, table: Table) -> dict[str, str]:
    """All columns of the current table: the fields, then what the store adds."""
    fields = {field.name: column_type(field) for field in table.fields}
    own = {**SYSTEM, **(DIGEST if root_of(contract, table) is table else {})}
    return {**fields, **own}


def history(name: str) -> str:
    """The name of the table's history twin."""
    return f"{name}_history"


def structure(contract: Contract) -> dict[str, Any]:
    """What of a contract decides its tables; recorded with each version and compared with the next."""
    made: dict[str, Any] = {}
    for table in contract.tables:
        made[table.name] = {
            "root": root_of(contract, table).name,
            "key": list(table.key),
            "fields": {field.name: column_type(field) for field in table.fields},
        }
        if found := lookups(table):
            made[table.name]["lookups"] = found
    return made


def lookups(table: Table) -> list[str]:
    """The fields by which records are looked up one at a time (custom property `lookup`): each has an index."""
    return [
        field.name
        for field in table.fields
        if field.properties.get("lookup") is True and column_type(field) == "text"
    ]


class Kept(NamedTuple):
    """A column of older rows: the field whose value it holds."""

    column: str
    field: str


def kept_columns(structure: dict[str, Any], table: str) -> list[Kept]:
    """Columns of a table that its contract does not fill any more, newest first."""
    held = (structure.get(table) or {}).get("kept") or {}
    order = sorted(held.items(), key=lambda item: -int(item[1]["until"]))
    return [Kept(column, str(about["field"])) for column, about in order]


def gone_members(structure: dict[str, Any], root: str) -> list[str]:
    """Tables of a unit that its contract has no more."""
    return [
        name
        for name, about in structure.items()
        if "gone" in about and about["root"] == root and name != root
    ]
