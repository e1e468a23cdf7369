"""Two versions of a procedure side by side: which parts differ, and which of their rows came, went or changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

import msgspec

from lienthong.procedures.procedure import Procedure

PARTS = Procedure.__struct_fields__
"""The parts of a procedure in the order in which they are shown."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a part that has several: `before` is None for a row that came, `after` for one that went."""

    before: Any = None
    after: Any = None

    @property
    def kind(self) -> Literal["same", "came", "went", "changed"]:
        """What happened to it."""
        if self.before == self.after:
            return "same"
        if self.before is None:
            return "came"
        return "went" if self.after is None else "changed"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A part that differs, whole and by rows. `before` is None when there was no version before."""

    part: str
    before: Any
    after: Any
    rows: tuple[Row, ...] = ()


def compare(before: Procedure | None, after: Procedure) -> tuple[Difference, ...]:
    """The parts in which two versions differ, in the order of the parts; equal versions give nothing.

    Without a version before, every part that says something is a difference.
    """
    old = before or Procedure(name={})
    return tuple(
        Difference(
            part=part,
            before=getattr(old, part) if before else None,
            after=getattr(after, part),
            rows=_rows(getattr(old, part), getattr(after, part)),
        )
        for part in PARTS
        if getattr(old, part) != getattr(after, part)
    )


def _rows(before: Any, after: Any) -> tuple[Row, ...]:
    """Rows of a part with several, aligned so that what stayed stands beside itself."""
    if not isinstance(before, tuple) or not isinstance(after, tuple):
        return ()
    return tuple(_aligned(before, after))


def _aligned(before: Sequence[Any], after: Sequence[Any]) -> list[Row]:
    keys = [_key(one) for one in before], [_key(one) for one in after]
    rows: list[Row] = []
    for kind, a, b, c, d in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if kind == "equal":
            rows += [Row(before=x, after=y) for x, y in zip(before[a:b], after[c:d], strict=True)]
        else:
            rows += _replaced(before[a:b], after[c:d])
    return rows


def _replaced(before: Sequence[Any], after: Sequence[Any]) -> list[Row]:
    """Rows where one run took the place of another: rows with the same name are one row that changed."""
    rows, left = [], list(after)
    for one in before:
        same = next((other for other in left if _name(other) == _name(one)), None)
        if same is not None:
            left.remove(same)
        rows.append(Row(before=one, after=same))
    return rows + [Row(after=other) for other in left]


def _key(row: Any) -> bytes:
    return msgspec.json.encode(row)


def _name(row: Any) -> str:
    """What a row is called: its Vietnamese name, its channel, or itself."""
    for attribute in ("name", "agency", "channel"):
        value = getattr(row, attribute, None)
        if value:
            return str(value.get("vi") if isinstance(value, dict) else value)
    return str(getattr(row, "case", row))
