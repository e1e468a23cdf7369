"""A record as it was posted: JSON to text cells, its key, its digest and what the rules say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from lienthong.contracts.contract import Contract, Table
from lienthong.contracts.rules.compiled_form import CompiledContract
from lienthong.contracts.rules.python import Answer, RecordEngine
from lienthong.errors import Refused
from lienthong.records.checking.moments import ago
from lienthong.records.store import layout
from lienthong.records.store.rulesets import mask_of

NAME = "record.json"
"""How the name of a posted record ends; in front of it stands the table when the sender named one."""

Rows = dict[str, list[dict[str, str | None]]]

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw])
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


class Posted(msgspec.Struct, kw_only=True):
    """One record on its way in."""

    contract: Contract
    root: Table
    engine: RecordEngine
    sender: str
    province: str
    actor: str
    channel: str
    name: str
    body: bytes
    sha256: str
    received: datetime
    rows: Rows
    key: str | None
    digest: bytes
    answers: dict[str, list[Answer]]
    blocked: bool


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
        return {_only(contract, table).name: [_cells(given, _only(contract, table))]}
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Refused(
            "record.json",
            "The record is not the JSON that is expected (%(why)s): tables with rows, or one row.",
            why=str(error),
        ) from error


def judge(
    engine: RecordEngine, rows: Rows, sender: str, received: datetime
) -> dict[str, list[Answer]]:
    """The rules over the rows; what the record has no rows for counts as empty."""
    marked: dict[str, list[Mapping[str, Any]]] = {
        name: [row | {"_sender": sender, "_row": at, "_unit": 0} for at, row in enumerate(those)]
        for name, those in rows.items()
    }
    return engine.check(marked, received=received, ago=ago)


def blocks(compiled: CompiledContract, answers: dict[str, list[Answer]]) -> bool:
    """Whether a rule that is an error failed."""
    for name, those in answers.items():
        table = compiled.table(name)
        if table is None:
            continue
        for answer in those:
            if any(table.rules[at].rule.severity == "error" for at in answer.failed):
                return True
    return False


def key_of(root: Table, rows: Rows) -> str | None:
    """The key as `intake.units` writes it; None when a part is missing or there is not exactly one root row."""
    own = rows.get(root.name, [])
    if len(own) != 1:
        return None
    parts = [(own[0].get(name) or "").strip() for name in root.key]
    if not all(parts) or not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def digest_of(root: Table, rows: Rows, contract: Contract) -> bytes:
    """The digest as `intake.units` makes it."""
    tables = layout.members(contract, root)
    lines = [
        hashlib.md5(_content(table, row), usedforsecurity=False)
        for table in tables
        for row in rows.get(table.name, [])
    ]
    if len(tables) == 1:
        return lines[0].digest()
    joined = "".join(sorted(line.hexdigest() for line in lines))
    return hashlib.md5(joined.encode(), usedforsecurity=False).digest()


def masks(answer: Answer) -> tuple[int, int]:
    """(failed, unknown) of a row."""
    return mask_of(answer.failed), mask_of(answer.unknown)


def _content(table: Table, row: dict[str, str | None]) -> bytes:
    cells = (
        f"{field.name}\x1e{row[field.name]}"
        for field in table.fields
        if row.get(field.name) is not None
    )
    return "\x1f".join((table.name, *cells)).encode()


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


def _cells(given: dict[str, msgspec.Raw], table: Table) -> dict[str, str | None]:
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
