"""Rows as files that hospitals really send: CSV in the encodings found in Vietnam, spreadsheets, Parquet,
JSON lines."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from lienthong.contracts.contract import Contract, Field
from lienthong.synthetic.filling import cell
from lienthong.synthetic.lines import Row

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1258")
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def fields(contract: Contract, table: str) -> tuple[Field, ...]:
    """The fields of a table in the order of the contract."""
    found = contract.table(table)
    assert found is not None, table
    return found.fields


def write_csv(
    path: Path, columns: Sequence[Field], rows: Sequence[Row], encoding: str = "utf-8"
) -> None:
    """A CSV file; `cp1258` (Windows Vietnamese) holds tones as marks behind their letters."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([field.name for field in columns])
    writer.writerows([cell(field, row) for field in columns] for row in rows)
    content = text.getvalue()
    path.write_bytes((tones_apart(content) if encoding == "cp1258" else content).encode(encoding))


def tones_apart(text: str) -> str:
    """Each Vietnamese letter with a tone as its letter and the tone behind it, as Windows-1258 writes it."""
    if text.isascii():
        return text
    return "".join(_apart(letter) for letter in text)


def _apart(letter: str) -> str:
    marks = unicodedata.normalize("NFD", letter)
    tone = next((mark for mark in marks if mark in _TONES), "")
    return unicodedata.normalize("NFC", marks.replace(tone, "")) + tone if tone else letter


def write_xlsx(path: Path, contract: Contract, tables: Mapping[str, Sequence[Row]]) -> None:
    """A workbook with one sheet for each table; every cell is text, so no zero is lost."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        for table, rows in tables.items():
            sheet = book.add_worksheet(table)
            columns = fields(contract, table)
            sheet.write_row(0, 0, [field.name for field in columns])
            for at, row in enumerate(rows, 1):
                for column, field in enumerate(columns):
                    if value := cell(field, row):
                        sheet.write_string(at, column, value)


def write_parquet(path: Path, columns: Sequence[Field], rows: Sequence[Row]) -> None:
    """A Parquet file of text columns; blank is null."""
    import pyarrow
    import pyarrow.parquet

    data = {
        field.name: pyarrow.array([cell(field, row) or None for row in rows], pyarrow.string())
        for field in columns
    }
    pyarrow.parquet.write_table(pyarrow.table(data), path)


def write_json_lines(path: Path, columns: Sequence[Field], rows: Sequence[Row]) -> None:
    """One object for each row; blank cells are null."""
    encode = msgspec.json.encode
    with path.open("wb") as out:
        for row in rows:
            out.write(encode({field.name: cell(field, row) or None for field in columns}) + b"\n")
