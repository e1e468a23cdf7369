"""YAML read with the line of every value, so that a contract error can name its place."""

from __future__ import annotations

import datetime
import re
from typing import Any

import yaml

Path = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_VALUES = 2_000_000
"""A file with more values than this (aliases expanded) is refused: no contract is that large."""

LOOKS_NUMERIC = re.compile(r"[-+]?[\d_]+(\.[\d_]*)?([eE][-+]?\d+)?")


class LinedDocument:
    """A YAML document as plain values, with the line (from 1) of each path in it.

    `bare_numbers` holds the paths of scalars that look like a number and were not quoted.
    """

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self.bare_numbers: set[Path] = set()
        self.duplicates: list[Path] = []
        self.value: Any = None
        self._values = 0
        loader = _LOADER(text)
        try:
            node = loader.get_single_node()
            self._construct = loader.construct_object
            if node is not None:
                self.value = self._walk(node, ())
        finally:
            loader.dispose()

    def line(self, path: Path) -> int:
        """The line of a path, or of its nearest ancestor that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def _walk(self, node: yaml.Node, path: Path) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            raise yaml.YAMLError(f"more than {MOST_VALUES} values")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._walk(item, (*path, index)) for index, item in enumerate(node.value)]
        if not node.style and LOOKS_NUMERIC.fullmatch(node.value):
            self.bare_numbers.add(path)
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        value = self._construct(node)
        if isinstance(value, datetime.date):
            # An unquoted date is text in every place where a contract has one.
            return node.value
        return value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            below = (*path, key)
            if key in result:
                self.duplicates.append(below)
            self.lines[below] = key_node.start_mark.line + 1
            result[key] = self._walk(value_node, below)
        return result
