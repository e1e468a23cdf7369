"""Which files of a folder are the submission: beside the tables lie contracts, read-me files, findings of before."""

from __future__ import annotations

from pathlib import Path

from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.records.formats.sniffing import Format, sniff

TABLES = (".csv", ".tsv", ".xlsx", ".parquet", ".jsonl", ".ndjson")
"""Endings of files that are rows: one that is no table of the contract is told of."""
PERHAPS = (".txt", ".json", ".pq", ".dat")
"""Endings of files that may be rows: taken when they are called like a table, else passed over in silence."""


def files_of(folder: Path, contract: Contract) -> tuple[list[Path], list[Path]]:
    """(files to read, files of rows that fit no table), both by name.

    Messages are always read. Once a file is called like a table, files called otherwise are not tried; without
    one their columns decide. Raises Refused when nothing is left.
    """
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] not in "._")
    messages = [path for path in found if path.suffix.lower() in (".xml", "") and _is_message(path)]
    rows = [path for path in found if path.suffix.lower() in (*TABLES, *PERHAPS)]
    called = [path for path in rows if contract.called(path.stem.strip()) is not None]
    others = [path for path in rows if path not in called and path.suffix.lower() in TABLES]
    if called:
        return [*messages, *called], others
    chosen = [*messages, *others]
    if not chosen:
        raise Refused(
            "FILE-24",
            "The folder holds no file of contract %(contract)s; name each file after its table: %(tables)s.",
            contract=contract.name,
            tables=", ".join(table.name for table in contract.tables),
        )
    return chosen, []


def _is_message(path: Path) -> bool:
    try:
        return sniff(path) is Format.XML
    except Refused:
        return path.suffix.lower() == ".xml"
