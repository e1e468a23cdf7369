"""Published tables of counts without small cells, and without cells that the margins give away.

Rows, columns and totals are published. A cell that is left out can still be computed when it is the only one left
out of its row or column, and also when every way round through other cells that are left out comes to an end: in
the graph of rows and columns such a cell is a bridge. So more cells are left out until there is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

Cell = tuple[str, str]


def suppress(counts: Mapping[Cell, int], least: int) -> set[Cell]:
    """The cells of a table that must not be published. A table of one dimension has one column "".

    Zero is published: nobody stands in it. Cells left out of one line hold `least` persons or more together.
    """
    hidden = {cell for cell, count in counts.items() if 0 < count < least}
    while True:
        weak = _weak(counts, hidden, least)
        if not weak:
            return hidden
        more = _smallest(counts, hidden, weak)
        if more is None:
            # Nothing is left to hide behind: the whole table goes.
            return {cell for cell, count in counts.items() if count}
        hidden.add(more)


def _weak(counts: Mapping[Cell, int], hidden: set[Cell], least: int) -> list[Cell]:
    """Hidden cells that the margins give away, or that hide too few persons in a line."""
    weak = list(_bridges(hidden))
    for axis in (0, 1):
        lines: dict[str, list[Cell]] = defaultdict(list)
        for cell in hidden:
            lines[cell[axis]].append(cell)
        for cells in lines.values():
            if sum(counts[cell] for cell in cells) < least:
                weak += cells
    return weak


def _smallest(counts: Mapping[Cell, int], hidden: set[Cell], weak: list[Cell]) -> Cell | None:
    """The smallest cell that may join a weak one: of its row or its column, else of the table."""
    rows, columns = {cell[0] for cell in weak}, {cell[1] for cell in weak}
    open_ = [cell for cell, count in counts.items() if count and cell not in hidden]
    near = [cell for cell in open_ if cell[0] in rows or cell[1] in columns]
    return min(near or open_, key=lambda cell: (counts[cell], cell), default=None)


def _bridges(cells: Iterable[Cell]) -> set[Cell]:
    """The hidden cells whose value follows from the margins: the bridges between rows and columns."""
    near: dict[tuple[int, str], set[tuple[int, str]]] = defaultdict(set)
    for row, column in cells:
        near[0, row].add((1, column))
        near[1, column].add((0, row))
    found: set[Cell] = set()
    seen: dict[tuple[int, str], int] = {}
    low: dict[tuple[int, str], int] = {}
    for start in near:
        if start in seen:
            continue
        seen[start] = low[start] = len(seen)
        path = [(start, None, iter(near[start]))]
        while path:
            node, before, rest = path[-1]
            after = next(rest, None)
            if after is None:
                path.pop()
                if path:
                    above = path[-1][0]
                    low[above] = min(low[above], low[node])
                    if low[node] > seen[above]:
                        ends = sorted((above, node))
                        found.add((ends[0][1], ends[1][1]))
            elif after not in seen:
                seen[after] = low[after] = len(seen)
                path.append((after, node, iter(near[after])))  # type: ignore[arg-type]
            elif after != before:
                low[node] = min(low[node], seen[after])
    return found
