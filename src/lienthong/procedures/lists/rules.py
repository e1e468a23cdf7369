"""How a unit's list is read and followed, as data: units, columns, words, who owns a difference and for how long."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib import resources

import msgspec

from lienthong.findings import Text


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column: the heads under which it is found, folded."""

    label: Text
    heads: tuple[str, ...]
    required: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One value that a cell may have and the words that mean it, folded."""

    label: Text
    words: tuple[str, ...]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """declared/procedures/lists.yaml."""

    units: dict[str, Text]
    units_evidence: str
    due_days: int
    decider: str
    evidence: str
    columns: dict[str, Column]
    unknown: tuple[str, ...]
    words: dict[str, dict[str, Word]]

    def column(self, head: str) -> str | None:
        """The column that a head of a file means, or None."""
        wanted = folded(head)
        return next((name for name, one in self.columns.items() if wanted in one.heads), None)

    def value(self, column: str, cell: str) -> str | None:
        """The value that a cell means; None when it means none that is known."""
        wanted = folded(cell)
        return next((v for v, one in self.words[column].items() if wanted in one.words), None)

    def says_nothing(self, cell: str) -> bool:
        """Whether a cell leaves its value open."""
        return folded(cell) in self.unknown or cell.strip() in self.unknown

    def label(self, column: str, value: str) -> Text:
        """A value in the reader's languages; the value itself when no word is declared."""
        one = self.words.get(column, {}).get(value)
        return one.label if one else {"vi": value, "en": value, "fr": value}


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The rules as declared."""
    import yaml

    path = resources.files("lienthong").joinpath("declared", "procedures", "lists.yaml")
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Rules, strict=False)


_SIGNS = re.compile(r"[^0-9a-z]+")
_SPACES = re.compile(r"\s+")


def folded(text: str) -> str:
    """Text for comparing words of a list: no accents, no case, no signs, single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _SIGNS.sub(" ", bare).strip()


def same_name(text: str) -> str:
    """A name as names are compared: composed Unicode, ordinary quotes and dashes, single spaces.

    Case, accents and words still tell names apart: two wordings are two names.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_LOOKS)
    return _SPACES.sub(" ", plain).strip().rstrip(".;, ")


_LOOKS = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00ad": None, "\u200b": None}
)
