"""Text that keeps a regular expression of a contract: the part of the language that contracts use."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from random import Random
from re import _constants as code  # type: ignore[attr-defined]  # the parser of the standard library has no other door
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST = 4
"""How often something is repeated that may be repeated without end, beyond the least."""
_CATEGORIES = {
    code.CATEGORY_DIGIT: "0123456789",
    code.CATEGORY_SPACE: " ",
    code.CATEGORY_WORD: "abcdefghijklmnopqrstuvwxyz0123456789",
}
_NEGATED = "abcdefghijklmnopqrstuvwxyz"


def matching(pattern: str, random: Random) -> str | None:
    """Some text that the pattern finds; None when the pattern is beyond us."""
    try:
        text = "".join(_part(node, random) for node in _parsed(pattern))
    except (NotImplementedError, re.error):
        return None
    return text if re.search(pattern, text) else None


@lru_cache(maxsize=512)
def _parsed(pattern: str) -> tuple[Any, ...]:
    return tuple(parser.parse(pattern))


def _part(node: tuple[Any, Any], random: Random) -> str:
    kind, what = node
    found = _PARTS.get(kind)
    if found is None:
        raise NotImplementedError(kind)
    return found(what, random)


def _repeat(what: Any, random: Random) -> str:
    low, high, inner = what
    count = random.randint(low, min(high, low + MOST))
    return "".join(_part(node, random) for _ in range(count) for node in inner)


def _one_of(what: Any, random: Random) -> str:
    kind, value = random.choice(what)
    if kind is code.NEGATE:
        refused = re.compile(_written(what))
        return random.choice(
            [letter for letter in _NEGATED + "0123456789 " if refused.match(letter)]
        )
    if kind is code.RANGE:
        return chr(random.randint(*value))
    if kind is code.LITERAL:
        return chr(value)
    return random.choice(_CATEGORIES[value])


def _written(items: Any) -> str:
    """A negated class as it is written, so that the standard library says what it refuses."""
    parts = []
    for kind, value in items:
        if kind is code.LITERAL:
            parts.append(re.escape(chr(value)))
        elif kind is code.RANGE:
            parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        elif kind is not code.NEGATE:
            raise NotImplementedError(kind)
    return f"[^{''.join(parts)}]"


_PARTS: dict[Any, Callable[[Any, Random], str]] = {
    code.LITERAL: lambda what, _: chr(what),
    code.AT: lambda _, __: "",
    code.ANY: lambda _, random: random.choice(_NEGATED),
    code.NOT_LITERAL: lambda what, _: "b" if chr(what) == "a" else "a",
    code.IN: _one_of,
    code.CATEGORY: lambda what, random: random.choice(_CATEGORIES[what]),
    code.MAX_REPEAT: _repeat,
    code.MIN_REPEAT: _repeat,
    code.SUBPATTERN: lambda what, random: "".join(_part(node, random) for node in what[-1]),
    code.BRANCH: lambda what, random: "".join(
        _part(node, random) for node in random.choice(what[1])
    ),
}
