"""How much room a spreadsheet takes once it is opened: its reader makes a full grid up to the last cell.

Two cells in opposite corners are a file of five kilobytes and a grid of half a terabyte, so the places that the
cells name are read before the grid is made.
"""

from __future__ import annotations

import re

FREE_GRID = 4_000_000
"""Cells of a grid that any file may have."""

FILLED = 20
"""Beyond that one cell in this many must be written in the file; exports of tables fill more than half."""

LEAST_BYTES = 16
"""A cell takes at least so many bytes: `<c><v>1</v></c>`."""

HELD_LIMIT = 4 * 1024 * 1024
"""Bytes of one tag; no writer comes near."""

_ROW = re.compile(rb"row(?=[\s/>])")
_COLUMN = re.compile(rb' r="([A-Za-z]{1,3})[0-9]')
_LINE = re.compile(rb' r="[A-Za-z]{0,3}([0-9]{1,9})')
_SPACED = re.compile(rb"r\s+=|r=[\s']|[\t\r\n]r=")
_PLACE = re.compile(rb"""\sr\s*=\s*["']""")


class Extent:
    """Fed with one part of the archive, piece by piece: how large its grid can be, and how many cells it has."""

    def __init__(self) -> None:
        self.size = self.cells = self.rows = 0
        self.widest = self.furthest = self.last = 0
        self._in_row = 0
        self._held = b""

    def feed(self, data: bytes) -> None:
        """The next bytes of the part."""
        self.size += len(data)
        whole, mark, begun = (self._held + data).rpartition(b"<")
        self._held = mark + begun
        if len(self._held) > HELD_LIMIT:
            self._take(self._held)
            self._held = b""
        self._take(whole)

    def _take(self, text: bytes) -> None:
        if _SPACED.search(
            text
        ):  # as no writer known to us has it, so that the usual look stays quick
            text = _PLACE.sub(b' r="', text)
        counts = [row.count(b"<c") + row.count(b":c") for row in _ROW.split(text)]
        self.rows += len(counts) - 1
        self.cells += sum(counts)
        counts[0] += self._in_row
        self._in_row = counts[-1]
        self.widest = max(self.widest, *counts)
        columns = (_number(letters) for letters in set(_COLUMN.findall(text)))
        self.furthest = max(self.furthest, *columns, 0)
        self.last = max(self.last, *map(int, set(_LINE.findall(text))), 0)

    @property
    def explodes(self) -> bool:
        """Whether the grid is far larger than what is written in it."""
        self._take(self._held)
        self._held = b""
        grid = max(self.widest, self.furthest) * max(self.rows, self.last)
        written = min(self.cells, self.size // LEAST_BYTES)
        return grid > FREE_GRID + FILLED * written


def _number(letters: bytes) -> int:
    """The column that letters name: A is 1, XFD 16384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
