"""A record as it was posted: a JSON object to rows of text cells."""

from __future__ import annotations

import msgspec

from lienthong.contracts.contract import Contract, Table
from lienthong.errors import Refused
from lienthong.records.intake.single.unit import Cells, Rows, Unit
from lienthong.records.store import layout

NAME = "record.json"
"""How the name of a posted record ends; in front of it stands the table when the sender named one."""

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw])
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


class Posted(msgspec.Struct, kw_only=True):
    """One record on its way in, and who sent it how."""

    unit: Unit
    actor: str
    channel: str
    name: str
    body: bytes
    sha256: str


def rows_of(body: bytes, contract: Contract, table: str | None = None) -> Rows:
    """The rows of a posted JSON object as text.

    Either {table: row or [rows]}, or the fields of one row of `table` (default: the contract's only root).
    Raises Refused with what was expected.
    """
    tables = {one.name: one for one in contract.tables}
    try:
        given = _decode.decode(body)
        if table is None and given and all(name in tables for name in given):
            return {
                name: [_cells(row, tables[name]) for row in _list(raw)]
                for name, raw in given.items()
            }
        only = _only(contract, table)
        return {only.name: [_cells(given, only)]}
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Refused(
            "record.json",
            "The record is not the JSON that is expected (%(why)s): tables with rows, or one row.",
            why=str(error),
        ) from error


def _list(raw: msgspec.Raw) -> list[dict[str, msgspec.Raw]]:
    return [_object.decode(raw)] if bytes(raw).startswith(b"{") else _objects.decode(raw)


def _only(contract: Contract, table: str | None) -> Table:
    if table is not None:
        found = contract.table(table)
        if found is None:
            raise Refused(
                "record.table-unknown", "The contract has no table %(table)s.", table=table
            )
        return found
    roots = layout.roots(contract)
    if len(roots) != 1:
        raise Refused(
            "record.table-needed",
            "Say which table the record belongs to: %(choices)s.",
            choices=", ".join(root.name for root in roots),
        )
    return roots[0]


def _cells(given: dict[str, msgspec.Raw], table: Table) -> Cells:
    known = {field.name for field in table.fields}
    unknown = [name for name in given if name not in known]
    if unknown:
        raise Refused(
            "record.field-unknown",
            "Table %(table)s has no field %(names)s.",
            table=table.name,
            names=", ".join(unknown[:5]),
        )
    return {name: _cell(raw) for name, raw in given.items()}


def _cell(raw: msgspec.Raw) -> str | None:
    """The cell as it was written; a number keeps its digits. NUL has no place in text."""
    written = bytes(raw)
    if written.startswith(b'"'):
        return _text.decode(written).replace("\x00", "") or None
    if written.startswith((b"{", b"[")):
        raise msgspec.ValidationError("a cell holds text, a number, true, false or null")
    return None if written == b"null" else written.decode()
