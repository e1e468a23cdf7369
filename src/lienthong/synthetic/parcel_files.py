"""Parcels as bytes: workbooks, delimited files, Parquet, JSON lines and envelopes, or the body of a posted record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from lienthong.contracts.contract import Contract
from lienthong.synthetic.envelope import Writer
from lienthong.synthetic.parcels import Parcel
from lienthong.synthetic.signing import Signer, signs
from lienthong.synthetic.tables_out import (
    ENCODINGS,
    fields,
    write_csv,
    write_json_lines,
    write_parquet,
    write_xlsx,
)
from lienthong.synthetic.visits import Visit


def write_parcel(
    parcel: Parcel, contract: Contract, folder: Path, signer: Signer | None = None
) -> Path:
    """Write one parcel as the file of its form; several tables need a workbook or an envelope. The envelopes of
    hospitals that sign are signed by `signer`."""
    path = folder / parcel.name
    tables = {name: rows for name, rows in parcel.tables.items() if rows}
    if parcel.form == "xml":
        _write_envelope(path, parcel, contract)
        if signer is not None and signs(parcel.sender):
            signer.sign(path, parcel.sender)
        return path
    if parcel.form == "xlsx":
        write_xlsx(path, contract, tables)
        return path
    ((table, rows),) = tables.items()
    columns = fields(contract, table)
    if parcel.form == "jsonl":
        write_json_lines(path, columns, rows)
    elif parcel.form == "parquet":
        write_parquet(path, columns, rows)
    else:
        write_csv(path, columns, rows, encoding_of(parcel.sender))
    return path


def encoding_of(sender: str) -> str:
    """The encoding in which the program of a sender writes delimited files; always the same one."""
    return ENCODINGS[sum(map(ord, sender)) % len(ENCODINGS)]


def body_of(parcel: Parcel, contract: Contract) -> bytes:
    """A parcel as the JSON object in which a record is posted."""
    from lienthong.synthetic.filling import cell

    content = {}
    for name, rows in parcel.tables.items():
        columns = fields(contract, name)
        content[name] = [
            {field.name: value for field in columns if (value := cell(field, row))} for row in rows
        ]
    return msgspec.json.encode({name: rows for name, rows in content.items() if rows})


def _write_envelope(path: Path, parcel: Parcel, contract: Contract) -> None:
    visits = parcel.facts["visits"]
    assert isinstance(visits, Sequence)
    made: list[Visit] = list(visits)
    with path.open("wb") as out:
        for _ in Writer(contract).write(out, parcel.sender, parcel.sent, made, len(made)):
            pass
