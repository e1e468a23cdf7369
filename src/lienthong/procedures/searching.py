"""Finding procedures in the catalogue: by code or name (with or without accents), sector, level and online level."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import msgspec

from lienthong.procedures.catalogue import Version


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; empty means all.

    `complete` is yes or no: whether Decree 63/2010 Art. 8 is answered. `standing` is what the sources say of it, or
    `stale`: abolished or probably replaced by them, and still in force here.
    """

    q: str = ""
    level: str = ""
    field: str = ""
    online: str = ""
    complete: str = ""
    standing: str = ""


def found(listed: Iterable[Version], asked: Asked) -> list[Version]:
    """Those that fit, in the order given; every word of `q` must occur in code, name or keywords."""
    words = plain(asked.q).split()
    return [one for one in listed if _fits(one, asked, words)]


def plain(text: str) -> str:
    """A text in lower case without accents, as people type who are in a hurry ('cap lai' finds 'cấp lại')."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def _fits(one: Version, asked: Asked, words: list[str]) -> bool:
    procedure = one.procedure
    wanted = (
        (asked.level, procedure.levels or ("unknown",)),
        (asked.field, (procedure.field or "unknown",)),
        (asked.online, (procedure.online,)),
        (asked.complete, ("no" if procedure.missing() else "yes",)),
        (asked.standing, (procedure.standing, "stale" if procedure.stale else "")),
    )
    if any(value and value not in there for value, there in wanted):
        return False
    said = plain(" ".join([one.code, *procedure.name.values(), procedure.keywords]))
    return all(word in said for word in words)
