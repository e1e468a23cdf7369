"""Visits as hospitals send them: GIAMDINHHS envelopes with base64 inner documents, in the variants that
real software writes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from xml.sax.saxutils import escape

from lienthong.contracts.contract import Contract, Field, Table
from lienthong.contracts.versions import field_on, version_on
from lienthong.synthetic.chance import chance
from lienthong.synthetic.filling import cell
from lienthong.synthetic.lines import Row
from lienthong.synthetic.visits import Visit

BOM = b"\xef\xbb\xbf"
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


@dataclass(frozen=True)
class Dialect:
    """How one hospital program writes: byte-order marks, the order of elements, indentation, wrapped base64."""

    outer_bom: bool = False
    inner_bom: bool = False
    shuffled: bool = False
    indented: bool = True
    wrapped: bool = False

    @classmethod
    def of(cls, facility: str) -> Dialect:
        """The dialect of the program this facility uses; the same for all its files."""
        random = chance(0, f"dialect/{facility}")
        return cls(*(random.random() < share for share in (0.3, 0.2, 0.3, 0.6, 0.2)))


class Writer:
    """Writes envelopes of one contract; fields and inner roots come from the contract, so a new field
    appears by itself."""

    def __init__(self, contract: Contract) -> None:
        self.tables = {table.name: table for table in contract.tables if table.xml}
        self._names = {
            table.name: {field.name for field in table.fields} for table in contract.tables
        }
        self._contract = contract
        self._orders: dict[tuple[str, bool, str], list[Field]] = {}

    def write(self, out: BinaryIO, facility: str, sent: datetime, visits: Iterable[Visit], count: int,
              dialect: Dialect | None = None) -> Iterator[Visit]:  # fmt: skip
        """Write one file of `count` visits to `out`, giving each visit back when it stands in the file."""
        dialect = dialect or Dialect.of(facility)
        head = (
            f'{DECLARATION}<GIAMDINHHS xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xmlns:xsd="http://www.w3.org/2001/XMLSchema"><THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI>'
            f"<THONGTINHOSO><NGAYLAP>{sent:%Y%m%d}</NGAYLAP><SOLUONGHOSO>{count}</SOLUONGHOSO><DANHSACHHOSO>\n"
        )
        out.write((BOM if dialect.outer_bom else b"") + head.encode())
        for visit in visits:
            out.write(b"<HOSO>")
            day = event_day(visit)
            for name, rows in visit.tables.items():
                out.write(
                    b"<FILEHOSO><LOAIHOSO>"
                    + self.tables[name].xml["loai"].encode()
                    + b"</LOAIHOSO><NOIDUNGFILE>"
                )
                inner = self.document(self.tables[name], rows, dialect, day)
                out.write(_base64(inner, dialect.wrapped))
                out.write(b"</NOIDUNGFILE></FILEHOSO>")
            out.write(b"</HOSO>\n")
            yield visit
        out.write(b"</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>\n")

    def document(
        self, table: Table, rows: list[Row], dialect: Dialect, day: int | None = None
    ) -> bytes:
        """The inner document of one table: every field that the contract has on the day of the visit (yyyymmdd;
        without one every field), empty when there is no value."""
        shape = table.xml
        end = "\n" if dialect.indented else ""
        order = self._order(table, dialect.shuffled, day)
        bodies = []
        for row in rows:
            cells = [_element(field.name, cell(field, row)) for field in order]
            cells += [
                _element(name, row[name]) for name in sorted(row.keys() - self._names[table.name])
            ]
            bodies.append(end.join(cells))
        if shape.get("row"):
            bodies = [f"<{shape['row']}>{end}{body}{end}</{shape['row']}>" for body in bodies]
        body = end.join(bodies)
        if shape.get("list"):
            body = f"<{shape['list']}>{end}{body}{end}</{shape['list']}>"
        text = f"{DECLARATION}<{shape['root']}>{end}{body}{end}</{shape['root']}>"
        return (BOM if dialect.inner_bom else b"") + text.encode()

    def _order(self, table: Table, shuffled: bool, day: int | None) -> list[Field]:
        version = version_on(self._contract, day) if day is not None else None
        key = (table.name, shuffled, version.id if version else "")
        if key not in self._orders:
            on = version.last if version else None
            fields = [f for f in table.fields if on is None or field_on(f, on) is not None]
            if shuffled:
                chance(0, f"order/{table.name}").shuffle(fields)
            self._orders[key] = fields
        return self._orders[key]


def event_day(visit: Visit) -> int | None:
    """The day on which the visit ended (yyyymmdd), by which its version is chosen."""
    ended = next((row.get("NGAY_RA") for row in visit.tables.get("XML1", ())), None) or ""
    return int(ended[:8]) if ended[:8].isdigit() and len(ended) >= 8 else None


def _element(name: str, value: str) -> str:
    if not value:
        return f"<{name}/>"
    text = escape(value) if "&" in value or "<" in value or ">" in value else value
    return f"<{name}>{text}</{name}>"


def _base64(document: bytes, wrapped: bool) -> bytes:
    return base64.encodebytes(document) if wrapped else base64.b64encode(document)
