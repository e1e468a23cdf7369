"""JSON lines: one object per line. Numbers keep the digits they were written with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lienthong.contracts.contract import Contract, Table
from lienthong.errors import Refused
from lienthong.records.formats.encodings import BROKEN, Encoding, marked, pieces
from lienthong.records.formats.faults import FaultList, fault
from lienthong.records.formats.header import match_table, may_be_absent, plain_name
from lienthong.records.formats.reading import Reading, Source
from lienthong.records.formats.rowspool import RowSpool
from lienthong.records.formats.spool import or_null

HEAD = 64 * 1024
LINES_SEEN = 50


class Number(str):
    """A number with the digits it was written with."""

    __slots__ = ()


class Pairs(list[Any]):
    """The names and values of an object, in their order, the same name maybe twice."""


_DECODER = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_float=Number, parse_int=Number, parse_constant=str, strict=False
)


def read_json_lines(
    path: Path, hint: str | None, contract: Contract, reading: Reading, faults: FaultList
) -> Source:
    """One file of JSON lines as a source. Raises Refused when no table of the contract fits."""
    with path.open("rb") as stream:
        encoding = marked(stream.read(HEAD)) or Encoding("utf-8")
    table = match_table(contract, hint, path.stem, _first_names(path, encoding))
    columns = tuple(field.name for field in table.fields)
    spool = RowSpool(reading, table, columns)
    objects = Objects(table)
    for line_number, line in lines(path, encoding):
        place = spool.place()
        pairs = parsed(line)
        if pairs is None:
            faults.add(fault("line-broken", **place, line=line_number))
            pairs = []
        if BROKEN in line:
            faults.add(fault("bytes-broken", **place, encoding="UTF-8"))
        spool.append(objects.row(pairs, place, faults))
    for name in sorted(objects.unknown):
        faults.add(fault("column-unknown", table=table.name, name=name[:80]))
    if spool.rows:
        for name in columns:
            if name not in objects.seen and not may_be_absent(table, name):
                faults.add(fault("column-missing", table=table.name, field=name, name=name))
    return spool.source()


def lines(path: Path, encoding: Encoding) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their number from 1."""
    held, number = "", 0
    with path.open("rb") as stream:
        for piece in pieces(stream, encoding):
            *whole, held = (held + piece).split("\n")
            for line in whole:
                number += 1
                if line.strip():
                    yield number, line
    if held.strip():
        yield number + 1, held


def parsed(line: str) -> list[tuple[str, Any]] | None:
    """The names and values of the object on this line; None when it is not one object."""
    line = line.strip(" \t\r\n\ufeff")
    if not line.startswith("{"):
        return None
    try:
        value, end = _DECODER.raw_decode(line)
    except (ValueError, RecursionError):
        return None
    return value if end == len(line) else None


class Objects:
    """Objects as rows of one table."""

    def __init__(self, table: Table) -> None:
        self._names = [field.name for field in table.fields]
        self._places = {name: self._names.index(field) for name, field in table.columns().items()}
        self.seen: set[str] = set()
        self.unknown: set[str] = set()

    def row(
        self, pairs: list[tuple[str, Any]], place: dict[str, Any], faults: FaultList
    ) -> list[str | None]:
        """One object as cells in the order of the table."""
        cells: list[str | None] = [None] * len(self._names)
        taken: set[int] = set()
        for name, value in pairs:
            at = self._places.get(plain_name(name))
            if at is None:
                if len(self.unknown) < 1000:
                    self.unknown.add(name)
                continue
            if at in taken:
                faults.add(
                    fault("name-twice", **place, field=self._names[at], name=self._names[at])
                )
            taken.add(at)
            self.seen.add(self._names[at])
            cells[at] = value_text(value)
        return cells


def value_text(value: Any) -> str | None:
    """A value as text; nested values as JSON."""
    if isinstance(value, str):
        return or_null(value.replace("\x00", "").encode("utf-8", errors="replace").decode())
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _nested(value)


def _nested(value: Any) -> str:
    """A value inside another as JSON; objects come as lists of pairs."""
    if isinstance(value, Number):
        return str(value)
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Pairs):
        inside = (
            f"{json.dumps(str(name), ensure_ascii=False)}: {_nested(one)}" for name, one in value
        )
        return "{" + ", ".join(inside) + "}"
    return "[" + ", ".join(map(_nested, value)) + "]"


def _first_names(path: Path, encoding: Encoding) -> list[str]:
    """The names on the first lines, to find the table."""
    names: dict[str, None] = {}
    for number, (_, line) in enumerate(lines(path, encoding)):
        if number == LINES_SEEN:
            break
        names.update({name: None for name, _ in parsed(line) or []})
    if not names:
        raise Refused("FILE-20", "The file is no XML, CSV, XLSX, Parquet or JSON lines.")
    return list(names)
