"""A strict recogniser of the plain shape in which nearly every hospital program writes its inner documents.

A document is plain when it is a declaration, a root, for lists the list and row elements, and flat elements
that hold text only. Recognition proves well-formedness, so such a document needs no XML parser; anything
else (comments, CDATA, attributes, nesting, unusual spacing) is left to lxml, which decides. Both ways give
the same rows; tests/formats compares them on arbitrary documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from operator import itemgetter
from typing import Any

from lxml import etree

_DECLARATION = re.compile(r"<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'](?i:utf-8)[\"'])?"
                          r"(?: standalone=[\"'](?:yes|no)[\"'])? ?\?>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&(?!(?:amp|lt|gt|quot|apos);)|</>")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*>\Z")
_SHAPES = 20_000

Row = tuple[str | None, ...]


class Shape:
    """How one sequence of element names fills the columns of a table."""

    __slots__ = ("closings", "getter", "missing", "unknown")

    def __init__(self, names: tuple[str, ...], columns: tuple[str, ...]) -> None:
        at: dict[str, int] = {name: index for index, name in enumerate(names)}
        absent = len(names)
        self.closings = [f"/{name}>" for name in names]
        self.missing = tuple(name for name in columns if name not in at)
        self.unknown = tuple(name for name in names if name not in set(columns))
        indexes = [at.get(name, absent) for name in columns]
        picked = itemgetter(*indexes)
        self.getter: Callable[[list[Any]], Row] = (
            picked if len(indexes) > 1 else lambda values: (picked(values),)
        )

    def closed_by(self, found: list[str]) -> bool:
        """Whether these closing tags ("/>" stands for an element closed at once) fit the openings."""
        if found == self.closings:
            return True
        if len(found) != len(self.closings):
            return False
        return not [one for one, wanted in zip(found, self.closings, strict=True)
                    if one != wanted and one != "/>"]


class PlainReader:
    """Reads plain documents of one root.

    `columns` are the names of the table in contract order, `listed` is (list element, row element) or None
    when the root itself is the row.
    """

    def __init__(self, root: str, columns: tuple[str, ...], listed: tuple[str, str] | None) -> None:
        self.root, self.columns, self.listed = root, columns, listed
        self._openings: dict[str, bool] = {root: True}
        self._shapes: dict[tuple[str, ...], Shape | None] = {}

    def read(self, text: str) -> list[tuple[Row, Shape]] | None:
        """Rows with their shapes, or None when the document is not plain."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if _ILLEGAL.search(text):
            return None
        start = _DECLARATION.match(text)
        body = (text[start.end() :] if start else text).strip(" \t\n")
        opening, _, content = body[1:].partition(">")
        closing = f"</{self.root}>"
        if body[:1] != "<" or not content.endswith(closing) or not self._is_root(opening):
            return None
        content = content[: -len(closing)]
        entities = "&" in content
        if self.listed is None:
            row = self._row(content, entities)
            return None if row is None else [row]
        return self._rows(content, entities)

    def _is_root(self, opening: str) -> bool:
        known = self._openings.get(opening)
        if known is None:
            try:
                # Namespace declarations and attributes of the root: ask the parser once per wording.
                element = etree.fromstring(f"<{opening}></{self.root}>".encode())
                known = etree.QName(element).localname == self.root and element.prefix is None
            except etree.XMLSyntaxError:
                known = False
            if len(self._openings) < _SHAPES:
                self._openings[opening] = known
        return known

    def _rows(self, content: str, entities: bool) -> list[tuple[Row, Shape]] | None:
        outer, inner = self.listed or ("", "")
        content = content.strip(" \t\n")
        if not (content.startswith(f"<{outer}>") and content.endswith(f"</{outer}>")):
            return None
        content = content[len(outer) + 2 : -len(outer) - 3]
        rows = []
        head, *pieces = content.split(f"<{inner}>")
        if head.strip(" \t\n"):
            return None
        for piece in pieces:
            cells, _, tail = piece.partition(f"</{inner}>")
            if tail.strip(" \t\n") or not _:
                return None
            row = self._row(cells, entities)
            if row is None:
                return None
            rows.append(row)
        return rows

    def _row(self, cells: str, entities: bool) -> tuple[Row, Shape] | None:
        # One part for each tag (it keeps its ">") and one for each text between tags, in turns.
        parts = cells.replace("/>", "></>").replace(">", "><").split("<")
        names = tuple(parts[1::4])
        shape = self._shapes.get(names) or self._learn(names)
        if shape is None or not shape.closed_by(parts[3::4]) or len(parts) % 4 != 1:
            return None
        # No ">" but those of the tags, nothing but space between elements: the row is proved.
        if cells.count(">") + cells.count("/>") != 2 * len(names):
            return None
        if "".join(parts[0::4]).strip(" \t\n"):
            return None
        values: list[str | None] = [value or None for value in parts[2::4]]
        if entities:
            values = [unescape(value) if value and "&" in value else value for value in values]
        values.append(None)
        return shape.getter(values), shape

    def _learn(self, tags: tuple[str, ...]) -> Shape | None:
        plain = len(set(tags)) == len(tags) and all(_NAME.match(tag) for tag in tags)
        if not plain or len(self._shapes) >= _SHAPES:
            return None
        shape = self._shapes[tags] = Shape(tuple(tag[:-1] for tag in tags), self.columns)
        return shape
