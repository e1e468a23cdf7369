"""Submissions that are tables already: one file, or one file for each table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from lienthong.contracts.contract import Contract
from lienthong.errors import Refused
from lienthong.records.formats.faults import Fault, FaultList, fault
from lienthong.records.formats.presence import split
from lienthong.records.formats.reading import Reading, ReadingOptions, Source
from lienthong.records.formats.sniffing import Format


def read_tables(
    files: list[tuple[str | None, Path, Format]],
    contract: Contract,
    reading: Reading,
    faults: FaultList,
    options: ReadingOptions,
) -> None:
    """Read files of rows into the sources of a reading. Raises Refused when two files are the same table."""
    before = dict(reading.sources), list(faults)
    for hint, path, kind in files:
        for source in _sources(hint, path, kind, contract, reading, faults, options):
            if source.table in reading.sources:
                raise Refused(
                    "FILE-27",
                    "Table %(table)s comes in two files; send it once.",
                    table=source.table,
                )
            reading.sources[source.table] = source
            if source.count == 0:
                faults.add(fault("file-empty", table=source.table))
    if reading.optimistic:
        reading.rereading = Again(files, contract, options, *before)


class Again:
    """Reads the same files without taking any of them on trust."""

    def __init__(
        self,
        files: list[tuple[str | None, Path, Format]],
        contract: Contract,
        options: ReadingOptions,
        sources: dict[str, Source],
        faults: list[Fault],
    ) -> None:
        self._files, self._contract = files, contract
        self._options = dataclasses.replace(options, optimistic=False)
        self._sources, self._faults = sources, faults

    def __call__(self, reading: Reading) -> None:
        """Replace the sources and the faults that came from tables."""
        faults = FaultList()
        faults.extend(self._faults)
        reading.sources.clear()
        reading.sources.update(self._sources)
        read_tables(self._files, self._contract, reading, faults, self._options)
        reading.faults, reading.dated = split(self._contract, faults)


def _sources(
    hint: str | None,
    path: Path,
    kind: Format,
    contract: Contract,
    reading: Reading,
    faults: FaultList,
    options: ReadingOptions,
) -> Iterable[Source]:
    if kind is Format.PARQUET:
        from lienthong.records.formats.columnar import read_columnar

        return [read_columnar(path, hint, contract, faults)]
    if kind is Format.XLSX:
        from lienthong.records.formats.spreadsheet import read_spreadsheet

        return read_spreadsheet(path, hint, contract, reading, faults)
    if kind is Format.JSON_LINES:
        from lienthong.records.formats.jsonlines import read_json_lines

        return [read_json_lines(path, hint, contract, reading, faults)]
    from lienthong.records.formats.delimited import read_delimited

    return [read_delimited(path, hint, contract, reading, faults, options)]
