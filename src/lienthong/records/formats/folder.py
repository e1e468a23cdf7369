"""Which files of a folder are the submission: beside the tables lie contracts, read-me files, findings of before."""

from __future__ import annotations

import re
from pathlib import Path

from lienthong.contracts.contract import Contract, Table
from lienthong.errors import Refused
from lienthong.records.formats.header import shared_names
from lienthong.records.formats.sniffing import HEAD, Format, head_text, sniff

TABLES = (".csv", ".tsv", ".xlsx", ".parquet", ".jsonl", ".ndjson")
"""Endings of files that are rows: one that is no table of the contract is told of."""
PERHAPS = (".txt", ".json", ".pq", ".dat")
"""Endings of files that may be rows: taken when they are called like a table, else passed over in silence."""


def files_of(folder: Path, contract: Contract) -> tuple[list[Path], list[Path]]:
    """(files to read, files of rows that fit no table), both by name.

    Messages are always read. Once a file is called like a table, one called otherwise is read when most of its
    columns are those of a table that has no file yet; without such names the columns decide alone. Raises
    Refused when nothing is left.
    """
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] not in "._")
    messages = [path for path in found if path.suffix.lower() in (".xml", "") and _is_message(path)]
    rows = [path for path in found if path.suffix.lower() in (*TABLES, *PERHAPS)]
    called = [path for path in rows if contract.called(path.stem.strip()) is not None]
    others = [path for path in rows if path not in called and path.suffix.lower() in TABLES]
    if called:
        tables = (contract.called(path.stem.strip()) for path in called)
        taken = {table.name for table in tables if table is not None}
        free = [table for table in contract.tables if table.name not in taken]
        fitting = [path for path in others if any(_fits(path, table) for table in free)]
        left = [path for path in others if path not in fitting]
        return [*messages, *called, *fitting], left
    chosen = [*messages, *others]
    if not chosen:
        raise Refused(
            "FILE-24",
            "The folder holds no file of contract %(contract)s; name each file after its table: %(tables)s.",
            contract=contract.name,
            tables=", ".join(table.name for table in contract.tables),
        )
    return chosen, []


def _fits(path: Path, table: Table) -> bool:
    """Whether most columns of a delimited file are fields of the table."""
    if path.suffix.lower() not in (".csv", ".tsv"):
        return False
    with path.open("rb") as stream:
        first = head_text(stream.read(HEAD)).lstrip().partition("\n")[0]
    names = [name.strip(' "\r') for name in re.split(r"[,;\t|]", first)]
    shared = len(shared_names(table, names))
    return shared > 1 and shared * 2 > len(names)


def _is_message(path: Path) -> bool:
    try:
        return sniff(path) is Format.XML
    except Refused:
        return path.suffix.lower() == ".xml"
