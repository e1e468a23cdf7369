"""The documents inside the envelope: one per table, recognised by the root element, read into columns.

Documents are collected over a stretch of the file and then read table by table: by `plain` where they have
the plain shape, by lxml otherwise.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lxml import etree

from lienthong.contracts.contract import Contract
from lienthong.records.formats.block import Block
from lienthong.records.formats.encodings import decode_windows_1258, marked
from lienthong.records.formats.faults import fault
from lienthong.records.formats.plain import SPACE, PlainTable
from lienthong.records.formats.safety import DOCTYPE, safe_parser

INNER_LIMIT = 32 * 1024 * 1024
"""Largest inner document in bytes; a long stay has some thousand rows of about one kilobyte."""

_DECLARED = re.compile(rb"^<\?xml(?=[^>]*\?>)[^>]*?encoding=[\"']([A-Za-z0-9._-]+)[\"'][^>]*>")
UTF8 = ("utf-8", "utf8")
WINDOWS = ("windows-1258", "cp1258")
WIDE = ("utf-16", "utf16", "ucs-2", "utf-32", "unicode")
"""Names of encodings whose letters are wider than a byte, which plain bytes cannot be."""
_STRAY = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)|<(?![A-Za-z_/!?])"
    rb"|[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9A-Fa-f]));"
)
"""What no XML writer leaves in a text: a bare & or <, a control character, plain or as a reference."""
_ESCAPES = {b"&": b"&amp;", b"<": b"&lt;"}
_REPLACED = "\ufffd".encode()
SIGNATURES = frozenset({"CHUKYDONVI", "Signature"})
"""Elements beside the rows that carry signatures, not data."""


class Layout(NamedTuple):
    """Where the rows of one table stand in its document (contract property `xml`).

    `optional` names elements of another edition of the structure (field property `mayBeAbsent`); `aliases`
    are the names that other versions of the contract give a column.
    """

    table: str
    label: str
    root: str
    listed: tuple[str, str] | None
    columns: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    aliases: dict[str, str] = {}

    @property
    def labels(self) -> tuple[str, str]:
        """How LOAIHOSO may name it: certificates travel under the name of their root (HSCHUNGTU)."""
        return self.label, self.root


def layouts(contract: Contract) -> dict[str, Layout]:
    """The layouts of a contract by root element; tables without `xml.root` have none."""
    found = {}
    for table in contract.tables:
        root = table.xml.get("root")
        if root:
            listed = (table.xml["list"], table.xml["row"]) if table.xml.get("list") else None
            label = table.xml.get("loai") or table.name
            columns = tuple(field.name for field in table.fields)
            optional = {field.name for field in table.fields if field.properties.get("mayBeAbsent")}
            aliases = {name: field.name for field in table.fields for name in field.aliases}
            layout = Layout(table.name, label, root, listed, columns, frozenset(optional), aliases)
            found[root] = layout
            # Another version's root: its rows stand in the same elements.
            for other in table.xml.get("otherRoots") or ():
                found[str(other)] = layout
    return found


class Document(NamedTuple):
    """One inner document that is to be read: `content` when its frame is plain, `data` as it was sent."""

    unit: int
    label: str
    data: bytes
    content: bytes | None
    tree: etree._Element | None = None


class InnerReader:
    """Collects inner documents of one contract and reads them into a Block."""

    def __init__(self, found: dict[str, Layout], limit: int = INNER_LIMIT) -> None:
        self.layouts = found
        self.limit = limit
        self._plain = {
            layout.table: PlainTable(layout.root, layout.columns, layout.listed)
            for layout in found.values()
        }
        self._by_label = {label: layout for layout in found.values() for label in layout.labels}
        self._waiting: dict[str, list[Document]] = {layout.table: [] for layout in found.values()}

    def take(self, data: bytes, label: str, unit: int, block: Block) -> str | None:
        """Keep one document for `read`; the answer is its table, None when it has none."""
        data = data.removeprefix(b"\xef\xbb\xbf").lstrip(SPACE)
        if len(data) > self.limit:
            block.faults.append(fault("inner-too-big", unit=unit, label=label, limit=self.limit))
            return self.labelled(label)
        expected = self._by_label.get(label)
        if expected is not None:
            content = self._plain[expected.table].content(data)
            if content is not None:
                self._waiting[expected.table].append(Document(unit, label, data, content))
                return expected.table
        root = self._parse(data, label, unit, block)
        if root is None:
            return self.labelled(label)
        name = etree.QName(root).localname
        layout = self.layouts.get(name)
        if layout is None:
            block.faults.append(fault("root-unknown", unit=unit, label=label, root=name[:80]))
            return self.labelled(label)
        if label in self._by_label and label not in layout.labels:
            block.faults.append(
                fault(
                    "label-differs", unit=unit, table=layout.table, label=label, name=layout.label
                )
            )
        self._waiting[layout.table].append(Document(unit, label, data, None, root))
        return layout.table

    def labelled(self, label: str) -> str | None:
        """The table that a document which cannot be read says to be."""
        layout = self._by_label.get(label)
        return layout.table if layout else None

    def read(self, block: Block) -> None:
        """Read everything kept into the block, table by table, in the order it came."""
        for layout in self.layouts.values():
            waiting = self._waiting[layout.table]
            self._waiting[layout.table] = []
            start = 0
            for at, document in enumerate(waiting):
                if document.content is None:
                    self._read_plain(waiting[start:at], layout, block)
                    self._read_tree(document, layout, block)
                    start = at + 1
            self._read_plain(waiting[start:], layout, block)
        block.finish()

    def _read_plain(self, documents: list[Document], layout: Layout, block: Block) -> None:
        if not documents:
            return
        plan = self._plain[layout.table].plan([document.content or b"" for document in documents])
        for start, stop, columns in plan:
            if columns is not None and not layout.aliases.keys() & columns.unknown.keys():
                units = [document.unit for document in documents[start:stop]]
                block.add_columns(layout.table, layout.columns, columns, units)
                continue
            for document in documents[start:stop]:
                self._read_tree(document, layout, block)

    def _read_tree(self, document: Document, layout: Layout, block: Block) -> None:
        root = document.tree
        if root is None:
            root = self._parse(document.data, document.label, document.unit, block)
        if root is None:
            return
        for row in _row_elements(root, layout, document.unit, block):
            read_element(row, layout, document.unit, block)

    def _parse(self, data: bytes, label: str, unit: int, block: Block) -> etree._Element | None:
        if DOCTYPE.search(data):
            block.faults.append(fault("inner-refused", unit=unit, label=label))
            return None
        try:
            content, differs = _as_declared(data)
            root = etree.fromstring(content, safe_parser())
        except (etree.XMLSyntaxError, LookupError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            root = _pasted(data)
            kind = "inner-broken" if root is None else "inner-mended"
            block.faults.append(fault(kind, unit=unit, label=label, line=line))
            return root
        if root.getroottree().docinfo.doctype:
            block.faults.append(fault("inner-refused", unit=unit, label=label))
            return None
        if differs is not None:
            block.faults.append(
                fault("encoding-differs", unit=unit, declared=differs[0], found=differs[1])
            )
        return root


def _as_declared(data: bytes) -> tuple[bytes, tuple[str, str] | None]:
    """The bytes as the parser shall see them, and (declared, found) where the declaration lies."""
    if marked(data) is not None:
        # UTF-16: the parser sees it as we do.
        return data, None
    declared = _DECLARED.match(data)
    encoding = declared.group(1).decode().lower() if declared else "utf-8"
    body = data[declared.end() :] if declared else data
    try:
        body.decode()
    except UnicodeDecodeError:
        if encoding in UTF8:
            return decode_windows_1258(body).encode(), ("UTF-8", "Windows-1258")
        return (data if encoding not in WINDOWS else decode_windows_1258(body).encode()), None
    if encoding in UTF8:
        return data, None
    # Text of another encoding hardly ever is UTF-8 by chance: programs write one and declare the other.
    differs = None if body.isascii() and not encoding.startswith(WIDE) else (encoding, "UTF-8")
    return body, differs


def _pasted(data: bytes) -> etree._Element | None:
    """A document whose cells were pasted in as they are: what cannot be XML there is taken as text.

    None when that is not all that is wrong.
    """
    try:
        content, _ = _as_declared(data)
        content = _STRAY.sub(lambda found: _ESCAPES.get(found.group(), _REPLACED), content)
        return etree.fromstring(content, safe_parser())
    except (etree.XMLSyntaxError, LookupError, ValueError):
        return None


def _row_elements(
    root: etree._Element, layout: Layout, unit: int, block: Block
) -> list[etree._Element]:
    """The row elements of a document; other elements beside them are reported."""
    if layout.listed is None:
        return [root]
    outer, inner = layout.listed
    rows: list[etree._Element] = []
    strange: list[str] = []
    for child in root:
        name = etree.QName(child).localname
        if name == outer:
            found = [(row, etree.QName(row).localname) for row in child]
            rows.extend(row for row, inside in found if inside == inner)
            strange.extend(inside for _, inside in found if inside != inner)
        elif name == inner:
            rows.append(child)
        else:
            strange.append(name)
    for name in strange:
        if name not in SIGNATURES:
            block.not_known(layout.table, name[:80], block.rows(layout.table), unit)
    return rows


def read_element(element: etree._Element, layout: Layout, unit: int, block: Block) -> None:
    """One row element, its children in any order, into the block."""
    at = block.rows(layout.table)
    values: dict[str, str | None] = {}
    stray = _is_text(element.text)
    known = set(layout.columns)
    for child in element:
        name = etree.QName(child).localname
        name = layout.aliases.get(name, name)
        stray = stray or _is_text(child.tail)
        if name not in known:
            if name not in SIGNATURES:
                block.not_known(layout.table, name[:80], at, unit)
        elif name in values:
            block.faults.append(
                fault("name-repeated", unit=unit, table=layout.table, row=at, field=name, name=name)
            )
        else:
            values[name] = child.text if _is_text(child.text) else None
            for nested in child:
                inside = f"{name}/{etree.QName(nested).localname}"[:80]
                block.not_known(layout.table, inside, at, unit)
    if stray:
        block.stray[layout.table] = block.stray.get(layout.table, 0) + 1
    for name in layout.columns:
        if name not in values:
            block.lacks(layout.table, name)
    block.add_row(layout.table, layout.columns, tuple(map(values.get, layout.columns)), unit)


def _is_text(text: str | None) -> bool:
    """Whether there is more than the white space of XML."""
    return bool(text and text.strip(" \t\r\n"))
