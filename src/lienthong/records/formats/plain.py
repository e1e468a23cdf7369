"""A strict recogniser of the plain shape in which nearly every hospital program writes its inner documents.

A document is plain when it is a declaration, a root, for lists the list and its rows, and flat elements that
hold text only, in one order. Documents of one table are recognised many at a time by one regular expression
that must cover every byte; that proves them well-formed, so they need no XML parser, and their cells come out
as columns. Anything else (comments, CDATA, attributes, nesting, another order) is left to lxml, which
decides. Both ways give the same rows; tests/formats compares them on arbitrary documents.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from html import unescape
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from lienthong.records.formats.safety import safe_parser

SPACE = b" \t\r\n"
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 13))
_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)")
_ELEMENT = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.-]*)(?:/>|>[^<]*</\1>)[ \t\r\n]*")
_EMPTY = re.compile(rb"<([^/>]+)(?:/>|>[ \t\r\n]*</)")
"""An element with nothing in it, in a text that is known to be plain."""
_ENCODING = re.compile(rb"encoding=[\"']([^\"']*)[\"']")
_BETWEEN = b"<!>"
"""Stands between two documents; nothing that is well-formed contains it."""
FEW = 48
_SHAPES = 24
_PROLOGUES = 200


class Columns(NamedTuple):
    """The cells of some documents of one table, in their order: one array per column of the contract.

    `rows` counts rows per document; `missing` rows per absent name; `unknown` rows per name that the
    contract does not have.
    """

    arrays: list[pa.Array]
    rows: list[int]
    missing: dict[str, int]
    unknown: dict[str, int]


class Shape:
    """Rows whose elements come in this order; any of them may be empty or absent."""

    def __init__(self, names: tuple[bytes, ...], row: bytes | None) -> None:
        self.names = names
        self.row = row
        self.step = len(names) + 1
        whole = _expression(names, row, absent=b"|")
        self._some = re.compile(whole)
        # A flat row may be empty, and an expression that may match nothing cannot cut a text.
        self._fits = re.compile(b"(?:%b)*+" % whole.replace(b"([^<]*)", b"[^<]*") if row else whole)

    @cached_property
    def _all(self) -> re.Pattern[bytes]:
        """For rows that have every element: the usual case, and there nothing is to be counted."""
        return re.compile(_expression(self.names, self.row, absent=b""))

    def fits(self, content: bytes) -> bool:
        """Whether the whole content of one document has this shape."""
        return self._fits.fullmatch(content) is not None

    def cells(
        self, contents: Sequence[bytes], joined: bytes
    ) -> tuple[list[bytes | None], bool] | None:
        """The cells of all rows, each row behind one more part, and whether elements may be absent.

        None when the contents do not have this shape.
        """
        if self._all.match(contents[0]):
            parts = self._cut(self._all, contents, joined)
            if parts is not None:
                return parts, False
        parts = self._cut(self._some, contents, joined)
        return None if parts is None else (parts, True)

    def _cut(
        self, pattern: re.Pattern[bytes], contents: Sequence[bytes], joined: bytes
    ) -> list[bytes | None] | None:
        if self.row is not None:
            cut = pattern.split(joined)
            covered = b"".join(cut[:: self.step]) == _BETWEEN * (len(contents) - 1)
            return cut if covered else None
        parts: list[bytes | None] = []
        for content in contents:
            found = pattern.fullmatch(content)
            if found is None:
                return None
            parts.append(None)
            parts.extend(found.groups())
        return parts


def _expression(names: tuple[bytes, ...], row: bytes | None, absent: bytes) -> bytes:
    """The regular expression of one row, a group per name."""
    space = b"[ \t\r\n]*"
    cells = b"".join(
        b"(?:<%b>(?:%b</%b>|([^<]*)</%b>)|<%b/>%b)%b"
        % (name, space, name, name, name, absent, space)
        for name in map(re.escape, names)
    )
    return space + (b"<%b>%b%b</%b>%b" % (row, space, cells, row, space) if row else cells)


class PlainTable:
    """Recognises the documents of one table.

    `root` is the root element, `columns` the names of the contract, `listed` (list element, row element) or
    None when the root itself is the row.
    """

    def __init__(self, root: str, columns: tuple[str, ...], listed: tuple[str, str] | None) -> None:
        self.root, self.columns = root, columns
        self._closing = f"</{root}>".encode()
        self._list = listed[0].encode() if listed else None
        self._row = listed[1].encode() if listed else None
        self._order = {name.encode(): at for at, name in enumerate(columns)}
        self._prologues: dict[bytes, bool] = {}
        self._shapes: list[Shape] = []

    def content(self, data: bytes) -> bytes | None:
        """What stands inside the root (inside the list element), or None when the frame is not plain."""
        start = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
        end = data.find(b">", start) + 1
        prologue = data[:end]
        plain = self._prologues.get(prologue)
        if plain is None:
            plain = self._is_prologue(prologue)
        data = data.rstrip(SPACE)
        if not plain or not data.endswith(self._closing):
            return None
        inside = data[end : -len(self._closing)]
        if self._list is None:
            return inside
        inside = inside.strip(SPACE)
        opening, closing = b"<%b>" % self._list, b"</%b>" % self._list
        if not (inside.startswith(opening) and inside.endswith(closing)):
            return None
        return inside[len(opening) : -len(closing)]

    def _is_prologue(self, prologue: bytes) -> bool:
        """Whether this opens the root in UTF-8, as the parser reads it; asked once per wording."""
        encoding = _ENCODING.search(prologue[: prologue.find(b"?>")]) if b"?>" in prologue else None
        plain = encoding is None or encoding.group(1).lower() == b"utf-8"
        if plain:
            try:
                root = etree.fromstring(prologue + self._closing, safe_parser())
                plain = root.tag.rpartition("}")[2] == self.root and root.prefix is None
            except (etree.XMLSyntaxError, ValueError):
                plain = False
        if len(self._prologues) < _PROLOGUES:
            self._prologues[prologue] = plain
        return plain

    def plan(
        self, contents: Sequence[bytes], few: int = FEW
    ) -> list[tuple[int, int, Columns | None]]:
        """Stretches (from, until, columns) of the contents; None where a document is not plain.

        Below `few` documents a parser is done before an expression is compiled.
        """
        if not self._shapes and len(contents) < few:
            return [(0, len(contents), None)]
        whole = self._columns(contents, self._shapes[0]) if self._shapes else None
        if whole is not None:
            return [(0, len(contents), whole)]
        stretches: list[tuple[int, int, Shape | None]] = []
        for at, content in enumerate(contents):
            shape = self._shape_of(content)
            if stretches and stretches[-1][2] is shape:
                stretches[-1] = (stretches[-1][0], at + 1, shape)
            else:
                stretches.append((at, at + 1, shape))
        return [
            (start, stop, self._columns(contents[start:stop], shape) if shape else None)
            for start, stop, shape in stretches
        ]

    def _shape_of(self, content: bytes) -> Shape | None:
        if not _is_legal(content):
            return None
        for at, shape in enumerate(self._shapes):
            if shape.fits(content):
                if at:
                    self._shapes.insert(0, self._shapes.pop(at))
                return shape
        names = self._names(content)
        if names is None or len(self._shapes) >= _SHAPES:
            return None
        learned = Shape(names, self._row)
        if not learned.fits(content):
            return None
        self._shapes.insert(0, learned)
        return learned

    def _names(self, content: bytes) -> tuple[bytes, ...] | None:
        """The names of the first row in their order, with the names it lacks in the contract's order."""
        if self._row is not None:
            _, _, content = content.partition(b"<%b>" % self._row)
            content = content.partition(b"</%b>" % self._row)[0]
        names = tuple(_ELEMENT.findall(content))
        if len(set(names)) < len(names):
            return None
        places = [self._order[name] for name in names if name in self._order]
        if places == sorted(places):
            # The contract's order: the next row may have what this one lacks.
            return _merged(tuple(self._order), names)
        if self._shapes and set(names) <= set(self._shapes[0].names):
            return names
        return names + tuple(name for name in self._order if name not in set(names))

    def _columns(self, contents: Sequence[bytes], shape: Shape) -> Columns | None:
        joined = _BETWEEN.join(contents)
        if not _is_legal(joined):
            return None
        found = shape.cells(contents, joined)
        if found is None:
            return None
        rows = [1] * len(contents)
        if self._row is not None:
            opening = b"<%b>" % self._row
            rows = [content.count(opening) for content in contents]
        return self._arrays(*found, shape, rows, joined)

    def _arrays(
        self, parts: list[bytes | None], absent: bool, shape: Shape, rows: list[int], joined: bytes
    ) -> Columns:
        total = sum(rows)
        entities, returns = b"&" in joined, b"\r" in joined
        cut = {name: parts[at :: shape.step] for at, name in enumerate(shape.names, 1)}
        missing, unknown = self._names_seen(cut, total, joined, absent)
        arrays = []
        for name in self._order:
            cells = cut.get(name)
            if cells is None:
                if total:
                    missing[name.decode()] = total
                arrays.append(pa.nulls(total, pa.string()))
                continue
            arrays.append(_text(cells, entities, returns))
        return Columns(arrays, rows, missing, unknown)

    def _names_seen(
        self, cut: dict[bytes, list[bytes | None]], total: int, joined: bytes, absent: bool
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Rows that lack a name of the shape, rows that have a name the contract does not know."""
        unknown = {name: total for name in cut if name not in self._order}
        if not absent:
            return {}, {name.decode(): total for name in unknown if total}
        missing = {}
        # A cell is None where its element is absent or empty; the empty ones are counted in one pass for all names.
        empty = Counter(_EMPTY.findall(joined))
        for name, cells in cut.items():
            lacking = cells.count(None) - empty[name]
            if name in unknown:
                unknown[name] = total - lacking
            elif lacking:
                missing[name.decode()] = lacking
        return missing, {name.decode(): seen for name, seen in unknown.items() if seen}


def _merged(order: tuple[bytes, ...], names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """All names of `order`, and those only in `names` behind the name they follow there."""
    merged = list(order)
    before: bytes | None = None
    for name in names:
        if name not in merged:
            merged.insert(merged.index(before) + 1 if before is not None else 0, name)
        before = name
    return tuple(merged)


def _is_legal(data: bytes) -> bool:
    """Whether the bytes are UTF-8 with characters and entities that XML allows."""
    if len(data.translate(None, _CONTROLS)) != len(data) or (b"]" in data and b"]]>" in data):
        return False
    if b"&" in data and _ENTITY.search(data):
        return False
    if data.isascii():
        return True
    if b"\xef" in data and (b"\xef\xbf\xbe" in data or b"\xef\xbf\xbf" in data):
        return False
    try:
        pa.array([data], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _text(cells: list[bytes | None], entities: bool, returns: bool) -> pa.Array:
    """Cells as text; the bytes were proved to be UTF-8."""
    raw = pa.array(cells, pa.binary())
    made = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers(), raw.null_count)
    if returns and pc.any(pc.match_substring(made, "\r")).as_py():
        made = _each(made, lambda value: value.replace("\r\n", "\n").replace("\r", "\n"))
    if entities and pc.any(pc.match_substring(made, "&")).as_py():
        made = _each(made, unescape)
    return made


def _each(array: pa.Array, change: Callable[[str], str]) -> pa.Array:
    return pa.array(
        [None if value is None else change(value) for value in array.to_pylist()], pa.string()
    )
