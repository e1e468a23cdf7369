"""Whatever has no page: an answer in the reader's language, with the menu."""

from __future__ import annotations

from litestar import get
from litestar.exceptions import NotFoundException


@get(["/{rest:path}"], opt={"public": True}, sync_to_thread=False)
def no_page(rest: str) -> None:
    """Says that there is no such page."""
    raise NotFoundException


ROUTES = [no_page]
