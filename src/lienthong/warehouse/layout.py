"""How a table of a contract stands in Parquet: its fields typed, and beside them whose rows they are.

A cell that did not parse is empty in the typed column; that something was sent stays in a column of its own, so
that a rule about the type answers as it did on arrival.
"""

from __future__ import annotations

import hashlib

import pyarrow as pa

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.casts import TEXT_PREFIX
from lienthong.records.store import layout

ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "time": pa.time64("us"),
}

SYSTEM: dict[str, pa.DataType] = {
    "_key": pa.string(),
    "_sender": pa.string(),
    "_province": pa.string(),
    "_unit": pa.int64(),
    "_row": pa.int64(),
    "_version": pa.int32(),
    "_receipt": pa.string(),
    "_from": pa.timestamp("us"),
    "_received": pa.timestamp("us"),
    "_minute": pa.int64(),
    "_counted": pa.date32(),
    "_ruleset": pa.int32(),
    "_failed": pa.string(),
    "_unknown": pa.string(),
    "_waiting": pa.bool_(),
    "_entry": pa.int64(),
    "_stands": pa.bool_(),
    "_event": pa.string(),
}
"""What the store adds to each row. Moments are UTC; `_received` is when the receipt was given, `_minute` the same
in minutes since 1970, `_counted` the day of its counts in Vietnam; `_failed` and `_unknown` are the kept masks, the
highest byte first, in hexadecimal; `_entry` is the quarantine entry of a row that waits; `_stands`: other rows may
find it (a row that waits while an older version of its record is kept is found by nobody); `_event` is the event of
the unit's root, as text, in the tables that hang on it."""

NO_MONTH = "000000"
PROVINCE, MONTH = "_p", "_m"
"""Columns that say the partition while rows travel; they are the folder's name in the warehouse."""


def malformed(contract_table: Table) -> list[str]:
    """The columns with what was sent where it did not parse: one for each field that is not text."""
    return [TEXT_PREFIX + field.name for field in contract_table.fields if field.type != "string"]


def schema(table: Table) -> pa.Schema:
    """The columns of a table's files."""
    fields = [pa.field(field.name, ARROW.get(field.type, pa.string())) for field in table.fields]
    fields += [pa.field(name, pa.string()) for name in malformed(table)]
    fields += [pa.field(name, kind) for name, kind in SYSTEM.items()]
    return pa.schema(fields)


def shape_of(contract: Contract, table: Table) -> str:
    """Changes when a table's files would look otherwise: other columns, or another field that says the month."""
    root = layout.root_of(contract, table)
    said = f"{schema(table)}\n{root.name}\n{root.event}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]
