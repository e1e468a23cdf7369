"""The documents inside the envelope: one per table, recognised by the root element, read into columns.

A document is read by `plain` when it has the plain shape and by lxml otherwise. Nothing here refers to
other files: DOCTYPE and entities are refused, depth and size are bounded.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lxml import etree

from lienthong.contracts.contract import Contract
from lienthong.records.formats.faults import Fault, fault
from lienthong.records.formats.plain import PlainReader, Row, Shape

INNER_LIMIT = 32 * 1024 * 1024
"""Largest inner document in bytes; a long stay has some thousand rows of about one kilobyte."""

_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_DECLARED = re.compile(rb"^<\?xml[^>]*?encoding=[\"']([A-Za-z0-9._-]+)[\"']")
SIGNATURES = frozenset({"CHUKYDONVI", "Signature"})
"""Elements beside the rows that carry signatures, not data."""


def safe_parser() -> etree.XMLParser:
    """A parser that reads what is in front of it and nothing else (no entities, files or network).

    libxml2's own bounds stay on: 256 levels, 10 MB in one text, amplification of entities.
    """
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True, recover=False,
    )


class Layout(NamedTuple):
    """Where the rows of one table stand in its document (contract property `xml`)."""

    table: str
    label: str
    root: str
    listed: tuple[str, str] | None
    columns: tuple[str, ...]


def layouts(contract: Contract) -> dict[str, Layout]:
    """The layouts of a contract by root element; tables without `xml.root` have none."""
    found = {}
    for table in contract.tables:
        root = table.xml.get("root")
        if root:
            listed = (table.xml["list"], table.xml["row"]) if table.xml.get("list") else None
            columns = tuple(field.name for field in table.fields)
            found[root] = Layout(table.name, table.xml.get("loai") or table.name, root, listed, columns)
    return found


class Block:
    """Rows of all tables read so far, in the order of the file, with what was noticed."""

    def __init__(self) -> None:
        self.units = 0
        self.rows: dict[str, list[Row]] = {}
        self.row_units: dict[str, list[int]] = {}
        self.faults: list[Fault] = []
        self.missing: dict[tuple[str, tuple[str, ...]], int] = {}
        self.unknown: dict[tuple[str, str], list[int]] = {}
        self.stray: dict[str, int] = {}

    def add(self, table: str, rows: list[tuple[Row, Shape]], unit: int) -> None:
        """Append rows of one unit."""
        kept = self.rows.setdefault(table, [])
        first = len(kept)
        kept.extend([row for row, _ in rows])
        self.row_units.setdefault(table, []).extend([unit] * len(rows))
        for at, (_, shape) in enumerate(rows, first):
            if shape.missing:
                key = (table, shape.missing)
                self.missing[key] = self.missing.get(key, 0) + 1
            for name in shape.unknown:
                self.not_known(table, name, at, unit)

    def not_known(self, table: str, name: str, row: int, unit: int) -> None:
        """Count an element that the contract does not name; the first place is kept."""
        seen = self.unknown.setdefault((table, name), [0, row, unit])
        seen[0] += 1


class InnerReader:
    """Reads inner documents of one contract into a Block."""

    def __init__(self, found: dict[str, Layout], limit: int = INNER_LIMIT) -> None:
        self.layouts = found
        self.limit = limit
        self._plain = {
            root: PlainReader(root, layout.columns, layout.listed) for root, layout in found.items()
        }
        self._by_label = {layout.label: layout for layout in found.values()}

    def read(self, data: bytes, label: str, unit: int, block: Block) -> str | None:
        """Rows of one document go to the block; the answer is its table, None when it has none."""
        data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
        if len(data) > self.limit:
            block.faults.append(fault("inner-too-big", unit=unit, label=label, limit=self.limit))
            return None
        expected = self._by_label.get(label)
        if expected is not None:
            rows = self._read_plain(data, expected.root)
            if rows is not None:
                block.add(expected.table, rows, unit)
                return expected.table
        return self._read_tree(data, label, unit, block)

    def _read_plain(self, data: bytes, root: str) -> list[tuple[Row, Shape]] | None:
        try:
            return self._plain[root].read(data.decode())
        except UnicodeDecodeError:
            return None

    def _read_tree(self, data: bytes, label: str, unit: int, block: Block) -> str | None:
        if _DOCTYPE.search(data):
            block.faults.append(fault("inner-refused", unit=unit, label=label))
            return None
        try:
            data = self._decodable(data, label, unit, block)
            root = etree.fromstring(data, safe_parser())
        except (etree.XMLSyntaxError, LookupError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            block.faults.append(fault("inner-broken", unit=unit, label=label, line=line))
            return None
        name = etree.QName(root).localname
        layout = self.layouts.get(name)
        if layout is None:
            block.faults.append(fault("root-unknown", unit=unit, label=label, root=name[:80]))
            return None
        if layout.label != label:
            block.faults.append(
                fault("label-differs", unit=unit, table=layout.table, label=label[:20],
                      **{"name": layout.label})
            )
        for row in self._elements(root, layout, unit, block):
            read_element(row, layout, unit, block)
        return layout.table

    def _decodable(self, data: bytes, label: str, unit: int, block: Block) -> bytes:
        """The bytes as UTF-8 when what they declare is not what they are."""
        declared = _DECLARED.match(data)
        encoding = declared.group(1).decode() if declared else "utf-8"
        if encoding.lower() not in ("utf-8", "utf8"):
            return data
        try:
            data.decode()
            return data
        except UnicodeDecodeError:
            from lienthong.records.formats.encodings import decode_windows_1258

            text = decode_windows_1258(data)
            block.faults.append(
                fault("encoding-differs", unit=unit, declared="UTF-8", found="Windows-1258")
            )
            return text.encode()

    def _elements(
        self, root: etree._Element, layout: Layout, unit: int, block: Block
    ) -> list[etree._Element]:
        """The row elements of a document."""
        if layout.listed is None:
            return [root]
        outer, inner = layout.listed
        rows = []
        for child in root:
            name = etree.QName(child).localname
            if name == inner:
                rows.append(child)
            elif name == outer:
                for row in child:
                    if etree.QName(row).localname == inner:
                        rows.append(row)
                    else:
                        at = len(block.rows.get(layout.table, ()))
                        block.not_known(layout.table, etree.QName(row).localname[:80], at, unit)
            elif name not in SIGNATURES:
                at = len(block.rows.get(layout.table, ()))
                block.not_known(layout.table, name[:80], at, unit)
        return rows


def read_element(element: etree._Element, layout: Layout, unit: int, block: Block) -> None:
    """One row element, in any order of its children, into the block."""
    rows = block.rows.setdefault(layout.table, [])
    at = len(rows)
    values: dict[str, str | None] = {}
    stray = bool((element.text or "").strip())
    known = set(layout.columns)
    for child in element:
        name = etree.QName(child).localname
        stray = stray or bool((child.tail or "").strip())
        if name not in known:
            if name not in SIGNATURES:
                block.not_known(layout.table, name[:80], at, unit)
        elif name in values:
            block.faults.append(
                fault("name-repeated", unit=unit, table=layout.table, row=at, field=name, name=name)
            )
        else:
            values[name] = child.text or None
            for nested in child:
                inside = f"{name}/{etree.QName(nested).localname}"[:80]
                block.not_known(layout.table, inside, at, unit)
    if stray:
        block.stray[layout.table] = block.stray.get(layout.table, 0) + 1
    missing = tuple(name for name in layout.columns if name not in values)
    if missing:
        key = (layout.table, missing)
        block.missing[key] = block.missing.get(key, 0) + 1
    rows.append(tuple(values.get(name) for name in layout.columns))
    block.row_units.setdefault(layout.table, []).append(unit)
