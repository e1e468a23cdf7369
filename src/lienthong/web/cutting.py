"""A long list in pages: what its address asks for, the part that is shown, and where the next part begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
from litestar.connection import Request

Row = TypeVar("Row")


class Part(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """The rows of one page of a list; `more` is the place of the next one, None at the end."""

    rows: list[Row]
    count: int
    start: int
    more: int | None

    @property
    def shown(self) -> dict[str, Any]:
        """What the pager of a template asks."""
        return {
            "count": self.count,
            "start": self.start,
            "first": self.start == 0,
            "more": self.more,
        }


def cut(found: Sequence[Row], start: int, most: int) -> Part[Row]:
    """The part of a list that begins at `start`; a place before the list is its beginning."""
    begin = max(0, start)
    end = begin + most
    return Part(
        rows=list(found[begin:end]),
        count=len(found),
        start=begin,
        more=end if len(found) > end else None,
    )


def chosen(request: Request[Any, Any, Any], *names: str) -> dict[str, str]:
    """The filters of a list as its address gives them, empty where it gives none."""
    return {name: request.query_params.get(name, "") for name in names}
